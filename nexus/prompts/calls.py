"""One call to a model, from its place in the queue to what it cost: whoever asks Gemini for anything asks through here."""

import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress

from nexus.accounts.spec import Permission, User, require
from nexus.db import model_calls, saved
from nexus.db.session import transaction
from nexus.errors import DatabaseUnavailable, NexusError
from nexus.prompts import budgets, gemini, keys
from nexus.prompts.request import Piece, Request

Generate = Callable[[Request], Generator[Piece, None, None]]
Queued = Callable[[int], None]
"""Is told the place in the queue while there is one, and 0 when it is over."""

LOOK_EVERY_S = 0.25
TELL_EVERY_S = 5
LONGEST_QUEUE_S = 300

NOTHING_CHARGED = (
    gemini.NoKey,
    gemini.KeyRefused,
    gemini.OutOfQuota,
    gemini.Unreachable,
    gemini.InTrouble,
    gemini.ModelUnknown,
    gemini.RequestRefused,
    gemini.RegionRefused,
)
"""Before the first word these say that nothing was generated."""


class QueueTooLong(gemini.GeminiFailed):
    message = "Too many prompts are waiting for Gemini. Try again in a few minutes."


def governed(
    *, user: User, purpose: str, prompt: str | None = None, generate: Generate = gemini.generate, queued: Queued = lambda _place: None
) -> Generate:
    """`generate`, held to the budgets and the queue. What it makes raises OverBudget, NoPrice and what `generate` raises."""
    require(user, Permission.RUN_PROMPTS)

    def call(request: Request) -> Generator[Piece, None, None]:
        with transaction() as session:
            call_id = budgets.reserve(session, user=user, request=request, purpose=purpose, prompt=prompt)
        yield from answer(user=user, call_id=call_id, request=request, generate=generate, queued=queued)

    return call


def answer(
    *, user: User, call_id: int, request: Request, generate: Generate = gemini.generate, queued: Queued = lambda _place: None
) -> Generator[Piece, None, None]:
    """The answer to a request for which money is set aside; when it is over, or closed, what it took is written once."""
    require(user, Permission.RUN_PROMPTS)
    last, begun, charged = Piece(), False, False
    try:
        yield from _turn(call_id, queued)
        begun = charged = True
        for piece in _told(call_id, generate(request)):
            last = _known(last, piece)
            yield piece
    except NexusError as error:
        charged = begun and not (isinstance(error, NOTHING_CHARGED) and not last.text and last.prompt_tokens is None)
        raise
    finally:
        with transaction() as session:
            budgets.settle(session, user=user, call_id=call_id, model=request.model, last=last, charged=charged)


def _known(last: Piece, piece: Piece) -> Piece:
    """What is known of the call so far; its text says only that there was some."""
    counts = {name: value for name in ("prompt_tokens", "answer_tokens", "cached_tokens") if (value := getattr(piece, name)) is not None}
    return last.model_copy(update={"text": last.text or piece.text[:1], **counts})


def _turn(call_id: int, queued: Queued) -> Generator[Piece, None, None]:
    """Empty pieces until it is this call's turn. Raises QueueTooLong."""
    until = time.monotonic() + LONGEST_QUEUE_S
    while True:
        with transaction() as session:
            values = saved.read(session)
            place = model_calls.take_turn(
                session,
                call_id=call_id,
                key_mark=keys.key_mark(values),
                at_once=values.gemini_at_once,
                per_minute=values.gemini_per_minute,
            )
        queued(place)
        if not place:
            return
        if time.monotonic() > until:
            raise QueueTooLong()
        yield Piece()
        time.sleep(LOOK_EVERY_S)


def _told(call_id: int, pieces: Generator[Piece, None, None]) -> Generator[Piece, None, None]:
    """The pieces; meanwhile the database is told now and then that somebody listens."""
    told = time.monotonic()
    with closing(pieces):
        for piece in pieces:
            if time.monotonic() - told > TELL_EVERY_S:
                told = time.monotonic()
                with suppress(DatabaseUnavailable), transaction() as session:
                    model_calls.tell(session, call_id=call_id)
            yield piece

"""A prepared prompt on its way: recorded, paid for, answered, checked."""

import logging
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from nexus.accounts.spec import Permission, User, require
from nexus.db import saved
from nexus.db.session import Session, transaction
from nexus.errors import NexusError, NotAllowed
from nexus.prompts import budgets, calls, gemini, sent, store
from nexus.prompts.calls import Generate, Queued
from nexus.prompts.findings import Grounding
from nexus.prompts.grounding import ground
from nexus.prompts.request import Piece, Prepared, PromptRun, Request, Status

logger = logging.getLogger(__name__)


@dataclass
class _Heard:
    """What came back so far."""

    status: Status = "stopped"
    error: str | None = "It was stopped before the answer was complete."
    parts: list[str] = field(default_factory=list)
    last: Piece = field(default_factory=Piece)

    @property
    def text(self) -> str:
        return "".join(self.parts)


def run(
    *,
    user: User,
    prepared: Prepared,
    generate: Generate = gemini.generate,
    dashboard: str | None = None,
    fresh: bool = False,
    queued: Queued = lambda _place: None,
) -> Generator[str | PromptRun, None, None]:
    """Send what was prepared. Yields the answer in pieces (empty ones while waiting), and at the end the run's record.

    An equal request that was answered lately gets that answer, unless `fresh`. Else the run is recorded, and what it may cost set
    aside, before anything leaves; it is completed however it ends, and closing the iterator stops it. What Gemini
    fails at is in the record, as one sentence; it is not raised. No transaction is open meanwhile.
    Raises OverBudget and NoPrice, with nothing recorded and nothing sent.
    """
    require(user, Permission.RUN_PROMPTS)
    if prepared.user_id != user.id:
        raise NotAllowed("This was prepared for someone else. Open the prompt again.")
    with transaction() as session:
        kept = None if fresh else _answered(session, user, prepared, dashboard)
        begun = None if kept else _begin(session, user, prepared, dashboard)
    if begun is not None:
        run_id, call_id = begun
        heard = _Heard()
        answers = calls.answer(user=user, call_id=call_id, request=prepared.request, generate=generate, queued=queued)
        yield from _recorded(heard, answers, user=user, prepared=prepared, run_id=run_id, call_id=call_id)
        with transaction() as session:
            kept = store.run(session, reader=user, run_id=run_id)
    assert kept is not None
    if begun is None:
        yield kept.answer
    yield kept


def _answered(session: Session, user: User, prepared: Prepared, dashboard: str | None) -> PromptRun | None:
    """A run with the answer that an equal request has got: who makes the very same request was shown, or would be, the very same data."""
    hours = saved.read(session).answer_hours
    run_id = store.answer_again(session, prepared=prepared, user=user, dashboard=dashboard, hours=hours)
    return None if run_id is None else store.run(session, reader=user, run_id=run_id)


def _begin(session: Session, user: User, prepared: Prepared, dashboard: str | None) -> tuple[int, int]:
    """The run's id, and the call's."""
    keep = saved.read(session).prompt_data_days > 0
    run_id = store.start(session, prepared=prepared, user=user, dashboard=dashboard, keep_request=keep)
    call_id = budgets.reserve(session, user=user, request=prepared.request, purpose="prompt", prompt=prepared.prompt.name, run_id=run_id)
    return run_id, call_id


def _recorded(
    heard: _Heard, answers: Generator[Piece, None, None], *, user: User, prepared: Prepared, run_id: int, call_id: int
) -> Iterator[str]:
    began = time.monotonic()
    try:
        yield from _listen(heard, answers)
    except NexusError as error:
        heard.status, heard.error = "failed", error.message
    except Exception:
        heard.status, heard.error = "failed", "Nexus made a mistake. Try again, and tell an administrator if it stays."
        raise
    finally:
        elapsed_ms = round((time.monotonic() - began) * 1000)
        checked = _checked(prepared.request, heard.text)
        with transaction() as session:
            store.finish(
                session,
                run_id=run_id,
                call_id=call_id,
                status=heard.status,
                answer=heard.text,
                error=heard.error,
                prompt_tokens=heard.last.prompt_tokens,
                answer_tokens=heard.last.answer_tokens,
                elapsed_ms=elapsed_ms,
                grounding=checked,
            )
        # No words of the prompt or the answer: those are in the record, for who may see it.
        logger.info("prompt run %s of %s: %s after %s ms", run_id, prepared.prompt.name, heard.status, elapsed_ms)


def _listen(heard: _Heard, pieces: Generator[Piece, None, None]) -> Iterator[str]:
    with closing(pieces):
        for piece in pieces:
            heard.parts.append(piece.text)
            if piece.ending:
                heard.last, heard.status, heard.error = piece, piece.ending, piece.reason or None
            yield piece.text
    if not heard.last.ending:
        raise gemini.BrokeOff()


def _checked(request: Request, answer: str) -> Grounding | None:
    """What of an answer is in the data that was sent. An answer is kept, and said to be unchecked, whatever the check makes of it."""
    if not answer.strip():
        return None
    try:
        # As it will be kept: what is marked are places in it.
        return ground(answer.replace("\0", ""), sent.read(request.system, request.text))
    except Exception:
        logger.exception("an answer could not be checked")
        return None

"""What people do with a question in words: prepare it (which is the preview), ask, look back, and say whether it was answered well."""

import json
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from pydantic import ValidationError

from nexus.accounts.spec import Permission, User, require, require_oneself
from nexus.asking import choosing, describing, store, trying, wording
from nexus.asking.rules import Rules
from nexus.asking.spec import LONGEST_QUESTION, REPAIRS, Asking, Outcome, Prepared, Rating, Reply, Sent
from nexus.audit import record
from nexus.db import saved
from nexus.db.limits import Price
from nexus.db.session import Session, transaction
from nexus.errors import BadInput, NexusError, NotAllowed
from nexus.prompts import budgets, calls, gemini, keys
from nexus.prompts.markdown import plain
from nexus.prompts.request import Piece, Request
from nexus.sources import catalog
from nexus.sources import service as sources
from nexus.sources.catalog import CatalogTable
from nexus.sources.literals import relations
from nexus.sources.spec import QueryRefused, QueryStopped, Source, Table

logger = logging.getLogger(__name__)

Generate = Callable[[Request], Generator[Piece, None, None]]
Tell = Callable[[str], None]

DEADLINE_S = 240
"""For all that one question takes: what Gemini writes, and what the database does."""
EARLIER, EXAMPLES = 6, 5
"""Most earlier questions of a conversation, and most examples, that go along."""
LEAST_ALIKE = 0.15
MOST_LOOKED_AT = 10
"""Tables that a model may ask to see the columns of, once."""
MISREAD = "Gemini's answer was not what was asked for, and nothing was run. Ask again, perhaps in other words."
STOPPED = "It was stopped before there was an answer. Ask again."


@dataclass
class Answer:
    """What became of a question; rows only where it was answered."""

    asking: Asking
    table: Table | None = None


class _Stop(Exception):
    """No error: the person pressed Stop, or left."""


@dataclass
class _Work:
    """One question under way."""

    user: User
    source: Source
    prepared: Prepared
    generate: Generate
    tell: Tell
    stopped: Callable[[], bool]
    ceiling: int
    until: float
    outcome: Outcome = "stopped"
    sentence: str = STOPPED
    reply: Reply | None = None
    table: Table | None = None
    look: trying.Look | None = None
    notes: tuple[str, ...] = ()
    errors: list[str] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    price: Price | None = None
    usd_micros: int | None = None
    keeps_sent: bool = True

    def end(self, outcome: Outcome, sentence: str) -> None:
        self.outcome, self.sentence = outcome, sentence


def prepare(*, user: User, source: str, question: str, after: int | None = None) -> Prepared:
    """The exact request: what is shown is what `ask` sends first. `after` is the question that this one goes on from.

    Raises BadInput for no question or one that is too long, NotFound, and what reading the catalog raises.
    """
    require(user, Permission.RUN_PROMPTS)
    text = plain(question).strip()
    if not text:
        raise BadInput("Write a question first.")
    if len(text) > LONGEST_QUESTION:
        raise BadInput(f"A question may have {LONGEST_QUESTION:,} characters. Say it in fewer words.")
    with transaction() as session:
        found = sources.find(session, reader=user, name=source)
        values = saved.read(session)
        before = _conversation(session, user, source, after)
        kept = store.examples(session, reader=user, source=source)
    rules = Rules(found, reader=user)
    known = catalog.tables(found, reader=user)
    tables = rules.tables(known)
    if not tables:
        raise BadInput("This source holds no table that Nexus may read. An administrator can grant its role some.")
    examples = _alike(text, [one for one in kept if rules.names_nothing_hidden(one, known)], tables)
    before = [one if rules.names_nothing_hidden(one, known) else one.model_copy(update={"sql": ""}) for one in before]
    wanted = [name for one in (*before[::-1], *examples) for name in one.read]
    ranked = choosing.choose(tables, text=" ".join([text, *(one.question for one in before)]), wanted=wanted)
    described, first = describing.describe(ranked.first, rules.told, rules.values(ranked.first, reader=user))
    rest = (*ranked.first[len(first) :], *ranked.rest)
    names = describing.names(rest)
    parts = (
        wording.tables(described, names, len(rest) - len(names)),
        wording.examples(examples),
        wording.earlier(before),
        wording.question(text),
    )
    request = wording.request(model=values.gemini_model, parts=parts)
    return Prepared(
        user_id=user.id,
        source=source,
        question=text,
        thread=before[0].thread if before else None,
        request=request,
        most_usd_micros=budgets.most_usd_micros(request, values.gemini_prices.get(request.model)),
        tables=tuple(choosing.named(table) for table in first),
        named=names,
        omitted=len(rest) - len(names),
        examples=len(examples),
        earlier=len(before),
    )


def _conversation(session: Session, user: User, source: str, after: int | None) -> list[Asking]:
    if after is None:
        return []
    last = store.find(session, reader=user, asking_id=after)
    if last.source != source or last.user_id != user.id:
        raise BadInput("That question was asked of another source, or by someone else. Begin a new one.")
    told = [
        one
        for one in store.conversation(session, reader=user, thread=last.thread, upto=after)
        if one.outcome in ("answered", "cannot", "question", "costly")
    ]
    return told[-EARLIER:]


def _alike(question: str, kept: Sequence[Asking], tables: Sequence[CatalogTable]) -> list[Asking]:
    """The examples most like the question, of those that read only tables that are there for this reader."""
    there = {choosing.named(table) for table in tables}
    usable = [one for one in kept if one.read and set(one.read) <= there]
    often = Counter(word for one in usable for word in set(choosing.words(one.question)))
    weight = {word: math.log(1 + len(usable) / count) for word, count in often.items()}
    asked = set(choosing.words(question))

    def alike(one: Asking) -> float:
        words = set(choosing.words(one.question))
        both, either = words & asked, words | asked
        return sum(weight[word] for word in sorted(both)) / (sum(weight.get(word, 1.0) for word in sorted(either)) or 1.0)

    ranked = sorted(((alike(one), one.id, one) for one in usable), key=lambda pair: pair[:2], reverse=True)
    return [one for score, _, one in ranked if score >= LEAST_ALIKE][:EXAMPLES]


def ask(
    *,
    user: User,
    prepared: Prepared,
    generate: Generate = gemini.generate,
    tell: Tell = lambda _step: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Answer:
    """Send what was prepared, and run what comes back behind every wall. `tell` hears what is being done; `stopped` is looked at while waiting.

    The question is recorded before anything leaves, and completed however it ends. Whatever Gemini or the database fail
    at is in the record, as one sentence; it is not raised. No transaction is open meanwhile.
    """
    require(user, Permission.RUN_PROMPTS)
    require(user, Permission.BUILD)
    if prepared.user_id != user.id:
        raise NotAllowed("This was prepared for someone else. Ask it yourself.")
    with transaction() as session:
        source = sources.find(session, reader=user, name=prepared.source)
        values = saved.read(session)
        store.clean_up(session, days=values.prompt_run_days, sent_days=values.prompt_data_days)
        asking_id = store.start(session, user=user, prepared=prepared)
    began = time.monotonic()
    paid = calls.governed(user=user, purpose="question", generate=generate, queued=lambda place: _tell_place(tell, place))
    work = _Work(user, source, prepared, paid, tell, stopped, values.asking_cost, began + DEADLINE_S, tables=list(prepared.tables))
    work.price, work.keeps_sent = values.gemini_prices.get(prepared.request.model), values.prompt_data_days > 0
    try:
        _answer(work)
    except (_Stop, QueryStopped):
        work.end("stopped", STOPPED)
    except NexusError as error:
        work.end("failed", error.message)
    except Exception:
        work.end("failed", "Nexus made a mistake. Try again, and tell an administrator if it stays.")
        raise
    finally:
        elapsed_ms = round((time.monotonic() - began) * 1000)
        with transaction() as session:
            store.finish(session, asking_id=asking_id, **_record(work), elapsed_ms=elapsed_ms)
        # No words of the question or the answer: those are in the record, for who may see it.
        logger.info("asking %s of %s: %s after %s ms", asking_id, prepared.source, work.outcome, elapsed_ms)
    with transaction() as session:
        kept = store.find(session, reader=user, asking_id=asking_id)
    return Answer(kept, work.table)


def _tell_place(tell: Tell, place: int) -> None:
    tell(f"In the queue for Gemini, at place {place}" if place else "Waiting for Gemini")


def _answer(work: _Work) -> None:
    request, repairs, looked = work.prepared.request, 0, False
    while True:
        work.tell("Waiting for Gemini" if not work.sent else "Gemini corrects its SQL" if work.errors else "Gemini looks at more tables")
        reply = work.reply = _reply(work, request)
        match reply.outcome:
            case "cannot":
                return work.end("cannot", reply.reason or "The data does not hold what it takes.")
            case "question":
                return work.end("question", reply.reason or "Say more exactly what you mean.")
            case "look":
                described = "" if looked else _looked(work, reply)
                if not described:
                    return work.end("cannot", "Gemini found no table that holds the answer. Name one that does, if you know it.")
                looked = True
                request = wording.request(model=request.model, parts=(work.prepared.request.text, wording.looked(described)))
            case "sql":
                error = _try(work, reply)
                if error is None:
                    return None
                work.errors.append(error.message)
                if repairs == REPAIRS:
                    tries = f"{REPAIRS + 1} times"
                    return work.end("failed", f"The database refused what Gemini wrote {tries}, so there is no answer. {error.message}")
                repairs += 1
                request = wording.request(model=request.model, parts=(request.text, wording.repair(reply.sql, error.told)))


def _reply(work: _Work, request: Request) -> Reply:
    """One answer, whole. Raises GeminiFailed, and BadInput for one that is refused, cut, or not what was asked for."""
    work.sent.append(Sent(system=request.system, text=request.text))
    parts: list[str] = []
    last = Piece()
    try:
        with closing(work.generate(request)) as pieces:
            for piece in pieces:
                parts.append(piece.text)
                if piece.ending:
                    last = piece
                if work.stopped():
                    raise _Stop
                if time.monotonic() > work.until:
                    raise gemini.TooSlow("It took too long to find an answer. Ask for less at once.")
    except (budgets.OverBudget, budgets.NoPrice, gemini.NoKey):
        work.sent.pop()  # nothing left
        raise
    _count(work, last)
    match last.ending:
        case None:
            raise gemini.BrokeOff("The answer from Gemini broke off, and nothing was run. Ask again.")
        case "cut":
            raise BadInput("The answer was cut off at its length limit, and nothing was run. Ask for less at once.")
        case "refused":
            raise BadInput(last.reason)
    try:
        return Reply.model_validate(json.loads("".join(parts)))
    except (ValueError, RecursionError, ValidationError):
        raise BadInput(MISREAD) from None


def _count(work: _Work, last: Piece) -> None:
    """Tokens and money of all calls of this question."""
    work.prompt_tokens = _sum(work.prompt_tokens, last.prompt_tokens)
    work.answer_tokens = _sum(work.answer_tokens, last.answer_tokens)
    if work.price and last.prompt_tokens is not None:
        cost = work.price.usd_micros(
            prompt_tokens=last.prompt_tokens, answer_tokens=last.answer_tokens or 0, cached_tokens=last.cached_tokens or 0
        )
        work.usd_micros = _sum(work.usd_micros, cost)


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else (one or 0) + other


def _looked(work: _Work, reply: Reply) -> str:
    """The tables that the model asked to see, of those whose names it was sent."""
    lookup = {choosing.named(table): table for table in catalog.tables(work.source, reader=work.user)}
    wanted = [lookup[name] for name in dict.fromkeys(reply.tables) if name in work.prepared.named and name in lookup][:MOST_LOOKED_AT]
    if not wanted:
        return ""
    rules = Rules(work.source, reader=work.user)
    text, first = describing.describe(wanted, rules.told, rules.values(wanted, reader=work.user))
    work.tables += [choosing.named(table) for table in first]
    return text


def _try(work: _Work, reply: Reply) -> trying.Broken | None:
    """Run it. What can be repaired comes back; any other end is noted."""
    work.tell("Asking the database")
    if not reply.sql.strip():
        raise BadInput(MISREAD)
    seen = work.sent[-1].text
    try:
        table = trying.attempt(work.source, reply.sql, reader=work.user, ceiling=work.ceiling, seen=seen, cancelled=lambda: _given_up(work))
    except trying.Broken as error:
        return error
    except QueryRefused as error:
        work.end("refused", f"Gemini wrote SQL that Nexus does not run, so there is no answer. {error.message}")
        return None
    except trying.TooCostly as error:
        work.end("costly", error.message)
        return None
    work.notes = trying.notes(work.source, reply.sql, reader=work.user, ceiling=work.ceiling, cancelled=lambda: _given_up(work))
    work.table, work.look = table, trying.look(reply, table)
    work.end("answered", reply.answers or "Gemini did not say what this answers; read the SQL.")
    return None


def _given_up(work: _Work) -> bool:
    return work.stopped() or time.monotonic() > work.until


def _record(work: _Work) -> dict[str, object]:
    reply = work.reply
    written = reply is not None and reply.outcome == "sql" and bool(reply.sql.strip())
    sql = reply.sql.replace("\0", "") if reply and written else ""
    answer = {
        "sentence": work.sentence,
        "leaves_out": reply.leaves_out if reply and work.outcome == "answered" else "",
        "title": reply.title[:200] if reply else "",
        "sql": sql,
        "read": [f"{one.db_schema}.{one.name}" for one in relations(sql)],
        "notes": list(work.notes),
        "chart": work.look.chart.model_dump(mode="json") if work.look and work.look.chart else None,
        "formats": {name: one.model_dump(mode="json") for name, one in work.look.formats.items()} if work.look else {},
        "errors": work.errors,
    }
    return {
        "outcome": work.outcome,
        "answer": json.loads(json.dumps(answer).replace("\\u0000", "")),
        "sent": [one.model_dump() for one in work.sent] if work.keeps_sent else [],
        "tables": work.tables,
        "prompt_tokens": work.prompt_tokens,
        "answer_tokens": work.answer_tokens,
        "cost_usd_micros": work.usd_micros,
    }


def rows(*, reader: User, asking: Asking, cancelled: Callable[[], bool] | None = None) -> Table:
    """The rows of an answer, asked again or from memory: they are kept nowhere. Raises what `sources.run` raises."""
    require(reader, Permission.BUILD)
    with transaction() as session:
        source = sources.find(session, reader=reader, name=asking.source)
    return trying.rows(source, asking.sql, reader=reader, cancelled=cancelled)


def find(session: Session, *, reader: User, asking_id: int) -> Asking:
    """Raises NotFound, also for a question of somebody else."""
    require(reader, Permission.RUN_PROMPTS)
    return store.find(session, reader=reader, asking_id=asking_id)


def sent(session: Session, *, reader: User, asking_id: int) -> list[Sent]:
    """Every request that left for the question, to the letter."""
    require(reader, Permission.RUN_PROMPTS)
    return store.sent(session, reader=reader, asking_id=asking_id)


def conversation(session: Session, *, reader: User, asking: Asking) -> list[Asking]:
    """The questions up to this one, in their order."""
    require(reader, Permission.RUN_PROMPTS)
    return store.conversation(session, reader=reader, thread=asking.thread, upto=asking.id)


def has_key(session: Session, *, reader: User) -> bool:
    """Whether there is a Gemini key, in the environment or saved."""
    require(reader, Permission.RUN_PROMPTS)
    return keys.key_of_environment() is not None or saved.read(session).google_api_key is not None


def history(session: Session, *, reader: User, source: str | None = None, limit: int = 50) -> list[Asking]:
    """One's own questions, the newest first."""
    require(reader, Permission.RUN_PROMPTS)
    return store.history(session, reader=reader, source=source, limit=limit)


def rate(session: Session, *, user: User, asking_id: int, rating: Rating | None, comment: str = "") -> None:
    """Say of one's own question that it was answered well, which makes it an example for one's next, or report a wrong answer."""
    require(user, Permission.RUN_PROMPTS)
    require_oneself(user)
    found = store.find(session, reader=user, asking_id=asking_id)
    if found.user_id != user.id:
        raise NotAllowed("Only who asked can say whether it was answered well.")
    if rating == "good" and found.outcome != "answered":
        raise BadInput("Only an answer can be kept as an example.")
    store.rate(session, asking_id=asking_id, rating=rating, comment=plain(comment).strip()[:1_000])
    if rating:
        record(session, user_id=user.id, what=f"asking.{rating}", subject=f"asking {asking_id}", detail={"source": found.source})


def rated(session: Session, *, reader: User, rating: Rating, limit: int = 100) -> list[Asking]:
    """Reports of wrong answers, or good ones to approve: one's own, for administrators everybody's."""
    require(reader, Permission.RUN_PROMPTS)
    return store.rated(session, reader=reader, rating=rating, limit=limit)


def settle(session: Session, *, user: User, asking_id: int, approve: bool) -> None:
    """Approve a good answer as an example for everybody who asks the source, or take it or a report off the list."""
    require(user, Permission.ADMINISTER)
    found = store.find(session, reader=user, asking_id=asking_id)
    if approve and not (found.outcome == "answered" and found.rating == "good"):
        raise BadInput("Only an answer that its asker found good can be an example.")
    store.settle(session, asking_id=asking_id, approved_by=user.id if approve else None)
    what = "asking.approved" if approve else "asking.settled"
    record(session, user_id=user.id, what=what, subject=f"asking {asking_id}", detail={"source": found.source})

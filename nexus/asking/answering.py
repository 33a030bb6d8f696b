"""One question under way: what a model replies, tried behind every wall, corrected, and what comes of it."""

import json
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field

from pydantic import ValidationError

from nexus.accounts.spec import User
from nexus.asking import choosing, describing, trying, wording
from nexus.asking.rules import Rules
from nexus.asking.spec import REPAIRS, Asking, Outcome, Prepared, Reply, Sent
from nexus.db import versions
from nexus.db.limits import Price
from nexus.errors import BadInput, NexusError
from nexus.prompts import budgets, gemini
from nexus.prompts.request import Piece, Request
from nexus.sources import catalog
from nexus.sources.literals import relations
from nexus.sources.spec import QueryRefused, Source, Table

Generate = Callable[[Request], Generator[Piece, None, None]]
Tell = Callable[[str], None]

MOST_LOOKED_AT = 10
"""Tables that a model may ask to see the columns of, once."""
MISREAD = "Gemini's answer was not what was asked for, and nothing was run. Ask again, perhaps in other words."
STOPPED = "It was stopped before there was an answer. Ask again."


class Stopped(Exception):
    """No error: the person pressed Stop, or left."""


@dataclass
class Work:
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
    kept: Asking | None = None
    """An equal question, and its answer."""

    def end(self, outcome: Outcome, sentence: str) -> None:
        self.outcome, self.sentence = outcome, sentence


def answer(work: Work) -> None:
    """Of an equal question, where there is one that still holds; else a model's."""
    if work.kept is None or not _holds(work, work.kept):
        _ask(work)


def _holds(work: Work, kept: Asking) -> bool:
    """Whether the SQL of an equal question gives rows now, for this reader; then it is the answer."""
    formats = [{"column": name, **versions.plain(one)} for name, one in kept.formats.items()]
    reply = Reply(
        outcome="sql",
        sql=kept.sql,
        title=kept.title,
        answers=kept.sentence,
        leaves_out=kept.leaves_out,
        chart=versions.plain(kept.chart) if kept.chart else None,
        formats=formats,
    )
    work.tell("Asking the database")
    try:
        holds = _rows(work, reply, seen=work.prepared.request.text) is None and work.outcome == "answered"
    except NexusError:
        if _given_up(work):
            raise
        holds = False
    if holds:
        work.reply, work.prompt_tokens, work.answer_tokens, work.usd_micros = reply, 0, 0, 0
    else:
        work.kept = None
        work.end("stopped", STOPPED)
    return holds


def _ask(work: Work) -> None:
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


def _reply(work: Work, request: Request) -> Reply:
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
                    raise Stopped
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


def _count(work: Work, last: Piece) -> None:
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


def _looked(work: Work, reply: Reply) -> str:
    """The tables that the model asked to see, of those whose names it was sent."""
    lookup = {choosing.named(table): table for table in catalog.tables(work.source, reader=work.user)}
    wanted = [lookup[name] for name in dict.fromkeys(reply.tables) if name in work.prepared.named and name in lookup][:MOST_LOOKED_AT]
    if not wanted:
        return ""
    rules = Rules(work.source, reader=work.user)
    text, first = describing.describe(wanted, rules.told, rules.values(wanted, reader=work.user))
    work.tables += [choosing.named(table) for table in first]
    return text


def _try(work: Work, reply: Reply) -> trying.Broken | None:
    """Run it. What can be repaired comes back; any other end is noted."""
    work.tell("Asking the database")
    if not reply.sql.strip():
        raise BadInput(MISREAD)
    return _rows(work, reply, seen=work.sent[-1].text)


def _rows(work: Work, reply: Reply, *, seen: str) -> trying.Broken | None:
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


def _given_up(work: Work) -> bool:
    return work.stopped() or time.monotonic() > work.until


def record_of(work: Work) -> dict[str, object]:
    reply = work.reply
    written = reply is not None and reply.outcome == "sql" and bool(reply.sql.strip())
    sql = reply.sql.replace("\0", "") if reply and written else ""
    answer: dict[str, object] = {
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
    if work.kept is not None:
        answer |= {"kept_from": work.kept.id, "answered_at": work.kept.asked_at.isoformat()}
    return {
        "outcome": work.outcome,
        "answer": json.loads(json.dumps(answer).replace("\\u0000", "")),
        "sent": [one.model_dump() for one in work.sent] if work.keeps_sent else [],
        "tables": work.tables,
        "prompt_tokens": work.prompt_tokens,
        "answer_tokens": work.answer_tokens,
        "cost_usd_micros": work.usd_micros,
    }

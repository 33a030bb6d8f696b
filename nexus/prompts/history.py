"""What was asked before: found, rated, compared with what was answered the last time, taken away, and forgotten by age."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Literal

from pydantic import BaseModel

from nexus.accounts.spec import Permission, User, require, require_oneself
from nexus.db import model_calls, saved
from nexus.db.session import Session, transaction
from nexus.errors import BadInput, NotAllowed
from nexus.prompts import budgets, originals, store
from nexus.prompts.figures import find_figures
from nexus.prompts.markdown import plain
from nexus.prompts.output import Output
from nexus.prompts.request import PromptRun, Request, Status

LONGEST_COMMENT = 2_000
MOST_WORDS = 12
MOST_EXPORTED = 10_000
BATCH = 200
FEW = 20
"""Runs of which each may have thousands of records."""
_MOST_COMPARED = 20_000
"""Words of an answer; longer ones are compared line by line."""

Change = Literal["same", "gone", "new"]


class Comparison(BaseModel, frozen=True):
    """`parts` are the words of the later answer, with those that are gone where they stood."""

    parts: tuple[tuple[Change, str], ...]
    figures_gone: tuple[str, ...]
    figures_new: tuple[str, ...]

    @property
    def same(self) -> bool:
        return all(change == "same" for change, _ in self.parts)

    @property
    def words_changed(self) -> int:
        return sum(len(text.split()) for change, text in self.parts if change != "same")


def search(
    session: Session,
    *,
    reader: User,
    words: str = "",
    prompt: str | None = None,
    rating: int | None = None,
    status: Status | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[PromptRun]:
    """Runs that the reader may see in which each of the words stands, the newest first; `before` goes on after a page."""
    require(reader, Permission.SEE)
    model_calls.lose(session, error=budgets.STOPPED)
    wanted = words.replace("\0", "").split()[:MOST_WORDS]
    return store.search(session, reader=reader, words=wanted, prompt=prompt, rating=rating, status=status, before=before, limit=limit)


def rate(session: Session, *, user: User, run_id: int, rating: Literal[1, -1] | None, comment: str = "") -> None:
    """Say what an answer was worth: whoever asked for it, or an administrator. Raises NotFound, NotAllowed, BadInput."""
    require(user, Permission.RUN_PROMPTS)
    require_oneself(user)
    run = store.run(session, reader=user, run_id=run_id)
    if run.user_id != user.id and not user.may(Permission.ADMINISTER):
        raise NotAllowed("Only who asked can rate an answer. Ask it yourself, and rate that.")
    if len(comment) > LONGEST_COMMENT:
        raise BadInput(f"A comment has at most {LONGEST_COMMENT:,} characters. Shorten it.")
    store.rate(session, user=user, run_id=run_id, rating=rating, comment=plain(comment).strip())


def run_before(session: Session, *, reader: User, run: PromptRun) -> PromptRun | None:
    """The last answer to the same prompt with the same values, as far as the reader may see it."""
    require(reader, Permission.SEE)
    return store.run_before(session, reader=reader, run=run)


def request_of(session: Session, *, reader: User, run_id: int) -> Request | None:
    """What a run sent, while that is kept. Raises NotFound."""
    require(reader, Permission.SEE)
    kept = store.request_of(session, reader=reader, run_id=run_id)
    return Request.model_validate_json(kept) if kept else None


def compare(before: str, after: str) -> Comparison:
    """What changed from one answer to another: words, and the figures among them."""
    old, new = _pieces(before), _pieces(after)
    parts: list[tuple[Change, str]] = []
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            parts.append(("same", "".join(new[c:d])))
        else:
            parts += [("gone", "".join(old[a:b]))] if a < b else []
            parts += [("new", "".join(new[c:d]))] if c < d else []
    figures_before, figures_after = _figures(before), _figures(after)
    return Comparison(
        parts=tuple(parts),
        figures_gone=tuple((figures_before - figures_after).elements()),
        figures_new=tuple((figures_after - figures_before).elements()),
    )


def _pieces(text: str) -> list[str]:
    words = re.findall(r"\S+|\s+", text)
    return words if len(words) <= _MOST_COMPARED // 5 else text.splitlines(keepends=True)


def _figures(text: str) -> Counter[str]:
    return Counter(text[figure.start : figure.end] for figure in find_figures(text))


def outputs(session: Session, *, reader: User, prompt: str) -> list[Output]:
    """What the prompt's answers in fields were to be, each once, the latest first."""
    require(reader, Permission.SEE)
    return store.outputs(session, reader=reader, prompt=prompt)


def answered_in_fields(*, reader: User, prompt: str) -> Iterator[list[PromptRun]]:
    """Whole answers in fields, the newest first, a batch a time; at most `MOST_EXPORTED`."""
    require(reader, Permission.SEE)
    before, left = None, MOST_EXPORTED
    while left > 0:
        with transaction() as session:
            found = store.answered_in_fields(session, reader=reader, prompt=prompt, before=before, limit=min(FEW, left))
        if found:
            yield found
        if len(found) < FEW:
            return
        before, left = found[-1].id, left - len(found)


FIELDS = (
    "id", "prompt", "prompt_version", "started_at", "user_name", "dashboard", "variables", "model", "status", "answer", "error",
    "prompt_tokens", "answer_tokens", "cost_usd", "elapsed_ms", "figures_found", "figures", "kept_from", "rating", "comment",
    "request_digest", "blocks",
)  # fmt: skip


def export(
    kind: Literal["csv", "jsonl"],
    *,
    reader: User,
    words: str = "",
    prompt: str | None = None,
    rating: int | None = None,
    status: Status | None = None,
) -> Iterator[str]:
    """The runs that `search` finds, as lines of a file, with the originals that the reader may see; at most `MOST_EXPORTED`."""
    require(reader, Permission.SEE)
    if kind == "csv":
        yield _line([*FIELDS])
    before, left, lookup = None, MOST_EXPORTED, originals.Lookup(reader)
    while left > 0:
        with transaction() as session:
            found = search(
                session, reader=reader, words=words, prompt=prompt, rating=rating, status=status, before=before, limit=min(BATCH, left)
            )
        for run in found:
            values = _values(run, lookup.of(run))
            yield _line([_cell(values[name]) for name in FIELDS]) if kind == "csv" else json.dumps(values, ensure_ascii=False) + "\n"
        if len(found) < BATCH:
            return
        before, left = found[-1].id, left - len(found)


def _values(run: PromptRun, found: Mapping[str, str]) -> dict[str, Any]:
    kept = run.model_dump(mode="json", exclude={"grounding"})
    checked = run.grounding
    more = {
        "answer": originals.in_text(run.answer, found),
        "variables": {name: originals.in_texts(texts, found) for name, texts in run.variables.items()},
        "cost_usd": None if run.cost_usd_micros is None else run.cost_usd_micros / 1e6,
        "figures_found": checked.found if checked else None,
        "figures": checked.total if checked else None,
    }
    return {name: (kept | more).get(name) for name in FIELDS}


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def _cell(value: Any) -> str:
    """What begins like a formula gets a quote in front, as spreadsheets take it for text."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def clean_up() -> None:
    """Remove runs, and the data that others sent, by the ages that the settings say."""
    with transaction() as session:
        values = saved.read(session)
        model_calls.lose(session, error=budgets.STOPPED)
        store.remove_old(session, days=values.prompt_run_days, data_days=values.prompt_data_days)

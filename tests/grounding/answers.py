"""Answers with what a person marked in them, over small tables of the sample, and how far the check agrees."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from nexus.prompts import data, sent
from nexus.prompts.findings import Finding, Grounding
from nexus.prompts.grounding import ground
from nexus.prompts.spec import DataBlock
from nexus.sources.spec import Column, Query, Table

FOLDER = Path(__file__).parent
_MARKED = re.compile(r"\{([^{}|]+)\|([fduwe])\}")
_MEANT = {"f": "supported", "d": "supported", "u": "not there", "w": "wrong row", "e": "not there"}
_SAID = {"found": "supported", "derived": "supported", "unfound": "not there", "wrong_row": "wrong row"}


@dataclass(frozen=True)
class Mark:
    start: int
    end: int
    text: str
    letter: str


@dataclass(frozen=True)
class Answer:
    name: str
    tables: tuple[str, ...]
    prompt: str
    text: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Judged:
    """One thing that a person marked or the check did, and what each says of it."""

    answer: str
    text: str
    person: str
    check: str
    how: str = ""

    @property
    def agrees(self) -> bool:
        return self.person == self.check


def read(name: str) -> list[Answer]:
    whole = (FOLDER / name).read_text(encoding="utf-8")
    return [_answer(part) for part in re.split(r"(?m)^== ", whole)[1:]]


def _answer(part: str) -> Answer:
    title, _, body = part.partition("\n")
    tables, _, _ = title.partition(" · ")
    prompt, body = re.fullmatch(r"(?:prompt: ([^\n]*)\n)?(.*)", body, re.S).groups()
    text, marks, at = "", [], 0
    for mark in _MARKED.finditer(body):
        text += body[at : mark.start()]
        marks.append(Mark(len(text), len(text) + len(mark[1]), mark[1], mark[2]))
        text += mark[1]
        at = mark.end()
    text += body[at:].rstrip("\n")
    return Answer(title, tuple(tables.split(" ", 1)[1].split(", ")), prompt or "", text, tuple(marks))


def sent_with(answer: Answer) -> sent.Sent:
    """What a request with these tables holds: made as requests are, and read back from there."""
    fences = [data.govern(DataBlock(name=name, view=name), table(name)).text for name in answer.tables]
    return sent.read("\n".join([answer.prompt, *fences]))


def table(name: str) -> Table:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    columns = tuple(Column(name=column, kind="text", type_name="text") for column in head)
    cells: list[tuple[Any, ...]] = [tuple(_cell(cell) for cell in row) for row in rows]
    return Table(
        columns=columns, rows=cells, truncated=False, elapsed_ms=1, read_at=datetime.now(UTC), query=Query(source="sample", sql="select 1")
    )


def _cell(text: str) -> Any:
    for read_as in (int, float, date.fromisoformat):
        try:
            return read_as(text)
        except ValueError:
            continue
    return text


def judge(answer: Answer) -> Iterator[Judged]:
    """Each mark beside the finding there, then what the check doubts or takes for a figure and nobody marked."""
    grounding = ground(answer.text, sent_with(answer))
    left = set(grounding.findings)
    for mark in answer.marks:
        there = [finding for finding in grounding.findings if finding.start < mark.end and mark.start < finding.end]
        left -= {*there}
        yield Judged(answer.name, mark.text, _MEANT[mark.letter], _said(there), there[0].how if there else "")
    for finding in sorted(left, key=lambda finding: finding.start):
        if finding.kind == "figure" or not finding.is_supported:
            yield Judged(
                answer.name, finding.text, "no figure" if finding.kind == "figure" else "supported", _SAID[finding.status], finding.how
            )


def _said(findings: list[Finding]) -> str:
    return _SAID[max(findings, key=lambda finding: not finding.is_supported).status] if findings else "overlooked"


def agreement(judged: list[Judged]) -> float:
    return sum(each.agrees for each in judged) / len(judged)


__all__ = ["Answer", "Grounding", "Judged", "agreement", "judge", "read"]

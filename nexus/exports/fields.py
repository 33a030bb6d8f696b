"""Fields of structured answers as files: of one run, or of all runs of a prompt, in the forms that views have.

Nexus's own database writes them by the same COPY, a batch of runs at a time: formulas are escaped, types kept, and memory does not grow.
Pseudonyms are originals for who may see those, as on the page.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.db import copying
from nexus.db.session import Session, transaction
from nexus.errors import BadInput
from nexus.exports import statement
from nexus.exports.csv import CsvForm
from nexus.exports.jsonl import JsonLinesForm
from nexus.exports.parquet import ParquetForm
from nexus.exports.spec import Kind, Provenance
from nexus.exports.xlsx import XlsxForm
from nexus.prompts import history, originals, records
from nexus.prompts import service as prompts
from nexus.prompts.output import FieldType, Output
from nexus.prompts.request import PromptRun
from nexus.sources.export import Form, Head, Outlet, Progress
from nexus.views.appearance import Format

NOTHING = "There is no whole answer in fields to take. Give the prompt fields in its form, and ask it."

OIDS = {"text": (25, "text"), "number": (701, "float8"), "boolean": (16, "bool"), "date": (1082, "date")}
"""Of a kind of column: its type's number, and its name."""
OF_RUNS = {"run": (20, "int8"), "asked_at": (1184, "timestamptz"), "asked_by": (25, "text"), "prompt_version": (23, "int4"),
    "answered_from": (20, "int8"), "values": (25, "text"), "record": (23, "int4")}  # fmt: skip
"""What stands before the fields where a file has several runs; `record` counts within one, `answered_from` is the run whose answer it got."""


@dataclass(frozen=True)
class Fields:
    """What is taken. `columns` are the names of the fields and their types."""

    name: str
    title: str
    version: int
    columns: dict[str, FieldType]
    run: PromptRun | None = None

    @property
    def heads(self) -> tuple[Head, ...]:
        own = tuple(Head(name, OIDS[records.COLUMNS[kind][0]][0]) for name, kind in self.columns.items())
        return own if self.run else tuple(Head(name, oid) for name, (oid, _) in self._of_runs().items()) + own

    @property
    def template(self) -> str:
        """The SELECT; its rows are bound as JSON."""
        types = [type_ for _, type_ in self._of_runs().values()] if not self.run else []
        types += [OIDS[records.COLUMNS[kind][0]][1] for kind in self.columns.values()]
        named = ", ".join(f"{statement.quoted(head.name)} pg_catalog.{type_}" for head, type_ in zip(self.heads, types, strict=True))
        return f"select * from pg_catalog.jsonb_to_recordset(%(rows)s::pg_catalog.jsonb) as answers({named})"

    def _of_runs(self) -> dict[str, tuple[int, str]]:
        """A field keeps its name where both have one."""
        return {f"run_{name}" if name in self.columns else name: column for name, column in OF_RUNS.items()}

    def rows(self, run: PromptRun, lookup: originals.Lookup) -> list[dict[str, Any]]:
        found = lookup.of(run)
        table = originals.in_table(records.table(run), found)
        names = [column.name for column in table.columns]
        said = "; ".join(f"{name}: {', '.join(originals.in_texts(texts, found))}" for name, texts in run.variables.items())
        told = (run.id, run.started_at.isoformat(), run.user_name, run.prompt_version, run.kept_from, said)
        made = []
        for number, row in enumerate(table.rows, 1):
            before = {} if self.run else dict(zip(self._of_runs(), (*told, number), strict=True))
            made.append(before | {name: _json(value, self.columns[name]) for name, value in zip(names, row, strict=True)})
        return made


def _json(value: Any, kind: FieldType) -> Any:
    """Where a field was of another type in an earlier version, it is text in the whole file."""
    if value is None or records.COLUMNS[kind][0] != "text":
        return value.isoformat() if isinstance(value, date) else value
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, bool | int | float) else str(value)


def of_run(session: Session, *, reader: User, run_id: int) -> Fields:
    """The fields of one run. Raises NotFound, and BadInput for an answer in words."""
    require(reader, Permission.SEE)
    run = prompts.find_run(session, reader=reader, run_id=run_id)
    if run.records is None:
        raise BadInput(NOTHING)
    return Fields(run.prompt, run.prompt_title, run.prompt_version, _columns([run.output] if run.output else []), run)


def of_prompt(session: Session, *, reader: User, name: str) -> Fields:
    """The fields of all runs of a prompt that the reader may see, those of its newest version first. Raises NotFound, BadInput."""
    require(reader, Permission.SEE)
    opened = prompts.find_prompt(session, reader=reader, name=name)
    answered = history.outputs(session, reader=reader, prompt=name)
    if not answered:
        raise BadInput(NOTHING)
    now = [opened.prompt.output] if opened.prompt.output else []
    return Fields(name, opened.prompt.title, opened.version, _columns([*now, *answered]))


def _columns(outputs: Sequence[Output]) -> dict[str, FieldType]:
    columns: dict[str, FieldType] = {}
    for field in (field for output in outputs for field in output.fields):
        same = records.COLUMNS[columns.get(field.name, field.type)] == records.COLUMNS[field.type]
        columns[field.name] = columns.get(field.name, field.type) if same else "text"
    return columns


def write(fields: Fields, kind: Kind, *, reader: User) -> Iterator[bytes]:
    """The file in pieces, and a line in the audit log with the first. No transaction is open while one is taken."""
    require(reader, Permission.SEE)
    chunks: list[bytes] = []
    outlet, form, lookup, count = Outlet(chunks.append, Progress()), _form(fields, kind, reader), originals.Lookup(reader), 0
    try:
        with transaction() as session:
            copy = form.copy(fields.template, fields.heads, version=copying.server_version(session))
            detail = {"format": kind, **({"run": fields.run.id} if fields.run else {})}
            audit.record(session, user_id=reader.id, what="prompt.exported", subject=f"prompt {fields.name}", detail=detail)
        form.begin(outlet)
        for runs in _batches(fields, reader):
            rows = [row for run in runs for row in fields.rows(run, lookup)]
            with transaction() as session:
                written, number = copying.copied(session, statement=copy, given={"rows": json.dumps(rows)})
            count += number
            if written:
                form.write(written)
            outlet.send()
            yield from _taken(chunks)
        form.end(count)
        outlet.send()
        yield from _taken(chunks)
    finally:
        outlet.forget()


def _batches(fields: Fields, reader: User) -> Iterator[list[PromptRun]]:
    if fields.run:
        yield [fields.run]
        return
    yield from history.answered_in_fields(reader=reader, prompt=fields.name)


def _taken(chunks: list[bytes]) -> Iterator[bytes]:
    while chunks:
        yield chunks.pop(0)


def _form(fields: Fields, kind: Kind, reader: User) -> Form:
    part = f"run {fields.run.id}" if fields.run else "all runs that may be seen, the newest first"
    made = Provenance(
        of="prompt", view=fields.name, title=fields.title, version=fields.version, source="Answers of Gemini", timezone="UTC",
        part=part, sql="-- the fields of recorded answers", by=f"{reader.name} ({reader.email})", at=datetime.now(UTC),
    )  # fmt: skip
    match kind:
        case "csv":
            return CsvForm()
        case "jsonl":
            return JsonLinesForm()
        case "xlsx":
            formats: dict[str, Format] = {}
            return XlsxForm(made, formats)
        case "parquet":
            return ParquetForm(made)

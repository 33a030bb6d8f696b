"""Records of a structured answer as HTML that can do nothing, and as a table that panels and files take."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Literal

from markupsafe import Markup, escape

from nexus.errors import BadInput
from nexus.prompts.markdown import plain
from nexus.prompts.output import FieldType, OutputField, Records, Value
from nexus.prompts.request import PromptRun
from nexus.prompts.spec import Prompt
from nexus.sources.spec import Column, Query, Table

MOST_DRAWN = 500
"""Records; all of them are in the file."""

COLUMNS: dict[FieldType, tuple[str, str]] = {
    "text": ("text", "text"),
    "choice": ("text", "text"),
    "number": ("number", "float8"),
    "boolean": ("boolean", "bool"),
    "date": ("date", "date"),
}
"""Kind and type of a field's column."""

STYLE = """
.prose .records { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: .6rem; }
.prose .record { border: 1px solid color-mix(in srgb, currentColor 18%, transparent); border-radius: 6px; padding: .6em .8em; margin: 0; }
.prose .record dt { font-size: .86em; opacity: .8; } .prose .record dd { margin: 0 0 .45em; overflow-wrap: anywhere; }
.prose .broken { border-left: 3px solid #c77700; padding-left: .8em; }
"""


def html(records: Records, *, look: Literal["table", "cards"] = "table") -> Markup:
    """Every value as plain text, and what is wrong with the answer before it."""
    parts = [Markup('<ul class="broken" role="alert">{}</ul>').format(_items(records.problems))] if records.problems else []
    shown = records.rows[:MOST_DRAWN]
    if not shown and not records.problems:
        parts.append(Markup("<p>The answer holds no records.</p>"))
    if shown:
        parts.append(_cards(records, shown) if look == "cards" else _table(records, shown))
    if len(records.rows) > MOST_DRAWN:
        parts.append(Markup("<p><em>First {} of {} records.</em></p>").format(f"{MOST_DRAWN:,}", f"{len(records.rows):,}"))
    return Markup('<div class="prose" dir="auto">{}</div>').format(Markup("").join(parts))


def _items(problems: tuple[str, ...]) -> Markup:
    return Markup("").join(Markup("<li>{}</li>").format(plain(problem).replace("`", "")) for problem in problems)


def _table(records: Records, rows: tuple[tuple[Value, ...], ...]) -> Markup:
    heads = Markup("").join(Markup('<th scope="col"{}>{}</th>').format(_side(field), label(field)) for field in records.fields)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                Markup("<td{}>{}</td>").format(_side(field), text(value)) for field, value in zip(records.fields, row, strict=True)
            )
        )
        for row in rows
    )
    return Markup('<div class="table" tabindex="0"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>').format(heads, body)


def _cards(records: Records, rows: tuple[tuple[Value, ...], ...]) -> Markup:
    cards = (
        Markup('<dl class="record">{}</dl>').format(
            Markup("").join(
                Markup("<dt>{}</dt><dd>{}</dd>").format(label(field), text(value) or "–")
                for field, value in zip(records.fields, row, strict=True)
            )
        )
        for row in rows
    )
    return Markup('<div class="records">{}</div>').format(Markup("").join(cards))


def _side(field: OutputField) -> Markup:
    return Markup(' class="right"') if field.type == "number" else Markup("")


def label(field: OutputField) -> str:
    return field.name.replace("_", " ").capitalize()


def text(value: Value) -> Markup:
    """A value as people read it, without what is not seen."""
    match value:
        case None:
            return Markup("")
        case bool():
            return Markup("yes") if value else Markup("no")
        case int() | float():
            return escape(f"{value:,.10g}")
        case _:
            return escape(plain(value))


def table(run: PromptRun) -> Table:
    """The records as rows, for a panel that shows them. Raises BadInput for an answer without any fields."""
    if run.records is None:
        raise BadInput("This prompt has no whole answer in fields. Give it fields in its form, and run it again.")
    fields = run.records.fields
    return Table(
        columns=_columns(fields),
        rows=[tuple(_typed(field, value) for field, value in zip(fields, row, strict=True)) for row in run.records.rows],
        truncated=False,
        elapsed_ms=run.elapsed_ms or 0,
        read_at=run.started_at,
        query=Query(source=f"prompt {run.prompt}", sql=f"-- the answer of run {run.id}"),
    )


def outline(prompt: Prompt, answers: Iterable[PromptRun]) -> Table | None:
    """What a panel of the prompt would show: the latest of `answers` in the fields of today, else the columns without a row.

    None for a prompt that answers in words.
    """
    if prompt.output is None:
        return None
    fields = prompt.output.fields
    answered = next((run for run in answers if run.records and run.records.fields == fields), None)
    if answered:
        return table(answered)
    query = Query(source=f"prompt {prompt.name}", sql="-- not asked yet")
    return Table(columns=_columns(fields), rows=[], truncated=False, elapsed_ms=0, read_at=datetime.now(UTC), query=query)


def _columns(fields: Iterable[OutputField]) -> tuple[Column, ...]:
    return tuple(Column(name=field.name, kind=COLUMNS[field.type][0], type_name=COLUMNS[field.type][1]) for field in fields)


def _typed(field: OutputField, value: Value) -> Any:
    if isinstance(value, str):
        return date.fromisoformat(value) if field.type == "date" else plain(value)
    return value

"""SQL that a model wrote, on its way to the rows: guard, plan with a ceiling, and the door that every view goes through."""

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ValidationError

from nexus.accounts.spec import Permission, User, require
from nexus.asking.spec import Reply
from nexus.errors import NexusError
from nexus.sources import catalog, guard, owned
from nexus.sources.catalog import quoted
from nexus.sources.explain import explain
from nexus.sources.functions import SERVER_NAMES, SERVER_PREFIXES
from nexus.sources.literals import Literal, literals
from nexus.sources.run import run
from nexus.sources.spec import NotSql, Query, QueryFailed, QueryRefused, Source, Table
from nexus.views import charts
from nexus.views.appearance import Chart, Format
from nexus.views.runs import observed

ROWS = 1_000
"""Most that the page holds of a result; a saved view pages through all of them."""
MOST_LITERALS = 8
MOST_ALIKE = 3
DENIED = "42501"
Stopped = Callable[[], bool]


class TooCostly(NexusError):
    """The plan says that it would read too much. It was not run."""

    status = 422


class Broken(NexusError):
    """The database cannot make sense of the SQL; `told` is what a model may be told of it, which holds nothing of any row."""

    def __init__(self, message: str, *, told: str) -> None:
        super().__init__(message)
        self.told = told


def attempt(source: Source, sql: str, *, reader: User, ceiling: int, seen: str, cancelled: Stopped | None = None) -> Table:
    """The rows. `seen` is all that the model was sent, of which an error may quote to it again.

    Raises Broken (to be repaired), QueryRefused (not to be run at all), TooCostly, and what `sources.run` raises.
    """
    require(reader, Permission.BUILD)
    query = Query(source=source.name, sql=sql)
    try:
        guard.check(sql)
        owned.check(source, sql, reader=reader)
        plan = explain(source, query=query, reader=reader, max_rows=ROWS, cancelled=cancelled)
        if plan.cost > ceiling:
            raise TooCostly(
                f"It was not run: the database reckons with a cost of {plan.cost:,.0f}, and {ceiling:,} are allowed. "
                "Ask for less, or an administrator for a higher ceiling."
            )
        return rows(source, sql, reader=reader, fresh=True, cancelled=cancelled)
    except QueryRefused as error:
        if not (isinstance(error, NotSql) or _harmless(error.function)):
            raise
        raise Broken(error.message, told=error.message) from None
    except QueryFailed as error:
        if error.code == DENIED:
            raise QueryRefused(f"It asks for what this source's role may not read. {error.message}") from None
        raise Broken(error.message, told=without_values(error, sql + seen)) from None


def _harmless(function: str) -> bool:
    """A function that is not there or not allowed, and none that reaches into the server: a model may do without it."""
    return bool(function) and function not in SERVER_NAMES and not function.startswith(SERVER_PREFIXES)


def rows(source: Source, sql: str, *, reader: User, fresh: bool = False, cancelled: Stopped | None = None) -> Table:
    """The rows of SQL that passed before, through the same door; noted in the reader's history."""
    require(reader, Permission.BUILD)
    query = Query(source=source.name, sql=sql)
    return observed(
        reader,
        source=source.name,
        sql=sql,
        purpose="sql",
        ask=lambda: run(source, query=query, reader=reader, max_rows=ROWS, fresh=fresh, cancelled=cancelled),
    )


def without_values(error: QueryFailed, known: str) -> str:
    """What the database said, with `…` for everything quoted that is not in `known`: it may come from a row, or from a column that stays here."""
    if not error.code.startswith(("42", "22", "21", "2F")):
        return f"The database stopped it, with the code {error.code or 'unknown'}."
    said = re.sub(r'"([^"]*)"', lambda found: found[0] if _said(found[1], known) else '"…"', error.message)
    return re.sub(r"'([^']*)'", lambda found: found[0] if _said(found[1], known) else "'…'", said)


def _said(text: str, known: str) -> bool:
    """Each part of a name like `flights.carrier` stands in what is known."""
    return all(part in known for part in text.split(".") if part)


def notes(source: Source, sql: str, *, reader: User, ceiling: int, cancelled: Stopped | None = None) -> tuple[str, ...]:
    """A sentence for each text that the SQL looks for and that its column never holds; only where looking is cheap."""
    require(reader, Permission.BUILD)
    lookup = catalog.lookup(source, reader=reader)

    def asked(sql: str, value: str) -> Table | None:
        """The rows; none where looking would cost too much."""
        query = Query(source=source.name, sql=sql, parameters={"value": value})
        if explain(source, query=query, reader=reader, max_rows=MOST_ALIKE, cancelled=cancelled).cost > ceiling:
            return None
        return run(source, query=query, reader=reader, max_rows=MOST_ALIKE, cancelled=cancelled)

    found = [_note(one, lookup, asked) for one in literals(sql, lookup)[:MOST_LITERALS]]
    return tuple(note for note in found if note)


def _note(one: Literal, lookup: catalog.TableLookup, asked: Callable[[str, str], Table | None]) -> str:
    table = lookup(one.db_schema, one.table)
    column = table.column(one.column) if table else None
    if column is None or column.kind != "text":
        return ""
    name, place = quoted(one.column), f"{quoted(one.db_schema)}.{quoted(one.table)}"
    try:
        exact = asked(f"select 1 from {place} where {name} = :value limit 1", one.value)
        if exact is None or exact.rows:
            return ""
        like = f"select distinct {name}::text from {place} where lower({name}::text) = lower(:value) limit {MOST_ALIKE}"
        alike = asked(like, one.value)
    except NexusError:
        return ""  # it is a hint; the answer stands without
    meant = ", ".join(f"“{row[0]}”" for row in alike.rows) if alike else ""
    return f"“{one.value}” stands nowhere in `{one.column}` of `{one.table}`" + (f"; {meant} does." if meant else ".")


class Look(BaseModel, frozen=True):
    """How a result is shown."""

    chart: Chart | None
    formats: dict[str, Format]


def look(reply: Reply, table: Table) -> Look:
    """What the model proposed, as far as it fits the result; else the chart that its columns suggest."""
    there = {column.name: column for column in table.columns}
    formats = {}
    for given in reply.formats if isinstance(reply.formats, list) else ():
        if isinstance(given, Mapping) and (column := there.get(str(given.get("column")))) is not None:
            made = _format(given, column.kind)
            if made is not None:
                formats[column.name] = made
    for column in table.columns:
        if column.kind == "number" and column.name not in formats and (decimals := _decimals(table.values(column.name))) is not None:
            formats[column.name] = Format(style="number", decimals=decimals)
    chart = _chart(reply.chart)
    if chart is None or not set(chart.columns) <= there.keys() or not _draws(chart, table, formats):
        chart = charts.propose(table) if table.rows else None
    return Look(chart=chart, formats=formats)


def _chart(given: Any) -> Chart | None:
    try:
        return Chart.model_validate({name: value for name, value in given.items() if value}) if isinstance(given, Mapping) else None
    except ValidationError:
        return None


FITS = {"date": ("date", "datetime"), "time": ("date", "datetime"), "number": ("number", "percent", "currency", "duration")}


def _format(given: Mapping[str, Any], kind: str) -> Format | None:
    if given.get("style") not in FITS.get(kind, ()):
        return None
    try:
        return Format(style=given["style"], decimals=given.get("decimals"), unit=str(given.get("unit") or "")[:20])
    except ValidationError:
        return None


def _decimals(values: list[Any]) -> int | None:
    """For figures with a fraction as long as an average's: two, of small ones four. None for the rest, which is shown as it is."""
    figures = [float(value) for value in values if isinstance(value, float | Decimal) and math.isfinite(value)]
    if not any(round(figure, 4) != figure for figure in figures):
        return None
    return 2 if max(map(abs, figures)) >= 1 else 4


def _draws(chart: Chart, table: Table, formats: Mapping[str, Format]) -> bool:
    try:
        return not isinstance(charts.draw(chart, table, formats), charts.Sentence)
    except NexusError:
        return False

"""The rows behind a figure: a grouped view without its groups, with the columns that its groups and figures are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.errors import BadInput, NotAllowed
from nexus.sources import catalog, ruling
from nexus.sources.rules import Rule
from nexus.views.page import MOST_FILTERS
from nexus.views.question import Condition, Filter, FilterGroup, Grain, SelectedColumn, SqlQuestion, TableQuestion, every_filter
from nexus.views.service import OpenView
from nexus.views.spec import View

KEY = "g.behind"
"""Of an address of a view: `rows` for the rows behind its figures, or the name of the one figure that is looked behind."""
EVERY = "rows"
MOST_COLUMNS = 200
"""Of the rows, for those who build and so see all that their tables have."""


class NoRowsBehind(BadInput):
    """The view does not say what its rows are made of; `message` says why."""


UNKNOWN = "This view is written in SQL, so that it is not known which rows its figures are made of. These are the view's own rows."
CLOSED = "This view shows its figures alone to you, and not the rows that they are made of. Ask {} for them."


@dataclass(frozen=True)
class Behind:
    """`opened` is a view of the rows, under the same name; `groups` are columns of the grouped view, and of this one."""

    opened: OpenView
    groups: tuple[SelectedColumn, ...]
    cut: bool = False
    """The view leaves out some groups by their figures, or by their number."""


def behind(opened: OpenView, *, reader: User, figure: str | None = None) -> Behind:
    """The rows that `figure`, or all figures, of a grouped view are made of, with the reader's own rights.

    Who may not build sees the columns that the view names, without those that a rule of the source holds back. Raises NoRowsBehind for
    a view that is no grouped one, or written in SQL; NotAllowed where the view keeps its rows to itself.
    """
    require(reader, Permission.SEE)
    view = opened.view
    question = view.question
    if not isinstance(question, TableQuestion):
        raise NoRowsBehind(UNKNOWN)
    if not figures(view):
        raise NoRowsBehind("The rows of this view are made of no others.")
    builds = reader.may(Permission.BUILD)
    if not (view.rows_behind or builds):
        raise NotAllowed(CLOSED.format(opened.owner or "an administrator"))
    shown = [one for one in question.columns if not one.off]
    groups = tuple(one for one in shown if one.aggregate is None)
    columns = _columns(question, shown, _more(opened, question, reader) if builds else ())
    if not builds:
        columns = _unruled(opened, columns, question, reader)
    kept, cut = _result_filters(question, groups)
    asked = question.model_copy(
        update={
            "columns": columns,
            "filters": (*question.filters, *_of_figure(shown, figure)),
            "result_filters": kept,
            "top": None,
            "order": (),
            "limit": None,
        }
    )
    rows = view.model_copy(update={"question": asked, "chart": None, "title": f"{view.title}: rows behind"})
    return Behind(opened.model_copy(update={"view": rows, "may_edit": False}), groups, cut)


def asked_for(opened: OpenView, *, reader: User, said: str | None) -> OpenView:
    """The view, or the rows behind it where an address says `KEY`. Raises as `behind`, and BadInput for a figure that it has not."""
    require(reader, Permission.SEE)
    if not said:
        return opened
    if said != EVERY and said not in figures(opened.view):
        raise BadInput("The address names a figure that this view does not have. Open the rows again from the dashboard.")
    return behind(opened, reader=reader, figure=None if said == EVERY else said).opened


def figures(view: View) -> tuple[str, ...]:
    """Names of the columns that are made of several rows each."""
    asked = view.question.columns if isinstance(view.question, TableQuestion) else ()
    return tuple(one.result_name for one in asked if one.aggregate and not one.off)


def is_sql(view: View) -> bool:
    return isinstance(view.question, SqlQuestion)


def _columns(question: TableQuestion, shown: Sequence[SelectedColumn], more: Iterable[SelectedColumn]) -> tuple[SelectedColumn, ...]:
    """The groups as they are, then what they and the figures are made of, then `more`: each column once, and each name."""
    found = [one for one in shown if one.aggregate is None]
    plain = {_origin(question, one) for one in found if not (one.grain or one.bin)}
    names = {one.result_name for one in found}
    # What the reader can filter by is known to them anyway.
    asked = [each for each in every_filter(question.filters) if each.parameter]
    compared = [SelectedColumn(column=each.column, of=each.of) for each in (*(w for one in shown for w in every_filter(one.where)), *asked)]
    for one in (*shown, *compared, *more):
        if one.column is None or _origin(question, one) in plain:
            continue
        plain.add(_origin(question, one))
        name = _free(one.column, one.of, names)
        names.add(name)
        found.append(SelectedColumn(column=one.column, of=one.of, name=None if name == one.column else name))
    return tuple(found)


def _origin(question: TableQuestion, one: SelectedColumn) -> tuple[str, str | None]:
    return one.of or question.table, one.column


def _free(column: str, of: str | None, taken: set[str]) -> str:
    tried = [column, f"{of or 'row'}_{column}"[:60], *(f"{column[:55]} ({number})" for number in range(2, 1_700))]
    return next(name for name in tried if name not in taken)


def _more(opened: OpenView, question: TableQuestion, reader: User) -> list[SelectedColumn]:
    """All columns of the view's own table, for those who may ask for them anyway."""
    table = catalog.find_table(opened.source, reader=reader, schema=question.db_schema, name=question.table)
    return [SelectedColumn(column=column.name) for column in (table.columns if table else ())[:MOST_COLUMNS]]


def _unruled(opened: OpenView, columns: tuple[SelectedColumn, ...], question: TableQuestion, reader: User) -> tuple[SelectedColumn, ...]:
    """Without those that a rule holds back. A computed one may be made of any column, and takes the strictest rule of all."""
    rule = ruling.rule_of_columns(opened.source, reader=reader)
    tables = {question.table: (question.db_schema, question.table)} | {one.alias: (one.db_schema, one.table) for one in question.joins}
    made = {one.name for one in question.computed}

    def sent(one: SelectedColumn) -> bool:
        if one.aggregate is None and one in question.columns:
            return True
        if one.of is None and one.column in made:
            return all(found.rule == "send" for found in opened.source.rules)
        schema, table = tables[one.of or question.table]
        found: Rule = rule(schema, table, str(one.column))
        return found == "send"

    return tuple(one for one in columns if sent(one)) or columns[:1]


def _of_figure(shown: Sequence[SelectedColumn], figure: str | None) -> tuple[Condition, ...]:
    """What rows must fulfil to count in a figure; of a share all rows do."""
    one = next((one for one in shown if one.aggregate and one.result_name == figure), None)
    return one.where if one is not None and one.aggregate not in ("share", "share where") else ()


def _result_filters(question: TableQuestion, groups: Sequence[SelectedColumn]) -> tuple[tuple[Condition, ...], bool]:
    """Those of the view's conditions on its result that rows can fulfil as well, and whether it leaves out groups otherwise."""
    kept, others = translated(question.result_filters, groups)
    return kept, others or question.limit is not None or (question.top is not None and not question.top.off)


def translated(where: Sequence[Condition], groups: Sequence[SelectedColumn]) -> tuple[tuple[Condition, ...], bool]:
    """Conditions over the result that hold for rows as they are, and whether there are others, over figures."""
    names = {one.result_name for one in groups}
    kept = tuple(one for one in where if {each.column for each in every_filter((one,))} <= names)
    return kept, any(not one.off for one in where if one not in kept)


def ranged(where: Sequence[Condition], rows: Behind) -> tuple[Condition, ...]:
    """The same conditions, where a group of days, months or steps is compared with one value as a range of its own column: an index serves it."""
    by_name = {one.result_name: one for one in rows.groups if one.grain or one.bin}
    asked = rows.opened.view.question
    assert isinstance(asked, TableQuestion)
    plain = {_origin(asked, one): one.result_name for one in asked.columns if not (one.grain or one.bin)}

    def one(condition: Condition) -> Condition:
        if isinstance(condition, FilterGroup):
            return condition.model_copy(update={"filters": tuple(map(one, condition.filters))})
        group = by_name.get(condition.column)
        column = plain.get(_origin(asked, group)) if group else None
        ends = _ends(group, condition.value) if group and column and condition.operator == "=" and not condition.off else None
        if ends is None or column is None:
            return condition
        first, last = ends
        return FilterGroup(
            match="all", filters=(Filter(column=column, operator=">=", value=first), Filter(column=column, operator="<", value=last))
        )

    made = map(one, where)
    # On top all must hold anyway.
    return tuple(
        each for found in made for each in (found.filters if isinstance(found, FilterGroup) and found.match == "all" else (found,))
    )


def fitting(where: Sequence[Condition]) -> tuple[Condition, ...]:
    """As many conditions as a page takes."""
    return tuple(where) if len(where) <= MOST_FILTERS else (FilterGroup(match="all", filters=tuple(where)),)


STEPS: dict[Grain, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
MONTHS: dict[Grain, int] = {"month": 1, "quarter": 3, "year": 12}


def _ends(group: SelectedColumn, value: Any) -> tuple[Any, Any] | None:
    """Where a group begins, and what is past it; none for a value that no group of this grain has."""
    if group.bin is not None:
        return _step(value, group.bin)
    if not isinstance(value, str) or group.grain is None:
        return None
    try:
        first = datetime.fromisoformat(value)
        last = first + STEPS[group.grain] if group.grain in STEPS else _months_on(first.date(), MONTHS[group.grain])
    except (ValueError, KeyError, OverflowError):
        return None
    if group.grain in ("minute", "hour"):
        return first.isoformat(), last.isoformat()
    begins, ends = first.date(), last.date() if isinstance(last, datetime) else last
    return (begins.isoformat(), ends.isoformat()) if first.time() == time() and _begins(begins, group.grain) else None


def _begins(day: date, grain: Grain) -> bool:
    """Whether a week, month or the like begins on the day."""
    if grain in MONTHS:
        return day.day == 1 and (day.month - 1) % MONTHS[grain] == 0
    return grain != "week" or day.weekday() == 0


def _step(value: Any, width: float) -> tuple[str, str] | None:
    """As decimals, so that steps of 0.1 end where the next begins."""
    try:
        first = Decimal(str(value))
    except InvalidOperation:
        return None
    step = Decimal(repr(width))
    return (str(first), str(first + step)) if first.is_finite() and abs(first.adjusted()) < 30 and first % step == 0 else None


def _months_on(day: date, count: int) -> date:
    months = day.year * 12 + day.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)

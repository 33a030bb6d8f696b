"""Two issues of a report beside each other: what each panel said then and says now. A pure function of two snapshots."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Literal

from pydantic import BaseModel

from nexus.reports.snapshot import Column, Panel, Snapshot

Found = Literal["same", "changed", "added", "gone"]
KeyOf = Literal["table", "groups", "guess"]
MOST_SHOWN = 200
"""Rows of one kind that a comparison lists; it counts them all."""
MOST_LINES = 4_000
"""Of a text that is compared line by line."""


class Change(BaseModel, frozen=True):
    """A figure then and now. `difference` and `percent` stand only between two numbers; no percent of nothing."""

    before: str
    after: str
    difference: Decimal | None = None
    percent: float | None = None

    @property
    def words(self) -> str:
        """`+1,204 (+2.1 %)`; empty where there is no difference to say."""
        if self.difference is None:
            return ""
        share = f" ({_signed(Decimal(repr(round(self.percent, 1))))} %)" if self.percent is not None else ""
        return _signed(self.difference) + share


class RowChange(BaseModel, frozen=True):
    """A row of a table that is in both, told apart by `key`; `cells` are those that differ, by the head of their column."""

    key: tuple[str, ...]
    cells: dict[str, Change]


class Rows(BaseModel, frozen=True):
    """What became of the rows of a table. The lists hold the first of each kind, the counts all."""

    heads: tuple[str, ...]
    heads_before: tuple[str, ...]
    """Of the removed rows."""
    key_heads: tuple[str, ...]
    """The columns by which rows were told apart; none where whole rows were compared."""
    key_of: KeyOf = "guess"
    """Where they come from: a key of the source's tables, what the view groups by, or the figures themselves."""
    added: tuple[tuple[str, ...], ...] = ()
    removed: tuple[tuple[str, ...], ...] = ()
    changed: tuple[RowChange, ...] = ()
    added_count: int = 0
    removed_count: int = 0
    changed_count: int = 0
    same_count: int = 0
    columns_added: tuple[str, ...] = ()
    columns_gone: tuple[str, ...] = ()
    compared: str = ""
    """Says so where not all rows were kept."""


class PanelChange(BaseModel, frozen=True):
    title: str
    kind: str
    found: Found
    title_before: str = ""
    """When it was called otherwise."""
    figure: Change | None = None
    rows: Rows | None = None
    lines: tuple[str, ...] = ()
    """Of a text: `+ new`, `- old` and `  kept` lines."""


def compare(before: Snapshot, after: Snapshot) -> list[PanelChange]:
    """The panels of the later issue in their order, then those that are gone. Panels are the same by name."""
    old = {panel.name: panel for panel in before.panels}
    new = {panel.name for panel in after.panels}
    found = [_panel(old[panel.name], panel) if panel.name in old else _alone(panel, "added") for panel in after.panels]
    return [*found, *(_alone(panel, "gone") for panel in before.panels if panel.name not in new)]


def _alone(panel: Panel, found: Found) -> PanelChange:
    said = Change(before="" if found == "added" else panel.text, after=panel.text if found == "added" else "")
    return PanelChange(title=panel.title, kind=panel.kind, found=found, figure=said if panel.kind == "figure" else None)


def _panel(old: Panel, new: Panel) -> PanelChange:
    called = old.title if old.title != new.title else ""
    if old.columns and new.columns:
        rows = _rows(old, new)
        touched = rows.added_count or rows.removed_count or rows.changed_count or rows.columns_added or rows.columns_gone
        return PanelChange(
            title=new.title, kind=new.kind, found="changed" if touched else "same", title_before=called, rows=rows if touched else None
        )
    if old.kind == new.kind == "figure":
        same = _equal(old.value, new.value) and (old.value is not None or old.text == new.text)
        return PanelChange(
            title=new.title,
            kind=new.kind,
            found="same" if same else "changed",
            title_before=called,
            figure=_change(old.value, new.value, old.text, new.text),
        )
    if old.kind == new.kind and old.text == new.text and not old.columns and not new.columns:
        return PanelChange(title=new.title, kind=new.kind, found="same", title_before=called)
    return PanelChange(title=new.title, kind=new.kind, found="changed", title_before=called, lines=tuple(_lines(_said(old), _said(new))))


def _said(panel: Panel) -> str:
    if panel.columns:
        return f"A {panel.kind} of {panel.row_count:,} rows"
    return panel.text


def _lines(old: str, new: str) -> Iterator[str]:
    """Only what differs, with a line around it."""
    for line in difflib.unified_diff(old.splitlines()[:MOST_LINES], new.splitlines()[:MOST_LINES], n=1, lineterm=""):
        if not line.startswith(("---", "+++", "@@")):
            yield f"{line[:1]} {line[1:]}"


def _rows(old: Panel, new: Panel) -> Rows:
    before, after = {column.name: column for column in old.columns}, {column.name: column for column in new.columns}
    both = [name for name in after if name in before]
    frame = {
        "heads": tuple(column.head for column in new.columns),
        "heads_before": tuple(column.head for column in old.columns),
        "columns_added": tuple(column.head for column in new.columns if column.name not in before),
        "columns_gone": tuple(column.head for column in old.columns if column.name not in after),
        "compared": _compared(old, new),
    }
    for key_of, keys in _keys(old, new, both):
        places = _places(old, before, keys), _places(new, after, keys)
        if places[0] is not None and places[1] is not None:
            return _by_key(
                old,
                new,
                places[0],
                places[1],
                keys=keys,
                rest=[name for name in both if name not in keys],
                frame=frame | {"key_of": key_of},
            )
    return _by_whole_row(old, new, both, frame=frame)


def _compared(old: Panel, new: Panel) -> str:
    cut = [
        f"the first {panel.kept_rows:,} of {panel.row_count:,} rows {when}"
        for panel, when in ((old, "then"), (new, "now"))
        if not panel.whole
    ]
    return f"Compared are {' and '.join(cut)}: more is not kept." if cut else ""


def _keys(old: Panel, new: Panel, both: Sequence[str]) -> Iterator[tuple[KeyOf, tuple[str, ...]]]:
    """What may tell rows apart, the surest first: a key of the tables, groups, then what is no figure, then what stands in front, as an hour."""
    if new.table_keys:
        yield "table", new.table_keys
    if new.keys and new.keys == old.keys:
        yield "groups", new.keys
    numeric = {column.name for panel in (old, new) for column in panel.columns if column.numeric}
    words = tuple(name for name in both if name not in numeric)
    for count in range(1, len(words) + 1):
        yield "guess", words[:count]
    for count in range(1, min(len(both), 3)):
        yield "guess", tuple(both[:count])


def _places(panel: Panel, columns: Mapping[str, Column], keys: Sequence[str]) -> dict[tuple[str | None, ...], int] | None:
    """Row by key; none where a key is not alone."""
    if not keys or not set(keys) <= set(columns):
        return None
    found: dict[tuple[str | None, ...], int] = {}
    for row, key in enumerate(zip(*(columns[name].values for name in keys), strict=True)):
        if found.setdefault(key, row) != row:
            return None
    return found


def _by_key(
    old: Panel,
    new: Panel,
    before: Mapping[tuple[str | None, ...], int],
    after: Mapping[tuple[str | None, ...], int],
    *,
    keys: Sequence[str],
    rest: Sequence[str],
    frame: Mapping[str, object],
) -> Rows:
    was, now = {column.name: column for column in old.columns}, {column.name: column for column in new.columns}
    added = [row for key, row in after.items() if key not in before]
    removed = [row for key, row in before.items() if key not in after]
    changed, same = [], 0
    for key, row in after.items():
        if (earlier := before.get(key)) is None:
            continue
        differing = [
            name
            for name in rest
            if not _equal(was[name].values[earlier], now[name].values[row], numeric=was[name].numeric and now[name].numeric)
        ]
        if differing:
            changed.append((row, earlier, differing))
        else:
            same += 1
    return Rows(
        **frame,
        key_heads=tuple(now[name].head for name in keys),
        added=tuple(_texts(new, row) for row in added[:MOST_SHOWN]),
        removed=tuple(_texts(old, row) for row in removed[:MOST_SHOWN]),
        changed=tuple(_row(was, now, keys, one) for one in changed[:MOST_SHOWN]),
        added_count=len(added),
        removed_count=len(removed),
        changed_count=len(changed),
        same_count=same,
    )


def _row(was: Mapping[str, Column], now: Mapping[str, Column], keys: Sequence[str], found: tuple[int, int, list[str]]) -> RowChange:
    """Of `found`: its row now, its row then, and the columns that differ."""
    row, earlier, names = found
    cells = {
        now[name].head: _change(
            was[name].values[earlier], now[name].values[row], was[name].text(earlier), now[name].text(row), now[name].numeric
        )
        for name in names
    }
    return RowChange(key=tuple(now[name].text(row) for name in keys), cells=cells)


def _by_whole_row(old: Panel, new: Panel, both: Sequence[str], *, frame: Mapping[str, object]) -> Rows:
    """Rows have nothing that tells them apart: as many of a kind as there are more now are added."""
    before, after = _kinds(old, both), _kinds(new, both)
    added = _more(after, Counter({kind: len(rows) for kind, rows in before.items()}))
    removed = _more(before, Counter({kind: len(rows) for kind, rows in after.items()}))
    return Rows(
        **frame,
        key_heads=(),
        added=tuple(_texts(new, row) for row in added[:MOST_SHOWN]),
        removed=tuple(_texts(old, row) for row in removed[:MOST_SHOWN]),
        added_count=len(added),
        removed_count=len(removed),
        same_count=new.kept_rows - len(added),
    )


def _kinds(panel: Panel, names: Sequence[str]) -> dict[tuple[str | None, ...], list[int]]:
    columns = {column.name: column for column in panel.columns}
    found: dict[tuple[str | None, ...], list[int]] = {}
    for row in range(panel.kept_rows):
        found.setdefault(tuple(_plain(columns[name], row) for name in names), []).append(row)
    return found


def _more(these: Mapping[tuple[str | None, ...], list[int]], those: Counter[tuple[str | None, ...]]) -> list[int]:
    return sorted(row for kind, rows in these.items() for row in rows[those[kind] :])


def _texts(panel: Panel, row: int) -> tuple[str, ...]:
    return tuple(column.text(row) for column in panel.columns)


def _change(before: str | None, after: str | None, text_before: str, text_after: str, numeric: bool = True) -> Change:
    old, new = (_number(before), _number(after)) if numeric else (None, None)
    if old is None or new is None:
        return Change(before=text_before, after=text_after)
    difference = new - old
    percent = float(difference / abs(old) * 100) if old else None
    return Change(before=text_before, after=text_after, difference=difference, percent=percent)


def _equal(one: str | None, other: str | None, *, numeric: bool = True) -> bool:
    """The same figure is the same however it is written: 1 and 1.0."""
    return one == other or (
        numeric and one is not None and other is not None and (number := _number(one)) is not None and number == _number(other)
    )


def _plain(column: Column, row: int) -> str | None:
    value = column.values[row]
    number = _number(value) if column.numeric else None
    return value if number is None else str(number.normalize())


def _number(value: str | None) -> Decimal | None:
    if value is None:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= 300 else None


def _signed(number: Decimal) -> str:
    """With its sign, at most ten digits behind the point and none that say nothing."""
    if abs(number.adjusted()) > 15:
        return f"{number:+.3e}"
    text = f"{round(number, 10):+,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−") if number else "0"

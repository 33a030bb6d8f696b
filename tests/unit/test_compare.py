"""What two issues of a report differ in, panel by panel."""

from decimal import Decimal

import pytest

from nexus.reports.compare import compare
from nexus.reports.snapshot import MOST_BYTES, Column, Panel, Snapshot, pack, unpack


def column(name: str, *values, numeric: bool = False, texts: list[str] | None = None) -> Column:
    return Column(name=name, head=name.capitalize(), numeric=numeric, values=[None if v is None else str(v) for v in values], texts=texts)


def table(*columns: Column, name: str = "routes", keys: tuple[str, ...] = (), row_count: int | None = None) -> Panel:
    kept = len(columns[0].values)
    return Panel(name=name, kind="table", title=name.capitalize(), columns=columns, keys=keys, kept_rows=kept, row_count=row_count or kept)


def figure(value, text: str, name: str = "flights") -> Panel:
    return Panel(name=name, kind="figure", title="Flights", value=None if value is None else str(value), text=text)


def of(before: Panel, after: Panel):
    (found,) = compare(Snapshot(panels=(before,)), Snapshot(panels=(after,)))
    return found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (("86995", "86,995"), ("88199", "88,199"), "+1,204 (+1.4 %)"),
        (("0.746", "74.6 %"), ("0.701", "70.1 %"), "−0.045 (−6 %)"),
        (("-10", "−10"), ("-5", "−5"), "+5 (+50 %)"),
        (("0", "0"), ("7", "7"), "+7"),
        ((None, "–"), ("7", "7"), ""),
        (("1e400", "1e400"), ("7", "7"), ""),
    ],
)
def test_a_figure_says_what_it_was_and_how_far_it_moved(old, new, words):
    found = of(figure(*old), figure(*new))
    assert found.found == "changed"
    assert (found.figure.before, found.figure.after, found.figure.words) == (old[1], new[1], words)


def test_the_same_figure_written_otherwise_has_not_changed():
    assert of(figure("1.50", "1.5"), figure("1.5", "1.50")).found == "same"
    assert of(figure(None, "–"), figure(None, "–")).found == "same"


def test_rows_are_told_apart_by_what_they_are_grouped_by():
    before = table(column("carrier", "AA", "B6", "UA"), column("flights", 10, 20, 30, numeric=True), keys=("carrier",))
    after = table(column("carrier", "UA", "AA", "WN"), column("flights", 30, 12, 5, numeric=True), keys=("carrier",))
    rows = of(before, after).rows
    assert rows.key_heads == ("Carrier",)
    assert (rows.added, rows.removed) == ((("WN", "5"),), (("B6", "20"),))
    (changed,) = rows.changed
    assert (changed.key, changed.cells["Flights"].words) == (("AA",), "+2 (+20 %)")
    assert (rows.added_count, rows.removed_count, rows.changed_count, rows.same_count) == (1, 1, 1, 1)


def test_without_groups_the_words_of_a_row_tell_it_apart_where_they_are_alone():
    before = table(column("month", 1, 1, numeric=True), column("origin", "JFK", "EWR"), column("dest", "LAX", "LAX"))
    after = table(column("month", 2, 1, numeric=True), column("origin", "JFK", "EWR"), column("dest", "LAX", "LAX"))
    rows = of(before, after).rows
    assert rows.key_heads == ("Origin",)
    assert rows.changed_count == 1


def test_a_figure_that_stands_in_front_tells_rows_apart_where_there_is_nothing_else():
    before = table(column("hour", 5, 6, numeric=True), column("flights", 10, 20, numeric=True))
    after = table(column("hour", 5, 7, numeric=True), column("flights", 11, 20, numeric=True))
    rows = of(before, after).rows
    assert (rows.key_heads, rows.changed_count, rows.added_count, rows.removed_count) == (("Hour",), 1, 1, 1)


def test_rows_that_nothing_tells_apart_are_compared_whole_and_counted():
    before = table(column("a", "x", "x", "y"), column("n", "1", "1.0", "2", numeric=True))
    after = table(column("a", "x", "y", "y"), column("n", "1.00", "2", "2", numeric=True))
    rows = of(before, after).rows
    assert rows.key_heads == ()
    assert (rows.added, rows.removed, rows.same_count) == ((("y", "2"),), (("x", "1.0"),), 2)


def test_text_that_looks_like_a_number_is_text():
    before, after = table(column("code", "007", "8")), table(column("code", "7", "8"))
    rows = of(before, after).rows
    assert (rows.added, rows.removed) == ((("7",),), (("007",),))


def test_columns_and_panels_that_came_and_went_are_named():
    before = Snapshot(panels=(table(column("a", "x"), column("old", "1")), figure(1, "1", name="gone")))
    after = Snapshot(panels=(figure(2, "2", name="new"), table(column("a", "x"), column("new", "1"))))
    found = compare(before, after)
    assert [(panel.found, panel.kind) for panel in found] == [("added", "figure"), ("changed", "table"), ("gone", "figure")]
    assert (found[1].rows.columns_added, found[1].rows.columns_gone) == (("New",), ("Old",))


def test_a_text_is_compared_line_by_line():
    before = Panel(name="brief", kind="text", title="Brief", text="Calm.\nJFK was busy.\nRain.")
    after = Panel(name="brief", kind="text", title="Morning brief", text="Calm.\nJFK was calm.\nRain.")
    found = of(before, after)
    assert found.lines == ("  Calm.", "- JFK was busy.", "+ JFK was calm.", "  Rain.")
    assert found.title_before == "Brief"


def test_a_panel_that_failed_then_and_has_rows_now_is_changed():
    found = of(Panel(name="routes", kind="failed", title="R", text="The column is gone."), table(column("a", "x")))
    assert found.found == "changed"
    assert found.lines == ("- The column is gone.", "+ A table of 1 rows")


def test_a_table_that_was_not_kept_whole_says_so():
    found = of(table(column("a", "x"), row_count=9_000), table(column("a", "y"), row_count=9_001))
    assert found.rows.compared == "Compared are the first 1 of 9,000 rows then and the first 1 of 9,001 rows now: more is not kept."


def test_what_is_kept_is_bounded_and_reads_back_as_it_was():
    panel = table(column("a", *("ü" * 2_000 for _ in range(3_000))), column("n", *range(3_000), numeric=True))
    content = pack([lambda: panel, lambda: figure(Decimal("1.50"), "1.5")])
    assert len(content) < 200_000
    read = unpack(content)
    kept = read.panels[0]
    assert not kept.whole
    assert 0 < sum(len((value or "").encode()) for value in kept.columns[0].values) <= MOST_BYTES
    assert len(kept.columns[1].values) == kept.kept_rows
    assert read.panels[1] == figure("1.50", "1.5")


@pytest.mark.parametrize("content", [b"", b"x", pack([])[:-3]])
def test_what_cannot_be_read_is_nothing(content):
    assert unpack(content).panels == ()


def test_rows_are_told_apart_by_the_tables_key_then_by_groups_and_only_then_by_what_differs():
    columns = column("airline", "Envoy", "Delta"), column("code", "MQ", "DL"), column("flights", 1, 2, numeric=True)
    renamed = column("airline", "American Eagle", "Delta"), *columns[1:]
    for known, key_of in (
        ({"table_keys": ("code",), "keys": ("airline", "code")}, "table"),
        ({"keys": ("code",)}, "groups"),
        ({}, "guess"),
    ):
        before, after = (table(*one).model_copy(update=known) for one in (columns, renamed))
        rows = of(before, after).rows
        assert (rows.key_of, rows.changed_count) == (key_of, 0 if key_of == "guess" else 1)
    assert of(table(*columns), table(*renamed).model_copy(update={"table_keys": ("code",)})).rows.key_of == "table", (
        "of an issue of earlier times"
    )


def test_a_key_that_does_not_tell_the_kept_rows_apart_is_not_believed():
    columns = column("code", "MQ", "MQ"), column("day", "1", "2")
    before, after = (table(*columns, column("flights", 1, n, numeric=True)).model_copy(update={"table_keys": ("code",)}) for n in (2, 3))
    rows = of(before, after).rows
    assert (rows.key_of, rows.key_heads) == ("guess", ("Code", "Day"))

"""The paper as a person chose it: its size, cover, contents, side pages, and what stands on them."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pypdf
import pytest

from nexus.errors import BadInput
from nexus.prompts import marks
from nexus.prompts.findings import Finding, Grounding
from nexus.prompts.markdown import html
from nexus.reports import orders, tables
from nexus.reports.browser import PrintBrowser
from nexus.reports.document import SOURCES, Asked, Document, Grid, Heading, Metric, Panel, Picture, Prose
from nexus.reports.layout import SIZES, Columns, Layout, fit
from nexus.reports.press import press

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ASKED = Asked(
    view="Flights",
    version=3,
    source="Sample",
    sql="select carrier, count(*) from sample.flights where origin = any(:origin) and day between :from and :to group by 1",
    parameters=(("Origin", "EWR, JFK"),),
    row_count=90,
    cut="first 90 rows",
    elapsed_ms=70,
    read_at=NOON,
)
BARS = {
    "data": {"values": [{"month": month, "delay": month * 1.5} for month in range(1, 13)]},
    "mark": "bar",
    "encoding": {"x": {"field": "month", "type": "ordinal"}, "y": {"field": "delay", "type": "quantitative"}},
}


def table(rows: int, columns: int, title: str = "Routes") -> Grid:
    return Grid(
        title=title,
        width=12,
        heads=tuple(f"head{column}" for column in range(columns)),
        numeric=(False,) * columns,
        rows=[tuple(f"r{row}c{column}" for column in range(columns)) for row in range(rows)],
        asked=ASKED,
    )


def pages(printer: PrintBrowser, *panels: Panel, **layout: Any) -> pypdf.PdfReader:
    page = Document(
        title="Delays at a glance",
        description="What was late",
        subject="Dashboard delays, version 3",
        filters=(("Origin", "EWR"),),
        prepared_by="Ana (ana@example.org)",
        prepared_at=NOON,
        layout=Layout(**layout),
        panels=panels,
    )
    out = BytesIO()
    press(page, printer, out)
    return pypdf.PdfReader(out)


def bookmarks(outline: list[Any]) -> list[str]:
    return [title for mark in outline for title in (bookmarks(mark) if isinstance(mark, list) else [mark.title])]


@pytest.mark.parametrize(
    ("layout", "points"),
    [
        ({"paper": "A3"}, (842, 1191)),
        ({"paper": "A3", "orientation": "landscape", "margins": "wide"}, (1191, 842)),
        ({"paper": "Legal", "scale": 80}, (612, 1008)),
        ({"paper": "Legal", "orientation": "landscape", "margins": "narrow", "scale": 120}, (1008, 612)),
    ],
)
def test_the_paper_is_the_one_that_was_chosen(printer, layout, points):
    read = pages(printer, table(3, 3), **layout)
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in read.pages} == {points}


@pytest.mark.parametrize("scale", [80, 100, 120])
@pytest.mark.parametrize("margins", ["narrow", "normal", "wide"])
def test_nothing_stands_in_the_margins_at_any_scale(printer, margins, scale):
    chart = Picture(title="Chart", width=12, height=4, spec=BARS, alternative="bars")
    read = pages(printer, chart, table(40, 9), margins=margins, scale=scale, queries=False)
    edge = {"narrow": 8, "normal": 14, "wide": 22}[margins] / 25.4 * 72
    for page in read.pages:
        found: list[tuple[float, float]] = []
        page.extract_text(visitor_text=lambda text, cm, tm, *_, found=found: found.append((tm[4] * cm[0] + cm[4], len(text.strip()))))
        starts = [x for x, length in found if length]
        assert min(starts) >= edge - 1
        assert max(starts) <= page.mediabox.width - edge


def test_the_contents_name_the_pages_that_the_panels_are_on(printer):
    panels = [
        Metric(title="A figure", value="12", width=3),
        *(table(rows, 4, title=f"Table {number}") for number, rows in enumerate((70, 3, 130))),
    ]
    read = pages(printer, *panels, cover=True, contents=True)
    texts = [page.extract_text() for page in read.pages]
    assert "Contents" in texts[1]
    listed = dict(re.findall(r"(Table \d|" + SOURCES + r")\s*(\d+)", texts[1]))
    assert list(listed) == ["Table 0", "Table 1", "Table 2", SOURCES]
    for title, number in listed.items():
        first = next(at for at, text in enumerate(texts, 1) if at > 2 and re.search(rf"^{title}$", text, re.MULTILINE))
        assert int(number) == first, title
    targets = [link.get_object() for link in read.pages[1]["/Annots"]]
    assert len(targets) == len(listed), "every line leads there"
    marks = bookmarks(read.outline)
    assert {"Table 0", "Table 2", SOURCES} <= set(marks)
    assert read.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_a_cover_has_the_head_and_no_foot(printer):
    read = pages(printer, table(3, 3), cover=True)
    cover, first = (page.extract_text() for page in read.pages[:2])
    for words in ("Delays at a glance", "What was late", "EWR", "prepared by Ana"):
        assert words in cover
    assert "Page" not in cover
    assert "Routes" in first
    assert "Page 2 of 2" in first


def test_each_panel_begins_a_page_when_that_was_chosen(printer):
    figures = [Metric(title=f"Figure {number}", value="1", width=3) for number in range(4)]
    panels = (*figures, table(3, 3, "One"), table(3, 3, "Two"))
    assert len(pages(printer, *panels, queries=False).pages) == 1
    texts = [page.extract_text() for page in pages(printer, *panels, queries=False, new_pages=True).pages]
    assert len(texts) == 3
    assert all(f"Figure {number}" in texts[0] for number in range(4))


@pytest.mark.parametrize("wide", ["fit", "shrink", "turn", "continue"])
def test_a_wide_table_is_never_cut(printer, wide):
    read = pages(printer, table(90, 25), wide=wide)
    cells = set(re.findall(r"\br\d+c\d+\b", " ".join(page.extract_text() for page in read.pages)))
    assert cells == {f"r{row}c{column}" for row in range(90) for column in range(25)}
    turned = any(page.mediabox.width > page.mediabox.height for page in read.pages)
    assert turned == (wide in ("fit", "turn"))


def test_side_pages_say_which_columns_they_hold_and_begin_with_the_first(printer):
    read = pages(printer, table(90, 25), wide="continue", queries=False)
    covered = set()
    for page in read.pages:
        text = page.extract_text()
        first, last = re.search(r"Columns? (\d+)(?: to (\d+))? of 25", text).groups()
        covered |= set(range(int(first), int(last or first) + 1))
        assert f"head{int(first) - 1}" in text
        assert "head0" in text, "rows can be told apart"
    assert covered == set(range(1, 26))


def test_a_head_above_narrow_columns_is_not_broken_within_a_word(printer):
    heads = ("Rows", "WWW", "Commission", "MWh", "Summe", "w", "TOTAL %")
    row = (*("1" for _ in heads), "many words " * 100)
    narrow = Grid(title="", heads=(*heads, "Text"), numeric=(*(True for _ in heads), False), rows=[row], width=12)
    said = pages(printer, narrow, queries=False).pages[0].extract_text().split()
    assert set(" ".join(heads).split()) <= set(said)


def test_text_stays_legible_however_small_everything_is_printed():
    for scale in range(80, 125, 5):
        for wide in ("fit", "shrink", "turn", "continue"):
            layout = Layout(scale=scale, wide=wide)
            for part in fit(["Figure"] * 25, ["1,234,567"] * 25, [True] * 25, layout):
                assert part.size * layout.zoom >= SIZES[-1] - 0.01
                assert sum(part.widths) <= (layout.turned if part.turned else layout).width + 0.5


def test_the_appendix_has_query_values_time_and_what_is_missing(printer):
    text = "\n".join(page.extract_text() for page in pages(printer, table(3, 3)).pages)
    assert re.search(r"^\s*and day between :from and :to$", text, re.MULTILINE), "a clause a line"
    for words in ("version 3, source Sample", "first 90 rows", "0.07 s", "EWR, JFK"):
        assert words in text
    without = "\n".join(page.extract_text() for page in pages(printer, table(3, 3), queries=False).pages)
    assert "select" not in without
    assert "first 90 rows" in without, "that something is missing stands at the table itself"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"paper": ["A5"]}, "`paper` is A4, A3, Letter or Legal."),
        ({"scale": ["300"]}, "`scale` is a whole number from 80 to 120."),
        ({"cover": ["perhaps"]}, "`cover` is yes or no."),
        ({"wide": ["cut"]}, "`wide` is fit, shrink, turn or continue."),
        ({"margins": ["999"]}, "`margins` is narrow, normal or wide."),
        ({"scale": ["NaN"]}, "`scale` is a whole number from 80 to 120."),
        ({"scale": ["100", "0"]}, "`scale` is a whole number from 80 to 120."),
        ({"password": ["correct horse"]}, "An address takes no password. Choose Print on the page, and set the password there."),
    ],
)
def test_an_address_with_something_that_cannot_be_printed_says_what_can(query, sentence):
    with pytest.raises(BadInput) as refusal:
        orders.paper(query, ())
    assert refusal.value.message == sentence


def test_the_address_says_how_it_is_printed():
    asked = {"paper": ["A3"], "orientation": ["landscape"], "margins": ["wide"], "scale": ["90"], "wide": ["turn"], "cover": ["yes"]}
    layout = orders.paper({**asked, "contents": ["yes"], "new_pages": ["yes"], "queries": ["no"]}, ())["layout"]
    assert layout == Layout(
        paper="A3",
        orientation="landscape",
        margins="wide",
        scale=90,
        wide="turn",
        cover=True,
        contents=True,
        new_pages=True,
        queries=False,
    )


def test_a_cell_of_thirty_thousand_characters_is_printed_whole_and_begins_on_the_page_of_its_table(printer):
    words = " ".join(f"word{number}" for number in range(3_300))
    rows = [("1", "short"), ("2", words), ("3", "after it")]
    read = pages(printer, Grid(title="Remarks", width=12, heads=("Number", "Remark"), numeric=(True, False), rows=rows), queries=False)
    texts = [page.extract_text() for page in read.pages]
    assert "word0 " in texts[0], "the page before it is not left empty"
    assert re.findall(r"word\d+", " ".join(texts)) == words.split()
    assert "after it" in texts[-1]


def test_of_many_long_cells_each_says_that_it_is_cut(printer):
    rows = [(str(number), "x" * 20_000) for number in range(250)]
    shown = tables.body(
        Grid(title="", heads=("a", "b"), numeric=(False, False), rows=rows), Columns(positions=(0, 1), widths=(40, 400), size=11), 0, 1
    )
    assert "(cut, 20,000 characters)" in shown


def test_a_title_in_two_scripts_takes_no_other_title_off_the_page(printer):
    rows = [(text,) for text in ("한국어", "東京", "שלום", "🙂")]
    panels = [table(3, 2, title="Plain"), Grid(title="Scripts مرحبا 東京", width=12, heads=("text",), numeric=(False,), rows=rows)]
    (only,) = pages(printer, *panels, queries=False).pages
    assert "Plain" in only.extract_text()
    assert "東京" in only.extract_text()


def test_a_tab_begins_a_page_and_a_section_where_that_was_chosen(printer):
    sections = [part for at in (1, 2) for part in (Heading(title=f"Section {at}"), table(3, 2, f"One {at}"), table(3, 2, f"Two {at}"))]
    panels = [Heading(title="First tab", page=True), *sections, Heading(title="Last tab", page=True), table(3, 2, "Last")]
    titles = "First tab|Last tab|Section [12]|One [12]|Two [12]|Last"

    def found(**layout: Any) -> list[list[str]]:
        return [re.findall(titles, page.extract_text()) for page in pages(printer, *panels, queries=False, **layout).pages]

    first, second, last = ["First tab", "Section 1", "One 1", "Two 1"], ["Section 2", "One 2", "Two 2"], ["Last tab", "Last"]
    assert found() == [first + second, last]
    assert found(new_sections=True) == [first, second, last]
    long = pages(printer, table(60, 2, "Long"), Heading(title="Tab", page=True), table(3, 2), queries=False).pages
    assert "Tab" in long[-1].extract_text()
    assert "r59c0" not in long[-1].extract_text(), "also after a table of several pages"


def test_a_heading_stands_on_the_page_of_what_follows_it(printer):
    panels = [
        panel for number in range(3) for panel in (Heading(title=f"Section {number}", width=12), table(4, 2, title=f"Table {number}"))
    ]
    texts = [page.extract_text() for page in pages(printer, *panels, new_pages=True, queries=False).pages]
    assert [re.findall(r"Section \d|Table \d", text) for text in texts] == [[f"Section {number}", f"Table {number}"] for number in range(3)]
    long = [table(1_500, 4, title="Long"), Heading(title="Section", width=12), table(700, 4, title="After")]
    texts = [page.extract_text() for page in pages(printer, *long, queries=False).pages]
    assert ["After" in text for text in texts if "Section" in text] == [True]


def test_no_row_of_a_table_is_left_alone_at_the_foot_or_the_head_of_a_page(printer):
    for rows in range(38, 46):
        read = pages(printer, table(rows, 4, "First"), table(44, 4, "Second"), queries=False)
        texts = [page.extract_text() for page in read.pages]
        found = [len(re.findall(r"\br\d+c0\b", part)) for text in texts for part in text.split("Second")]
        assert sum(found) == rows + 44
        assert all(count > 2 for count in found if count), f"{rows} rows stand as {found}"
        assert all("r43c0" in text for text in texts[1:] if text.count("first 90 rows") == 2 or text is texts[-1]), (
            "what is said of it stands below"
        )


def test_a_long_query_begins_where_there_is_room(printer):
    sql = "select " + ", ".join(f"a_name_of_some_length_{number}" for number in range(70)) + " from sample.flights"
    long = replace(table(26, 4), asked=replace(ASKED, sql=sql))
    texts = [page.extract_text() for page in pages(printer, long).pages]
    assert "a_name_of_some_length_1" in texts[0], "the page is not left empty before it"
    assert "a_name_of_some_length_69" in texts[1]


def test_bookmarks_and_contents_show_what_stands_below_which_tab_and_section(printer):
    text = Prose(title="Words", html=html("# Big\n\nsome\n\n## Small\n\nmore"), width=12)
    panels = [Heading(title="Overview", page=True), table(3, 2, "One"), Heading(title="By hour"), table(3, 2, "Two"), text]
    read = pages(printer, *panels, Heading(title="Weather", page=True), Metric(title="Rain", value="3"), contents=True)
    top, below = read.outline
    assert top.title == "Delays at a glance"
    assert nested(below) == {
        "Contents": {},
        "Overview": {"One": {}, "By hour": {"Two": {}, "Words": {"Big": {"Small": {}}}}},
        "Weather": {"Rain": {}},
        SOURCES: {"[1] Flights version 3, source Sample": {}},
    }
    edges = {entry: box(read, entry) for entry in ("Overview", "One", "By hour", "Two", "Weather")}
    assert edges["Overview"] == edges["Weather"] < edges["One"] == edges["By hour"] < edges["Two"], "each stands further in"


def nested(outline: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for mark in outline:
        if isinstance(mark, list):
            found[list(found)[-1]] = nested(mark)
        else:
            found[mark.title] = {}
    return found


def box(read: pypdf.PdfReader, words: str) -> float:
    """Where the words begin on the first page that has them, in points from the left."""
    found: list[float] = []
    page = next(page for page in read.pages if words in page.extract_text())
    page.extract_text(
        visitor_text=lambda text, cm, tm, *_: found.append(round(tm[4] * cm[0] + cm[4])) if text.strip().startswith(words) else None
    )
    return found[0]


def test_many_charts_leave_no_page_half_empty(printer):
    charts = [Picture(title=f"Chart {number}", width=6, height=5, spec=BARS, alternative="bars", asked=ASKED) for number in range(44)]
    read = pages(printer, *charts, cover=True, contents=True)
    marks = [mark for mark in read.outline[1] if not isinstance(mark, list) and mark.title.startswith("Chart ")]
    assert [mark.title for mark in marks] == [f"Chart {number}" for number in range(44)]
    on_page = Counter(read.get_destination_page_number(mark) for mark in marks)
    assert list(on_page.values()) == [6] * 7 + [2]


def test_what_a_check_did_not_find_is_marked_without_a_picture(printer):
    answer, doubtful = "Late: 99 % of 12,345 flights.", ("99 %", "12,345")
    found = tuple(
        Finding(
            start=answer.index(text), end=answer.index(text) + len(text), text=text, kind="figure", status="unfound", how="It is not there."
        )
        for text in doubtful
    )
    checked = marks.for_print(answer, Grounding(findings=found, found=0, total=2, share=0))
    read = pages(printer, Prose(title="Answer", html=checked, width=12), queries=False)
    said = "".join(read.pages[0].extract_text().split())
    assert "99%?of12,345?flights" in said
    assert "Checked:0of2figures" in said
    assert not read.pages[0].images
    assert "/Pattern" not in read.pages[0]["/Resources"], "nor is a line a pattern of pictures"

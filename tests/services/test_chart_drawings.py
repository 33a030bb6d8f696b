"""Every kind of chart as Vega draws it in the print browser, and as it stands in a PDF: the figures can be read there."""

import re
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from xml.etree import ElementTree

import pypdf
import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.reports import panels
from nexus.reports.browser import PrintBrowser
from nexus.reports.document import Document, Grid, Picture, specs
from nexus.reports.rendering import render
from nexus.sources.spec import Column, Query, Source, Table
from nexus.views import charts
from nexus.views import service as views
from nexus.views.appearance import Chart, Format, Highlight
from nexus.views.charts import Crosstab
from nexus.views.service import OpenView
from nexus.views.spec import View
from nexus.workspace import service as workspace
from tests.people import add_person

KINDS = {"month": "date", "n": "number", "m": "number", "lat": "number", "lon": "number", "weekday": "number"}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def reader(shared_sample) -> User:
    """An administrator of one database for all tests here, with the sample workspace in it."""
    person = add_person(Role.ADMIN, email="ana@example.org")
    workspace.apply_sample(person)
    return person


def table(names: str, rows: list[tuple]) -> Table:
    return Table(
        columns=tuple(Column(name=name, kind=KINDS.get(name, "text"), type_name="") for name in names.split()),
        rows=rows,
        truncated=False,
        elapsed_ms=1,
        read_at=datetime.now(UTC),
        query=Query(source="s", sql="select 1"),
    )


def view(**formats: Format) -> OpenView:
    spec = View(name="v", title="V", source="s", question={"kind": "sql", "sql": "select 1"}, formats=formats)
    return OpenView.model_validate(
        {
            "view": spec,
            "version": 1,
            "source": Source(name="s", title="S"),
            "owner": None,
            "saved_at": "2026-01-01T00:00:00Z",
            "saved_by": None,
        }
    )


def document(*blocks) -> Document:
    return Document(title="Charts", subject="Charts", prepared_by="Ana", prepared_at=datetime.now(UTC), panels=blocks)


def drawn(printer: PrintBrowser, chart: Chart, of: Table, **formats: Format) -> ElementTree.Element:
    block = panels.picture(chart, of, view(**formats), {}, shown={"title": "Chart", "width": 6})
    assert isinstance(block, Picture)
    (svg,) = printer.draw(specs(document(block)))
    assert svg
    return ElementTree.fromstring(svg)


def words(root: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def marks(root: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    """What Vega says it drew as, say, `bar`."""
    return [element for element in root.iter() if element.get("aria-roledescription") == kind]


DAYS = [(date(2013, 1, 1) + timedelta(days=at), name, at + 1) for at in range(5) for name in ("UA", "AA")]


@pytest.mark.parametrize(
    ("kind", "mark", "count"), [("bar", "bar", 10), ("stacked bar", "bar", 10), ("area", "area mark", 2), ("line", "line mark", 2)]
)
def test_series_along_time_are_drawn_each_in_its_colour(printer, kind, mark, count):
    root = drawn(printer, Chart(kind=kind, x="month", y=("n",), color="name"), table("month name n", DAYS))
    assert len(marks(root, mark)) == count
    assert {"UA", "AA", "1 Jan", "5 Jan"} <= set(words(root))


def test_slices_say_their_share(printer):
    root = drawn(printer, Chart(kind="pie", x="name", y=("n",)), table("name n", [("big", 75), ("small", 24), ("thin", 1)]))
    assert len(marks(root, "arc mark")) == 3
    said = words(root)
    assert {"75\N{NO-BREAK SPACE}%", "24\N{NO-BREAK SPACE}%"} <= set(said)
    assert "1.0\N{NO-BREAK SPACE}% · thin" in said, "in the legend, where there is room"
    assert "1.0\N{NO-BREAK SPACE}%" not in said


def test_cells_say_their_figure_in_an_ink_that_can_be_read(printer):
    of = table("weekday name n", [(1, "EWR", 0.012), (2, "EWR", 0.05), (1, "JFK", 0.049)])
    root = drawn(
        printer,
        Chart(kind="heatmap", x="weekday", row="name", y=("n",)),
        of,
        n=Format(style="percent", decimals=1),
        weekday=Format(style="weekday"),
    )
    assert len(marks(root, "rect mark")) == 3
    assert {"Monday", "Tuesday", "EWR", "JFK"} <= set(words(root))
    ink = {"".join(text.itertext()): text.get("fill") for text in root.iter(f"{SVG}text")}
    assert ink["5.0\N{NO-BREAK SPACE}%"] == "#ffffff"
    assert ink["1.2\N{NO-BREAK SPACE}%"] == "#1a2230"


def test_bars_of_a_histogram_have_a_width_on_paper_and_with_the_looks_of_the_screen(printer):
    chart, of = Chart(kind="histogram", x="n"), table("n", [(at % 13,) for at in range(400)])
    for look in ({}, {"bar": {"cornerRadiusEnd": 2}}):
        (svg,) = printer.draw([{**charts.vega_lite(chart, of, {}), "width": 300, "height": 150, "config": look}])
        bars = marks(ElementTree.fromstring(svg), "bar")
        assert len(bars) == 13
        # What Vega draws as a path begins `M x,y h width`.
        assert all(float(re.search(r"h([\d.]+)", bar.get("d", ""))[1]) > 10 for bar in bars)


def test_a_box_has_its_parts(printer):
    of = table("name n", [("EWR", at) for at in (1, 2, 3, 4, 5, 90)] + [("JFK", at) for at in (2, 4, 6)])
    for lies in (False, True):
        root = drawn(printer, Chart(kind="box", x="name", y=("n",), horizontal=lies), of)
        assert [len(marks(root, kind)) for kind in ("rule mark", "bar", "tick", "point")] == [2, 2, 2, 1]


def test_a_map_has_land_sea_and_its_points(printer):
    of = table("name lat lon n m", [("Newark", 40.7, -74.2, 100, 1), ("Boston", 42.4, -71.0, 10, 5), ("Miami", 25.8, -80.3, 1, 9)])
    root = drawn(printer, Chart(kind="map", latitude="lat", longitude="lon", x="name", color="m", size="n"), of)
    dots = marks(root, "point")
    assert len(dots) == 3
    shapes = {path.get("fill"): path.get("d") or "" for path in root.iter(f"{SVG}path")}
    assert "#eef3f8" in shapes, "the sea"
    outline = shapes["#d9dee4"]
    assert len(outline) > 500, "coasts have many corners"
    height = [float(re.search(r"translate\(([\d.]+),([\d.]+)\)", dot.get("transform", ""))[2]) for dot in dots]
    # The largest is drawn first: Newark, Boston, Miami; north is up.
    assert height[1] < height[0] < height[2]


def test_a_pivot_table_stands_in_the_pdf_with_its_totals_and_colours(printer):
    of = table("month name n", [(date(2013, 1, 1), "Alpha", 11), (date(2013, 2, 1), "Alpha", 220), (date(2013, 1, 1), "Beta", 4000)])
    red = Format(highlights=(Highlight(operator=">", value=1000, tone="red"),))
    block = panels.picture(
        Chart(kind="pivot", x="month", row="name", y=("n",), totals="sum"), of, view(n=red), {}, shown={"title": "Pivot", "width": 12}
    )
    assert isinstance(block, Grid)
    html = render(document(block), [])
    assert '<td style="background: #d6454557" class=rule><i>▲</i> 4000' in html
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(printer.print(html))).pages)
    for figure in ("Jan 2013", "Alpha", "231", "4011", "Total", "4231", "▲"):
        assert figure in re.sub(r"(Jan)\s+(2013)", r"\1 \2", text), figure


def test_colours_of_a_table_are_in_the_pdf_and_hidden_columns_are_not():
    of = table("name n m", [("<b>a</b>", 5, 1), ("b", 50, 2)])
    formats = {"n": Format(highlights=(Highlight(operator=">", value=10, tone="amber", whole_row=True),)), "m": Format(hidden=True)}
    block = panels.grid(of, view(**formats), {}, shown={"title": "Rows"}, columns=(), zone=UTC, cells=100)
    assert block.heads == ("name", "n")
    html = render(document(block), [])
    assert "<td>&lt;b&gt;a&lt;/b&gt;<td>5" in html
    assert re.findall(r"class=rule><i>◆</i> (\w+)", html) == ["b", "50"]


def test_totals_of_the_samples_pivot_are_what_the_database_says(reader):
    with own.transaction() as session:
        opened = views.find_view(session, reader=reader, name="airlines-by-month")
    drawing = charts.draw(opened.view.chart, views.ask(opened, reader=reader, values={}), opened.view.formats)
    assert isinstance(drawing, Crosstab)
    assert drawing.heads == (
        "Airline",
        *["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
        "Total",
    )
    asked = opened.view.model_copy(
        update={
            "question": opened.view.question.model_copy(
                update={"sql": "select month, count(*) as flights from sample.flights group by 1 order by 1"}
            ),
            "parameters": (),
        }
    )
    months = views.ask(opened.model_copy(update={"view": asked}), reader=reader, values={})
    last = [cell.text for cell in drawing.rows[-1][1]]
    assert last == [*(f"{flights:,}" for _, flights in months.rows), "336,776"]
    assert [cells[-1].text for head, cells in drawing.rows if head == "United Air Lines Inc."] == ["58,665"]


@pytest.mark.parametrize("name", ["cancelled-by-weekday", "destinations"])
def test_the_charts_of_the_sample_are_drawn(reader, printer, name):
    with own.transaction() as session:
        opened = views.find_view(session, reader=reader, name=name)
    of = views.ask(opened, reader=reader, values={})
    block = panels.picture(opened.view.chart, of, opened, {}, shown={"title": "Chart", "width": 12})
    assert isinstance(block, Picture)
    (svg,) = printer.draw(specs(document(block)))
    root = ElementTree.fromstring(svg)
    assert len(marks(root, "rect mark" if name == "cancelled-by-weekday" else "point")) == (
        21 if name == "cancelled-by-weekday" else len(charts.vega_lite(opened.view.chart, of, opened.view.formats)["data"]["values"])
    )

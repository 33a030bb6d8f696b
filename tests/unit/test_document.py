"""A report as a person reads it: complete, escaped, with where its figures come from."""

import itertools
import tomllib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from markupsafe import Markup

from nexus.reports import charted, layout, rendering, svg, theme
from nexus.reports.document import Asked, Document, Failed, Grid, Metric, Picture, Prose, specs
from nexus.reports.layout import Layout, fit, rows_of
from nexus.reports.rendering import render
from nexus.settings import ROOT

NOON = datetime(2026, 11, 24, 12, 0, 5, tzinfo=UTC)
HOSTILE = "</style></title><script>alert(1)</script><img src=x onerror=alert(1)>\"'\\3c {{ 7*7 }}\x00\u202e"


def asked(**changes) -> Asked:
    given = {
        "view": "Flights",
        "version": 3,
        "source": "sample",
        "sql": "select 1 where 1 < 2",
        "row_count": 2,
        "elapsed_ms": 71.3,
        "read_at": NOON,
    }
    return Asked(**(given | changes))


def report(*panels, **changes) -> Document:
    given = {
        "title": "Delays",
        "subject": "Dashboard delays, version 3",
        "prepared_by": "Ana (ana@example.org)",
        "prepared_at": NOON,
        "panels": panels,
    }
    return Document(**(given | changes))


def grid(rows, *, heads=("Name", "Flights"), numeric=(False, True), **changes) -> Grid:
    return Grid(title="Table", heads=heads, numeric=numeric, rows=rows, **changes)


def test_nothing_that_people_or_data_say_becomes_markup():
    everything = report(
        Metric(
            title=HOSTILE,
            value=HOSTILE,
            change=HOSTILE,
            comparison=HOSTILE,
            note=HOSTILE,
            asked=asked(view=HOSTILE, sql=HOSTILE, cut=HOSTILE),
        ),
        grid([(HOSTILE, HOSTILE)], heads=(HOSTILE, "n"), asked=asked(parameters=((HOSTILE, HOSTILE),))),
        Failed(title=HOSTILE, sentence=HOSTILE),
        Picture(title=HOSTILE, spec={}, alternative=HOSTILE),
        Prose(title=HOSTILE, html=Markup("<p>safe</p>"), origin=HOSTILE),
        title=HOSTILE,
        description=HOSTILE,
        filters=((HOSTILE, HOSTILE),),
        prepared_by=HOSTILE,
        subject=HOSTILE,
        language='en" onload="x',
    )
    html = render(everything, ['<svg xmlns="http://www.w3.org/2000/svg"/>'])
    for sign in ("<script", "<img", "onerror=alert(1)>", 'onload="', "\x00"):
        assert sign not in html
    assert html.count("</style>") == html.count("<style>")
    assert html.count("</title>") == 1
    assert "{{ 7*7 }}" in html, "what looks like a template is shown as it is"


def test_a_title_in_the_page_footer_stays_inside_its_css_string():
    text = str(rendering.css_text('a"} body { display: none } </style> \\ 東京 é\n'))
    assert text.startswith('"')
    assert text.endswith('"')
    for sign in '"}<>\\\n':
        assert sign not in text[1:-1].replace("\\", "", text.count("\\")) or sign == "\\"
    assert "東京" in text


def test_each_question_is_listed_once_with_the_panels_it_feeds():
    same = asked(parameters=(("Origin", "EWR"),))
    other = asked(view="Other", sql="select 2")
    html = render(report(Metric(title="One", value="1", asked=same), Metric(title="Two", value="2", asked=same), grid([], asked=other)), [])
    assert html.count("<article") == 2
    assert "Shown in: One, Two." in html
    assert 'href="#question-2"' in html


def test_a_table_that_was_cut_says_so_and_a_complete_one_says_that():
    html = render(report(grid([("a", "1")], asked=asked(cut="first 10,000 rows")), Metric(title="m", value="1", asked=asked(sql="2"))), [])
    assert "first 10,000 rows, more exist" in html
    assert "complete" in html


def test_times_are_shown_in_the_readers_zone():
    tokyo = timezone(timedelta(hours=9), "JST")
    html = render(report(grid([("a", "1")], asked=asked()), prepared_at=NOON.astimezone(tokyo)), [])
    assert "24 November 2026, 21:00 JST" in html
    assert "read 21:00:05" in html


def test_a_very_long_cell_is_cut_and_says_so():
    html = render(report(grid([("x" * 50_000, "1")])), [])
    assert "(cut, 50,000 characters)" in html
    assert len(html) < 60_000


def test_a_dashboard_without_filters_says_that_it_shows_everything():
    assert "none: all data" in render(report(), [])


def test_japanese_fonts_are_loaded_only_where_there_is_japanese():
    assert "NotoSansJP-400.woff2" not in preloaded(render(report(grid([("Tokio", "1")])), []))
    assert "NotoSansJP-400.woff2" in preloaded(render(report(grid([("東京", "1")])), []))
    assert "NotoSansJP-700.woff2" not in preloaded(render(report(grid([("東京", "1")])), []))
    assert "NotoSansJP-700.woff2" in preloaded(render(report(grid([("", "1")]), title="遅延"), []))


def preloaded(html: str) -> str:
    return html[: html.index("<style>")]


def test_charts_get_the_size_of_their_place_on_the_paper():
    pictures = [Picture(title="c", spec={"mark": "bar", "width": 9}, alternative="a", width=6) for _ in range(2)]
    portrait, landscape = (specs(report(*pictures, layout=Layout(orientation=turn)))[0]["width"] for turn in ("portrait", "landscape"))
    assert 300 < portrait < 400
    assert 450 < landscape < 550


def bars(names, *, axis="x", **changes) -> Picture:
    encoding = {axis: {"field": "x", "type": "nominal", "sort": names, "axis": {"labelOverlap": True}}}
    return Picture(**({"title": "Bars", "spec": {"mark": "bar", "encoding": encoding}, "alternative": "bars"} | changes))


def test_every_name_of_a_bar_is_shown_turned_or_smaller_where_it_does_not_fit():
    def look(picture, axis="x") -> dict:
        (spec,) = specs(report(picture, Prose(title="Beside", html=Markup("<p>x"), width=6)))
        return spec["encoding"][axis]["axis"]

    words = [f"{speed} to {speed + 5} mph" for speed in range(0, 40, 5)]
    assert look(bars(words))["labelAngle"] == 0
    assert look(bars(words))["labelExpr"].startswith('[["0 to 5", "mph"],'), "in lines"
    long = ["Domestic", "Intercontinental", "Transcontinental", "Local", "Other"]
    assert look(bars(long))["labelAngle"] == -30
    assert look(bars(long))["labelOverlap"] is False
    assert look(bars(["Intercontinental-or-transcontinental", "b", "c", "d", "e", "f"]))["labelAngle"] == -90, (
        "not off the paper's left edge"
    )
    assert look(bars([f"September {day}" for day in range(15)]))["labelAngle"] == -60, "not over each other"
    assert look(bars(["wet", "dry"]))["labelAngle"] == 0
    assert look(bars([str(hour) for hour in range(60)])) == {"labelOverlap": True}, "hours may be left out"
    assert look(bars([f"N{number}" for number in range(18)], axis="y"), "y") == {"labelOverlap": False, "labelFontSize": 8}
    assert look(bars([f"N{number}" for number in range(200)], axis="y"), "y") == {"labelOverlap": True}


def test_a_chart_of_many_bars_is_as_high_as_their_names_need_and_never_higher_than_the_page():
    def height(count: int) -> int:
        return specs(report(bars([f"Airport {number}" for number in range(count)], axis="y", height=24)))[0]["height"]

    assert height(5) == charted.HIGHEST["portrait"]
    assert height(60) / 60 > 10
    assert height(300) == height(3_000) < Layout().height


def test_a_legend_of_many_lines_does_not_flatten_the_plot():
    def height(count: int) -> int:
        values = [{"c": f"A rather long airline, number {number}"} for number in range(count)]
        spec = {"data": {"values": values}, "mark": "line", "encoding": {"color": {"field": "c"}}}
        (drawn,) = specs(report(Picture(title="Lines", spec=spec, alternative="lines", width=4), Failed(title="x", sentence="x", width=8)))
        return drawn["height"]

    assert height(6) == height(1) + 5 * charted.LEGEND_LINE


def test_what_stands_beside_a_long_table_is_not_found_behind_it():
    rows = [(str(number), "1") for number in range(100)]
    beside = report(
        grid(rows, width=8), Prose(title="How to read", html=Markup("<p>x"), width=4), Failed(title="Below", sentence="x", width=12)
    )
    html = render(beside, [])
    places = [html.index(f">{title}</h2>") for title in ("How to read", "Table", "Below")]
    assert places == sorted(places)


def test_panels_fill_rows_in_reading_order():
    assert [[name for _, name in row] for row in rows_of([(3, "a"), (3, "b"), (6, "c"), (12, "d"), (6, "e"), (8, "f")])] == [
        ["a", "b", "c"],
        ["d"],
        ["e"],
        ["f"],
    ]


@pytest.mark.parametrize("turn", ["portrait", "landscape"])
@pytest.mark.parametrize("count", [1, 2, 6, 9, 14, 30, 120])
def test_every_column_of_a_wide_table_has_its_place_on_the_paper(count, turn):
    paper = Layout(orientation=turn)
    heads = [f"Column {number}" for number in range(count)]
    parts = fit(heads, ["1,234,567.89"] * count, [True] * count, paper)
    placed = [at for part in parts for at in part.positions]
    assert set(placed) == set(range(count))
    for part in parts:
        assert sum(part.widths) <= (paper.turned.width if part.turned else paper.width) + 0.5
        assert min(part.widths) >= layout.em("1,234,567.89") * part.size
    assert all(part.positions[0] == 0 for part in parts), "each part begins with the column that tells rows apart"


def test_a_wide_table_shrinks_before_it_turns_and_turns_before_it_is_split():
    def placed(count):
        return fit(["Figure"] * count, ["1,234,567"] * count, [True] * count, Layout())

    shapes = [(len(parts), parts[0].turned, parts[0].size) for parts in map(placed, range(1, 60))]
    assert shapes[0] == (1, False, layout.SIZES[0])
    assert (1, False, layout.SIZES[-1]) in shapes
    assert any(shape[:2] == (1, True) for shape in shapes)
    assert [shape[0] for shape in shapes] == sorted(shape[0] for shape in shapes)


def test_a_word_without_spaces_does_not_push_columns_off_the_paper():
    (part,) = fit(["Id", "Text"], ["1", "x" * 5_000], [True, False], Layout())
    assert sum(part.widths) <= Layout().width + 0.5


def test_a_drawing_keeps_its_shapes_and_loses_what_could_call_out():
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10" height="10" onload="x()">'
        '<defs><clipPath id="clip0"><rect width="1" height="1"/></clipPath></defs><g clip-path="url(#clip0)"><path d="M0 0" fill="url(http://e/x)"/>'
        '<text>a &lt; b</text></g><image xlink:href="http://e/x"/><a xlink:href="javascript:x"><text>z</text></a><script>x</script>'
        '<foreignObject><b xmlns="http://www.w3.org/1999/xhtml">x</b></foreignObject><style>@import "http://e"</style><use href="http://e#x"/></svg>'
    )
    cleaned = svg.clean(drawing, prefix="c1-", alternative='Bars "of" <delays>')
    assert 'id="c1-clip0"' in cleaned
    assert 'clip-path="url(#c1-clip0)"' in cleaned
    assert "a &lt; b" in cleaned
    for sign in ("http://e", "javascript", "script", "foreignObject", "onload", "image", "style"):
        assert sign not in cleaned
    assert 'aria-label="Bars &quot;of&quot; &lt;delays&gt;"' in cleaned


def test_a_drawing_with_a_document_type_is_refused():
    bomb = '<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>'
    with pytest.raises(ValueError, match="document type"):
        svg.clean(bomb, prefix="c", alternative="")


def test_a_sparkline_leaves_gaps_and_needs_two_values():
    assert svg.sparkline([1.0]) == ""
    assert svg.sparkline([None, 2.0, None]) == ""
    line = svg.sparkline([1.0, None, 3.0, 3.0])
    assert line.count("M") == 2


def test_many_rows_are_escaped_without_a_loop_in_the_template():
    rows = [(f"<{number}>", "1") for number in range(5_000)]
    html = render(report(grid(rows)), [])
    assert all(f"&lt;{number}&gt;" in html for number in itertools.islice(range(5_000), 0, None, 997))
    assert html.count("<tr>") == 5_001


def test_charts_on_paper_have_the_colours_of_the_screen():
    light = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]["light"]
    names = {"category": "chartCategoricalColors", "heatmap": "chartSequentialColors", "diverging": "chartDivergingColors"}
    assert {name: theme.VEGA["range"][name] for name in names} == {name: light[of] for name, of in names.items()}

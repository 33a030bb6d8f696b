"""A dashboard's panels and their rows as blocks of a document: a pure function, formatted as on screen."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any, assert_never

from markupsafe import Markup

from nexus.dashboards import showing
from nexus.dashboards.metric import metric
from nexus.dashboards.showing import Before
from nexus.dashboards.spec import (
    ChartPanel,
    DataPanel,
    DividerPanel,
    MetricPanel,
    PanelBase,
    PromptPanel,
    SectionPanel,
    Tab,
    TablePanel,
    TextPanel,
)
from nexus.errors import BadInput
from nexus.prompts import marks, originals, records
from nexus.prompts.markdown import html
from nexus.prompts.request import PromptRun
from nexus.reports import rows
from nexus.reports.document import Asked, Failed, Grid, Heading, Metric, Picture, Prose
from nexus.reports.document import Panel as Block
from nexus.sources.spec import Table
from nexus.views import charts, highlight
from nexus.views import format as written
from nexus.views import values as typed
from nexus.views.appearance import Chart
from nexus.views.charts import NOTHING, Beside, Crosstab, Note, Plot, Sentence
from nexus.views.figure import Figure
from nexus.views.service import OpenView

MOST_CELLS = 1_000_000
"""In all tables of a document: 40,000 rows of 25 columns, about 2,000 pages, take some minutes and 60 MB."""
MOST_NOTES = 12
"""Notes on days that are written out above a chart."""
ARROWS = {"up": "▲", "down": "▼", "same": "=", None: ""}


def asked(table: Table, view: OpenView, values: Mapping[str, Any], *, cut: str = "") -> Asked:
    parameters = view.view.parameters
    return Asked(
        view=view.view.title,
        version=view.version,
        source=view.source.title,
        sql=table.query.sql,
        parameters=tuple(typed.describe(parameters, typed.check(parameters, values))),
        row_count=table.row_count,
        cut=cut or (table.truncated_because or "not all rows" if table.truncated else ""),
        elapsed_ms=table.elapsed_ms,
        read_at=table.read_at,
        cached=table.cached,
    )


def look(panel: PanelBase) -> dict[str, Any]:
    """What every block takes from its panel."""
    return {"title": panel.title, "note": panel.note, "width": panel.width, "height": panel.height}


def text(panel: TextPanel) -> Prose:
    return Prose(**look(panel), html=html(panel.text))


def heading(of: SectionPanel | Tab) -> Heading:
    return Heading(title=of.title, page=True) if isinstance(of, Tab) else Heading(**look(of))


def divider(panel: DividerPanel) -> Prose:
    return Prose(**look(panel), html=Markup("<hr>"))


def answer(panel: PromptPanel, run: PromptRun, found: Mapping[str, str]) -> Prose:
    """A prompt's recorded answer, with what it came from; `found` are the originals of its pseudonyms that its reader may see."""
    tokens = f"{run.prompt_tokens + run.answer_tokens:,} tokens" if run.prompt_tokens is not None and run.answer_tokens is not None else ""
    blocks = ", ".join(f"{block.view_title} ({block.rows:,} {'row' if block.rows == 1 else 'rows'})" for block in run.blocks)
    facts = (
        f"{run.prompt_title}, version {run.prompt_version}",
        run.model,
        f"asked by {run.user_name}" if run.user_name else "",
        tokens,
        f"${run.cost_usd_micros / 1e6:,.4f}" if run.cost_usd_micros else "",
        f"{run.elapsed_ms / 1000:.1f} s" if run.elapsed_ms else "",
        f"from {blocks}" if blocks else "",
        f"run {run.id}, request {run.request_digest[:12]}",
    )
    shown = look(panel) | {"title": panel.title or run.prompt_title, "note": " ".join(filter(None, (panel.note, run.error)))}
    return Prose(**shown, html=originals.in_html(_checked(run), found), origin=" · ".join(filter(None, facts)), made_at=run.started_at)


def _checked(run: PromptRun) -> Markup:
    if run.records:
        return records.html(run.records, look="cards" if len(run.records.rows) == 1 else "table")
    return marks.for_print(run.answer, run.grounding) if run.grounding else html(run.answer)


def whole_answer(run: PromptRun, found: Mapping[str, str]) -> Block:
    """The answer over the whole paper; where there is none, the sentence that says why."""
    panel = PromptPanel(name="answer", title="Answer", prompt=run.prompt, width=12)
    if not run.answer:
        return failed(panel, run.error or "There is no answer.")
    return answer(panel, run, found)


def sent(run: PromptRun, *, zone: tzinfo) -> Grid:
    """What the answer was given, a line for each block of data."""
    return Grid(
        title="What was sent",
        width=12,
        heads=("Data", "View", "Version", "Rows", "All of them", "Columns", "Read"),
        numeric=(False, False, True, True, False, False, False),
        rows=[
            (
                block.name,
                block.view_title,
                str(block.view_version),
                f"{block.rows:,}",
                "yes" if block.complete else "no",
                ", ".join((*block.columns, *block.aggregated)),
                f"{block.read_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            )
            for block in run.blocks
        ],
    )


def failed(panel: PanelBase, sentence: str) -> Failed:
    return Failed(**look(panel), sentence=sentence)


def data(
    panel: DataPanel,
    table: Table,
    view: OpenView,
    values: Mapping[str, Any],
    *,
    zone: tzinfo,
    cells: int,
    totals: bool = False,
    before: Before | None = None,
    notes: Sequence[Note] = (),
) -> Block:
    """The block of a panel with its rows. A table shows as many rows as `cells` allow, and says so when they are not all.

    Raises BadInput when the panel names a column that its view does not return.
    """
    shown = look(panel) | {"title": panel.title or view.view.title}
    formats = view.view.formats
    match panel:
        case MetricPanel():
            figure = metric(panel, table, formats, before)
            return metric_block(figure, shown=shown, origin=asked(table, view, values))
        case ChartPanel():
            drawn = panel.chart or view.view.chart
            if drawn is None:
                raise BadInput(f"The view `{view.view.name}` has no chart. Give it one, or show this panel as a table.")
            beside = showing.beside(panel, before, notes)
            return picture(drawn, table, view, values, shown=_noted(shown, before.problem if before else ""), beside=beside)
        case TablePanel():
            return grid(table, view, values, shown=shown, columns=panel.columns, zone=zone, cells=cells, totals=totals)
        case _:
            raise BadInput("This kind of panel cannot be printed.")


def picture(
    chart: Chart, table: Table, view: OpenView, values: Mapping[str, Any], *, shown: Mapping[str, Any], beside: Beside = NOTHING
) -> Block:
    """The chart as a block: drawn, a table of totals, one figure, or the sentence that says why there is nothing."""
    formats = view.view.formats
    origin = asked(table, view, values)
    match drawing := charts.draw(chart, table, formats, beside):
        case Plot():
            said = drawing.spec["description"]
            return Picture(
                **_noted(shown, f"{drawing.note} {_in_full(drawing.unwritten)}".strip()),
                asked=origin,
                spec=drawing.spec,
                alternative=f"{said} {drawing.note}".strip(),
            )
        case Crosstab():
            return crosstab(drawing, shown=_noted(shown, drawing.note), origin=origin)
        case Figure():
            return metric_block(drawing, shown=shown, origin=origin)
        case Sentence():
            return Failed(**shown, asked=origin, sentence=drawing.words)
        case _:
            assert_never(drawing)


def _in_full(notes: Sequence[str]) -> str:
    """The notes on days that a chart has no room for: on paper nobody can point at them."""
    more = f"; and {len(notes) - MOST_NOTES:,} more" if len(notes) > MOST_NOTES else ""
    return f"Notes: {'; '.join(notes[:MOST_NOTES])}{more}." if notes else ""


def _noted(shown: Mapping[str, Any], note: str) -> dict[str, Any]:
    return {**shown, "note": " ".join(filter(None, (shown.get("note", ""), note)))}


def metric_block(figure: Figure, *, shown: Mapping[str, Any], origin: Asked) -> Metric:
    return Metric(
        **shown,
        asked=origin,
        value=figure.value_text,
        change=f"{ARROWS[figure.direction]} {figure.change_text}".strip(),
        verdict="" if figure.good is None else "good" if figure.good else "bad",
        comparison=" · ".join(
            filter(
                None,
                (f"from {figure.comparison_text} {figure.comparison_label}" if figure.comparison is not None else "", figure.target_words),
            )
        ),
        tone=figure.tone or "",
        sparkline=figure.spark,
    )


def crosstab(table: Crosstab, *, shown: Mapping[str, Any], origin: Asked) -> Grid:
    """A pivot table as a table on paper: totals in bold, colours as on screen."""
    heads = table.heads
    if table.groups:
        above = [name for name, span in table.groups for _ in range(span)]
        heads = (heads[0], *(f"{group} {head}" for group, head in zip(above, heads[1:], strict=True)))
    last = len(table.rows) - 1
    return Grid(
        **shown,
        asked=origin,
        heads=heads,
        numeric=(False, *(True for _ in heads[1:])),
        rows=[(head, *(cell.text for cell in cells)) for head, cells in table.rows],
        marks=[[None, *(cell.mark for cell in cells)] for _, cells in table.rows],
        strong_row=last if table.totals_row else None,
        strong_columns=table.totals_columns,
    )


def grid(
    table: Table,
    view: OpenView,
    values: Mapping[str, Any],
    *,
    shown: Mapping[str, Any],
    columns: Sequence[str],
    zone: tzinfo,
    cells: int,
    totals: bool = False,
) -> Grid:
    formats = view.view.formats
    try:
        positions = [table.position(name) for name in columns] or written.shown(table.columns, formats)
    except KeyError as missing:
        raise BadInput(f"This panel needs the column {missing}, which its view does not return. Choose another column.") from None
    room = max(cells // max(len(positions), 1), 1)
    cut = f"first {room:,} of {table.row_count:,} rows" if table.row_count > room else ""
    heads = [table.columns[at] for at in positions]
    styles = [formats.get(column.name) for column in heads]
    shapes = list(zip(positions, styles, heads, strict=True))
    tones = highlight.tones(table, formats)
    texts = rows.Written(table, shapes, zone=zone, count=min(room, table.row_count))
    return Grid(
        **shown,
        asked=asked(table, view, values, cut=cut),
        heads=tuple(written.label(column, style) for _, style, column in shapes),
        numeric=tuple(written.align(column, style) == "right" for _, style, column in shapes),
        rows=texts,
        longest=texts.longest,
        marks=[[cells[at] for at in positions] if cells else None for cells in tones[:room]] if tones else (),
        totals=rows.totals(table, shapes, zone=zone) if totals and not cut else (),
    )

"""The fields of a structured answer on paper: as a table, or as the chart that a panel asks for."""

from collections.abc import Mapping

from markupsafe import Markup

from nexus.dashboards.spec import PromptPanel
from nexus.prompts import originals, records
from nexus.prompts.request import PromptRun
from nexus.reports.document import Failed, Grid, Picture
from nexus.reports.document import Panel as Block
from nexus.reports.panels import look
from nexus.views import charts
from nexus.views.charts import Plot, Sentence


def block(panel: PromptPanel, run: PromptRun, found: Mapping[str, str]) -> Block:
    """What the panel shows of the answer, with the originals that were found of its pseudonyms. Raises BadInput when it has no fields, ChartImpossible when the chart wants others."""
    table = originals.in_table(records.table(run), found)
    assert run.records
    shown = look(panel) | {"title": panel.title or run.prompt_title}
    shown["note"] = " ".join([part for part in (panel.note, *run.records.problems) if part])
    if panel.chart:
        match charts.draw(panel.chart, table, {}):
            case Plot() as drawing:
                said = charts.describe(panel.chart, table, {})
                return Picture(**shown, spec=drawing.spec, alternative=f"{said} {drawing.note}".strip())
            case Sentence() as sentence:
                return Failed(**shown, sentence=sentence.words)
            case _:
                pass  # a pivot or a single figure stands as the rows it is made of
    return Grid(
        **shown,
        heads=tuple(records.label(field) for field in run.records.fields),
        numeric=tuple(field.type == "number" for field in run.records.fields),
        rows=[tuple(originals.in_text(_text(records.text(value)), found) for value in row) for row in run.records.rows],
    )


def _text(value: Markup) -> str:
    return value.unescape()

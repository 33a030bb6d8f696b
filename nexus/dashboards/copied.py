"""What somebody takes along of a dashboard: its panels and filters without those that are not for them."""

from nexus.dashboards.opened import choices_view
from nexus.dashboards.spec import Dashboard, DataPanel, Panel, PromptPanel
from nexus.db import stand_ins
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter


def without_hidden(dashboard: Dashboard) -> Dashboard:
    """What is left of it for those who may not see some views and prompts, with nothing that points to what is gone."""
    filters = tuple(item for item in dashboard.filters if not stand_ins.is_one(choices_view(item) or ""))
    there = {item.name for item in filters}
    return dashboard.model_copy(
        update={
            "panels": tuple(_unlinked(panel, there) for panel in dashboard.panels if not _is_hidden(panel)),
            "filters": tuple(_independent(item, there) for item in filters),
        }
    )


def _unlinked(panel: Panel, filters: set[str]) -> Panel:
    if not isinstance(panel, DataPanel):
        return panel
    leads = (panel.drill.view or panel.drill.dashboard or "") if panel.drill else ""
    drill = None if stand_ins.is_one(leads) else panel.drill
    kept = {name: {key: by for key, by in getattr(panel, name).items() if by in filters} for name in ("parameters", "filtered")}
    return panel.model_copy(update={**kept, "drill": drill})


def _independent(item: Parameter, filters: set[str]) -> Parameter:
    if not isinstance(item, ChoiceParameter | MultipleChoiceParameter):
        return item
    narrowed = {column: by for column, by in item.choices.narrowed.items() if by in filters}
    return item.model_copy(update={"choices": item.choices.model_copy(update={"narrowed": narrowed})})


def _is_hidden(panel: Panel) -> bool:
    named = panel.prompt if isinstance(panel, PromptPanel) else panel.view if isinstance(panel, DataPanel) else ""
    return stand_ins.is_one(named)

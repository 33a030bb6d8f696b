"""The page of a draft: places for panels, of which only those are drawn anew that a change touches."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from nexus.dashboards import service as dashboards
from nexus.dashboards.service import OpenDashboard, PanelBroken
from nexus.dashboards.spec import Dashboard, DataPanel, Panel, PanelBase, PromptPanel
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.ui import redrawing
from nexus.ui.board import AT_FIRST, MANY, Board
from nexus.ui.composing.draft import Composing, shown_now
from nexus.ui.panels import draw_panel, frame

HEAD, STATE, BAR, TABS, HANDLES, EMPTY, SIDE = (
    f"compose-{part}" for part in ("top", "state", "filters", "tabs", "handles", "empty", "side")
)
"""Keys of the fragments around the panels."""
ALWAYS = (HEAD, STATE, HANDLES, SIDE)
SPARE = 8
"""Places that are kept free, so that what is added needs no new page."""


@dataclass
class Canvas(Board):
    """`opened` holds the panels of the tab that is open; `whole_draft` all of them."""

    editing: Composing = field(kw_only=True)
    shown: Dashboard = field(kw_only=True)
    whole_draft: OpenDashboard = field(kw_only=True)
    places: list[str | None] = field(default_factory=list)
    """Names of the panels by their places on the page; none where a place is free. Moving a panel leaves it in its place."""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """In reading order."""
        return self.opened.dashboard.panels

    def at(self, place: int) -> Panel | None:
        return next((panel for panel in self.panels if panel.name == self.places[place]), None)

    def key_of(self, panel: PanelBase) -> str:
        return _key(self.places.index(panel.name))

    def begin(self) -> None:
        """Of many panels those are drawn at once that were looked at last, or the first."""
        self.places = [*(panel.name for panel in self.panels), *[None] * SPARE]
        if len(self.panels) > MANY:
            first = [panel.name for panel in self.panels[:AT_FIRST]]
            self.seen = {*(self.editing.in_sight or first), *filter(None, [self.editing.chosen])}

    def came_into_sight(self, names: Iterable[str]) -> None:
        told = list(names)
        self.editing.in_sight = [*(name for name in self.editing.in_sight if name not in told), *told][-AT_FIRST:]
        super().came_into_sight(told)

    def look_again(self) -> None:
        """The rights of now. For callbacks; may end them."""
        try:
            self._open(self.shown)
        except NexusError:
            st.rerun()

    def _open(self, shown: Dashboard) -> None:
        saved = self.editing.opened if isinstance(self.editing.opened, OpenDashboard) else None
        with transaction() as session:
            draft = dashboards.open_draft(session, reader=self.user, dashboard=shown, opened=saved)
        self.shown, self.whole_draft, self.opened = shown, draft, framed(self.editing, draft, self.tab)

    def follow(self) -> None:
        """Draw what differs between the page and the draft. Ends what runs; returns where only a new page will do."""
        shown = shown_now(self.editing.content)
        if not self.whole or _outline(shown, self.tab) != _outline(self.shown, self.tab):
            return
        before = {panel.name: self._look(panel) for panel in self.panels}
        filters, tabs, was_empty = self.shown.filters, self.shown.tabs, not self.panels
        self._open(shown)
        if self.seen is None and len(self.panels) > MANY:
            self.seen = set(before)
        touched = self._place()
        if touched is None:
            return
        changed = [panel for panel in self.panels if panel.name not in before or before[panel.name] != self._look(panel)]
        if self.seen is not None and self.editing.chosen not in before:
            self.seen.update(filter(None, [self.editing.chosen]))
        self.ask(panel for panel in changed if self.sees(panel.name))
        more = {BAR: shown.filters != filters, TABS: shown.tabs != tabs, EMPTY: was_empty != (not self.panels)}
        panels = dict.fromkeys([*touched, *(self.key_of(panel) for panel in changed)])
        redrawing.only([*ALWAYS, *(key for key, differs in more.items() if differs), *panels])

    def _place(self) -> list[str] | None:
        """Give new panels a free place and free those of gone ones. Keys of the places that changed; none where there are too few."""
        names = [panel.name for panel in self.panels]
        before = list(self.places)
        self.places = [name if name in names else None for name in self.places]
        for name in names:
            if name not in self.places:
                if None not in self.places:
                    return None
                self.places[self.places.index(None)] = name
        self.drawn &= set(names)
        return [_key(at) for at, name in enumerate(self.places) if name != before[at]]

    def _look(self, panel: Panel) -> Any:
        """What its drawing depends on."""
        if isinstance(panel, PromptPanel):
            return panel, self.values
        if not isinstance(panel, DataPanel):
            return panel
        try:
            view = self.opened.view(panel.view)
            narrowed = self._narrowed(panel, self.values, self.picks, self.columns.get(panel.name, ()))
            return panel, view.version, view.source, narrowed, dashboards.waits_for(self.opened, panel, self.values)
        except PanelBroken as error:
            return panel, error.message


def draw_canvas(canvas: Canvas) -> None:
    """The grid with a cell for each place."""
    grid = frame()
    for place in range(len(canvas.places)):
        panel = canvas.at(place)
        size = {"column_span": panel.width, "row_span": panel.height} if panel else {}
        with grid.cell(**size):
            st.fragment(_draw_place, parallel=True, key=_key(place))(canvas, place)


def _draw_place(canvas: Canvas, place: int) -> None:
    panel = canvas.at(place)
    if panel is None:
        st.html('<span class="nexus-free"></span>')
    else:
        draw_panel(canvas, panel)


def _key(place: int) -> str:
    return f"place-{place}"


def _outline(shown: Dashboard, tab: str | None) -> object:
    """What a page is built around."""
    return [each.name for each in shown.tabs], shown.tab(tab)


def framed(editing: Composing, draft: OpenDashboard, tab: str | None) -> OpenDashboard:
    """The draft with the panels of one tab alone, under a name that filters of other drafts do not have."""
    name = f"draft-{editing.name.replace(':', '-')}"
    page = draft.dashboard.model_copy(update={"name": name, "panels": draft.dashboard.on(tab), "tabs": ()})
    return draft.model_copy(update={"dashboard": page})

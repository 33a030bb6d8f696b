"""One drawing of a dashboard: what is asked for it, what was answered, and what is drawn anew."""

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.dashboards import service as dashboards
from nexus.dashboards import showing
from nexus.dashboards.narrowing import Contradiction, Narrowed
from nexus.dashboards.picks import Pick
from nexus.dashboards.service import OpenDashboard, PanelBroken
from nexus.dashboards.showing import Before
from nexus.dashboards.spec import (
    DataPanel,
    DividerPanel,
    Panel,
    PanelBase,
    PromptPanel,
    SectionPanel,
    TextPanel,
)
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.sources.spec import QueryStopped, Table
from nexus.ui import picking
from nexus.ui.filter_choices import choice_key
from nexus.views.columns import unique_names
from nexus.views.offered import Offered, narrowing
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter
from nexus.views.question import Condition

HEAD, AS_OF = "dashboard-head", "dashboard-as-of"
_AT_ONCE = 8
AT_FIRST, MANY = 16, 30
"""So many panels are drawn at once where there are more than `MANY`; the others when they come into sight."""
ALONE = 8
"""Rows of a panel that has the whole page."""


@dataclass
class Board:
    """One drawing of a dashboard: what its fragments and callbacks share until the page runs anew."""

    opened: OpenDashboard
    user: User
    values: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Future[Table]] = field(default_factory=dict)
    read_at: dict[str, datetime] = field(default_factory=dict)
    drawn: set[str] = field(default_factory=set)
    favourite: bool = False
    whole: bool = False
    """The page has been drawn to its end, so that fragments alone can bring it up to date."""
    shows_rows_of: str | None = None
    filters_by: str | None = None
    """The panel of which a value is being chosen."""
    as_table: set[str] = field(default_factory=set)
    """Charts that somebody asked to read as a table."""
    tab: str | None = None
    """The one that is open."""
    picks: tuple[Pick, ...] = ()
    """What was clicked, and narrows the other panels."""
    listens: bool = False
    """Marks and cells can be clicked."""
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the columns of each panel that has answered."""
    offers: dict[str, Future[Offered]] = field(default_factory=dict)
    """What the choices among the filters offer, under way or known."""
    offered_for: dict[str, Any] = field(default_factory=dict)
    """The values that choices were looked for last."""
    toast: str = ""
    """What a click could not do: one sentence, said by the panel when it is drawn next."""
    beside: tuple[str, ...] = (HEAD, picking.CHIPS)
    """Keys of the fragments that show how the panels are, and are drawn with them."""
    redraw_also: tuple[str, ...] = ()
    """Keys of fragments that every change draws anew."""
    only: tuple[Condition, ...] = ()
    """Of the rows that are shown of a panel: those of the mark that was clicked."""
    figure: str | None = None
    """The column of the cell that was clicked."""
    alone: str | None = None
    """The panel that has the whole page."""
    large: bool = False
    """Drawn for a wall screen."""
    befores: dict[str, Future[Before]] = field(default_factory=dict)
    stops: dict[str, threading.Event] = field(default_factory=dict)
    shows_image_of: str | None = None
    seen: set[str] | None = None
    """Of a page with many panels, those that came into sight; none means that all are drawn."""
    later: set[str] = field(default_factory=set)
    """Those whose place alone is drawn now: their answers are not there yet, and come one by one."""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Those that are on the page: only these are asked."""
        if self.alone is not None:
            return tuple(
                panel.model_copy(update={"width": 12, "height": ALONE})
                for panel in self.opened.dashboard.panels
                if panel.name == self.alone
            )
        return self.opened.dashboard.on(self.tab)

    @property
    def in_sight(self) -> tuple[Panel, ...]:
        """Those of `panels` that are drawn with their data."""
        return tuple(panel for panel in self.panels if self.sees(panel.name))

    def sees(self, name: str) -> bool:
        return (self.seen is None or name in self.seen) and name not in self.later

    @property
    def unseen(self) -> list[str]:
        """Names of the panels that are drawn when they come into sight. What is drawn without asking anybody is drawn at once."""
        return [panel.name for panel in self.panels if isinstance(panel, DataPanel | PromptPanel) and not self.sees(panel.name)]

    def key_of(self, panel: PanelBase) -> str:
        """Of the fragment that draws it."""
        return f"panel-{panel.name}"

    def begin(self) -> None:
        """Of many panels only the first are asked for and drawn now."""
        if len(self.panels) > MANY:
            self.seen = {panel.name for panel in self.panels[:AT_FIRST]}

    def turn_to(self, tab: str | None) -> None:
        """Another tab: what is on every tab stays, what is left is given up, and what comes is asked for."""
        left = {panel.name for panel in self.panels}
        self.tab, self.seen = tab, None
        here = {panel.name for panel in self.panels}
        for name in left - here:
            if name in self.stops:
                self.stops.pop(name).set()
            for held in (self.answers, self.befores, self.read_at):
                held.pop(name, None)
        self.drawn &= here
        self.begin()
        self.ask(panel for panel in self.in_sight if panel.name not in self.answers)

    def came_into_sight(self, names: Iterable[str]) -> None:
        """For callbacks."""
        if self.seen is None:
            return
        # What a browser says may be forged: only what is there counts.
        new = [panel for panel in self.panels if panel.name in set(names) - self.seen]
        if not new or not self.whole:
            return
        self.look_again()
        self.seen |= {panel.name for panel in new}
        self.ask(new)
        self.redraw(new)

    def answer(self, panel: DataPanel) -> Future[Table]:
        """The question of `panel` under way, or a new one."""
        if panel.name not in self.answers:
            self.ask([panel])
        return self.answers[panel.name]

    def ask(self, panels: Iterable[PanelBase], *, fresh: bool = False, max_age_s: float | None = None) -> None:
        """Start the questions of `panels` together, each on a thread of its own. Equal ones are asked once by the source.

        What was asked for them before, and is not there yet, is given up.
        """
        asked = [panel for panel in panels if isinstance(panel, DataPanel)]
        if not asked:
            return
        pool = ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(asked)), thread_name_prefix="panel")
        for panel in asked:
            stop, before = threading.Event(), self.stops.get(panel.name)
            how = {"fresh": fresh, "max_age_s": max_age_s, "cancelled": stop.is_set}
            self.stops[panel.name] = stop
            self.answers[panel.name] = pool.submit(copy_context().run, self._ask, panel, dict(self.values), how)
            if showing.compares(panel):
                self.befores[panel.name] = pool.submit(copy_context().run, self._ask_before, panel, dict(self.values), how)
            if before is not None:
                before.set()
        pool.shutdown(wait=False)

    def offer(self, filters: Iterable[Parameter], values: dict[str, Any]) -> None:
        """Start to look for what choices offer, together and beside the panels."""
        wanted = [one for one in filters if isinstance(one, ChoiceParameter | MultipleChoiceParameter)]
        if not wanted:
            return
        self.offered_for = dict(values)
        pool = ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(wanted)), thread_name_prefix="choices")
        for one in wanted:
            self.offers[one.name] = pool.submit(copy_context().run, self.offered, one, dict(values))
        pool.shutdown(wait=False)

    def offered(self, one: Parameter, values: dict[str, Any], search: str = "") -> Offered:
        return dashboards.filter_choices(self.opened, one, reader=self.user, values=values, search=search)

    def _ask(self, panel: DataPanel, values: dict[str, Any], how: dict[str, Any]) -> Table:
        if how["cancelled"]():
            raise QueryStopped()
        return dashboards.ask_panel(self.opened, panel, reader=self.user, values=values, picks=self.picks, **how)

    def _ask_before(self, panel: DataPanel, values: dict[str, Any], how: dict[str, Any]) -> Before:
        if how["cancelled"]():
            raise QueryStopped()
        return showing.ask_before(self.opened, panel, reader=self.user, values=values, picks=self.picks, **how)

    def give_up(self) -> None:
        """Nobody waits any more for what is not there yet: its queries are cancelled, unless somebody else asked the same."""
        for stop in list(self.stops.values()):
            stop.set()

    def drop(self, panel: DataPanel, table: Table | None) -> None:
        """The panel is drawn: what is on screen is in the browser, and the rows need no second place here."""
        if table is None:
            self.read_at.pop(panel.name, None)
        else:
            self.read_at[panel.name] = table.read_at
            self.columns[panel.name] = unique_names(table.columns)
        self.answers.pop(panel.name, None)
        self.befores.pop(panel.name, None)

    def pending(self) -> list[Future[Any]]:
        """The questions without an answer yet. One that is answered counts no more, drawn or not: who waits for these would turn in circles."""
        asked: list[Future[Any]] = [*list(self.answers.values()), *list(self.befores.values())]
        return [future for future in asked if not future.done()]

    def waiting(self) -> set[str]:
        """Names of the panels whose answer, or what it is compared with, is not there yet."""
        asked: list[tuple[str, Future[Any]]] = [*list(self.answers.items()), *list(self.befores.items())]
        return {name for name, future in asked if not future.done()}

    def arrived(self) -> bool:
        """Whether an answer is there that is not drawn yet."""
        return any(
            future.done() and not (name in self.befores and not self.befores[name].done()) for name, future in list(self.answers.items())
        )

    def oldest(self) -> datetime | None:
        """Of the answers that are there, drawn or about to be."""
        arrived = [future.result().read_at for future in list(self.answers.values()) if future.done() and not future.exception()]
        return min([*self.read_at.values(), *arrived], default=None)

    def changed(self, values: dict[str, Any], also: Iterable[str] = ()) -> None:
        """A person changed a filter: ask again what depends on it, and draw only that, and the fragments of the keys in `also`.

        Before the page was drawn to its end nothing is done here, and it is drawn anew as a whole.
        """
        if not self.whole:
            return
        self.look_again()
        affected = [panel for panel in self.in_sight if self._to_draw(panel, values, self.picks)]
        dependent = self.offer_again(values)
        self.values = values
        self.ask(affected)
        self.redraw(affected, [*dependent, *also])

    def _to_draw(self, panel: Panel, values: dict[str, Any], picks: tuple[Pick, ...]) -> bool:
        """Whether it is to be asked and drawn again. An answer that nobody has drawn yet was given up when this change came."""
        return panel.name not in self.drawn or panel.name in self.answers or self._differs(panel, values, picks)

    def offer_again(self, values: dict[str, Any]) -> list[str]:
        """The choices that other values narrow otherwise than before; the keys of their boxes."""
        spec, held = self.opened.dashboard, self.offered_for
        others = [one for one in spec.filters if narrowing(one, spec.filters, values) != narrowing(one, spec.filters, held)]
        self.offer(others, values)
        return [choice_key(spec.name, one.name) for one in others]

    def picked(self, picks: tuple[Pick, ...], *, clicked: str | None = None) -> None:
        """Other marks are chosen: ask again what depends on them. In the panel that was `clicked` they are seen already."""
        if not self.whole:
            return
        affected = [panel for panel in self.in_sight if self._to_draw(panel, self.values, picks)]
        held = [{pick.panel: pick.points for pick in some} for some in (self.picks, picks)]
        marked = {name for name in {*held[0], *held[1]} if held[0].get(name) != held[1].get(name)} - {clicked}
        for name in marked:
            picking.again(self, name)
        self.picks = picks
        self.ask(affected)
        self.redraw([panel for panel in self.panels if panel in affected or panel.name in marked])

    def narrowed_by(self, picks: tuple[Pick, ...], clicked: DataPanel) -> bool:
        """Whether another panel, on any tab, shows other rows for `picks`. One that is not drawn yet may."""
        panels = [one for one in self.opened.dashboard.panels if isinstance(one, DataPanel) and one.name != clicked.name]
        return any(one.name not in self.columns or self._differs(one, self.values, picks) for one in panels)

    def look_again(self) -> None:
        """The rights of now: a page stays open for long, and what is shared may be taken back meanwhile. For callbacks; may end them."""
        try:
            with transaction() as session:
                now = dashboards.still_readable(session, reader=self.user, opened=self.opened)
        except NexusError:
            # The page says it, where there was one.
            st.rerun()
        if now is not self.opened:
            # What is left of it is another page: its panels no longer say what they showed.
            self.opened = now
            st.rerun()

    def redraw(self, panels: Iterable[PanelBase], more: Iterable[str] = ()) -> None:
        """Run the fragments of `panels`, of the head, and those of the keys in `more`. For callbacks; ends them."""
        if not self.whole:
            return
        st.rerun([*(self.key_of(panel) for panel in panels), *self.beside, *more, *self.redraw_also])

    def _differs(self, panel: Panel, values: dict[str, Any], picks: tuple[Pick, ...]) -> bool:
        match panel:
            case TextPanel() | SectionPanel() | DividerPanel():
                return False
            case PromptPanel():
                return values != self.values
            case _:
                columns = self.columns.get(panel.name)
                if columns is None and picks != self.picks:
                    return True
                try:
                    now, then = (
                        (self._narrowed(panel, *held, columns or ()), dashboards.waits_for(self.opened, panel, held[0]))
                        for held in ((values, picks), (self.values, self.picks))
                    )
                except PanelBroken:
                    return False
                return now != then

    def _narrowed(self, panel: DataPanel, values: dict[str, Any], picks: tuple[Pick, ...], columns: tuple[str, ...]) -> Narrowed | str:
        try:
            return dashboards.panel_narrowed(self.opened, panel, values, picks, columns)
        except Contradiction as error:
            return error.message

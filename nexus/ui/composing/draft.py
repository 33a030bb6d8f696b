"""The draft of a dashboard: its panels as values of their specs, perhaps unfinished, with a way back."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from pydantic import TypeAdapter, ValidationError

from nexus.dashboards.spec import Dashboard, Panel, Tab, TextPanel
from nexus.db import versions
from nexus.db.drafts import MOST_STEPS, Draft, Step
from nexus.db.session import Session
from nexus.errors import BadInput
from nexus.ui.editing import Content, Editing
from nexus.ui.forms import plain, slug
from nexus.ui.written import OWN
from nexus.views import drafts
from nexus.views.parameter import Parameter

Given = dict[str, Any]
_panel: TypeAdapter[Panel] = TypeAdapter(Panel)
_filter: TypeAdapter[Parameter] = TypeAdapter(Parameter)
_tab: TypeAdapter[Tab] = TypeAdapter(Tab)


@dataclass
class Composing(Editing):
    """A dashboard that one person edits."""

    past: list[str] = field(default_factory=list, repr=False)
    future: list[str] = field(default_factory=list, repr=False)
    step: int = 0
    """Which one the content is, counted from the first change of the draft."""
    moved: Step | None = field(default=None, repr=False)
    """The last one, until it is kept."""
    chosen: str | None = None
    """The panel whose form is open."""
    side: str = "Add"
    drawn: set[str] = field(default_factory=set)
    """Panels whose data was on the page before: it stays there until it is replaced."""
    in_sight: list[str] = field(default_factory=list)
    """Those that came into sight last."""
    follow: Callable[[], None] | None = field(default=None, repr=False)
    """Brings the page that is open up to what the draft says; may end what runs."""

    @property
    def panels(self) -> list[Given]:
        return self.content.setdefault("panels", [])

    def keep(self) -> None:
        if self.text() != self.kept:
            self.past.append(self.kept)
            self.future.clear()
            self.moved = Step(to=self.step + 1, left=self.step, content=json.loads(self.kept), anew=True)
            self.past, self.step = self.past[-MOST_STEPS:], self.step + 1
        super().keep()

    def keep_more(self, session: Session) -> None:
        if self.moved is not None:
            drafts.keep_step(session, user=self.user, name=self.name, kind=self.kind, step=self.moved)
            self.moved = None

    def recall(self, session: Session, draft: Draft) -> None:
        found = drafts.draft_steps(session, reader=self.user, name=self.name, kind=self.kind)
        texts = {step: json.dumps(content, sort_keys=True) for step, content in found.items()}
        self.step = draft.step
        self.past = [text for step, text in texts.items() if step < draft.step]
        self.future = [text for step, text in reversed(texts.items()) if step > draft.step]

    def redraw(self) -> None:
        """Bring the page up to what the draft says now. For callbacks, and bodies of fragments; ends them."""
        if self.follow is not None:
            self.follow()
        st.rerun()

    def back(self) -> None:
        self._step(self.past, self.future, -1)

    def again(self) -> None:
        self._step(self.future, self.past, 1)

    def _step(self, taken: list[str], given: list[str], by: int) -> None:
        if not taken:
            return
        given.append(self.text())
        self.moved = Step(to=self.step + by, left=self.step, content=json.loads(self.text()), anew=False)
        self.step += by
        self.replace(json.loads(taken.pop()))
        super().keep()

    def panel(self, name: str | None) -> Given | None:
        return next((panel for panel in self.panels if panel.get("name") == name), None)

    def choose(self, name: str | None) -> None:
        self.chosen = name
        self.side = "Panel" if name else "Add"

    def add(self, panel: Given, *, tab: str | None = None) -> None:
        """Put `panel` at the end of `tab`, under a name of its own, and open its form."""
        name = free_name(panel.get("name") or slug(str(panel.get("title") or "")) or panel["kind"], (one["name"] for one in self.panels))
        self.panels.append({**panel, "name": name} | ({"tab": tab} if tab else {}))
        self.choose(name)
        self.keep()


def free_name(stem: str, taken: Iterable[str]) -> str:
    """`stem`, or the first like it that is free."""
    names = set(taken)
    stem = stem[:56].strip("-") or "panel"
    return next(name for name in (stem, *(f"{stem}-{count}" for count in range(2, 10_000))) if name not in names)


def on_tab(content: Mapping[str, Any], tab: str | None) -> list[Given]:
    """The panels that stand on the page of `tab`, in reading order, as `Dashboard.on` has them."""
    names = {one.get("name") for one in content.get("tabs") or ()}
    panels = list(content.get("panels") or ())
    if not names:
        return panels
    shared = [panel for panel in panels if panel.get("tab") not in names]
    return [*shared, *(panel for panel in panels if panel.get("tab") == tab)]


def arranged(panels: Sequence[Given], order: Sequence[str], sizes: Mapping[str, Sequence[int]]) -> list[Given]:
    """`panels` with those of `order` in that order, in the places that they had among the others, and with `sizes` of width and height."""
    named = {panel["name"]: panel for panel in panels}
    moved = iter([named[name] for name in dict.fromkeys(order) if name in named])
    placed = [next(moved) if panel["name"] in set(order) else panel for panel in panels]
    for panel in placed:
        if panel["name"] in sizes:
            width, height = sizes[panel["name"]]
            panel["width"], panel["height"] = max(1, min(12, int(width))), max(1, min(24, int(height)))
    return placed


def dashboard_of(content: Content) -> Dashboard:
    """The spec that is meant. Raises BadInput with the first mistake, by the title of its panel."""
    title = str(content.get("title") or "").strip()
    if not title:
        raise BadInput("Give the dashboard a title first.")
    made = {key: value for key, value in content.items() if key not in OWN} | {"title": title}
    made["name"] = content.get("name") or slug(title)
    if not made["name"]:
        raise BadInput("No name can be made of this title. Give the dashboard a name in addresses, under Page.")
    for panel in content.get("panels") or ():
        try:
            _panel.validate_python(panel)
        except ValidationError as error:
            raise BadInput(f"The panel “{called(panel)}” is not finished: {missing(error)}") from None
    try:
        return Dashboard.model_validate(made)
    except ValidationError as error:
        raise BadInput(f"The dashboard was not published: {versions.first_problem(error)}. Correct it and try again.") from None


def called(panel: Mapping[str, Any]) -> str:
    return str(panel.get("title") or panel.get("name") or panel.get("kind"))


_ASKED = {
    "view": "choose a view.",
    "measure": "choose the column that holds the figure.",
    "prompt": "choose a prompt.",
    "text": "write its text.",
}


def missing(error: ValidationError) -> str:
    """What to do about the first mistake of a panel."""
    first = error.errors(include_input=False, include_url=False)[0]
    last = str(first["loc"][-1]) if first["loc"] else ""
    if last in _ASKED and first["type"] in ("missing", "string_type", "string_pattern_mismatch", "string_too_short"):
        return _ASKED[last]
    return f"{versions.first_problem(error)}."


def shown_now(content: Content) -> Dashboard:
    """The dashboard as far as it goes: a panel that is not finished stands as the sentence that says what it lacks."""
    panels: dict[str, Panel] = {}
    for number, panel in enumerate(content.get("panels") or ()):
        made = _shown(panel, number)
        panels.setdefault(made.name, made)
    return Dashboard(
        name="draft",
        title=str(content.get("title") or "").strip()[:200] or "Untitled",
        description=str(content.get("description") or ""),
        filters=_valid(_filter, content.get("filters")),
        tabs=_valid(_tab, content.get("tabs")),
        panels=tuple(panels.values()),
    )


def _shown(panel: Given, number: int) -> Panel:
    try:
        return _panel.validate_python(panel)
    except ValidationError as error:
        said = missing(error)
    stand_in = {key: panel[key] for key in ("name", "title", "width", "height", "tab") if key in panel}
    try:
        return TextPanel.model_validate({**stand_in, "text": plain(said[:1].upper() + said[1:])})
    except ValidationError:
        return TextPanel(name=f"panel-{number + 1}", text=plain(said[:1].upper() + said[1:]))


def _valid(kind: TypeAdapter[Any], given: Any) -> tuple[Any, ...]:
    """Those of `given` that are finished, each name once."""
    made: dict[str, Any] = {}
    for one in given or ():
        try:
            value = kind.validate_python(one)
        except ValidationError:
            continue
        made.setdefault(value.name, value)
    return tuple(made.values())

"""A view, a dashboard or a prompt while somebody edits it: what they typed is kept as a draft at every change, until it is saved or discarded."""

import difflib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import streamlit as st
from pydantic import ValidationError

from nexus.accounts.spec import User
from nexus.dashboards import service as dashboards
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import Dashboard
from nexus.db import versions
from nexus.db.drafts import Draft
from nexus.db.session import Session, transaction
from nexus.errors import BadInput, Conflict, NexusError
from nexus.prompts import service as prompts
from nexus.prompts.request import OpenPrompt
from nexus.prompts.spec import Prompt
from nexus.sources.spec import Source
from nexus.ui import url, when
from nexus.ui.forms import plain, sentence, slug
from nexus.views import drafts
from nexus.views import service as views
from nexus.views.printed import MOST_WORDS
from nexus.views.service import OpenView
from nexus.views.spec import View
from nexus.workspace import files

Content = dict[str, Any]
"""A spec as JSON values, perhaps unfinished."""
Spec = View | Dashboard | Prompt
Opened = OpenView | OpenDashboard | OpenPrompt
Kind = Literal["view", "dashboard", "prompt"]


def spec_of(opened: Opened) -> Spec:
    match opened:
        case OpenView():
            return opened.view
        case OpenDashboard():
            return opened.dashboard
        case OpenPrompt():
            return opened.prompt


@dataclass
class Editing:
    """One thing that one person edits. Forms change `content` in place, and call `keep`."""

    user: User
    name: str
    """Of the draft: the thing's own name, or one made for a new one."""
    content: Content
    base_version: int | None
    opened: Opened | None
    kept_at: datetime | None = None
    """When what was typed was last kept; None while nothing was changed."""
    problem: str = ""
    """Why the last try to save was refused."""
    unkept: str = ""
    """Why the draft could not be kept."""
    conflict: bool = False
    generation: str = field(default_factory=lambda: secrets.token_hex(3))
    """Another one each time that the content is read anew, so that its widgets begin anew too."""
    kept: str = field(default="", repr=False)
    kind: Kind = "view"

    @property
    def scope(self) -> str:
        """How keys of widgets begin."""
        return f"edit-{self.name}-{self.generation}"

    def text(self) -> str:
        """The content as text, to tell whether it changed."""
        return json.dumps(self.content, sort_keys=True, default=str)

    def keep(self) -> None:
        """Keep what was typed, where it changed."""
        text = self.text()
        if text == self.kept:
            return
        content, base = json.loads(text), self.base_version
        try:
            with transaction() as session:
                drafts.keep_draft(session, user=self.user, name=self.name, content=content, base_version=base, kind=self.kind)
                self.keep_more(session)
        except NexusError as error:
            # The page has it still; the next change tries again.
            self.unkept = error.message
            return
        self.kept, self.kept_at, self.unkept = text, datetime.now(UTC), ""

    def keep_more(self, session: Session) -> None:
        """What else is kept with the draft."""

    def recall(self, session: Session, draft: Draft) -> None:
        """Take up what else was kept with `draft`."""

    def begin(self) -> None:
        """After a form has prepared the content for itself: that alone is no change."""
        if self.kept_at is None:
            self.kept = self.text()

    def take(self, target: dict[str, Any], name: str, key: str, convert: Callable[[Any], Any] = lambda value: value) -> None:
        """For callbacks: what the widget `key` holds becomes `target[name]`."""
        target[name] = convert(st.session_state.get(key))
        self.keep()

    def replace(self, content: Content) -> None:
        """Another content in place of this one; widgets begin anew with it."""
        self.content, self.generation = content, secrets.token_hex(3)

    def leave(self) -> None:
        """This session lets go of it; the draft stays."""
        st.session_state.pop(_key(self.kind, self.name), None)

    def discard(self) -> None:
        """Give up what was typed."""
        with transaction() as session:
            drafts.discard_draft(session, user=self.user, name=self.name, kind=self.kind)
        self.leave()


Made = TypeVar("Made", bound=Editing)


def _key(kind: Kind, name: str) -> str:
    return f"editing-{kind}-{name}"


def edit(user: User, name: str, *, opened: OpenView | None, blank: Callable[[], Content]) -> Editing:
    """The view that `user` edits under `name`."""
    return resume(Editing, user, name, kind="view", opened=opened, blank=blank)


def resume(made: type[Made], user: User, name: str, *, kind: Kind, opened: Opened | None, blank: Callable[[], Content]) -> Made:
    """What `user` edits under `name`: as this session has it, as their draft has it, or as it was saved."""
    held = st.session_state.get(_key(kind, name))
    mine = isinstance(held, made) and held.user.id == user.id and not (held.kept_at is None and _older(held.base_version, opened))
    if mine and isinstance(held, made) and not _names_unseen(held, user):
        held.user, held.opened = user, opened
        return held
    content = versions.plain(spec_of(opened)) if opened else blank()
    editing = made(user=user, name=name, content=content, base_version=opened.version if opened else None, opened=opened, kind=kind)
    with transaction() as session:
        draft = drafts.find_draft(session, reader=user, name=name, kind=kind)
        if draft is not None:
            editing.recall(session, draft)
    if draft is not None:
        editing.content, editing.base_version, editing.kept_at = draft.content, draft.base_version, draft.changed_at
    editing.kept = editing.text()
    st.session_state[_key(kind, name)] = editing
    return editing


def _names_unseen(held: Editing, user: User) -> bool:
    """The right to see a view may have been taken back since the page was opened: then the draft is read anew, without it."""
    with transaction() as session:
        return drafts.names_unseen(session, reader=user, content=held.content)


def _older(base_version: int | None, opened: Opened | None) -> bool:
    return opened is not None and base_version != opened.version


def view_of(content: Content) -> View:
    """The spec that is meant. Raises BadInput with the first mistake."""
    title = str(content.get("title") or "").strip()
    if not title:
        raise BadInput("Give the view a title first.")
    made = {**content, "title": title, "name": content.get("name") or slug(title)}
    if not made["name"]:
        raise BadInput("No name can be made of this title. Give the view a name in addresses, under Details.")
    made.pop("note", None)
    try:
        view = View.model_validate(made)
    except ValidationError as error:
        raise BadInput(f"The view was not saved. {versions.first_problem(error)}") from None
    views.check_view(view)
    return view


def draw_head(editing: Editing, known: list[Source], *, ready: Callable[[], View], title: str = "") -> str | None:
    """Title, details, Save, and whatever there is to say about saving. Returns the name of what was saved in this run.

    `ready` makes the spec of what was typed; it raises NexusError while that is not possible. `title` is what an empty
    title stands for.
    """
    fields, scope = editing.content, editing.scope
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="edit-head"):
        at = f"{scope}-title"
        st.text_input(
            "Title",
            fields.get("title") or "",
            key=at,
            max_chars=200,
            placeholder=title or "What the view tells",
            on_change=editing.take,
            args=(fields, "title", at, _stripped),
            width="stretch",
        )
        _details(editing, known)
        mine = editing.opened is None or editing.opened.may_edit
        label, act = ("Save", save) if mine else ("Save as a new view", save_as_new)
        st.button(label, type="primary", key=f"{scope}-save", icon=":material/check:", on_click=act, args=(editing, ready))
    if not mine:
        st.caption("You may see this view, and its owner may change it. What you make of it becomes a view of your own.")
    return draw_outcome(editing, ready)


def draw_outcome(editing: Editing, ready: Callable[[], Spec]) -> str | None:
    """What there is to say about the last try to save. Returns the name of what was saved in this run."""
    if editing.problem:
        st.error(sentence(editing.problem), icon=":material/error:")
    _meanwhile(editing, ready)
    return st.session_state.pop(f"saved-{editing.name}", None)


def _details(editing: Editing, known: list[Source]) -> None:
    fields, scope = editing.content, editing.scope
    with st.popover("Details", icon=":material/edit_note:"):
        if editing.opened is None:
            _text(editing, "name", "Name in addresses", placeholder=slug(fields.get("title") or "") or "late-flights", max_chars=63)
        names = [source.name for source in known]
        if len(names) > 1:
            at = f"{scope}-source"
            chosen = names.index(fields["source"]) if fields.get("source") in names else 0
            st.selectbox("Source", names, chosen, key=at, on_change=_change_source, args=(editing, at))
        _text(editing, "description", "Description", max_chars=1000)
        at, tags = f"{scope}-tags", list(fields.get("tags") or ())
        st.multiselect(
            "Tags", tags, tags, key=at, accept_new_options=True, on_change=editing.take, args=(fields, "tags", at, list), select_all=False
        )
        if fields["question"].get("kind") == "table":
            at = f"{scope}-rows-behind"
            st.checkbox(
                "All who see its figures may see the rows behind them",
                bool(fields.get("rows_behind")),
                key=at,
                on_change=editing.take,
                args=(fields, "rows_behind", at),
                help="Of the columns that the view names, those without a rule of the source. Without it only those who build see the rows.",
            )
        _on_paper(editing)
        _text(editing, "note", "What changed (for the list of versions)", max_chars=500)


def _text(editing: Editing, name: str, label: str, *, max_chars: int, placeholder: str = "") -> None:
    at = f"{editing.scope}-{name}"
    st.text_input(
        label,
        editing.content.get(name) or "",
        key=at,
        max_chars=max_chars,
        placeholder=placeholder,
        on_change=editing.take,
        args=(editing.content, name, at, _stripped),
    )


def _on_paper(editing: Editing) -> None:
    """What its prints have at the head and the foot of every page."""
    said, scope = editing.content.get("print") or {}, f"{editing.scope}-print"
    st.checkbox(
        "Letterhead on every printed page",
        said.get("letterhead", True),
        key=f"{scope}-letterhead",
        on_change=_take_print,
        args=(editing, "letterhead", f"{scope}-letterhead"),
    )
    for name in ("header", "footer"):
        st.text_input(
            f"{name.capitalize()} instead of the letterhead's",
            said.get(name) or "",
            key=f"{scope}-{name}",
            max_chars=MOST_WORDS,
            on_change=_take_print,
            args=(editing, name, f"{scope}-{name}"),
        )


def _take_print(editing: Editing, name: str, at: str) -> None:
    editing.content.setdefault("print", {})
    editing.take(editing.content["print"], name, at, lambda value: value if isinstance(value, bool) else _stripped(value))


def _stripped(value: str | None) -> str:
    return (value or "").strip()


def _change_source(editing: Editing, at: str) -> None:
    editing.take(editing.content, "source", at)
    st.rerun()


def draw_draft(editing: Editing) -> None:
    """Since when what was typed is kept without being saved, and the way to give it up."""
    if editing.kept_at is None:
        return
    local = editing.kept_at.astimezone(when.zone())
    shown = f"{local:%H:%M}" if local.date() == datetime.now(when.zone()).date() else when.moment(editing.kept_at)
    st.caption(f":material/draft: Draft kept at {shown}, not saved yet", width="content")
    st.button("Discard the draft", key=f"{editing.scope}-discard", type="tertiary", on_click=discard, args=(editing,))


def discard(editing: Editing) -> None:
    editing.discard()
    if editing.opened is None:
        url.go(draft=None)
    st.rerun()


def save(editing: Editing, ready: Callable[[], Spec]) -> None:
    """For callbacks: keep what `ready` makes as a version. A refusal stays in `editing`, for `draw_outcome`."""
    editing.problem = ""
    try:
        spec = ready()
        if editing.base_version is None and not editing.content.get("name"):
            spec = _freely_named(spec, editing.user)
        _store(spec, editing)
    except Conflict as conflict:
        if editing.base_version is None:
            editing.problem = conflict.message
        else:
            editing.conflict = True
        return
    except NexusError as error:
        editing.problem = error.message
        return
    editing.discard()
    st.session_state[f"saved-{editing.name}"] = spec.name


def _store(spec: Spec, editing: Editing) -> None:
    # Saved as something new, it is as open as what it came from.
    user, base, is_open = editing.user, editing.base_version, editing.opened.open_to_all if editing.opened else True
    note = editing.content.get("note") or ""
    with transaction() as session:
        match spec:
            case View():
                views.save_view(session, user=user, view=spec, base_version=base, note=note, open_to_all=is_open)
            case Dashboard():
                dashboards.save_dashboard(session, user=user, dashboard=spec, base_version=base, note=note, open_to_all=is_open)
            case Prompt():
                prompts.save_prompt(session, user=user, prompt=spec, base_version=base, note=note, open_to_all=is_open)


def _meanwhile(editing: Editing, ready: Callable[[], Spec]) -> None:
    """Somebody saved another version since this one was opened: who, when, and what can be done about it."""
    if editing.base_version is None or editing.opened is None or not (editing.conflict or _older(editing.base_version, editing.opened)):
        return
    with transaction() as session:
        theirs = versions.load(session, reader=editing.user, kind=editing.kind, name=spec_of(editing.opened).name)
    if theirs.version == editing.base_version:
        return
    who = plain(theirs.saved_by or "Someone")
    with st.container(border=True, key="meanwhile"):
        st.markdown(
            f"**{who} saved version {theirs.version}** {when.since(theirs.saved_at)}, after you began from version "
            f"{editing.base_version}. Nothing of yours is lost."
        )
        with st.container(horizontal=True):
            scope = editing.scope
            st.button("Save mine on top", key=f"{scope}-on-top", on_click=_save_on_top, args=(editing, theirs.version, ready))
            st.button(f"Save mine as a new {editing.kind}", key=f"{scope}-as-new", on_click=save_as_new, args=(editing, ready))
            st.button("Take theirs", key=f"{scope}-take", on_click=discard, args=(editing,))
            st.toggle("Show the difference", key=f"{scope}-difference")
        if st.session_state.get(f"{editing.scope}-difference"):
            st.code(_difference({"kind": editing.kind, **theirs.spec}, ready), language="diff", wrap_lines=True)


def _save_on_top(editing: Editing, version: int, ready: Callable[[], Spec]) -> None:
    before, editing.base_version = editing.base_version, version
    save(editing, ready)
    if editing.problem:
        editing.base_version = before


def save_as_new(editing: Editing, ready: Callable[[], Spec]) -> None:
    """Under the first name that is free, with the same title."""
    before, editing.base_version = editing.base_version, None
    save(editing, lambda: _freely_named(ready(), editing.user))
    if editing.problem:
        editing.base_version = before


def _freely_named(spec: Spec, user: User) -> Spec:
    """Under its own name, or the first like it that is free: nobody chose it."""
    with transaction() as session:
        of = views if isinstance(spec, View) else dashboards if isinstance(spec, Dashboard) else prompts
        taken = of.taken_names(session, reader=user)
    stem = spec.name[:56].rstrip("-")
    name = next(name for name in (spec.name, *(f"{stem}-{count}" for count in range(2, 10_000))) if name not in taken)
    return spec.model_copy(update={"name": name})


def _difference(theirs: dict[str, Any], ready: Callable[[], Spec]) -> str:
    """Theirs against mine, as lines of YAML."""
    try:
        mine = {"kind": theirs["kind"], **versions.plain(ready())}
    except NexusError as error:
        return error.message
    before, after = (files.write(spec).splitlines() for spec in (theirs, mine))
    return "\n".join(difflib.unified_diff(before, after, "theirs", "mine", lineterm="")) or "Both say the same."

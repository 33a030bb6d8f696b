"""What can be done with a view, dashboard or prompt as a whole: duplicate it, and look where it is used and how it runs.

Each opens in a dialog, and is read only then.
"""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from nexus.accounts.sharing import Kind
from nexus.accounts.spec import Permission, User
from nexus.dashboards import service as dashboards
from nexus.db.session import transaction
from nexus.db.uses import Use
from nexus.errors import NexusError
from nexus.prompts import service as prompts
from nexus.ui import editor
from nexus.ui.forms import plain, sentence
from nexus.ui.page import errors_shown
from nexus.ui.sharing import draw_see_as
from nexus.ui.view_runs import draw_runs
from nexus.views import service as views
from nexus.views.service import OpenView

DUPLICATE: dict[Kind, Callable[..., None]] = {
    "view": views.duplicate_view,
    "dashboard": dashboards.duplicate_dashboard,
    "prompt": prompts.duplicate_prompt,
}
QUERY, VERSIONS, RUNS, USED, COPY, SEE_AS = "Query", "Versions", "Runs", "Where it is used", "Duplicate", "See it as somebody else"
ICONS = {VERSIONS: "history", RUNS: "monitoring", COPY: "content_copy", SEE_AS: "visibility"}


def offered(user: User, opened: OpenView | None = None) -> list[str]:
    """What the menu at the end of a page's head holds. `opened` is the view, where it is one."""
    if user.looked_at_by is not None:
        return []
    return [
        *([VERSIONS, RUNS] if opened else []),
        *([COPY] if user.may(Permission.BUILD) else []),
        *([SEE_AS] if user.may(Permission.ADMINISTER) else []),
    ]


def draw_more(user: User, kind: Kind, name: str, title: str, *, opened: OpenView | None = None) -> None:
    """That menu, and the dialogs behind it."""
    options = offered(user, opened)
    if not options:
        return
    chosen = st.menu_button(
        "More",
        options,
        format_func=lambda option: f":material/{ICONS[option]}: {option}",
        icon=":material/more_horiz:",
        key=f"icon-more-{kind}",
    )
    if chosen in (COPY, SEE_AS):
        open_dialog(chosen, user, kind, name, title)
    elif chosen and opened:
        _open(chosen, user, opened, {})


def open_dialog(what: str, user: User, kind: Kind, name: str, title: str) -> None:
    """`what` is `COPY` or `SEE_AS`."""
    if what == COPY:
        st.dialog(f"Duplicate this {kind}")(_draw_duplicate)(user, kind, name, title)
    else:
        st.dialog(SEE_AS)(draw_see_as)(user)


def draw_foot(user: User, opened: OpenView, values: Mapping[str, Any]) -> Any:
    """The line below a view. Returns the place at its left, for what its rows are: how old, how many, all or not."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="view-foot"):
        said = st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="view-said")
        for what in (QUERY, VERSIONS, RUNS, USED):
            if st.button(what, type="tertiary", key=f"about-{what.split()[0].lower()}"):
                _open(what, user, opened, values)
    return said


def _open(what: str, user: User, opened: OpenView, values: Mapping[str, Any]) -> None:
    def draw() -> None:
        with errors_shown(where=what, user=user):
            match what:
                case _ if what == QUERY:
                    st.code(views.query_of(opened, reader=user, values=values).sql.strip(), language="sql", wrap_lines=True)
                case _ if what == VERSIONS:
                    _draw_versions(user, opened)
                case _ if what == RUNS:
                    draw_runs(user, opened.view.name)
                case _:
                    _draw_uses(user, opened.view.name)

    st.dialog(what, width="large")(draw)()


def _draw_versions(user: User, opened: OpenView) -> None:
    name = opened.view.name
    may_edit = opened.may_edit and user.may(Permission.BUILD)
    with transaction() as session:
        listed = views.view_versions(session, reader=user, name=name)
    restored = editor.draw_versions("view", name, listed, user=user, restore=may_edit)
    if restored is None:
        return
    with transaction() as session:
        views.restore_view(session, user=user, name=name, version=restored, base_version=listed[0].version)
    st.rerun()


def _draw_uses(user: User, name: str) -> None:
    with transaction() as session:
        found = views.used_by(session, reader=user, name=name)
    st.caption(summary(found))
    for use in found:
        st.page_link(f"pages/{use.kind}.py", label=plain(use.title), query_params={"name": use.name})


def summary(found: list[Use]) -> str:
    """`Used in 2 dashboards and 1 prompt`."""
    counts = [(sum(use.kind == kind for use in found), kind) for kind in ("dashboard", "prompt", "view")]
    parts = [f"{count} {kind}{'' if count == 1 else 's'}" for count, kind in counts if count]
    if not parts:
        return "No dashboard, prompt or other view uses this one. Put it on a dashboard to share its figures."
    return f"Used in {', '.join(parts[:-1])}{' and ' if len(parts) > 1 else ''}{parts[-1]}"


def _draw_duplicate(user: User, kind: Kind, name: str, title: str) -> None:
    """Asks for the copy's title and name, and opens it."""
    st.caption(f"The copy is yours, and as open as this {kind} is. Later changes here do not reach it.")
    new_title = st.text_input("Title", f"Copy of {title}"[:200], key=f"duplicate-{kind}-{name}-title", max_chars=200)
    as_name = st.text_input("Name in addresses", f"{name[:55]}-copy", key=f"duplicate-{kind}-{name}-name", max_chars=63)
    if not st.button("Duplicate it", key=f"duplicate-{kind}-{name}-sure", type="primary"):
        return
    try:
        with transaction() as session:
            DUPLICATE[kind](session, user=user, name=name, as_name=as_name, title=new_title)
    except NexusError as error:
        st.error(sentence(error.message), icon=":material/error:")
        return
    st.switch_page(f"pages/{kind}.py", query_params={"name": as_name.strip()})

"""What can be done with a view, dashboard or prompt as a whole: duplicate it, and look where it is used and how it runs."""

from collections.abc import Callable

import streamlit as st

from nexus.accounts.sharing import Kind
from nexus.accounts.spec import Permission, User
from nexus.dashboards import service as dashboards
from nexus.db.session import transaction
from nexus.db.uses import Use
from nexus.errors import NexusError
from nexus.prompts import service as prompts
from nexus.ui.forms import plain, sentence
from nexus.ui.page import errors_shown
from nexus.ui.view_runs import draw_runs
from nexus.views import service as views

DUPLICATE: dict[Kind, Callable[..., None]] = {
    "view": views.duplicate_view,
    "dashboard": dashboards.duplicate_dashboard,
    "prompt": prompts.duplicate_prompt,
}


def draw_duplicate(user: User, kind: Kind, name: str, title: str) -> None:
    """Asks for the copy's title and name, and opens it. Nothing for those who may not build."""
    if not user.may(Permission.BUILD):
        return
    with st.popover("Duplicate", icon=":material/content_copy:", key=f"duplicate-{kind}"):
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


def draw_about_view(user: User, name: str, title: str) -> None:
    """Below a view: where it is used, how it runs, and a copy of it; each read when it is opened."""
    with st.container(key="view-about"):
        with st.expander("Runs", icon=":material/monitoring:", key="view-runs", on_change="rerun") as shown:
            if shown.open:
                with errors_shown(where="runs", user=user):
                    draw_runs(user, name)
        with st.expander("Where it is used", icon=":material/account_tree:", key="view-uses", on_change="rerun") as used:
            if used.open:
                with errors_shown(where="uses", user=user):
                    _draw_uses(user, name)
        draw_duplicate(user, "view", name, title)


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

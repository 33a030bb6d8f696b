"""What can be put on a dashboard, and where it comes from."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.dashboards import service as dashboards
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import Dashboard, TablePanel
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.prompts import service as prompts
from nexus.sources.spec import Table
from nexus.ui import url
from nexus.ui.composing.draft import Composing, Given, free_name
from nexus.ui.composing.fields import change
from nexus.ui.forms import plain
from nexus.ui.view_drafts import fresh
from nexus.views import charts
from nexus.views import service as views
from nexus.views.charts import measure

LOOKS = {"chart": ":material/bar_chart: Chart", "table": ":material/table: Table", "metric": ":material/looks_one: Figure"}
SIZES = {"chart": (6, 4), "table": (6, 4), "metric": (3, 2), "text": (6, 2), "prompt": (12, 5)}


def draw_adding(editing: Composing, user: User, tab: str | None) -> None:
    """A view first, since most panels show one."""
    scope = f"{editing.scope}-add"
    with transaction() as session:
        listed = views.list_views(session, reader=user)
        asked = prompts.list_prompts(session, reader=user)
    titles = {one.name: one.title for one in listed}
    view = st.selectbox(
        "From a view",
        list(titles),
        index=None,
        format_func=lambda name: plain(titles.get(name or "", str(name))),
        placeholder="Type to search the views" if titles else "There are no views yet",
        key=f"{scope}-view",
    )
    with st.container(horizontal=True, gap="xsmall", key="add-looks"):
        for kind, label in LOOKS.items():
            st.button(
                label,
                key=f"{scope}-{kind}",
                disabled=view is None,
                on_click=_add_view,
                args=(editing, user, view, kind, tab),
            )
    with st.container(horizontal=True, gap="small", key="add-new-view"):
        st.caption("Or make a view for it:", width="content")
        for way, label in (("table", "by choosing"), ("sql", "in SQL")):
            st.page_link("pages/view.py", label=label, query_params={"new": way, "draft": fresh(), "to": address(editing)})
    st.markdown("**Without a view**")
    with st.container(horizontal=True, gap="xsmall"):
        for panel, label in _OTHERS:
            st.button(label, key=f"{scope}-{panel['kind']}", on_click=_add, args=(editing, panel, tab))
    if asked:
        named = {one.name: one.title for one in asked}
        chosen = st.selectbox(
            "A prompt",
            list(named),
            index=None,
            format_func=lambda name: plain(named.get(name or "", str(name))),
            placeholder="Type to search the prompts",
            key=f"{scope}-prompt",
        )
        if chosen:
            width, height = SIZES["prompt"]
            made = {"kind": "prompt", "prompt": chosen, "name": chosen, "title": named[chosen], "width": width, "height": height}
            st.button(":material/add: Add the prompt", key=f"{scope}-add-prompt", on_click=_add, args=(editing, made, tab))
    st.button(
        ":material/tab: Tab", key=f"{scope}-tab", on_click=change, args=(editing, add_tab, editing), help="Panels on pages of their own"
    )


_OTHERS: tuple[tuple[Given, str], ...] = (
    ({"kind": "text", "text": "Write here what the page shows.", "width": 6, "height": 2}, ":material/notes: Text"),
    ({"kind": "section", "title": "Section"}, ":material/title: Section"),
    ({"kind": "divider"}, ":material/horizontal_rule: Divider"),
)


def address(editing: Composing) -> str:
    """How another page names this draft, to come back to it."""
    return editing.name


def _add(editing: Composing, panel: Given, tab: str | None) -> None:
    editing.add(dict(panel), tab=tab)
    editing.redraw()


def _add_view(editing: Composing, user: User, view: str, kind: str, tab: str | None) -> None:
    add_view(editing, user, view, kind=kind, tab=tab)
    editing.redraw()


def add_view(editing: Composing, user: User, view: str, *, kind: str = "", tab: str | None = None) -> None:
    """A panel of `view`; without a `kind`, its chart where it has one, else a table."""
    with transaction() as session:
        look = TablePanel(name="look", view=view)
        opened = dashboards.open_draft(session, reader=user, dashboard=Dashboard(name="look", title="Look", panels=(look,)))
    found = opened.views.get(view)
    if found is None:
        return
    kind = kind or ("chart" if found.view.chart else "table")
    width, height = SIZES[kind]
    panel: Given = {"kind": kind, "name": view, "title": found.view.title, "view": view, "width": width, "height": height}
    editing.add(panel | _beginning(kind, opened, look, user, has_chart=found.view.chart is not None), tab=tab)


def _beginning(kind: str, opened: OpenDashboard, panel: TablePanel, user: User, *, has_chart: bool) -> Given:
    """What the kind needs beside the view, as far as the rows tell."""
    if kind == "table" or (kind == "chart" and has_chart):
        return {}
    table = rows(opened, panel, user)
    if table is None:
        return {}
    if kind == "metric":
        drawn = charts.propose(table)
        figures = [*(drawn.y if drawn else ()), *figures_of(table)]
        return {"measure": figures[0]} if figures else {}
    proposed = charts.propose(table)
    return {"chart": proposed.model_dump(exclude_defaults=True, mode="json") | {"kind": proposed.kind}} if proposed else {}


def rows(opened: OpenDashboard, panel: TablePanel, user: User) -> Table | None:
    """What the panel's view gives; none where it cannot be asked, which the panel itself says."""
    try:
        return dashboards.ask_panel(opened, panel, reader=user, values={})
    except NexusError:
        return None


def figures_of(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.name and measure(column) == "quantitative"]


def add_tab(editing: Composing) -> None:
    """Another tab, which opens. With the first comes one for what is there already, so that nothing is on two."""
    tabs = editing.content.setdefault("tabs", [])
    first = not tabs
    for _ in range(2 if first else 1):
        name = free_name(f"tab-{len(tabs) + 1}", (tab["name"] for tab in tabs))
        tabs.append({"name": name, "title": f"Tab {len(tabs) + 1}"})
    if first:
        for panel in editing.panels:
            panel.setdefault("tab", tabs[0]["name"])
    editing.side = "Page"
    url.go(tab=tabs[-1]["name"])

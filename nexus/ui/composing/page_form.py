"""What belongs to the dashboard as a whole: description, tags, tabs, and how often it asks again."""

import streamlit as st

from nexus.ui.composing.adding import add_tab
from nexus.ui.composing.draft import Composing
from nexus.ui.composing.fields import Fields, change
from nexus.ui.forms import plain, slug
from nexus.views.printed import MOST_WORDS

REFRESH = {30: "every 30 seconds", 60: "every minute", 300: "every 5 minutes", 900: "every 15 minutes", 3600: "every hour"}
APPLY = {"live": "at once", "button": "when “Apply” is pressed"}


def draw_page_form(editing: Composing) -> None:
    fields = Fields(editing, editing.content, f"{editing.scope}-page")
    if editing.opened is None:
        suggested = slug(str(editing.content.get("title") or ""))
        fields.text("name", "Name in addresses", max_chars=63, placeholder=suggested or "late-flights")
    fields.text("description", "Description", lines=3, max_chars=1000)
    fields.several("tags", "Tags", (), new=True, empty="Type a tag")
    fields.choice("refresh_seconds", "Ask again by itself", REFRESH, empty="never")
    fields.choice("apply", "Filters hold", APPLY, default="live")
    _draw_tabs(editing)
    _draw_print(editing)


def _draw_print(editing: Composing) -> None:
    st.markdown("**On paper**")
    said = editing.content.get("print") or {}
    fields = Fields(editing, said, f"{editing.scope}-print", inside=(editing.content, "print"))
    fields.switch("letterhead", "Letterhead on every page", default=True)
    fields.text("header", "Header instead of the letterhead's", max_chars=MOST_WORDS)
    fields.text("footer", "Footer instead of the letterhead's", max_chars=MOST_WORDS)


def _draw_tabs(editing: Composing) -> None:
    tabs = editing.content.get("tabs") or []
    st.markdown("**Tabs**")
    if not tabs:
        st.caption("All panels are on one page. Tabs put them on several, and only those of the open one are asked.")
    for at, tab in enumerate(tabs):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", key=f"tab-row-{at}"):
            Fields(editing, tab, f"{editing.scope}-tab-{tab['name']}").text("title", f"Title of tab {at + 1}", max_chars=100)
            called = plain(tab.get("title") or tab["name"])
            if at:
                label = f"Move {called} before"
                st.button(
                    label,
                    icon=":material/arrow_upward:",
                    key=f"icon-tab-up-{at}",
                    type="tertiary",
                    help=label,
                    on_click=change,
                    args=(editing, _move, editing, at),
                )
            label = f"Remove {called}; its panels move to the tab before it"
            st.button(
                label,
                icon=":material/delete:",
                key=f"icon-tab-off-{at}",
                type="tertiary",
                help=label,
                on_click=change,
                args=(editing, _remove, editing, at),
            )
    st.button(":material/add: Add a tab", key=f"{editing.scope}-tab-add", on_click=change, args=(editing, add_tab, editing))


def _move(editing: Composing, at: int) -> None:
    tabs = editing.content["tabs"]
    tabs[at - 1], tabs[at] = tabs[at], tabs[at - 1]


def _remove(editing: Composing, at: int) -> None:
    """Its panels go to the tab before it, or to the first that is left."""
    tabs = editing.content["tabs"]
    gone = tabs.pop(at)
    kept = tabs[max(0, at - 1)]["name"] if tabs else None
    for panel in editing.panels:
        if panel.get("tab") == gone["name"]:
            panel.pop("tab")
            if kept:
                panel["tab"] = kept
    if not tabs:
        del editing.content["tabs"]

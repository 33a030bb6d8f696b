"""The cards and first steps of the home page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import streamlit as st

from nexus.db.listing import Listed
from nexus.ui import when
from nexus.ui.forms import plain, sentence


@dataclass(frozen=True)
class Step:
    """One thing to do in an empty account, and the page where it is done."""

    text: str
    done: bool
    page: str
    query: dict[str, str] = field(default_factory=dict)


def first_step(found: Sequence[Listed], samples: Sequence[Listed]) -> Step:
    """`samples` are asked for as long as nothing was opened."""
    done = any(item.visited_at for item in found)
    sample = next((item for item in samples if "sample" in item.tags), None)
    if sample is None:
        return Step("Open a dashboard", done=done, page="pages/dashboards.py")
    return Step("Open the sample dashboard", done=done, page="pages/dashboard.py", query={"name": sample.name})


def draw_steps(steps: Sequence[Step]) -> None:
    with st.container(border=True, key="steps"):
        st.markdown("**First steps**")
        with st.container(key="rows-steps"):
            for step in steps:
                mark = ":green[:material/check_circle:]" if step.done else ":gray[:material/radio_button_unchecked:]"
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.markdown(mark, width="content")
                    if step.done:
                        st.caption(f"{step.text} · done", width="content")
                    else:
                        st.page_link(step.page, label=step.text, query_params=step.query)


def draw_cards(
    title: str, found: Sequence[Listed], *, hint: str = "", page: str = "pages/dashboard.py", live: Callable[[str], None] | None = None
) -> None:
    """Dashboards, or what else `page` shows, as cards under their heading; without any, `hint` or nothing.

    `live` draws what the thing of a name shows now.
    """
    if not found and not hint:
        return
    st.header(title, anchor=False)
    if not found:
        st.caption(hint)
        return
    with st.grid(min_column_width=280, gap="small"):
        for item in found:
            with st.container(border=True):
                st.page_link(page, label=f"**{plain(item.title)}**", query_params={"name": item.name})
                if item.description:
                    st.caption(plain(item.description))
                if live and not item.problem:
                    live(item.name)
                opened = f"opened {when.since(item.visited_at)}" if item.visited_at else "not opened yet"
                st.caption(f"changed {when.since(item.changed_at)} · {opened}")
                if item.problem:
                    st.warning(sentence(item.problem))

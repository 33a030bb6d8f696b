"""Every prompt one may open, with its score, what a run costs and when the last one was."""

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.db.prompt_scores import Figures
from nexus.db.session import transaction
from nexus.prompts import service as prompts
from nexus.prompts import trials
from nexus.ui import lists, when
from nexus.ui.view_drafts import draw_drafts, fresh


def draw_prompts(user: User) -> None:
    """The list, with search: favourites first."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Prompts", anchor=False)
        if user.may(Permission.BUILD):
            st.page_link("pages/prompt.py", label="New prompt", icon=":material/add:", query_params={"new": "form", "draft": fresh()})
        st.page_link("pages/runs.py", label="All runs", icon=":material/history:")
    draw_drafts(user, "prompt")
    search = lists.search_box("Search prompts")
    with transaction() as session:
        found = prompts.list_prompts(session, reader=user, search=search)
        figures = trials.figures(session, reader=user, names=[item.name for item in found])
    lists.draw_list(
        found,
        page="pages/prompt.py",
        search=search,
        empty="There are no prompts yet. A prompt asks Gemini about your data, and shows what it sends before it does. Make one with New prompt.",
        notes={name: _figures(of) for name, of in figures.items()},
    )


def _figures(of: Figures) -> str:
    """Score of the newest version, what a run costs, and when the last one was."""
    parts = [
        f"{of.passed} of {of.total} tests passed" if of.total else "",
        f"${of.cost_usd_micros / 1_000_000:.4f} a run" if of.cost_usd_micros is not None else "",
        f"last run {when.since(of.last_run)}" if of.last_run else "never run",
    ]
    return "".join(f" · {part}" for part in parts if part)

"""Drafts of views and dashboards that are not saved yet, on the page where these are listed."""

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.db.drafts import Draft
from nexus.db.session import transaction
from nexus.ui import when
from nexus.ui.builder import words
from nexus.ui.editing import Kind
from nexus.ui.forms import plain
from nexus.views import drafts

MOST = 5


def fresh() -> str:
    """A new draft as links to the form name it. A form that names its own adds an address, and the browser's way back would end at it."""
    return drafts.new_name().removeprefix(drafts.NEW)


def draw_drafts(user: User, kind: Kind = "view") -> None:
    """The person's own, each with the way back to it; nothing where there are none."""
    if not user.may(Permission.BUILD):
        return
    with transaction() as session:
        found = drafts.new_drafts(session, reader=user, kind=kind)
    if not found:
        return
    with st.container(border=True, gap="xsmall", key="rows-drafts"):
        st.caption(f"Drafts of new {kind}s, which only you see")
        for draft in found[:MOST]:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.page_link(f"pages/{kind}.py", label=plain(_title(draft)), icon=":material/draft:", query_params=_address(draft, kind))
                st.caption(f"{when.since(draft.changed_at)}", width="content")
                st.button("Discard", key=f"discard-{draft.name}", type="tertiary", on_click=_discard, args=(user, draft.name, kind))
        if len(found) > MOST:
            st.caption(f"The newest {MOST} of {len(found)}.")


def _title(draft: Draft) -> str:
    """Its title; without one, its steps or the beginning of its SQL."""
    question = draft.content.get("question")
    about = question if isinstance(question, dict) else {}
    sql = " ".join(str(about.get("sql") or "").split())
    return str(draft.content.get("title") or words.title(about) or (f"{sql[:60]}…" if len(sql) > 60 else sql) or "Untitled")


def _address(draft: Draft, kind: Kind) -> dict[str, str]:
    if kind != "view":
        return {"new": "page", "draft": draft.name.removeprefix(drafts.NEW)}
    question = draft.content.get("question")
    way = question.get("kind") if isinstance(question, dict) else "table"
    return {"new": str(way or "table"), "draft": draft.name.removeprefix(drafts.NEW)}


def _discard(user: User, name: str, kind: Kind) -> None:
    with transaction() as session:
        drafts.discard_draft(session, user=user, name=name, kind=kind)

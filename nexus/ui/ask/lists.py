"""The questions before: one's own, wrong answers that were reported, and examples; administrators settle the last two."""

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.asking import service as asking
from nexus.asking.spec import Asking
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.ui import forms, url, when
from nexus.ui.ask.state import Place

MINE, WRONG, GOOD = LISTS = ("Your questions", "Reported as wrong", "Answered well")
EMPTY = {
    MINE: "What you ask stands here, for you alone.",
    WRONG: "No wrong answer is reported.",
    GOOD: "No answer was found good yet. Those that are go along with questions alike.",
}
SAID = {
    "answered": "answered",
    "cannot": "cannot be answered",
    "question": "asked back",
    "refused": "not run",
    "costly": "too costly",
    "failed": "failed",
    "stopped": "stopped",
    "running": "under way",
}


def draw_lists(place: Place) -> None:
    """Lazily: most visits ask and go."""
    with st.expander("Earlier questions", icon=":material/history:", key="ask-earlier", on_change="rerun") as opened:
        if not opened.open:
            return
        chosen = st.segmented_control("List", LISTS, default=MINE, key="ask-list", label_visibility="collapsed", required=True)
        _draw(place, chosen or MINE)


def _draw(place: Place, chosen: str) -> None:
    user = place.user
    with transaction() as session:
        if chosen == MINE:
            found = asking.history(session, reader=user, source=place.source.name)
        else:
            found = asking.rated(session, reader=user, rating="wrong" if chosen == WRONG else "good")
    if not found:
        st.caption(EMPTY[chosen])
    with st.container(gap="xsmall", key="rows-askings"):
        for one in found:
            _draw_row(user, one, chosen)


def _draw_row(user: User, one: Asking, chosen: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            forms.plain(one.question if len(one.question) <= 90 else f"{one.question[:89]}…"),
            key=f"ask-open-{chosen}-{one.id}",
            type="tertiary",
            on_click=url.go,
            kwargs={"asking": str(one.id), "source": one.source},
        )
        who = f"{forms.plain(one.user_name)} · " if chosen != MINE else ""
        approved = " · example for all" if one.approved else ""
        st.caption(f"{who}{when.since(one.asked_at)} · {SAID[one.outcome]}{approved}", width="content")
        if chosen != MINE and user.may(Permission.ADMINISTER):
            if chosen == GOOD and not one.approved:
                st.button("Approve for all", key=f"ask-approve-{one.id}", type="tertiary", on_click=_settle, args=(user, one.id, True))
            st.button(
                "Take back" if one.approved else "Settled",
                key=f"ask-settle-{one.id}",
                type="tertiary",
                on_click=_settle,
                args=(user, one.id, False),
            )


def _settle(user: User, asking_id: int, approve: bool) -> None:
    try:
        with transaction() as session:
            asking.settle(session, user=user, asking_id=asking_id, approve=approve)
    except NexusError as error:
        st.session_state["ask-place"].problem = error.message

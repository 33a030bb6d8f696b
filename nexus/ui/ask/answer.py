"""One answer: what it says and does not say, its rows as chart and table, its SQL, what was sent, and what can be made of it."""

import html
import json
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.asking import keeping
from nexus.asking import service as asking
from nexus.asking.spec import REPLY, Asking, Sent
from nexus.dashboards import service as dashboards
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.sources.spec import Table
from nexus.ui import charts, forms, tables, when
from nexus.ui.ask.state import TYPED, Place, typed
from nexus.ui.panels import provenance
from nexus.ui.waiting import patience
from nexus.views.charts import ChartImpossible

HEIGHT = 320
CHART, TABLE = "Chart", "Table"
LOOKS: dict[str, tuple[Any, str]] = {
    "cannot": (st.info, ":material/do_not_disturb_on:"),
    "question": (st.info, ":material/help:"),
    "refused": (st.warning, ":material/block:"),
    "costly": (st.warning, ":material/block:"),
    "failed": (st.error, ":material/error:"),
    "stopped": (st.info, ":material/stop_circle:"),
    "running": (st.info, ":material/hourglass:"),
}
UNDER_WAY = "This is still being asked, or was cut off when Nexus stopped. Look again in a moment, or ask anew."


def draw_answer(place: Place, shown: Asking, *, after: int | None) -> None:
    """The question and what became of it; `after` is the one that it goes on from."""
    st.html(f'<h2 class="nexus-asked">{html.escape(shown.question)}</h2>')
    if shown.outcome == "answered":
        _draw_answered(place, shown, after)
    else:
        draw, icon = LOOKS[shown.outcome]
        draw(forms.sentence(UNDER_WAY if shown.outcome == "running" else shown.sentence), icon=icon)
    _draw_about(place, shown)


def _draw_answered(place: Place, shown: Asking, after: int | None) -> None:
    st.markdown(forms.sentence(shown.sentence))
    if shown.leaves_out:
        st.caption(f":material/remove_circle: Not answered: {forms.sentence(shown.leaves_out)}")
    _draw_kept(place, shown, after)
    for note in shown.notes:
        st.warning(forms.sentence(note), icon=":material/search_off:")
    table = _rows(place, shown)
    if table is not None:
        _draw_rows(shown, table)
    if shown.user_id == place.user.id:
        _draw_actions(place, shown)


def _draw_kept(place: Place, shown: Asking, after: int | None) -> None:
    """Where an equal question was answered before: that it was, and the way to a new answer."""
    if shown.answered_at is None or shown.user_id != place.user.id:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="ask-kept"):
        st.caption(
            f":material/cached: The same was asked on {when.moment(shown.answered_at)}: its SQL was run again, and Gemini was not asked.",
            width="content",
        )
        st.button(
            "Ask again", icon=":material/replay:", type="tertiary", key=f"ask-afresh-{shown.id}", help="Asks Gemini anew",
            on_click=place.ask_again, args=(shown.question, after),
        )  # fmt: skip


def _rows(place: Place, shown: Asking) -> Table | None:
    """What came with the answer; later asked again."""
    if place.answer is not None and place.answer.asking.id == shown.id and place.answer.table is not None:
        return place.answer.table
    slot = st.empty()
    try:
        table = asking.rows(reader=place.user, asking=shown, cancelled=patience(slot, key="ask-rows"))
    except NexusError as error:
        slot.error(forms.sentence(error.message), icon=":material/error:")
        return None
    slot.empty()
    return table


def _draw_rows(shown: Asking, table: Table) -> None:
    looks = [CHART, TABLE] if shown.chart and table.rows else [TABLE]
    look = looks[0]
    if len(looks) > 1:
        look = st.segmented_control(
            "Shown as", looks, default=CHART, key=f"ask-look-{shown.id}", label_visibility="collapsed", required=True
        )
    label = shown.title or shown.question
    if not table.rows:
        st.info("No rows. The query ran, and nothing fits its conditions.")
    elif look == CHART and shown.chart:
        try:
            charts.draw_chart(st, shown.chart, table, formats=shown.formats, height=HEIGHT, label=label)
        except ChartImpossible as error:
            st.caption(forms.sentence(error.message))
    else:
        height = min(HEIGHT, tables.height_of(table))
        tables.draw_table(st, table, formats=shown.formats, height=height, label=f"Rows of {label}")
    st.html(f'<div class="nexus-foot">{provenance(table)}</div>')


def _draw_actions(place: Place, shown: Asking) -> None:
    user = place.user
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="ask-actions"):
        _draw_save(user, shown)
        _draw_panel(user, shown)
        if st.button("Continue in SQL", icon=":material/code:", key=f"ask-sql-{shown.id}"):
            _go_on(user, shown)
        st.space("stretch")
        good = shown.rating == "good"
        st.button(
            "Kept as an example" if good else "Answered well",
            icon=":material/thumb_up:",
            type="tertiary",
            key=f"ask-good-{shown.id}",
            help="Goes along with your next questions of this kind",
            on_click=_rate,
            args=(user, shown, None if good else "good"),
        )
        wrong = shown.rating == "wrong"
        st.button(
            "Reported as wrong" if wrong else "Report as wrong",
            icon=":material/thumb_down:",
            type="tertiary",
            key=f"ask-wrong-{shown.id}",
            help="Administrators see the question, the SQL and what was sent",
            on_click=_rate,
            args=(user, shown, None if wrong else "wrong"),
        )
    forms.told("ask")


def _go_on(user: User, shown: Asking) -> None:
    with transaction() as session:
        draft = keeping.go_on(session, user=user, asking=shown)
    st.switch_page("pages/view.py", query_params={"new": "sql", "draft": draft})


def _rate(user: User, shown: Asking, rating: Any) -> None:
    try:
        with transaction() as session:
            asking.rate(session, user=user, asking_id=shown.id, rating=rating)
    except NexusError as error:
        st.session_state["ask-place"].problem = error.message


def _draw_save(user: User, shown: Asking) -> None:
    form = f"ask-save-{shown.id}"
    with st.popover("Save as a view", icon=":material/bookmark_add:", key=f"{form}-open"):
        title = st.text_input("Title", _title(shown), key=f"{form}-title", max_chars=200)
        if st.button("Save", type="primary", key=f"{form}-save"):
            with forms.refused():
                with transaction() as session:
                    name = keeping.save(session, user=user, asking=shown, title=title, name=forms.slug(title))
                st.switch_page("pages/view.py", query_params={"name": name})


def _draw_panel(user: User, shown: Asking) -> None:
    form = f"ask-panel-{shown.id}"
    with st.popover("Put on a dashboard", icon=":material/dashboard_customize:", key=f"{form}-open", on_change="rerun") as popover:
        if not popover.open:
            return
        with transaction() as session:
            found = [one for one in dashboards.list_dashboards(session, reader=user) if not one.problem]
        if not found:
            st.caption("There is no dashboard yet. Make one under Dashboards first.")
            return
        titles = {one.name: one.title for one in found}
        dashboard = st.selectbox("Dashboard", list(titles), format_func=lambda name: titles[name], key=f"{form}-dashboard")
        title = st.text_input("Title of the panel", _title(shown), key=f"{form}-title", max_chars=200)
        if st.button("Put it there", type="primary", key=f"{form}-put"):
            with forms.refused():
                with transaction() as session:
                    keeping.put_on_dashboard(session, user=user, asking=shown, title=title, name=forms.slug(title), dashboard=dashboard)
                st.switch_page("pages/dashboard.py", query_params={"name": dashboard})


def _title(shown: Asking) -> str:
    return (shown.title or shown.question)[:200]


def _draw_about(place: Place, shown: Asking) -> None:
    """The SQL, what was sent, and what it took."""
    if shown.sql:
        with st.expander("SQL", icon=":material/code:", expanded=shown.outcome != "answered", key=f"ask-sql-of-{shown.id}"):
            st.code(keeping.sql_of(shown), language="sql", wrap_lines=True)
            for at, error in enumerate(shown.errors):
                st.caption(f"Try {at + 1}: {forms.sentence(error)}")
            mine = shown.outcome != "answered" and shown.user_id == place.user.id
            if mine and st.button("Continue in SQL", icon=":material/code:", key=f"ask-correct-{shown.id}"):
                _go_on(place.user, shown)
    with st.expander("What was sent", icon=":material/outbox:", key=f"ask-sent-{shown.id}", on_change="rerun") as opened:
        if opened.open:
            with transaction() as session:
                sent = asking.sent(session, reader=place.user, asking_id=shown.id)
            draw_sent(sent)
            if not sent:
                st.caption("Nothing was sent.")
    st.caption(about(shown))
    lost = shown.outcome in ("failed", "stopped", "refused") and typed().strip() != shown.question
    if lost and shown.user_id == place.user.id:
        st.button("Take the question up again", icon=":material/replay:", key=f"ask-again-{shown.id}", on_click=_take_up, args=(shown,))


def draw_sent(sent: list[Sent]) -> None:
    for at, one in enumerate(sent):
        if at == 0:
            st.caption("Standing instruction")
            st.code(one.system, language=None, wrap_lines=True, height=160)
            st.caption("Form that the answer is held to")
            st.code(json.dumps(REPLY, indent=1), language="json", wrap_lines=True, height=120)
        st.caption("Request" if len(sent) == 1 else f"Request {at + 1} of {len(sent)}")
        st.code(one.text, language=None, wrap_lines=True, height=320)


def _take_up(shown: Asking) -> None:
    st.session_state[TYPED] = shown.question


def about(shown: Asking) -> str:
    """When, by whom, with what, how much and how long."""
    parts = [when.moment(shown.asked_at), forms.plain(shown.user_name), forms.plain(shown.model)]
    if shown.prompt_tokens is not None or shown.answer_tokens is not None:
        parts.append(f"{shown.prompt_tokens or 0:,} + {shown.answer_tokens or 0:,} tokens")
    if shown.cost_usd_micros is not None:
        parts.append(f"\\${shown.cost_usd_micros / 1_000_000:.4f}")
    if shown.elapsed_ms is not None:
        parts.append(f"{shown.elapsed_ms / 1000:.1f} s")
    if shown.repairs:
        parts.append(f"repaired {shown.repairs} time{'' if shown.repairs == 1 else 's'}")
    if shown.answered_at is not None:
        return " · ".join([*(part for part in parts if part), "nothing was sent"])
    parts.append(f"columns of {len(shown.tables):,} table{'' if len(shown.tables) == 1 else 's'} sent")
    return " · ".join(part for part in parts if part)

"""Home: my favourites, what I opened last, what is new, and the first steps of an empty account."""

from datetime import UTC, datetime

import streamlit as st

from nexus.accounts import service as accounts
from nexus.accounts.spec import Permission, User
from nexus.dashboards import service as dashboards
from nexus.db.session import transaction
from nexus.sources import service as sources
from nexus.ui.card import draw_card
from nexus.ui.forms import empty
from nexus.ui.home import Step, draw_cards, draw_steps, first_step
from nexus.ui.page import run_page
from nexus.views import service as views

SHOWN = 6


def page(user: User) -> None:
    st.title("Home", anchor=False)
    with transaction() as session:
        found = dashboards.list_home(session, reader=user, most=SHOWN)
        kept = [item for item in views.list_views(session, reader=user) if item.favourite]
        steps = [
            first_step(
                found, [] if any(item.visited_at for item in found) else dashboards.list_dashboards(session, reader=user, search="sample")
            )
        ]
        if user.may(Permission.ADMINISTER):
            own_source = any(source.name != "sample" for source in sources.all_sources(session, reader=user))
            steps.append(Step("Connect a database", done=own_source, page="pages/settings.py", query={"section": "sources"}))
            colleague = len(accounts.everyone(session, user=user)) > 1
            steps.append(Step("Invite a colleague", done=colleague, page="pages/settings.py", query={"section": "people"}))
    if not all(step.done for step in steps):
        draw_steps(steps)
    if not found:
        empty(
            "There is no dashboard yet. Analysts build them of views; an administrator can load the sample with `python -m nexus sample`."
        )
        return
    never = datetime.min.replace(tzinfo=UTC)
    opened = sorted((item for item in found if item.visited_at), key=lambda item: item.visited_at or never, reverse=True)
    news = sorted((item for item in found if item.changed_at > (item.visited_at or never)), key=lambda item: item.changed_at, reverse=True)
    favourites = [item for item in found if item.favourite]
    lively = {item.name for item in favourites[:SHOWN]}
    draw_cards(
        "Favourites",
        favourites,
        hint="A star on a dashboard or view keeps it here.",
        live=lambda name: draw_card(user, name) if name in lively else None,
    )
    draw_cards("Favourite views", kept, page="pages/view.py")
    draw_cards("Opened last", opened[:SHOWN])
    draw_cards("New or changed since you looked", news[:SHOWN])


run_page(page)

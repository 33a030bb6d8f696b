"""The way back from a page that a click opened: dashboards that one came through, with their filters, in the address."""

from collections.abc import Sequence
from urllib.parse import parse_qs, urlencode

import streamlit as st

from nexus.accounts.spec import User
from nexus.dashboards import drilling
from nexus.dashboards.drilling import BACK, LONGEST_BACK, MOST_BACK, Target
from nexus.db.session import transaction
from nexus.ui import url, viewing
from nexus.ui.forms import plain

Query = dict[str, str | list[str]]


def go(target: Target, *, came_from: str) -> None:
    """Open `target`, from which one comes back to the dashboard `came_from` as it is now. Ends the run."""
    query: Query = {"name": target.name, **url.query(target.parameters, target.values), **target.more, **viewing.kept()}
    query[BACK] = [*_said(), _step(came_from)][-MOST_BACK:]
    st.switch_page(f"pages{target.page}.py", query_params=query)


def _step(name: str) -> str:
    """This page, as its name and query."""
    own = {key: texts for key, texts in url.given().items() if key not in ("name", BACK)}
    text = urlencode(own, doseq=True)
    return f"{name}?{text}" if text and len(text) <= LONGEST_BACK else name


def _said() -> list[str]:
    """As the address has it; whatever is no step is left out."""
    steps = url.given().get(BACK, [])
    return [step for step in steps if 0 < len(step.partition("?")[0]) <= 63 and len(step) <= LONGEST_BACK + 64][-MOST_BACK:]


def draw_crumbs(user: User, here: str) -> None:
    """Links back, one for each page that one came through; nothing where the address names none. `here` is the title of this one."""
    steps = _said()
    if not steps:
        return
    names = [step.partition("?")[0] for step in steps]
    with transaction() as session:
        titles = drilling.titles(session, reader=user, names=[name for name in names if "\0" not in name])
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="crumbs"):
        for at, step in enumerate(steps):
            if names[at] in titles:
                # Not a link: Streamlit's own do not lead from a page to the same one with another query.
                st.button(
                    plain(titles[names[at]]),
                    key=f"crumb-{at}",
                    type="tertiary",
                    icon=":material/arrow_back:" if at == len(steps) - 1 else None,
                    on_click=_back,
                    args=(step, steps[:at]),
                )
                st.caption("›", width="content")
        st.caption(plain(here), width="content")


def _back(step: str, before: Sequence[str]) -> None:
    st.switch_page("pages/dashboard.py", query_params=_query(step, before))


def _query(step: str, before: Sequence[str]) -> Query:
    name, _, text = step.partition("?")
    try:
        held = parse_qs(text, keep_blank_values=True, max_num_fields=500)
    except ValueError:
        held = {}
    return {
        "name": name,
        **{key: texts for key, texts in held.items() if key not in ("name", BACK)},
        **({BACK: list(before)} if before else {}),
    }

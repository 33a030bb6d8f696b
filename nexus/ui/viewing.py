"""A page as somebody else sees it, for administrators: `?g.as=<id of the person>`."""

import streamlit as st

from nexus.accounts import service as accounts
from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.errors import BadInput
from nexus.ui import url
from nexus.ui.forms import plain

KEY = "g.as"


def kept() -> dict[str, str]:
    """What an address that this page leads to says, so that it is seen with the same eyes."""
    named = st.query_params.get(KEY)
    return {} if named is None else {KEY: named}


def reader_of(user: User, *, subject: str) -> User:
    """Who reads this page: `user`, or the person whom the address names, with a banner that says so.

    Raises NotAllowed for all but administrators.
    """
    named = st.query_params.get(KEY)
    if named is None:
        return user
    if not (named.isascii() and named.isdecimal() and len(named) < 18):
        raise BadInput("This address names nobody. Open the page again, and choose whose eyes to see it with.")
    with transaction() as session:
        other = accounts.see_as(session, user=user, person_id=int(named), subject=subject)
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="see-as-banner"):
        st.markdown(f":material/visibility: As **{plain(other.name)}** ({other.role.value}) sees it", width="stretch")
        st.button("Stop", key="see-as-stop", icon=":material/visibility_off:", on_click=url.go, kwargs={KEY: None})
    return other

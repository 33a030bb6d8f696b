"""The frame of every page: who is here, may they, and what an error looks like."""

from collections.abc import Callable

import streamlit as st

from nexus import defects
from nexus.accounts import service
from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import NexusError


def run_page(page: Callable[[User], None], *, needs: Permission = Permission.SEE) -> None:
    """Draw a page for whoever is signed in, if they may see it. The last line of every page."""
    try:
        with transaction() as session:
            user = service.user_of_session(session, session_id=int(str(st.user.get("nexus") or 0)))
        require(user, needs)
        page(user)
    except NexusError as error:
        st.error(error.message)
    except Exception as error:
        reference = defects.note(error, where="a page")
        st.error(f"Something went wrong. Tell an administrator this reference: {reference}")

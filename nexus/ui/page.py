"""The frame of every page: who is there, what they may see, and what they are told when something fails."""

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import streamlit as st

from nexus import defects
from nexus.accounts import service as accounts
from nexus.accounts.sessions import SignedOut
from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.ui.forms import sentence

HOME = ("Home", "/")
LISTS = {
    "dashboard": ("All dashboards", "/dashboards"),
    "prompt": ("All prompts", "/prompts"),
    "table": ("All sources", "/data?list=Sources"),
    "view": ("All views", "/data"),
}
"""Of a page that shows one thing, the page that lists them: where to go when that one cannot be shown."""
HEADS = {403: "Not for you", 404: "Nothing here", 409: "Not readable"}
"""What heads a page that cannot show what it is about, by the status of the reason."""

_found: ContextVar[User | None] = ContextVar("found", default=None)
"""The person that the frame found, for the page it runs next: one look-up for both."""


def person() -> User:
    """The person behind this page, as their session row says now. Raises SignedOut.

    The gate puts the id of the session row into a header that Streamlit trusts, and strips a client's own.
    """
    value = st.user.get("nexus")
    if not isinstance(value, str) or not (value.isascii() and value.isdecimal()):
        raise SignedOut()
    with transaction() as session:
        return accounts.user_of_session(session, session_id=int(value))


def run_page(page: Callable[[User], None], *, needs: Permission = Permission.SEE) -> None:
    """Run `page` for the person who is signed in, if they may see it. The last line of every file in `pages/`."""
    user = _found.get()
    _found.set(None)  # whatever runs next, perhaps without the frame, looks again
    at = Path(page.__code__.co_filename).stem
    with errors_shown(where=f"page {at}", user=user, way_out=LISTS.get(at, HOME)):
        user = user or person()
        require(user, needs)
        page(user)


@contextmanager
def errors_shown(*, where: str = "page", user: User | None = None, way_out: tuple[str, str] | None = None) -> Iterator[None]:
    """Whatever fails inside ends as one sentence on the page. Around page bodies, fragments and dialogs.

    `way_out` is a link's words and address below it: a page that is nothing but its error would be a dead end on a phone.
    Streamlit's own control flow (`st.rerun`, `st.stop`, `st.switch_page`) is no `Exception`, and passes.
    """
    try:
        yield
    except SignedOut as error:
        st.error(f"{error.message} [Sign in](/login)", icon=":material/lock:")
    except NexusError as error:
        if way_out is not None and error.status in HEADS:
            # Nothing was drawn before: who goes by headings would find none.
            st.html(f'<h1 class="nexus-nothing">{HEADS[error.status]}</h1>')
        st.error(sentence(error.message), icon=":material/error:")
        if way_out is not None:
            words, address = way_out
            st.html(f'<a href="{address}" target="_self" style="color: inherit">{words}</a>')
    except Exception as error:
        reference = defects.note(error, where=where, user_id=user.id if user else None)
        st.error(
            f"Nexus made a mistake, and has noted it as {reference}. Reload the page; if it stays, give an administrator this number.",
            icon=":material/error:",
        )


def visitor() -> User | None:
    """For the frame: the person, or none when they are signed out; the page itself then says so."""
    # Before anything is drawn: whatever comes later would make the page jump.
    st.set_page_config(page_icon="/door/mark.svg", layout="wide", initial_sidebar_state=232)
    try:
        user = person()
    except NexusError:
        user = None
    _found.set(user)
    return user


def tab(title: str) -> None:
    """Name the browser's tab after the page. A page may call it again with a title of its own."""
    name = re.sub(r":material/\w+: ", "", title)
    st.set_page_config(page_title=f"{name} · Nexus")


def corner(user: User | None) -> None:
    """The foot of the sidebar: who is signed in, their account, and the way out. One element, since every page draws it."""
    if user is None:
        return
    name, email = html.escape(user.name), html.escape(user.email)
    with st.sidebar, st.container(key="corner"):
        st.html(
            f'<button type="button" class="nexus-button" popovertarget="nexus-corner">'
            f'<span class="nexus-icon" aria-hidden="true" translate="no">account_circle</span> {name}</button>'
            f'<div id="nexus-corner" class="nexus-corner" popover="auto" role="group" aria-label="{name}"><p>{email} · {user.role.value}</p>'
            '<a class="nexus-button" href="/account" target="_self">Account</a><p>Light or dark follows your device.</p>'
            # Signing out happens outside Streamlit, as signing in does.
            '<a class="nexus-button" href="/logout" target="_self">Sign out</a></div>'
        )

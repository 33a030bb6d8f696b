"""Who may open a view, dashboard or prompt, in a dialog: everybody or those named, and whose it is."""

from collections.abc import Callable
from urllib.parse import urlsplit

import streamlit as st

from nexus.accounts import sharing
from nexus.accounts.sharing import ROLES, Kind, Share, Sharing, Somebody
from nexus.accounts.spec import Role, User
from nexus.db.session import Session, transaction
from nexus.errors import NexusError
from nexus.ui import url
from nexus.ui.forms import plain, sentence
from nexus.ui.page import errors_shown

ALL, NAMED = "Everybody who signs in", "Only those named here"
SEE, EDIT = "may see it", "may change it"
PROBLEM = "share-problem"


def draw_share(user: User, kind: Kind, name: str, *, address: str | None = None) -> None:
    """The button, and the dialog behind it. `address` is the page's own, with its filters, when it is not simply that of `name`."""
    if st.button("Share", icon=":material/group_add:", key=f"share-{kind}"):
        open_share(user, kind, name, address=address)


def open_share(user: User, kind: Kind, name: str, *, address: str | None = None) -> None:
    """The dialog alone."""
    st.session_state.pop(PROBLEM, None)
    st.dialog("Share", width="medium")(_draw)(user, kind, name, address or url.page(f"/{kind}", [], {}, name=name))


def _draw(user: User, kind: Kind, name: str, address: str) -> None:
    with errors_shown(where="sharing", user=user):
        with transaction() as session:
            thing = sharing.find(session, reader=user, kind=kind, name=name)
        st.caption("The address, for who may open it")
        st.code(_whole(address), language=None, wrap_lines=True)
        if sharing.may_share(thing, user=user):
            _draw_open(user, thing)
            _draw_named(user, thing)
            _draw_add(user, thing)
            _draw_owner(user, thing)
        else:
            owner = plain(thing.owner or "an administrator")
            who = "Everybody who signs in may open this." if thing.open_to_all else "Only some people may open this."
            st.caption(f"{who} It is {owner}'s to share." if thing.owner else f"{who} An administrator can share it.")
        if problem := st.session_state.pop(PROBLEM, None):
            st.error(sentence(problem), icon=":material/error:")


def _whole(address: str) -> str:
    """As others can open it. The origin as the browser has it, since a proxy may stand in front."""
    origin = urlsplit(st.context.url or "")
    return f"{origin.scheme}://{origin.netloc}{address}" if origin.netloc else address


def _draw_open(user: User, thing: Sharing) -> None:
    key = "share-open"
    st.session_state[key] = ALL if thing.open_to_all else NAMED
    st.radio(
        "Who may open it",
        [ALL, NAMED],
        captions=["Analysts may change it, too.", "And administrators; nobody else finds it."],
        key=key,
        on_change=lambda: _change(
            lambda session: sharing.set_open(session, user=user, kind=thing.kind, name=thing.name, open_to_all=st.session_state[key] == ALL)
        ),
    )


def _draw_named(user: User, thing: Sharing) -> None:
    if thing.shares and thing.open_to_all:
        st.caption("These names count once only those named may open it.")
    for share in thing.shares:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(_who(share), width="stretch")
            key = f"share-may-{share.role or share.user_id}"
            if share.role == Role.VIEWER:
                st.caption(SEE, width="content")
            else:
                st.session_state[key] = EDIT if share.may_edit else SEE
                st.selectbox(
                    f"What {plain(share.name or f'every {share.role}')} may do",
                    [SEE, EDIT],
                    key=key,
                    label_visibility="collapsed",
                    width=160,
                    on_change=_set_right,
                    args=(user, thing, share, key),
                )
            st.button(
                f"Take {plain(share.name or f'every {share.role}')} off",
                icon=":material/close:",
                type="tertiary",
                key=f"icon-share-off-{share.role or share.user_id}",
                on_click=_unshare,
                args=(user, thing, share),
            )


def _who(share: Share) -> str:
    if share.role:
        return f"**Every {share.role}**"
    notes = [plain(share.email)]
    if share.disabled:
        notes.append("disabled, cannot sign in")
    if share.may_edit and share.person_role == Role.VIEWER:
        notes.append("a viewer, who can change nothing")
    return f"**{plain(share.name)}**  \n:small[:gray[{' · '.join(notes)}]]"


def _draw_add(user: User, thing: Sharing) -> None:
    search = st.text_input(
        "Add somebody", key="share-search", placeholder="Name or e-mail", icon=":material/search:", max_chars=100, type="search"
    )
    shared = {share.user_id for share in thing.shares} | {thing.owner_id}
    if search:
        found = [person for person in _found(user, search) if person.id not in shared]
        if not found:
            st.caption("Nobody else is called that, or it has fewer than two letters.")
        for person in found:
            st.button(
                f"Add {plain(person.name)} · {plain(person.email)}",
                icon=":material/person_add:",
                key=f"share-add-{person.id}",
                on_click=_share,
                args=(user, thing, person.id, None),
            )
    roles = [role for role in ROLES if role not in {share.role for share in thing.shares}]
    with st.container(horizontal=True):
        for role in roles:
            st.button(
                f"Add every {role.value}",
                icon=":material/groups:",
                key=f"share-add-{role.value}",
                on_click=_share,
                args=(user, thing, None, role),
            )


def _draw_owner(user: User, thing: Sharing) -> None:
    st.caption(f"Owner: {plain(thing.owner or 'nobody any more')}")
    able = [share for share in thing.shares if share.user_id and not share.disabled and share.person_role != Role.VIEWER]
    with st.expander("Hand it over"):
        if not able:
            st.caption("Add the analyst who is to own it first.")
            return
        names = {share.user_id: f"{plain(share.name)} · {plain(share.email)}" for share in able}
        to = st.selectbox("New owner", list(names), format_func=names.__getitem__, key="share-owner")
        st.caption("You may still change it afterwards, and no longer share it.")
        st.button("Hand over", key="share-hand-over", on_click=_hand_over, args=(user, thing, to))


def draw_see_as(user: User) -> None:
    """For administrators: whose eyes to see this page with."""
    with errors_shown(where="seeing as", user=user):
        search = st.text_input("Whose eyes", key="see-as-search", placeholder="Name or e-mail", max_chars=100, type="search")
        for person in _found(user, search) if search else []:
            if st.button(f"See as {plain(person.name)} · {plain(person.email)}", key=f"see-as-{person.id}", icon=":material/visibility:"):
                url.go(**{"g.as": str(person.id)})
                st.rerun()


def _found(user: User, search: str) -> list[Somebody]:
    with transaction() as session:
        return sharing.find_people(session, user=user, search=search)


def _change(work: Callable[[Session], None]) -> None:
    try:
        with transaction() as session:
            work(session)
    except NexusError as error:
        st.session_state[PROBLEM] = error.message


def _share(user: User, thing: Sharing, user_id: int | None, role: Role | None) -> None:
    _change(lambda session: sharing.share(session, user=user, kind=thing.kind, name=thing.name, user_id=user_id, role=role))
    st.session_state["share-search"] = ""


def _set_right(user: User, thing: Sharing, share: Share, key: str) -> None:
    role = Role(share.role) if share.role else None
    may_edit = st.session_state.get(key) == EDIT
    _change(
        lambda session: sharing.share(
            session, user=user, kind=thing.kind, name=thing.name, user_id=share.user_id, role=role, may_edit=may_edit
        )
    )


def _unshare(user: User, thing: Sharing, share: Share) -> None:
    role = Role(share.role) if share.role else None
    _change(lambda session: sharing.unshare(session, user=user, kind=thing.kind, name=thing.name, user_id=share.user_id, role=role))


def _hand_over(user: User, thing: Sharing, to: int) -> None:
    _change(lambda session: sharing.hand_over(session, user=user, kind=thing.kind, name=thing.name, to=to))

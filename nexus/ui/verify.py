"""A PDF in hand against the ledger: whether this Nexus issued it, and when."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.reports import ledger
from nexus.reports.spec import Issued
from nexus.ui import forms, when
from nexus.ui.components import component
from nexus.ui.forms import plain
from nexus.ui.page import tab
from nexus.ui.reports import KINDS, link

_file = component("verify")


def draw(user: User) -> None:
    tab("Verify a PDF")
    link("All reports", look="nexus-back")
    st.title("Verify a PDF", anchor=False)
    st.markdown("Whether this Nexus issued a file, and nothing in it was changed since. The file is only hashed, and not kept.")
    chosen = _file(key="verify-file", on_hashed_change=lambda: None)
    typed = st.text_input("Or its SHA-256", key="verify-hash", max_chars=200, placeholder="64 characters, 0 to 9 and a to f")
    hashed = chosen.hashed if isinstance(chosen.hashed, dict) else {}
    name, sha256 = str(hashed.get("name", ""))[:200], str(hashed.get("sha256", "")) or (typed or "").strip()
    if sha256:
        with forms.refused():
            with transaction() as session:
                found = ledger.verify(session, reader=user, sha256=sha256)
            _say(found, name)


def _say(found: Issued | None, name: str) -> None:
    file = f"“{plain(name)}”" if name else "This file"
    if found is None:
        st.warning(
            f"{file} is not one that this Nexus issued, or it was changed since: by a mark, a signature, or being saved again.",
            icon=":material/help:",
        )
        return
    at = f"{file} was issued by this Nexus on {when.moment(found.created_at)}"
    if found.id is None:
        st.success(f"{at}, and has not been changed. You may not see what it is of.", icon=":material/verified:")
        return
    by = f" by {plain(found.made_by)}" if found.made_by else ""
    of = f"{KINDS[found.kind].lower()} {plain(found.subject)}, version {found.subject_version}" if found.kind else ""
    st.success(f"{at}{by} from the {of}, as “{plain(found.title)}”, and has not been changed.", icon=":material/verified:")
    if found.readable:
        link("Open its record", report=found.id)

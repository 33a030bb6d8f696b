"""Reports: how long printed files are kept, and what goes first."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.reports import retention
from nexus.ui import forms, when
from nexus.ui.reports import size
from nexus.ui.settings import setting
from nexus.ui.settings.setting import fixed, origin, read

NUMBERS = {
    "report_days": ("Days that printed files are kept", 1, 36_500),
    "report_mb": ("Most that they may take, in MB", 10, 10_000_000),
    "report_snapshot_days": ("Days that issues of a report can be compared", 1, 36_500),
}
LAST = "report_last_kept"


def draw(user: User) -> None:
    saved, people = read(user)
    with transaction() as session:
        kept = retention.what_is_kept(session, user=user)
    oldest = f", the oldest of {when.moment(kept.oldest_at)}" if kept.oldest_at else ""
    st.markdown(
        "Every printed file is kept with its record. What is too old goes first, then, where all take too much, the oldest. "
        "The record stays, so that a file in hand can be verified for ever."
    )
    st.caption(f"Now: {kept.files:,} files, {size(kept.size_bytes)}{oldest}; {size(kept.snapshot_bytes)} for comparing.")
    before = setting.begun(saved, "reports", *NUMBERS, LAST)
    forms.told("reports")
    with st.form(forms.key("reports")):
        typed: dict[str, int | bool] = {}
        for name, (label, least, most) in NUMBERS.items():
            typed[name] = st.number_input(
                label,
                value=before[name],
                min_value=least,
                max_value=most,
                key=forms.key("reports", name),
                disabled=fixed(saved, name),
                width=320,
            )
            origin(saved, name, people)
        typed[LAST] = st.toggle(
            "The newest file of each dashboard, view and answer stays, however old",
            value=before[LAST],
            key=forms.key("reports", LAST),
            disabled=fixed(saved, LAST),
        )
        origin(saved, LAST, people)
        with st.container(horizontal=True):
            save = st.form_submit_button("Save", type="primary")
            back = st.form_submit_button("Back to the defaults")
    if save or back:
        with forms.saving("reports", "Saved. Files that go by it go within the hour."):
            setting.save(user, saved, before, typed, back=back)

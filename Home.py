"""The entry script: navigation, and the frame around every page. It runs before the page, at every rerun."""

import streamlit as st

from nexus.accounts.spec import Permission
from nexus.ui.page import corner, tab, visitor

user = visitor()
administrator = user is not None and user.may(Permission.ADMINISTER)
# The icons stand in the titles: an `icon` would also become the tab's, which browsers would fetch from a foreign server.
page = st.navigation(
    [
        st.Page("pages/home.py", title=":material/home: Home", default=True),
        st.Page("pages/dashboards.py", title=":material/dashboard: Dashboards"),
        st.Page("pages/data.py", title=":material/table: Data"),
        st.Page("pages/prompts.py", title=":material/auto_awesome: Prompts"),
        st.Page("pages/reports.py", title=":material/picture_as_pdf: Reports"),
        st.Page("pages/settings.py", title=":material/settings: Settings", visibility="visible" if administrator else "hidden"),
        # Reached by their address, or from a list.
        st.Page("pages/dashboard.py", title="Dashboard", visibility="hidden"),
        st.Page("pages/view.py", title="View", visibility="hidden"),
        st.Page("pages/table.py", title="Table", visibility="hidden"),
        st.Page("pages/prompt.py", title="Prompt", visibility="hidden"),
        st.Page("pages/ask.py", title="Ask the data", visibility="hidden"),
        st.Page("pages/runs.py", title="Prompt runs", visibility="hidden"),
        st.Page("pages/bring.py", title="Bring in a file", visibility="hidden"),
        st.Page("pages/account.py", title="Account", visibility="hidden"),
    ],
    expanded=True,
)
tab(page.title)
corner(user)
page.run()

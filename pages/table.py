"""One table of a source: `?source=…&schema=…&table=…`."""

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.db.session import transaction
from nexus.sources import service as sources
from nexus.ui import url
from nexus.ui.catalog_table import draw_table_page
from nexus.ui.page import run_page, tab


def page(user: User) -> None:
    source_name, schema, name = (url.text(key) for key in ("source", "schema", "table"))
    if not (source_name and schema and name):
        st.switch_page("pages/data.py", query_params={"list": "Sources"})
    with transaction() as session:
        source = sources.find(session, reader=user, name=source_name)
    tab(name)
    draw_table_page(user, source, schema, name)


run_page(page, needs=Permission.BUILD)

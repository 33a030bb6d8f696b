"""Bring in a file: `?source=…` to choose one, `?upload=…` to make a table of it, `?made=schema.table` when that is done."""

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.ui import bring
from nexus.ui.page import run_page


def page(user: User) -> None:
    st.title("Bring in a file", anchor=False)
    upload = st.query_params.get("upload", "")
    if "made" in st.query_params:
        bring.draw_made(user, st.query_params.get("source", ""), st.query_params["made"])
    elif upload.isdecimal() and len(upload) < 18:
        bring.draw_upload(user, int(upload))
    else:
        bring.draw_start(user)


run_page(page, needs=Permission.BUILD)

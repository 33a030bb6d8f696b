"""One prompt: `/prompt?name=…`, its variables in the address too; `&edit=1` or `?new=form` for its editor."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.prompts import service as prompts
from nexus.ui import url
from nexus.ui.page import run_page
from nexus.ui.prompt import draw_no_prompt, draw_prompt_page
from nexus.ui.prompting.page import draw_edit, draw_new
from nexus.ui.viewing import reader_of


def page(user: User) -> None:
    name = url.name()
    if name is None:
        if "new" in st.query_params:
            draw_new(user)
        else:
            draw_no_prompt()
        return
    reader = reader_of(user, subject=f"prompt {name}")
    if "edit" not in st.query_params:
        draw_prompt_page(reader, name=name)
        return
    with transaction() as session:
        opened = prompts.find_prompt(session, reader=reader, name=name)
    draw_edit(reader, opened)


run_page(page)

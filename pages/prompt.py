"""One prompt: `/prompt?name=…`, its variables in the address too."""

from nexus.accounts.spec import User
from nexus.ui import url
from nexus.ui.page import run_page
from nexus.ui.prompt import draw_no_prompt, draw_prompt_page


def page(user: User) -> None:
    if name := url.name():
        draw_prompt_page(user, name=name)
    else:
        draw_no_prompt()


run_page(page)

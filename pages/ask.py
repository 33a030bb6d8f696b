"""Ask the data: a question in words, `?source=…`, and the answer that is shown, `&asking=…`."""

from nexus.accounts.spec import Permission
from nexus.ui.ask.page import draw_ask
from nexus.ui.page import run_page

run_page(draw_ask, needs=Permission.RUN_PROMPTS)

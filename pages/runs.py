"""All runs of prompts that one may see, with search: `/runs?q=…`."""

from nexus.ui.page import run_page
from nexus.ui.prompt_runs import draw_runs_page

run_page(draw_runs_page)

"""All prompts, with search."""

from nexus.ui.page import run_page
from nexus.ui.prompt_list import draw_prompts

run_page(draw_prompts)

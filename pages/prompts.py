"""All prompts, with search."""

from nexus.ui.page import run_page
from nexus.ui.prompt import draw_prompts

run_page(draw_prompts)

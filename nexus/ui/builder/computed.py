"""Columns made of others by an expression."""

import streamlit as st

from nexus.ui.builder import form as fields
from nexus.ui.builder import reach
from nexus.ui.builder.asking import problem_with
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import items
from nexus.ui.forms import plain, sentence

EXAMPLES = """\
`arr_delay / 60.0` · `dep_delay + arr_delay` · `upper(carrier)` · `origin || ' → ' || dest`

`round(x, 1)` · `coalesce(x, 0)` · `left(name, 3)` · `concat(a, ' ', b)` · `date_trunc('week', day)` · `extract(hour from at)` · `greatest(a, b)` · `nullif(x, 0)`

`case when arr_delay > 15 then 'late' else 'on time' end`
"""


def draw_computed(b: Builder) -> None:
    found = items(b.form, "computed")
    for item in list(found):
        with st.container(border=True, gap="xsmall", key=b.key(item, "part-box")):
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                fields.text(b, item, "name", "Name of the column", placeholder="name, as delay_hours", max_chars=63)
                fields.part_buttons(b, found, item, "this column", moves=True)
            fields.text(b, item, "expression", "Expression", placeholder="expression, as arr_delay / 60.0", max_chars=2000)
            said = problem_with(b, item)
            if said:
                st.caption(f":material/error: {sentence(said)}")
    with st.container(horizontal=True, gap="small"):
        fields.add_button(b, "Add a column", found, {}, key="computed")
        with st.popover("What can be written", icon=":material/help:", type="tertiary"):
            st.markdown(EXAMPLES)
            st.caption("Columns: " + ", ".join(plain(column.label) for column in reach.of_tables(b.form, b.tables).values()))

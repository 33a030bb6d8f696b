"""A plan as an indented list: each step in words, with a bar for its share, and a hint where one helps."""

import html

import streamlit as st

from nexus.sources.plan import Plan, Step
from nexus.ui.sql_editor.bench import Bench


def draw_plan(bench: Bench) -> None:
    plan = bench.plan
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Explain", key=f"{bench.scope}-explain", icon=":material/account_tree:", on_click=_start, args=(bench, "explain"))
        st.button(
            "Run and measure",
            key=f"{bench.scope}-analyze",
            icon=":material/timer:",
            help="Runs the query to its end and counts what each step really took",
            on_click=_start,
            args=(bench, "analyze"),
        )
        if plan is not None:
            st.caption(_about(plan))
    if plan is None:
        st.caption("Explain shows how the database would find the answer, and which step costs most. It does not run the query.")
        return
    st.html(f'<ol class="nexus-plan">{"".join(_item(depth, step, plan) for depth, step in plan.walk())}</ol>')


def _start(bench: Bench, kind: str) -> None:
    bench.start("analyze" if kind == "analyze" else "explain", bench.text)


def _about(plan: Plan) -> str:
    if plan.analyzed and plan.execution_ms is not None:
        return (
            f"Measured: it ran {plan.execution_ms:,.0f} ms, after {plan.planning_ms or 0:,.0f} ms of planning. Bars are shares of the time."
        )
    return "As the database expects it; the query did not run. Bars are shares of the expected cost."


def _item(depth: int, step: Step, plan: Plan) -> str:
    share = f"{step.share:.0%}"
    took = f"{step.ms:,.1f} ms · {share}" if plan.analyzed and step.ms is not None else share
    detail = f"<code>{html.escape(step.detail)}</code>" if step.detail else ""
    costly = '<strong class="nexus-costly">costliest step</strong>' if step.costly else ""
    hint = f'<p class="nexus-hint">{_code(step.hint)}</p>' if step.hint else ""
    return (
        f'<li style="margin-left: {min(depth, 12) * 18}px"{" class=costly" if step.costly else ""}>'
        f'<div class="nexus-share"><i style="width: {max(step.share * 100, 0.5):.1f}%"></i></div>'
        f"<div><span>{html.escape(step.words)}</span> {detail} {costly}<small>{took}</small>{hint}</div></li>"
    )


def _code(text: str) -> str:
    parts = html.escape(text).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))

"""The editor itself: CodeMirror in the browser, and what it tells."""

from typing import Any

import streamlit as st

from nexus.ui.components import component
from nexus.ui.sql_editor.bench import Bench

HEIGHT = 220

_mount = component("sql-editor", isolate_styles=False)


def draw_editor(bench: Bench) -> None:
    """Draw it. Its callbacks run before the page does: what was typed is kept there, and a run begins."""
    key = f"{bench.scope}-editor"
    text = bench.text
    _mount(
        key=key,
        data={
            "text": text,
            "serial": bench.serial,
            "insert": bench.insert,
            "label": "SQL of the view",
            "height": HEIGHT,
            "catalog": f"/sources/{bench.source.name}/completion.json",
            "names": list(bench.found()),
            "problems": [
                {"from": units(text, problem.start), "to": units(text, problem.end), "message": problem.message}
                for problem in bench.problems()
            ],
        },
        on_typed_change=lambda: _take(bench, key, "typed"),
        on_run_change=lambda: _run(bench, key),
        on_explain_change=lambda: _explain(bench, key),
        on_format_change=lambda: _format(bench, key),
    )


def _take(bench: Bench, key: str, event: str) -> dict[str, Any] | None:
    """What the browser told, with the text as it was then; None for anything that it would not tell."""
    told = getattr(st.session_state.get(key), event, None)
    if not isinstance(told, dict) or not isinstance(told.get("text"), str):
        return None
    if told["text"] != bench.text:
        bench.typed(told["text"])
    return told


def _explain(bench: Bench, key: str) -> None:
    if _take(bench, key, "explain") is not None:
        bench.start("explain", bench.text)


def _format(bench: Bench, key: str) -> None:
    if _take(bench, key, "format") is not None:
        bench.format()


def _run(bench: Bench, key: str) -> None:
    told = _take(bench, key, "run")
    if told is None:
        return
    start, end = (_characters(bench.text, told.get(name)) for name in ("from", "to"))
    bench.start("run", bench.text[start:end], start)


def units(text: str, offset: int) -> int:
    """JavaScript counts UTF-16 units where Python counts characters."""
    return len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2


def _characters(text: str, offset: Any) -> int:
    if not isinstance(offset, int) or offset < 0:
        return 0
    return len(text.encode("utf-16-le", "surrogatepass")[: offset * 2].decode("utf-16-le", "surrogatepass"))

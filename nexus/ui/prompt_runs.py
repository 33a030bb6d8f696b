"""Runs of prompts: found again, read with what was sent, rated, compared with the last, asked anew, and taken away."""

import json
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

import streamlit as st
from markupsafe import Markup

from nexus.accounts.spec import Permission, User
from nexus.db.session import transaction
from nexus.prompts import history, originals, sent
from nexus.prompts.history import Comparison
from nexus.prompts.request import PromptRun, Request, Status
from nexus.ui import downloads, forms, lists, spending, when
from nexus.ui.prose import draw_checked, draw_prose
from nexus.ui.recorded import draw_records, say_whose

ON_A_PAGE = 50
RATINGS = {1: "good", -1: "bad"}
ENDINGS: list[Status] = ["complete", "cut", "refused", "failed", "stopped"]
ANSWERS: list[Literal[1, -1] | None] = [None, 1, -1]
STYLE = (
    "<style>.nexus-compared{white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5}"
    ".nexus-compared ins{background:color-mix(in srgb,currentColor 14%,transparent);text-decoration:underline;text-decoration-thickness:2px}"
    ".nexus-compared del{opacity:.65}</style>"
)
MARKS = {"same": Markup("{}"), "gone": Markup("<del>{}</del>"), "new": Markup("<ins>{}</ins>")}
TROUBLES = {"cut": st.warning, "refused": st.warning, "stopped": st.info, "failed": st.error}


def draw_runs_page(user: User) -> None:
    """All runs that one may see."""
    st.title("Prompt runs", anchor=False)
    st.page_link("pages/prompts.py", label="All prompts", icon=":material/arrow_back:")
    draw_runs(user)


def draw_runs(user: User, prompt: str | None = None) -> None:
    """The runs of a prompt, or of all; the one that is chosen below them."""
    scope = f"runs-{prompt or 'all'}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        words = lists.search_box("Search runs", placeholder="Words of the answer, a value, a person, a model, a comment")
        ended = st.selectbox(
            "Ended", ENDINGS, None, key=f"{scope}-ended", placeholder="Ended: any", label_visibility="collapsed", width=150
        )
        rated = st.selectbox(
            "Rated", list(RATINGS.values()), None, key=f"{scope}-rated", placeholder="Rated: any", label_visibility="collapsed", width=150
        )
    rating = next((number for number, word in RATINGS.items() if word == rated), None)
    pages: list[int] = st.session_state.setdefault(f"{scope}-pages", [])
    if st.session_state.get(f"{scope}-wanted") != (words, ended, rated):
        st.session_state[f"{scope}-wanted"] = (words, ended, rated)
        pages.clear()
    with transaction() as session:
        found = history.search(
            session,
            reader=user,
            words=words,
            prompt=prompt,
            rating=rating,
            status=ended,
            before=pages[-1] if pages else None,
            limit=ON_A_PAGE + 1,
        )
    if not found:
        nothing = (
            "This prompt was not asked yet. Its runs will be here."
            if prompt
            else "Nothing was asked yet. Open a prompt, and send it to Gemini."
        )
        narrowed = "No run ended or was rated so. Choose another, or any."
        forms.empty(f"No run holds “{forms.plain(words)}”." if words else narrowed if ended or rated else nothing)
        return
    shown, lookup = found[:ON_A_PAGE], originals.Lookup(user)
    picked = st.dataframe(
        [_row(run, lookup.chosen(run), with_prompt=prompt is None) for run in shown],
        hide_index=True,
        width="stretch",
        height="content" if len(shown) < 10 else 380,
        key=f"{scope}-table-{pages[-1] if pages else 0}",
        on_select="rerun",
        selection_mode="single-row",
        placeholder="",
        column_config={
            "US dollars": st.column_config.NumberColumn(format="$%.4f"),
            "Tokens": st.column_config.NumberColumn(format="localized"),
        },
    )
    _draw_foot(user, scope, pages, shown, more=len(found) > ON_A_PAGE, query={"q": words, "prompt": prompt, "ended": ended, "rated": rated})
    chosen = next((shown[at] for at in picked.selection.rows[:1] if at < len(shown)), None)
    if chosen is not None:
        with st.container(border=True, key="chosen-run"):
            draw_run_with_history(user, chosen)


def _row(run: PromptRun, chosen: Mapping[str, str], *, with_prompt: bool) -> dict[str, object]:
    checked = run.grounding
    return {
        "When": when.moment(run.started_at),
        **({"Prompt": run.prompt_title} if with_prompt else {}),
        "Who": run.user_name,
        "Version": run.prompt_version or "draft",
        "Values": "; ".join(f"{key}: {', '.join(originals.in_texts(texts, chosen))}" for key, texts in run.variables.items()),
        "Ended": "from an earlier run" if run.kept_from else run.status,
        "In the data": f"{checked.found} of {checked.total}" if checked and checked.total else "",
        "Tokens": (run.prompt_tokens or 0) + (run.answer_tokens or 0) or None,
        "US dollars": None if run.cost_usd_micros is None else run.cost_usd_micros / 1e6,
        "Seconds": None if run.elapsed_ms is None else round(run.elapsed_ms / 1000, 1),
        "Rated": RATINGS.get(run.rating or 0, ""),
    }


def _draw_foot(user: User, scope: str, pages: list[int], shown: list[PromptRun], *, more: bool, query: Mapping[str, str | None]) -> None:
    asked, prompt = urlencode({key: value for key, value in query.items() if value}), query["prompt"]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if pages:
            st.button("Newer", key=f"{scope}-newer", icon=":material/chevron_left:", on_click=_newer, args=(pages,))
        if more:
            st.button("Older", key=f"{scope}-older", icon=":material/chevron_right:", on_click=pages.append, args=(shown[-1].id,))
        st.space("stretch")
        if user.looked_at_by is not None:
            return  # a file is what one may see oneself
        if prompt and any(run.output for run in shown):
            draw_fields(f"/prompts/{prompt}", label="Fields of all runs")
        for kind, label in (("csv", "CSV"), ("jsonl", "JSON lines")):
            st.link_button(label, f"/prompt-runs.{kind}{f'?{asked}' if asked else ''}", type="tertiary", icon=":material/download:")


def draw_fields(address: str, *, label: str) -> None:
    """A menu of files of the fields of answers."""
    with st.popover(label, icon=":material/download:", key=f"fields-{address}"):
        for kind in ("csv", "xlsx", "parquet", "jsonl"):
            called, icon, purpose = downloads.KINDS[kind]
            st.link_button(called, f"{address}.{kind}", icon=icon, help=purpose, type="tertiary")


def _newer(pages: list[int]) -> None:
    if pages:
        pages.pop()


def draw_run_with_history(user: User, run: PromptRun) -> None:
    """An answer with all that is known of it."""
    with transaction() as session:
        request = history.request_of(session, reader=user, run_id=run.id)
        before = history.run_before(session, reader=user, run=run)
    found = originals.known(reader=user, run=run)
    _draw_answer(run, request, found)
    say_whose(found)
    st.caption(_origin(run, found))
    _draw_rating(user, run)
    with st.container(horizontal=True, gap="small"):
        values = {"name": run.prompt, **_values(run, found)}
        if run.prompt_version and user.may(Permission.RUN_PROMPTS):
            st.link_button(
                "Ask again with these values", f"/prompt?{urlencode(values, doseq=True)}", icon=":material/replay:", type="tertiary"
            )
        if user.looked_at_by is None:
            st.link_button("PDF", f"/prompt-runs/{run.id}.pdf", icon=":material/picture_as_pdf:", type="tertiary")
        if run.records and user.looked_at_by is None:
            draw_fields(f"/prompt-runs/{run.id}", label="Fields")
    if before is not None:
        with st.expander(f"Compared with run {before.id}, {when.moment(before.started_at)}", icon=":material/compare:"):
            _draw_comparison(history.compare(before.answer, run.answer), before, run, found)
    with st.expander("What was sent", icon=":material/outbound:"):
        _draw_sent(run, request)


def _values(run: PromptRun, found: Mapping[str, str]) -> dict[str, list[str]]:
    """What to ask again with; what was chosen and is not the reader's to see is left open."""
    told = {name: originals.in_texts(texts, found) for name, texts in run.variables.items() if texts}
    return {name: texts for name, texts in told.items() if name not in run.masked or not set(texts) & set(run.variables[name])}


def _draw_answer(run: PromptRun, request: Request | None, found: Mapping[str, str]) -> None:
    if run.records:
        draw_records(run, f"run-{run.id}", found=found)
    elif run.grounding:
        data = sent.read(request.system, request.text) if request else None
        draw_checked(run.answer, run.grounding, place=f"run-{run.id}", data=data, found=found)
    else:
        draw_prose(run.answer, found=found)
    if run.error and run.status in TROUBLES:
        TROUBLES[run.status](forms.sentence(run.error), icon=":material/info:")


def _origin(run: PromptRun, found: Mapping[str, str]) -> str:
    version = f"version {run.prompt_version}" if run.prompt_version else "a draft"
    parts = [f"Run {run.id}", version, when.moment(run.started_at), forms.plain(run.user_name), forms.plain(run.model)]
    if run.kept_from and run.answered_at:
        parts.append(f"the answer of run {run.kept_from}, {when.moment(run.answered_at)}: the same request, so nothing was sent")
    else:
        parts.append(f"{run.prompt_tokens or 0:,} + {run.answer_tokens or 0:,} tokens")
        parts.append(spending.dollars(run.cost_usd_micros))
    parts.append(f"request `{run.request_digest[:12]}`")
    parts.append(f"on the dashboard `{run.dashboard}`" if run.dashboard else "")
    chosen = ", ".join(f"{name}: {', '.join(originals.in_texts(texts, found)) or 'none'}" for name, texts in run.variables.items())
    return " · ".join(part for part in parts if part) + (f"  \nAsked with {forms.plain(chosen)}" if chosen else "")


def _draw_rating(user: User, run: PromptRun) -> None:
    form = f"rating-{run.id}"
    forms.told(form)
    if user.looked_at_by is not None or (run.user_id != user.id and not user.may(Permission.ADMINISTER)):
        if run.rating or run.comment:
            st.caption(f"Rated {RATINGS.get(run.rating or 0, 'with words')} by who asked. {forms.plain(run.comment)}")
        return
    with st.form(forms.key(form), border=False), st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        rating = st.radio(
            "This answer is",
            ANSWERS,
            format_func=lambda value: {None: "not rated", 1: "good", -1: "bad"}[value],
            index=ANSWERS.index(run.rating),
            horizontal=True,
            key=forms.key(form, "rating"),
            width="content",
        )
        comment = st.text_input("Comment", run.comment, max_chars=history.LONGEST_COMMENT, key=forms.key(form, "comment"), width=320)
        if st.form_submit_button("Save"):
            with forms.saving(form), transaction() as session:
                history.rate(session, user=user, run_id=run.id, rating=rating, comment=comment or "")


def _draw_comparison(compared: Comparison, before: PromptRun, run: PromptRun, found: Mapping[str, str]) -> None:
    versions = "" if before.prompt_version == run.prompt_version else f" Version {before.prompt_version} then, {run.prompt_version} now."
    data = "The same was sent." if before.request_digest == run.request_digest else "What was sent is another."
    if compared.same:
        st.caption(f"Both answers are the same. {data}{versions}")
        return
    st.caption(f"{compared.words_changed:,} words changed. {data}{versions}")
    for label, figures in (("Figures that are gone", compared.figures_gone), ("Figures that are new", compared.figures_new)):
        if figures:
            st.markdown(f"{label}: {forms.plain(', '.join(figures[:40]))}")
    st.html(
        STYLE
        + Markup('<div class="nexus-compared">{}</div>').format(
            originals.in_html(Markup("").join(MARKS[change].format(text) for change, text in compared.parts), found)
        )
    )


def _draw_sent(run: PromptRun, request: Request | None) -> None:
    for block in run.blocks:
        ruled = "".join(
            f" · {what}: {', '.join(forms.plain(name) for name in names)}"
            for what, names in (("as pseudonyms", block.masked), ("as statistics", block.aggregated), ("not sent", block.withheld))
            if names
        )
        st.caption(
            f"`{block.name}`: {block.rows:,} rows of `{block.view}`, version {block.view_version}, read {when.moment(block.read_at)}{ruled}"
        )
    if request is None:
        st.caption("The data itself is not kept any more. The settings say for how many days it is.")
        return
    thinking = "" if request.thinking_tokens is None else f" · at most {request.thinking_tokens:,} tokens of thinking"
    st.caption(f"Temperature {request.temperature:g} · at most {request.max_answer_tokens:,} tokens back{thinking}")
    if request.system:
        st.code(request.system, language=None, wrap_lines=True)
    for asked, answered in request.examples:
        st.caption("Example, and the answer to it")
        st.code(asked, language=None, wrap_lines=True)
        st.code(answered, language=None, wrap_lines=True)
    st.code(request.text, language=None, wrap_lines=True, height=320)
    if request.answer_schema:
        st.caption("Fields that the answer is held to")
        st.code(json.dumps(request.answer_schema, indent=1), language="json", wrap_lines=True, height=200)

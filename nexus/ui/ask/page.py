"""The page: source and question on top, the conversation so far, the answer, and the questions before it."""

from pathlib import Path

import streamlit as st

from nexus.accounts.spec import Permission, User, require
from nexus.asking import service as asking
from nexus.asking.spec import LONGEST_QUESTION, Asking, Prepared, Sent
from nexus.asking.suggesting import suggestions
from nexus.db.session import transaction
from nexus.errors import NexusError, NotFound
from nexus.sources import service as sources
from nexus.sources.spec import Source
from nexus.ui import forms, url
from nexus.ui.ask.answer import draw_answer, draw_sent
from nexus.ui.ask.lists import draw_lists
from nexus.ui.ask.state import TYPED, Place, come_back, place_of, typed, write
from nexus.ui.page import errors_shown
from nexus.ui.prompt import say_how_to_get_a_key

LOOK_EVERY_S = 0.5
STYLE = Path(__file__).parents[1] / "static" / "ask.css"
GOES_ON = ("answered", "cannot", "question", "costly")


def draw_ask(user: User) -> None:
    """Everything on the page."""
    require(user, Permission.RUN_PROMPTS)
    st.html(STYLE)
    come_back()
    with transaction() as session:
        known = sources.all_sources(session, reader=user)
        has_key = asking.has_key(session, reader=user)
    source = _draw_head(known)
    if source is None:
        forms.empty("There is no source to ask yet. An administrator connects one in Settings.")
        return
    place = place_of(user, source, _number(url.text("asking")))
    under_way = place.running is not None
    if place.collect() and under_way:
        st.rerun()  # the head of the page is about what is shown
    before, shown, problem = _found(place)
    place.after = _goes_on_from(before, shown, user)
    _draw_before(before)
    if place.running is not None:
        st.fragment(_follow, run_every=LOOK_EVERY_S)(place)
        return
    if shown is not None:
        with errors_shown(where="ask page", user=user):
            draw_answer(place, shown, after=_goes_on_from(before, None, user))
    if problem or place.problem:
        st.error(forms.sentence(problem or place.problem), icon=":material/error:")
    if has_key:
        _draw_form(place, follows=place.after is not None)
        if shown is None and not (problem or place.problem):
            _draw_suggestions(place)
    else:
        say_how_to_get_a_key(user)
    draw_lists(place)


def _draw_head(known: list[Source]) -> Source | None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="ask-head"):
        st.title("Ask the data", anchor=False, width="content")
        st.space("stretch")
        if not known:
            return None
        names = [source.name for source in known]
        named = url.text("source")
        chosen = names.index(named) if named in names else 0
        if len(names) > 1:
            titles = {source.name: source.title for source in known}
            picked = st.selectbox(
                "Source",
                names,
                chosen,
                format_func=lambda name: titles[name],
                key=f"ask-source-{named}",
                width=240,
                label_visibility="collapsed",
            )
            if picked != names[chosen]:
                url.go(source=picked, asking=None)
                st.rerun()
        else:
            st.caption(f":material/database: {forms.plain(known[0].title)}", width="content")
        if url.text("asking"):
            st.button("New question", icon=":material/add:", key="ask-new", on_click=url.go, kwargs={"asking": None})
    return known[chosen]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _found(place: Place) -> tuple[list[Asking], Asking | None, str]:
    """The conversation up to what is shown, that itself, and why it is not there."""
    if place.shown is None:
        return [], None, ""
    try:
        with transaction() as session:
            shown = asking.find(session, reader=place.user, asking_id=place.shown)
            before = asking.conversation(session, reader=place.user, asking=shown)
    except NotFound as error:
        return [], None, error.message
    return [one for one in before if one.id != shown.id], shown, ""


def _goes_on_from(before: list[Asking], shown: Asking | None, user: User) -> int | None:
    """The last question of the conversation that something came of: what failed after it is no end of it."""
    found = [one.id for one in (*before, *([shown] if shown else [])) if one.outcome in GOES_ON and one.user_id == user.id]
    return found[-1] if found else None


def _draw_before(before: list[Asking]) -> None:
    for one in before:
        with st.container(border=True, gap="xxsmall", key=f"ask-before-{one.id}"):
            st.button(forms.plain(one.question), key=f"ask-back-{one.id}", type="tertiary", on_click=url.go, kwargs={"asking": str(one.id)})
            st.caption(forms.sentence(one.sentence))


def _follow(place: Place) -> None:
    """While it is asked: what is being done, and Stop. Looking is what keeps it going."""
    running = place.running
    if running is None or running.over():
        st.rerun()
    with st.container(border=True, gap="small"):
        st.markdown(f"**{forms.plain(place.question)}**")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.html(f'<p class="nexus-waiting" role="status">{place.step}, {running.waited_s:.0f} s</p>', width="stretch")
            st.button("Stop", key="ask-stop", icon=":material/stop_circle:", on_click=running.stop)


def _draw_form(place: Place, *, follows: bool) -> None:
    label = "Ask on, or say what should be different" if follows else "Your question, in any language"
    st.text_area(
        label,
        key=TYPED,
        max_chars=LONGEST_QUESTION,
        height=88,
        placeholder="And only in summer?" if follows else "Which airlines were late most often in December?",
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Ask", key="ask-send", type="primary", icon=":material/send:", on_click=place.ask)
        st.button(
            "See what is sent", key="ask-preview", icon=":material/visibility:", type="tertiary", on_click=place.preview,
            help="Shows the exact request before it leaves",
        )  # fmt: skip
        st.caption(
            "Sent are names and comments of tables and columns, a few common values of columns whose rules allow it, and no rows.",
            width="stretch",
        )
    if place.prepared and place.prepared.question == typed().strip():
        _draw_prepared(place.prepared)


def _draw_suggestions(place: Place) -> None:
    """Where nothing is asked yet: questions that this source can answer, which a click writes into the field."""
    if place.suggestions is None:
        try:
            place.suggestions = suggestions(reader=place.user, source=place.source.name)
        except NexusError:
            place.suggestions = ()  # asking will say what is wrong with the source
    if not place.suggestions:
        return
    with st.container(gap="xsmall", key="ask-suggestions"):
        st.caption("For example")
        for at, question in enumerate(place.suggestions):
            st.button(
                forms.plain(question),
                key=f"ask-example-{at}",
                icon=":material/lightbulb:",
                type="tertiary",
                on_click=write,
                args=(question,),
            )


def _draw_prepared(prepared: Prepared) -> None:
    """The exact request, and what it comes to."""
    parts = [f"columns of {_count(len(prepared.tables), 'table')}"]
    if prepared.named:
        parts.append(f"names of {len(prepared.named):,} more")
    if prepared.omitted:
        parts.append(f"{prepared.omitted:,} not named")
    if prepared.examples:
        parts.append(_count(prepared.examples, "example"))
    if prepared.earlier:
        parts.append(_count(prepared.earlier, "earlier question"))
    parts += [f"about {prepared.request.estimated_tokens:,} tokens", forms.plain(prepared.request.model)]
    if prepared.most_usd_micros:
        parts.append(f"at most \\${prepared.most_usd_micros / 1_000_000:,.4f}")
    with st.container(border=True, gap="small", key="ask-prepared"):
        st.caption(f"This is sent when you press Ask: {' · '.join(parts)}")
        draw_sent([Sent(system=prepared.request.system, text=prepared.request.text)])


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"

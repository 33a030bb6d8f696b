"""What this browser session holds of a question: what is typed, the request looked at, and the one under way. The rest is in the record."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from nexus.accounts.spec import User
from nexus.asking import preparing
from nexus.asking import service as asking
from nexus.asking.service import Answer
from nexus.asking.spec import Prepared
from nexus.errors import NexusError
from nexus.sources.spec import Source
from nexus.ui import url
from nexus.ui.sql_editor.running import Running

TYPED = "ask-typed"
AT_ONCE_S = 0.3


@dataclass
class Place:
    """The page for one person, source and question shown."""

    user: User
    source: Source
    shown: int | None
    """Id of the question that is shown."""
    after: int | None = None
    """The one that a new question goes on from."""
    prepared: Prepared | None = None
    running: Running[Answer] | None = None
    question: str = ""
    """The one that is under way."""
    step: str = ""
    answer: Answer | None = None
    problem: str = ""
    suggestions: tuple[str, ...] | None = None
    """Questions to begin with; none while nobody looked for them."""
    typed: str = ""
    """What stands in the field meanwhile, where it is not the question."""

    def preview(self) -> None:
        self.problem = ""
        try:
            self.prepared = preparing.prepare(user=self.user, source=self.source.name, question=typed(), after=self.after)
        except NexusError as error:
            self.problem = error.message

    def ask(self) -> None:
        """Send what is typed; what was looked at is sent as it was looked at."""
        self._ask(typed(), after=self.after, seen=self.prepared, fresh=False)

    def ask_again(self, question: str, after: int | None) -> None:
        """The same, of Gemini and not from what an equal question was answered; what is typed stays."""
        self._ask(question, after=after, seen=None, fresh=True)

    def _ask(self, question: str, *, after: int | None, seen: Prepared | None, fresh: bool) -> None:
        if self.running is not None and not self.running.over():
            return
        user, source = self.user, self.source.name
        self.problem, self.answer, self.step, self.question = "", None, "Choosing tables", question
        self.typed = typed() if fresh else ""

        def work(stopped: Callable[[], bool]) -> Answer:
            same = seen is not None and seen.question == question.strip()
            prepared = seen if same and seen else preparing.prepare(user=user, source=source, question=question, after=after)
            return asking.ask(user=user, prepared=prepared, tell=self._tell, stopped=stopped, fresh=fresh)

        self.running = Running(work)
        self.running.over(within_s=AT_ONCE_S)

    def _tell(self, step: str) -> None:
        self.step = step

    def collect(self) -> bool:
        """Take what came back, and show it; what was typed stays where there is no answer. False while it runs."""
        running = self.running
        if running is None:
            return True
        if not running.over():
            return False
        self.running, self.prepared, self.answer = None, None, running.result
        # The field was away meanwhile, and what was typed in it with it.
        st.session_state[TYPED] = self.typed or self.question
        if running.error is not None:
            self.problem = running.error.message
        if running.result is not None:
            kept = running.result.asking
            if kept.outcome in ("answered", "cannot", "question", "costly", "refused"):
                st.session_state[TYPED] = self.typed
            self.shown = kept.id
            url.go(asking=str(kept.id), source=self.source.name)
        return True


def typed() -> str:
    return str(st.session_state.get(TYPED) or "")


def write(question: str) -> None:
    """Into the field."""
    st.session_state[TYPED] = question


FOREIGN = ("name", "new", "draft")


def come_back() -> None:
    """Going on to another page leaves that page's query under this one's address, where the browser's Back then ends: put ours there again."""
    held = st.session_state.get("ask-place")
    if isinstance(held, Place) and any(key in st.query_params for key in FOREIGN):
        shown = {"asking": str(held.shown)} if held.shown is not None else {}
        url.put({"source": held.source.name, **shown})


def place_of(user: User, source: Source, shown: int | None) -> Place:
    """The session's, as long as the source is the same and the address shows what it shows."""
    held = st.session_state.get("ask-place")
    if isinstance(held, Place) and held.source.name == source.name and held.user.id == user.id:
        held.user, held.source = user, source
        if held.shown != shown and held.running is None:
            held.shown, held.answer, held.prepared, held.problem, held.suggestions = shown, None, None, "", None
        return held
    place = Place(user=user, source=source, shown=shown)
    st.session_state["ask-place"] = place
    return place

"""The workbench of one question in SQL: what is typed, what runs, and what came back.

What was typed is in the draft, and values to try with are in the address. The browser session holds only what a new run brings back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st
from pydantic import TypeAdapter, ValidationError

from nexus.accounts.spec import User
from nexus.db import versions
from nexus.errors import BadInput, NexusError
from nexus.sources.layout import laid_out
from nexus.sources.plan import Plan
from nexus.sources.spec import Source, Table
from nexus.ui import url
from nexus.ui.editing import Editing
from nexus.ui.parameter_form import declared
from nexus.ui.sql_editor.running import Running
from nexus.views import runs, sql
from nexus.views.parameter import DateRangeParameter, Parameter
from nexus.views.question import SqlQuestion
from nexus.views.runs import QueryRun
from nexus.views.spec import View
from nexus.views.sql import Problem

RESULT, PARAMETERS, CHART, FORMATS, PLAN, HISTORY = TABS = ("Result", "Parameters", "Chart", "Formats", "Plan", "History")
AT_ONCE_S = 0.4
"""What a quick query is waited for, before the page shows that it runs."""

_PARAMETER: TypeAdapter[Parameter] = TypeAdapter(Parameter)
Kind = Literal["run", "explain", "analyze"]


@dataclass
class Bench:
    user: User
    editing: Editing
    source: Source
    serial: int = 0
    """Counts up when the server changes the text, which the editor then takes."""
    insert: str = ""
    kind: Kind = "run"
    ran: str = ""
    """The part of the text that ran last, and where in the text it began."""
    ran_at: int = 0
    ran_of: str = ""
    running: Running[Table | Plan] | None = None
    table: Table | None = None
    plan: Plan | None = None
    error: NexusError | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scope(self) -> str:
        return self.editing.scope

    @property
    def tab_key(self) -> str:
        return f"{self.scope}-tab"

    @property
    def text(self) -> str:
        question = self.editing.content.get("question")
        return str(question.get("sql") or "") if isinstance(question, dict) else ""

    def typed(self, text: str) -> None:
        self.editing.content["question"] = {"kind": "sql", "sql": text[:100_000]}
        self.declare()
        self.editing.keep()

    def declare(self) -> None:
        """What stands in the text and is no parameter yet becomes one, before anything runs."""
        content = self.editing.content
        before = list(content.get("parameters") or ())
        after = declared(before, self.found())
        if after != before:
            content["parameters"] = after
            self.editing.keep()

    def put(self, text: str) -> None:
        """Another text, into the editor too."""
        self.typed(text)
        self.serial, self.insert = self.serial + 1, ""

    def put_again(self, run: QueryRun) -> None:
        """What ran once, with its parameters as they were declared then, and the values that it ran with."""
        parameters, values = runs.asked_with(run)
        content, names = self.editing.content, {one.name for one in parameters}
        kept = [one for one in content.get("parameters") or () if one.get("name") not in names]
        content["parameters"] = [*kept, *(one.model_dump(mode="json", exclude_defaults=True) | {"type": one.type} for one in parameters)]
        self.put(run.sql or "")
        url.write(parameters, values)

    def insert_name(self, name: str) -> None:
        self.serial, self.insert = self.serial + 1, name

    def format(self) -> None:
        try:
            self.put(laid_out(self.text).rstrip("\n"))
        except NexusError as error:
            self.error, self.ran, self.ran_at, self.ran_of = error, self.text, 0, self.text

    def found(self) -> tuple[str, ...]:
        """Names of parameters in the text; a range of dates counts as its two."""
        return sql.names_in(self.text)

    def parameters(self) -> tuple[Parameter, ...]:
        """Those that are declared whole. Raises BadInput naming the first that is not."""
        made = []
        for given in self.editing.content.get("parameters") or ():
            try:
                made.append(_PARAMETER.validate_python(given))
            except ValidationError as error:
                raise BadInput(f"The parameter `{given.get('name')}` is not finished: {versions.first_problem(error)}") from None
        return tuple(made)

    def in_use(self) -> tuple[Parameter, ...]:
        """The declared ones that the text names."""
        found = set(self.found())
        try:
            return tuple(one for one in self.parameters() if _names(one) & found)
        except BadInput:
            return ()

    def view(self, text: str) -> View:
        """A view of `text` alone, which may have no title yet. Raises BadInput."""
        if not text.strip():
            raise BadInput("Write a SELECT first.")
        return View(
            name="untitled", title="Untitled", source=self.source.name, question=SqlQuestion(sql=text), parameters=self.parameters()
        )

    def start(self, kind: Kind, text: str, at: int = 0) -> None:
        """Run or explain `text`, which begins at `at` in what is typed."""
        if self.running is not None:
            self.running.stop()
        self.kind, self.ran, self.ran_at, self.ran_of = kind, text, at, self.text
        self.error, self.running = None, None
        st.session_state[self.tab_key] = RESULT if kind == "run" else PLAN
        try:
            view = self.view(text)
        except NexusError as error:
            self.error = error
            return
        values, _ = url.read(view.parameters)
        source, user = self.source, self.user

        def work(stopped: Any) -> Table | Plan:
            if kind == "run":
                return sql.ask_sql(view, source, reader=user, values=values, cancelled=stopped)
            return sql.explain_sql(view, source, reader=user, values=values, analyze=kind == "analyze", cancelled=stopped)

        self.running = Running(work)
        self.running.over(within_s=AT_ONCE_S)
        self.collect()

    def collect(self) -> bool:
        """Take what came back; False while it runs."""
        running = self.running
        if running is None:
            return True
        if not running.over():
            return False
        self.running, self.error = None, running.error
        if isinstance(running.result, Table):
            self.table = running.result
        elif isinstance(running.result, Plan):
            self.plan = running.result
        elif self.kind == "run":
            self.table = None
        else:
            self.plan = None
        return True

    def problems(self) -> list[Problem]:
        """What the editor marks: the mistake of the last run while the text is the same, else what the guard says."""
        if self.error is not None and self.ran_of == self.text:
            found = sql.problem_of(self.error, self.ran)
            if found is not None:
                return [found.model_copy(update={"start": found.start + self.ran_at, "end": found.end + self.ran_at})]
        found = sql.problem_in(self.text)
        return [found] if found else []


def _names(parameter: Parameter) -> set[str]:
    if isinstance(parameter, DateRangeParameter):
        return {f"{parameter.name}_from", f"{parameter.name}_to"}
    return {parameter.name}


def bench_of(user: User, editing: Editing, source: Source) -> Bench:
    """The session's, as long as the draft is the same."""
    at = f"bench-{editing.name}"
    held = st.session_state.get(at)
    if isinstance(held, Bench) and held.editing is editing:
        if held.source != source:
            held.source, held.table, held.plan = source, None, None
        held.user = user
        return held
    bench = Bench(user=user, editing=editing, source=source)
    st.session_state[at] = bench
    return bench

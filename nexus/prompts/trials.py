"""Test cases of a prompt: run one after the other, judged, and kept as a score."""

import threading
from collections.abc import Sequence
from contextlib import closing
from contextvars import copy_context

from pydantic import BaseModel

from nexus import defects
from nexus.accounts.spec import Permission, User, require
from nexus.db import prompt_scores as scores
from nexus.db.prompt_scores import Figures, ScoreKept
from nexus.db.session import Session, transaction
from nexus.errors import NexusError
from nexus.prompts import gemini
from nexus.prompts.request import OpenPrompt, PromptRun
from nexus.prompts.service import Generate, find_prompt, fingerprint, prepare, run
from nexus.prompts.spec import Prompt, TestCase
from nexus.views import values as typed

LONGEST_SHOWN = 80
"""Characters of what an answer should hold, in the sentence that says that it does not."""


class Judged(BaseModel, frozen=True):
    """What came of one test case; without problems it passed. `run_id` is None where there was no run."""

    name: str
    problems: tuple[str, ...] = ()
    run_id: int | None = None


class Progress(BaseModel, frozen=True):
    judged: tuple[Judged, ...]
    total: int
    over: bool
    problem: str = ""

    @property
    def passed(self) -> int:
        return sum(not one.problems for one in self.judged)


def judge(case: TestCase, run: PromptRun) -> tuple[str, ...]:
    """Why the answer does not pass, a sentence each."""
    if run.status != "complete":
        return (run.error or "There was no whole answer.",)
    answer = run.answer.casefold()
    problems = [f"The answer does not hold “{_short(words)}”." for words in case.contains if words.casefold() not in answer]
    problems += [f"The answer holds “{_short(words)}”." for words in case.contains_not if words.casefold() in answer]
    if case.schema_holds:
        problems += run.records.problems if run.records else ("The answer has no fields.",)
    if case.least_found is not None:
        problems += _grounded(case.least_found, run)
    return tuple(problems)


def _grounded(least: float, run: PromptRun) -> list[str]:
    if run.grounding is None:
        return ["The figures of the answer could not be checked."]
    total, found = run.grounding.total, run.grounding.found
    if total and found / total < least:
        return [f"{found:,} of {total:,} figures are in the data, fewer than {least:.0%}."]
    return []


def _short(words: str) -> str:
    return words if len(words) <= LONGEST_SHOWN else words[: LONGEST_SHOWN - 1] + "…"


class Testing:
    """The test cases of a prompt on a thread of their own, each with the person's own rights; the score is kept when all are judged."""

    def __init__(self, *, user: User, opened: OpenPrompt, generate: Generate = gemini.generate) -> None:
        require(user, Permission.RUN_PROMPTS)
        self.fingerprint = fingerprint(opened.prompt)
        self._user, self._opened, self._generate = user, opened, generate
        self._judged: list[Judged] = []
        self._problem = ""
        self._over = threading.Event()
        self._stopping = threading.Event()
        threading.Thread(target=copy_context().run, args=(self._work,), name="testing", daemon=True).start()

    def look(self) -> Progress:
        over = self._over.is_set()
        return Progress(judged=tuple(self._judged), total=len(self._opened.prompt.test_cases), over=over, problem=self._problem)

    def stop(self) -> None:
        """It ends within moments, and no score is kept."""
        self._stopping.set()

    def _work(self) -> None:
        try:
            for case in self._opened.prompt.test_cases:
                judged = self._judge(case)
                if self._stopping.is_set():
                    self._problem = "It was stopped, so there is no score."
                    return
                self._judged.append(judged)
            with transaction() as session:
                keep_score(session, user=self._user, opened=self._opened, judged=self._judged)
        except NexusError as error:
            self._problem = error.message
        except Exception as error:
            self._problem = f"Nexus made a mistake, and has noted it as {defects.note(error, where='test cases')}."
        finally:
            self._over.set()

    def _judge(self, case: TestCase) -> Judged:
        try:
            values = typed.parse(self._opened.prompt.variables, case.values)
            prepared = prepare(user=self._user, opened=self._opened, values=values)
            with closing(run(user=self._user, prepared=prepared, generate=self._generate, fresh=True)) as events:
                for event in events:
                    if isinstance(event, PromptRun):
                        return Judged(name=case.name, problems=judge(case, event), run_id=event.id)
                    if self._stopping.is_set():
                        break
        except NexusError as error:
            return Judged(name=case.name, problems=(error.message,))
        return Judged(name=case.name, problems=("There was no answer.",))


def keep_score(session: Session, *, user: User, opened: OpenPrompt, judged: Sequence[Judged]) -> None:
    """Of a saved version, or of what is as it is written: it becomes a version's when that is saved unchanged."""
    require(user, Permission.RUN_PROMPTS)
    scores.keep(
        session,
        prompt_id=opened.id,
        version=opened.version or None,
        spec_hash=fingerprint(opened.prompt),
        user_id=user.id,
        passed=sum(not one.problems for one in judged),
        results=[one.model_dump(mode="json") for one in judged],
    )


def last_score(session: Session, *, reader: User, prompt: Prompt) -> ScoreKept | None:
    """The reader's own latest score of exactly this prompt, saved or not."""
    require(reader, Permission.SEE)
    return scores.latest(session, spec_hash=fingerprint(prompt), user_id=reader.id)


def scores_of(session: Session, *, reader: User, name: str) -> dict[int, ScoreKept]:
    """The latest score of each version. Raises NotFound."""
    find_prompt(session, reader=reader, name=name)
    return scores.of_versions(session, reader=reader, name=name)


def figures(session: Session, *, reader: User, names: Sequence[str]) -> dict[str, Figures]:
    """Score, cost of a run and last run, by name, of prompts that the reader has on a list already."""
    require(reader, Permission.SEE)
    return scores.figures(session, reader=reader, names=list(names))

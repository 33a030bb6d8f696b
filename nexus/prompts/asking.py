"""A run in the background, for someone who watches it and may leave.

A page that waited itself would answer to nothing meanwhile, not even to Stop.
"""

import threading
import time
from contextlib import closing
from contextvars import copy_context

from pydantic import BaseModel

from nexus import defects
from nexus.accounts.spec import User
from nexus.errors import NexusError
from nexus.prompts import gemini
from nexus.prompts.request import Prepared, PromptRun
from nexus.prompts.service import Generate, run

UNWATCHED_S = 15
"""How long a run goes on with nobody looking: longer than a browser needs to find its way back."""


class Look(BaseModel, frozen=True):
    """What there is to see of a run at one moment."""

    text: str
    waited_s: float
    over: bool
    run: PromptRun | None = None
    problem: str = ""


class Asking:
    """One run on a thread of its own. It is stopped, and recorded as stopped, when nobody looks any more."""

    def __init__(
        self,
        *,
        user: User,
        prepared: Prepared,
        dashboard: str | None,
        generate: Generate = gemini.generate,
        unwatched_s: float = UNWATCHED_S,
    ) -> None:
        self.prepared = prepared
        self._events = run(user=user, prepared=prepared, generate=generate, dashboard=dashboard)
        self._unwatched_s = unwatched_s
        self._parts: list[str] = []
        self._run: PromptRun | None = None
        self._problem = ""
        self._began = self._looked = time.monotonic()
        self._ended: float | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=copy_context().run, args=(self._work,), name="asking", daemon=True)
        self._thread.start()

    def look(self) -> Look:
        now = self._looked = time.monotonic()
        ended = self._ended
        return Look(
            text="".join(self._parts), waited_s=(ended or now) - self._began, over=ended is not None, run=self._run, problem=self._problem
        )

    def stop(self) -> None:
        """It ends within moments; what came is kept."""
        self._stopping.set()

    def _work(self) -> None:
        try:
            with closing(self._events) as events:
                for event in events:
                    if isinstance(event, PromptRun):
                        self._run = event
                        break
                    self._parts.append(event)
                    if self._stopping.is_set() or time.monotonic() - self._looked > self._unwatched_s:
                        self._problem = "It was stopped before the answer was complete."
                        break
        except NexusError as error:
            self._problem = error.message
        except Exception as error:
            self._problem = f"Nexus made a mistake, and has noted it as {defects.note(error, where='prompt run')}."
        finally:
            self._ended = time.monotonic()

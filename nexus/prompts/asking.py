"""A run in the background, for someone who watches it and may leave.

A page that waited itself would answer to nothing meanwhile, not even to Stop.
"""

import threading
import time
from contextlib import closing
from contextvars import copy_context

from pydantic import BaseModel, Field

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
    place: int = Field(0, description="In the queue for Gemini, from 1; 0 when its turn has come.")
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
        fresh: bool = False,
        generate: Generate = gemini.generate,
        unwatched_s: float = UNWATCHED_S,
    ) -> None:
        self.prepared = prepared
        self._place = 0
        self._events = run(user=user, prepared=prepared, generate=generate, dashboard=dashboard, fresh=fresh, queued=self._queued)
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
            text="".join(self._parts),
            waited_s=(ended or now) - self._began,
            over=ended is not None,
            place=self._place,
            run=self._run,
            problem=self._problem,
        )

    def stop(self) -> None:
        """It ends within moments; what came is kept."""
        self._stopping.set()

    def _queued(self, place: int) -> None:
        self._place = place

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

"""What was made of a view before, kept while it would come out the same: to make it takes longer than many questions to a database do."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from nexus.views import values as typed
from nexus.views.spec import View

LONGEST = 50_000
"""Characters of a question and its values up to which something is kept."""

Key = tuple[str, ...]
T = TypeVar("T")


class Remembered(Generic[T]):
    """Bounded in number; what was used longest ago goes first. Errors are never kept."""

    def __init__(self, *, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[View, T, float]] = OrderedDict()

    def ask(
        self, view: View, values: Mapping[str, Any], *more: str, make: Callable[[], T], holds: Callable[[T], bool], fresh: bool = False
    ) -> T:
        """What `make` made of the same question with the same values and `more` on the same day, as long as it `holds`; else what it makes now."""
        key = (view.source, view.question.model_dump_json(), repr(values), typed.today().isoformat(), *more)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and not fresh and self._same(kept, view) and holds(kept[1]):
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
            return kept[1]
        made = make()
        if sum(map(len, key)) <= LONGEST:
            with self._lock:
                self._kept[key] = (view, made, time.monotonic())
                self._kept.move_to_end(key)
                if len(self._kept) > self._most:
                    self._kept.popitem(last=False)
        return made

    def _same(self, kept: tuple[View, T, float], view: View) -> bool:
        """The text of a question tells 1 from true, and comparing tells a date from its text."""
        before, _, kept_at = kept
        young = time.monotonic() - kept_at <= self._seconds
        return young and (before is view or (before.question == view.question and before.parameters == view.parameters))

"""Charts drawn before, by their spec: the same spec gives the same drawing, so nothing here grows old."""

import hashlib
import threading
from collections import OrderedDict

MOST_BYTES = 4 * 1024 * 1024
"""Some hundred charts. A drawing larger than a quarter of it is not kept."""


class Drawings:
    """SVGs by the digest of the spec that they show, least lately used out first. For any thread."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, str] = OrderedDict()
        self._bytes = 0

    def get(self, spec: str) -> str | None:
        key = _digest(spec)
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def keep(self, spec: str, drawing: str) -> None:
        if len(drawing) > self._most_bytes // 4:
            return
        key = _digest(spec)
        with self._lock:
            self._bytes += len(drawing) - len(self._kept.pop(key, ""))
            self._kept[key] = drawing
            while self._bytes > self._most_bytes:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= len(dropped)


def _digest(spec: str) -> bytes:
    return hashlib.sha256(spec.encode(errors="surrogatepass")).digest()

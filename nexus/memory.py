"""How the process holds memory. Only glibc can be told; elsewhere nothing is done, and need not be."""

import ctypes
from functools import lru_cache
from typing import Any

_MMAP_THRESHOLD = -3
"""`M_MMAP_THRESHOLD` of glibc's malloc.h."""
LARGE_BYTES = 128 * 1024


@lru_cache(maxsize=1)
def _libc() -> Any:
    return ctypes.CDLL(None)


def keep_large_pieces_apart() -> None:
    """Let each piece of LARGE_BYTES or more go back to the system when it is freed.

    glibc begins so, and raises the size as pieces are freed, up to 32 MB: what passes through then leaves holes behind.
    """
    if (mallopt := getattr(_libc(), "mallopt", None)) is not None:
        mallopt(_MMAP_THRESHOLD, LARGE_BYTES)


def give_back() -> None:
    """Hand what is free to the system, also where it lies between pieces that are in use. Takes some milliseconds."""
    if (trim := getattr(_libc(), "malloc_trim", None)) is not None:
        trim(0)

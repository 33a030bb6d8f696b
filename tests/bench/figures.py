"""How figures are taken and printed."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    what: str
    ours: str
    baseline: str = ""
    ratio: str = ""
    goal: str = ""


def median_of(runs: int, measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(runs))


def in_turn(runs: int, first: Callable[[], float], second: Callable[[], float]) -> tuple[float, float, float]:
    """Medians of two measures taken A B A B, and the median of their ratios pair by pair, so that a drifting machine hits both."""
    pairs = [(first(), second()) for _ in range(runs)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def print_table(title: str, figures: list[Figure]) -> None:
    head = Figure("what", "Nexus", "baseline", "ratio", "goal")
    rows = [head, *figures]
    columns = ("what", "ours", "baseline", "ratio", "goal")
    widths = [max(len(getattr(row, column)) for row in rows) for column in columns]
    print(f"\n{title}")
    for number, row in enumerate(rows):
        print("  ".join(getattr(row, column).ljust(width) for column, width in zip(columns, widths, strict=True)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))

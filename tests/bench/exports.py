"""CSV of 336,776 × 19 beside a bare COPY of the same table."""

import time

import httpx
import psutil
import psycopg2

from tests.bench.figures import Figure, in_turn
from tests.bench.processes import pss_mb

SQL = "select * from sample.flights"


class Nothing:
    """A file that only counts."""

    def __init__(self) -> None:
        self.size_bytes = 0

    def write(self, data: bytes | str) -> int:
        self.size_bytes += len(data)
        return len(data)


def bare_copy(database_url: str) -> float:
    """MB a second of `COPY … TO STDOUT`."""
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            sink, started = Nothing(), time.perf_counter()
            cursor.copy_expert(f"copy ({SQL}) to stdout with (format csv, header)", sink)
            return sink.size_bytes / 1e6 / (time.perf_counter() - started)
    finally:
        connection.close()


def figures(client: httpx.Client, server: psutil.Process, database_url: str) -> list[Figure]:
    first_bytes: list[float] = []
    rows: list[int] = []

    def ours() -> float:
        started, size, lines = time.perf_counter(), 0, 0
        with client.stream("GET", "/views/bench-flights.csv") as response:
            response.raise_for_status()
            for chunk in response.iter_raw():
                if not size:
                    first_bytes.append(time.perf_counter() - started)
                size += len(chunk)
                lines += chunk.count(b"\n")
        rows.append(lines - 1)
        return size / 1e6 / (time.perf_counter() - started)

    ours()
    before = sum(pss_mb(server).values())
    mine, theirs, ratio = in_turn(5, ours, lambda: bare_copy(database_url))
    grown = sum(pss_mb(server).values()) - before
    return [
        Figure("CSV of 336,776 × 19", f"{mine:.0f} MB/s", f"{theirs:.0f} MB/s bare COPY", f"{ratio:.2f}", "≥ 0.7"),
        Figure("  rows received", f"{min(rows):,}", "336,776"),
        Figure("  first byte", f"{sorted(first_bytes)[len(first_bytes) // 2] * 1000:.0f} ms", goal="< 200 ms"),
        Figure("  memory grown over six exports", f"{grown:.1f} MB", goal="< 16 MB"),
    ]

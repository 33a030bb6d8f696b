"""Every kind of file of 336,776 × 19, and CSV and Parquet of ten million rows, beside a bare COPY of the same table."""

import threading
import time
from dataclasses import dataclass

import httpx
import psutil
import psycopg2

from tests.bench import big
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


def bare_copy(database_url: str, sql: str = SQL) -> float:
    """MB a second of `COPY … TO STDOUT`."""
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            sink, started = Nothing(), time.perf_counter()
            cursor.copy_expert(f"copy ({sql}) to stdout with (format csv, header)", sink)
            return sink.size_bytes / 1e6 / (time.perf_counter() - started)
    finally:
        connection.close()


@dataclass
class Taken:
    seconds: float
    first_byte_seconds: float
    size_bytes: int
    grown_mb: float
    """Most that the server's process had more than before, looked at while it wrote."""


def take(client: httpx.Client, server: psutil.Process, address: str) -> Taken:
    before = peak = server.memory_info().rss
    over = threading.Event()

    def look() -> None:
        nonlocal peak
        while not over.wait(0.05):
            peak = max(peak, server.memory_info().rss)

    looking = threading.Thread(target=look)
    looking.start()
    started, first, size = time.perf_counter(), 0.0, 0
    try:
        with client.stream("GET", address, timeout=600) as response:
            response.raise_for_status()
            for chunk in response.iter_raw():
                first = first or time.perf_counter() - started
                size += len(chunk)
    finally:
        over.set()
        looking.join()
    return Taken(time.perf_counter() - started, first, size, (peak - before) / 1e6)


def _kinds(client: httpx.Client, server: psutil.Process, database_url: str) -> list[Figure]:
    found = []
    csv_mb = 0.0
    for kind in ("jsonl", "parquet", "xlsx"):
        address = f"/views/bench-flights.{kind}"
        taken = take(client, server, address)  # the first of its kind loads what it needs
        csv_mb = csv_mb or take(client, server, "/views/bench-flights.csv").size_bytes / 1e6
        again = take(client, server, address)
        bare = csv_mb / bare_copy(database_url)
        label = f"{kind} of 336,776 × 19, {again.size_bytes / 1e6:.0f} MB"
        found.append(Figure(label, f"{again.seconds:.1f} s", f"{bare:.1f} s bare COPY", f"{again.seconds / bare:.1f}"))
        found.append(
            Figure(
                "  first byte; memory grown, first time and again",
                f"{again.first_byte_seconds * 1000:.0f} ms; {taken.grown_mb:.0f}, {again.grown_mb:.1f} MB",
                goal="< 16 MB",
            )
        )
    return found


def _big(client: httpx.Client, server: psutil.Process, database_url: str) -> list[Figure]:
    big.build(database_url)
    sql, found = f"select * from {big.TABLE}", []
    for kind in ("csv", "parquet"):
        bare = bare_copy(database_url, sql)
        taken = take(client, server, f"/views/bench-big.{kind}")
        bare = (bare + bare_copy(database_url, sql)) / 2
        mb = taken.size_bytes / 1e6
        if kind == "csv":
            csv_mb = mb
        ratio = csv_mb / taken.seconds / bare
        found.append(
            Figure(
                f"{kind} of {big.ROWS:,} × 20, {mb:,.0f} MB",
                f"{taken.seconds:.0f} s",
                f"{csv_mb / bare:.0f} s bare COPY",
                f"{ratio:.2f}",
                "≥ 0.7" if kind == "csv" else "",
            )
        )
        found.append(
            Figure(
                "  first byte; memory grown", f"{taken.first_byte_seconds * 1000:.0f} ms; {taken.grown_mb:.1f} MB", goal="< 200 ms; < 16 MB"
            )
        )
    return found


def figures(client: httpx.Client, server: psutil.Process, database_url: str) -> list[Figure]:
    return [*_csv(client, server, database_url), *_kinds(client, server, database_url), *_big(client, server, database_url)]


def _csv(client: httpx.Client, server: psutil.Process, database_url: str) -> list[Figure]:
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

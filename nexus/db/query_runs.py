"""Queries that people ran, in Nexus's own tables: written in batches, read as a history and as statistics of a view.

Services check the permission before they come here.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import text

from nexus.db.session import Session
from nexus.db.sharing import Reader, seen_by, values

Purpose = Literal["page", "dashboard", "export", "report", "prompt", "sql", "choices", "preview"]
Status = Literal["complete", "cut", "refused", "failed", "stopped"]

REMOVED_AT_ONCE = 10_000
DAYS = 30
"""How far statistics look back."""


class QueryRun(BaseModel, frozen=True):
    """One run. `parameters` are as they stand in a URL, `declared` what they are, as JSON of their spec; `elapsed_ms` is the database's time, or what a kept answer took to hand out."""

    at: datetime
    user_id: int | None
    source: str
    view: str | None = None
    view_version: int | None = None
    sql: str | None = None
    parameters: dict[str, Any] = {}
    declared: list[Any] = []
    purpose: Purpose
    status: Status
    error: str | None = None
    row_count: int | None = None
    elapsed_ms: float
    cached: bool = False


class Runner(BaseModel, frozen=True):
    """Somebody who ran a view; `name` is empty for the deleted, and for work in the background."""

    name: str
    runs: int
    last_at: datetime


class Day(BaseModel, frozen=True):
    """`failed` are among the `runs`. `median_ms` is of those that the database answered; none when it was not asked."""

    day: date
    runs: int
    failed: int
    median_ms: float | None


class Statistics(BaseModel, frozen=True):
    """How a view ran in the last 30 days. Times and rows are of the runs that the database answered itself."""

    last_24_hours: int = 0
    last_7_days: int = 0
    last_30_days: int = 0
    median_ms: float | None = None
    p95_ms: float | None = None
    max_ms: float | None = None
    median_rows: float | None = None
    max_rows: int | None = None
    cached: int = 0
    cut: int = 0
    failed: int = 0
    stopped: int = 0
    last_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    people: tuple[Runner, ...] = ()
    days: tuple[Day, ...] = ()

    @property
    def cached_share(self) -> float | None:
        """0 to 1, of all runs; none when there were none."""
        return self.cached / self.last_30_days if self.last_30_days else None


class Frequency(BaseModel, frozen=True):
    """Of one view, in a list: runs in 30 days, and what the database took."""

    runs: int
    median_ms: float | None


_COLUMNS = (
    "at timestamptz, user_id bigint, source text, view text, view_version bigint, sql text, parameters jsonb, declared jsonb, purpose text, "
    "status text, error text, row_count bigint, elapsed_ms double precision, cached boolean"
)
_NAMES = "at, source, view, view_version, sql, parameters, declared, purpose, status, error, row_count, elapsed_ms, cached"

# Somebody may have been deleted since; their runs stay.
_ADD = text(f"""
insert into nexus.query_runs (user_id, {_NAMES})
select users.id, {", ".join(f"run.{name.strip()}" for name in _NAMES.split(","))}
from jsonb_to_recordset(cast(:runs as jsonb)) as run({_COLUMNS}) left join nexus.users on users.id = run.user_id
""")


def add(session: Session, runs: Sequence[QueryRun]) -> None:
    """One statement, however many."""
    session.execute(_ADD, {"runs": json.dumps([run.model_dump(mode="json") for run in runs])})


_REMOVE = text("""
delete from nexus.query_runs where id in
(select id from nexus.query_runs where at < now() - make_interval(days => :days) order by at limit :limit)
returning id
""")


def remove_old(session: Session, *, days: int) -> bool:
    """Remove runs older than `days`, not too many at once; whether there may be more."""
    return len(session.execute(_REMOVE, {"days": days, "limit": REMOVED_AT_ONCE}).all()) == REMOVED_AT_ONCE


_HISTORY = text(f"""
select user_id, {_NAMES} from nexus.query_runs
where user_id = :reader and purpose <> 'choices'
and not exists (select from nexus.views where views.name = query_runs.view and not {seen_by("view", "views")}) and (cast(:source as text) is null or source = :source)
and not exists (select from unnest(cast(:words as text[])) as word where strpos(lower(concat_ws(' ', sql, view, error)), word) = 0)
order by at desc, id desc limit :limit
""")


def history(session: Session, *, reader: Reader, source: str | None, words: Sequence[str], limit: int) -> list[QueryRun]:
    """The person's own runs, the newest first, without those of views that they may see no longer: those with all `words` somewhere in statement, view or error."""
    rows = session.execute(_HISTORY, values(reader) | {"source": source, "words": list(words), "limit": limit})
    return [QueryRun(**row) for row in rows.mappings()]


_ASKED = "not cached and status in ('complete', 'cut')"
_OF_VIEW = f"view = :view and purpose not in ('choices', 'preview') and at > now() - interval '{DAYS} days'"

_STATISTICS = text(f"""
select
    count(*) filter (where at > now() - interval '1 day') as last_24_hours,
    count(*) filter (where at > now() - interval '7 days') as last_7_days,
    count(*) as last_30_days,
    percentile_cont(0.5) within group (order by elapsed_ms) filter (where {_ASKED}) as median_ms,
    percentile_cont(0.95) within group (order by elapsed_ms) filter (where {_ASKED}) as p95_ms,
    max(elapsed_ms) filter (where {_ASKED}) as max_ms,
    percentile_cont(0.5) within group (order by row_count) filter (where {_ASKED}) as median_rows,
    max(row_count) filter (where {_ASKED}) as max_rows,
    count(*) filter (where cached) as cached,
    count(*) filter (where status = 'cut') as cut,
    count(*) filter (where status in ('failed', 'refused')) as failed,
    count(*) filter (where status = 'stopped') as stopped,
    max(at) as last_at
from nexus.query_runs where {_OF_VIEW}
""")

# What the database says of a mistake may quote a value that only who asked may see.
_LAST_ERROR = text(f"""
select error, at from nexus.query_runs
where {_OF_VIEW} and status in ('failed', 'refused') and (:all_errors or user_id = :reader) order by at desc limit 1
""")

_PEOPLE = text(f"""
select coalesce(users.name, '') as name, count(*) as runs, max(at) as last_at
from nexus.query_runs left join nexus.users on users.id = query_runs.user_id
where {_OF_VIEW} group by query_runs.user_id, users.name order by runs desc, last_at desc limit 20
""")

_DAYS = text(f"""
select days.day, coalesce(found.runs, 0) as runs, coalesce(found.failed, 0) as failed, found.median_ms
from (select cast(day as date) as day from generate_series((now() at time zone :zone)::date - {DAYS - 1}, (now() at time zone :zone)::date, interval '1 day') as day) as days
left join (
    select cast(at at time zone :zone as date) as day, count(*) as runs, count(*) filter (where status in ('failed', 'refused')) as failed,
        percentile_cont(0.5) within group (order by elapsed_ms) filter (where {_ASKED}) as median_ms
    from nexus.query_runs where {_OF_VIEW} group by 1
) as found on found.day = days.day order by days.day
""")


def statistics(session: Session, *, view: str, reader_id: int, all_errors: bool, people: bool, zone: str = "UTC") -> Statistics:
    """How often, how fast and by whom. The last error is the reader's own, or with `all_errors` anybody's."""
    of_view = {"view": view}
    figures = dict(session.execute(_STATISTICS, of_view).mappings().one())
    error = session.execute(_LAST_ERROR, of_view | {"reader": reader_id, "all_errors": all_errors}).first()
    return Statistics(
        **figures,
        last_error=error.error if error else None,
        last_error_at=error.at if error else None,
        people=tuple(Runner(**row) for row in session.execute(_PEOPLE, of_view).mappings()) if people else (),
        days=tuple(Day(**row) for row in session.execute(_DAYS, of_view | {"zone": zone}).mappings()),
    )


_FREQUENCY = text(f"""
select view, count(*) as runs, percentile_cont(0.5) within group (order by elapsed_ms) filter (where {_ASKED}) as median_ms
from nexus.query_runs
where view = any(:views) and purpose not in ('choices', 'preview') and at > now() - interval '{DAYS} days' group by view
""")


def frequencies(session: Session, *, views: Sequence[str]) -> dict[str, Frequency]:
    """Of each of `views` that ran in the last 30 days: how often, and how fast. One statement."""
    rows = session.execute(_FREQUENCY, {"views": list(views)})
    return {row.view: Frequency(runs=row.runs, median_ms=row.median_ms) for row in rows}

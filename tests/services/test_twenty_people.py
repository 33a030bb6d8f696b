"""Twenty people open one dashboard of the running app at once: each query runs once, and no panel holds another."""

import json
import threading
from collections.abc import Iterator

import psycopg2
import pytest

from tests.server import Server, until
from tests.sockets import Reader

PEOPLE, GATE = 20, 4_711
QUICK, HELD, CHOSEN = 1_307, 2_411, 971
"""Rows of two tables, and those that a filter leaves of the first, so that what a page shows tells which were counted."""
FILTER = {"name": "most", "type": "choice", "choices": {"view": "twenty-offered", "column": "n"}}
SQL = {
    "offered": f"select {CHOSEN} as n from sample.twenty_offered limit 1",
    "held": "select count(*) as n from sample.twenty_held",
    "quick": "select count(*) as n from sample.twenty_quick where n <= cast(:most as int)",
    "broken": "select 1 / (count(*) - count(*)) as n from sample.airlines",
}
HOLDING = f"""
create function sample.held() returns boolean language plpgsql as $$ begin
    while not pg_try_advisory_xact_lock_shared({GATE}) loop perform pg_sleep(0.05); end loop;
    return true;
end $$;
create view sample.twenty_held as select n from sample.twenty_slow, (select sample.held() as over offset 0) as gate where over;
"""
"""A view that answers when nobody holds the gate any more: a source gives up on locks sooner."""


@pytest.fixture
def readers(app_server: Server, sample_role: str) -> Iterator[list[Reader]]:
    with app_server.database() as cursor:
        for name, rows in (("quick", QUICK), ("slow", HELD), ("offered", 1)):
            cursor.execute(f"create table sample.twenty_{name} as select n from generate_series(1, {rows}) as n")
        cursor.execute(HOLDING)
        cursor.execute(f'grant select on sample.twenty_quick, sample.twenty_held, sample.twenty_offered to "{sample_role}"')
        # As the sample's, for people who share answers, and patient.
        cursor.execute(
            """insert into nexus.sources (name, url, spec) select 'twenty', url, spec || %s from nexus.sources where name = 'sample'""",
            (
                json.dumps(
                    {"name": "twenty", "title": "Twenty", "per_reader": False, "limits": {"timeout_ms": 120_000, "cache_seconds": 600}}
                ),
            ),
        )
        panels = [
            {"kind": "metric", "name": name, "view": f"twenty-{name}", "measure": "n", "title": name} for name in SQL if name != "offered"
        ]
        kept = [("dashboard", {"name": "twenty", "title": "Twenty", "filters": [FILTER], "panels": panels})]
        most = [{"name": "most", "type": "text"}]
        kept += [
            (
                "view",
                {
                    "name": f"twenty-{name}",
                    "title": name,
                    "source": "twenty",
                    "question": {"kind": "sql", "sql": sql},
                    "parameters": most if ":most" in sql else [],
                },
            )
            for name, sql in SQL.items()
        ]
        for kind, spec in kept:
            cursor.execute(
                f"insert into nexus.{kind}s (name, title, version) values (%s, %s, 1) returning id", (spec["name"], spec["title"])
            )
            cursor.execute(
                f"insert into nexus.{kind}_versions (kept_id, version, spec) values (%s, 1, %s)", (cursor.fetchone()[0], json.dumps(spec))
            )
    opened = [Reader(app_server.person()) for _ in range(PEOPLE)]
    yield opened
    for reader in opened:
        reader.close()
    with app_server.database() as cursor:
        cursor.execute("delete from nexus.dashboards where name = 'twenty'; delete from nexus.views where name like 'twenty-%'")
        cursor.execute("delete from nexus.sources where name = 'twenty'; drop view sample.twenty_held; drop function sample.held")
        cursor.execute("drop table sample.twenty_quick, sample.twenty_slow, sample.twenty_offered")


def waiting(server: Server) -> int:
    """Queries that wait at the gate."""
    with server.database() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%twenty_held%'"
        )
        return int(cursor.fetchone()[0])


def runs(server: Server, role: str) -> dict[str, int]:
    """How often each table was read, by Postgres's own count, which a connection completes at its end."""
    with server.database() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = %s and datname = current_database()", (role,)
        )
        cursor.execute("select relname, seq_scan from pg_stat_user_tables where relname like 'twenty%%'")
        return dict(cursor.fetchall())


def test_one_run_of_each_query_and_no_panel_holds_another(app_server, readers, sample_role):
    holder = psycopg2.connect(app_server.database_url)
    try:
        holder.cursor().execute(f"select pg_advisory_lock({GATE})")
        threads = [threading.Thread(target=reader.open, args=("dashboard", f"name=twenty&most={CHOSEN}")) for reader in readers]
        for thread in threads:
            thread.start()
        # While one panel's query hangs, all see the others: a figure, and an error that stays in its panel.
        for words in (f"quick: {CHOSEN}", "division by zero"):
            until(lambda words=words: all(words.encode() in reader.said for reader in readers), within_s=90, what=f"everybody sees {words}")
        assert waiting(app_server) == 1
        assert not any(f"held: {HELD}".encode() in reader.said for reader in readers)
    finally:
        holder.close()
    until(
        lambda: all(f"held: {HELD}".encode() in reader.said for reader in readers),
        within_s=60,
        what="everybody sees the panel that was held",
    )
    assert runs(app_server, sample_role) == {"twenty_quick": 1, "twenty_slow": 1, "twenty_offered": 1}

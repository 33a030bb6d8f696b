"""Ten million rows: the sample's flights thirty times, with a key and two indexes. Built once for a run."""

import psycopg2

TABLE = "sample.flights_big"
ROWS = 10_103_280
COPIES = 30

BUILD = f"""
create unlogged table {TABLE} as
select row_number() over () as id, f.* from generate_series(1, {COPIES}) as copy cross join sample.flights f;
alter table {TABLE} add primary key (id);
create index on {TABLE} (arr_delay, id);
create index on {TABLE} (time_hour, id);
"""


def build(database_url: str) -> None:
    """Make the table readable for the sample's role, unless it is there already. Takes a minute or two."""
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("select to_regclass(%s)", (TABLE,))
            if cursor.fetchone()[0] is not None:
                return
            cursor.execute("set maintenance_work_mem = '512MB'; set max_parallel_maintenance_workers = 2")
            cursor.execute(BUILD)
            cursor.execute(f"vacuum (analyze) {TABLE}")
            cursor.execute(f"select count(*) from {TABLE}")
            assert cursor.fetchone()[0] == ROWS
            cursor.execute(
                "select rolname from pg_roles where has_table_privilege(oid, 'sample.flights', 'select') and not rolsuper and rolcanlogin"
            )
            for (role,) in cursor.fetchall():
                cursor.execute(f'grant select on {TABLE} to "{role}"')
    finally:
        connection.close()

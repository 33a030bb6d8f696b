"""Every kind of value that a database can hold, wherever a view shows it: against the database's own text of it."""

import csv
import io
from contextlib import suppress
from datetime import UTC
from typing import Any

import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.errors import BadInput
from nexus.exports.csv import CsvForm
from nexus.reports import panels
from nexus.reports.document import Document, specs
from nexus.reports.rendering import render
from nexus.sources import connect, export
from nexus.sources import service as sources
from nexus.sources.run import answers
from nexus.sources.spec import Query, Source, Table
from nexus.ui import cells
from nexus.views import charts, format, highlight
from nexus.views.appearance import Chart, Format, Highlight
from nexus.views.charts.propose import alternatives
from nexus.views.counting import count_rows
from nexus.views.keyset import sortable
from nexus.views.page import Page, read_filters, written_filters
from nexus.views.paging import read_page
from nexus.views.question import Filter, OrderBy
from nexus.views.service import OpenView
from nexus.views.spec import View
from nexus.views.statistics import describe_column
from tests.people import add_person

KINDS = """
create type sample.hue as enum ('', '<b>red</b>', '$x^2$', ':material/home:');
create domain sample.share as numeric(8,2) check (value < 1000000);
create domain sample.note as text;
create type sample.pair as (a integer, b text, "c d" date);
create type sample.hues as (first sample.hue, others sample.hue[]);
"""
# SQL of a value, and how it is written for people where that is not the database's own text.
VALUES: dict[str, tuple[str, str | None]] = {
    "nan": ("'NaN'::float8", None),
    "nan real": ("'NaN'::real", None),
    "nan numeric": ("'NaN'::numeric", None),
    "infinity": ("'Infinity'::float8", "∞"),
    "minus infinity": ("'-Infinity'::float8", "−∞"),
    "infinite numeric": ("'-Infinity'::numeric", "−∞"),
    "smallest": ("5e-324::float8", "4.94066e-324".replace("-", "−")),
    "largest": ("1.7976931348623157e308::float8", "1.79769e+308"),
    "real": ("3.4028235e38::real", "3.40282e+38"),
    "bigint": ("9223372036854775807::bigint", "9,223,372,036,854,775,807"),
    "smallest bigint": ("(-9223372036854775808)::bigint", "−9,223,372,036,854,775,808"),
    "numeric": ("12345678901234567890.123456789012345678901234567890::numeric", "12,345,678,901,234,567,890.123456789012345678901234567890"),
    "huge numeric": ("1e400::numeric", f"{10**400:,}"),
    "tiny numeric": ("1e-400::numeric", None),
    "oid": ("4294967295::oid", "4,294,967,295"),
    "date": ("date '2013-01-31'", None),
    "infinite date": ("'infinity'::date", None),
    "past date": ("'-infinity'::date", None),
    "date before Christ": ("date '0044-03-15 BC'", None),
    "last date": ("date '5874897-12-31'", None),
    "infinite moment": ("'infinity'::timestamp", None),
    "past zoned moment": ("'-infinity'::timestamptz", None),
    "moment before Christ": ("timestamp '0044-03-15 10:00 BC'", None),
    "last moment": ("timestamp '294276-12-31 23:59:59.999999'", None),
    "last zoned moment": ("timestamptz '294276-12-31 00:00+00'", None),
    "year one": ("date '0001-01-01'", None),
    "midnight": ("time '24:00'", None),
    "time with zone": ("timetz '13:45:00+02'", "13:45+02:00"),
    "interval": ("interval '1 year 2 mons 3 days 04:05:06'", None),
    "minus interval": ("interval '-1 mon'", None),
    "long interval": ("interval '178000000 years'", None),
    "span": ("interval '90 minutes'", "1 h 30 min"),
    "bytes": ("'\\x00ff'::bytea", None),
    "no bytes": ("'\\x'::bytea", None),
    "many bytes": ("decode(repeat('ab', 100), 'hex')", "\\x" + "ab" * 16 + "… (100 bytes)"),
    "list": ("array[1, null, -2]", "{1, –, −2}"),
    "nested": ("array[[1,2],[3,4]]", "{{1, 2}, {3, 4}}"),
    "shifted": ("'[0:1]={7,8}'::int[]", "{7, 8}"),
    "texts": ("array['a b', 'c,d', '\"', null, 'NULL']", '{a b, c,d, ", –, NULL}'),
    "truths": ("array[true, false]", "{yes, no}"),
    "days": ("array['infinity'::date, date '0044-03-15 BC']", "{infinity, 0044-03-15 BC}"),
    "moments": ("array['-infinity'::timestamp, timestamp '294276-12-31']", "{-infinity, 294276-12-31 00:00:00}"),
    "floats": ("array['NaN'::float8, 'Infinity']", "{NaN, ∞}"),
    "bytes in a list": ("array['\\x00ff'::bytea]", "{\\x00ff}"),
    "hues": ("array['', '$x^2$']::sample.hue[]", None),
    "pairs": ("array[row(1, 'x', null)]::sample.pair[]", None),
    "ranges in a list": ("array['[1,5)'::int4range]", '{[1,5)}'),
    "documents in a list": ("array['{\"a\": 1}'::jsonb]", '{{"a": 1}}'),
    "numbers in a list": ("array['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid]", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"),
    "points in a list": ("array[point(1, 2)]", None),
    "empty list": ("'{}'::text[]", None),
    "jsonb": ("'{\"b\": [1.50, null, \"<i>\"]}'::jsonb", None),
    "json": ("'{\"a\":   1e400}'::json", None),
    "json null": ("'null'::jsonb", None),
    "range": ("'[1,5)'::int4range", None),
    "empty range": ("'empty'::numrange", None),
    "days from on": ("'[2013-01-01,infinity)'::daterange", None),
    "multirange": ("'{[1,3),[5,8)}'::int4multirange", None),
    "multirange of moments": ("tsmultirange(tsrange(null, '2013-01-01'))", None),
    "point": ("point(1, 'NaN')", None),
    "line": ("line '{1,2,3}'", None),
    "segment": ("lseg '[(0,0),(1,1)]'", None),
    "box": ("box '(1,1),(0,0)'", None),
    "path": ("path '[(0,0),(1,1)]'", None),
    "polygon": ("polygon '((0,0),(1,1),(1,0))'", None),
    "circle": ("circle '<(0,0),2>'", None),
    "hue": ("'<b>red</b>'::sample.hue", None),
    "no hue": ("''::sample.hue", None),
    "share": ("5.25::sample.share", None),
    "note": ("'=1+1'::sample.note", None),
    "pair": ("row(1, 'a \"b\" <i>', date '2013-01-01')::sample.pair", None),
    "hues of a row": ("row('$x^2$', array['', ':material/home:'])::sample.hues", None),
    "record": ("row(1, null, 'x')", None),
    "like hstore": ("'\"a\"=>\"1\", \"b\"=>NULL'::text", None),
    "money": ("'-1234.5'::money", None),
    "bits": ("b'101'", None),
    "varying bits": ("b'1'::varbit", None),
    "inet": ("'10.0.0.1/8'::inet", None),
    "cidr": ("'::/0'::cidr", None),
    "macaddr": ("'08:00:2b:01:02:03'::macaddr", None),
    "uuid": ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", None),
    "words": ("to_tsvector('simple', 'a fat cat')", None),
    "search": ("to_tsquery('simple', 'fat & cat')", None),
    "lsn": ("'16/B374D848'::pg_lsn", None),
    "char": ("'x'::\"char\"", None),
    "name": ("'x'::name", None),
    "padded": ("'ab'::character(4)", "ab  "),
    "empty": ("''::text", None),
    "spaces": ("'  x '::text", None),
    "markup": ("'<img src=x onerror=alert(1)> **b** $x$ :red[x]'::text", None),
    "emoji": ("'👩‍👩‍👧 é e\u0301 \u202eabc'::text", None),
    "percent": ("'%s %(x)s {{ x }} {0} :x'::text", None),
    "formula": ("'=1+1'::text", None),
    "control": ("'a' || chr(7) || chr(11)", None),
    "boolean": ("true", "yes"),
    "jsonpath": ("'$.a[*]'::jsonpath", None),
    "xid": ("'5'::xid8", None),
}  # fmt: skip


@pytest.fixture(scope="module")
def source(shared_sample, postgres) -> Source:
    connect.close_all()
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(KINDS)
    answers.forget()
    with own.transaction() as session:
        return sources.find(session, reader=add_person(Role.VIEWER, email="values@example.org"), name="sample")


@pytest.fixture(scope="module")
def reader(source) -> User:
    return add_person(Role.VIEWER, email="reads-values@example.org")


def opened(source: Source, sql: str, **formats: Format) -> OpenView:
    view = View(name="v", title="V", source="sample", question={"kind": "sql", "sql": sql}, formats=formats)
    return OpenView(view=view, version=1, source=source, owner=None, saved_at="2013-01-01T00:00:00Z", saved_by=None)


def rows_of(sql: str) -> str:
    """Four rows: the value twice, once nothing; each with the database's own text of it."""
    return f"select n, v, v::text as said from (select n, case when n <> 3 then {sql} end as v from generate_series(1, 3) n) x"


@pytest.mark.parametrize("kind", VALUES)
def test_a_page_shows_the_value_and_turns_by_it(source, reader, kind):
    sql, written = VALUES[kind]
    view = opened(source, rows_of(sql))
    page = read_page(view, reader=reader, values={}, page=Page(order=(OrderBy(column="n"),)))
    column = page.table.columns[1]
    text = format.text(page.table.rows[0][1], None, column, zone=UTC)
    said = page.table.rows[0][2]
    assert text == (said if written is None else written)
    assert page.table.rows[2][1] is None
    order = (OrderBy(column="v", descending=True),)
    if "v" not in page.orderable:
        with pytest.raises(BadInput, match="has no order"):
            read_page(view, reader=reader, values={}, page=Page(order=order))
        return
    seen, at = [], read_page(view, reader=reader, values={}, page=Page(order=order, size=1))
    for _ in range(3):
        seen.append(at.table.rows[0][0])
        at = at if at.next is None else read_page(view, reader=reader, values={}, page=Page(order=order, size=1, after=at.next))
    assert sorted(seen) == [1, 2, 3]
    assert seen[-1] == 3
    back = [at.table.rows[0][0]]
    while at.previous is not None:
        at = read_page(view, reader=reader, values={}, page=Page(order=order, size=1, before=at.previous))
        back.append(at.table.rows[0][0])
    assert back == seen[::-1]


@pytest.mark.parametrize("kind", VALUES)
def test_a_filter_finds_the_value_by_the_databases_own_text(source, reader, kind):
    view = opened(source, rows_of(VALUES[kind][0]))
    table = read_page(view, reader=reader, values={}, page=Page()).table
    said, column = table.rows[0][2] or "", table.columns[1]

    def count(**one: Any) -> int:
        where = read_filters(written_filters((Filter(column="v", **one),)))
        return count_rows(view, reader=reader, values={}, where=where)

    assert count(operator="is empty") == 1
    assert count(operator="is not empty") == 2
    assert count(operator="contains", value=said) == 2 if said else True
    assert count(operator="starts with", value=said[:5]) == 2 if said else True
    equal: Any = said if column.kind != "boolean" else True
    assert count(operator="=", value=equal) == 2, column.type_name
    assert count(operator="!=", value=equal) == 1
    assert count(operator="in", value=[equal]) == 2
    if sortable(column) and column.kind != "boolean":
        assert count(operator="between", value=[equal, equal]) == 2


@pytest.mark.parametrize("kind", VALUES)
def test_statistics_count_the_value(source, reader, kind):
    sql, _ = VALUES[kind]
    found = describe_column(opened(source, rows_of(sql)), reader=reader, values={}, column="v")
    assert (found.rows, found.empty, found.distinct) == (3, 1, 1)
    assert [count for _, count in found.top] == [2]
    format.text(found.top[0][0], None, found.column)


@pytest.fixture(scope="module")
def everything(source, reader) -> tuple[OpenView, Table]:
    """All of them as one row, each column called as its kind."""
    listed = ", ".join(f'{sql} as "{name}", ({sql})::text as "{name} said"' for name, (sql, _) in VALUES.items())
    view = opened(source, f"select {listed} from generate_series(1, 2)")
    return view, read_page(view, reader=reader, values={}, page=Page()).table


def test_csv_has_the_databases_own_text(source, reader, everything):
    view, _ = everything
    chunks: list[bytes] = []
    export.export(source, query=Query(source="sample", sql=view.view.question.sql), reader=reader, form=CsvForm(), put=chunks.append)
    row = next(csv.DictReader(io.StringIO(b"".join(chunks).decode(), newline="")))
    for name in VALUES:
        # A cast takes the padding off; and what begins like a formula is marked where it is a text.
        assert row[name].strip().removeprefix("'") == row[f"{name} said"].strip().removeprefix("'"), name
        assert not row[name].startswith("=")


@pytest.mark.parametrize("name", VALUES)
def test_charts_draw_the_value_or_say_why_not(everything, name):
    _, table = everything
    at = table.position(name)
    for style in ({}, {"v": Format(style="percent")}, {"v": Format(style="duration")}, {"v": Format(style="progress", maximum=3)}):
        two = table.model_copy(
            update={
                "columns": (
                    table.columns[at].model_copy(update={"name": "v"}),
                    table.columns[table.position("oid")].model_copy(update={"name": "n"}),
                ),
                "rows": [(row[at], 1) for row in table.rows] + [(None, 2)],
            }
        )
        for chart in [
            *alternatives(two),
            Chart(kind="bar", x="v", y=("n",)),
            Chart(kind="line", x="n", y=("v",)),
            Chart(kind="pie", x="v", y=("n",)),
            Chart(kind="pivot", row="v", y=("n",)),
            Chart(kind="histogram", x="v"),
            Chart(kind="box", x="v", y=("n",)),
            Chart(kind="big number", y=("v",)),
            Chart(kind="heatmap", x="v", row="n", y=("n",)),
        ]:
            with suppress(charts.ChartImpossible):
                charts.draw(chart, two, style)


RULES = [
    Highlight(operator="=", value="1", tone="green"),
    Highlight(operator=">", value=0, tone="red"),
    Highlight(operator="between", value=["2013-01-01", "2014-01-01"], tone="amber"),
    Highlight(operator="contains", value="<", tone="green"),
    Highlight(operator="within", value="this year", tone="green"),
    Highlight(operator="is not empty", value=None, tone="green"),
]


def test_colours_are_decided_for_every_value_on_screen_and_paper(everything):
    view, table = everything
    formats = {name: Format(highlights=tuple(RULES), shade="green") for name in VALUES}
    marks = highlight.tones(table, formats)
    assert marks is not None
    assert all(marks[0][table.position(name)] for name in VALUES if name not in ("empty", "no hue")), "the last rule holds for all"
    shown = cells.rows(table, marks, formats=formats, positions=range(len(table.columns)), label="All", height=400)
    assert "<img" not in shown
    assert "<b>red" not in shown
    block = panels.grid(table, view, {}, shown={"title": "All", "width": 12}, columns=(), zone=UTC, cells=10_000)
    document = Document(title="All", subject="All", prepared_by="Ana", prepared_at=table.read_at, panels=(block,))
    printed = render(document, [None] * len(specs(document)))
    assert "<img src=x" not in printed
    assert "<b>red" not in printed

"""JSON lines, spreadsheets and Parquet: every kind of value read back by others' readers, and what a file says of itself."""

import io
import json
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.exports.csv import CsvForm
from nexus.exports.jsonl import JsonLinesForm
from nexus.exports.parquet import ParquetForm
from nexus.exports.spec import Provenance
from nexus.exports.xlsx import XlsxForm
from nexus.sources import connect, export, service
from nexus.sources.spec import Query, QueryFailed, QueryTooBig, Source, SourceUnavailable
from nexus.views.appearance import Format

ANA = User(id=7, email="ana@example.org", name="Ana", role=Role.VIEWER)
MADE = Provenance(
    view="late-flights",
    title="Late flights: by [route]",
    version=3,
    source="Sample",
    timezone="America/New_York",
    parameters=(("Carrier", "UA, =1+1"),),
    sql="select 1 -- <b>&\x07",
    values={"carrier": "['UA']"},
    by="Ana (ana@example.org)",
    at=datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
)
FORMS = {"csv": CsvForm, "jsonl": JsonLinesForm, "xlsx": lambda: XlsxForm(MADE, {}), "parquet": lambda: ParquetForm(MADE)}


@pytest.fixture(scope="module")
def sample(shared_sample, postgres) -> Source:
    connect.close_all()
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(
            "create type sample.mood as enum ('', '=cmd', 'ok'); create domain sample.label as text; create domain sample.price as numeric(8,2);"
            "create type sample.pair as (a integer, b text)"
        )
    with own.transaction() as session:
        return service.find(session, reader=ANA, name="sample")


@pytest.fixture(scope="module")
def huge(sample, postgres) -> None:
    """Values of 5 MB, and one of 500 MB."""
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(
            "create table sample.huge as select repeat('x', 5000000) as text, repeat('x', 5000000)::bytea as bytes,"
            " repeat('x', 500000000) as enormous, to_jsonb(repeat('x', 5000000)) as document; grant select on sample.huge to public"
        )


def exported(source, sql, form, **more) -> bytes:
    chunks: list[bytes] = []
    export.export(source, query=Query(source="sample", sql=sql), reader=ANA, **{"form": form, "put": chunks.append} | more)
    assert max(map(len, chunks)) <= export.CHUNK_BYTES
    return b"".join(chunks)


def lines(content: bytes) -> list[dict]:
    return [json.loads(line, parse_float=Decimal) for line in content.decode().split("\n")[:-1]]


def book(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def parquet(content: bytes) -> pyarrow.Table:
    return pyarrow.parquet.read_table(io.BytesIO(content))


# --- every kind of value ----------------------------------------------------------------------------------

ODD = "tab\there, \"quotes\", 'single', back\\slash, line\nbreak\r\n, \x01\x02\x07\x1f, <b>&amp;</b>, _x0041_, 東京 ñ 😀\ufffe \\."
SQL_ODD = "E'" + ODD.replace("\\", "\\\\").replace("'", "\\'") + "'"
HUGE = 9007199254740993
Z = UTC

VALUES = [
    # SQL, in JSON, in a spreadsheet, in Parquet
    ("null::integer", None, None, None),
    ("true", True, True, True),
    ("-1::smallint", -1, -1, -1),
    ("2147483647", 2147483647, 2147483647, 2147483647),
    (f"{HUGE}::bigint", HUGE, str(HUGE), HUGE),
    ("-999999999999999::bigint", -999999999999999, -999999999999999, -999999999999999),
    ("0.1::real", Decimal("0.1"), 0.1, pytest.approx(0.1, abs=1e-8)),
    ("0.1::float8 + 0.2", Decimal("0.30000000000000004"), 0.30000000000000004, 0.30000000000000004),
    ("1e300::float8", Decimal("1e300"), 1e300, 1e300),
    ("'NaN'::float8", "NaN", "NaN", pytest.approx(float("nan"), nan_ok=True)),
    ("'-Infinity'::float8", "-Infinity", "-Infinity", float("-inf")),
    ("'Infinity'::real", "Infinity", "Infinity", float("inf")),
    ("12.50::numeric(8,2)", Decimal("12.50"), 12.5, Decimal("12.50")),
    ("'NaN'::numeric(8,2)", "NaN", "NaN", None),
    ("12345678901234567.89::numeric(20,2)", Decimal("12345678901234567.89"), "12345678901234567.89", Decimal("12345678901234567.89")),
    ("100000000000000000::numeric(20,2)", Decimal("100000000000000000.00"), 1e17, Decimal("100000000000000000.00")),
    ("avg(n) over () from (values (1), (2), (2)) v(n) limit 1", None, None, None),
    ("1e400::numeric", 10**400, "1" + "0" * 400, None),
    ("'Infinity'::numeric", "Infinity", "Infinity", float("inf")),
    ("5.25::sample.price", Decimal("5.25"), 5.25, Decimal("5.25")),
    ("date '2013-01-31'", "2013-01-31", datetime(2013, 1, 31), date(2013, 1, 31)),
    ("date '1900-02-28'", "1900-02-28", "1900-02-28", date(1900, 2, 28)),
    ("date '0044-03-15 BC'", "0044-03-15 BC", "0044-03-15 BC", "BC"),
    ("'infinity'::date", "infinity", "infinity", None),
    ("timestamp '2013-01-01 10:00:00.123456'", "2013-01-01T10:00:00.123456", datetime(2013, 1, 1, 10, 0, 0, 123000), datetime(2013, 1, 1, 10, 0, 0, 123456)),
    ("timestamp '1815-06-18 11:30'", "1815-06-18T11:30:00", "1815-06-18 11:30:00", datetime(1815, 6, 18, 11, 30)),
    ("timestamp '294276-12-31 00:00'", "294276-12-31T00:00:00", "294276-12-31 00:00:00", None),
    ("timestamptz '2013-01-01 10:00+00'", "2013-01-01T05:00:00-05:00", datetime(2013, 1, 1, 5), datetime(2013, 1, 1, 10, tzinfo=Z)),
    ("'-infinity'::timestamptz", "-infinity", "-infinity", None),
    ("time '13:45'", "13:45:00", time(13, 45), "13:45:00"),
    ("time '24:00'", "24:00:00", "24:00:00", "24:00:00"),
    ("timetz '13:45+02'", "13:45:00+02", "13:45:00+02", "13:45:00+02"),
    ("interval '1 day 2 hours'", "1 day 02:00:00", timedelta(hours=26), "1 day 02:00:00"),
    ("interval '1 month'", "1 mon", "1 mon", "1 mon"),
    ("interval '-2 hours'", "-02:00:00", "-02:00:00", "-02:00:00"),
    ("'\\x00ff0a'::bytea", "\\x00ff0a", "\\x00ff0a", b"\x00\xff\n"),
    ("''::text", "", "", ""),
    ("'  padded '::text", "  padded ", "  padded ", "  padded "),
    (f"{SQL_ODD}::text", ODD, ODD, ODD),
    (f"array[{SQL_ODD}]", [ODD], ..., ...),
    ("'=1+1'::text", "=1+1", "=1+1", "=1+1"),
    ("'@x'::varchar(9)", "@x", "@x", "@x"),
    ("'=cmd'::sample.mood", "=cmd", "=cmd", "=cmd"),
    ("'=1+1'::sample.label", "=1+1", "=1+1", "=1+1"),
    ("'ab'::character(4)", "ab  ", "ab  ", "ab  "),
    ("array[1, null, -2]", [1, None, -2], "{1,NULL,-2}", "{1,NULL,-2}"),
    ("array['a b', 'c,d']", ["a b", "c,d"], '{"a b","c,d"}', '{"a b","c,d"}'),
    ("row(null, 'x')::sample.pair", {"a": None, "b": "x"}, "(,x)", "(,x)"),
    ("'[1,5)'::int4range", "[1,5)", "[1,5)", "[1,5)"),
    ("point(1, 2.5)", "(1,2.5)", "(1,2.5)", "(1,2.5)"),
    ("'10.0.0.1'::inet", "10.0.0.1", "10.0.0.1", "10.0.0.1"),
    ("'{\"a\":\n [1.50]}'::json", {"a": [Decimal("1.50")]}, '{"a":\n [1.50]}', '{"a":\n [1.50]}'),
    ("'{\"b\": \"\\n\"}'::jsonb", {"b": "\n"}, '{"b": "\\n"}', '{"b": "\\n"}'),
    ("'-1'::money", "-$1.00", "-$1.00", "-$1.00"),
    ("'9c4d8a10-0000-4000-8000-000000000001'::uuid", "9c4d8a10-0000-4000-8000-000000000001", "9c4d8a10-0000-4000-8000-000000000001", "9c4d8a10-0000-4000-8000-000000000001"),
]  # fmt: skip
VALUES = [value for value in VALUES if " from " not in value[0]]
EVERYTHING = "select " + ", ".join(f"{sql} as v{number}" for number, (sql, *_) in enumerate(VALUES))


def test_json_lines_hold_every_value_with_every_digit(sample):
    (row,) = lines(exported(sample, EVERYTHING, JsonLinesForm()))
    assert list(row.values()) == [value for _, value, _, _ in VALUES]


def test_a_spreadsheet_holds_every_value_as_what_it_is_or_as_text(sample):
    sheet = book(exported(sample, EVERYTHING, XlsxForm(MADE, {}))).worksheets[0]
    cells = [openpyxl.utils.escape.unescape(cell.value) if isinstance(cell.value, str) else cell.value for cell in sheet[2]]
    for cell, found, (sql, _, value, _) in zip(sheet[2], cells, VALUES, strict=True):
        if value is not ...:
            assert (found, type(found)) == (value, type(value)), sql
        assert cell.data_type != "f", sql


def test_parquet_holds_every_value_as_what_it_is_or_as_text(sample):
    table = parquet(exported(sample, EVERYTHING, ParquetForm(MADE)))
    for column, (sql, _, _, value) in zip(table.columns, VALUES, strict=True):
        if value == "BC":
            assert column.cast(pyarrow.int32()).to_pylist() == [-735_160], sql  # days; Python knows no such date
        elif value is not ...:
            (found,) = column.to_pylist()
            assert found == value, sql


def test_parquet_counts_what_it_could_not_hold(sample):
    said: list[str] = []
    sql = "select v, v::text as written, n::numeric from (values ('infinity'::date, 1), ('2020-01-01', 9007199254740993), (null, 2), ('-infinity', 3)) x(v, n)"
    table = parquet(exported(sample, sql, ParquetForm(MADE, said.append)))
    assert table.column("v").to_pylist() == [None, date(2020, 1, 1), None, None]
    assert table.column("written").to_pylist() == ["infinity", "2020-01-01", None, "-infinity"]
    assert said == [
        "`v`: 2 values are infinite, and left empty; `n`: 1 values have more digits than a double: they are rounded, and left empty past 1.8e308."
    ]


def test_what_a_parquet_file_says_of_itself(sample):
    file = pyarrow.parquet.ParquetFile(
        io.BytesIO(exported(sample, "select 1.5::numeric(4,1) as a, 'x' as a, now() as b", ParquetForm(MADE)))
    )
    said = {key.decode(): value.decode() for key, value in file.metadata.metadata.items() if key.startswith(b"nexus.")}
    assert (said["nexus.view"], said["nexus.version"], said["nexus.taken_by"]) == ("late-flights", "3", "Ana (ana@example.org)")
    assert json.loads(said["nexus.parameters"]) == {"Carrier": "UA, =1+1"}
    assert (said["nexus.query"], said["nexus.rows"], said["nexus.notes"]) == (MADE.sql, "1", "{}")
    assert [(field.name, str(field.type)) for field in file.schema_arrow] == [
        ("a", "decimal128(4, 1)"), ("a_2", "string"), ("b", "timestamp[us, tz=UTC]"),
    ]  # fmt: skip


# --- names, widths, many columns --------------------------------------------------------------------------

NAMES = ["a", "a", "a_2", "A b", 'say "hi"', "50% %s %(x)s", "x,y", "{0}", "=1+1", "<b>&", "é" * 31, "nexus row", "😀", "back\\slash"]


@pytest.mark.parametrize("kind", FORMS)
def test_columns_of_any_name_are_told_apart(sample, kind):
    listed = ", ".join(f'{number} as "' + name.replace('"', '""') + '"' for number, name in enumerate(NAMES))
    content = exported(sample, f"select {listed}", FORMS[kind]())
    apart = ["a", "a_3", *NAMES[2:]]
    match kind:
        case "jsonl":
            assert lines(content) == [dict(zip(apart, range(len(NAMES)), strict=True))]
        case "parquet":
            assert parquet(content).to_pylist() == [dict(zip(apart, range(len(NAMES)), strict=True))]
        case "xlsx":
            sheet = book(content).worksheets[0]
            assert [cell.value for cell in sheet[1]] == NAMES
            assert [cell.value for cell in sheet[2]] == list(range(len(NAMES)))


@pytest.mark.parametrize("kind", FORMS)
def test_1600_columns_come_through(sample, kind):
    listed = ", ".join(f"{['n', 'n::text', 'n::numeric', 'current_date'][number % 4]} as column_{number}" for number in range(1600))
    content = exported(sample, f"select {listed} from generate_series(1, 3) n", FORMS[kind]())
    match kind:
        case "csv":
            assert content.count(b",") == 4 * 1599
        case "jsonl":
            assert [len(row) for row in lines(content)] == [1600] * 3
        case "parquet":
            assert parquet(content).shape == (3, 1600)
        case "xlsx":
            sheet = book(content).worksheets[0]
            assert (sheet.max_row, sheet.max_column) == (4, 1600)


@pytest.mark.parametrize("kind", FORMS)
def test_without_rows_there_is_a_readable_file(sample, kind):
    content = exported(sample, "select 1 as one, 'x' as two where false", FORMS[kind]()) if kind != "jsonl" else b""
    match kind:
        case "parquet":
            assert parquet(content).shape == (0, 2)
        case "xlsx":
            assert [cell.value for cell in book(content).worksheets[0][1]] == ["one", "two"]


@pytest.mark.parametrize("kind", FORMS)
def test_every_row_is_there_in_its_order(sample, kind):
    content = exported(
        sample,
        "select n, case when n % 7 = 0 then 'odd \"quote' || chr(10) || n when n % 11 > 0 then n::text end as t from generate_series(1, 150000) n",
        FORMS[kind](),
    )
    wanted = [(n, f'odd "quote\n{n}' if n % 7 == 0 else str(n) if n % 11 else None) for n in range(1, 150_001)]
    match kind:
        case "jsonl":
            assert [(row["n"], row["t"]) for row in lines(content)] == wanted
        case "parquet":
            assert list(zip(*parquet(content).to_pydict().values(), strict=True)) == wanted
        case "xlsx":
            sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
            assert list(sheet.iter_rows(min_row=2, values_only=True)) == wanted


# --- spreadsheets -----------------------------------------------------------------------------------------


def test_a_spreadsheet_looks_like_the_view(sample):
    formats = {
        "share": Format(style="percent", decimals=1, label="Late"),
        "price": Format(style="currency", unit='€"'),
        "day": Format(style="date"),
        "secret": Format(hidden=True),
    }
    sql = "select 0.125::float8 as share, 9.5::numeric as price, 7 as secret, timestamp '2020-02-03 04:05' as day, date '2020-02-03' as d, interval '90 min' as i, repeat('long ', 9) as t"
    sheet = book(exported(sample, sql, XlsxForm(MADE, formats))).worksheets[0]
    assert [cell.value for cell in sheet[1]][:2] == ["Late", "price"]
    assert all(cell.font.b for cell in sheet[1])
    assert sheet.freeze_panes == "A2"
    assert [cell.number_format for cell in sheet[2]] == [
        "0.0%",
        '#,##0.00 "€"',
        "General",
        "yyyy-mm-dd",
        "yyyy-mm-dd",
        "[h]:mm:ss",
        "General",
    ]
    assert sheet.column_dimensions["C"].hidden
    assert sheet.column_dimensions["G"].width > sheet.column_dimensions["A"].width


def test_a_spreadsheet_says_where_it_came_from(sample):
    made = book(exported(sample, "select 1 as one", XlsxForm(MADE, {})))
    assert made.sheetnames == ["Late flights by route", "About this file"]
    said = {row[0]: row[1] for row in made.worksheets[1].iter_rows(values_only=True)}
    assert said["Name"] == "late-flights"
    assert said["Parameter: Carrier"] == "UA, =1+1"
    assert said["Rows"] == "1"
    assert said["Complete"].startswith("Yes")
    assert said["Taken by"] == "Ana (ana@example.org)"
    assert openpyxl.utils.escape.unescape(said["Query"]) == MADE.sql


def test_rows_past_the_limit_of_a_sheet_go_on_in_the_next_which_says_so(sample):
    made = book(exported(sample, "select n from generate_series(1, 25000) n", XlsxForm(MADE, {}, most_rows=10_001)))
    assert made.sheetnames == [
        "Late flights by route (1 of 3)",
        "Late flights by route (2 of 3)",
        "Late flights by route (3 of 3)",
        "About this file",
    ]
    assert [cell.value for sheet in made.worksheets[:3] for cell in sheet["A"]] == [
        "n", *range(1, 10_001), "n", *range(10_001, 20_001), "n", *range(20_001, 25_001),
    ]  # fmt: skip
    said = dict(row[:2] for row in made.worksheets[3].iter_rows(values_only=True))
    assert "3 sheets" in said["Sheets"]


def test_a_text_longer_than_a_cell_is_cut_where_it_can_be_seen(sample):
    made = book(
        exported(sample, "select repeat('x', 32767) as fits, repeat('é', 40000) as long, repeat('😀', 20000) as wide", XlsxForm(MADE, {}))
    )
    fits, long, wide = (cell.value for cell in made.worksheets[0][2])
    assert fits == "x" * 32767
    assert long.startswith("é" * 32_000)
    assert long.endswith("(cut, of 40000 characters)")
    assert wide.startswith("😀" * 16_000)
    assert all(len(text.encode("utf-16-le")) // 2 <= 32_767 for text in (fits, long, wide))
    assert dict(row[:2] for row in made.worksheets[1].iter_rows(values_only=True))["Cut cells"].startswith("2 cells")


# --- what ends an export ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("wide", ["text", "bytes", "enormous", "document"])
def test_a_row_that_is_too_big_ends_every_form_with_a_sentence(sample, huge, kind, wide):
    received: list[bytes] = []
    with pytest.raises(QueryTooBig, match="One row"):
        exported(sample, f"select {wide} from sample.huge", FORMS[kind](), put=received.append)
    assert received == []


def cannot_be_read(kind: str, content: bytes) -> bool:
    match kind:
        case "csv" | "jsonl":
            # Half a last line; that the download broke off is told by the connection.
            return not content.endswith(b"\n") or content.count(b"\n") < 400_000
        case "xlsx":
            return not zipfile.is_zipfile(io.BytesIO(content))
        case _:
            try:
                parquet(content)
            except pyarrow.ArrowInvalid:
                return True
            return False


@pytest.mark.parametrize("kind", FORMS)
def test_a_database_lost_in_the_middle_leaves_no_file_that_looks_whole(sample, postgres, sample_role, kind):
    received: list[bytes] = []

    def put(chunk):
        if not received:
            with postgres.superuser() as cursor:
                cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (sample_role,))
        received.append(chunk)

    with pytest.raises(SourceUnavailable):
        exported(sample, "select f.*, random() from flights f, airlines", FORMS[kind](), put=put)
    assert received
    assert cannot_be_read(kind, b"".join(received))


@pytest.mark.parametrize("kind", FORMS)
def test_an_error_in_the_middle_leaves_no_file_that_looks_whole(sample, kind):
    received: list[bytes] = []
    with pytest.raises(QueryFailed, match="division by zero"):
        exported(
            sample, "select random() as r, 1 / (399000 - n) as x from generate_series(1, 400000) n", FORMS[kind](), put=received.append
        )
    assert cannot_be_read(kind, b"".join(received))

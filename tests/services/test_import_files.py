"""What is found in files of every kind, and the sentence that hostile ones get. The reading process is the real one."""

import io
import json
import random
import time
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from nexus.imports import process
from nexus.imports.spec import UnreadableFile
from tests.uploads import brought, cell, heads, make_writer, row, rows_of, workbook


def look(content: bytes, **given):
    with process.spooled([content]) as file:
        return process.look(file, given, deadline=time.monotonic() + 120, progress=lambda _: None)


def columns(found):
    return {column.name: column.type for column in found.columns}


def written(content: bytes, **types) -> tuple[list[str], dict]:
    """The lines that COPY would get, and the reader's last report."""
    found = look(content)
    wanted = [(at, types.get(column.name, column.type)) for at, column in enumerate(found.columns)]
    request = process.writing(found.layout, columns=wanted, width=len(found.columns))
    with (
        process.spooled([content]) as file,
        process.Reader(request, file, deadline=time.monotonic() + 60, progress=lambda _: None) as reader,
    ):
        text = b"".join(iter(lambda: reader.read(1 << 20), b"")).decode()
        return text.splitlines(), reader.finish()


@pytest.fixture
def files(sample_database, admin):
    make_writer(admin)


# --- CSV ------------------------------------------------------------------------------------------------------------


def test_a_csv_proposes_types_that_every_row_fits():
    found = look(
        b"whole,exact,rough,flag,day,at,moment,id,json,code,words,empty\n"
        b'1,1.50,1e5,yes,2024-01-31,2024-01-31 10:20,2024-01-31T10:20:00Z,6f1c2a10-0000-4000-8000-0123456789ab,"{""a"": 1}",007,Ana,\n'
        b'-7,"1,234.5",2.5,no,1999-12-01,2024-01-31,2024-01-31 10:20:00+02:00,6F1C2A10-0000-4000-8000-0123456789AC,[],008,x,\n'
    )
    assert list(columns(found).values()) == [
        "bigint",
        "numeric",
        "double precision",
        "boolean",
        "date",
        "timestamp",
        "timestamptz",
        "uuid",
        "jsonb",
        "text",
        "text",
        "text",
    ]


def test_a_type_is_held_against_the_last_row_too():
    content = b"a,b\n" + b"1,2024-01-01\n" * 5_000
    assert list(columns(look(content)).values()) == ["bigint", "date"]
    assert list(columns(look(content + b"1.5,2024-01-01 10:00\n")).values()) == ["numeric", "timestamp"]
    assert list(columns(look(content + b"x,2024-02-30\n")).values()) == ["text", "text"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("utf-8", "größe;b\n1;ü\n"), ("utf-8-sig", "größe;b\n1;ü\n"), ("utf-16", "größe;b\n1;日本\n"), ("cp1252", "größe;b\n1;€ü\n")],
)
def test_the_encoding_is_found_and_can_be_chosen(encoding, text):
    found = look(text.encode(encoding))
    assert (found.layout.encoding, found.columns[0].name, found.sample[0][1]) == (encoding, "größe", text.partition("1;")[2].strip())
    assert look(text.encode(encoding), encoding=encoding).sample == found.sample


def test_a_file_that_turns_out_not_to_be_utf8_far_down_is_read_again():
    found = look(b"a,b\n" + b"1,plain\n" * 60_000 + "2,Zoë\n".encode("cp1252"))
    assert (found.layout.encoding, found.rows) == ("cp1252", 60_001)
    with pytest.raises(UnreadableFile, match=r"not utf-8\. Choose another encoding"):
        look(b"a,b\n" + b"1,plain\n" * 60_000 + b"2,Zo\xeb\n", encoding="utf-8")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter):
    found = look(f"a{delimiter}b\n1{delimiter}x y\n2{delimiter}z\n".encode())
    assert (found.layout.delimiter, columns(found)) == (delimiter, {"a": "bigint", "b": "text"})


def test_decimal_commas_thousands_and_words_for_nothing_are_understood():
    found = look(b"price;count\n1.234,50;NA\n7,5;12\n")
    assert (found.layout.decimal, found.layout.nulls, columns(found)) == (",", ("NA",), {"price": "numeric", "count": "bigint"})
    assert written(b"price;count\n1.234,50;NA\n7,5;12\n")[0] == ["1234.50\t\\N", "7.5\t12"]


@pytest.mark.parametrize(
    ("days", "dates", "either", "written_as"),
    [
        (("3/4/2024", "31/4/2023"), "dmy", False, None),
        (("3/4/2024", "31/3/2024"), "dmy", False, ["2024-04-03", "2024-03-31"]),
        (("3/4/2024", "12/31/2024"), "mdy", False, ["2024-03-04", "2024-12-31"]),
        (("3/4/2024", "5/6/2024"), "dmy", True, ["2024-04-03", "2024-06-05"]),
        (("3.4.2024", "5.6.2024"), "dmy", False, ["2024-04-03", "2024-06-05"]),
        (("2024-04-03", "2024-06-05"), "dmy", False, ["2024-04-03", "2024-06-05"]),
    ],
)
def test_the_order_of_dates_is_found_or_asked_for(days, dates, either, written_as):
    content = ("day\n" + "\n".join(days) + "\n").encode()
    found = look(content)
    assert (found.layout.dates, found.either_dates) == (dates, either)
    assert columns(found) == {"day": "date" if written_as else "text"}
    if written_as:
        assert written(content)[0] == written_as


def test_a_file_without_a_head_is_told_from_one_with():
    assert [column.name for column in look(b"1,x\n2,y\n").columns] == ["column_1", "column_2"]
    assert look(b"1,x\n2,y\n").rows == 2
    assert look(b"name,town\nAna,Rome\n").rows == 1
    assert look(b"name,town\nAna,Rome\n", header=False).rows == 2


def test_only_a_head_makes_an_empty_table(files, analyst):
    assert look(b"a,b\n").rows == 0
    assert brought(analyst, b"a,b\n").rows == 0
    assert rows_of(analyst) == []


def test_mixed_line_ends_quotes_and_breaks_inside_cells_are_kept(files, analyst):
    assert brought(analyst, b'id,note\r\n1,"two\nlines"\n2,"a ""b"" \\ c\td"\r3,\\N\r\n').rows == 3
    assert rows_of(analyst) == [(1, "two\nlines"), (2, 'a "b" \\ c\td'), (3, "\\N")]


def test_heads_that_are_missing_twice_long_or_hostile_become_names():
    head = ["", "a", "A", "x" * 300, '"<script>alert(1)</script>"', "😀", "ctid", "select", "2013", "Größe (cm)"]
    found = look((",".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in head) + "\n" + "," * 9 + "\n").encode())
    assert found.layout.header, "a year among words is the head of a column"
    assert [column.name for column in found.columns] == [
        "column_1",
        "a",
        "a_2",
        "x" * 63,
        "script_alert_1_script",
        "column_6",
        "ctid_2",
        "select",
        "_2013",
        "größe_cm",
    ]
    assert found.columns[4].head == '"<script>alert(1)</script>"'


def test_rows_with_too_many_or_too_few_cells_are_named(files, analyst):
    content = b"a,b\n1,2\n3\n\n4,5,6\n"
    found = look(content)
    assert [problem.sentence for problem in found.problems] == [
        "Row 3: it has 1 cell, and the first row has 2.",
        "Row 5: it has 3 cells, and the first row has 2.",
    ]
    outcome = brought(analyst, content)
    assert (outcome.problem_count, outcome.rows) == (2, 3)


def noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\n\n\r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (noise(100_000), "cannot be read as CSV, XLSX or Parquet"),
        (b"a,b\n" + b"\0" * 50_000, "cannot be read as CSV, XLSX or Parquet"),
        (b"%PDF-1.7 and so on", "a PDF"),
        (b"\x1f\x8b\x08 zipped", "gzip"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b'a,b\n1,"never closed\n' + b"2,3\n" * 1000, "never closed"),
        (b'a,b\n1,"x" y\n', "between a closing quote"),
        (b'a,b\n1,"' + b"x" * 17_000_000, "16 million characters"),
        (b"a" * 17_000_000, "16 million characters"),
        (b",".join(b"c%d" % at for at in range(10_000)) + b"\n", "10,000 columns, and a table may have 1,600"),
        (b"PK\x03\x04 this is no zip", "no Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "locked with a password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 Workbook", "old kind"),
        (b"PAR1 and then nothing", "damaged or cut off"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_nothing_of_the_kind_is_a_sentence(content, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        look(content)


def test_a_nul_in_a_cell_is_named(files, analyst):
    outcome = brought(analyst, b"id,name\n1,Ana\n2,B\0o\n")
    assert [problem.sentence for problem in outcome.problems] == [
        "Row 3, column `name`: “B·o” holds a NUL character, which Postgres cannot keep."
    ]


def test_a_json_that_postgres_refuses_is_a_sentence_too(files, analyst):
    outcome = brought(analyst, b'id,data\n1,"{""a"": ""\\u0000""}"\n2,"{""a"": NaN}"\n', types={"data": "jsonb"})
    assert [problem.sentence.partition("” ")[2] for problem in outcome.problems] == [
        "holds a NUL character, which Postgres cannot keep.",
        "is not JSON.",
    ]


def test_a_huge_cell_that_is_allowed_arrives_whole(files, analyst):
    assert brought(analyst, b"id,text\n1," + b"x" * 15_000_000 + b"\n").rows == 1
    assert rows_of(analyst, columns="id, length(text)") == [(1, 15_000_000)]


# --- XLSX -----------------------------------------------------------------------------------------------------------


def test_a_workbook_gives_values_of_formulas_dates_and_shared_texts(files, analyst):
    content = workbook(
        heads("Id", "When", "At", "Name", "Sum", "Ok", "Time", "Odd"),
        row(
            2,
            cell("A2", "1"),
            cell("B2", "45292", style=1),
            cell("C2", "45292.5", style=2),
            cell("D2", "0", kind="s"),
            cell("E2", "0.30000000000000004", formula="0.1+0.2"),
            cell("F2", "1", kind="b"),
            cell("G2", "0.25", style=3),
            cell("H2", "#N/A", kind="e"),
        ),
        row(4, cell("A4", "2.0"), cell("B4", "60", style=1), cell("D4", "line_x000A_break", kind="str", formula="A1"), cell("E4", "1E3")),
        texts=("Zoë &amp; Co",),
    )
    found = look(content)
    assert found.layout.sheet == "First"
    assert list(columns(found).values()) == ["bigint", "date", "timestamp", "text", "numeric", "boolean", "text", "text"]
    assert brought(analyst, content).rows == 2
    assert rows_of(analyst) == [
        (1, date(2024, 1, 1), datetime(2024, 1, 1, 12), "Zoë & Co", Decimal("0.30000000000000004"), True, "06:00:00", None),
        (2, date(1900, 2, 28), None, "line\nbreak", Decimal(1000), None, None, None),
    ]


def test_days_are_counted_from_1904_where_the_workbook_says_so():
    content = workbook(heads("day"), row(2, cell("A2", "0", style=1)), row(3, cell("A3", "43830", style=1)), from_1904=True)
    assert written(content)[0] == ["1904-01-01", "2024-01-01"]


def test_an_error_in_a_cell_is_named_by_row_and_column(files, analyst):
    content = workbook(
        heads("id", "rate"), row(2, cell("A2", "1"), cell("B2", "2.5")), row(3, cell("A3", "2"), cell("B3", "#DIV/0!", kind="e"))
    )
    outcome = brought(analyst, content, types={"rate": "numeric"})
    assert [problem.sentence for problem in outcome.problems] == ["Row 3, column `rate`: “#DIV/0!” is not a number."]


def test_another_sheet_can_be_chosen():
    content = workbook(heads("a"), sheets=("First", "Über <b>"))
    assert look(content).sheets == ("First", "Über <b>")
    assert look(content, sheet="Über <b>").columns[0].head == "other"
    with pytest.raises(UnreadableFile, match="no sheet of that name"):
        look(content, sheet="gone")


def test_a_million_empty_rows_are_an_empty_sheet():
    rows = "".join(f'<row r="{number}"><c r="A{number}" s="0"/></row>' for number in range(1, 1_000_001))
    with pytest.raises(UnreadableFile, match="`First` is empty"):
        look(workbook(rows))
    assert look(workbook(heads("a"), row(1_048_576, cell("A1048576", "7")))).rows == 1


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst><si><t>&a;</t></si></sst>'


def bomb() -> bytes:
    """Two hundred megabytes of blanks in two hundred kilobytes."""
    return workbook(sheet1="<worksheet><sheetData>" + " " * 200_000_000 + "</sheetData></worksheet>")


def lying_bomb() -> bytes:
    """One whose directory declares far less than comes out."""
    content = bytearray(bomb())
    honest = (200_000_000 + len("<worksheet><sheetData></sheetData></worksheet>")).to_bytes(4, "little")
    while (at := content.find(honest)) >= 0:
        content[at : at + 4] = (1000).to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (bomb, "unpacks to far more"),
        (lying_bomb, "damaged"),
        (lambda: workbook(shared=LAUGHS), "declarations that no workbook has"),
        (lambda: workbook(shared=OUTSIDE), "declarations that no workbook has"),
        (lambda: workbook(sheet1="<worksheet><sheetData><row>"), "damaged"),
        (lambda: workbook(sheet1="not xml"), "damaged"),
        (lambda: workbook(heads("a"), row(2, cell("ZZZ2", "1"))), "beyond column 1,600"),
        (lambda: workbook(heads("a"), row(99_999_999, cell("A99999999", "1"))), "more than the 1,048,576 rows"),
        (lambda: workbook(heads("a"), row(2, cell("A2", "7", kind="s"))), "no Excel workbook"),
        (lambda: workbook(heads("a"), row(2, cell("A2", "x" * 17_000_000, kind="inlineStr"))), "16 million characters|unpacks to far"),
        (lambda: workbook(heads("a"))[:-200], "no Excel workbook"),
        (lambda: plain_zip({"readme.txt": "hello"}), "no Excel workbook"),
        (lambda: plain_zip({f"{at}.txt": "" for at in range(10_001)}), "no Excel workbook"),
        (lambda: workbook(shared="<sst>" + "<si><t>x</t></si>" * 1_000_001 + "</sst>"), "different texts"),
    ],
    ids=range(14),
)
def test_a_hostile_workbook_is_a_sentence(make, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        look(make())


def plain_zip(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


# --- Parquet --------------------------------------------------------------------------------------------------------


def packed(table: pa.Table, **options) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table, file, **options)
    return file.getvalue()


def test_a_parquet_file_keeps_its_types_and_nested_values_become_json(files, analyst):
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int32()),
            "huge": pa.array([2**64 - 1, None], pa.uint64()),
            "price": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
            "rate": pa.array([0.1, float("nan")]),
            "ok": pa.array([True, None]),
            "day": pa.array([date(2024, 1, 31), None]),
            "at": pa.array([datetime(2024, 1, 31, 10, 20, 30, 5), None], pa.timestamp("ns")),
            "moment": pa.array([datetime(2024, 1, 31, 10, tzinfo=UTC), None], pa.timestamp("us", tz="America/New_York")),
            "name": pa.array(["", "tab\tand \\ back"]).dictionary_encode(),
            "raw": pa.array([b"\x00\xff", None]),
            "tags": pa.array([["a", None], []]),
            "place": pa.array([{"x": 1.5, "when": date(2024, 1, 1)}, None]),
        }
    )
    content = packed(table, row_group_size=1)
    assert list(columns(look(content)).values()) == [
        "bigint",
        "numeric",
        "numeric",
        "double precision",
        "boolean",
        "date",
        "timestamp",
        "timestamptz",
        "text",
        "bytea",
        "jsonb",
        "jsonb",
    ]
    assert brought(analyst, content).rows == 2
    first, second = rows_of(
        analyst, columns="id, huge, price, rate::text, ok, day, at, moment at time zone 'UTC', name, raw::text, tags::text, place::text"
    )
    assert first == (
        1,
        2**64 - 1,
        Decimal("1.50"),
        "0.1",
        True,
        date(2024, 1, 31),
        datetime(2024, 1, 31, 10, 20, 30, 5),
        datetime(2024, 1, 31, 10),
        "",
        "\\x00ff",
        '["a", null]',
        '{"x": 1.5, "when": "2024-01-01"}',
    )
    assert second[3:] == ("NaN", None, None, None, None, "tab\tand \\ back", None, "[]", None)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_parquet_file_that_is_cut_off_is_a_sentence(share):
    content = packed(pa.table({"a": list(range(10_000))}))
    with pytest.raises(UnreadableFile, match="damaged or cut off"):
        look(content[: int(len(content) * share)])


def test_a_parquet_file_with_broken_pages_is_a_sentence_and_never_ends_the_server():
    content = bytearray(packed(pa.table({"a": [f"text {at}" for at in range(50_000)], "b": list(range(50_000))})))
    dice = random.Random(3)
    for _ in range(6):
        broken = bytearray(content)
        for _ in range(40):
            broken[dice.randrange(4, len(broken) - 3_000)] = dice.randrange(256)
        # Some of it may still be readable; anything but our own sentence would be a failure.
        with suppress(UnreadableFile):
            look(bytes(broken))


def test_a_parquet_file_that_unpacks_to_gigabytes_is_a_sentence():
    content = packed(pa.table({"a": pa.array(["x" * 1_000_000] * 400)}), use_dictionary=False, compression="zstd")
    assert len(content) < 1_000_000
    with pytest.raises(UnreadableFile, match=r"too big to read in one piece|more memory"):
        look(content)


def test_a_sheet_of_a_hundred_nested_lists_is_json(files, analyst):
    value: list = []
    for _ in range(30):
        value = [value]
    content = json.dumps(value)
    assert brought(analyst, f'id,deep\n1,"{content}"\n'.encode()).rows == 1
    assert rows_of(analyst, columns="deep::text") == [(content.replace(" ", ""),)]

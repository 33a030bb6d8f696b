"""Parquet: the database's CSV, read into columns by Arrow, a row group for each 2 MB.

Types: whole numbers and floats as they are; a numeric with declared digits as a decimal with the same; booleans; dates; moments
in microseconds, those with a zone in UTC; bytes as binary; everything else (texts, uuid, JSON, arrays, enums, ranges, times of
day, intervals) as the text that Postgres writes. A second column called `a` is `a_2`.

A numeric without declared digits, as sums and averages are, is a double: no decimal holds each of them, and as text nobody
could add them up; its exact digits are in CSV and JSON lines. Days and moments go through as numbers, so those before Christ
and far away are right. What a column's type cannot hold is null: infinity of dates and moments, NaN of a decimal. That, and whole
numbers that a double rounds, is counted by column in the file's metadata (`nexus.notes`) and said on the page.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nexus import memory
from nexus.exports import statement
from nexus.exports.spec import Provenance
from nexus.exports.statement import FIXED, SIZE_OF_BYTES, SIZE_OF_TEXT, told_apart
from nexus.sources.export import Head, Outlet

BLOCK_BYTES = 256 * 1024
"""Of CSV that is read at once: reading takes several times as much."""
READ_BYTES = 2 * 1024 * 1024
"""The most that a block may come to with the row that goes on past its end."""
GROUP_BYTES = 3 * 1024 * 1024
"""Of columns in a row group: some 45,000 rows of 20 columns. A larger one is held here; of each more, its record is, 1 KB a column."""
PAGE_BYTES = 128 * 1024
"""Of a page, and of a dictionary of values before a column goes on without: what one column takes while it is written."""
MOST_DIGITS = 38
"""Of a decimal that every reader of Parquet knows."""
_DAY_0 = "'1970-01-01'::pg_catalog.date"
_MICROSECONDS = "(extract(epoch from {0}) operator(pg_catalog.*) 1000000::pg_catalog.numeric)::pg_catalog.int8"
_LAST = "'292000-01-01'"
"""A little before the last moment that 64 bits of microseconds hold, counted from 1970."""
_WRITTEN = "case when {0} is distinct from null then pg_catalog.concat({0}) end"
_DIGIT = re.compile(rb"[0-9]")
_FINITE = "pg_catalog.isfinite({0})"


@dataclass(frozen=True)
class _Shape:
    """A column on its way: as what CSV has it, as what Arrow reads it, and as what it is stored. `{0}` is the column."""

    shown: str = "{0}"
    read: str = "string"
    stored: str = ""
    """Of the same width as `read`, so that the change costs nothing; none for the same."""
    lost: str = ""
    """When the value cannot be kept as it is."""
    why: str = ""


def _moment(type_: str, zone: str) -> _Shape:
    kept = f"{_FINITE} and {{0}} operator(pg_catalog.<) {_LAST}::pg_catalog.{type_}"
    return _Shape(
        shown=f"case when {kept} then {_MICROSECONDS} end",
        read="int64",
        stored=f"timestamp {zone}".strip(),
        lost=f"not ({kept})",
        why="are infinite, and left empty",
    )


SHAPES = {
    16: _Shape(read="bool"),
    17: _Shape(stored="bytes"),
    20: _Shape(read="int64"),
    21: _Shape(read="int16"),
    23: _Shape(read="int32"),
    25: _Shape(),
    26: _Shape(read="int64"),
    700: _Shape(read="float"),
    701: _Shape(read="double"),
    1043: _Shape(),
    1082: _Shape(
        shown=f"case when {_FINITE} then {{0}} operator(pg_catalog.-) {_DAY_0} end",
        read="int32",
        stored="date",
        lost=f"not {_FINITE}",
        why="are infinite, and left empty",
    ),
    1114: _moment("timestamp", ""),
    1184: _moment("timestamptz", "UTC"),
}
OTHERS = _Shape(shown=_WRITTEN)
_EXACT, _LARGEST = "9007199254740992::pg_catalog.numeric", "'1.7976931348623157e308'::pg_catalog.numeric"
_SIZE = "pg_catalog.abs({0})"
_NO_NUMBER = "{0}::pg_catalog.text operator(pg_catalog.~) '[a-z]'"
COMPUTED = _Shape(
    shown=f"case when {_SIZE} operator(pg_catalog.<=) {_LARGEST} or {_NO_NUMBER} then {{0}} end",
    read="double",
    lost=f"{_SIZE} operator(pg_catalog.>) {_EXACT} and not {_NO_NUMBER}",
    why="have more digits than a double: they are rounded, and left empty past 1.8e308",
)
NAN = "'NaN'::pg_catalog.numeric"


def _shape(head: Head) -> _Shape:
    if head.oid != 1700:
        return SHAPES.get(head.oid, OTHERS)
    if head.precision is None or head.scale is None:
        return COMPUTED
    if head.precision > MOST_DIGITS or not 0 <= head.scale <= head.precision:
        return OTHERS
    return _Shape(
        shown=f"nullif({{0}}, {NAN})",
        read=f"decimal {head.precision} {head.scale}",
        lost=f"{{0}} operator(pg_catalog.=) {NAN}",
        why="are NaN, and left empty",
    )


class ParquetForm:
    """`said` is told, at the end, a sentence about what the file could not hold."""

    def __init__(self, provenance: Provenance, said: Callable[[str], None] = lambda _sentence: None) -> None:
        self._provenance, self._said = provenance, said
        self._names: list[str] = []
        self._shapes: list[_Shape] = []
        self._lost: Counter[int] = Counter()
        self._block = bytearray()
        self._group: list[Any] = []

    def copy(self, template: str, heads: Sequence[Head], *, version: int) -> str:
        self._names = told_apart(heads)
        self._shapes = [_shape(head) for head in heads]
        columns = [(f"c{number}", shape) for number, shape in enumerate(self._shapes)]
        lost = [f"case when {shape.lost.format(name)} then '{name[1:]} ' end" for name, shape in columns if shape.lost]
        sizes = [
            (SIZE_OF_BYTES if head.oid == 17 else SIZE_OF_TEXT).format(name)
            for head, (name, _) in zip(heads, columns, strict=True)
            if head.oid not in FIXED
        ]
        return statement.copy(
            template=template,
            read=[shape.shown.format(name) if shape is OTHERS else name for name, shape in columns],
            sizes=sizes,
            # The last column says which of the others lost something; also, a row of one null is no empty line.
            shown=", ".join(
                [
                    *(name if shape is OTHERS else shape.shown.format(name) for name, shape in columns),
                    statement.joined(lost) if lost else "'-'",
                ]
            ),
        )

    def begin(self, outlet: Outlet) -> None:
        import pyarrow
        from pyarrow import csv, parquet

        self._outlet = outlet
        # Arrow's own pools keep what they once had; the system's gives it back.
        self._pool = pyarrow.system_memory_pool()
        fields = [pyarrow.field(name, _stored(shape)) for name, shape in zip(self._names, self._shapes, strict=True)]
        self._schema = pyarrow.schema(fields, metadata=self._metadata())
        columns = [str(number) for number in range(len(self._names) + 1)]
        types = {name: _arrow(shape.read) for name, shape in zip(columns, self._shapes, strict=False)} | {columns[-1]: pyarrow.string()}
        self._reading = csv.ReadOptions(column_names=columns, use_threads=False, block_size=READ_BYTES)
        self._parsing = csv.ParseOptions(newlines_in_values=True)
        self._converting = csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        self._writer = parquet.ParquetWriter(
            outlet,
            self._schema,
            compression="zstd",
            compression_level=1,
            data_page_size=PAGE_BYTES,
            dictionary_pagesize_limit=PAGE_BYTES,
            memory_pool=self._pool,
            store_schema=True,
        )

    def _metadata(self) -> dict[str, str]:
        made = self._provenance
        return {
            f"nexus.{made.of}": made.view,
            "nexus.title": made.title,
            "nexus.version": str(made.version),
            "nexus.source": made.source,
            "nexus.parameters": json.dumps(dict(made.parameters), ensure_ascii=False),
            "nexus.part": made.part or "everything",
            "nexus.taken_by": made.by,
            "nexus.taken_at": made.at.isoformat(),
            "nexus.query": made.sql,
            "nexus.values": json.dumps(made.values, ensure_ascii=False),
        }

    def write(self, rows: bytes) -> None:
        self._block += rows
        if len(self._block) >= BLOCK_BYTES:
            self._read(_whole_rows(self._block))

    def _read(self, end: int) -> None:
        """Make columns of the rows in the first `end` bytes, and a row group when there are enough."""
        import pyarrow
        from pyarrow import csv

        if not end:
            return
        with memoryview(self._block) as view, view[:end] as part:
            source = pyarrow.BufferReader(pyarrow.py_buffer(part))
            table = csv.read_csv(source, self._reading, self._parsing, self._converting, memory_pool=self._pool)
            del source
        del self._block[:end]
        self._count(table.column(len(self._names)))
        columns = [_kept(table.column(at), shape) for at, shape in enumerate(self._shapes)]
        self._group.append(pyarrow.table(columns, schema=self._schema))
        if sum(part.nbytes for part in self._group) >= GROUP_BYTES:
            self._write_group()

    def _write_group(self) -> None:
        import pyarrow

        table = pyarrow.concat_tables(self._group)
        self._group.clear()
        if table.num_rows:
            self._writer.write_table(table, row_group_size=table.num_rows)
        del table
        # What was freed lies in pieces among what is kept of each row group, and would be held; the pool's `release_unused` leaves it there.
        memory.give_back()

    def _count(self, said: Any) -> None:
        # Most blocks lost nothing, which their bytes tell without a text for every row. `pyarrow.compute` would take 9 MB.
        for chunk in said.chunks:
            if _DIGIT.search(chunk.buffers()[2] or b""):
                self._lost.update(int(column) for words in chunk.to_pylist() for column in (words or "").split() if column.isdecimal())

    def end(self, rows: int) -> None:
        self._read(len(self._block))
        if self._group:
            self._write_group()
        notes = {self._names[at]: f"{count:,} values {self._shapes[at].why}" for at, count in sorted(self._lost.items())}
        self._writer.add_key_value_metadata({"nexus.rows": str(rows), "nexus.notes": json.dumps(notes, ensure_ascii=False)})
        self._writer.close()
        memory.give_back()
        if notes:
            self._said("; ".join(f"`{name}`: {note}" for name, note in list(notes.items())[:5]) + ".")


def _whole_rows(block: bytearray) -> int:
    """Where the last whole row ends: at a line break that has an even number of quotes before it."""
    end = block.rfind(b"\n") + 1
    odd = block.count(b'"', 0, end) % 2
    while end and odd:
        before = block.rfind(b"\n", 0, end - 1) + 1
        odd = (odd + block.count(b'"', before, end)) % 2
        end = before
    return end


def _arrow(name: str) -> Any:
    import pyarrow

    kind, *digits = name.split()
    match kind:
        case "decimal":
            return pyarrow.decimal128(*map(int, digits))
        case "bool":
            return pyarrow.bool_()
        case "date":
            return pyarrow.date32()
        case "bytes":
            return pyarrow.binary()
        case "timestamp":
            return pyarrow.timestamp("us", *digits)
        case "int16" | "int32" | "int64" | "string":
            return getattr(pyarrow, kind)()
        case _:
            return pyarrow.float32() if kind == "float" else pyarrow.float64()


def _stored(shape: _Shape) -> Any:
    return _arrow(shape.stored or shape.read)


def _kept(column: Any, shape: _Shape) -> Any:
    import pyarrow

    if not shape.stored:
        return column
    if shape.stored == "bytes":
        # Written as `\x00ff`.
        return pyarrow.array([None if text is None else bytes.fromhex(text[2:]) for text in column.to_pylist()], pyarrow.binary())
    # Of the same width: the same bytes, read as another type.
    type_ = _arrow(shape.stored)
    return pyarrow.chunked_array([chunk.view(type_) for chunk in column.chunks], type=type_)

"""Parquet: read batch by batch; columns keep their types, and nested values become JSON."""

import json
import math
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO

from nexus.imports.csvfile import Row
from nexus.imports.spec import MOST_COLUMNS, Layout, UnreadableFile

BATCH_BYTES = 4 * 1024 * 1024
MOST_CHUNK_BYTES = 256 * 1024 * 1024
"""Of one column in one row group, uncompressed, as the file declares it."""

BROKEN = "This Parquet file is damaged or cut off. Write it again, and upload that."


class ParquetFile:
    """As `CsvFile`. `types` are the proposed ones, as the file's own schema says."""

    sheets: tuple[str, ...] = ()
    even = True

    def __init__(self, file: BinaryIO, given: dict[str, Any]) -> None:
        # Imported late: only files of this kind pay for it.
        import pyarrow as pa
        from pyarrow import parquet

        pa.set_cpu_count(1)
        pa.set_io_thread_count(1)
        self.layout = Layout(**(given | {"kind": "parquet"}))
        try:
            self._parquet = parquet.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False)
            schema = self._parquet.schema_arrow
        except (pa.ArrowException, OSError, ValueError):
            raise UnreadableFile(BROKEN) from None
        if len(schema) > MOST_COLUMNS:
            raise UnreadableFile(f"This file has {len(schema):,} columns, and a table may have {MOST_COLUMNS:,}. Save it with fewer.")
        self._total = self._parquet.metadata.num_rows
        self._seen = 0
        _check_sizes(self._parquet.metadata)
        self.heads = list(schema.names)
        self.types = [type_of(field.type) for field in schema]

    @property
    def share(self) -> float:
        return self._seen / self._total if self._total else 1.0

    def rows(self) -> Iterator[Row]:
        import pyarrow as pa

        metadata = self._parquet.metadata
        size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
        per_row = max(1, size // max(1, self._total))
        number = 0
        try:
            for batch in self._parquet.iter_batches(batch_size=max(1, min(4096, BATCH_BYTES // per_row)), use_threads=False):
                columns = [_texts(column.to_pylist()) for column in map(_plain, batch.columns)]
                for row in zip(*columns, strict=True):
                    number += 1
                    self._seen = number
                    yield number, list(row)
        except (pa.ArrowException, OSError, OverflowError):
            raise UnreadableFile(BROKEN) from None
        except UnicodeDecodeError:
            raise UnreadableFile(
                f"After row {number:,} comes a text that is not valid UTF-8. Write the file again, and upload that."
            ) from None


def _check_sizes(metadata: Any) -> None:
    """Raises UnreadableFile for what would not go through memory, by the file's own account."""
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for at in range(row_group.num_columns):
            if row_group.column(at).total_uncompressed_size > MOST_CHUNK_BYTES:
                raise UnreadableFile(
                    "One row group of this file is too big to read in one piece. Write it with row groups of 100,000 rows."
                )


def _plain(column: Any) -> Any:
    """Values that Python holds without loss: moments in nanoseconds lose what is finer than Postgres keeps anyway."""
    import pyarrow as pa

    type_ = column.type
    if pa.types.is_dictionary(type_):
        return _plain(column.dictionary_decode())
    if pa.types.is_timestamp(type_) and type_.unit == "ns":
        return column.cast(pa.timestamp("us", tz=type_.tz), safe=False)
    if pa.types.is_time64(type_) and type_.unit == "ns":
        return column.cast(pa.time64("us"), safe=False)
    if pa.types.is_duration(type_):
        return column.cast(pa.int64())
    return column


def type_of(type_: Any) -> str:
    import pyarrow as pa

    is_ = pa.types
    tests = (
        (is_.is_boolean, "boolean"),
        (lambda given: is_.is_integer(given) and given != pa.uint64(), "bigint"),
        (lambda given: is_.is_decimal(given) or given == pa.uint64(), "numeric"),
        (is_.is_floating, "double precision"),
        (is_.is_date, "date"),
        (lambda given: is_.is_timestamp(given) and given.tz is None, "timestamp"),
        (is_.is_timestamp, "timestamptz"),
        (lambda given: is_.is_binary(given) or is_.is_large_binary(given) or is_.is_fixed_size_binary(given), "bytea"),
        (is_.is_duration, "bigint"),
        (is_.is_nested, "jsonb"),
    )
    if is_.is_dictionary(type_):
        return type_of(type_.value_type)
    return next((name for test, name in tests if test(type_)), "text")


def _texts(values: list[Any]) -> list[str | None]:
    return [None if value is None else text_of(value) for value in values]


def text_of(value: Any) -> str:
    """A value as its cell would be typed; an empty text stays one."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case bytes():
            return "\\x" + value.hex()
        case datetime():
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case dict() | list() | tuple():
            return json.dumps(_jsonable(value), ensure_ascii=False)
        case Decimal():
            return format(value, "f")
    return str(value)


def _jsonable(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): _jsonable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_jsonable(inner) for inner in value]
        case bool() | None | str() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return float(value)
    return text_of(value)

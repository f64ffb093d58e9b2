"""Write the rows of a result for programs, batch by batch: CSV, JSON and Parquet."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np
import pyarrow as pa

from loader.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CsvSink",
    "JsonSink",
    "ParquetSink",
    "Sink",
    "plain_text",
    "python_rows",
]

_GROUP_ROWS = 524_288
"""Rows in a Parquet row group, the unit that readers skip and decompress."""

_COMPRESSION_LEVEL = 3


_CSV_DAYS = 2_900_000
"""Days from 1970 to near the end of year 9909; Arrow's CSV writes no dates far beyond it."""


class Sink(Protocol):
    """Writes the rows of a result to an open file."""

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append rows."""

    def close(self) -> None:
        """Write the buffered rows; the file stays open."""


class CsvSink:
    """CSV as in RFC 4180, but with line feeds: numbers bare, texts quoted, NULL empty.

    A REAL or DOUBLE has the fewest digits that read back as the same value.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        import pyarrow.csv as pv  # noqa: PLC0415  # other formats do not need it

        names = ",".join(_csv_name(name) for name in schema.names)
        file.write(f"{names}\n".encode())
        self._schema = pa.schema([_flat(field) for field in schema])
        options = pv.WriteOptions(include_header=False, batch_size=8192)
        self._writer = pv.CSVWriter(file, self._schema, write_options=options)

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append rows."""
        self._writer.write(_flattened(rows, self._schema))

    def close(self) -> None:
        """Write the buffered rows."""
        self._writer.close()


def _csv_name(name: str) -> str:
    bare = not any(character in name for character in ',"\r\n') and name == name.strip() and name
    return name if bare else '"' + name.replace('"', '""') + '"'


def _flat(field: pa.Field) -> pa.Field:
    """Return the field for this one in a text format: lists and structs become JSON."""
    kind = field.type
    simple = (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_date(kind)
        or pa.types.is_string(kind)
    )
    return field.remove_metadata() if simple else pa.field(field.name, pa.string())


def _flattened(rows: pa.RecordBatch | pa.Table, schema: pa.Schema) -> pa.Table:
    for column in rows.columns:
        if pa.types.is_date(column.type):
            import pyarrow.compute as pc  # noqa: PLC0415  # slow to import, seldom needed

            days = pc.min_max(pc.cast(column, pa.int32())).as_py().values()
            if any(day is not None and abs(day) > _CSV_DAYS for day in days):
                raise DatabaseError("a date is outside the years -9999 to 9999; cast it to VARCHAR")
    columns = [
        column if field.type == column.type else _as_texts(column)
        for column, field in zip(rows.columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _as_texts(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    values = [None if v is None else plain_text(v) for v in _python_values(column)]
    return pa.array(values, pa.string())


def _python_values(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """Return values as Python objects; dates outside the years 1 to 9999 as text.

    Raises
    ------
    DatabaseError
        If such a date is inside a list or a struct.
    """
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError, pa.ArrowInvalid) as error:
        kind = column.type
        if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
            raise DatabaseError(
                f"a {kind} holds a date or time outside the years 1 to 9999; cast it to VARCHAR"
            ) from error
    # DuckDB's infinity is the largest number of the type; NumPy writes any other year.
    numbers = column.cast(pa.int32() if kind.bit_width == 32 else pa.int64()).to_pylist()
    most = 2 ** (kind.bit_width - 1) - 1
    infinite = {most: "infinity", -most: "-infinity"}
    unit: Any = getattr(kind, "unit", "D")
    return [
        None
        if number is None
        else infinite.get(number) or str(np.datetime64(number, unit)).replace("T", " ")
        for number in numbers
    ]


def plain_text(value: object) -> str:
    """Return a value other than a number as text; lists and structs as JSON."""
    return json.dumps(value, default=_plain) if isinstance(value, list | dict) else _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, dt.date | dt.time):
        return value.isoformat(*([" "] if isinstance(value, dt.datetime) else []))
    return value.hex() if isinstance(value, bytes) else str(value)


class JsonSink:
    """One JSON array with an object for each row, one row a line."""

    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        self._file = file
        self._names = schema.names
        self._before = "["

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append rows."""
        lines = []
        for row in python_rows(rows):
            pairs = {name: _json(value) for name, value in zip(self._names, row, strict=True)}
            lines.append(f"{self._before}\n{json.dumps(pairs, default=_plain, ensure_ascii=False)}")
            self._before = ","
        self._file.write("".join(lines).encode())

    def close(self) -> None:
        """End the array."""
        self._file.write(b"\n]\n" if self._before == "," else b"[]\n")


def _json(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    # JSON has neither NaN nor infinity.
    return None if isinstance(value, float) and not math.isfinite(value) else value


class ParquetSink:
    """Parquet with zstd, in row groups of half a million rows."""

    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415  # other formats do not need it

        texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_date(f.type)]
        self._writer = pq.ParquetWriter(
            file,
            schema,
            compression="zstd",
            compression_level=_COMPRESSION_LEVEL,
            use_dictionary=texts,
        )
        self._held: list[pa.Table] = []
        self._rows = 0

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append rows."""
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        self._held.append(table)
        self._rows += table.num_rows
        if self._rows >= _GROUP_ROWS:
            self._write_groups(everything=False)

    def close(self) -> None:
        """Write the buffered rows and the footer."""
        self._write_groups(everything=True)
        self._writer.close()

    def _write_groups(self, *, everything: bool) -> None:
        if not self._held:
            return
        held = pa.concat_tables(self._held)
        end = held.num_rows if everything else held.num_rows // _GROUP_ROWS * _GROUP_ROWS
        self._writer.write_table(held.slice(0, end), row_group_size=_GROUP_ROWS)
        rest = held.slice(end)
        self._held, self._rows = ([rest] if rest.num_rows else []), rest.num_rows


def python_rows(rows: pa.RecordBatch | pa.Table) -> Iterable[tuple[Any, ...]]:
    """Return rows as tuples of Python values, a REAL as the shortest decimal that gives it back.

    Between 2^24 and 1e15 a REAL is a whole number that is printed in full: there it is exact.
    """
    columns = [
        _shortest(column) if pa.types.is_float32(column.type) else _python_values(column)
        for column in rows.columns
    ]
    # DuckDB never returns rows without columns.
    return zip(*columns, strict=True)


def _shortest(column: pa.Array | pa.ChunkedArray) -> list[float | None]:
    # float() of a float32 shows digits that the value does not have: 0.10000000149011612 for 0.1.
    return [
        value if value is None or 2**24 <= abs(value) < 1e15 else float(str(np.float32(value)))
        for value in column.to_pylist()
    ]

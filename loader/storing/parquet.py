"""Write the files of a Parquet dataset atomically: complete and on disk, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from loader.errors import OutputError
from loader.files import atomic_file

if TYPE_CHECKING:
    from pathlib import Path

    from loader.options import Encoding

__all__ = ["commit_part", "read_part", "write_part", "write_small_table"]

_GROUP_ROWS = 131_072
"""16 bands of a block: small enough to skip, large enough to compress."""

_COMPRESSION_LEVEL = 1
"""Level 3 takes half as long again, and its files of shuffled floats were larger."""


def write_part(table: pa.Table, path: Path, encoding: Encoding = "split") -> int:
    """Write a table as one Parquet file.

    Parameters
    ----------
    table : pyarrow.Table
        cell_id, year and float32 columns.
    path : pathlib.Path
        The final name, in an existing folder; appears only when the file is complete on disk.
    encoding : {"split", "plain"}
        Of the values: BYTE_STREAM_SPLIT, or PLAIN for readers that refuse it.

    Returns
    -------
    int
        Bytes written.

    Raises
    ------
    OutputError
        If the file cannot be written.

    Notes
    -----
    Measured: BYTE_STREAM_SPLIT with zstd and without dictionaries is both smaller and faster than
    the defaults for float32 of this kind. DuckDB reads that encoding for floats only, so the
    integer keys are DELTA_BINARY_PACKED.
    """
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    keys = [field.name for field in table.schema if not pa.types.is_floating(field.type)]
    encodings = dict.fromkeys(floats, "BYTE_STREAM_SPLIT" if encoding == "split" else "PLAIN")
    return _write_whole(
        table,
        path,
        row_group_size=_even_groups(table.num_rows),
        use_dictionary=False,
        column_encoding=encodings | dict.fromkeys(keys, "DELTA_BINARY_PACKED"),
        write_statistics=keys,
    )


def commit_part(written: Path, path: Path) -> None:
    """Give a part that another process wrote its final name.

    Raises
    ------
    OutputError
        If the file does not exist.
    """
    try:
        written.replace(path)
    except FileNotFoundError as error:
        raise OutputError(
            f"{written}: a worker wrote this part, but it is not visible here; with --scheduler "
            "the output must be on storage that all workers share"
        ) from error
    except OSError as error:
        raise OutputError(f"{path}: cannot be created ({error.strerror})") from error


def write_small_table(table: pa.Table, path: Path) -> int:
    """Write a table with any columns as one Parquet file; otherwise like `write_part`."""
    numbers = [field.name for field in table.schema if pa.types.is_integer(field.type)]
    return _write_whole(
        table,
        path,
        row_group_size=_GROUP_ROWS,
        use_dictionary=[name for name in table.schema.names if name not in numbers],
        column_encoding=dict.fromkeys(numbers, "DELTA_BINARY_PACKED"),
    )


def _write_whole(table: pa.Table, path: Path, **how: Any) -> int:  # noqa: ANN401  # pyarrow's own
    try:
        with atomic_file(path) as file:
            pq.write_table(
                table, file, compression="zstd", compression_level=_COMPRESSION_LEVEL, **how
            )
            size = file.tell()
    except (OSError, pa.ArrowException) as error:
        raise OutputError(f"{path}: cannot be written ({error}); free some space") from error
    return size


def _even_groups(rows: int) -> int:
    """Return the row group size that divides a part into groups of about equal size."""
    groups = max(1, rows // _GROUP_ROWS)
    return max(1, -(-rows // groups))


def read_part(path: Path) -> pa.Table:
    """Read back a part that `write_part` wrote.

    Raises
    ------
    OutputError
        If the file is damaged.
    """
    try:
        return pq.read_table(path, memory_map=False)
    except (OSError, pa.ArrowException) as error:
        raise OutputError(f"{path}: is damaged ({error}); run luc-load clean") from error

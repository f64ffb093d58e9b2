"""Row counts and digests of all tables, stored in the database for later verification.

The digests form a chain. The record of the build has the digest of `table_content`, which has the
digests of all other tables; the row of `build` has a digest of itself. If a table is changed
together with its digest, the next link of the chain still shows the change.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loader.storing.digest import TableDigest

__all__ = ["BUILD_DIGEST", "build_digest", "contents_table", "small_digest", "year_digest"]

BUILD_DIGEST = "digest"
"""The key, in the record that the table build holds, of the digest of that row."""


def contents_table(digests: Mapping[str, TableDigest], small: Mapping[str, pa.Table]) -> pa.Table:
    """Return the table `table_content`.

    Parameters
    ----------
    digests : mapping of str to TableDigest
        Of the gridded tables, by name.
    small : mapping of str to pyarrow.Table
        Rows of the other tables, by name; each gets one digest.

    Returns
    -------
    pyarrow.Table
    """
    rows: list[tuple[str, int | None, int, str]] = [
        (table, year, count, year_digest(digest.content_of_year[year]))
        for table, digest in digests.items()
        for year, count in sorted(digest.rows_of_year.items())
    ]
    rows += [(name, None, table.num_rows, small_digest(table)) for name, table in small.items()]
    columns = [list(column) for column in zip(*rows, strict=True)]
    kinds = {
        "table_name": pa.string(),
        "year": pa.int16(),
        "row_count": pa.int64(),
        "content_digest": pa.string(),
    }
    return pa.table(
        {
            name: pa.array(column, kind)
            for (name, kind), column in zip(kinds.items(), columns, strict=True)
        }
    )


def year_digest(content: int) -> str:
    """Format the content of a year, a number below 2**64, as text."""
    return f"{content:016x}"


def small_digest(rows: pa.Table) -> str:
    """Digest a small table: names, NULLs, values and their order.

    Parameters
    ----------
    rows : pyarrow.Table
        With columns of numbers, booleans, dates and strings, with offsets of any width.

    Returns
    -------
    str
        "sha256:" and 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        digest.update(f"{name}\0".encode())
        digest.update(np.packbits(pc.is_valid(column).to_numpy()).tobytes())
        digest.update(_values(column))
    return f"sha256:{digest.hexdigest()}"


def build_digest(row: Mapping[str, object], record: Mapping[str, object]) -> str:
    """Digest the row of the table `build`.

    Parameters
    ----------
    row : mapping of str to object
        Its columns except `options`.
    record : mapping of str to object
        What `options` holds as JSON, with or without the digest.

    Returns
    -------
    str
        "sha256:" and 64 hexadecimal digits.
    """
    known = {key: value for key, value in record.items() if key != BUILD_DIGEST}
    text = json.dumps([dict(row), known], sort_keys=True, default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _values(column: pa.ChunkedArray) -> bytes:
    kind = column.type
    if pa.types.is_floating(kind):
        # -0.0 + 0.0 is 0.0: DuckDB before 2.0 does not keep the sign of a zero.
        return bytes((column.fill_null(0).to_numpy() + kind.to_pandas_dtype()(0)).tobytes())
    if pa.types.is_integer(kind):
        return bytes(column.fill_null(0).to_numpy().tobytes())
    if pa.types.is_boolean(kind):
        return _values(column.cast(pa.uint8()))
    if pa.types.is_date32(kind):
        return _values(column.cast(pa.int32()))
    # One list of all texts: joined at once, and not text by text in Python.
    texts = column.fill_null("").cast(pa.string()).combine_chunks()
    everything = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    return bytes(pc.binary_join(everything, "\0")[0].as_buffer().to_pybytes())

"""Parts of the published data set that a build which replaces it can take over."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from loader.reading.plan import Block

__all__ = ["EarlierParts"]


class EarlierParts:
    """The parts that are published, as what a new build may use again.

    A part is taken over only if it holds, bit for bit, the rows that were just read from the
    source: neither its name nor what a record says of it decides.

    Parameters
    ----------
    parquet : pathlib.Path or None
        The published data set, on the file system of the new one; None if none can be used, as
        after a change of the program's version or of the encoding.
    mark : str
        What the names of its parts end in.
    """

    def __init__(self, parquet: Path | None, mark: str = "") -> None:
        self._parquet = parquet
        self._mark = mark

    def take(self, block: Block, rows: pa.Table, path: Path) -> int | None:
        """Give a published part its place in the new data set, too, if it holds these rows.

        Parameters
        ----------
        block : Block
            What names the part.
        rows : pyarrow.Table
            cell_id, year and float32 columns.
        path : pathlib.Path
            The part in the new data set.

        Returns
        -------
        int or None
            Size in bytes, or None if there is no such part, or no second name for it.
        """
        if self._parquet is None:
            return None
        earlier = self._parquet / block.table / f"{block.name}{self._mark}.parquet"
        # A link may lead to other rows tomorrow.
        if earlier.is_symlink() or not _holds(earlier, rows):
            return None
        # A second name instead of a copy: neither is ever written to, and either may be removed.
        with suppress(OSError):
            path.unlink(missing_ok=True)
            os.link(earlier, path, follow_symlinks=False)
            return path.stat().st_size
        return None


def _holds(path: Path, rows: pa.Table) -> bool:
    """Return whether a file holds exactly these rows; read by group, to the first that differs."""
    try:
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows != rows.num_rows:
                return False
            if not file.schema_arrow.equals(rows.schema, check_metadata=True):
                return False
            start: int = 0
            for position in range(file.num_row_groups):
                group = file.read_row_group(position, use_threads=False)
                expected = rows.slice(start, group.num_rows)
                if not all(map(_same, group.columns, expected.columns)):
                    return False
                start += group.num_rows
            return bool(start == rows.num_rows)
    except (OSError, pa.ArrowException):
        return False


def _same(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Return whether two columns are equal to the bit, with NULL where the other has NULL."""
    if len(one) != len(other) or one.null_count != other.null_count:
        return False
    missing = one.null_count > 0
    if missing and not one.is_null().equals(other.is_null()):
        return False
    return bool(np.array_equal(_bits(one, missing=missing), _bits(other, missing=missing)))


def _bits(column: pa.ChunkedArray, *, missing: bool) -> npt.NDArray[np.unsignedinteger]:
    # As numbers -0.0 is 0.0, and NaN is not NaN.
    filled = pc.fill_null(column, pa.scalar(0, column.type)) if missing else column
    values = filled.to_numpy()
    bits: npt.NDArray[np.unsignedinteger] = values.view(f"u{values.itemsize}")
    return bits

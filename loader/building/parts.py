"""One block of a source as one Parquet file: a part, whichever process wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader.errors import OutputError
from loader.reading.blocks import BlockReader
from loader.storing.arrow import table_schema, to_arrow
from loader.storing.digest import TableDigest
from loader.storing.parquet import read_part, write_part

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from loader.options import Encoding
    from loader.reading.blocks import CellRule
    from loader.reading.plan import Block
    from loader.reading.source import GriddedSource
    from loader.storing.stage import StoredPart

__all__ = ["ForeignPart", "FreshPart", "Part", "ReusedPart", "make_part", "reuse_part"]


@dataclass(frozen=True)
class Part:
    """The rows of a block, and the Parquet file that holds them.

    Attributes
    ----------
    rows : pyarrow.Table
        cell_id, year and float32 columns, NULL where missing.
    digest : TableDigest
        Digest of the rows as read from the source or, for a reused part, from its file.
    size : int
        Size of the file in bytes.
    """

    rows: pa.Table
    digest: TableDigest
    size: int


@dataclass(frozen=True)
class FreshPart(Part):
    """A part that was written during this run.

    Attributes
    ----------
    has_value : ndarray of bool, shape (cells,)
        Cells of the block known to have a value in at least one year.
    """

    has_value: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ForeignPart(FreshPart):
    """A part that a cluster worker wrote; its rows are read from the file."""


@dataclass(frozen=True)
class ReusedPart(Part):
    """A part from an interrupted run, read back and verified against its digest."""


def make_part(
    source: GriddedSource,
    rule: CellRule,
    block: Block,
    known: npt.NDArray[np.bool_],
    path: Path,
    encoding: Encoding,
) -> FreshPart:
    """Read a block, sort and digest its rows, and write them as a Parquet file.

    The result depends only on the source, the rule and the block: it is the same in every lane,
    on every worker and in every run.

    Parameters
    ----------
    source : GriddedSource
    rule : CellRule
    block : Block
    known : ndarray of bool, shape (n_cells,)
        Cells known to have values; see `BlockReader.read`.
    path : pathlib.Path
        The final name of the part; the file appears there only once it is complete on disk.
    encoding : {"split", "plain"}
        Encoding of the values in the file.

    Returns
    -------
    FreshPart

    Raises
    ------
    SourceError
        If the source cannot be read, or holds an invalid value.
    OutputError
        If the file cannot be written.
    """
    rows = BlockReader(source, rule).read(block, known)
    digest = TableDigest()
    digest.add(rows.cell_id, rows.year, rows.values)
    table = to_arrow(rows, table_schema(source.kind, source.variables))
    return FreshPart(table, digest, write_part(table, path, encoding), rows.has_value)


def reuse_part(stored: StoredPart, path: Path) -> ReusedPart | None:
    """Return a part of an interrupted run, or None if its file was changed or damaged."""
    try:
        rows = read_part(path)
    except OutputError:
        return None
    digest = TableDigest.of(rows)
    if (digest.rows_of_year, digest.content) != (stored.rows_of_year, stored.content):
        return None
    return ReusedPart(rows, digest, stored.size)

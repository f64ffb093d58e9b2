"""One block of a source as one Parquet part: made here, on a worker, or in an earlier run."""

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
    """The rows of a block, which lie in a Parquet file too.

    Attributes
    ----------
    rows : pyarrow.Table
        cell_id, year and float32 columns, NULL where missing.
    digest : TableDigest
        Of the rows: as they were read from the source, unless the part is reused.
    size : int
        Bytes of the file.
    """

    rows: pa.Table
    digest: TableDigest
    size: int


@dataclass(frozen=True)
class FreshPart(Part):
    """A part that this process made.

    Attributes
    ----------
    has_value : ndarray of bool, shape (cells,)
        Cells of the block that have a value in some year, as far as is known.
    """

    has_value: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ForeignPart(FreshPart):
    """A part that a worker of a cluster made; its rows come from the file."""


@dataclass(frozen=True)
class ReusedPart(Part):
    """A part that an interrupted run left, read back and found to be what was written."""


def make_part(
    source: GriddedSource,
    rule: CellRule,
    block: Block,
    known: npt.NDArray[np.bool_],
    path: Path,
    encoding: Encoding,
) -> FreshPart:
    """Read a block, put its rows in order, digest them and write them as a Parquet file.

    The result follows from the source, the rule and the block: it is the same in every lane, on
    every worker and in every run.

    Parameters
    ----------
    source : GriddedSource
    rule : CellRule
    block : Block
    known : ndarray of bool, shape (n_cells,)
        Cells that are known to have values; see `BlockReader.read`.
    path : pathlib.Path
        The final name of the part; appears only when the file is complete on disk.
    encoding : {"split", "plain"}
        Of the values in the file.

    Returns
    -------
    FreshPart

    Raises
    ------
    SourceError
        If the source cannot be read, or a value cannot be right.
    OutputError
        If the disk refuses.
    """
    rows = BlockReader(source, rule).read(block, known)
    digest = TableDigest()
    digest.add(rows.cell_id, rows.year, rows.values)
    table = to_arrow(rows, table_schema(source.kind, source.variables))
    return FreshPart(table, digest, write_part(table, path, encoding), rows.has_value)


def reuse_part(stored: StoredPart, path: Path) -> ReusedPart | None:
    """Return the part of an interrupted run, or None if the file is not what was written."""
    try:
        rows = read_part(path)
    except OutputError:
        return None
    digest = TableDigest.of(rows)
    if (digest.rows_of_year, digest.content) != (stored.rows_of_year, stored.content):
        return None
    return ReusedPart(rows, digest, stored.size)

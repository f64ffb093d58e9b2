"""What runs on a worker: one block read and written, or surveyed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.building.parts import make_part
from loader.cluster.opened import Reference, borrowed
from loader.errors import OutputError
from loader.reading.blocks import BlockReader, CellRule
from loader.reading.survey import CellSurvey

if TYPE_CHECKING:
    from loader.options import Encoding
    from loader.reading.plan import Block
    from loader.storing.digest import TableDigest

__all__ = ["Attempt", "CellBits", "Task", "make_attempt", "survey_block"]

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CellBits:
    """A true or false for each cell of a block's rows, packed to travel."""

    bits: bytes
    count: int

    @classmethod
    def of(cls, cells: Bool) -> CellBits:
        """Pack them."""
        return cls(np.packbits(cells).tobytes(), len(cells))

    def array(self) -> Bool:
        """Return them as an array of bool, shape (count,)."""
        packed = np.frombuffer(self.bits, dtype=np.uint8)
        return np.unpackbits(packed, count=self.count).astype(np.bool_)


@dataclass(frozen=True)
class Task:
    """One block of one source under the rule that holds for its cells.

    Attributes
    ----------
    reference : Reference
    block : Block
    folder : str
        Where the attempt is written; every worker sees the same one.
    known : CellBits
        Cells of the block's rows that are known to have values.
    stored, only : CellBits or None
        As in `CellRule`, for the block's rows.
    keep_empty : bool
        As in `CellRule`.
    encoding : {"split", "plain"}
        Of the values in the Parquet file.
    """

    reference: Reference
    block: Block
    folder: str
    known: CellBits
    stored: CellBits | None
    only: CellBits | None
    keep_empty: bool
    encoding: Encoding


@dataclass(frozen=True)
class Attempt:
    """A part that a worker wrote.

    Attributes
    ----------
    path : str
        A name that no other attempt has.
    size : int
        Bytes.
    digest : TableDigest
        Of its rows, from the arrays that were read.
    has_value : CellBits
        What is known of the cells of the block's rows, this block included.
    """

    path: str
    size: int
    digest: TableDigest
    has_value: CellBits


def make_attempt(task: Task) -> Attempt:
    """Read a block as a local build does, and write its rows under a name of their own.

    Parameters
    ----------
    task : Task

    Returns
    -------
    Attempt

    Raises
    ------
    SourceError
        If the source cannot be read, or a value cannot be right.
    OutputError
        If this worker cannot write to the folder.
    """
    block, folder = task.block, Path(task.folder)
    if not folder.is_dir():
        raise OutputError(
            f"{folder}: a worker does not see this folder; with --scheduler the output must be on "
            "storage that all workers share"
        )
    path = folder / f"{block.table}-{block.name}-{uuid.uuid4().hex}.parquet"
    with borrowed(task.reference) as source:
        cells = block.cells(source.grid.n_lon)

        def whole_grid(bits: CellBits | None) -> Bool | None:
            if bits is None:
                return None
            flags = np.zeros(source.grid.n_cells, dtype=np.bool_)
            flags[cells] = bits.array()
            return flags

        known = whole_grid(task.known)
        assert known is not None
        rule = CellRule(whole_grid(task.stored), whole_grid(task.only), keep_empty=task.keep_empty)
        part = make_part(source, rule, block, known, path, task.encoding)
    return Attempt(str(path), part.size, part.digest, CellBits.of(part.has_value))


def survey_block(reference: Reference, block: Block) -> CellBits:
    """Return what the cells of a block's rows hold over its years, as `CellSurvey.packed` gives it.

    Raises
    ------
    BadValueError
        If any value of the block is infinite or an undeclared fill value.
    """
    with borrowed(reference) as source:
        survey = CellSurvey(source.grid.n_cells)
        BlockReader(source, CellRule()).survey(block, survey)
        return CellBits.of(survey.packed())

"""The tasks that run on a worker: make the part of a block, or survey a block."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.building.parts import make_part
from loader.cluster.opened import Reference, borrowed
from loader.errors import OutputError
from loader.reading.blocks import BlockReader, CellRule
from loader.reading.joined import NOWHERE, Chunks, JoinedSource, Strand
from loader.reading.pool import FilePool
from loader.reading.survey import CellSurvey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loader.options import Encoding
    from loader.reading.plan import Block
    from loader.reading.source import GriddedSource
    from loader.reading.sourcefile import SourceFile
    from loader.schema import Variable
    from loader.storing.digest import TableDigest

__all__ = ["Attempt", "CellBits", "Origin", "Task", "make_attempt", "survey_block"]

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CellBits:
    """A flag for each cell of a block's rows, packed for transfer."""

    bits: bytes
    count: int

    @classmethod
    def of(cls, cells: Bool) -> CellBits:
        """Pack an array of flags."""
        return cls(np.packbits(cells).tobytes(), len(cells))

    def array(self) -> Bool:
        """Return the flags as an array of bool, shape (count,)."""
        packed = np.frombuffer(self.bits, dtype=np.uint8)
        return np.unpackbits(packed, count=self.count).astype(np.bool_)


@dataclass(frozen=True)
class Origin:
    """The files that a block is read from.

    Attributes
    ----------
    references : tuple of Reference
    years : tuple of int
        The years of the block, where it is read from files that are joined; else empty.
    strands : tuple of (tuple of Variable, tuple of int)
        The variables of each strand, and for each of `years` the number of the file among the
        references that has it, or `NOWHERE`.
    """

    references: tuple[Reference, ...]
    years: tuple[int, ...] = ()
    strands: tuple[tuple[tuple[Variable, ...], tuple[int, ...]], ...] = ()

    def source(self, files: Sequence[SourceFile]) -> GriddedSource:
        """Return the source of the open files: one file, or the years of the block in several."""
        first = files[0]
        if not self.years:
            return first
        years = np.array(self.years, dtype=np.int16)
        return JoinedSource(
            first.kind,
            first.path,
            first.grid,
            years,
            FilePool([partial(_same, file) for file in files]),
            [file.files[0] for file in files],
            [Chunks.of(file) for file in files],
            [_strand(variables, owners, years, files) for variables, owners in self.strands],
        )

    def block(self, block: Block) -> Block:
        """Return the block with positions among the years of `source`."""
        return replace(block, first=0, last=len(self.years)) if self.years else block


def _same(file: SourceFile) -> SourceFile:
    return file


def _strand(
    variables: tuple[Variable, ...],
    owners: tuple[int, ...],
    years: npt.NDArray[np.int16],
    files: Sequence[SourceFile],
) -> Strand:
    position = [
        NOWHERE if owner == NOWHERE else int(np.searchsorted(files[owner].years, year))
        for owner, year in zip(owners, years, strict=True)
    ]
    return Strand(variables, np.array(owners, np.int32), np.array(position, np.int64))


@dataclass(frozen=True)
class Task:
    """One block of one source, and the rule for its cells.

    Attributes
    ----------
    origin : Origin
    block : Block
    folder : str
        Folder for the attempt, which all workers share.
    known : CellBits
        Cells of the block's rows known to have values.
    stored, only : CellBits or None
        As in `CellRule`, for the block's rows.
    keep_empty : bool
        As in `CellRule`.
    encoding : {"split", "plain"}
        Encoding of the values in the Parquet file.
    """

    origin: Origin
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
        Path that is unique to the attempt.
    size : int
        Bytes.
    digest : TableDigest
        Digest of the rows, from the arrays that were read.
    has_value : CellBits
        Cells of the block's rows known to have values, including those of this block.
    """

    path: str
    size: int
    digest: TableDigest
    has_value: CellBits


def make_attempt(task: Task) -> Attempt:
    """Read a block as a local build does, and write its rows under a unique name.

    Parameters
    ----------
    task : Task

    Returns
    -------
    Attempt

    Raises
    ------
    SourceError
        If the source cannot be read, or holds an invalid value.
    OutputError
        If this worker cannot write to the folder.
    """
    block, folder = task.block, Path(task.folder)
    if not folder.is_dir():
        raise OutputError(
            f"{folder}: a worker cannot see this folder; with --scheduler the output must be on "
            "storage that all workers share"
        )
    # A unique name: the scheduler may run a task twice, and only one result is used.
    path = folder / f"{block.table}-{block.name}-{uuid.uuid4().hex}.parquet"
    with borrowed(task.origin.references) as files:
        source = task.origin.source(files)
        cells = block.cells(source.grid.n_lon)

        # Flags travel for the cells of the block only.
        def whole_grid(bits: CellBits | None) -> Bool | None:
            if bits is None:
                return None
            flags = np.zeros(source.grid.n_cells, dtype=np.bool_)
            flags[cells] = bits.array()
            return flags

        known = whole_grid(task.known)
        assert known is not None
        rule = CellRule(whole_grid(task.stored), whole_grid(task.only), keep_empty=task.keep_empty)
        own = task.origin.block(block)
        part = make_part(source, rule, own, known, path, task.encoding)
    return Attempt(str(path), part.size, part.digest, CellBits.of(part.has_value))


def survey_block(origin: Origin, block: Block) -> CellBits:
    """Return the contents of the cells of a block over its years, as `CellSurvey.packed`.

    Raises
    ------
    BadValueError
        If any value of the block is infinite or an undeclared fill value.
    """
    with borrowed(origin.references) as files:
        source = origin.source(files)
        survey = CellSurvey(source.grid.n_cells)
        BlockReader(source, CellRule()).survey(origin.block(block), survey)
        return CellBits.of(survey.packed())

"""Which cells of a source are stored, by the option `--cells`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.reading.blocks import BlockReader, CellRule
from loader.reading.plan import plan_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from loader.cluster.build import Cluster
    from loader.options import Options
    from loader.reading.landmask import LandMask
    from loader.reading.source import GriddedSource
    from loader.storing.staging import Stage

__all__ = ["StoredCells"]

Bool = npt.NDArray[np.bool_]


class StoredCells:
    """Finds the cells to store, and keeps what it took a pass over a file to learn.

    Parameters
    ----------
    options : Options
    stage : Stage
        Where what was learned is kept for the build that goes on after an interruption.
    mask : callable
        Returns the land mask; waited for only where it is needed.
    cluster : Cluster, optional
        Reads the files instead of this process.
    """

    def __init__(
        self,
        options: Options,
        stage: Stage,
        mask: Callable[[], LandMask],
        cluster: Cluster | None = None,
    ) -> None:
        self._options = options
        self._stage = stage
        self._mask = mask
        self._cluster = cluster

    def rule(self, source: GriddedSource, has_state: Bool | None) -> CellRule:
        """Return the rule of one source.

        Parameters
        ----------
        source : GriddedSource
        has_state : ndarray of bool, shape (n_cells,), or None
            The cells with a state in some loaded year, if states were loaded before.

        Returns
        -------
        CellRule

        Raises
        ------
        BadValueError
            If a value anywhere in a file that must be looked through is not plausible.
        """
        cells = source.grid.n_cells
        kept = self._stage.kept_cells(source.kind.table, cells)
        has_value = kept if kept is not None else np.zeros(cells, dtype=np.bool_)
        chosen = self._options.cells
        if chosen == "all":
            return CellRule(has_value, stored=np.ones(cells, dtype=np.bool_), keep_empty=True)
        if source.kind.all_years_decide:
            # Looked at even where only land is stored: a bad value in the sea is an error too.
            nonzero = self._nonzero(source)
            if chosen == "land":
                return CellRule(has_value, stored=self._is_land)
            stored = self._is_land | nonzero
            if has_state is not None:
                stored |= has_state
            return CellRule(has_value, stored=stored)
        return CellRule(has_value, only=self._is_land if chosen == "land" else None)

    @property
    def _is_land(self) -> Bool:
        return self._mask().is_land.reshape(-1)

    def _nonzero(self, source: GriddedSource) -> Bool:
        """Return the cells with a value other than 0 in any year; the answer is kept."""
        name = f"{source.kind.table}-nonzero"
        cells = source.grid.n_cells
        kept = self._stage.kept_cells(name, cells)
        if kept is not None:
            return kept
        blocks = plan_blocks(source, cells, self._options.block_bytes)
        if self._cluster is not None:
            nonzero = self._cluster.nonzero_cells(source, blocks)
        else:
            nonzero = np.zeros(cells, dtype=np.bool_)
            reader = BlockReader(source, CellRule(nonzero))
            for block in blocks:
                reader.survey_nonzero(block, nonzero)
        self._stage.keep_cells(name, nonzero)
        return nonzero

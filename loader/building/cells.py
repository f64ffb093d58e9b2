"""Which cells of a source are stored, by the option `--cells`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.reading.blocks import BlockReader, CellRule
from loader.reading.plan import plan_blocks
from loader.reading.survey import CellSurvey

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

    Attributes
    ----------
    surveys : dict of str to CellSurvey
        By table, of the sources that had to be looked through.
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
        self.surveys: dict[str, CellSurvey] = {}

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
            survey = self._survey(source)
            self.surveys[source.kind.table] = survey
            if chosen == "land":
                return CellRule(has_value, stored=self._is_land)
            stored = self._is_land | survey.nonzero
            if has_state is not None:
                stored |= has_state
            return CellRule(has_value, stored=stored)
        return CellRule(has_value, only=self._is_land if chosen == "land" else None)

    @property
    def _is_land(self) -> Bool:
        return self._mask().is_land.reshape(-1)

    def _survey(self, source: GriddedSource) -> CellSurvey:
        """Return what the cells hold over all years; the answer is kept."""
        name = f"{source.kind.table}-survey"
        cells = source.grid.n_cells
        kept = self._stage.kept_cells(name, CellSurvey.size(cells))
        if kept is not None:
            return CellSurvey(cells, kept)
        blocks = plan_blocks(source, cells, self._options.block_bytes)
        if self._cluster is not None:
            survey = self._cluster.survey(source, blocks)
        else:
            survey = CellSurvey(cells)
            reader = BlockReader(source, CellRule(survey.nonzero))
            for block in blocks:
                reader.survey(block, survey)
        self._stage.keep_cells(name, survey.packed())
        return survey

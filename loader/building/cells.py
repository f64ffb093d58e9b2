"""The cells of each source that a build stores, as selected by `--cells`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.reading.blocks import CellRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from loader.options import Options
    from loader.reading.landmask import LandMask
    from loader.reading.source import GriddedSource
    from loader.reading.survey import CellSurvey

__all__ = ["CellRules"]

Bool = npt.NDArray[np.bool_]


class CellRules:
    """Decide which cells of each source are stored. Immutable, so any thread may use it.

    Parameters
    ----------
    options : Options
    mask : callable
        Returns the land mask; called only where the rule depends on it.
    """

    def __init__(self, options: Options, mask: Callable[[], LandMask]) -> None:
        self._chosen = options.cells
        self._mask = mask

    def rule(
        self, source: GriddedSource, survey: CellSurvey | None, has_state: Bool | None
    ) -> CellRule:
        """Return the rule for one source.

        Parameters
        ----------
        source : GriddedSource
        survey : CellSurvey or None
            Contents of its cells over all years; required if `needs_survey` returns True.
        has_state : ndarray of bool, shape (n_cells,), or None
            Cells with a state in at least one loaded year; None if no states are loaded.

        Returns
        -------
        CellRule
        """
        if self._chosen == "all":
            everywhere = np.ones(source.grid.n_cells, dtype=np.bool_)
            return CellRule(stored=everywhere, keep_empty=True)
        if survey is None:
            return CellRule(only=self._is_land if self._chosen == "land" else None)
        if self._chosen == "land":
            return CellRule(stored=self._is_land)
        stored = self._is_land | survey.nonzero
        return CellRule(stored=stored if has_state is None else stored | has_state)

    def needs_survey(self, source: GriddedSource) -> bool:
        """Return whether all years of a source must be read before a row is stored.

        This includes `--cells land`: an invalid value over the sea is an error too.
        """
        return source.kind.all_years_decide and self._chosen != "all"

    @property
    def _is_land(self) -> Bool:
        return self._mask().is_land.reshape(-1)

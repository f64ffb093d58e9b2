"""Layers of regions on a grid: which cells a region has, and how much of each counts for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from loader.regions.coverage import Coverage

__all__ = ["COUNTRY_LAYER", "LUH2_COUNTRY_LAYER", "Layer", "Region", "weigh_layer"]

COUNTRY_LAYER = "country"
"""The layer of today's countries."""

LUH2_COUNTRY_LAYER = "luh2_country"
"""The layer of the countries in LUH2's static grid, whose borders are pre-1991."""

OVERLAP_TOLERANCE = 1e-3
"""Neighbouring polygons may overlap in slivers; above this part of a cell, a layer overlaps."""

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Region:
    """One region of a layer.

    Attributes
    ----------
    name : str
        As the file names it.
    code : str or None
        A short code: of a country ISO 3166-1 alpha-3.
    country_code : int or None
        ISO 3166-1 numeric, or LUH2's own number.
    coverage : Coverage
        The cells it touches; none for a region outside the grid.
    """

    name: str
    code: str | None
    country_code: int | None
    coverage: Coverage


@dataclass(frozen=True)
class Layer:
    """Regions that were read from one file, or from one layer of a file.

    Attributes
    ----------
    name : str
    regions : tuple of Region
        By name.
    origin : str
        Where the borders come from, for comments and `source`.
    notices : tuple of str
        Notices for the user about the file.
    file : str
        Name of the file among the sources, which several layers may share; empty if there is none.
    """

    name: str
    regions: tuple[Region, ...]
    origin: str
    notices: tuple[str, ...] = ()
    file: str = ""

    def covered(self, n_cells: int) -> Float64:
        """Return the part of each cell that the regions cover together, shape (n_cells,)."""
        total = np.zeros(n_cells)
        for region in self.regions:
            total[region.coverage.cell_id] += region.coverage.share
        return total

    def overlaps(self, n_cells: int) -> bool:
        """Return whether regions overlap: then the layer does not sum to the globe."""
        return bool(np.any(self.covered(n_cells) > 1 + OVERLAP_TOLERANCE))


def weigh_layer(layer: Layer, land: Float64) -> list[Float64]:
    """Return how much of each cell counts for each region.

    ELUC and the land uses are per area of the whole cell, sea included, but only its land emits.
    Where a coast cuts a cell, a region that has all of the cell's land must get all of the cell's
    emissions, though it covers a part of the cell only. So

        weight = share / max(land, sum of the shares of the layer)

    with `land` the part of the cell that is land. A cell whose land is 0.4 of it, 0.3 in one
    country and 0.1 in another, counts by 0.75 for the one and 0.25 for the other. Inland, where
    land is 1, weight and share are equal. Where a layer overlaps, each region is weighed alone.

    Parameters
    ----------
    layer : Layer
    land : ndarray of float64, shape (n_cells,)
        The part of each cell that is land.

    Returns
    -------
    list of ndarray of float64
        A weight, above 0 and at most 1, for each cell of the coverage of each region.
    """
    covered = layer.covered(len(land))
    overlaps = layer.overlaps(len(land))
    weights = []
    for region in layer.regions:
        cells, share = region.coverage.cell_id, np.minimum(region.coverage.share, 1.0)
        together = share if overlaps else covered[cells]
        weights.append(np.minimum(share / np.maximum(land[cells], together), 1.0))
    return weights

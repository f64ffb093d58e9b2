"""The tables of regions, and the groups of cells over which totals are summed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loader.regions.coverage import Coverage
from loader.regions.layers import (
    COUNTRY_LAYER,
    LUH2_COUNTRY_LAYER,
    Layer,
    Region,
    weigh_layer,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from loader.countries import Country

__all__ = ["PlacedRegion", "RegionTables", "luh2_country_layer"]

Float64 = npt.NDArray[np.float64]

_WHOLE = 1e-9
"""A weight this close to 1 is 1."""


def luh2_country_layer(
    country_code: npt.NDArray[np.int16], countries: Mapping[int, Country]
) -> Layer:
    """Return the countries of LUH2's static grid; each cell belongs to one country completely.

    Parameters
    ----------
    country_code : ndarray of int16, shape (n_cells,)
        0 is none.
    countries : mapping of int to Country
        The known countries, by code.

    Returns
    -------
    Layer
    """
    regions = []
    for code in np.unique(country_code[country_code != 0]).tolist():
        cells = np.flatnonzero(country_code == code).astype(np.int32)
        country = countries.get(code)
        regions.append(
            Region(
                name=f"country {code}" if country is None else country.name,
                code=None if country is None else country.iso3,
                country_code=code,
                coverage=Coverage(cells, np.ones(len(cells))),
            )
        )
    origin = "ccode of LUH2 staticData_quarterdeg.nc, pre-1991 borders"
    return Layer(LUH2_COUNTRY_LAYER, tuple(regions), origin)


@dataclass(frozen=True)
class PlacedRegion:
    """A region with its number, or the area outside all regions of a layer.

    Attributes
    ----------
    layer : str
    region_id : int or None
        None for the outside.
    """

    layer: str
    region_id: int | None


class RegionTables:
    """Regions of all layers, numbered from 1 in the order of layers.

    Parameters
    ----------
    layers : sequence of Layer
        Of one grid.
    area_ha : ndarray of float64, shape (n_cells,)
        Hectares.

    Attributes
    ----------
    groups : tuple of PlacedRegion
        The region of each group in `cells`, `members` and `weights`, counted from 1.
    cells, members : ndarray of int32, shape (n,)
        Cell and group of each pair, sorted by group.
    weights : ndarray of float64, shape (n,)
        How much of the cell counts for the group, above 0 and at most 1; over the groups of a
        layer, the outside included, they sum to 1 in each cell, unless the layer overlaps.
    """

    def __init__(self, layers: Sequence[Layer], area_ha: Float64) -> None:
        self._layers = layers
        self._area_ha = area_ha
        land = np.zeros(len(area_ha))
        for layer in layers:
            if layer.name == COUNTRY_LAYER:
                land = np.minimum(layer.covered(len(area_ha)), 1.0)
        groups: list[PlacedRegion] = []
        cells: list[npt.NDArray[np.int32]] = []
        weights: list[Float64] = []
        self._weights: list[Float64] = []
        for layer in layers:
            # Every cell of LUH2's grid belongs to one country completely, even on the coast.
            shore = np.ones(len(area_ha)) if layer.name == LUH2_COUNTRY_LAYER else land
            of_regions = weigh_layer(layer, shore)
            inside = np.zeros(len(area_ha))
            for region, weight in zip(layer.regions, of_regions, strict=True):
                weight[weight > 1 - _WHOLE] = 1.0
                groups.append(PlacedRegion(layer.name, len(self._weights) + 1))
                self._weights.append(weight)
                cells.append(region.coverage.cell_id)
                weights.append(weight)
                inside[region.coverage.cell_id] += weight
            outside = np.where(inside > 1 - _WHOLE, 0.0, 1.0 - inside)
            rest = np.flatnonzero(outside > _WHOLE).astype(np.int32)
            groups.append(PlacedRegion(layer.name, None))
            cells.append(rest)
            weights.append(outside[rest])
        self.groups = tuple(groups)
        self.cells = np.concatenate([*cells, np.zeros(0, np.int32)])
        self.weights = np.concatenate([*weights, np.zeros(0)])
        sizes = [len(one) for one in cells]
        self.members = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)

    def region_table(self) -> pa.Table:
        """Return the table region: one row for every region."""
        rows = [(layer, region) for layer in self._layers for region in layer.regions]
        areas = [
            float(self._area_ha[one.coverage.cell_id] @ np.minimum(one.coverage.share, 1.0))
            for _, one in rows
        ]
        return pa.table(
            {
                "region_id": pa.array(range(1, len(rows) + 1), pa.int32()),
                "layer": pa.array([layer.name for layer, _ in rows], pa.string()),
                "code": pa.array([one.code for _, one in rows], pa.string()),
                "name": pa.array([one.name for _, one in rows], pa.string()),
                "area_ha": pa.array(areas, pa.float64()),
                "country_code": pa.array([one.country_code for _, one in rows], pa.int16()),
            }
        )

    def cell_region_table(self) -> pa.Table:
        """Return the table cell_region: one row for every cell and region that share an area."""
        regions = [region for layer in self._layers for region in layer.regions]
        sizes = [len(one.coverage.cell_id) for one in regions]

        def joined(parts: Iterable[npt.NDArray[Any]], kind: type) -> npt.NDArray[Any]:
            return np.concatenate([np.zeros(0, kind), *parts]).astype(kind, copy=False)

        shares = joined((np.minimum(one.coverage.share, 1.0) for one in regions), np.float64)
        return pa.table(
            {
                "cell_id": joined((one.coverage.cell_id for one in regions), np.int32),
                "region_id": np.repeat(np.arange(1, len(sizes) + 1, dtype=np.int32), sizes),
                # A share that rounds to 0 is stored as a small positive number.
                "share": np.maximum(shares.astype(np.float32), np.finfo(np.float32).tiny),
                "weight": joined(self._weights, np.float64),
            }
        )

"""The synthetic Earth without people: land cells, water, countries, potential vegetation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loader.grid import Grid
from loader.reading.landmask import land_mask
from loader.sampling import places
from loader.sampling.noise import Blob, Float64, SmoothField, blobs, stream

__all__ = ["Geography", "make_geography"]

_WATER, _VEGETATION = 1, 2

_SMALLEST_LAND = 0.05
"""Least share of land of a cell; it gives LUH2's number of cells within 0.3 %."""

_FOREST_FROM = 0.35
_MIXED_WIDTH = 0.012


@dataclass(frozen=True)
class Geography:
    """The n land cells of a grid, north to south, with their constant properties.

    Attributes
    ----------
    grid : Grid
    cells : ndarray of int64, shape (n,)
        `cell_id`, ascending.
    latitude, longitude : ndarray of float64, shape (n,)
        Degrees.
    area_m2 : ndarray of float64, shape (n,)
    ice_water : ndarray of float32, shape (n,)
        Fraction of the cell; 1 where nothing grows.
    country : ndarray of int64, shape (n,)
        LUH2's country code.
    wetness : ndarray of float64, shape (n,)
        About -2 (desert) to 1.5 (rain forest).
    forest_share : ndarray of float64, shape (n,)
        Share of the natural land that is potential forest: 0 or 1 in all but a few cells.
    biomass : ndarray of float64, shape (n,)
        Potential biomass, kg C m-2.
    """

    grid: Grid
    cells: npt.NDArray[np.int64]
    latitude: Float64
    longitude: Float64
    area_m2: Float64
    ice_water: npt.NDArray[np.float32]
    country: npt.NDArray[np.int64]
    wetness: Float64
    forest_share: Float64
    biomass: Float64

    @property
    def available(self) -> Float64:
        """Fraction of each cell that land uses share, exactly 1 - ice_water."""
        return 1.0 - self.ice_water.astype(np.float64)


def make_geography(resolution: float, seed: int) -> Geography:
    """Draw the Earth.

    Parameters
    ----------
    resolution : float
        Width of a cell, degrees.
    seed : int

    Returns
    -------
    Geography

    Raises
    ------
    LandMaskError
        If the land mask cannot be read.
    """
    grid = Grid.global_grid(resolution)
    mask = land_mask(grid)
    rows, columns = np.divmod(np.arange(grid.n_cells), grid.n_lon)
    lat, lon = grid.latitude[rows], grid.longitude[columns]
    fraction = mask.land_fraction.ravel().astype(np.float64)
    # LUH2 has no land use in Antarctica.
    land = ((fraction > _SMALLEST_LAND) | mask.is_land.ravel()) & (lat > -60)
    land &= ~_inside(lat, lon, places.CASPIAN)
    cells = np.flatnonzero(land)
    # From here on arrays hold the land cells only.
    lat, lon = lat[cells], lon[cells]
    country = _countries(lat, lon)
    wetness, forest_share, biomass = _vegetation(lat, lon, seed)
    ice_water = _ice_water(lat, lon, fraction[cells], country == 304, seed)
    bare = ice_water == 1
    return Geography(
        grid=grid,
        cells=cells,
        latitude=lat,
        longitude=lon,
        area_m2=grid.cell_area_ha()[rows[cells]] * 10_000.0,
        ice_water=ice_water,
        country=country,
        wetness=wetness,
        forest_share=forest_share,
        biomass=np.where(bare, 0.0, biomass),
    )


def _inside(lat: Float64, lon: Float64, ellipses: tuple[Blob, ...]) -> npt.NDArray[np.bool_]:
    inside = np.zeros(lat.shape, dtype=np.bool_)
    for centre_lat, centre_lon, half_lat, half_lon, _ in ellipses:
        inside |= ((lat - centre_lat) / half_lat) ** 2 + ((lon - centre_lon) / half_lon) ** 2 < 1
    return inside


def _ice_water(
    lat: Float64, lon: Float64, land: Float64, greenland: npt.NDArray[np.bool_], seed: int
) -> npt.NDArray[np.float32]:
    random = stream(seed, _WATER)
    share = np.where(land < 0.97, 1 - land, 0.0)
    lakes = random.random(lat.shape) < np.where(np.abs(lat) > 48, 0.2, 0.05)
    share += lakes * (1 - share) * np.minimum(0.9, 0.04 * np.exp(random.standard_normal(lat.shape)))
    water = random.random(lat.shape)
    share = np.where(_inside(lat, lon, places.LAKES), 0.92 + 0.1 * water, share)
    # The ice sheet leaves a rim about two degrees wide.
    sheet = greenland & (((lat - 72) / 10) ** 2 + ((lon + 41) / 15) ** 2 < 1)
    share = np.where(sheet, 1.0, share)
    arctic = (lat > 78) & (share < 1) & (SmoothField(lat, lon, (8.0, 3.0)).draw(random) > 0)
    share = np.where(arctic, 1.0, share)
    return np.clip(share, 0, 1).astype(np.float32)


def _countries(lat: Float64, lon: Float64) -> npt.NDArray[np.int64]:
    """Return the code of the centre with the smallest distance minus its reach."""

    def on_sphere(latitude: Float64, longitude: Float64) -> Float64:
        phi, theta = np.radians(latitude), np.radians(longitude)
        return np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)])

    points = on_sphere(lat, lon)
    best = np.full(lat.shape, np.inf)
    code = np.zeros(lat.shape, dtype=np.int64)
    for number, centre_lat, centre_lon, reach in places.CENTRES:
        centre = on_sphere(np.array([centre_lat]), np.array([centre_lon]))
        cosine = np.clip((points * centre).sum(axis=0), -1, 1)
        distance = np.degrees(np.arccos(cosine)) - reach
        nearer = distance < best
        best[nearer], code[nearer] = distance[nearer], number
    return code


def _vegetation(lat: Float64, lon: Float64, seed: int) -> tuple[Float64, Float64, Float64]:
    """Return wetness, share of potential forest, and potential biomass in kg C m-2."""
    random = stream(seed, _VEGETATION)
    belts, heights = places.WETNESS_BY_LATITUDE
    wetness = np.interp(lat, belts, heights) + blobs(lat, lon, places.WETNESS)
    wetness += 0.22 * SmoothField(lat, lon, (12.0, 4.0, 1.2)).draw(random)
    wetness = wetness + 0.03 * random.standard_normal(lat.shape)
    edge = (wetness - _FOREST_FROM) / _MIXED_WIDTH
    forest = np.clip(edge / 2 + 0.5, 0, 1)
    warmth = np.clip(np.cos(np.radians(lat)) * 1.35 - 0.35, 0.05, 1)
    patchy = np.exp(0.12 * random.standard_normal(lat.shape))
    trees = 2.0 + np.clip(wetness - _FOREST_FROM, 0, 0.9) * (7 + 13 * warmth) * patchy
    grass = np.clip((wetness + 0.9) / (_FOREST_FROM + 0.9), 0, 1) * 1.9 * patchy
    grass = np.clip(grass, 0, 1.99)
    return wetness, forest, np.where(forest >= 0.5, np.minimum(trees, 25.0), grass)

"""The synthetic history of every land cell, as the parameters of closed curves in time."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from loader.sampling import places
from loader.sampling.geography import Geography
from loader.sampling.noise import Float64, SmoothField, blobs, stream
from loader.schema import CROPS

__all__ = ["History", "make_history"]

_CELLS, _FIELDS = 3, 4
_FULLEST = 0.97
"""Largest share of the available land that people ever use in a cell."""


@dataclass(frozen=True)
class History:
    """Parameters of each land cell; every array has shape (n,) unless said otherwise.

    A curve named `x` has a final height `x_height` (fraction of the cell), a year of fastest
    growth `x_year` and a length `x_length` in years; a height of 0 means that it never begins.

    Attributes
    ----------
    available, forest_share, biomass : ndarray of float64
        As in `Geography`.
    old_share : ndarray of float64
        Share of the growth of crops and grazing that belongs to the slow growth before 1700.
    abandoned : ndarray of float64
        Share of the farmland that is abandoned around `abandoned_year`.
    harvest : ndarray of float64
        The exponent that describes how often primary vegetation is logged.
    crop_mix, crop_mix_later : ndarray of float64, shape (5, n)
        Shares of the five crops, long ago and at the end; each column sums to 1.
    """

    available: Float64
    forest_share: Float64
    biomass: Float64
    old_share: Float64
    crop_height: Float64
    crop_year: Float64
    crop_length: Float64
    pasture_height: Float64
    range_height: Float64
    graze_year: Float64
    graze_length: Float64
    urban_height: Float64
    urban_year: Float64
    urban_length: Float64
    abandoned: Float64
    abandoned_year: Float64
    abandoned_length: Float64
    harvest: Float64
    harvest_year: Float64
    harvest_length: Float64
    crop_mix: Float64
    crop_mix_later: Float64

    def every(self, step: int) -> History:
        """Return the history of every `step`-th cell."""
        chosen: dict[str, Any] = {f.name: getattr(self, f.name)[..., ::step] for f in fields(self)}
        return replace(self, **chosen)


def make_history(geography: Geography, seed: int) -> History:
    """Draw the history of every land cell.

    Parameters
    ----------
    geography : Geography
    seed : int

    Returns
    -------
    History
    """
    lat, lon, wetness = geography.latitude, geography.longitude, geography.wetness
    draw = _Draw(lat, lon, seed)
    habitable = np.clip((63 - np.abs(lat)) / 6, 0, 1) * (geography.ice_water < 1)

    crops, crop_year, crop_length, old = _crops(draw, wetness, habitable)
    pasture, ranges, graze_year, graze_length = _grazing(draw, wetness, habitable, crop_year)
    urban = _cities(draw, crops, habitable)
    abandoned, abandoned_year, abandoned_length = _abandonment(draw)
    crop_mix, crop_mix_later = _crop_mix(draw, wetness)

    used = crops + pasture + ranges + urban
    squeeze = geography.available * np.minimum(1, _FULLEST / np.maximum(used, 1e-9))
    tropics = np.clip((26 - np.abs(lat)) / 8, 0, 1)
    people = np.clip(2.5 * (crops + pasture) + 0.6 * ranges, 0, 2)
    logged = 0.75 * draw.smooth() + 0.25 + 1.6 * people
    logged += 1.3 * blobs(
        lat, lon, ((60, 25, 8, 25, 1), (50, -85, 5, 25, 0.8), (46, -122, 8, 6, 1))
    )
    # Deserts have no wood to harvest, but herds and fires reach their margins.
    logged *= np.clip((wetness + 0.75) / 0.4, 0, 1)
    logged = np.where((logged > 0.6) & (geography.ice_water < 1), logged * draw.scatter(0.35), 0)
    return History(
        available=geography.available,
        forest_share=geography.forest_share,
        biomass=geography.biomass,
        old_share=old,
        crop_height=crops * squeeze,
        crop_year=crop_year,
        crop_length=crop_length,
        pasture_height=pasture * squeeze,
        range_height=ranges * squeeze,
        graze_year=graze_year,
        graze_length=graze_length,
        urban_height=urban * squeeze,
        urban_year=1965 + 12 * draw.smooth(),
        urban_length=18 * draw.scatter(0.2),
        abandoned=abandoned,
        abandoned_year=abandoned_year,
        abandoned_length=abandoned_length,
        harvest=np.clip(logged, 0, 12),
        harvest_year=1925 + 35 * tropics + 25 * draw.smooth(),
        harvest_length=28 * draw.scatter(0.2),
        crop_mix=crop_mix,
        crop_mix_later=crop_mix_later,
    )


class _Draw:
    """The random fields of one world; each call returns the next one."""

    def __init__(self, lat: Float64, lon: Float64, seed: int) -> None:
        self.lat, self.lon = lat, lon
        self._cells = stream(seed, _CELLS)
        self._fields = stream(seed, _FIELDS)
        self._smooth = SmoothField(lat, lon, (15.0, 5.0, 1.5))

    def smooth(self) -> Float64:
        return self._smooth.draw(self._fields)

    def scatter(self, sigma: float) -> Float64:
        return np.exp(sigma * self._cells.standard_normal(self.lat.shape))

    def uniform(self) -> Float64:
        return self._cells.random(self.lat.shape)


def _keep(height: Float64, smallest: float | Float64) -> Float64:
    """Return `height` where it is large enough, else exactly 0."""
    return np.where(height > smallest, height, 0.0)


def _crops(
    draw: _Draw, wetness: Float64, habitable: Float64
) -> tuple[Float64, Float64, Float64, Float64]:
    lat, lon = draw.lat, draw.lon
    height = np.zeros(lat.shape)
    weight = np.full(lat.shape, 0.02)
    year, length, old = 0.02 * 1945.0 + height, 0.02 * 24.0 + height, 0.02 * 0.1 + height
    for hearth, at, lasts, share in places.HEARTHS:
        hill = blobs(lat, lon, (hearth,))
        height += hill
        weight += hill
        year += at * hill
        length += lasts * hill
        old += share * hill
    sparse = np.clip(wetness + 0.35, 0, 1) * 0.04 * np.exp(0.8 * draw.smooth())
    height = (
        (1.25 * height + sparse) * np.clip(0.75 + 0.3 * draw.smooth(), 0.1, 1.3) * draw.scatter(0.3)
    )
    height *= habitable * np.clip((wetness + 1.0) / 0.7, 0, 1)
    # The margin is ragged: chance decides whether a cell there gets its first field.
    height = _keep(np.minimum(height, 0.93), 0.02 + 0.06 * draw.uniform() ** 2)
    old = old / weight
    tropics = np.clip((26 - np.abs(lat)) / 8, 0, 1) * np.clip(1 - 3 * old, 0, 1)
    year = year / weight + 28 * tropics + 9 * draw.smooth() + 5 * (draw.uniform() - 0.5)
    return height, year, length / weight * draw.scatter(0.25), _keep(old, 0.08)


def _grazing(
    draw: _Draw, wetness: Float64, habitable: Float64, crop_year: Float64
) -> tuple[Float64, Float64, Float64, Float64]:
    lat, lon = draw.lat, draw.lon
    pasture = blobs(lat, lon, places.PASTURES)
    pasture = pasture + 0.03 * np.exp(0.9 * draw.smooth()) * (wetness > -0.5)
    pasture *= np.clip(0.7 + 0.35 * draw.smooth(), 0, 1.4) * draw.scatter(0.3) * habitable
    ranges = 1.2 * blobs(lat, lon, places.RANGES)
    ranges = ranges + 0.05 * np.exp(0.8 * draw.smooth()) * ((wetness > -1.1) & (wetness < 0.3))
    ranges *= np.clip(0.8 + 0.4 * draw.smooth(), 0, 1.4) * draw.scatter(0.2) * habitable
    ranges *= np.clip((wetness + 1.5) / 0.6, 0, 1) * np.clip((0.7 - wetness) / 0.35, 0, 1)
    year, length = crop_year + 12, 24 * draw.scatter(0.25)
    year = np.where(lat < 30, np.maximum(year, 1890), year)
    for frontier, at, lasts in places.FRONTIERS:
        hill = blobs(lat, lon, (frontier,)) * np.clip(0.5 + 0.6 * draw.smooth(), 0, 1.8)
        ahead = hill > 0.05
        pasture = pasture + np.where(ahead, hill, 0)
        year = np.where(ahead, at + 7 * draw.smooth(), year)
        # A few cells are cleared within two or three years.
        quick = np.maximum(lasts * draw.scatter(0.7), 0.6)
        length = np.where(ahead, quick, length)
    pasture = _keep(np.minimum(pasture, 0.9), 0.022 + 0.06 * draw.uniform() ** 2)
    ranges = _keep(np.minimum(ranges, 0.95), 0.02 + 0.05 * draw.uniform() ** 2)
    return pasture, ranges, year, length


def _cities(draw: _Draw, crops: Float64, habitable: Float64) -> Float64:
    centres = blobs(draw.lat, draw.lon, places.CITIES)
    luck = draw.uniform()
    towns = 0.0015 * np.exp(1.4 * draw.smooth()) * np.clip(crops * 4, 0, 1.5) / (0.05 + luck)
    towns = towns * habitable * draw.scatter(0.3)
    return _keep(np.minimum(centres * draw.scatter(0.2) + towns, 0.8), 0.002)


def _abandonment(draw: _Draw) -> tuple[Float64, Float64, Float64]:
    patchy = np.clip(0.18 * (draw.smooth() - 0.5), 0, 0.5)
    year, length = 1965 + 30 * draw.smooth(), 10 * draw.scatter(0.2)
    for region, at, lasts in places.ABANDONED:
        hill = blobs(draw.lat, draw.lon, (region,)) * np.clip(0.8 + 0.4 * draw.smooth(), 0, 1.3)
        left = hill > np.maximum(patchy, 0.04)
        patchy = np.where(left, hill, patchy)
        year = np.where(left, at + 3 * draw.smooth(), year)
        length = np.where(left, lasts * draw.scatter(0.2), length)
    return np.clip(patchy, 0, 0.85), year, length


def _crop_mix(draw: _Draw, wetness: Float64) -> tuple[Float64, Float64]:
    """Return the shares of the crops in `CROPS`, long ago and at the end, each shape (5, n)."""
    tropical = np.clip((30 - np.abs(draw.lat)) / 12, 0, 1)
    warm = np.clip((50 - np.abs(draw.lat)) / 10, 0, 1)
    base = {
        "c3ann": 1.0 + 0 * warm,
        "c4ann": 0.45 * warm + 0.03,
        "c3per": 0.10 * warm + 0.25 * tropical * np.clip(wetness + 0.2, 0, 1.2),
        "c4per": 0.10 * tropical * np.clip(wetness + 0.3, 0, 1),
        "c3nfx": 0.14 + 0.1 * warm,
    }
    smallest = {"c3ann": 0.0, "c4ann": 0.12, "c3per": 0.08, "c4per": 0.03, "c3nfx": 0.15}
    before, after = [], []
    # The order of draws decides the values: it must not change between versions.
    for name in CROPS:
        share = base[name] * np.exp(0.6 * draw.smooth()) * draw.scatter(0.3)
        share = _keep(share, smallest[name])
        before.append(share)
        drift = np.exp(0.35 * draw.smooth()) * draw.scatter(0.15)
        after.append(share * drift * (2.2 if name == "c3nfx" else 1.0))
    first, last = np.stack(before), np.stack(after)
    return first / first.sum(axis=0), last / last.sum(axis=0)

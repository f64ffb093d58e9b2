"""Compute the land use of any year directly from closed curves, without other years."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loader.sampling.geography import Geography
from loader.sampling.history import History
from loader.sampling.noise import Float64, stream

__all__ = ["LandUse", "Rhythm", "land_use", "states"]

Float32 = npt.NDArray[np.float32]

_RHYTHM = 5
_TILE_DEG = 5.0
_REGIONAL, _LOCAL = 0.30, 0.19
"""Largest shift of a cell's clock in years; together below 0.5, so that time never turns back."""

_START = 0.004
"""Growth below this share of a curve is exactly 0: long before its year a use does not exist."""

_OLD_YEAR, _OLD_LENGTH = 1250.0, 150.0
_LOGGED_TO_NOTHING = 0.03
_MIX_YEAR, _MIX_LENGTH = 1962.0, 22.0


@dataclass(frozen=True)
class Rhythm:
    """The uneven pace of time: busy and quiet years, by region and by cell.

    Attributes
    ----------
    seed : int
    tiles : ndarray of int64, shape (n,)
        The region of each land cell.
    """

    seed: int
    tiles: npt.NDArray[np.int64]

    @classmethod
    def of(cls, geography: Geography, seed: int) -> Rhythm:
        """Return the rhythm of a world."""
        row = ((90 - geography.latitude) / _TILE_DEG).astype(np.int64)
        column = ((geography.longitude + 180) / _TILE_DEG).astype(np.int64)
        return cls(seed, row * round(360 / _TILE_DEG) + column)

    def clock(self, year: int) -> Float64:
        """Return each cell's own time in `year`, shape (n,); it always grows from year to year."""
        random = stream(self.seed, _RHYTHM, year)
        regional = random.uniform(-_REGIONAL, _REGIONAL, round(180 * 360 / _TILE_DEG**2))
        local = random.uniform(-_LOCAL, _LOCAL, self.tiles.shape)
        return year + regional[self.tiles] + local


@dataclass(frozen=True)
class LandUse:
    """Fractions of the cells, float64, shape (n,) each; they sum to the available fraction."""

    primary: Float64
    secondary: Float64
    crops: Float64
    pasture: Float64
    ranges: Float64
    urban: Float64


def _grown(time: Float64, year: Float64 | float, length: Float64 | float) -> Float64:
    """Return how much of a curve has grown, 0 to 1, never falling, exactly 0 long before."""
    with np.errstate(over="ignore", under="ignore"):
        share = 1.0 / (1.0 + np.exp((year - time) / length))
    return np.maximum(share - _START, 0.0) / (1.0 - _START)


def land_use(history: History, time: Float64) -> LandUse:
    """Return the land use of the cells at their own times.

    Parameters
    ----------
    history : History
        Of n cells.
    time : ndarray of float64, shape (n,)
        Years; the primary fraction never grows with it.

    Returns
    -------
    LandUse

    Notes
    -----
    Every use is a growing curve, of which a part may be abandoned later. Primary vegetation is
    outside the growing curves and was never logged, so it cannot grow; abandoned or logged land is
    secondary. All terms are sums and products of numbers that are not negative: nothing is a
    difference of large numbers, and values that never change stay the same bit for bit.
    """
    h = history
    old = h.old_share * _grown(time, _OLD_YEAR, _OLD_LENGTH)
    modern = 1.0 - h.old_share
    # 1. What farming, towns and logging take over time.
    crops = h.crop_height * (old + modern * _grown(time, h.crop_year, h.crop_length))
    graze = old + modern * _grown(time, h.graze_year, h.graze_length)
    pasture, ranges = h.pasture_height * graze, h.range_height * graze
    urban = h.urban_height * _grown(time, h.urban_year, h.urban_length)
    logged = h.harvest * _grown(time, h.harvest_year, h.harvest_length) + 0.06 * h.harvest * old
    spared = np.maximum(np.exp(-logged) - _LOGGED_TO_NOTHING, 0.0) / (1.0 - _LOGGED_TO_NOTHING)
    given_up = h.abandoned * _grown(time, h.abandoned_year, h.abandoned_length)
    intense = 0.25 * _grown(time, h.urban_year, h.urban_length) * (h.crop_height > 0)

    # 2. What is left is primary, or secondary where it was logged or farmed before.
    untouched = np.maximum(h.available - (crops + pasture + ranges + urban), 0.0)
    grass = pasture + ranges * intense
    return LandUse(
        primary=untouched * spared,
        secondary=untouched * (1.0 - spared) + crops * given_up + grass * (0.7 * given_up),
        crops=crops * (1.0 - given_up),
        pasture=grass * (1.0 - 0.7 * given_up),
        ranges=ranges * (1.0 - intense),
        urban=urban,
    )


def states(history: History, time: Float64, year: int) -> Float32:
    """Return the 14 variables of the states file.

    Parameters
    ----------
    history : History
        Of n cells.
    time : ndarray of float64, shape (n,)
        Each cell's own time in `year`.
    year : int

    Returns
    -------
    ndarray of float32, shape (14, n)
        The 12 fractions, secondary biomass in kg C m-2, secondary age in years.
    """
    use = land_use(history, time)
    # In the order of the file.
    out = np.empty((14, time.size), dtype=np.float32)
    forest = history.forest_share
    out[0] = use.primary * forest
    out[1] = use.primary * (1.0 - forest)
    out[2] = use.secondary * forest
    out[3] = use.secondary * (1.0 - forest)
    out[4] = use.urban
    later = 1.0 / (1.0 + math.exp((_MIX_YEAR - year) / _MIX_LENGTH))
    mix = history.crop_mix + (history.crop_mix_later - history.crop_mix) * later
    out[5:10] = use.crops * mix
    out[10] = use.pasture
    out[11] = use.ranges
    # Mean age and biomass of secondary land grow with the years since it was disturbed.
    disturbed = np.minimum(history.harvest, 3.0) / 3.0
    age = np.minimum(12.0 + (1.0 - 0.75 * disturbed) * 130.0 * (0.3 + use.primary), year - 849.0)
    has_secondary = out[2] + out[3] > 0
    out[13] = np.where(has_secondary, age, 0.0)
    out[12] = np.where(has_secondary, history.biomass * (1.0 - np.exp(age / -45.0)), 0.0)
    return out

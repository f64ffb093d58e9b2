"""The management of the land: fertiliser, irrigation, biofuels, rice, wood."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from loader.sampling.geography import Geography
from loader.sampling.noise import Float64, SmoothField, blobs, stream
from loader.sampling.places import PADDIES
from loader.sampling.schema import STATES
from loader.schema import CROPS

__all__ = ["Management"]

Float32 = npt.NDArray[np.float32]

_MANAGEMENT = 6
_ROW = {variable.name: row for row, variable in enumerate(STATES)}

_BIOFUEL = {"c3ann": 0.04, "c4ann": 0.3, "c3per": 0.03, "c4per": 0.35, "c3nfx": 0.05}
"""Largest share of a crop that is grown for fuel."""

_FERTILISER = {"c3ann": 1.0, "c4ann": 1.3, "c3per": 0.7, "c4per": 0.9, "c3nfx": 0.25}
_MOST_NITROGEN = 180.0
"""kg N per hectare of cropland and year."""


class Management:
    """The management of one world, computed from the states of the same year.

    Parameters
    ----------
    geography : Geography
        Of n land cells.
    seed : int
    """

    def __init__(self, geography: Geography, seed: int) -> None:
        random = stream(seed, _MANAGEMENT)
        lat, lon = geography.latitude, geography.longitude
        shape = lat.shape
        national = random.random((3, 1000))[:, geography.country]
        self._rate = 0.15 + 0.85 * national[0]
        self._fertilised_from = 1915.0 + 40.0 * national[0]
        dry = np.clip(0.55 - geography.wetness, 0, 1.5) / 1.5
        field = SmoothField(lat, lon, (10.0, 3.0)).draw(random)
        irrigated = (
            dry * np.clip(0.5 + 0.6 * field, 0, 1) * np.exp(0.3 * random.standard_normal(shape))
        )
        self._irrigated = np.where(irrigated > 0.2, np.minimum(irrigated, 0.95), 0.0)
        rice = blobs(lat, lon, PADDIES) * np.exp(0.2 * random.standard_normal(shape))
        self._rice = np.where(rice > 0.03, np.minimum(rice, 0.9), 0.0)
        self._fuel = np.where(national[1] > 0.75, national[1], 0.0)
        self._wood = 0.2 + 0.7 * national[2]

    def variables(self, states: Float32, year: int) -> Iterator[tuple[str, Float32]]:
        """Yield name and values, float32, shape (n,), of the 22 variables in the file's order.

        Parameters
        ----------
        states : ndarray of float32, shape (14, n)
            The states of `year`.
        year : int

        Yields
        ------
        tuple of (str, ndarray of float32, shape (n,))
            Rates in kg ha-1 yr-1, everything else fractions.
        """
        nitrogen = np.clip((year - self._fertilised_from) / 75.0, 0.0, 1.0) ** 1.5
        watered = _share(year, 1945, 25)
        fuelled = max(0.0, min(1.0, (year - 1975) / 45))
        fuel_area, crop_area = np.zeros_like(self._rate), np.zeros_like(self._rate)
        # Variables of crops, missing where the crop does not grow, as in LUH2.
        for name in CROPS:
            area = states[_ROW[name]].astype(np.float64)
            grown = area > 0
            fuel = _BIOFUEL[name] * fuelled * self._fuel
            fuel_area, crop_area = fuel_area + fuel * area, crop_area + area
            rate = _MOST_NITROGEN * _FERTILISER[name] * self._rate * nitrogen
            yield f"fertl_{name}", _where(grown, rate)
            yield f"irrig_{name}", _where(grown, self._irrigated * (0.1 + 0.9 * watered))
            yield f"crpbf_{name}", _where(grown, fuel)
        yield "fharv_c3per", _where(states[_ROW["c3per"]] > 0, 0.03 * self._fuel)
        yield "fharv_c4per", _where(states[_ROW["c4per"]] > 0, 0.3 + 0 * self._rate)
        yield "flood", _where(states[_ROW["c3ann"]] > 0, self._rice)
        # The three uses of wood sum to one.
        round_wood = self._wood * _share(year, 1900, 60)
        wooded = states[_ROW["secdf"]] + states[_ROW["primf"]] > 0
        fuel_wood = 0.02 * fuelled * self._fuel
        yield "rndwd", _where(wooded, round_wood)
        yield "fulwd", _where(wooded, 1.0 - round_wood - fuel_wood)
        yield "combf", _where(wooded, fuel_wood)
        share = np.divide(fuel_area, crop_area, out=np.zeros_like(crop_area), where=crop_area > 0)
        yield "crpbf_total", share.astype(np.float32)


def _share(year: int, middle: float, length: float) -> float:
    return 1.0 / (1.0 + math.exp((middle - year) / length))


def _where(mask: npt.NDArray[np.bool_], values: Float64) -> Float32:
    return np.where(mask, values, 0.0).astype(np.float32)

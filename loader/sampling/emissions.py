"""Emissions from land-use change: part of them at once, the rest over the following years."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from loader.sampling.geography import Geography
from loader.sampling.history import History
from loader.sampling.noise import Float64
from loader.sampling.schema import FIRST_ELUC_YEAR, LAST_YEAR
from loader.sampling.trajectory import LandUse, Rhythm, land_use

__all__ = ["Emissions"]

Float32 = npt.NDArray[np.float32]

_LEGACY_YEARS = 30

_CLEARED_AT_ONCE, _CLEARED_FADES = 0.55, 8.0
_REGROWN_AT_ONCE, _REGROWN_FADES = 0.06, 14.0

_PUBLISHED = (
    (1850, 1875, 1900, 1925, 1950, 1960, 1970, 1990, 2000, 2010, 2021),
    (0.93, 1.2, 1.45, 1.65, 2.2, 2.35, 1.6, 1.6, 1.6, 1.4, 1.25),
)
"""Years, and about what BLUE emits in them globally, PgC a year."""

_CARBON_LEFT = {"secondary": 0.72, "crops": 0.1, "pasture": 0.25, "ranges": 0.6, "urban": 0.05}
"""Carbon of a land use relative to primary vegetation in the same place."""

_SOIL_T_HA = 12.0
_T_HA_PER_KG_M2 = 10.0
_CALIBRATION_CELLS = 12_000


class Emissions:
    """The emissions of one world, year after year.

    Parameters
    ----------
    geography : Geography
        Of n land cells.
    history : History
    rhythm : Rhythm

    Notes
    -----
    The carbon a cell would hold in equilibrium follows from its land use. A loss between the
    beginning of a year and the next is emitted by 55 % in that year and by a fading share in each
    of the 29 years after it; a gain is taken up more slowly. The total is scaled, by one smooth
    factor a year, to the published global totals. Memory: 60 float32 arrays of n cells.
    """

    def __init__(self, geography: Geography, history: History, rhythm: Rhythm) -> None:
        self._history = history
        self._rhythm = rhythm
        self._potential = _potential(history)
        self._losses = np.zeros((_LEGACY_YEARS, geography.cells.size), dtype=np.float32)
        self._gains = np.zeros_like(self._losses)
        self._next: int | None = None
        self._stock: Float64 = np.empty(0)
        self._years, self._factors = _calibrate(geography, history)

    def year(self, year: int) -> Float32:
        """Return the emissions of a year, t C ha-1 yr-1 of the whole cell, shape (n,), float32.

        Consecutive years are cheap; any other first recalls the changes of the 29 years before.
        """
        if year != self._next:
            begin = year - _LEGACY_YEARS + 1
            self._stock = self._carbon(begin)
            for earlier in range(begin, year):
                self._remember(earlier)
        self._remember(year)
        self._next = year + 1
        total = np.zeros(self._potential.shape, dtype=np.float32)
        term = np.empty_like(total)
        # Always the newest first: a float32 sum depends on the order of its terms.
        for age in range(_LEGACY_YEARS):
            slot = (year - age) % _LEGACY_YEARS
            total += np.multiply(self._losses[slot], _CLEARED[age], out=term)
            total += np.multiply(self._gains[slot], _REGROWN[age], out=term)
        total *= np.float32(np.interp(year, self._years, self._factors))
        return total

    def _carbon(self, year: int) -> Float64:
        use = land_use(self._history, self._rhythm.clock(year))
        return _equilibrium(use, self._potential)

    def _remember(self, year: int) -> None:
        after = self._carbon(year + 1)
        emitted = self._stock - after
        self._losses[year % _LEGACY_YEARS] = np.maximum(emitted, 0.0)
        self._gains[year % _LEGACY_YEARS] = np.minimum(emitted, 0.0)
        self._stock = after


def _kernel(at_once: float, fades: float) -> Float32:
    """Return the share emitted at each age, float32, shape (30,), summing to 1."""
    later = np.exp(-np.arange(_LEGACY_YEARS - 1) / fades)
    return np.concatenate([[at_once], (1 - at_once) * later / later.sum()]).astype(np.float32)


_CLEARED = _kernel(_CLEARED_AT_ONCE, _CLEARED_FADES)
_REGROWN = _kernel(_REGROWN_AT_ONCE, _REGROWN_FADES)


def _potential(history: History) -> Float64:
    biomass = history.biomass
    return np.where(biomass > 0, biomass * _T_HA_PER_KG_M2 + _SOIL_T_HA, 0.0)


def _equilibrium(use: LandUse, potential: Float64) -> Float64:
    """Return the carbon that the land use holds in the end, t C per hectare of cell."""
    relative = use.primary.copy()
    for name, share in _CARBON_LEFT.items():
        relative += share * getattr(use, name)
    return relative * potential


def _calibrate(geography: Geography, history: History) -> tuple[Float64, Float64]:
    """Return years and factors that bring a subset of the cells near the published totals."""
    step = max(1, geography.cells.size // _CALIBRATION_CELLS)
    subset = history.every(step)
    potential = _potential(subset)
    to_pgc = step * geography.area_m2[::step] / 10_000.0 / 1e9
    years = np.arange(FIRST_ELUC_YEAR - _LEGACY_YEARS, LAST_YEAR + 2)
    # 1. The global emissions of the subset, without calibration.
    totals = np.zeros(years.size)
    before = _equilibrium(land_use(subset, np.full(potential.shape, float(years[0]))), potential)
    for index, year in enumerate(years[:-1].tolist()):
        time = np.full(potential.shape, year + 1.0)
        after = _equilibrium(land_use(subset, time), potential)
        emitted = before - after
        lost = float(np.maximum(emitted, 0) @ to_pgc)
        gained = float(np.minimum(emitted, 0) @ to_pgc)
        ahead = totals[index : index + _LEGACY_YEARS]
        ahead += lost * _CLEARED[: ahead.size] + gained * _REGROWN[: ahead.size]
        before = after
    # 2. The factors between them and what was published, at a few years.
    anchors = np.asarray(_PUBLISHED[0], dtype=np.float64)
    drawn = np.interp(anchors, years, totals)
    factors = np.asarray(_PUBLISHED[1]) / np.maximum(drawn, 1e-3)
    return anchors, np.clip(factors, 0.2, 5.0)

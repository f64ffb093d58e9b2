"""Which colour a value gets: colour-blind safe scales that a few extremes cannot stretch.

The scales are ColorBrewer's (Brewer, 2003), which every common colour vision deficiency tells
apart. Emissions are red and sinks blue; more forest is green and less is brown; any other increase
is orange and decrease purple. What begins at 0 goes from light to dark: greens for forest, browns
for crops, reds for magnitudes of emissions, yellow to blue for all else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loader.errors import UsageError

if TYPE_CHECKING:
    from loader.plotting.gridded import MapData
    from loader.plotting.sense import Sense

__all__ = ["COAST", "MISSING", "QUANTILE", "SEA", "ColourScale", "colour_scale"]

QUANTILE = 0.98
"""The share of values other than 0 that the colours tell apart."""

SEA, MISSING, COAST = "#dbe4ea", "#9a9a9a", "#3a3a3a"

_STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True)
class ColourScale:
    """How values become colours.

    Attributes
    ----------
    name : str
        matplotlib's name of the colour map.
    low, high : float
        The values of the two end colours; what lies beyond has the end colour too.
    extend : {"neither", "min", "max", "both"}
        At which ends values lie beyond.
    remark : str
        What the reader must know of the ends.
    """

    name: str
    low: float
    high: float
    extend: str
    remark: str


def colour_scale(data: MapData, limits: tuple[float, float] | None = None) -> ColourScale:
    """Choose the colours of a map.

    Parameters
    ----------
    data : MapData
    limits : tuple of float, optional
        The values of the two end colours, instead of the quantiles.

    Returns
    -------
    ColourScale
        Centred on 0 where the quantity is signed or any value is negative: the ends are then
        plus and minus the `QUANTILE` of the magnitudes other than 0, rounded up to a simple
        number. Else from 0, or from the lowest hundredth where that is far from 0.

    Raises
    ------
    UsageError
        If `limits` are no range.
    """
    values = data.values[np.isfinite(data.values)]
    least, most = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    sense = data.sense
    diverging = sense.is_flux or sense.is_change or least < 0
    if limits is not None:
        low, high = limits
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UsageError(f"--range is {low:g} {high:g}; expected a lower and a higher number")
    else:
        low, high = _robust_limits(values, diverging=diverging)
    below, above = least < low, most > high
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]
    name = _diverging(sense) if diverging else _sequential(sense)
    reach = f"values reach from {_number(least)} to {_number(most)}"
    chosen = "as asked for" if limits else f"{QUANTILE:.0%} quantile of values other than 0"
    remark = f"Colours end at {_number(low)} and {_number(high)} ({chosen}); {reach}."
    if extend == "neither":
        remark = f"{reach[0].upper()}{reach[1:]}."
    return ColourScale(name, low, high, extend, remark)


def _diverging(sense: Sense) -> str:
    """Return the scale of values on both sides of 0; a reversed quantity has reversed colours."""
    if sense.is_flux:
        return "RdBu_r" if sense.direction > 0 else "RdBu"
    if sense.kind == "forest":
        return "BrBG" if sense.direction >= 0 else "BrBG_r"
    return "PuOr_r" if sense.direction >= 0 else "PuOr"


def _sequential(sense: Sense) -> str:
    """Return the scale of values from 0; dark is more of what the columns are about, or neutral."""
    scales = {"forest": "Greens", "crop": "YlOrBr"}
    if sense.kind == "emission":
        return "OrRd"
    return scales.get(sense.kind, "YlGnBu") if sense.direction > 0 else "YlGnBu"


def _robust_limits(values: np.ndarray, *, diverging: bool) -> tuple[float, float]:
    sizes = np.abs(values[values != 0])
    if not sizes.size:
        return (-1.0, 1.0) if diverging else (0.0, 1.0)
    high = _round_up(float(np.quantile(sizes, QUANTILE)))
    if diverging:
        return -high, high
    low = float(np.quantile(values, 1 - QUANTILE))
    if low < high / 2:
        return 0.0, high
    spread = float(np.quantile(values, QUANTILE)) - low
    step = _round_up(spread / 10) if spread else high
    low = math.floor(low / step) * step
    return low, low + step * math.ceil((float(np.quantile(values, QUANTILE)) - low) / step + 1e-9)


def _round_up(value: float) -> float:
    """Return the least number of `_STEPS` times a power of ten that is not below a value."""
    scale = 10.0 ** math.floor(math.log10(value))
    for step in _STEPS:
        if value <= step * scale * (1 + 1e-9):
            return float(f"{step * scale:.3g}")
    return 10 * scale


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")

"""Choose the colours of values: colour-blind safe scales that a few extremes cannot stretch.

The scales are ColorBrewer's (Brewer, 2003), which every common colour vision deficiency tells
apart. Emissions are red and sinks blue; more forest is green and less is brown; any other increase
is orange and decrease purple. What begins at 0 goes from light to dark: greens for forest, browns
for crops, reds for magnitudes of emissions, yellow to blue for all else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from loader.errors import UsageError
from loader.plotting.wording import CODE, YES_NO, number_in_words

if TYPE_CHECKING:
    from loader.plotting.gridded import MapData
    from loader.plotting.sense import Sense

__all__ = [
    "BORDER",
    "COAST",
    "DECADES",
    "MISSING",
    "OUTSIDE",
    "QUANTILE",
    "SCALES",
    "SEA",
    "ColourScale",
    "colour_norm",
    "colour_scale",
]

QUANTILE = 0.98
"""The share of values other than 0 that the colours cover."""

SCALES = ("linear", "symlog", "quantile")

SEA, OUTSIDE, MISSING = "#e6edf2", "#ececec", "#c2c2c2"
"""Sea, land that is not part of the selection, land without a value."""

COAST, BORDER = "#3a3a3a", "#8c8c8c"

_STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 9.0, 10.0)
_CLASSES = 10
"""Colours of a scale by quantiles."""

DECADES = 3
"""Powers of ten that a symlog scale covers on each side of 0."""

_SHARE_TOLERANCE = 1e-3
"""Sums of fractions exceed 1 by rounding."""


@dataclass(frozen=True)
class ColourScale:
    """The mapping of values to colours.

    Attributes
    ----------
    name : str
        matplotlib's name of the colour map.
    low, high : float
        The values of the two end colours, which also show the values beyond.
    extend : {"neither", "min", "max", "both"}
        The ends beyond which there are values.
    remark : str
        A note on the ends for the reader.
    kind : {"linear", "symlog", "quantile", "yes-no"}
        How values between the ends are spread over the colours.
    bounds : tuple of float
        The limits of the colours of a scale by quantiles and of a mask; otherwise empty.
    """

    name: str
    low: float
    high: float
    extend: str
    remark: str
    kind: str = "linear"
    bounds: tuple[float, ...] = ()


def colour_scale(
    data: MapData,
    limits: tuple[float, float] | None = None,
    kind: str = "linear",
    name: str | None = None,
) -> ColourScale:
    """Choose the colours of a map.

    Parameters
    ----------
    data : MapData
    limits : tuple of float, optional
        The values of the two end colours, instead of the quantiles.
    kind : {"linear", "symlog", "quantile"}
        How values between the ends are spread over the colours.
    name : str, optional
        A colour map of matplotlib, instead of the default for the quantity.

    Returns
    -------
    ColourScale
        Of the values in the domain of the map. A mask has two colours. Anything else is centred
        on 0 where the quantity is signed or any value is negative: the ends are then plus and
        minus the `QUANTILE` of the magnitudes other than 0, rounded up to a simple number. Else
        from 0, or from the lowest hundredth where that is far from 0.

    Raises
    ------
    UsageError
        If `limits` are not ascending, or there is no such scale or colour map.
    """
    if kind not in SCALES:
        raise UsageError(f"--scale is {kind!r}; expected one of {', '.join(SCALES)}")
    values = data.visible
    least, most = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    sense = data.sense
    diverging = sense.is_flux or sense.is_change or least < 0
    bounds: tuple[float, ...] = ()
    chosen = name if name is not None else _diverging(sense) if diverging else _sequential(sense)
    _check_name(chosen)
    if data.unit == YES_NO and limits is None and not diverging:
        return ColourScale(chosen, 0.0, 1.0, "neither", "", "yes-no", (-0.5, 0.5, 1.5))
    if limits is not None:
        low, high = limits
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UsageError(f"--range is {low:g} {high:g}; expected a lower and a higher number")
    elif kind == "quantile":
        bounds = _quantile_bounds(values, diverging=diverging)
        # The outermost limits are rounded, and of signed values as far from 0 as the largest.
        low = least if least < bounds[1] else bounds[0]
        high = most if most > bounds[-2] else bounds[-1]
        bounds = (low, *bounds[1:-1], high)
    else:
        low, high = _robust_limits(values, diverging=diverging)
        if data.is_share and not diverging and most <= 1 + _SHARE_TOLERANCE:
            high = min(high, 1.0)
    if kind == "quantile" and not bounds:
        inside = values[(values >= low) & (values <= high)]
        bounds = _quantile_bounds(inside, diverging=diverging, ends=(low, high))
    tolerance = _SHARE_TOLERANCE if data.is_share else 0.0
    below, above = least < low, most > high + tolerance
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]
    reach = f"values range from {_number(least, data)} to {_number(most, data)}"
    remark = f"{reach[0].upper()}{reach[1:]}."
    if kind == "quantile" and limits is None:
        order = ", by magnitude" if diverging else ""
        remark = f"Each class has equally many cells with values other than 0{order}; {reach}."
    elif extend != "neither":
        why = (
            "as chosen"
            if limits is not None
            else f"the {QUANTILE:.0%} quantile of values other than 0"
        )
        ends = f"{_number(low, data)} and {_number(high, data)}"
        remark = f"Colours end at {ends} ({why}); {reach}."
    return ColourScale(chosen, low, high, extend, remark, kind, bounds)


def colour_norm(scale: ColourScale) -> Any:  # noqa: ANN401  # matplotlib's Normalize
    """Return matplotlib's normalization of a scale."""
    from matplotlib import colormaps, colors  # noqa: PLC0415  # an extra

    if scale.bounds:
        return colors.BoundaryNorm(scale.bounds, colormaps[scale.name].N)
    if scale.kind == "symlog":
        threshold = max(abs(scale.low), abs(scale.high)) / 10**DECADES
        return colors.SymLogNorm(threshold, linscale=0.5, vmin=scale.low, vmax=scale.high)
    return colors.Normalize(scale.low, scale.high)


def _check_name(name: str) -> None:
    from importlib.util import find_spec  # noqa: PLC0415  # with the next

    if find_spec("matplotlib") is None:
        return
    from matplotlib import colormaps  # noqa: PLC0415  # an extra

    if name not in colormaps:
        raise UsageError(
            f"--cmap is {name!r}, which matplotlib does not have; try viridis, RdBu_r or Greens"
        )


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
    step = _round_up(spread / 10) if spread else max(1.0, 10.0 ** math.floor(math.log10(high) - 2))
    low = math.floor(low / step) * step
    return low, low + step * math.ceil((float(np.quantile(values, QUANTILE)) - low) / step + 1e-9)


def _quantile_bounds(
    values: np.ndarray, *, diverging: bool, ends: tuple[float, float] | None = None
) -> tuple[float, ...]:
    """Return limits of colours that equally many cells have, 0 left out; symmetric if signed."""
    sizes = np.abs(values[values != 0])
    if not sizes.size:
        return (-1.0, 0.0, 1.0) if diverging else (0.0, 1.0)
    count = _CLASSES // 2 if diverging else _CLASSES
    shares = np.quantile(sizes, np.linspace(0, 1, count + 1)[1:])
    upper = np.unique([float(f"{value:.2g}") for value in shares])
    # Of signed values the class in the middle, around 0, has the neutral colour.
    bounds = [*(-upper[::-1]), *upper] if diverging else [0.0, *upper]
    if ends is not None:
        bounds = [ends[0], *(b for b in bounds if ends[0] < b < ends[1]), ends[1]]
    return tuple(float(bound) for bound in bounds)


def _round_up(value: float) -> float:
    """Return the least number of `_STEPS` times a power of ten that is not below a value."""
    scale = 10.0 ** math.floor(math.log10(value))
    for step in _STEPS:
        if value <= step * scale * (1 + 1e-9):
            return float(f"{step * scale:.3g}")
    return 10 * scale


def _number(value: float, data: MapData) -> str:
    return number_in_words(value, is_plain=data.unit in {"year", CODE})

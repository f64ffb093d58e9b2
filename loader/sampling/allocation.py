"""The moves between land uses that turn the states of one year into those of the next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from loader.sampling.noise import Float64
from loader.sampling.schema import exists
from loader.schema import FRACTIONS

__all__ = ["transitions"]

Float32 = npt.NDArray[np.float32]

_NAMES = FRACTIONS
_PRIMF, _PRIMN, _SECDF, _SECDN = (_NAMES.index(n) for n in ("primf", "primn", "secdf", "secdn"))

_MARGIN = 1.0 - 2.0**-22
"""A factor that keeps the moves out of a land use within its stock despite float32 rounding."""

_LOGGED_FIRST = 0.4
"""Share of the lost primary vegetation that is logged a year before it would be cleared."""

_ROTATION = 0.03
"""Share of the smaller of two land uses that is exchanged with the other each year."""

_ROTATIONS = (
    ("secdf", "c3ann"), ("secdn", "c3ann"), ("secdf", "c4ann"), ("secdf", "pastr"),
    ("secdn", "range"), ("c3ann", "c3nfx"),
)  # fmt: skip
"""Shifting cultivation and rotation: both directions at once, so that no state changes."""


def transitions(
    before: Float32, after: Float32, biomass: Float64, area_m2: Float64
) -> Iterator[tuple[str, Float32]]:
    """Explain the change of the states by moves between them.

    Parameters
    ----------
    before, after : ndarray of float32, shape (14, n)
        States of a year and of the next one; the first 12 are fractions of the cell.
    biomass : ndarray of float64, shape (n,)
        Potential biomass, kg C m-2.
    area_m2 : ndarray of float64, shape (n,)

    Yields
    ------
    tuple of (str, ndarray of float32, shape (n,))
        Name and values of each of the 118 variables, in the file's order: fractions of the cell,
        and kg C in the whole cell for the `_bioh`.

    Notes
    -----
    Shrinking land uses give to growing ones in proportion. All are at least 0, and the moves out
    of a land use never exceed it.
    """
    stock = before[:12].astype(np.float64)
    change = after[:12].astype(np.float64) - stock
    losses, gains = np.maximum(-change, 0.0), np.maximum(change, 0.0)
    harvest = _log_before_clearing(stock, losses, gains)
    total = np.maximum(losses.sum(axis=0), gains.sum(axis=0))
    # What is lost goes to all land uses that gain, in proportion to their gains.
    scale = np.divide(_MARGIN, total, out=np.zeros_like(total), where=total > 0)
    rotated = _rotations(stock, losses)
    moves = losses * scale
    for source, source_name in enumerate(_NAMES):
        for target, target_name in enumerate(_NAMES):
            if exists(source_name, target_name):
                moved = moves[source] * gains[target]
                pair = rotated.get(frozenset((source, target)))
                if pair is not None:
                    moved = moved + pair
                yield f"{source_name}_to_{target_name}", moved.astype(np.float32)
    yield from _wood(
        primf=moves[_PRIMF] * gains[_SECDF] + harvest[0],
        primn=moves[_PRIMN] * gains[_SECDN] + harvest[1],
        states=before,
        biomass=biomass,
        area_m2=area_m2,
    )


def _log_before_clearing(stock: Float64, losses: Float64, gains: Float64) -> Float64:
    """Route part of the lost primary land through secondary; return the part, shape (2, n)."""
    harvest = np.zeros((2, stock.shape[1]))
    for row, (primary, secondary) in enumerate(((_PRIMF, _SECDF), (_PRIMN, _SECDN))):
        spare = np.maximum(stock[secondary] * _MARGIN - losses[secondary], 0.0)
        part = _LOGGED_FIRST * np.minimum(losses[primary], spare)
        part[gains[secondary] > 0] = 0.0
        # Moves and harvest must fit into float32 roundings of the change itself.
        losses[primary] -= part
        losses[secondary] += part
        harvest[row] = part * _MARGIN
    return harvest


def _rotations(stock: Float64, losses: Float64) -> dict[frozenset[int], Float64]:
    rotated = {}
    for one, other in _ROTATIONS:
        a, b = _NAMES.index(one), _NAMES.index(other)
        spare = np.minimum(stock[a] - losses[a], stock[b] - losses[b])
        # Rounding first keeps the two directions equal bit for bit.
        rotated[frozenset((a, b))] = _ROTATION * np.maximum(spare, 0.0)
    return rotated


def _wood(
    *, primf: Float64, primn: Float64, states: Float32, biomass: Float64, area_m2: Float64
) -> Iterator[tuple[str, Float32]]:
    """Yield the harvested areas, then the harvested carbon, of the five kinds of vegetation."""
    age = states[13].astype(np.float64)
    mature = np.clip((age - 20.0) / 60.0, 0.0, 0.9)
    forest, grown = states[_SECDF].astype(np.float64), states[12].astype(np.float64)
    areas = {
        "primf": primf,
        "primn": primn,
        "secmf": 0.008 * forest * mature,
        "secyf": np.where(age > 15, 0.004 * forest * (1.0 - mature), 0.0),
        "secnf": np.where(biomass > 0.7, 0.003 * states[_SECDN].astype(np.float64), 0.0),
    }
    density = {
        "primf": 0.75 * biomass,
        "primn": 0.75 * biomass,
        "secmf": 0.85 * grown,
        "secyf": 0.45 * grown,
        "secnf": 0.5 * grown,
    }
    for name, area in areas.items():
        yield f"{name}_harv", area.astype(np.float32)
    for name, area in areas.items():
        yield f"{name}_bioh", (area * density[name] * area_m2).astype(np.float32)

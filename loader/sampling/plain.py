"""Values of sources that the synthetic world has no model of."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import numpy.typing as npt

from loader.sampling.geography import Geography
from loader.sampling.noise import SmoothField, stream

__all__ = ["PlainValues"]

_PLAIN = 9
"""Marks the random streams of these values."""

_SPACING = (40.0, 10.0)
"""Degrees between the nodes of a field: continents, and regions within them."""

_PERIOD_YEARS = 30.0


class PlainValues:
    """Values from 0 to 1 that vary smoothly in space and over the years.

    Parameters
    ----------
    world : Geography
    seed : int
    source : str
        Name of the source: each has fields of its own.
    """

    def __init__(self, world: Geography, seed: int, source: str) -> None:
        self._field = SmoothField(world.latitude, world.longitude, _SPACING)
        self._tags = (seed, _PLAIN, crc32(source.encode()))

    def year(self, number: int, year: int) -> npt.NDArray[np.float32]:
        """Return the values of the variable `number` in a year, shape (n,) for n land cells."""
        shape = self._field.draw(stream(*self._tags, number))
        wave = np.sin(2 * np.pi * (year / _PERIOD_YEARS + shape))
        values: npt.NDArray[np.float32] = (0.5 + 0.5 * np.tanh(shape + 0.3 * wave)).astype("f4")
        return values

"""A box of the Earth, as options give it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loader.errors import UsageError

__all__ = ["Box", "parse_box"]


@dataclass(frozen=True)
class Box:
    """A box of the Earth in degrees; one with `west` > `east` crosses the date line."""

    south: float
    west: float
    north: float
    east: float

    @property
    def width(self) -> float:
        """Degrees from its western to its eastern side, going east."""
        return 360.0 if self.east - self.west >= 360 else (self.east - self.west) % 360

    def holds_longitude(self, longitude: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return whether longitudes, in any range of 360 degrees, are in it or on its sides."""
        inside: npt.NDArray[np.bool_] = (longitude - self.west) % 360 <= self.width
        return inside

    def holds_latitude(self, latitude: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return whether latitudes are in it or on its sides."""
        inside: npt.NDArray[np.bool_] = (latitude >= self.south) & (latitude <= self.north)
        return inside

    def text(self) -> str:
        """Return the box as `parse_box` reads it."""
        return ",".join(f"{side:g}" for side in (self.west, self.south, self.east, self.north))


def parse_box(text: str) -> Box:
    """Parse WEST,SOUTH,EAST,NORTH in degrees, the order of GeoJSON and of CF bounds.

    Examples
    --------
    >>> parse_box("-10,35,30,60")
    Box(south=35.0, west=-10.0, north=60.0, east=30.0)

    Raises
    ------
    UsageError
        If it is not four numbers, or they are not a box on the Earth.
    """
    expected = "expected WEST,SOUTH,EAST,NORTH in degrees, for example -10,35,30,60"
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--bbox is {text!r}; {expected}") from error
    # Latitudes beyond the poles that would be valid longitudes: the order was mistaken.
    latitudes, longitudes = (south, north), (west, east)
    if any(abs(value) > 90 for value in latitudes) and all(abs(v) <= 90 for v in longitudes):
        swapped = f"{south:g},{west:g},{north:g},{east:g}"
        raise UsageError(
            f"--bbox is {text!r}, with a latitude outside -90..90: latitude and longitude look "
            f"swapped, try --bbox={swapped}; {expected}"
        )
    if not all(-90 <= value <= 90 for value in latitudes):
        raise UsageError(f"--bbox is {text!r}, with a latitude outside -90..90; {expected}")
    if not all(-180 <= value <= 360 for value in longitudes):
        raise UsageError(f"--bbox is {text!r}, with a longitude outside -180..360; {expected}")
    # West may be greater than east: such a box crosses the date line. South may not exceed north.
    if south >= north:
        raise UsageError(
            f"--bbox is {text!r}, with its south ({south:g}) not below its north ({north:g}); "
            f"{expected}"
        )
    if west == east:
        raise UsageError(f"--bbox is {text!r}, with its west equal to its east; {expected}")
    return Box(south, west, north, east)

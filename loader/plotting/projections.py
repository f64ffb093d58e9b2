"""Map projections of a sphere of radius 1: two of equal area, the globe from afar, and degrees.

Formulas: Snyder, J. P. (1987), Map Projections - A Working Manual, U.S. Geological Survey
Professional Paper 1395, chapters 20 (orthographic) and 24 (Lambert azimuthal equal-area); Savric,
B., Patterson, T. and Jenny, B. (2018), The Equal Earth map projection, International Journal of
Geographical Information Science 33, 454-465.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["EqualEarth", "Flat", "LambertEqualArea", "Orthographic", "Projection"]

Float64 = npt.NDArray[np.float64]


class Projection(Protocol):
    """Turns longitude and latitude into places on a map, and back."""

    def forward(self, longitude: Float64, latitude: Float64) -> tuple[Float64, Float64]:
        """Return x and y of places in degrees; NaN where a place is not on the map."""

    def inverse(self, x: Float64, y: Float64) -> tuple[Float64, Float64]:
        """Return longitude and latitude, degrees; NaN outside of the map."""


@dataclass(frozen=True)
class Flat:
    """Degrees as they are, from `west` on: x and y are longitude and latitude."""

    west: float = -180.0

    def forward(self, longitude: Float64, latitude: Float64) -> tuple[Float64, Float64]:
        """Return x and y of places in degrees."""
        # A place on the western edge of a global map must not jump to its eastern one.
        return (longitude - self.west + 1e-9) % 360 + self.west - 1e-9, np.asarray(latitude)

    def inverse(self, x: Float64, y: Float64) -> tuple[Float64, Float64]:
        """Return longitude and latitude, degrees."""
        return np.asarray(x), np.where(np.abs(y) <= 90, y, np.nan)


@dataclass(frozen=True)
class EqualEarth:
    """The Equal Earth projection: equal area, for maps of the world.

    Attributes
    ----------
    longitude : float
        Of the meridian in the middle, degrees.
    """

    longitude: float = 0.0

    _A = (1.340264, -0.081106, 0.000893, 0.003796)
    _M = np.sqrt(3) / 2

    def forward(self, longitude: Float64, latitude: Float64) -> tuple[Float64, Float64]:
        """Return x and y of places in degrees."""
        away = np.deg2rad((longitude - self.longitude + 180 + 1e-9) % 360 - 180 - 1e-9)
        theta = np.arcsin(self._M * np.sin(np.deg2rad(latitude)))
        x = away * np.cos(theta) / (self._M * self._slope(theta))
        return x, self._height(theta)

    def inverse(self, x: Float64, y: Float64) -> tuple[Float64, Float64]:
        """Return longitude and latitude, degrees; NaN outside of the map."""
        theta = y / self._A[0]
        for _ in range(6):  # Newton's method doubles the digits: five steps are enough
            theta = theta - (self._height(theta) - y) / self._slope(theta)
        with np.errstate(invalid="ignore"):
            latitude = np.arcsin(np.sin(theta) / self._M)
            away = x * self._M * self._slope(theta) / np.cos(theta)
        inside = (np.abs(away) <= np.pi) & (np.abs(theta) <= np.pi / 3 + 1e-9)
        longitude = np.where(inside, self.longitude + np.rad2deg(away), np.nan)
        return longitude, np.where(inside, np.rad2deg(latitude), np.nan)

    def _height(self, theta: Float64) -> Float64:
        a1, a2, a3, a4 = self._A
        square = theta**2
        height: Float64 = theta * (a1 + a2 * square + square**3 * (a3 + a4 * square))
        return height

    def _slope(self, theta: Float64) -> Float64:
        """Return the derivative of the height."""
        a1, a2, a3, a4 = self._A
        square = theta**2
        slope: Float64 = a1 + 3 * a2 * square + square**3 * (7 * a3 + 9 * a4 * square)
        return slope


@dataclass(frozen=True)
class _Azimuthal:
    """A projection around a place: the distance from it decides the radius, the bearing the angle.

    Attributes
    ----------
    latitude, longitude : float
        Of the place in the middle, degrees.
    """

    latitude: float
    longitude: float

    def forward(self, longitude: Float64, latitude: Float64) -> tuple[Float64, Float64]:
        """Return x and y of places in degrees; NaN where a place is not on the map."""
        lat0, lat = np.deg2rad(self.latitude), np.deg2rad(latitude)
        away = np.deg2rad(longitude - self.longitude)
        nearness = np.sin(lat0) * np.sin(lat) + np.cos(lat0) * np.cos(lat) * np.cos(away)
        factor = self._factor(nearness)
        x = factor * np.cos(lat) * np.sin(away)
        y = factor * (np.cos(lat0) * np.sin(lat) - np.sin(lat0) * np.cos(lat) * np.cos(away))
        return x, y

    def inverse(self, x: Float64, y: Float64) -> tuple[Float64, Float64]:
        """Return longitude and latitude, degrees; NaN outside of the map."""
        rho = np.hypot(x, y)
        lat0 = np.deg2rad(self.latitude)
        angle = self._angle(rho)
        sine, cosine = np.sin(angle), np.cos(angle)
        # In the very middle the bearing has no meaning, and rho is 0.
        over_rho = np.divide(sine, rho, out=np.ones_like(rho), where=rho > 0)
        up = np.clip(cosine * np.sin(lat0) + y * over_rho * np.cos(lat0), -1, 1)
        away = np.arctan2(x * over_rho, np.cos(lat0) * cosine - y * over_rho * np.sin(lat0))
        longitude = self.longitude + np.rad2deg(away)
        return longitude, np.where(np.isnan(angle), np.nan, np.rad2deg(np.arcsin(up)))

    def _factor(self, nearness: Float64) -> Float64:
        raise NotImplementedError

    def _angle(self, rho: Float64) -> Float64:
        raise NotImplementedError


class LambertEqualArea(_Azimuthal):
    """The Lambert azimuthal equal-area projection, for maps of regions."""

    def _factor(self, nearness: Float64) -> Float64:
        # The opposite side of the Earth is the edge of the map: far away, and not a place.
        near = nearness > -0.98
        factor: Float64 = np.sqrt(2 / np.where(near, 1 + nearness, np.nan))
        return factor

    def _angle(self, rho: Float64) -> Float64:
        angle: Float64 = 2 * np.arcsin(np.where(rho <= 2, rho, np.nan) / 2)
        return angle


class Orthographic(_Azimuthal):
    """The Earth from afar: the half around a place, in a circle of radius 1."""

    def _factor(self, nearness: Float64) -> Float64:
        return np.where(nearness > 0, 1.0, np.nan)

    def _angle(self, rho: Float64) -> Float64:
        angle: Float64 = np.arcsin(np.where(rho < 1, rho, np.nan))
        return angle

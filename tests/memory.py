"""Small sources in memory, as xarray opens them undecoded; a test changes what it is about."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from files import FRACTIONS

__all__ = ["LAT", "LON", "SEA", "YEARS", "dataset", "on_land", "states"]

YEARS = (2000, 2001)
LAT = np.array([47.5, 46.5, 45.5])
LON = np.array([0.5, 1.5, 2.5, 3.5])
SEA = np.zeros((LAT.size, LON.size), bool)
SEA[:, 0] = True


def on_land(value: float, kind: str = "f4", code: float = np.nan) -> npt.NDArray[Any]:
    """Return a value on land and a code at sea, in every year."""
    one = np.where(SEA, code, value).astype(kind)
    return np.repeat(one[None], len(YEARS), 0)


def dataset(
    variables: dict[str, tuple[Any, ...]],
    *,
    lat: Any = LAT,  # noqa: ANN401
    lon: Any = LON,  # noqa: ANN401
    time: Any = YEARS,  # noqa: ANN401
    attributes: dict[str, dict[str, Any]] | None = None,
    names: tuple[str, str, str] = ("time", "lat", "lon"),
) -> xr.Dataset:
    """Return variables, values and their attributes, on (time, lat, lon)."""
    given = {"time": {}, "lat": {"units": "degrees_north"}, "lon": {"units": "degrees_east"}}
    given |= attributes or {}
    axes = dict(zip(("time", "lat", "lon"), (time, lat, lon), strict=True))
    called = dict(zip(axes, names, strict=True))
    coordinates = {
        called[axis]: xr.Variable((called[axis],), np.asarray(values), given[axis])
        for axis, values in axes.items()
    }
    data = {name: xr.Variable(names, *rest) for name, rest in variables.items()}
    return xr.Dataset(data | coordinates)


def states(**others: tuple[Any, ...]) -> xr.Dataset:
    """Return 12 land uses that are missing at sea, and further variables."""
    uses = {name: (on_land(1 / 12), {"units": "1"}) for name in FRACTIONS}
    return dataset(uses | others)

"""Find the time, latitude and longitude of a data set by CF attributes, then by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader.errors import GridError, SourceError

if TYPE_CHECKING:
    from collections.abc import Hashable

    import xarray as xr

__all__ = ["Dimensions", "find_dimensions"]


@dataclass(frozen=True)
class Dimensions:
    """The dimensions that carry time, latitude and longitude, as the file names them.

    `time` is None for a file of maps, such as LUH2's static one.
    """

    time: str | None
    latitude: str
    longitude: str


@dataclass(frozen=True)
class _Role:
    standard_name: str
    units: frozenset[str]
    axis: str
    names: tuple[str, ...]


_LATITUDE = _Role(
    "latitude",
    frozenset({"degrees_north", "degree_north", "degrees_n", "degree_n", "degreesn", "degreen"}),
    "Y",
    ("lat", "latitude", "nav_lat", "y"),
)
_LONGITUDE = _Role(
    "longitude",
    frozenset({"degrees_east", "degree_east", "degrees_e", "degree_e", "degreese", "degreee"}),
    "X",
    ("lon", "longitude", "long", "nav_lon", "x"),
)
_TIME = _Role("time", frozenset(), "T", ("time", "year", "years", "t"))


def find_dimensions(dataset: xr.Dataset, path: str, *, needs_time: bool = True) -> Dimensions:
    """Return which dimensions of a data set are time, latitude and longitude.

    Parameters
    ----------
    dataset : xarray.Dataset
    path : str
        The file, for messages.
    needs_time : bool
        Whether a file without a time axis is an error.

    Returns
    -------
    Dimensions

    Raises
    ------
    GridError
        If latitude or longitude is missing, two-dimensional or in another unit than degrees.
    SourceError
        If there is no time axis and one is needed.

    Notes
    -----
    Source: CF conventions 1.11, sections 4.1, 4.2 and 4.4: units, then standard_name, then axis;
    the usual names last.
    """
    latitude = _find(dataset, _LATITUDE)
    longitude = _find(dataset, _LONGITUDE)
    for role, found in ((_LATITUDE, latitude), (_LONGITUDE, longitude)):
        if found is None:
            raise _missing(dataset, role, path)
        _check_units(dataset, role, found, path)
    time = _find(dataset, _TIME)
    if time is None and needs_time:
        raise SourceError(path, f"has no time axis among its dimensions ({_list(dataset)})")
    assert latitude is not None
    assert longitude is not None
    return Dimensions(time, latitude, longitude)


def _find(dataset: xr.Dataset, role: _Role) -> str | None:
    candidates = [name for name, v in dataset.variables.items() if v.dims == (name,)]

    def first(match: list[Hashable]) -> str | None:
        return str(match[0]) if match else None

    def attribute(name: Hashable, key: str) -> str:
        return str(dataset.variables[name].attrs.get(key, "")).strip()

    by_units = [n for n in candidates if attribute(n, "units").lower() in role.units]
    by_standard = [n for n in candidates if attribute(n, "standard_name") == role.standard_name]
    by_axis = [n for n in candidates if attribute(n, "axis").upper() == role.axis]
    by_name = [n for n in candidates if str(n).lower() in role.names]
    return first(by_units) or first(by_standard) or first(by_axis) or first(by_name)


def _check_units(dataset: xr.Dataset, role: _Role, name: str, path: str) -> None:
    units = str(dataset.variables[name].attrs.get("units", "")).strip().lower()
    if units and units not in role.units and units not in {"degrees", "degree", "deg", "1"}:
        found = f'has units "{units}"; expected {min(role.units, key=len)} or degrees'
        raise GridError(path, found, name)


def _missing(dataset: xr.Dataset, role: _Role, path: str) -> GridError:
    two_dimensional = [
        str(name)
        for name, v in dataset.variables.items()
        if v.ndim > 1
        and (
            str(name).lower() in role.names
            or str(v.attrs.get("standard_name", "")) == role.standard_name
        )
    ]
    if two_dimensional:
        found = f"{two_dimensional[0]} has {dataset.variables[two_dimensional[0]].ndim} dimensions"
        return GridError(
            path,
            f"{found}: a curvilinear grid; expected a regular one (regrid the file first)",
            role.standard_name,
        )
    if any(str(name).startswith("phony_dim") for name in dataset.sizes):
        return GridError(path, "its dimensions have no names: plain HDF5, not netCDF-4")
    return GridError(
        path,
        f"has no coordinate variable of {role.standard_name}; expected one with units "
        f'"{max(role.units, key=len)}" or named {role.names[0]} (dimensions: {_list(dataset)})',
        role.standard_name,
    )


def _list(dataset: xr.Dataset) -> str:
    return ", ".join(f"{name} {size}" for name, size in dataset.sizes.items()) or "none"

"""Find the time, latitude and longitude of a dataset by CF attributes, then by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader.errors import GridError, SourceError
from loader.reading.projection import require_unprojected, standard_name_of

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
    """What marks a coordinate: CF's units (lower case), standard name and axis, and usual names."""

    standard_name: str
    preferred: str
    units: frozenset[str]
    axis: str
    names: tuple[str, ...]
    indices: tuple[str, ...] = ()
    """Names that mean a position in the grid as often as a coordinate."""


_LATITUDE = _Role(
    "latitude",
    "degrees_north",
    frozenset({"degrees_north", "degree_north", "degrees_n", "degree_n", "degreesn", "degreen"}),
    "Y",
    ("lat", "latitude", "nav_lat"),
    ("y", "j"),
)
_LONGITUDE = _Role(
    "longitude",
    "degrees_east",
    frozenset({"degrees_east", "degree_east", "degrees_e", "degree_e", "degreese", "degreee"}),
    "X",
    ("lon", "longitude", "long", "nav_lon"),
    ("x", "i"),
)
_TIME = _Role("time", "", frozenset(), "T", ("time", "year", "years", "t"))

_DEGREES = frozenset({"degrees", "degree", "deg", "degrees_true", "arc_degree"})
"""Units of either coordinate that do not say which it is."""

_LENGTHS = frozenset(
    {"m", "km", "metre", "metres", "meter", "meters", "kilometre", "kilometres", "kilometer"}
    | {"kilometers", "1000 m", "us-ft", "ft"}
)

_REGULAR = "expected a regular latitude/longitude grid (regrid the file first)"


def find_dimensions(dataset: xr.Dataset, path: str, *, needs_time: bool = True) -> Dimensions:
    """Return which dimensions of a dataset are time, latitude and longitude.

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
        If latitude or longitude is missing, two-dimensional or in another unit than degrees, or
        the file says that its grid is rotated or projected.
    SourceError
        If there is no time axis and one is needed.

    Notes
    -----
    Source: CF conventions 1.11, sections 4.1, 4.2 and 4.4: units, then standard_name, then axis;
    the usual names last. Only the metadata of a file decide whether its grid is rotated, projected
    or curvilinear, never the values of its coordinates.
    """
    latitude = _find(dataset, _LATITUDE)
    longitude = _find(dataset, _LONGITUDE)
    for role, name in ((_LATITUDE, latitude), (_LONGITUDE, longitude)):
        if name is None:
            raise _missing(dataset, role, path)
    assert latitude is not None
    assert longitude is not None
    axes = {latitude: _LATITUDE, longitude: _LONGITUDE}
    if len(axes) < 2:
        problem = "is the only coordinate; expected one of latitude and one of longitude"
        raise GridError(path, problem, latitude)
    explicit = all(_is_explicit(dataset.variables[axis], role) for axis, role in axes.items())
    # A declared projection gives a clearer error than the units of the axes, so check it first.
    is_mapped = require_unprojected(dataset, (latitude, longitude), path, explicit=explicit)
    for axis, role in axes.items():
        _require_degrees(dataset, role, axis, path)
        if not is_mapped and not _is_explicit(dataset.variables[axis], role):
            _refuse_index(dataset, role, axis, path)
    time = _find(dataset, _TIME)
    if time is None and needs_time:
        raise SourceError(path, f"has no time axis among its dimensions ({_list(dataset)})")
    return Dimensions(time, latitude, longitude)


def _find(dataset: xr.Dataset, role: _Role) -> str | None:
    candidates = {name: v for name, v in dataset.variables.items() if v.dims == (name,)}

    def first(match: list[Hashable]) -> str | None:
        return str(match[0]) if match else None

    by_units = [n for n, v in candidates.items() if _units(v) in role.units]
    by_standard = [n for n, v in candidates.items() if standard_name_of(v) == role.standard_name]
    by_axis = [
        n
        for n, v in candidates.items()
        if str(v.attrs.get("axis", "")).strip().upper() == role.axis
    ]
    by_name = [n for n in candidates if str(n).lower() in role.names]
    by_index = [n for n in candidates if str(n).lower() in role.indices]
    return (
        first(by_units) or first(by_standard) or first(by_axis) or first(by_name) or first(by_index)
    )


def _units(variable: xr.Variable) -> str:
    return str(variable.attrs.get("units", "")).strip().lower()


def _is_explicit(axis: xr.Variable, role: _Role) -> bool:
    """Return whether the attributes of an axis identify it as latitude (or longitude)."""
    return _units(axis) in role.units or standard_name_of(axis) == role.standard_name


def _is_of(name: Hashable, variable: xr.Variable, role: _Role) -> bool:
    return str(name).lower() in role.names or _is_explicit(variable, role)


def _require_degrees(dataset: xr.Dataset, role: _Role, name: str, path: str) -> None:
    """Raise if an axis is in another unit than degrees."""
    units = _units(dataset.variables[name])
    if not units or units in role.units or units in _DEGREES or units == "1":
        return
    problem = f'has units "{dataset.variables[name].attrs["units"]}"'
    if units in _LENGTHS:
        raise GridError(path, f"{problem}: the grid is projected; {_REGULAR}", name)
    raise GridError(path, f"{problem}; expected {role.preferred} or degrees", name)


def _refuse_index(dataset: xr.Dataset, role: _Role, axis: str, path: str) -> None:
    """Raise if an axis holds row (or column) numbers and the coordinates are elsewhere."""
    for name, variable in dataset.variables.items():
        if name == axis or axis not in variable.dims or not _is_of(name, variable, role):
            continue
        if variable.ndim == 1:
            problem = f"the {role.standard_name}s are in {name}, not in its dimension {axis}"
            raise GridError(path, f"{problem}; rename the dimension {axis} to {name}", str(name))
        problem = f"has {variable.ndim} dimensions: a curvilinear grid"
        raise GridError(path, f"{problem}; {_REGULAR}", str(name))
    says_degrees = _units(dataset.variables[axis]) in _DEGREES
    if axis.lower() not in role.names and not says_degrees:
        problem = f"does not say that it is a {role.standard_name}"
        expected = f'expected the attribute units "{role.preferred}", or the name {role.names[0]}'
        raise GridError(path, f"{problem}; {expected}", axis)


def _missing(dataset: xr.Dataset, role: _Role, path: str) -> GridError:
    """Return the error for a file without a coordinate, depending on what it has instead."""
    if any(str(name).startswith("phony_dim") for name in dataset.sizes):
        return GridError(path, "its dimensions have no names: plain HDF5, not netCDF-4")
    # A variable with the meaning of the coordinate shows what kind of grid it is instead.
    for name, variable in dataset.variables.items():
        if not variable.ndim or not _is_of(name, variable, role):
            continue
        if variable.ndim > 1:
            problem = f"{name} has {variable.ndim} dimensions: a curvilinear grid"
            return GridError(path, f"{problem}; {_REGULAR}", role.standard_name)
        along = variable.dims[0]
        alike = [n for n, v in dataset.variables.items() if n != name and v.dims == (along,)]
        other = _LONGITUDE if role is _LATITUDE else _LATITUDE
        if any(_is_of(n, dataset.variables[n], other) for n in alike):
            problem = f"{name} is along {along} together with {alike[0]}: an unstructured grid"
            return GridError(path, f"{problem}; {_REGULAR}", role.standard_name)
        problem = f"{name} is along the dimension {along}"
        expected = f"rename the dimension {along} to {name}"
        return GridError(path, f"{problem}; {expected}", role.standard_name)
    return GridError(
        path,
        f"has no coordinate variable of {role.standard_name}; expected one with units "
        f'"{role.preferred}" or named {role.names[0]} (dimensions: {_list(dataset)})',
        role.standard_name,
    )


def _list(dataset: xr.Dataset) -> str:
    return ", ".join(f"{name} {size}" for name, size in dataset.sizes.items()) or "none"

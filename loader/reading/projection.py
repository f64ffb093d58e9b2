"""Recognise grids that are not regular in latitude and longitude from a file's attributes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loader.errors import GridError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr

__all__ = ["require_unprojected", "standard_name_of"]

_OTHER_AXES = re.compile(
    r"grid_(latitude|longitude)|projection_[xy](_angular)?_coordinate|"
    r"(projection|grid)_.*coordinate.*"
)
"""CF standard names of axes of rotated and projected grids."""

_OTHER_NAMES = frozenset({"rlat", "rlon"})
"""Usual names of rotated latitudes and longitudes without a standard name."""

_UNPROJECTED = "latitude_longitude"
_PROJECTED_WKT = re.compile(r"\s*(PROJCS|PROJCRS|PROJECTEDCRS)\b", re.IGNORECASE)
_PROJ4 = re.compile(r"\+proj=(\w+)")
_UNPROJECTED_PROJ4 = frozenset({"longlat", "latlong", "lonlat", "latlon"})
_WKT_ATTRIBUTES = ("crs_wkt", "spatial_ref", "esri_pe_string")
_PROJ4_ATTRIBUTES = ("proj4_params", "proj4_string", "proj4", "proj_params")

_EXPECTED = "expected a regular latitude/longitude grid (regrid the file first)"


def require_unprojected(
    dataset: xr.Dataset, axes: tuple[str, str], path: str, *, explicit: bool
) -> bool:
    """Raise if a file declares a rotated or projected grid.

    Parameters
    ----------
    dataset : xarray.Dataset
    axes : tuple of str
        The dimensions treated as latitude and longitude.
    path : str
        The file, for messages.
    explicit : bool
        Whether the axes have attributes of latitude and longitude. A grid mapping that no variable
        names is then ignored: regridding may leave one behind.

    Returns
    -------
    bool
        Whether a grid mapping declares the axes as latitude and longitude.

    Raises
    ------
    GridError
        If an axis has the standard name of one of a rotated or projected grid, or a grid mapping
        is other than latitude_longitude.

    Notes
    -----
    Source: CF conventions 1.11, section 5.6 and appendix F.
    """
    for axis in axes:
        standard_name = standard_name_of(dataset.variables[axis])
        if _OTHER_AXES.fullmatch(standard_name):
            problem = f'has the standard_name "{standard_name}": the grid is rotated or projected'
            raise GridError(path, f"{problem}; {_EXPECTED}", axis)
        if axis.lower() in _OTHER_NAMES and not explicit:
            raise GridError(path, f"is a coordinate of a rotated grid; {_EXPECTED}", axis)
    says_so = False
    for name in _mappings(dataset, axes, explicit=explicit):
        projection = _projection(dataset.variables[name])
        if projection not in {None, _UNPROJECTED}:
            problem = f'describes the grid as "{projection}"'
            raise GridError(path, f"{problem}; {_EXPECTED}", name)
        says_so = says_so or projection == _UNPROJECTED
    return says_so


def standard_name_of(variable: xr.Variable) -> str:
    """Return the standard name of a variable, in lower case; empty if it has none."""
    return str(variable.attrs.get("standard_name", "")).strip().lower()


def _mappings(dataset: xr.Dataset, axes: tuple[str, str], *, explicit: bool) -> Iterator[str]:
    """Yield the names of the grid mappings of variables on both axes that the file holds."""
    for variable in dataset.variables.values():
        if not set(axes).issubset(variable.dims):
            continue
        text = variable.attrs.get("grid_mapping") or variable.encoding.get("grid_mapping") or ""
        yield from (name for name in _named(str(text), axes) if name in dataset.variables)
    if not explicit:
        for name, variable in dataset.variables.items():
            if "grid_mapping_name" in variable.attrs:
                yield str(name)


def _named(text: str, axes: tuple[str, str]) -> list[str]:
    """Return the grid mappings that an attribute names: "crs", or "crs: y x other: lat lon"."""
    if ":" not in text:
        return text.split()
    parts = re.findall(r"(\w+)\s*:\s*([^:]*?)(?=\s+\w+\s*:|$)", text)
    of_axes = [name for name, coordinates in parts if set(axes) & set(coordinates.split())]
    return of_axes or [name for name, _ in parts]


def _projection(mapping: xr.Variable) -> str | None:
    """Return the projection that a grid mapping declares; None if it declares none."""
    attributes = mapping.attrs
    name = str(attributes.get("grid_mapping_name", "")).strip().lower()
    if name:
        return name
    for key in _WKT_ATTRIBUTES:
        text = str(attributes.get(key, ""))
        if _PROJECTED_WKT.match(text):
            return text.strip()[:60]
    for key in _PROJ4_ATTRIBUTES:
        match = _PROJ4.search(str(attributes.get(key, "")))
        if match:
            return _UNPROJECTED if match[1] in _UNPROJECTED_PROJ4 else match[0]
    return None

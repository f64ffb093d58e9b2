"""Read axes and maps, which are read completely, and name what cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loader.errors import BadValueError, LucLoadError, one_line
from loader.reading.decoding import as_float32, decoded_axis, decoded_variable
from loader.reading.lazy import fetch
from loader.remote.stores import is_address, is_lost, lost_store

if TYPE_CHECKING:
    import xarray as xr

    from loader.grid import Axis
    from loader.reading.coordinates import Dimensions
    from loader.reading.source import Float32

__all__ = ["read_coordinate", "read_plane", "time_axis", "unreadable"]


def time_axis(dataset: xr.Dataset, name: str) -> tuple[str, npt.NDArray[Any], dict[str, Any]]:
    """Return name, encoded values and attributes of a time axis."""
    variable = dataset.variables[name]
    if variable.dtype.kind in "MO":
        # The caller's dataset has decoded times: encode them as xarray would write them.
        import xarray as xr  # noqa: PLC0415  # slow to import; the caller has it

        variable = xr.conventions.encode_cf_variable(variable.to_base_variable(), name=name)
    return name, np.asarray(variable.to_numpy()), dict(variable.attrs)


def read_coordinate(dataset: xr.Dataset, name: str, path: str) -> npt.NDArray[Any]:
    """Read all of a coordinate variable, decoded as xarray does; missing steps are NaN.

    Raises
    ------
    SourceError
        If its attributes cannot be decoded.
    BadValueError
        If the file is damaged there.
    """
    decoded = decoded_axis(dataset.variables[name], path, name)
    try:
        return fetch(decoded)
    except Exception as error:
        raise unreadable(path, name, "", error) from error


def read_plane(
    stored: xr.Variable, path: str, name: str, dims: Dimensions, rows: Axis, columns: Axis
) -> Float32:
    """Read a variable on (latitude, longitude), in grid order.

    Parameters
    ----------
    stored : xarray.Variable
        As opened with `mask_and_scale=False`, without further dimensions.
    path, name : str
        File and variable, for messages.
    dims : Dimensions
    rows, columns : Axis
        How the file's rows and columns map to the grid's.

    Returns
    -------
    ndarray of float32, shape (n_lat, n_lon)
        Missing values are NaN.

    Raises
    ------
    BadValueError
        If the file is damaged there.
    """
    data, codes = decoded_variable(stored, path, name)
    try:
        values = as_float32(fetch(data.transpose(dims.latitude, dims.longitude)))
    except Exception as error:
        raise unreadable(path, name, "", error) from error
    oriented = np.array(columns.orient(rows.orient(values, 0), 1))
    for code in codes:
        oriented[oriented == code] = np.nan
    return oriented


def unreadable(path: str, variable: str, what: str, error: Exception) -> LucLoadError:
    """Return the error for data that the file's library cannot read, whatever it raised."""
    if isinstance(error, LucLoadError):
        return error
    if is_address(path) and is_lost(error):
        return lost_store(path, error)
    problem = f"{what}cannot be read ({one_line(error)}); the file is damaged: fetch it again"
    return BadValueError(path, problem, variable)

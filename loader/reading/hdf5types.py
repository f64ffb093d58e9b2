"""Read HDF5 number types that crash the netCDF library or that it misreads, such as half floats.

The library supports IEEE floats of 4 and 8 bytes and integers that fill 1, 2, 4 or 8 bytes. Any
other type crashes the process or gives wrong values. h5py converts all of them. It also reads
attributes of such types, which the library hides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["DECODING", "read_by_hdf5", "unusual_variables"]

DECODING = ("scale_factor", "add_offset", "_FillValue", "missing_value", "_fillvalue")
"""Attributes that change what numbers mean: hiding one would give wrong values."""

_FLOATS = (h5py.h5t.IEEE_F32LE, h5py.h5t.IEEE_F32BE, h5py.h5t.IEEE_F64LE, h5py.h5t.IEEE_F64BE)


def unusual_variables(file: h5py.File) -> tuple[list[str], list[str]]:
    """Return the variables of unusual number types, and those of lists of numbers.

    Parameters
    ----------
    file : h5py.File

    Returns
    -------
    tuple of (list of str, list of str)
    """
    numbers, lists = [], []
    for name, item in file.items():
        if isinstance(item, h5py.Dataset):
            kind = item.id.get_type()
            if kind.get_class() == h5py.h5t.VLEN:
                lists.append(str(name))
            elif _is_unusual(kind):
                numbers.append(str(name))
    return numbers, lists


def _is_unusual(kind: Any) -> bool:  # noqa: ANN401  # h5py's own
    """Return whether a type is a number type that the netCDF library does not support."""
    if kind.get_class() == h5py.h5t.FLOAT:
        return not any(kind.equal(known) for known in _FLOATS)
    if kind.get_class() == h5py.h5t.INTEGER:
        size = kind.get_size()
        fills = kind.get_precision() == 8 * size and kind.get_offset() == 0
        return not (fills and size in {1, 2, 4, 8})
    return False


def read_by_hdf5(path: str, name: str, dimensions: tuple[str, ...]) -> xr.Variable:
    """Return a variable whose values are read by h5py.

    Parameters
    ----------
    path : str
    name : str
    dimensions : tuple of str

    Returns
    -------
    xarray.Variable
        Lazily indexed and undecoded.
    """
    with h5py.File(path, "r") as file:
        item = file[name]
        array = _Hdf5Array(path, name, item.shape, item.dtype)
        # Dimension scales and references belong to the file format; a user does not see them.
        attributes = {
            key: value
            for key, value in item.attrs.items()
            if key in DECODING or isinstance(value, str)
        }
    return xr.Variable(dimensions, indexing.LazilyIndexedArray(array), attributes)


class _Hdf5Array(BackendArray):
    """A variable whose file is opened for each read: such files are rare."""

    def __init__(self, path: str, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._path = path
        self._name = name
        self.shape = shape
        self.dtype = dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> npt.NDArray[Any]:
        result: npt.NDArray[Any] = indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.BASIC, self._read
        )
        return result

    def _read(self, key: tuple[int | slice, ...]) -> npt.NDArray[Any]:
        with h5py.File(self._path, "r") as file:
            # HDF5 has no negative steps: read forward, then reverse.
            steps = tuple(
                slice(None, None, -1) if isinstance(k, slice) and (k.step or 1) < 0 else slice(None)
                for k in key
                if isinstance(k, slice)
            )
            forward = tuple(_forward(k, n) for k, n in zip(key, self.shape, strict=True))
            return np.asarray(file[self._name][forward])[steps]


def _forward(key: int | slice, length: int) -> int | slice:
    """Return a slice that takes the same positions in ascending order."""
    if not isinstance(key, slice):
        return key
    positions = range(*key.indices(length))
    if positions.step > 0 or not positions:
        return key
    return slice(positions[-1], positions[0] + 1, -positions.step)

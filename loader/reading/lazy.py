"""Load the values of a lazy variable, from any lane.

The netCDF and HDF5 libraries crash when two threads use them at once, also for different files, and
their own wrappers lock only what goes through them. What our own engine or Zarr reads, and what is
in memory already, needs none of them and is fetched by all lanes at the same time.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

__all__ = ["fetch", "library"]

library = threading.RLock()
"""Held by the one thread of this process that is calling the netCDF or HDF5 library."""

_THREAD_SAFE = frozenset({"DirectChunkArray", "ZarrArrayWrapper"})
"""Arrays whose values come from any thread: our engine's, and xarray's of Zarr."""


def fetch(variable: xr.Variable) -> npt.NDArray[Any]:
    """Return the values of a variable."""
    with nullcontext() if _is_thread_safe(variable) else library:
        return variable.to_numpy()


def _is_thread_safe(variable: xr.Variable) -> bool:
    # xarray wraps the array of a file once for each operation on its values.
    data = variable._data  # noqa: SLF001  # `data` would fetch the values
    while hasattr(data, "array"):
        data = data.array
    return isinstance(data, np.ndarray) or type(data).__name__ in _THREAD_SAFE

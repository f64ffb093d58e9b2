"""Open files in a process that may crash: a separate script, started by `probe.py`.

Arguments: the most bytes of a stored chunk, the seconds that a file may take, those of computing
for its header and for each chunk that is read, then the files. For each file one line of JSON goes
to standard output: null, or what is wrong with it. A file that crashes the libraries or keeps them
busy ends this process, and only this one.

It imports nothing of the package, so that it starts while the package is still being imported.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
from typing import Any

import h5py
import netCDF4

_ADDRESS_SPACE = 4 * 2**30
"""Bytes; a damaged length beyond it is an error and does not exhaust the machine's memory."""

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_OWN_FILTERS = (1, 2)
"""Deflate and shuffle: undone in Python, not by the HDF5 library."""


class _FoundError(Exception):
    """A problem with a variable, described in words."""


def _main() -> None:
    largest, seconds, computing = map(int, sys.argv[1:4])
    _limit(resource.RLIMIT_AS, _ADDRESS_SPACE)
    _limit(resource.RLIMIT_CORE, 0)
    for path in sys.argv[4:]:
        # A loop in C sees no Python signal handler, but a timer's default ends the process.
        signal.alarm(seconds)
        signal.setitimer(signal.ITIMER_PROF, computing)
        problem: dict[str, str] | None = None
        try:
            _open(path, largest, computing)
        except _FoundError as error:
            problem = {"variable": str(error.args[0]), "found": str(error.args[1])}
        except Exception as error:  # noqa: BLE001  # the libraries raise anything on a damaged file
            problem = {"reason": " ".join(str(error).split())[:200] or type(error).__name__}
        print(json.dumps(problem), flush=True)  # noqa: T201  # what the parent reads
    # An error of a library at exit says nothing about the files.
    os._exit(0)


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (value, hard))


def _open(path: str, largest: int, computing: int) -> None:
    """Read everything that the build will read with the libraries, except the bulk of the data."""
    with open(path, "rb") as file:  # noqa: PTH123  # a path may hold bytes that pathlib refuses
        is_hdf5 = file.read(len(_HDF5_MAGIC)) == _HDF5_MAGIC
    foreign, unusual = _walk_hdf5(path) if is_hdf5 else ({}, set())
    with netCDF4.Dataset(path) as dataset:
        dataset.set_auto_maskandscale(False)
        for attribute in dataset.ncattrs():
            dataset.getncattr(attribute)
        for name, variable in dataset.variables.items():
            for attribute in variable.ncattrs():
                variable.getncattr(attribute)
            if variable.ndim == 1 and variable.dimensions != (name,):
                # Neither a coordinate nor a map: the build does not read it, whatever its size.
                continue
            _refuse_large(name, variable, largest)
            if name not in unusual and variable.size and (variable.ndim == 1 or name in foreign):
                signal.setitimer(signal.ITIMER_PROF, computing)
                _read_ends(name, variable, foreign.get(name, []))


def _walk_hdf5(path: str) -> tuple[dict[str, list[int]], set[str]]:
    """Visit the index of every variable.

    Returns the filters that the HDF5 library has to undo, and the variables of numbers that the
    netCDF library crashes on: they are read once here by HDF5, as the build does.
    """
    foreign: dict[str, list[int]] = {}
    unusual: set[str] = set()
    with h5py.File(path, "r") as file:
        for name, item in file.items():
            if not isinstance(item, h5py.Dataset):
                continue
            # One value, because a damaged type only fails when it is converted.
            if _is_unusual(item.id.get_type()):
                unusual.add(name)
                if item.size and item.ndim:
                    item[(0,) * item.ndim]
            if item.chunks is None:
                continue
            # Filters that are not HDF5's own are tried by reading, in `_read_ends`.
            creation = item.id.get_create_plist()
            filters = [creation.get_filter(k)[0] for k in range(creation.get_nfilters())]
            if any(number not in _OWN_FILTERS for number in filters):
                foreign[name] = filters
            # This follows every node of the index, and crashes here if one is damaged.
            visit = getattr(item.id, "chunk_iter", None)
            if visit is not None:
                visit(lambda _chunk: None)
    return foreign, unusual


def _is_unusual(kind: Any) -> bool:  # noqa: ANN401  # h5py's own
    """Return whether a type is a number type that the netCDF library does not support."""
    if kind.get_class() == h5py.h5t.FLOAT:
        floats = (
            *(h5py.h5t.IEEE_F32LE, h5py.h5t.IEEE_F32BE),
            *(h5py.h5t.IEEE_F64LE, h5py.h5t.IEEE_F64BE),
        )
        return not any(kind.equal(known) for known in floats)
    if kind.get_class() == h5py.h5t.INTEGER:
        size = kind.get_size()
        fills = kind.get_precision() == 8 * size and kind.get_offset() == 0
        return not (fills and size in {1, 2, 4, 8})
    # A variable-length list of numbers, which is not read.
    return bool(kind.get_class() == h5py.h5t.VLEN)


def _refuse_large(name: str, variable: Any, largest: int) -> None:  # noqa: ANN401  # netCDF4's own
    item = getattr(variable.dtype, "itemsize", 0)
    stored = variable.chunking()
    if isinstance(stored, list):
        size, what = math.prod(stored) * item, "is stored in chunks of"
    else:
        # Coordinates are read completely, other variables a year at a time.
        size, what = (variable.size if variable.ndim == 1 else 0) * item, "holds"
    if size > largest:
        problem = f"{what} {size} bytes, too many for --memory-limit"
        raise _FoundError(name, f"{problem}; raise it, or rewrite the file in smaller chunks")


def _read_ends(name: str, variable: Any, filters: list[int]) -> None:  # noqa: ANN401  # as above
    try:
        if variable.ndim == 1:
            variable[:]
        else:
            variable[(0,) * variable.ndim]
            variable[tuple(size - 1 for size in variable.shape)]
    except (OSError, RuntimeError):
        unknown = [number for number in filters if not h5py.h5z.filter_avail(number)]
        if not unknown:
            raise
        raise _FoundError(
            name,
            f"is compressed with HDF5 filter {unknown[0]}, for which there is no plugin here; set "
            "HDF5_PLUGIN_PATH to the folder of one (the package hdf5plugin has many), or rewrite "
            "the file with deflate",
        ) from None


if __name__ == "__main__":
    _main()

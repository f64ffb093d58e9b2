"""An xarray engine that inflates the chunks of a netCDF-4 file itself, several times as fast.

The general engine spends most of its time inflating with zlib and rearranging bytes inside the
HDF5 library, under one global lock. This one uses HDF5 only to locate the chunks, reads them with
`pread`, inflates with libdeflate and undoes the shuffle with NumPy, without any lock. Variables
that it cannot read (contiguous, other filters, strings, big-endian) keep the general engine's
array, so that every netCDF-4 file opens and gives the same bits.
"""

from __future__ import annotations

import itertools
import os
import weakref
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

import deflate
import h5py
import netCDF4
import numpy as np
import numpy.typing as npt
import xarray as xr
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from loader.reading.chunkindex import ChunkIndex, read_index
from loader.reading.hdf5types import DECODING, read_by_hdf5, unusual_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ChunkError", "DirectChunkBackend", "RangeFile", "Ranges"]

_UNDERSTOOD: tuple[list[str], ...] = ([], ["gzip"], ["shuffle"], ["shuffle", "gzip"])
"""The filter pipelines, in the order in which HDF5 applied them."""

_HDF5_FILTER_NAMES = {h5py.h5z.FILTER_DEFLATE: "gzip", h5py.h5z.FILTER_SHUFFLE: "shuffle"}


class ChunkError(OSError):
    """A chunk is damaged.

    Parameters
    ----------
    index : tuple of int
        Position of the chunk's first value along each dimension of the variable.
    reason : str
        What is wrong with it.
    """

    def __init__(self, index: tuple[int, ...], reason: str) -> None:
        self.index = index
        super().__init__(f"the chunk at {index} is damaged: {reason}")


class DirectChunkBackend(BackendEntrypoint):
    """Open a local netCDF-4 file or a `RangeFile`; parameters as in `xarray.open_dataset`."""

    description = "netCDF-4 whose chunks are read and inflated directly"

    def open_dataset(
        self,
        filename_or_obj: Any,  # noqa: ANN401  # as in the base class
        *,
        drop_variables: str | Iterable[str] | None = None,
        mask_and_scale: bool = True,
        decode_times: bool = True,
        decode_coords: bool = True,
        concat_characters: bool = True,
    ) -> xr.Dataset:
        """Return the dataset, lazily indexed.

        Raises
        ------
        OSError
            If the file is not netCDF-4, or cannot be read.
        """
        # 1. Open the file as xarray does, for coordinates and attributes.
        how: dict[str, Any] = {"drop_variables": drop_variables, "decode_cf": False, "cache": False}
        file: Ranges
        if isinstance(filename_or_obj, RangeFile):
            file = filename_or_obj
            general = xr.open_dataset(file.open(), engine="h5netcdf", phony_dims="access", **how)
            with file.open() as whole:
                layouts = _chunk_layouts(whole, general)
        else:
            path = os.fspath(filename_or_obj)
            general = _open_general(path, how)
            layouts = _chunk_layouts(path, general)
            file = _OpenFile(path)
        # 2. Replace the variables whose chunks this engine can decode itself.
        direct = {
            name: xr.Variable(
                general[name].dims,
                indexing.LazilyIndexedArray(DirectChunkArray(file, layout)),
                general[name].attrs,
                general[name].encoding,
                fastpath=True,
            )
            for name, layout in layouts.items()
        }
        # 3. Decode as asked. Closing the result closes the file.
        decoded = xr.decode_cf(
            general.assign(direct),
            mask_and_scale=mask_and_scale,
            decode_times=decode_times,
            decode_coords=decode_coords,
            concat_characters=concat_characters,
        )
        decoded.set_close(general.close)
        return decoded


def _open_general(path: str, how: dict[str, Any]) -> xr.Dataset:
    """Open a file with the netCDF library, except for the variables that it cannot read."""
    with h5py.File(path, "r") as file:
        numbers, lists = unusual_variables(file)
    dropped = [*numbers, *lists]
    if not dropped:
        general = xr.open_dataset(path, engine="netcdf4", **how)
    else:
        # Opening reads the coordinates, and these may be among them.
        with netCDF4.Dataset(path) as names:
            dimensions = {n: names[n].dimensions for n in dropped if n in names.variables}
            shapes = {n: names[n].shape for n in dimensions}
        wanted = how["drop_variables"] or []
        already = [wanted] if isinstance(wanted, str) else list(wanted)
        how = how | {"drop_variables": [*already, *dropped]}
        opened = xr.open_dataset(path, engine="netcdf4", **how)
        added = {
            name: read_by_hdf5(path, name, along)
            if name in numbers
            # A type that is not treated as a number anywhere, and that has no fixed size.
            else xr.Variable(along, np.broadcast_to(np.array(None, object), shapes[name]))
            for name, along in dimensions.items()
            if name not in already
        }
        general = opened.assign(added)
        general.set_close(opened.close)
    _add_hidden_attributes(path, general)
    return general


def _add_hidden_attributes(path: str, general: xr.Dataset) -> None:
    """Add attributes for decoding that the library hides because of their unusual types."""
    with h5py.File(path, "r") as file:
        for name, variable in general.variables.items():
            item = file.get(str(name))
            if isinstance(item, h5py.Dataset):
                hidden = [k for k in DECODING if k not in variable.attrs and k in item.attrs]
                variable.attrs.update({key: item.attrs[key] for key in hidden})


class Ranges(Protocol):
    """A file from which chunks are read."""

    def read(self, offset: int, size: int) -> bytes:
        """Return a range of bytes, from any thread."""


@runtime_checkable
class RangeFile(Ranges, Protocol):
    """A netCDF-4 file that is not local."""

    def open(self) -> IO[bytes]:
        """Return a Python file object, for the libraries that read its metadata."""


class _OpenFile:
    """A file descriptor that closes with the last array that reads from it."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._descriptor)

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._descriptor, size, offset)


@dataclass(frozen=True)
class _ChunkLayout:
    """Where the chunks of one variable are, and how they were filtered."""

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    shuffled: bool
    deflated: bool
    fill: np.generic
    places: dict[tuple[int, ...], tuple[int, int]]


def _chunk_layouts(file_or_path: str | IO[bytes], general: xr.Dataset) -> dict[str, _ChunkLayout]:
    """Return the layout of every variable that can be read directly."""
    layouts = {}
    with h5py.File(file_or_path, "r") as file:
        for name, variable in general.variables.items():
            dataset = file.get(str(name))
            if not isinstance(dataset, h5py.Dataset) or dataset.shape != variable.shape:
                continue
            # Verified also where the library reads the chunks, as for axes.
            index = read_index(dataset)
            if index is not None and variable.ndim > 1:
                layout = _chunk_layout(dataset, index)
                if layout is not None:
                    layouts[str(name)] = layout
    return layouts


def _chunk_layout(dataset: h5py.Dataset, index: ChunkIndex) -> _ChunkLayout | None:
    creation = dataset.id.get_create_plist()
    filters = [
        _HDF5_FILTER_NAMES.get(creation.get_filter(k)[0], "other")
        for k in range(creation.get_nfilters())
    ]
    dtype = dataset.dtype
    # Anything else is read by the HDF5 library.
    if (
        index.is_skipping
        or filters not in _UNDERSTOOD
        or dtype.kind not in "iuf"
        or not dtype.isnative
        or dtype != np.dtype(dtype.char)
    ):
        return None
    return _ChunkLayout(
        shape=dataset.shape,
        chunks=dataset.chunks,
        dtype=dtype,
        shuffled="shuffle" in filters and dtype.itemsize > 1,
        deflated="gzip" in filters,
        fill=dtype.type(dataset.fillvalue),
        places=index.places,
    )


class DirectChunkArray(BackendArray):
    """One variable, read chunk by chunk."""

    def __init__(self, file: Ranges, layout: _ChunkLayout) -> None:
        self._file = file
        self._layout = layout
        self.shape = layout.shape
        self.dtype = layout.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> npt.NDArray[Any]:
        result: npt.NDArray[Any] = indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read_runs
        )
        return result

    def _read_runs(self, key: tuple[int | slice | npt.NDArray[Any], ...]) -> npt.NDArray[Any]:
        """Read positions of each axis: one position, a slice, or an array of positions.

        Two runs of consecutive positions, as those on both sides of the date line, are read one
        after the other; of other arrays all between the first and the last, as xarray does.
        """
        for axis, item in enumerate(key):
            if not isinstance(item, np.ndarray):
                continue
            before, after = key[:axis], key[axis + 1 :]
            breaks = np.flatnonzero(np.diff(item) != 1) + 1
            # Axes of single positions are not in the result.
            place = axis - sum(isinstance(one, int | np.integer) for one in before)
            if item.size and breaks.size <= 1:
                runs = [slice(int(run[0]), int(run[-1]) + 1) for run in np.split(item, breaks)]
                parts = [self._read_runs((*before, run, *after)) for run in runs]
                return parts[0] if len(parts) == 1 else np.concatenate(parts, place)
            low = int(item.min()) if item.size else 0
            span = slice(low, int(item.max()) + 1 if item.size else 0)
            return np.take(self._read_runs((*before, span, *after)), item - low, axis=place)
        return self._read(cast("tuple[int | slice, ...]", key))

    def _read(self, key: tuple[int | slice, ...]) -> npt.NDArray[Any]:
        # Read the smallest box around the key, then take its steps and directions from memory.
        spans = []
        finish: list[int | slice] = []
        for item, length in zip(key, self.shape, strict=True):
            if isinstance(item, slice):
                start, stop, step = item.indices(length)
                count = len(range(start, stop, step))
                last = start + (count - 1) * step
                low, high = (min(start, last), max(start, last) + 1) if count else (0, 0)
                finish.append(slice(None) if step == 1 else slice(None, None, step))
            else:
                low, high = int(item), int(item) + 1
                finish.append(0)
            spans.append((low, high))
        box = np.empty([high - low for low, high in spans], dtype=self.dtype)
        if box.size:
            self._fill_box(box, spans)
        return box[tuple(finish)]

    def _fill_box(self, box: npt.NDArray[Any], spans: list[tuple[int, int]]) -> None:
        for origin in self._origins(spans):
            source, target, whole = [], [], True
            for start, size, (low, high) in zip(origin, self._layout.chunks, spans, strict=True):
                first, last = max(start, low), min(start + size, high)
                source.append(slice(first - start, last - start))
                target.append(slice(first - low, last - low))
                whole = whole and last - first == size
            part = box[tuple(target)]
            if whole and part.flags.c_contiguous:
                self._decode(origin, part.reshape(-1))
            else:
                chunk = np.empty(self._layout.chunks, dtype=self.dtype)
                self._decode(origin, chunk.reshape(-1))
                part[...] = chunk[tuple(source)]

    def _origins(self, spans: list[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
        return itertools.product(
            *(
                range(low // size * size, high, size)
                for (low, high), size in zip(spans, self._layout.chunks, strict=True)
            )
        )

    def _decode(self, origin: tuple[int, ...], out: npt.NDArray[Any]) -> None:
        """Fill `out`, one whole chunk in one dimension, with the chunk at `origin`."""
        layout = self._layout
        place = layout.places.get(origin)
        if place is None:
            # HDF5 stores no chunk that was never written: it reads as the fill value.
            out.fill(layout.fill)
            return
        offset, size = place
        data: bytes | bytearray = self._file.read(offset, size)
        if len(data) != size:
            raise ChunkError(origin, f"the file ends {size - len(data)} bytes early")
        if layout.deflated:
            try:
                data = deflate.zlib_decompress(data, out.nbytes)
            except deflate.DeflateError as error:
                raise ChunkError(origin, f"it does not inflate ({error})") from error
        if len(data) != out.nbytes:
            raise ChunkError(origin, f"it holds {len(data)} bytes instead of {out.nbytes}")
        planes = np.frombuffer(data, dtype=np.uint8)
        if layout.shuffled:
            # Shuffled bytes are ordered by significance: all first bytes, then all second bytes.
            width = layout.dtype.itemsize
            scattered = out.view(np.uint8).reshape(-1, width)
            for position, plane in enumerate(planes.reshape(width, -1)):
                scattered[:, position] = plane
        else:
            out.view(np.uint8)[:] = planes

"""How a source file was laid out: what the database keeps of it so that an export can give it back.

Values live in the tables; here are the order of rows and columns, the coordinates to the bit, the
time axis, every attribute, and what a row that is not stored stands for. Kept as JSON in the table
`file_layout`, numbers as the bytes that they were.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["AxisLayout", "FileLayout", "MapLayout", "VariableLayout"]

Attributes = dict[str, Any]


@dataclass(frozen=True)
class AxisLayout:
    """A coordinate variable as the file has it: name, values (n,), attributes."""

    name: str
    values: npt.NDArray[Any]
    attributes: Attributes


@dataclass(frozen=True)
class VariableLayout:
    """A variable on (time, latitude, longitude).

    Attributes
    ----------
    name, column : str
        In the file, and in the table.
    attributes : dict of str to object
        Of the float32 that an export holds: without the packing of the file.
    missing : float
        What stands for a missing value; NaN where the file declares none.
    """

    name: str
    column: str
    attributes: Attributes
    missing: float


@dataclass(frozen=True)
class MapLayout:
    """A variable on (latitude, longitude) whose values lie in a column of `cell`.

    Attributes
    ----------
    name, column : str
    attributes : dict of str to object
    cells : ndarray of int32, shape (n,)
        Cells for which the column does not hold the file's value.
    values : ndarray of float32, shape (n,)
        The file's values of those.
    """

    name: str
    column: str
    attributes: Attributes
    cells: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]


@dataclass(frozen=True)
class FileLayout:
    """How one gridded source file was laid out.

    Attributes
    ----------
    source, table : str
        Names of the source and of the table it became.
    attributes : dict of str to object
        The global ones.
    time, latitude, longitude : AxisLayout
        `time` has the loaded years only; all in the file's order.
    years : ndarray of int16, shape (n_time,)
        Calendar year of each step of `time`.
    rows : ndarray of int32, shape (n_lat,)
        Row of the grid (0 the northernmost) of each row of the file.
    columns : ndarray of int32, shape (n_lon,)
        Column of the grid (0 the westernmost) of each column of the file.
    variables : tuple of VariableLayout
    maps : tuple of MapLayout
    zero_cells : ndarray of bool, shape (n_cells,), or None
        Cells without any row where the file is 0 in every loaded year; None for a file in which
        what is not stored is missing.
    lost_cells : int or None
        Cells whose values were not stored; None if nobody counted.
    """

    source: str
    table: str
    attributes: Attributes
    time: AxisLayout
    latitude: AxisLayout
    longitude: AxisLayout
    years: npt.NDArray[np.int16]
    rows: npt.NDArray[np.int32]
    columns: npt.NDArray[np.int32]
    variables: tuple[VariableLayout, ...]
    maps: tuple[MapLayout, ...]
    zero_cells: npt.NDArray[np.bool_] | None
    lost_cells: int | None

    def to_json(self) -> str:
        """Return it as text, the same for the same file."""
        zero = self.zero_cells
        record = {
            "source": self.source,
            "table": self.table,
            "attributes": _to_plain(self.attributes),
            "axes": [
                {
                    "name": axis.name,
                    "values": _packed(axis.values),
                    "attributes": _to_plain(axis.attributes),
                }
                for axis in (self.time, self.latitude, self.longitude)
            ],
            "years": _packed(self.years),
            "rows": _packed(self.rows),
            "columns": _packed(self.columns),
            "variables": [
                {
                    "name": variable.name,
                    "column": variable.column,
                    "attributes": _to_plain(variable.attributes),
                    "missing": _packed(np.float32(variable.missing)),
                }
                for variable in self.variables
            ],
            "maps": [
                {
                    "name": one.name,
                    "column": one.column,
                    "attributes": _to_plain(one.attributes),
                    "cells": _packed(one.cells),
                    "values": _packed(one.values),
                }
                for one in self.maps
            ],
            "zero_cells": None if zero is None else _packed(np.packbits(zero)),
            "lost_cells": self.lost_cells,
        }
        return json.dumps(record)

    @classmethod
    def from_json(cls, text: str) -> FileLayout:
        """Return what `to_json` wrote.

        Raises
        ------
        ValueError
            If it is not what `to_json` writes.
        """
        record = json.loads(text)
        try:
            time, latitude, longitude = (
                AxisLayout(axis["name"], _unpacked(axis["values"]), _from_plain(axis["attributes"]))
                for axis in record["axes"]
            )
            zero = record["zero_cells"]
            count = len(latitude.values) * len(longitude.values)
            return cls(
                source=record["source"],
                table=record["table"],
                attributes=_from_plain(record["attributes"]),
                time=time,
                latitude=latitude,
                longitude=longitude,
                years=_unpacked(record["years"]),
                rows=_unpacked(record["rows"]),
                columns=_unpacked(record["columns"]),
                variables=tuple(
                    VariableLayout(
                        v["name"],
                        v["column"],
                        _from_plain(v["attributes"]),
                        float(_unpacked(v["missing"])),
                    )
                    for v in record["variables"]
                ),
                maps=tuple(
                    MapLayout(
                        m["name"],
                        m["column"],
                        _from_plain(m["attributes"]),
                        _unpacked(m["cells"]),
                        _unpacked(m["values"]),
                    )
                    for m in record["maps"]
                ),
                zero_cells=(
                    None
                    if zero is None
                    else np.unpackbits(_unpacked(zero), count=count).astype(np.bool_)
                ),
                lost_cells=record["lost_cells"],
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no layout of a file: {error}") from error


def _packed(values: npt.NDArray[Any] | np.generic) -> dict[str, Any]:
    array = np.asarray(values)
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    data = base64.b64encode(zlib.compress(little.tobytes(), 9)).decode()
    return {"dtype": little.dtype.str, "shape": list(array.shape), "data": data}


def _unpacked(packed: dict[str, Any]) -> npt.NDArray[Any]:
    dtype = np.dtype(packed["dtype"])
    raw = zlib.decompress(base64.b64decode(packed["data"]))
    array = np.frombuffer(raw, dtype).reshape(packed["shape"])
    return array.astype(dtype.newbyteorder("="))


def _to_plain(attributes: Attributes) -> dict[str, Any]:
    return {str(name): _plain_attribute(value) for name, value in attributes.items()}


def _plain_attribute(value: Any) -> Any:  # noqa: ANN401  # whatever netCDF can hold
    if isinstance(value, str):
        return value
    array = np.asarray(value)
    if array.dtype.kind in "iufb":
        return _packed(array)
    if array.ndim:
        return [str(item) for item in array.ravel()]
    return str(value)


def _from_plain(attributes: dict[str, Any]) -> Attributes:
    def value(plain: Any) -> Any:  # noqa: ANN401  # as above
        if not isinstance(plain, dict):
            return plain
        array = _unpacked(plain)
        return array if array.ndim else array[()]

    return {name: value(plain) for name, plain in attributes.items()}

"""The layout of a source file, stored in the database so that exports can reproduce it.

The tables hold the values; a layout holds the order of rows and columns, the exact coordinates, the
time axis and all attributes. It is stored as JSON in the table `file_layout`, with numbers encoded
as bytes.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["AxisLayout", "ColumnLayout", "FileLayout"]

Attributes = dict[str, Any]


@dataclass(frozen=True)
class AxisLayout:
    """A coordinate variable as the file has it: name, values (n,), attributes."""

    name: str
    values: npt.NDArray[Any]
    attributes: Attributes


@dataclass(frozen=True)
class ColumnLayout:
    """A variable of the file whose values are in a column.

    Attributes
    ----------
    name, column : str
        In the file, and in the table: of the source, or `cell` for a map without years.
    attributes : dict of str to object
        As in the file, including fill values and packing.
    """

    name: str
    column: str
    attributes: Attributes


@dataclass(frozen=True)
class FileLayout:
    """The layout of one gridded source file.

    Attributes
    ----------
    source, table : str
        Names of the source and of the table it became.
    attributes : dict of str to object
        Global attributes of the file.
    time, latitude, longitude : AxisLayout
        Axes in the order of the file; `time` has the loaded years only.
    years : ndarray of int16, shape (n_time,)
        Calendar year of each step of `time`.
    rows : ndarray of int32, shape (n_lat,)
        Row of the grid (0 the northernmost) of each row of the file.
    columns : ndarray of int32, shape (n_lon,)
        Column of the grid (0 the westernmost) of each column of the file.
    variables : tuple of ColumnLayout
        Those on (time, latitude, longitude).
    maps : tuple of ColumnLayout
        Those on (latitude, longitude).
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
    variables: tuple[ColumnLayout, ...]
    maps: tuple[ColumnLayout, ...]

    def to_json(self) -> str:
        """Return the layout as JSON; the same file always gives the same text."""
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
            "variables": [_column_to_plain(column) for column in self.variables],
            "maps": [_column_to_plain(column) for column in self.maps],
        }
        return json.dumps(record)

    @classmethod
    def from_json(cls, text: str) -> FileLayout:
        """Return the layout that `to_json` wrote.

        Raises
        ------
        ValueError
            If the text is not a valid layout.
        """
        try:
            record = json.loads(text)
            time, latitude, longitude = (
                AxisLayout(axis["name"], _unpacked(axis["values"]), _from_plain(axis["attributes"]))
                for axis in record["axes"]
            )
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
                variables=tuple(map(_column_from_plain, record["variables"])),
                maps=tuple(map(_column_from_plain, record["maps"])),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a valid file layout: {error}") from error


def _column_to_plain(column: ColumnLayout) -> dict[str, Any]:
    return {
        "name": column.name,
        "column": column.column,
        "attributes": _to_plain(column.attributes),
    }


def _column_from_plain(plain: dict[str, Any]) -> ColumnLayout:
    return ColumnLayout(plain["name"], plain["column"], _from_plain(plain["attributes"]))


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

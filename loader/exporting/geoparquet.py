"""Add the outlines of cells to rows as GeoParquet 1.1, for QGIS and other GIS programs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from loader.exporting.tables import Piece
    from loader.grid import Grid

__all__ = ["add_outlines", "cell_outlines"]

_GEOMETRY = "geometry"
_POLYGON = np.dtype(
    [("order", "u1"), ("kind", "<u4"), ("rings", "<u4"), ("points", "<u4"), ("xy", "<f8", (5, 2))]
)
"""A polygon of one ring of five points as well-known binary: 93 bytes without gaps."""


def add_outlines(
    grid: Grid,
    schema: pa.Schema,
    pieces: Iterator[Piece],
    columns: Mapping[str, str],
) -> tuple[pa.Schema, Iterator[Piece]]:
    """Add a column `geometry` with the outline of the cell of each row.

    Parameters
    ----------
    grid : Grid
    schema : pyarrow.Schema
    pieces : iterator of Piece
    columns : mapping of str to str
        Columns of the database by their names in the rows.

    Returns
    -------
    tuple of (pyarrow.Schema, iterator of Piece)

    Raises
    ------
    UsageError
        If the rows do not have a cell_id.
    """
    # A user may have renamed cell_id; its values are what the outlines follow from.
    name = next((new for new, column in columns.items() if column == "cell_id"), None)
    if name is None or name not in schema.names:
        raise UsageError("GeoParquet needs the column cell_id, to know the outline of each row")
    if _GEOMETRY in schema.names:
        raise UsageError(f"GeoParquet adds a column {_GEOMETRY}, which exists already; rename it")
    field = pa.field(_GEOMETRY, pa.binary(_POLYGON.itemsize), nullable=False)
    metadata = {**(schema.metadata or {}), b"geo": json.dumps(_metadata(grid)).encode()}
    described = schema.append(field).with_metadata(metadata)

    def with_outlines() -> Iterator[Piece]:
        for piece in pieces:
            cells = piece.rows.column(name).to_numpy(zero_copy_only=False)
            # WKB polygons of equal length: one buffer serves all of them, without copies.
            outlines = cell_outlines(grid, cells.astype(np.int64))
            packed = pa.Array.from_buffers(
                field.type, len(cells), [None, pa.py_buffer(outlines.tobytes())]
            )
            rows = pa.RecordBatch.from_arrays([*piece.rows.columns, packed], schema=described)
            yield replace(piece, rows=rows)

    return described, with_outlines()


def cell_outlines(grid: Grid, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.void]:
    """Return the outlines of cells as well-known binary, counter-clockwise from the south-west.

    Parameters
    ----------
    grid : Grid
    cells : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of void, shape (n,)
        93 bytes each.
    """
    row, column = np.divmod(cells, grid.n_lon)
    north = np.minimum(grid.north + grid.step_lat / 2 - row * grid.step_lat, 90.0)
    south = np.maximum(grid.north - grid.step_lat / 2 - row * grid.step_lat, -90.0)
    centre = (grid.west + column * grid.step_lon + 180) % 360 - 180
    west, east = centre - grid.step_lon / 2, centre + grid.step_lon / 2
    outlines = np.empty(len(cells), dtype=_POLYGON)
    outlines["order"], outlines["kind"], outlines["rings"], outlines["points"] = 1, 3, 1, 5
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    for position, (x, y) in enumerate(corners):
        outlines["xy"][:, position, 0], outlines["xy"][:, position, 1] = x, y
    return outlines


def _metadata(grid: Grid) -> dict[str, Any]:
    """Return the metadata of GeoParquet; without a `crs`, coordinates are longitude, latitude."""
    west, south = -180.0, max(-90.0, grid.north + grid.step_lat * (0.5 - grid.n_lat))
    east, north = 180.0, min(90.0, grid.north + grid.step_lat / 2)
    column = {
        "encoding": "WKB",
        "geometry_types": ["Polygon"],
        "orientation": "counterclockwise",
        "edges": "planar",
        "bbox": [west, south, east, north],
    }
    return {"version": "1.1.0", "primary_column": _GEOMETRY, "columns": {_GEOMETRY: column}}

"""Record the layout and attributes of a source file, so that an export can reproduce them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import xarray as xr

from loader.storing.filelayout import AxisLayout, ColumnLayout, FileLayout

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from loader.reading.source import GriddedSource

__all__ = ["file_layout", "layout_table"]

_FILLS = ("_FillValue", "missing_value")
_PACKING = frozenset({"scale_factor", "add_offset", "_Unsigned"})
_PACKED_RANGES = frozenset({"valid_min", "valid_max", "valid_range", "actual_range"})
_AREA = "cell_area"


def layout_table(sources: Iterable[GriddedSource]) -> pa.Table:
    """Return the table `file_layout`: one row per gridded source file."""
    layouts = [file_layout(source) for source in sources]
    return pa.table(
        {
            "name": pa.array([layout.source for layout in layouts], pa.string()),
            "table_name": pa.array([layout.table for layout in layouts], pa.string()),
            "layout": pa.array([layout.to_json() for layout in layouts], pa.string()),
        }
    )


def file_layout(source: GriddedSource) -> FileLayout:
    """Return the coordinates and attributes of a source file.

    Raises
    ------
    BadValueError
        If the file is damaged.
    """
    dims = source.layout.dimensions
    assert dims.time is not None
    by_position = np.argsort(source.layout.positions)
    # The column area_ha comes from the file's cell_area, so the attributes of that map apply.
    has_area = source.kind.all_years_decide and source.read_map(_AREA) is not None
    return FileLayout(
        source=source.kind.name,
        table=source.kind.table,
        attributes=source.attributes,
        time=_axis(source, dims.time, source.layout.positions[by_position]),
        latitude=_axis(source, dims.latitude),
        longitude=_axis(source, dims.longitude),
        years=source.years[by_position],
        rows=source.layout.rows.in_file(source.grid.n_lat),
        columns=source.layout.columns.in_file(source.grid.n_lon),
        variables=tuple(_column(source, v.name, v.column) for v in source.variables),
        maps=(_column(source, _AREA, "area_ha"),) if has_area else (),
    )


def _axis(
    source: GriddedSource, name: str, positions: npt.NDArray[np.int64] | None = None
) -> AxisLayout:
    variable = source.dataset.variables[name]
    if variable.dtype.kind in "MO":
        # The caller's dataset has decoded times: encode them as xarray would write them.
        variable = xr.conventions.encode_cf_variable(variable.to_base_variable(), name=name)
    values = np.asarray(variable.to_numpy())
    return AxisLayout(
        name, values if positions is None else values[positions], dict(variable.attrs)
    )


def _column(source: GriddedSource, name: str, column: str) -> ColumnLayout:
    stored = source.dataset.variables[name]
    # If xarray has decoded the file, its fill values are in the encoding, not the attributes.
    fills = {key: stored.encoding[key] for key in _FILLS if key in stored.encoding}
    attributes: dict[str, Any] = {**stored.attrs, **fills}
    if stored.dtype.kind != "f" or any(key in attributes for key in _PACKING):
        # Ranges of packed numbers do not apply to the float32 values of an export.
        attributes = {k: v for k, v in attributes.items() if k not in _PACKED_RANGES}
    return ColumnLayout(name, column, attributes)

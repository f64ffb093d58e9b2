"""Record the layout and attributes of a source file, so that an export can reproduce them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from loader.reading.recognition import AREA
from loader.storing.filelayout import AxisLayout, ColumnLayout, FileLayout

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from loader.reading.source import FileRecord, GriddedSource
    from loader.reading.sourcefile import SourceFile

__all__ = ["file_layout", "layout_table"]

_FILLS = ("_FillValue", "missing_value")
_PACKING = frozenset({"scale_factor", "add_offset", "_Unsigned"})
_PACKED_RANGES = frozenset({"valid_min", "valid_max", "valid_range", "actual_range"})


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
    """Return the coordinates and attributes of a source, which may have several files.

    Of several files, rows, columns and attributes are those of the first. Where their time axes are
    not in the same units, the layout has years since the first year.

    Raises
    ------
    BadValueError
        If the file is damaged.
    """
    variables: dict[str, ColumnLayout] = {}
    for variable in source.variables:
        # Products of several files may all be called ELUC; the first keeps its name.
        called = variable.column if variable.name in variables else variable.name
        with source.file_of(variable) as file:
            variables[called] = _column(file, variable.name, variable.column, called)
    with source.first_file() as file:
        dims = file.layout.dimensions
        time, years = _time(source, file)
        # The column area_ha comes from the file's cell_area, so the attributes of that map apply.
        has_area = source.kind.has_area and AREA in file.files[0].maps
        return FileLayout(
            source=source.kind.name,
            table=source.kind.table,
            attributes=source.attributes,
            time=time,
            latitude=_axis(file, dims.latitude),
            longitude=_axis(file, dims.longitude),
            years=years,
            rows=file.layout.rows.in_file(source.grid.n_lat),
            columns=file.layout.columns.in_file(source.grid.n_lon),
            variables=tuple(variables.values()),
            maps=(_column(file, AREA, "area_ha"),) if has_area else (),
        )


def _time(source: GriddedSource, file: SourceFile) -> tuple[AxisLayout, npt.NDArray[np.int16]]:
    """Return the time axis, and the year of each of its steps."""
    first, *others = source.files
    name, values, attributes = first.time
    if source is file:
        # One file keeps the order of its steps.
        order = np.argsort(file.layout.positions)
        return AxisLayout(name, values[order], attributes), source.years[order]
    year_of_file = np.concatenate([record.years for record in source.files])
    years, index = np.unique(year_of_file, return_index=True)
    if all(_same_axis(first, other) for other in others):
        joined = np.concatenate([record.time[1] for record in source.files])
        return AxisLayout(name, joined[index], attributes), years
    start = max(1, int(years[0]))
    units = {"units": f"years since {start:04d}-01-01 0:0:0", "calendar": "365_day"}
    return AxisLayout(name, (years.astype(np.int32) - start).astype(np.float64), units), years


def _same_axis(one: FileRecord, other: FileRecord) -> bool:
    """Return whether the steps of two time axes are numbers of the same unit and type."""
    keys = ("units", "calendar")
    same = all(one.time[2].get(key) == other.time[2].get(key) for key in keys)
    return same and one.time[1].dtype == other.time[1].dtype


def _axis(file: SourceFile, name: str) -> AxisLayout:
    variable = file.dataset.variables[name]
    return AxisLayout(name, np.asarray(variable.to_numpy()), dict(variable.attrs))


def _column(file: SourceFile, name: str, column: str, called: str = "") -> ColumnLayout:
    stored = file.dataset.variables[name]
    # If xarray has decoded the file, its fill values are in the encoding, not the attributes.
    fills = {key: stored.encoding[key] for key in _FILLS if key in stored.encoding}
    attributes: dict[str, Any] = {**stored.attrs, **fills}
    if stored.dtype.kind != "f" or any(key in attributes for key in _PACKING):
        # Ranges of packed numbers do not apply to the float32 values of an export.
        attributes = {k: v for k, v in attributes.items() if k not in _PACKED_RANGES}
    return ColumnLayout(called or name, column, attributes)

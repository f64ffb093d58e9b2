"""Note how the source files are laid out, so that an export can give them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import xarray as xr

from loader.reading.missing import missing_codes
from loader.reading.source import Slab
from loader.storing.filelayout import AxisLayout, FileLayout, MapLayout, VariableLayout

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from loader.building.loading import TableLoad
    from loader.options import Options
    from loader.reading.source import GriddedSource
    from loader.reading.survey import CellSurvey

__all__ = ["file_layout", "layout_table"]

_FILLS = ("_FillValue", "missing_value", "_fillvalue")
_PACKING = frozenset({"scale_factor", "add_offset", "_Unsigned"})
_PACKED_RANGES = frozenset({"valid_min", "valid_max", "valid_range", "actual_range"})
_AREA = "cell_area"


def layout_table(
    tables: Iterable[TableLoad], area_ha: npt.NDArray[np.float64], options: Options
) -> pa.Table:
    """Return the table file_layout: one row for every gridded source file."""
    layouts = [
        file_layout(table.source, area_ha, table.stored_cells, table.survey, options)
        for table in tables
    ]
    return pa.table(
        {
            "name": pa.array([layout.source for layout in layouts], pa.string()),
            "table_name": pa.array([layout.table for layout in layouts], pa.string()),
            "layout": pa.array([layout.to_json() for layout in layouts], pa.string()),
        }
    )


def file_layout(
    source: GriddedSource,
    area_ha: npt.NDArray[np.float64],
    stored: npt.NDArray[np.bool_],
    survey: CellSurvey | None,
    options: Options,
) -> FileLayout:
    """Return how a source file is laid out.

    Parameters
    ----------
    source : GriddedSource
    area_ha : ndarray of float64, shape (n_cells,)
        The column of `cell`.
    stored : ndarray of bool, shape (n_cells,)
        Cells with a row in the table of the source.
    survey : CellSurvey or None
        Of a source that had to be looked through to know which cells to store.
    options : Options

    Returns
    -------
    FileLayout

    Raises
    ------
    BadValueError
        If the file is damaged.
    """
    dims = source.layout.dimensions
    assert dims.time is not None
    by_position = np.argsort(source.layout.positions)
    positions = source.layout.positions[by_position]
    zero, lost = _what_is_not_stored(source, stored, survey, options)
    return FileLayout(
        source=source.kind.name,
        table=source.kind.table,
        attributes=source.attributes,
        time=_axis(source, dims.time, positions),
        latitude=_axis(source, dims.latitude),
        longitude=_axis(source, dims.longitude),
        years=source.years[by_position],
        rows=source.layout.rows.in_file(source.grid.n_lat),
        columns=source.layout.columns.in_file(source.grid.n_lon),
        variables=tuple(_variable(source, v.name, v.column) for v in source.variables),
        maps=_maps(source, area_ha),
        zero_cells=zero,
        lost_cells=lost,
    )


def _axis(
    source: GriddedSource, name: str, positions: npt.NDArray[np.int64] | None = None
) -> AxisLayout:
    variable = source.dataset.variables[name]
    if variable.dtype.kind in "MO":
        # The caller's own data set, times decoded: kept as xarray would write them.
        variable = xr.conventions.encode_cf_variable(variable.to_base_variable(), name=name)
    values = np.asarray(variable.to_numpy())
    return AxisLayout(
        name, values if positions is None else values[positions], dict(variable.attrs)
    )


def _variable(source: GriddedSource, name: str, column: str) -> VariableLayout:
    stored = source.dataset.variables[name]
    fills = {k: stored.encoding[k] for k in _FILLS[:2] if k in stored.encoding}
    attributes: dict[str, Any] = {**stored.attrs, **fills}
    is_packed = stored.dtype.kind != "f" or any(key in attributes for key in _PACKING)
    codes = missing_codes(stored, source.path, name)
    declared = [key for key in _FILLS if key in attributes]
    if is_packed:
        attributes = {
            key: value
            for key, value in attributes.items()
            if key not in _PACKING and key not in _PACKED_RANGES and key not in declared
        }
        if declared:
            attributes["_FillValue"] = np.float32(np.nan)
        return VariableLayout(name, column, attributes, float("nan"))
    if stored.dtype.itemsize != 4 and "_FillValue" in attributes:
        attributes["_FillValue"] = np.float32(attributes["_FillValue"])
    if codes:
        missing = float(np.float32(codes[0]))
    else:
        found = [np.float32(attributes[k]) for k in fills]
        missing = float(found[0]) if found else float("nan")
    return VariableLayout(name, column, attributes, missing)


def _maps(source: GriddedSource, area_ha: npt.NDArray[np.float64]) -> tuple[MapLayout, ...]:
    """Return the cell areas of a file that decided the column area_ha."""
    found = source.read_map(_AREA) if source.kind.all_years_decide else None
    if found is None:
        return ()
    given = found.reshape(-1)
    kept = area_ha.astype(np.float32)
    other = np.flatnonzero(kept.view(np.uint32) != given.view(np.uint32)).astype(np.int32)
    described = _variable(source, _AREA, "area_ha")
    # What is missing in the file comes as NaN, and is written as NaN.
    attributes = {k: v for k, v in described.attributes.items() if k not in _FILLS}
    if len(attributes) < len(described.attributes):
        attributes["_FillValue"] = np.float32(np.nan)
    return (MapLayout(_AREA, "area_ha", attributes, other, given[other]),)


def _what_is_not_stored(
    source: GriddedSource,
    stored: npt.NDArray[np.bool_],
    survey: CellSurvey | None,
    options: Options,
) -> tuple[npt.NDArray[np.bool_] | None, int | None]:
    """Return the cells that are 0 throughout without a row, and how many others lost a value."""
    if not source.kind.all_years_decide:
        return None, None if options.cells == "land" else _left_out(source, stored)
    if survey is None:
        # Not looked through: every cell has its rows.
        return ~stored, 0
    zero = ~stored & survey.always_zero
    return zero, int(np.count_nonzero(~stored & ~zero & survey.has_value))


def _left_out(source: GriddedSource, stored: npt.NDArray[np.bool_]) -> int:
    """Count the cells without a row in which a variable that does not decide has a value.

    As far as the first year tells: such a variable is 0 at sea in every year, or in none.
    """
    lost = np.zeros(stored.shape, dtype=np.bool_)
    for variable in source.variables:
        if variable not in source.deciding:
            first = source.read(variable.name, Slab(0, 1, 0, source.grid.n_lat)).reshape(-1)
            has_value = ~np.isnan(first)
            for code in source.codes(variable.name):
                has_value &= first != code
            lost |= has_value & ~stored
    return int(np.count_nonzero(lost))

"""Plan the grid of a source file, of emissions and land use together, or of a view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from loader.errors import DatabaseError, SourceError, UsageError
from loader.exporting.cf import (
    Axis,
    degree_axes,
    global_attributes,
    map_attributes,
    time_axis,
    variable_attributes,
)
from loader.exporting.plan import GridMap, GridPlan, GridVariable
from loader.exporting.tables import read_grid
from loader.storing.database import run_statement
from loader.storing.filelayout import FileLayout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb
    import numpy.typing as npt

__all__ = ["plan_grid"]

_MERGED = ("eluc", "state")
"""Tables that the merged grid is made of, in the order of its variables."""

_FILLS = ("_FillValue", "missing_value", "_fillvalue", "_Fillvalue")
_PACKING = ("scale_factor", "add_offset", "_Unsigned")
_AXES = frozenset({"cell_id", "year", "prev_year", "lat", "lon", "area_ha", "is_land"})
_NUMBERS = {"FLOAT": "f4", "DOUBLE": "f8", "BIGINT": "f8", "INTEGER": "f8", "SMALLINT": "f4"}


def plan_grid(con: duckdb.DuckDBPyConnection, path: str, what: str | None = None) -> GridPlan:
    """Plan the grid of a table or view, or of emissions and land use together.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    path : str
        The database, for messages.
    what : str, optional
        A gridded table: a copy of its source file. A view with cells and years: its columns as
        variables. If not given, ELUC and the states if both were loaded, otherwise the one that
        was loaded.

    Raises
    ------
    SourceError
        If an older luc-load made the database.
    UsageError
        If there is no such table or view, or it has no cells or no years.
    """
    layouts = _read_layouts(con, path)
    if what in layouts:
        return _copy(layouts[what])
    merged = [name for name in _MERGED if name in layouts]
    if what is None and len(merged) > 1:
        return _merged(con, layouts)
    if what is None:
        return _copy(layouts[merged[0] if merged else next(iter(layouts))])
    return _of_relation(con, what, layouts)


def _read_layouts(con: duckdb.DuckDBPyConnection, path: str) -> dict[str, FileLayout]:
    try:
        rows = run_statement(con, "read_layouts")
        return {table: FileLayout.from_json(text) for table, text in rows}
    except (DatabaseError, ValueError) as error:
        raise SourceError(
            path, "was built by an older luc-load; build it again to export grids"
        ) from error


def _copy(layout: FileLayout) -> GridPlan:
    """Plan a copy of a source file: its values, coordinates and attributes."""
    axes = [
        Axis(axis.name, axis.values, axis.attributes)
        for axis in (layout.time, layout.latitude, layout.longitude)
    ]
    variables = tuple(
        GridVariable(
            variable.name,
            layout.table,
            variable.column,
            _without_encoding(variable.attributes),
            _fill(variable.attributes),
        )
        for variable in layout.variables
    )
    maps = tuple(
        GridMap(one.name, one.column, _without_encoding(one.attributes)) for one in layout.maps
    )
    return GridPlan(
        attributes=dict(layout.attributes),
        time=axes[0],
        latitude=axes[1],
        longitude=axes[2],
        years=layout.years,
        rows=layout.rows,
        columns=layout.columns,
        n_lon=len(layout.columns),
        variables=variables,
        maps=maps,
        is_copy=True,
    )


def _without_encoding(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in attributes.items() if k not in (*_FILLS, *_PACKING)}


def _fill(attributes: Mapping[str, Any]) -> float:
    """Return the fill value of a float32 copy: the file's own where the file is not packed."""
    if any(key in attributes for key in _PACKING):
        return float("nan")
    for key in _FILLS[:2]:
        value = np.asarray(attributes.get(key, np.nan))
        if value.dtype.kind == "f" and value.size == 1:
            return float(np.float32(value.reshape(())[()]))
    return float("nan")


def _merged(con: duckdb.DuckDBPyConnection, layouts: Mapping[str, FileLayout]) -> GridPlan:
    """Plan ELUC and the states on one axis of calendar years."""
    variables = []
    for table in _MERGED:
        meanings = _meanings(con, table)
        for variable in layouts[table].variables:
            unit, description = meanings.get(variable.column, ("", variable.name))
            attributes = variable_attributes(variable.column, unit, description)
            variables.append(GridVariable(variable.name, table, variable.column, attributes))
    chosen = [layouts[table] for table in _MERGED]
    years = np.unique(np.concatenate([layout.years for layout in chosen]))
    title = "BLUE emissions from land-use change and LUH2 land-use states"
    return _cf_plan(con, title, years, tuple(variables), chosen)


def _of_relation(
    con: duckdb.DuckDBPyConnection, relation: str, layouts: Mapping[str, FileLayout]
) -> GridPlan:
    """Plan a view: every numeric column becomes a variable."""
    # 1. The relation must have cells and years.
    columns: dict[str, dict[str, str]] = {}
    for table, column, data_type in run_statement(con, "list_columns"):
        columns.setdefault(table, {})[column] = data_type
    gridded = [name for name, has in columns.items() if {"cell_id", "year"} <= set(has)]
    if relation not in gridded:
        problem = "has no cells or no years" if relation in columns else "is not a table or view"
        raise UsageError(
            f"--what is {relation!r}, which {problem}; a grid can be made of "
            f"{', '.join(sorted(gridded))}"
        )
    # 2. Its numeric columns are the variables.
    meanings = _meanings(con, relation)
    variables = tuple(
        GridVariable(
            column,
            relation,
            column,
            variable_attributes(column, *meanings.get(column, ("", column))),
            dtype=np.dtype(_NUMBERS[data_type]),
        )
        for column, data_type in columns[relation].items()
        if column not in _AXES and data_type in _NUMBERS
    )
    # 3. A grid has room for one row for each cell and year.
    years = np.array([year for (year,) in run_statement(con, "list_years_of", {"table": relation})])
    if not years.size:
        raise UsageError(f"--what is {relation!r}, which has no rows in this database")
    ((repeated,),) = run_statement(
        con, "count_repeated_cells", {"table": relation, "year": int(years[-1])}
    )
    if repeated:
        raise UsageError(
            f"--what is {relation!r}, which has several rows for a cell and year; export it as CSV "
            "or Parquet"
        )
    title = f"{relation} of a luc-load database, on the grid of its source files"
    chosen = list(layouts.values())
    return _cf_plan(con, title, years.astype(np.int16), variables, chosen, is_view=True)


def _cf_plan(
    con: duckdb.DuckDBPyConnection,
    title: str,
    years: npt.NDArray[np.int16],
    variables: tuple[GridVariable, ...],
    layouts: Sequence[FileLayout],
    *,
    is_view: bool = False,
) -> GridPlan:
    grid = read_grid(con)
    steps = (grid.step_lat, grid.step_lon)
    # Longitudes of a region across the date line continue beyond 180: they must be monotonic.
    longitudes = grid.west + grid.step_lon * np.arange(grid.n_lon)
    latitude, longitude = degree_axes(grid.latitude, longitudes, steps)
    build_id, _, built_at, *_ = run_statement(con, "read_build_row")[0]
    meanings = _meanings(con, "cell")
    maps = (
        GridMap("cell_area", "area_ha", map_attributes("area_ha", meanings["area_ha"][1])),
        GridMap(
            "is_land",
            "is_land",
            map_attributes("is_land", meanings["is_land"][1]),
            np.dtype("i1"),
        ),
    )
    attributes = [layout.attributes for layout in layouts]
    return GridPlan(
        attributes=global_attributes(title, attributes, (build_id, built_at)),
        time=time_axis(years),
        latitude=latitude,
        longitude=longitude,
        years=years,
        rows=np.arange(grid.n_lat, dtype=np.int32),
        columns=np.arange(grid.n_lon, dtype=np.int32),
        n_lon=grid.n_lon,
        variables=variables,
        maps=maps,
        is_view=is_view,
    )


def _meanings(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, tuple[str, str]]:
    """Return unit and description of every column of a table or view."""
    rows: Iterable[tuple[str, str, str, str]] = run_statement(con, "read_columns", None, [relation])
    return {column: (unit, description) for column, unit, description, _ in rows}

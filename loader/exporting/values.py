"""Read boxes of a grid out of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loader.catalog.sqlfiles import statement
from loader.querying.session import translated
from loader.storing.database import ROW_GROUP_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pyarrow as pa

    from loader.exporting.plan import GridMap, GridPlan, GridVariable

__all__ = ["COUNTRY_TYPE", "read_boxes", "read_countries", "read_map"]

COUNTRY_TYPE = np.dtype("<U3")
"""Type of codes of countries."""

Positions = npt.NDArray[np.intp]


def read_boxes(
    con: duckdb.DuckDBPyConnection,
    plan: GridPlan,
    variables: Sequence[GridVariable],
    steps: Positions,
    rows: Positions,
    columns: Positions,
) -> list[npt.NDArray[Any]]:
    """Read chosen positions of variables.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    plan : GridPlan
    variables : sequence of GridVariable
        Some of the plan's, all of one table or view.
    steps, rows, columns : ndarray of int
        Positions on the axes of the plan, each at most once.

    Returns
    -------
    list of ndarray, shape (n_steps, n_rows, n_columns)
        One for each variable, in its type. Missing values are NaN.

    Raises
    ------
    DatabaseError
        If DuckDB fails.
    """
    shape = (len(steps), len(rows), len(columns))
    boxes = [np.full(shape, np.nan, dtype=variable.dtype) for variable in variables]
    if 0 in shape:
        return boxes
    years = plan.years[steps].astype(np.int64)
    grid_rows = plan.rows[rows].astype(np.int64)
    grid_columns = plan.columns[columns].astype(np.int64)
    first_cell = int(grid_rows.min()) * plan.n_lon
    last_cell = (int(grid_rows.max()) + 1) * plan.n_lon - 1
    # Two arrays of positions convert cell and year to a place in the box; -1 is outside of it.
    cells = (grid_rows[:, None] * plan.n_lon + grid_columns[None, :]).reshape(-1)
    place_of_cell = np.full(last_cell - first_cell + 1, -1, dtype=np.int64)
    place_of_cell[cells - first_cell] = np.arange(cells.size)
    step_of_year = np.full(int(years.max() - years.min()) + 1, -1, dtype=np.int64)
    step_of_year[years - years.min()] = np.arange(years.size)
    flat = [box.reshape(-1) for box in boxes]
    bounds = [int(years.min()), int(years.max()), first_cell, last_cell]
    for batch in _batches(con, variables, bounds):
        cell, year, *values = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
        place = place_of_cell[cell - first_cell]
        step = step_of_year[year - years.min()]
        target = step * cells.size + place
        wanted = (place >= 0) & (step >= 0)
        everything = wanted.all()
        for box, value in zip(flat, values, strict=True):
            if everything:
                box[target] = value
            else:
                box[target[wanted]] = value[wanted]
    if plan.blank is not None:
        for box in boxes:
            box.reshape(len(steps), -1)[:, plan.blank[cells]] = np.nan
    return boxes


def _batches(
    con: duckdb.DuckDBPyConnection, variables: Sequence[GridVariable], bounds: list[int]
) -> pa.RecordBatchReader:
    relation = variables[0].relation
    names = {"table": relation, "columns": [variable.column for variable in variables]}
    with translated(f"{relation}: cannot be read"):
        result = con.sql(statement("read_values", names), params=bounds)
        return result.to_arrow_reader(ROW_GROUP_ROWS)


def read_map(con: duckdb.DuckDBPyConnection, plan: GridPlan, one: GridMap) -> npt.NDArray[Any]:
    """Read a map.

    Returns
    -------
    ndarray, shape (n_rows, n_columns)
        In the type of the map.

    Raises
    ------
    DatabaseError
        If DuckDB fails.
    """
    with translated(f"cell.{one.column}: cannot be read"):
        relation = con.sql(statement("read_cell_column", {"column": one.column}))
        column = relation.to_arrow_table().column(0).to_numpy()
    values: npt.NDArray[Any] = column[_cells(plan)].astype(one.dtype)
    return values


def read_countries(con: duckdb.DuckDBPyConnection, plan: GridPlan) -> npt.NDArray[np.str_]:
    """Read the ISO 3166-1 alpha-3 code of the country with the largest part of each cell.

    Returns
    -------
    ndarray of str, shape (n_rows, n_columns)
        Empty where no country has a part.

    Raises
    ------
    DatabaseError
        If DuckDB fails.
    """
    with translated("cell_region: cannot be read"):
        codes = con.sql(statement("read_cell_country")).to_arrow_table().column(0).to_numpy()
    values: npt.NDArray[np.str_] = codes.astype(COUNTRY_TYPE)[_cells(plan)]
    return values


def _cells(plan: GridPlan) -> npt.NDArray[np.int64]:
    cells: npt.NDArray[np.int64] = (
        plan.rows.astype(np.int64)[:, None] * plan.n_lon + plan.columns[None, :]
    )
    return cells

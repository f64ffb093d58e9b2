"""Read boxes of a grid out of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.catalog.sqlfiles import statement
from loader.querying.session import translated
from loader.storing.database import ROW_GROUP_ROWS

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from loader.exporting.plan import GridPlan, GridVariable
    from loader.storing.filelayout import MapLayout

__all__ = ["read_box", "read_map"]

Positions = npt.NDArray[np.intp]
Float32 = npt.NDArray[np.float32]


def read_box(
    con: duckdb.DuckDBPyConnection,
    plan: GridPlan,
    variable: GridVariable,
    steps: Positions,
    rows: Positions,
    columns: Positions,
) -> Float32:
    """Read chosen positions of a variable.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    plan : GridPlan
    variable : GridVariable
        One of the plan's.
    steps, rows, columns : ndarray of int
        Positions on the axes of the plan, each at most once.

    Returns
    -------
    ndarray of float32, shape (n_steps, n_rows, n_columns)
        Missing values are NaN.

    Raises
    ------
    DatabaseError
        If DuckDB fails.
    """
    shape = (len(steps), len(rows), len(columns))
    years = plan.years[steps].astype(np.int64)
    grid_rows = plan.rows[rows].astype(np.int64)
    grid_columns = plan.columns[columns].astype(np.int64)
    if 0 in shape:
        return np.empty(shape, dtype=np.float32)
    first_cell = int(grid_rows.min()) * plan.n_lon
    last_cell = (int(grid_rows.max()) + 1) * plan.n_lon - 1
    cells = (grid_rows[:, None] * plan.n_lon + grid_columns[None, :]).reshape(-1)
    place_of_cell = np.full(last_cell - first_cell + 1, -1, dtype=np.int64)
    place_of_cell[cells - first_cell] = np.arange(cells.size)
    step_of_year = np.full(int(years.max() - years.min()) + 1, -1, dtype=np.int64)
    step_of_year[years - years.min()] = np.arange(years.size)
    box = _empty_box(variable, years, cells)
    flat = box.reshape(-1)
    bounds = [int(years.min()), int(years.max()), first_cell, last_cell]
    for batch in _rows(con, variable, bounds):
        cell, year, value = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
        place = place_of_cell[cell - first_cell]
        step = step_of_year[year - years.min()]
        target = step * cells.size + place
        wanted = (place >= 0) & (step >= 0)
        if wanted.all():
            flat[target] = value
        else:
            flat[target[wanted]] = value[wanted]
    if plan.blank is not None:
        box[:, plan.blank[cells]] = np.nan
    return box.reshape(shape)


def _empty_box(
    variable: GridVariable, years: npt.NDArray[np.int64], cells: npt.NDArray[np.int64]
) -> Float32:
    """Return the values of cells without rows, shape (n_years, n_cells)."""
    box = np.full((years.size, cells.size), np.nan, dtype=np.float32)
    if variable.zero_cells is not None:
        of_the_file = np.isin(years, variable.years)
        box[np.ix_(of_the_file, variable.zero_cells[cells])] = 0.0
    return box


def _rows(
    con: duckdb.DuckDBPyConnection, variable: GridVariable, bounds: list[int]
) -> pa.RecordBatchReader:
    names = {"table": variable.table, "column": variable.layout.column}
    with translated(f"{variable.table}.{variable.layout.column}: cannot be read"):
        relation = con.sql(statement("read_values", names), params=bounds)
        return relation.to_arrow_reader(ROW_GROUP_ROWS)


def read_map(con: duckdb.DuckDBPyConnection, plan: GridPlan, one: MapLayout) -> Float32:
    """Read a map.

    Returns
    -------
    ndarray of float32, shape (n_rows, n_columns)

    Raises
    ------
    DatabaseError
        If DuckDB fails.
    """
    with translated(f"cell.{one.column}: cannot be read"):
        relation = con.sql(statement("read_cell_column", {"column": one.column}))
        column = relation.to_arrow_table().column(0).to_numpy()
    values = column.astype(np.float32)
    values[one.cells] = one.values
    cells = plan.rows.astype(np.int64)[:, None] * plan.n_lon + plan.columns[None, :]
    chosen: Float32 = values[cells]
    return chosen

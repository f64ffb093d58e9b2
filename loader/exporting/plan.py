"""What a grid to be given back consists of: its axes, its variables and where their values lie."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loader._version import __version__
from loader.errors import DatabaseError, SourceError, UsageError
from loader.storing.database import run_statement
from loader.storing.filelayout import AxisLayout, FileLayout, MapLayout, VariableLayout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

__all__ = ["GridPlan", "GridVariable", "plan_grid", "read_layouts"]

_MERGED = ("eluc", "state")
"""Tables that the merged grid is made of, in the order of its variables."""


@dataclass(frozen=True)
class GridVariable:
    """A variable on (time, latitude, longitude) and the column that holds its values.

    Attributes
    ----------
    table : str
    layout : VariableLayout
    years : ndarray of int16
        Years that its file has; in others it is missing throughout.
    zero_cells : ndarray of bool, shape (n_cells,), or None
        Cells without rows that are 0 in those years.
    """

    table: str
    layout: VariableLayout
    years: npt.NDArray[np.int16]
    zero_cells: npt.NDArray[np.bool_] | None = field(repr=False, default=None)

    @property
    def name(self) -> str:
        """Its name."""
        return self.layout.name


@dataclass(frozen=True)
class GridPlan:
    """A grid to be given back.

    Attributes
    ----------
    attributes : dict of str to object
        The global ones.
    time, latitude, longitude : AxisLayout
    years : ndarray of int16, shape (n_time,)
        Calendar year of each step.
    rows, columns : ndarray of int32
        Row and column of the database's grid of each of its own.
    n_lon : int
        Columns of the database's grid: `cell_id` is row * n_lon + column.
    variables : tuple of GridVariable
    maps : tuple of MapLayout
    blank : ndarray of bool, shape (n_cells,), or None
        Cells of the database's grid that are to be missing.
    notices : tuple of str
        What cannot be given back.
    """

    attributes: dict[str, Any]
    time: AxisLayout
    latitude: AxisLayout
    longitude: AxisLayout
    years: npt.NDArray[np.int16]
    rows: npt.NDArray[np.int32]
    columns: npt.NDArray[np.int32]
    n_lon: int
    variables: tuple[GridVariable, ...]
    maps: tuple[MapLayout, ...]
    blank: npt.NDArray[np.bool_] | None = field(repr=False, default=None)
    notices: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Steps, rows and columns."""
        return len(self.years), len(self.rows), len(self.columns)

    @property
    def dims(self) -> tuple[str, str, str]:
        """Names of the dimensions."""
        return self.time.name, self.latitude.name, self.longitude.name

    def part(
        self,
        *,
        steps: npt.NDArray[np.intp] | None = None,
        rows: npt.NDArray[np.intp] | None = None,
        columns: npt.NDArray[np.intp] | None = None,
        blank: npt.NDArray[np.bool_] | None = None,
    ) -> GridPlan:
        """Return the plan of a part: chosen positions on each axis, further cells blank."""
        plan = self
        if steps is not None:
            plan = replace(plan, time=_taken(plan.time, steps), years=plan.years[steps])
        if rows is not None:
            plan = replace(plan, latitude=_taken(plan.latitude, rows), rows=plan.rows[rows])
        if columns is not None:
            longitude = _taken(plan.longitude, columns)
            plan = replace(plan, longitude=longitude, columns=plan.columns[columns])
        if blank is not None and blank.any():
            both = blank if plan.blank is None else plan.blank | blank
            variables = tuple(replace(v, layout=_fillable(v.layout)) for v in plan.variables)
            plan = replace(plan, blank=both, variables=variables)
        return plan


def _taken(axis: AxisLayout, positions: npt.NDArray[np.intp]) -> AxisLayout:
    return replace(axis, values=axis.values[positions])


def _fillable(layout: VariableLayout) -> VariableLayout:
    """Return the layout with a fill value: what was cut away must be told from data."""
    if "_FillValue" in layout.attributes or not np.isnan(layout.missing):
        return layout
    return replace(layout, attributes={**layout.attributes, "_FillValue": np.float32(np.nan)})


def read_layouts(con: duckdb.DuckDBPyConnection, path: str) -> dict[str, FileLayout]:
    """Return how each gridded source file was laid out, by table.

    Raises
    ------
    SourceError
        If the database was built before luc-load kept it.
    """
    try:
        found = run_statement(con, "read_layouts")
        return {table: FileLayout.from_json(text) for table, text in found}
    except (DatabaseError, ValueError) as error:
        raise SourceError(
            path,
            "does not say how its source files were laid out: an older luc-load made it; build it "
            "again",
        ) from error


def plan_grid(layouts: Mapping[str, FileLayout], table: str | None) -> GridPlan:
    """Plan to give back the file that became a table, or all of the merged tables as one grid.

    Parameters
    ----------
    layouts : mapping of str to FileLayout
        By table.
    table : str or None
        None merges ELUC and the states where both were loaded; otherwise it is the one there is.

    Raises
    ------
    UsageError
        If no gridded file became the table.
    """
    if table is None:
        merged = [layouts[name] for name in _MERGED if name in layouts]
        if len(merged) > 1:
            return _merged(merged)
        table = next(iter(layouts)) if not merged else merged[0].table
    if table not in layouts:
        raise UsageError(
            f"no gridded file became {table}; the grids of this database are {', '.join(layouts)}"
        )
    layout = layouts[table]
    return GridPlan(
        attributes=dict(layout.attributes),
        time=layout.time,
        latitude=layout.latitude,
        longitude=layout.longitude,
        years=layout.years,
        rows=layout.rows,
        columns=layout.columns,
        n_lon=len(layout.columns),
        variables=_variables(layout),
        maps=layout.maps,
        notices=_notices([layout]),
    )


def _variables(layout: FileLayout) -> tuple[GridVariable, ...]:
    return tuple(
        GridVariable(layout.table, variable, layout.years, layout.zero_cells)
        for variable in layout.variables
    )


def _merged(layouts: Sequence[FileLayout]) -> GridPlan:
    """Plan one grid on calendar years; rows, columns and coordinates are those of the states."""
    base = layouts[-1]
    years = np.unique(np.concatenate([layout.years for layout in layouts]))
    names = dict.fromkeys(key for layout in layouts for key in layout.attributes)
    common: dict[str, Any] = {
        key: next(layout.attributes[key] for layout in layouts if key in layout.attributes)
        for key in names
        if len({repr(layout.attributes[key]) for layout in layouts if key in layout.attributes})
        == 1
        and (all(key in layout.attributes for layout in layouts) or key == "synthetic")
    }
    return GridPlan(
        attributes={
            **common,
            "title": "BLUE emissions from land-use change and LUH2 land-use states, merged",
            "history": f"merged by luc-load {__version__}; time is the calendar year",
        },
        time=AxisLayout("time", years.astype(np.int32), {"long_name": "calendar year"}),
        latitude=base.latitude,
        longitude=base.longitude,
        years=years,
        rows=base.rows,
        columns=base.columns,
        n_lon=len(base.columns),
        variables=tuple(v for layout in layouts for v in _variables(layout)),
        maps=tuple(one for layout in layouts for one in layout.maps),
        notices=_notices(layouts),
    )


def _notices(layouts: Sequence[FileLayout]) -> tuple[str, ...]:
    notices = []
    for layout in layouts:
        if layout.lost_cells is None:
            notices.append(
                f"{layout.table}: the database holds land cells only; all others come out missing"
            )
        elif layout.lost_cells:
            notices.append(
                f"{layout.table}: {layout.lost_cells:,} cells were not stored in spite of their "
                "values; they come out missing"
            )
    return tuple(notices)

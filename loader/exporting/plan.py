"""The plan of an exported grid: axes, variables, and the columns that hold their values."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loader.errors import UsageError
from loader.exporting.cf import Axis

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["GridMap", "GridPlan", "GridVariable"]


@dataclass(frozen=True)
class GridVariable:
    """A variable on (time, latitude, longitude) and the column that holds its values.

    Attributes
    ----------
    name : str
    relation, column : str
        The table or view, and its column.
    attributes : dict of str to object
        Without the fill value.
    fill : float
        The missing value in a file; NaN unless the source declares another.
    dtype : numpy.dtype
        float32 or float64.
    """

    name: str
    relation: str
    column: str
    attributes: dict[str, Any]
    fill: float = float("nan")
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype("f4"))


@dataclass(frozen=True)
class GridMap:
    """A variable on (latitude, longitude) and the column of `cell` that holds its values.

    Attributes
    ----------
    name, column : str
    attributes : dict of str to object
    dtype : numpy.dtype
        float32, or int8 for a column of booleans.
    """

    name: str
    column: str
    attributes: dict[str, Any]
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype("f4"))


@dataclass(frozen=True)
class GridPlan:
    """A grid to be exported.

    Attributes
    ----------
    attributes : dict of str to object
        The global ones.
    time, latitude, longitude : Axis
    years : ndarray of int16, shape (n_time,)
        Calendar year of each step.
    rows, columns : ndarray of int32
        Row and column of the database's grid of each of its own.
    n_lon : int
        Columns of the database's grid: `cell_id` is row * n_lon + column.
    variables : tuple of GridVariable
    maps : tuple of GridMap
    is_copy : bool
        Whether it is a copy of a source file, with the file's own axes and attributes; otherwise
        it follows the CF conventions.
    is_view : bool
        Whether the variables are columns of one view, which is better read once than by column.
    blank : ndarray of bool, shape (n_cells,), or None
        Cells of the database's grid that are to be missing.
    """

    attributes: dict[str, Any]
    time: Axis
    latitude: Axis
    longitude: Axis
    years: npt.NDArray[np.int16]
    rows: npt.NDArray[np.int32]
    columns: npt.NDArray[np.int32]
    n_lon: int
    variables: tuple[GridVariable, ...]
    maps: tuple[GridMap, ...]
    is_copy: bool = False
    is_view: bool = False
    blank: npt.NDArray[np.bool_] | None = field(repr=False, default=None)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Steps, rows and columns."""
        return len(self.years), len(self.rows), len(self.columns)

    @property
    def dims(self) -> tuple[str, str, str]:
        """Names of the dimensions."""
        return self.time.name, self.latitude.name, self.longitude.name

    @property
    def axes(self) -> tuple[Axis, Axis, Axis]:
        """Time, latitude and longitude."""
        return self.time, self.latitude, self.longitude

    @property
    def groups(self) -> tuple[tuple[GridVariable, ...], ...]:
        """The variables that are read together."""
        return (self.variables,) if self.is_view else tuple((v,) for v in self.variables)

    def has(self, names: Iterable[str]) -> bool:
        """Whether all names are variables, or columns of variables."""
        return set(names) <= {n for v in self.variables for n in (v.name, v.column)}

    def rename(self, columns: Mapping[str, str]) -> GridPlan:
        """Return a plan with some of the variables under new names; it keeps the maps.

        Parameters
        ----------
        columns : mapping of str to str
            A variable, or its column, by its name in the export.

        Raises
        ------
        UsageError
            If there is no such variable.
        """
        known = {v.column: v for v in self.variables} | {v.name: v for v in self.variables}
        for name in columns.values():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=3) or [
                    v.name for v in self.variables
                ]
                raise UsageError(
                    f"--columns names {name}, which is not a variable of this grid; it has "
                    f"{', '.join(near)}"
                )
        variables = tuple(replace(known[name], name=new) for new, name in columns.items())
        return replace(self, variables=variables)

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
            plan = replace(plan, time=_part(plan.time, steps), years=plan.years[steps])
        if rows is not None:
            plan = replace(plan, latitude=_part(plan.latitude, rows), rows=plan.rows[rows])
        if columns is not None:
            longitude = _part(plan.longitude, columns)
            if not plan.is_copy:
                longitude = _ascending(longitude)
            plan = replace(plan, longitude=longitude, columns=plan.columns[columns])
        if blank is not None and blank.any():
            plan = replace(plan, blank=blank if plan.blank is None else plan.blank | blank)
        return plan


def _part(axis: Axis, positions: npt.NDArray[np.intp]) -> Axis:
    bounds = None if axis.bounds is None else axis.bounds[positions]
    return replace(axis, values=axis.values[positions], bounds=bounds)


def _ascending(longitude: Axis) -> Axis:
    """Return the axis without a jump at the date line: CF coordinates must be monotonic."""
    turns = np.cumsum(np.append(0, np.diff(longitude.values) < 0)) * 360.0
    if not turns.any():
        return longitude
    bounds = None if longitude.bounds is None else longitude.bounds + turns[:, None]
    return replace(longitude, values=longitude.values + turns, bounds=bounds)

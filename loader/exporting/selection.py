"""Which part of the data an export takes: years, land, a box, a country."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.catalog.sqlfiles import statement
from loader.errors import UsageError
from loader.options import parse_years
from loader.querying.countries import find_country
from loader.querying.run import read_batches
from loader.querying.session import translated

if TYPE_CHECKING:
    import duckdb

    from loader.exporting.plan import GridPlan

__all__ = ["Box", "Selection", "parse_box"]


@dataclass(frozen=True)
class Box:
    """A box of the Earth in degrees; one with `west` > `east` crosses the date line."""

    south: float
    west: float
    north: float
    east: float

    @property
    def width(self) -> float:
        """Degrees from its western to its eastern side, going east."""
        return 360.0 if self.east - self.west >= 360 else (self.east - self.west) % 360

    def holds_longitude(self, longitude: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether longitudes, in any range of 360 degrees, lie in it or on its sides."""
        inside: npt.NDArray[np.bool_] = (longitude - self.west) % 360 <= self.width
        return inside

    def holds_latitude(self, latitude: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether latitudes lie in it or on its sides."""
        inside: npt.NDArray[np.bool_] = (latitude >= self.south) & (latitude <= self.north)
        return inside


def parse_box(text: str) -> Box:
    """Parse WEST,SOUTH,EAST,NORTH in degrees, the order of GeoJSON and of CF bounds.

    Examples
    --------
    >>> parse_box("-10,35,30,60")
    Box(south=35.0, west=-10.0, north=60.0, east=30.0)

    Raises
    ------
    UsageError
        If it is no such box.
    """
    expected = "expected WEST,SOUTH,EAST,NORTH in degrees, such as -10,35,30,60"
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--bbox is {text!r}; {expected}") from error
    if not (-90 <= south < north <= 90 and -180 <= west <= 360 and -180 <= east <= 360):
        raise UsageError(f"--bbox is {text!r}; {expected}, south below north")
    if west == east:
        raise UsageError(f"--bbox is {text!r}; its western side is its eastern one; {expected}")
    return Box(south, west, north, east)


@dataclass(frozen=True)
class Selection:
    """What is asked for; None and False leave everything in.

    Attributes
    ----------
    years : tuple of (int or None, int or None)
    land : bool
        Only cells of the land mask.
    box : Box or None
        Only cells whose centre lies in it.
    country : str or None
        Only cells of the country: an ISO 3166 code of three or two letters, a number, or a name.
    """

    years: tuple[int | None, int | None] = (None, None)
    land: bool = False
    box: Box | None = None
    country: str | None = None

    @classmethod
    def parse(
        cls,
        *,
        years: str | None = None,
        land: bool = False,
        bbox: str | None = None,
        country: str | None = None,
    ) -> Selection:
        """Parse the options of the command line.

        Raises
        ------
        UsageError
            If one is not what it must be.
        """
        return cls(
            parse_years(years) if years is not None else (None, None),
            land,
            parse_box(bbox) if bbox is not None else None,
            country,
        )

    @property
    def takes_cells(self) -> bool:
        """Whether some cells are left out."""
        return self.land or self.box is not None or self.country is not None

    def chosen_years(self, loaded: list[int]) -> list[int]:
        """Return those of the loaded years that are asked for.

        Raises
        ------
        UsageError
            If there are none.
        """
        first, last = self.years
        chosen = [
            year
            for year in loaded
            if (first is None or year >= first) and (last is None or year <= last)
        ]
        if loaded and not chosen:
            raise UsageError(
                f"--years asks for none of the years that there are, {min(loaded)} to {max(loaded)}"
            )
        return chosen

    def country_code(self, con: duckdb.DuckDBPyConnection) -> int | None:
        """Return the number of the country in `cell`, or None if none is asked for.

        Raises
        ------
        UsageError
            If there is no such country, or the database has no countries.
        """
        return None if self.country is None else find_country(con, self.country)[0]

    def apply(self, con: duckdb.DuckDBPyConnection, plan: GridPlan) -> GridPlan:
        """Return the plan of the part that is asked for: a box is cut out, the rest made missing.

        Raises
        ------
        UsageError
            If nothing is left, or there is no such country.
        """
        wanted = set(self.chosen_years(sorted(int(year) for year in plan.years)))
        steps = np.flatnonzero([int(year) in wanted for year in plan.years])
        rows, columns = None, None
        if self.box is not None:
            rows = np.flatnonzero(self.box.holds_latitude(plan.latitude.values.astype(np.float64)))
            inside = self.box.holds_longitude(plan.longitude.values.astype(np.float64))
            columns = _in_a_row(inside)
            if not rows.size or not columns.size:
                raise UsageError("--bbox holds no centre of a cell; widen it")
        return plan.part(steps=steps, rows=rows, columns=columns, blank=self._blank(con))

    def _blank(self, con: duckdb.DuckDBPyConnection) -> npt.NDArray[np.bool_] | None:
        code = self.country_code(con)
        if not self.land and code is None:
            return None
        sql = statement("read_cells_wanted", {"land": self.land, "country_code": code})
        with translated("cell: cannot be read"):
            wanted = read_batches(con, sql).read_all().column(0).to_numpy()
        blank: npt.NDArray[np.bool_] = ~wanted.astype(np.bool_)
        return blank


def _in_a_row(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Return the positions that are inside, those of a second run first if the runs meet around."""
    found = np.flatnonzero(inside)
    gaps = np.flatnonzero(np.diff(found) > 1)
    if gaps.size == 1 and inside[0] and inside[-1]:
        return np.roll(found, -(int(gaps[0]) + 1))
    return found

"""Select the part of the data to export: years, land, a box, countries, regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.box import Box, parse_box
from loader.catalog.sqlfiles import statement
from loader.errors import UsageError
from loader.querying.regions import NamedRegion, find_country, find_region
from loader.querying.run import read_batches
from loader.querying.session import translated
from loader.storing.database import run_statement
from loader.years import Years, take_years, years_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import duckdb

    from loader.exporting.plan import GridPlan

__all__ = ["Box", "Selection", "parse_box"]


@dataclass(frozen=True)
class Selection:
    """Which cells and years to export; everything by default.

    Attributes
    ----------
    years : tuple of (int or None, int or None)
    land : bool
        Only cells of the land mask.
    box : Box or None
        Only cells whose centre is in the box.
    countries : tuple of str
        Only cells of these countries: names, ISO 3166 codes of three or two letters, or numbers.
    regions : tuple of str
        Only cells of these regions, and of the countries: LAYER/NAME.
    """

    years: tuple[int | None, int | None] = (None, None)
    land: bool = False
    box: Box | None = None
    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls,
        *,
        years: Years | None = None,
        land: bool = False,
        bbox: str | Sequence[float] | None = None,
        countries: str | Iterable[str] = (),
        regions: str | Iterable[str] = (),
    ) -> Selection:
        """Parse options as given on the command line or in Python; a single name is one country.

        Raises
        ------
        UsageError
            If an option is malformed.
        """
        box = bbox if bbox is None or isinstance(bbox, str) else ",".join(map(str, bbox))
        return cls(
            take_years(years) if years is not None else (None, None),
            land,
            None if box is None else parse_box(box),
            (countries,) if isinstance(countries, str) else tuple(countries),
            (regions,) if isinstance(regions, str) else tuple(regions),
        )

    @property
    def takes_cells(self) -> bool:
        """Whether some cells are left out."""
        return self.land or self.box is not None or self.has_regions

    @property
    def has_regions(self) -> bool:
        """Whether only cells of countries or regions are chosen."""
        return bool(self.countries or self.regions)

    def chosen_years(self, loaded: list[int]) -> list[int]:
        """Return the loaded years that are inside `years`.

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
            loaded_years = f"{min(loaded)}-{max(loaded)}"
            raise UsageError(
                f"--years {years_text(self.years)} matches no loaded year ({loaded_years})"
            )
        return chosen

    def named_regions(self, con: duckdb.DuckDBPyConnection) -> tuple[NamedRegion, ...]:
        """Return the countries and regions that are chosen, each once.

        Raises
        ------
        UsageError
            If one of them is not known, or has no cell.
        """
        named = [find_country(con, name) for name in self.countries]
        named += [find_region(con, name) for name in self.regions]
        return tuple(dict.fromkeys(named))

    def check_box(self, con: duckdb.DuckDBPyConnection) -> None:
        """Raise if the box holds no cell of the database.

        Raises
        ------
        UsageError
        """
        if self.box is not None:
            ((latitudes, longitudes),) = run_statement(con, "read_grid")
            self._inside(np.array(latitudes), np.array(longitudes))

    def _inside(
        self, latitudes: npt.NDArray[np.float64], longitudes: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Return the positions of the rows and columns whose centres are in the box."""
        assert self.box is not None
        rows = np.flatnonzero(self.box.holds_latitude(latitudes))
        columns = _consecutive(self.box.holds_longitude(longitudes))
        if not rows.size or not columns.size:
            west, east = (f"{(v + 180) % 360 - 180:g}" for v in longitudes[[0, -1]])
            raise UsageError(
                f"--bbox contains no cell centre; the cells of this database have latitudes "
                f"{latitudes.min():g} to {latitudes.max():g} and longitudes {west} to {east}"
            )
        return rows, columns

    def apply(self, con: duckdb.DuckDBPyConnection, plan: GridPlan) -> GridPlan:
        """Return the plan of the selection: the box is cut out, other cells become missing.

        Raises
        ------
        UsageError
            If the selection is empty, or a country or region is not known.
        """
        wanted = set(self.chosen_years(sorted(int(year) for year in plan.years)))
        steps = np.flatnonzero([int(year) in wanted for year in plan.years])
        rows, columns = None, None
        if self.box is not None:
            rows, columns = self._inside(
                plan.latitude.values.astype(np.float64), plan.longitude.values.astype(np.float64)
            )
        return plan.part(steps=steps, rows=rows, columns=columns, blank=self._blank(con))

    def _blank(self, con: duckdb.DuckDBPyConnection) -> npt.NDArray[np.bool_] | None:
        if not self.land and not self.has_regions:
            return None
        numbers = [region.region_id for region in self.named_regions(con)]
        sql = statement("read_cells_wanted", {"land": self.land, "region_ids": numbers})
        with translated("cell: cannot be read"):
            wanted = read_batches(con, sql).read_all().column(0).to_numpy()
        blank: npt.NDArray[np.bool_] = ~wanted.astype(np.bool_)
        return blank


def _consecutive(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Return the positions inside, in geographic order if they wrap around the file's edge."""
    positions = np.flatnonzero(inside)
    gaps = np.flatnonzero(np.diff(positions) > 1)
    if gaps.size == 1 and inside[0] and inside[-1]:
        return np.roll(positions, -(int(gaps[0]) + 1))
    return positions

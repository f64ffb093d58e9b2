"""Sums over the cells of a country and year, added up while the rows are on their way.

Adding up every cell of every year takes seconds afterwards, whatever the query; here the values are
at hand, and the thread that does it waits for another most of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loader.landuses import LandUses
from loader.schema import SUMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loader.countries import Country

__all__ = ["Totals"]

_Key = TypeVar("_Key")

Float64 = npt.NDArray[np.float64]

_TONNES_PER_MEGATONNE = 1e6
_HECTARES_PER_MEGAHECTARE = 1e6

_ROWS_AT_ONCE = 65_536
"""Small enough for the processor's cache, large enough for few calls."""

_UNASSIGNED = "Unassigned"


class Totals:
    """The rows of eluc_total and state_total as they grow.

    Parameters
    ----------
    area_ha : ndarray of float64, shape (n_cells,)
        Hectares.
    country_code : ndarray of int16, shape (n_cells,), or None
        0 where there is none; None if nothing is known of countries.
    countries : mapping of int to Country
        What the codes mean, as far as it is known.
    land_uses : LandUses, optional
        Those of the build: what is added up of the rows of state; LUH2's own if not given.
    """

    def __init__(
        self,
        area_ha: Float64,
        country_code: npt.NDArray[np.int16] | None = None,
        countries: Mapping[int, Country] | None = None,
        land_uses: LandUses | None = None,
    ) -> None:
        self._land_uses = land_uses or LandUses()
        codes = np.zeros(len(area_ha), np.int16) if country_code is None else country_code
        self._area_ha = area_ha
        # 0 is there even if every cell has a country: the rest of the world is a row of its own.
        self._codes = np.union1d(codes, np.zeros(1, np.int16))
        self._group = np.searchsorted(self._codes, codes).astype(np.int32)
        self._countries = countries or {}
        self._eluc = _Sums(("eluc",), len(self._codes))
        self._state = _Sums(self._land_uses.uses, len(self._codes))

    def add(self, table: str, rows: pa.Table) -> None:
        """Add the rows of a block; those of other tables than eluc and state have no totals.

        Parameters
        ----------
        table : str
        rows : pyarrow.Table
            Columns cell_id, year and float32 values, NULL where missing.
        """
        if table not in ("eluc", "state") or not rows.num_rows:
            return
        for start in range(0, rows.num_rows, _ROWS_AT_ONCE):
            self._add(table, rows.slice(start, _ROWS_AT_ONCE))

    def _add(self, table: str, rows: pa.Table) -> None:
        cell_id = rows.column("cell_id").to_numpy()
        area_ha = self._area_ha[cell_id]
        segments = _Segments(rows.column("year").to_numpy(), self._group[cell_id], len(self._codes))
        if table == "eluc":
            self._eluc.add("eluc", _values(rows, "eluc") * area_ha, segments)
            return
        for name in self._land_uses.fractions:
            self._state.add(name, _values(rows, name) * area_ha, segments)
        for name, parts in SUMS.items():
            # As the view land_use has it: summed as DOUBLE in this order, stored as REAL.
            total = _values(rows, parts[0]).astype(np.float64)
            for part in parts[1:]:
                total += _values(rows, part)
            self._state.add(name, total.astype(np.float32) * area_ha, segments)

    def eluc_table(self) -> pa.Table:
        """Return the rows of eluc_total: year, country and emission_mtc, in Mt C a year."""
        return self._table(self._eluc, {"eluc": "emission_mtc"}, _TONNES_PER_MEGATONNE)

    def state_table(self) -> pa.Table:
        """Return the rows of state_total: year, country and <name>_mha, in million hectares."""
        names = {name: f"{name}_mha" for name in self._land_uses.uses}
        return self._table(self._state, names, _HECTARES_PER_MEGAHECTARE)

    def _table(self, sums: _Sums, names: Mapping[str, str], unit: float) -> pa.Table:
        # Cells without a country come last in each year.
        order = [*np.flatnonzero(self._codes), *np.flatnonzero(self._codes == 0)]
        keys = [
            (year, int(group))
            for year in sorted(sums.rows)
            for group in order
            if sums.rows[year][group] or not self._codes[group]
        ]
        codes = [int(self._codes[group]) or None for _, group in keys]
        known = [self._countries.get(code or 0) for code in codes]
        columns = {
            "year": pa.array([year for year, _ in keys], pa.int16()),
            "country_code": pa.array(codes, pa.int16()),
            "country_iso3": pa.array([c and c.iso3 for c in known], pa.string()),
            "country": pa.array(
                [
                    _UNASSIGNED if code is None else c and c.name
                    for code, c in zip(codes, known, strict=True)
                ],
                pa.string(),
            ),
        }
        for name, column in names.items():
            values = [sums.value(name, year, group) for year, group in keys]
            scaled = [None if value is None else value / unit for value in values]
            columns[column] = pa.array(scaled, pa.float64())
        return pa.table(columns)


class _Segments:
    """Runs of rows of one year and group: neighbouring cells mostly share a country."""

    def __init__(
        self, year: npt.NDArray[np.int16], group: npt.NDArray[np.int32], groups: int
    ) -> None:
        self.first_year = int(year.min())
        self.years = int(year.max()) - self.first_year + 1
        self.groups = groups
        key = year.astype(np.int32)
        key -= self.first_year
        key *= np.int32(groups)
        key += group
        self._starts = np.concatenate([[0], np.flatnonzero(key[1:] != key[:-1]) + 1])
        self._keys = key[self._starts]
        lengths = np.diff(self._starts, append=len(key))
        self.rows = self._by_key(lengths)

    def sums(self, values: npt.NDArray[np.float64]) -> Float64:
        """Return the sum of `values` by year and group, shape (years, groups)."""
        return self._by_key(np.add.reduceat(values, self._starts))

    def _by_key(self, of_segments: npt.NDArray[Any]) -> Float64:
        size = self.years * self.groups
        weights = of_segments.astype(np.float64, copy=False)
        found: npt.NDArray[Any] = np.bincount(self._keys, weights, size)
        return found.reshape(self.years, self.groups)


class _Sums:
    """Sums and counts of some columns by year and group.

    Attributes
    ----------
    rows : dict of int to ndarray of float64, shape (groups,)
        Number of rows of each year, whatever is missing in them.
    """

    def __init__(self, names: tuple[str, ...], groups: int) -> None:
        self.rows: dict[int, Float64] = {}
        self._names = names
        self._groups = groups
        self._sums: dict[tuple[str, int], Float64] = {}
        self._counts: dict[tuple[str, int], Float64] = {}

    def add(self, name: str, values: Float64, segments: _Segments) -> None:
        """Add values by row, NaN where missing."""
        counts = segments.rows
        sums = segments.sums(values)
        if np.isnan(sums).any():
            missing = np.isnan(values)
            sums = segments.sums(np.where(missing, 0.0, values))
            counts = counts - segments.sums(missing.astype(np.float64))
        for offset in range(segments.years):
            year = segments.first_year + offset
            if name == self._names[0] and segments.rows[offset].any():
                self._grow(self.rows, year, segments.rows[offset])
            self._grow(self._sums, (name, year), sums[offset])
            self._grow(self._counts, (name, year), counts[offset])

    def value(self, name: str, year: int, group: int) -> float | None:
        """Return the sum of a column: 0 of no rows, None of rows that all lack it."""
        if self._counts[name, year][group] or not self.rows[year][group]:
            return float(self._sums[name, year][group])
        return None

    def _grow(self, into: dict[_Key, Float64], key: _Key, values: Float64) -> None:
        if key not in into:
            into[key] = np.zeros(self._groups)
        into[key] += values


def _values(rows: pa.Table, name: str) -> npt.NDArray[np.float32]:
    """Return a column as float32, NULL as NaN."""
    found: npt.NDArray[np.float32] = rows.column(name).to_numpy()
    return found.astype(np.float32, copy=False)

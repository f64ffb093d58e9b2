"""Time questions to a built database, each answer compared with the reference before its time.

Run in a process of its own: python -m benchmarks.queries DATABASE REFERENCE PROBE_CELL PROBE_YEAR.
Every question is asked once cold (the first of the process: the file's blocks and the plan) and
then warm; results are fetched into NumPy, which is part of the time.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from benchmarks.answers import MismatchError, compare_number
from benchmarks.names import FRACTIONS, STATE

Columns = Mapping[str, Any]


def main(database: str, reference: str, probe_cell: str, probe_year: str) -> None:
    """Print times as JSON."""
    expected = json.loads(Path(reference).read_text())
    started = time.perf_counter()
    con = duckdb.connect(database, read_only=True)
    times: dict[str, Any] = {"connect": {"cold": time.perf_counter() - started}}
    asked = Questions(expected, int(probe_cell), int(probe_year))
    for name, (sql, check) in asked.quick().items():
        times[name] = _time(con, name, sql, check, repeats=9)
    for name, (sql, check) in asked.all_differences(con).items():
        times[name] = _time(con, name, sql, check, repeats=1 if asked.is_short else 0)
    json.dump(times, sys.stdout)


def _time(
    con: duckdb.DuckDBPyConnection,
    name: str,
    sql: str,
    check: Callable[[str, Columns], None],
    *,
    repeats: int,
) -> dict[str, Any]:
    started = time.perf_counter()
    answer = con.execute(sql).fetchnumpy()
    cold = time.perf_counter() - started
    check(name, answer)
    del answer
    warm = []
    for _ in range(repeats):
        started = time.perf_counter()
        con.execute(sql).fetchnumpy()
        warm.append(time.perf_counter() - started)
    return {
        "cold": cold,
        "warm": statistics.median(warm or [cold]),
        "best": min([cold, *warm]),
        "sql": sql,
    }


class Questions:
    """The questions, each with the check of its answer.

    Parameters
    ----------
    expected : dict
        As contestants/reference.py writes it.
    cell : int
    year : int
        Loaded, with the year before and after.
    """

    def __init__(self, expected: dict[str, Any], cell: int, year: int) -> None:
        self._expected = expected["queries"]
        self._years = expected["state"]["years"]
        self._state = expected["state"]["variables"]
        self._eluc = expected["eluc"]
        self._cell = cell
        self._year = year

    @property
    def is_short(self) -> bool:
        """Whether all years together can be asked for more than once."""
        return len(self._years) <= 200

    def quick(self) -> dict[str, tuple[str, Callable[[str, Columns], None]]]:
        """Return those that touch one cell, one year or a row a year."""
        cell, year = self._cell, self._year
        fractions = ", ".join(f'"{name}_mha"' for name in FRACTIONS)
        sums = ", ".join(f'sum("{n}" * area_ha) / 1e6 AS "{n}_mha"' for n in FRACTIONS)
        direct = f'SELECT "year", {sums} FROM state INNER JOIN cell USING (cell_id) GROUP BY "year"'
        return {
            "series_state": (
                f'SELECT * FROM state WHERE cell_id = {cell} ORDER BY "year"',
                self._check_series,
            ),
            "series_merged": (
                f'SELECT * FROM eluc_state WHERE cell_id = {cell} ORDER BY "year"',
                self._check_series,
            ),
            "map_eluc": (
                f'SELECT lat, lon, eluc FROM land_eluc WHERE "year" = {year}',
                self._check_map_eluc,
            ),
            "map_state": (
                f'SELECT * FROM land_state WHERE "year" = {year}',
                self._check_map_state,
            ),
            "state_diff_year": (
                f'SELECT * FROM state_diff WHERE "year" = {year}',
                self._check_year_diff,
            ),
            "luc_year": (f'SELECT * FROM luc WHERE "year" = {year}', self._check_luc),
            "luc_year_land": (
                f'SELECT * FROM luc WHERE "year" = {year} AND is_land',
                self._check_land_of_luc,
            ),
            "totals_view": (
                f'SELECT "year", {fractions} FROM state_global ORDER BY "year"',
                self._check_totals,
            ),
            "totals_direct": (f'{direct} ORDER BY "year"', self._check_totals),
        }

    def all_differences(
        self, con: duckdb.DuckDBPyConnection
    ) -> dict[str, tuple[str, Callable[[str, Columns], None]]]:
        """Return the view summed over all years, and the ways in which one may write it by hand."""
        by_view = ", ".join(f'sum("{name}_diff") AS "{name}"' for name in STATE)
        by_hand = ", ".join(f'sum(cur."{n}" - prev."{n}") AS "{n}"' for n in STATE)
        join = (
            "FROM state AS cur INNER JOIN state AS prev "
            'ON prev.cell_id = cur.cell_id AND prev."year" = cur."year" - 1'
        )
        lag = ", ".join(
            f'"{n}" - lag("{n}") OVER (PARTITION BY cell_id ORDER BY "year") AS "{n}_diff"'
            for n in STATE
        )
        cells = con.sql("SELECT max(cell_id) + 1 FROM cell").fetchall()[0][0]
        ways = {
            "diffs_view": f"SELECT {by_view} FROM state_diff",
            "diffs_join": f"SELECT {by_hand} {join}",
            "diffs_years": self._in_parts(by_hand, join, '"year"', self._years[0], 24),
            "diffs_cells": self._in_parts(by_hand, join, "cell_id", 0, cells // 8 + 1),
        }
        if self.is_short:
            ways["diffs_window"] = f"SELECT {by_view} FROM (SELECT {lag} FROM state)"
        else:
            # Joined at once or sorted for a window, 300 million rows do not fit into memory.
            del ways["diffs_join"]
        return {name: (sql, self._check_diffs) for name, sql in ways.items()}

    def _in_parts(self, sums: str, join: str, key: str, first: int, step: int) -> str:
        stop = self._years[-1] + 1 if key == '"year"' else 8 * step
        parts = []
        for start in range(first, stop, step):
            near = f"cur.{key} >= {start} AND cur.{key} < {start + step}"
            reach = start - 1 if key == '"year"' else start
            far = f"prev.{key} >= {reach} AND prev.{key} < {start + step}"
            parts.append(f"SELECT {sums} {join} WHERE {near} AND {far}")
        again = ", ".join(f'sum("{name}") AS "{name}"' for name in STATE)
        return f"SELECT {again} FROM ({' UNION ALL '.join(parts)})"

    def _check_series(self, who: str, got: Columns) -> None:
        for name in FRACTIONS:
            wanted = self._expected["series"][name]
            if [float(value) for value in got[name]] != wanted:
                raise MismatchError(f"{who}: {name} is not that of the file")

    def _check_map_eluc(self, who: str, got: Columns) -> None:
        # The map holds land only; what is outside the mask is a small part of the total.
        expected = self._year_of(self._eluc, "ELUC", "scale")
        found = float(np.abs(got["eluc"]).astype(np.float64).sum())
        if not 0.8 * expected <= found <= expected * (1 + 1e-9):
            raise MismatchError(f"{who}: the map adds up to {found}, the file to {expected}")

    def _check_map_state(self, who: str, got: Columns) -> None:
        count = len(got["cell_id"])
        if not 0.8 * self._expected["map_rows"] <= count <= self._expected["map_rows"]:
            raise MismatchError(f"{who}: {count} rows of {self._expected['map_rows']}")

    def _check_year_diff(self, who: str, got: Columns) -> None:
        compare_number(who, "rows", len(got["cell_id"]), self._expected["year_diff_rows"], 0.0)
        for name, wanted in self._expected["year_diffs"].items():
            values = got[f"{name}_diff"].astype(np.float64)
            compare_number(who, name, float(values.sum()), wanted, float(np.abs(values).sum()))

    def _check_luc(self, who: str, got: Columns) -> None:
        wanted = self._expected["luc"]
        compare_number(who, "rows", len(got["eluc"]), wanted["count"], 0.0)
        found = float(got["eluc"].astype(np.float64).sum())
        compare_number(who, "sum", found, wanted["sum"], wanted["scale"])

    def _check_land_of_luc(self, who: str, got: Columns) -> None:
        if not 0.8 * self._expected["luc"]["count"] <= len(got["eluc"]):
            raise MismatchError(f"{who}: {len(got['eluc'])} rows")

    def _check_totals(self, who: str, got: Columns) -> None:
        for name in FRACTIONS:
            wanted = self._expected["totals"][name]
            for year, found, total in zip(self._years, got[f"{name}_mha"], wanted, strict=True):
                compare_number(who, f"{name} of {year}", float(found), total, total)

    def _check_diffs(self, who: str, got: Columns) -> None:
        for name, wanted in self._expected["diffs"].items():
            scale = self._expected["diff_scale"][name]
            compare_number(who, name, float(got[name][0]), wanted, scale)

    def _year_of(self, table: dict[str, Any], name: str, key: str) -> float:
        return float(table["variables"][name][key][table["years"].index(self._year)])


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Time what analysts and BI tools ask: the view, a query written by hand, and xarray.

Run in a process of its own: python -m benchmarks.analyst DATABASE STATES ELUC YEARS CELL YEAR,
where YEARS are the loaded ones as FIRST:LAST. The view and the query by hand must give the same
rows and sum, and xarray the same sum, before a time counts. Times are the best of several, warm;
results of DuckDB are fetched into Arrow, those of xarray become a pandas DataFrame.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import xarray as xr

from benchmarks.answers import compare_number
from benchmarks.names import FRACTIONS

CROPS = ("c3ann", "c4ann", "c3per", "c4per", "c3nfx")


WAYS = ("view", "hand", "xarray")
Answer = TypeVar("Answer")
Seconds = tuple[float, float]
"""Time, and processor time of all threads."""


@dataclass(frozen=True)
class Question:
    """A question and three ways to answer it.

    Attributes
    ----------
    name : str
    view, hand : str
        SQL with the view, and with the tables alone.
    by_xarray : callable
        Returns a DataFrame.
    target : float
        Seconds.
    column : str or None
        Whose sum must agree; None where any rows will do, and only their number counts.
    is_long : bool
        Whether xarray reads both files completely: asked once.
    has_same_sum : bool
        Whether xarray's sum must agree too. Its rows may be more: those of all years or cells.
    """

    name: str
    view: str
    hand: str
    by_xarray: Callable[[], pd.DataFrame]
    target: float
    column: str | None
    is_long: bool = False
    has_same_sum: bool = True


class Sources:
    """The two files, and what xarray users compute from them."""

    def __init__(self, states: str, eluc: str, years: str, cell: int, year: int) -> None:
        loaded = slice(*map(int, years.split(":")))
        every = xr.open_dataset(states, decode_times=False)
        origin = int(every["time"].attrs["units"].split()[2].split("-")[0])
        self._states = every.assign_coords(time=origin + every["time"]).sel(time=loaded)
        self._eluc = xr.open_dataset(eluc, decode_times=False).sel(time=loaded)
        self._place = dict(zip(("lat", "lon"), divmod(cell, self._eluc.sizes["lon"]), strict=True))
        self._year = year

    def first_rows(self) -> pd.DataFrame:
        """Return 200 cells with land use of the first year."""
        frame = self._states.isel(time=0).to_dataframe()
        return frame.dropna(subset=list(FRACTIONS)).head(200)

    def years(self) -> pd.DataFrame:
        """Return the years of the emissions."""
        return pd.DataFrame({"year": self._eluc["time"].to_numpy()})

    def series(self) -> pd.DataFrame:
        """Return all years of one cell, emissions and land use."""
        parts = (self._eluc[["ELUC"]].isel(self._place), self._states.isel(self._place))
        frame = xr.merge(parts, join="outer", compat="override").to_dataframe()
        return frame.rename(columns={"ELUC": "eluc"})

    def merged_year(self) -> pd.DataFrame:
        """Return one year of emissions and land use, without the cells that have neither."""
        parts = (self._eluc[["ELUC"]], self._states)
        year = xr.merge([part.sel(time=self._year) for part in parts], compat="override")
        frame = year.to_dataframe().dropna(subset=["ELUC", *FRACTIONS], how="all")
        return frame.rename(columns={"ELUC": "eluc"})

    def changes(self) -> pd.DataFrame:
        """Return emissions and the change of cropland, summed by year."""
        area = self._eluc["cell_area"].load()
        rows = []
        states = {*self._states["time"].to_numpy().astype(int)}
        later: tuple[int, xr.DataArray] | None = None
        for year in self._eluc["time"].to_numpy().astype(int):
            if not {year, year + 1} <= states:
                continue
            crops = later[1] if later and later[0] == year else self._crop(year)
            later = year + 1, self._crop(year + 1)
            change = (later[1] - crops).load()
            eluc = self._eluc["ELUC"].sel(time=year).where(~np.isnan(change)).astype(np.float64)
            rows.append((year, float((eluc * area).sum()), float((change * area).sum())))
        return pd.DataFrame(rows, columns=["year", "emission_tc", "crop_ha"])

    def _crop(self, year: int) -> xr.DataArray:
        states = self._states[list(CROPS)].sel(time=year).load()
        total = states[CROPS[0]].astype(np.float64)
        for name in CROPS[1:]:
            total = total + states[name]
        return total


def questions(sources: Sources, cell: int, year: int) -> tuple[Question, ...]:
    """Return the questions about one cell and one year."""
    uses = ", ".join(f's."{name}"' for name in FRACTIONS)
    crop = " + ".join('CAST({0}."' + name + '" AS DOUBLE)' for name in CROPS)
    forest = 'CAST({0}."primf" AS DOUBLE) + CAST({0}."secdf" AS DOUBLE)'
    place = "c.lat, c.lon, c.area_ha, c.is_land"
    sums = f"CAST({crop.format('s')} AS REAL) AS crop, CAST({forest.format('s')} AS REAL) AS forest"
    merged = (
        f'SELECT cell_id, "year", make_date("year", 1, 1) AS "date", {place}, e.eluc, '
        f"e.eluc * c.area_ha AS emission_tc, {uses}, {sums} "
        'FROM eluc AS e FULL JOIN state AS s USING (cell_id, "year") '
        "INNER JOIN cell AS c USING (cell_id)"
    )
    diffs = ", ".join(f'n."{name}" - s."{name}" AS "{name}_diff"' for name in FRACTIONS)
    joined = (
        "FROM state AS s INNER JOIN state AS n "
        'ON n.cell_id = s.cell_id AND n."year" = s."year" + 1 '
        'INNER JOIN eluc AS e ON e.cell_id = s.cell_id AND e."year" = s."year" '
        "INNER JOIN cell AS c ON c.cell_id = s.cell_id"
    )
    change = f'SELECT s.cell_id, s."year", {place}, e.eluc, {uses}, {sums}, {diffs} {joined}'
    by_year = (
        'SELECT s."year", sum(e.eluc * c.area_ha) AS emission_tc, '
        f"sum((({crop.format('n')}) - ({crop.format('s')})) * c.area_ha) AS crop_ha "
        f'{joined} GROUP BY s."year"'
    )
    of_view = 'SELECT "year", sum(emission_tc) AS emission_tc, sum(crop_diff * area_ha) AS crop_ha'
    first, one = "LIMIT 200", f"WHERE cell_id = {cell}"
    return (
        Question("eluc_state LIMIT 200", f"FROM eluc_state {first}", f"{merged} {first}",
                 sources.first_rows, 0.5, None),
        Question("luc LIMIT 200", f"FROM luc {first}", f"{change} {first}",
                 sources.first_rows, 1, None),
        Question("state_diff LIMIT 200", f"FROM state_diff {first}",
                 f"SELECT {diffs} FROM state AS s INNER JOIN state AS n "
                 f'ON n.cell_id = s.cell_id AND n."year" = s."year" + 1 {first}',
                 sources.first_rows, 1, None),
        Question("years of luc", 'SELECT DISTINCT "year" FROM luc',
                 'SELECT y."year" FROM "year" AS y INNER JOIN "year" AS n '
                 'ON n."year" = y."year" + 1 WHERE y.has_eluc AND y.has_state AND n.has_state',
                 sources.years, 0.1, "year", has_same_sum=False),
        Question("one cell of eluc_state", f"FROM eluc_state {one}", f"{merged} {one}",
                 sources.series, 0.012, "eluc", is_long=True),
        Question("one cell of luc", f"FROM luc {one}", f"{change} WHERE s.cell_id = {cell}",
                 sources.series, 0.025, "eluc", is_long=True, has_same_sum=False),
        Question("one year of eluc_state", f'FROM eluc_state WHERE "year" = {year}',
                 f'{merged} WHERE "year" = {year}', sources.merged_year, 0.3, "eluc"),
        Question("luc summed by year", f'{of_view} FROM luc GROUP BY "year"', by_year,
                 sources.changes, 4, "emission_tc", is_long=True),
    )  # fmt: skip


def main(database: str, states: str, eluc: str, years: str, cell: str, year: str) -> None:
    """Print the times as JSON."""
    asked = questions(Sources(states, eluc, years, int(cell), int(year)), int(cell), int(year))
    con = duckdb.connect(database, read_only=True)
    found: dict[str, dict[str, float]] = {}
    frames: dict[Callable[[], pd.DataFrame], tuple[Seconds, pd.DataFrame]] = {}
    for question in asked:
        by_view, rows = _time(partial(_fetch, con, question.view), 5)
        by_hand, others = _time(partial(_fetch, con, question.hand), 5)
        # The series of a cell answers two questions, and takes minutes.
        if question.by_xarray not in frames:
            frames[question.by_xarray] = _time(question.by_xarray, 1 if question.is_long else 3)
        by_xarray, frame = frames[question.by_xarray]
        _compare(question, rows.to_pandas(), others.to_pandas(), frame)
        found[question.name] = {"target": question.target, "rows": rows.num_rows}
        for way, (seconds, cpu) in (("view", by_view), ("hand", by_hand), ("xarray", by_xarray)):
            found[question.name] |= {way: seconds, f"{way}_cpu": cpu}
    json.dump(found, sys.stdout)


def as_markdown(found: Mapping[str, Mapping[str, float]]) -> str:
    """Return the times as a table of Markdown, processor time in parentheses."""
    lines = ["| question | view | by hand | xarray | target |", "| --- | --- | --- | --- | --- |"]
    for name, times in found.items():
        ways = (f"{_shown(times[w])} ({_shown(times[f'{w}_cpu'])})" for w in WAYS)
        lines.append(f"| {name} | {' | '.join(ways)} | <= {_shown(times['target'])} |")
    return "\n".join(lines)


def _fetch(con: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    return con.sql(sql).to_arrow_table()


def _time(answer: Callable[[], Answer], repeats: int) -> tuple[Seconds, Answer]:
    """Return the best time and the last answer; more than 2 s are not repeated."""
    best = float("inf"), float("inf")
    for _ in range(repeats):
        started, cpu = time.perf_counter(), time.process_time()
        result = answer()
        best = min(best, (time.perf_counter() - started, time.process_time() - cpu))
        if best[0] > 2:
            break
    return best, result


def _compare(
    question: Question, view: pd.DataFrame, hand: pd.DataFrame, other: pd.DataFrame
) -> None:
    compare_number(question.name, "rows by hand", len(hand), len(view), 0.0)
    if question.column is None:
        return
    wanted = float(view[question.column].astype(np.float64).sum())
    scale = float(view[question.column].astype(np.float64).abs().sum())
    for way, frame in (("by hand", hand), ("xarray", other)):
        if way == "by hand" or question.has_same_sum:
            found = float(frame[question.column].astype(np.float64).sum())
            compare_number(question.name, f"{question.column} {way}", found, wanted, scale)


def _shown(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


if __name__ == "__main__":
    main(*sys.argv[1:])

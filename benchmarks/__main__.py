"""Measure luc-load and other routes: python -m benchmarks.

Prints a table of ratios with their targets, and writes bench.json and, with matplotlib from the
peers' environment, bench.svg. Nothing is printed or written unless all answers agree.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.analyst import as_markdown as table_of_ways
from benchmarks.answers import MismatchError
from benchmarks.measure import Cost, FailedError
from benchmarks.report import Row, as_markdown, as_records, machine
from benchmarks.suite import ROOT, Inputs, Suite, peers_python, ratio

GIB = 2**30


def main() -> None:
    """Parse, measure, report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("bench-data"), help="inputs and results")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", action="store_true", help="also 100, 173 and 1173 years")
    parser.add_argument("--years", default="1990:2019", help="of the short build")
    parser.add_argument("--resolution", default="0.25", help="degrees")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    try:
        suite = Suite(given.work.resolve(), peers_python(given.work.resolve()),
                      given.resolution, _say)  # fmt: skip
        measured = Measured(suite)
        measured.short(given.years, given.rounds)
        if given.long:
            measured.growth()
            measured.long()
        measured.start_up()
    except (MismatchError, FailedError) as error:
        sys.exit(f"bench: error: {error}")
    path = given.work / "bench.json"
    path.write_text(json.dumps(measured.record(), indent=1))
    print(as_markdown(measured.rows))  # noqa: T201  # the result
    if measured.analyst:
        print("\n" + table_of_ways(measured.analyst))  # noqa: T201  # the result
    plot = [suite.peers, "-m", "benchmarks.plot", str(path), str(path.with_suffix(".svg"))]
    subprocess.run(plot, cwd=ROOT, check=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # progress


class Measured:
    """Runs the parts of the suite and keeps what was found.

    Parameters
    ----------
    suite : Suite
    """

    def __init__(self, suite: Suite) -> None:
        self.rows: list[Row] = []
        self.analyst: dict[str, dict[str, float]] = {}
        self._suite = suite
        self._builds: dict[str, dict[str, Any]] = {}
        self._questions: dict[str, Any] = {}
        self._peak = 0

    def record(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "machine": machine(),
            "rows": as_records(self.rows),
            "builds": self._builds,
            "questions": self._questions,
            "analyst": self.analyst,
        }

    def short(self, years: str, rounds: int) -> None:
        """Race all routes over a short span of years."""
        first, last = map(int, years.split(":"))
        inputs = self._suite.sample(first, last, years)
        probe = (first + last) // 2
        reference = self._suite.reference(inputs, probe)
        contestants = self._suite.contestants(inputs)
        costs = self._suite.race(contestants, reference, rounds)
        for contestant in contestants:
            self._keep(f"{years} {contestant.name}", contestant.label, costs[contestant.name])
        ours = costs["luc_load"]
        span = f"build {last - first + 1} years"
        for name, what, target in (
            ("xarray_pass", f"{span} / one xarray pass", 0.9),
            ("xarray_sql_duckdb", f"{span} / xarray-sql to DuckDB, land rows", 0.625),
            ("pandas_duckdb", f"{span} / pandas a year to DuckDB", 0.4),
            ("dask_parquet", f"{span} / dask to_parquet", 1),
            ("luc_load_one_lane", f"{span}, two workers / one", 0.6),
        ):
            note = f"{_median(ours):.2f} s / {_median(costs[name]):.2f} s"
            self.rows.append(Row(what, ratio(ours, costs[name]), target, "ratio", note))
        cpu = attrgetter("cpu_seconds")
        note = f"{_median(ours, cpu):.1f} s / {_median(costs['xarray_pass'], cpu):.1f} s"
        what = f"processor time, {span} / one xarray pass"
        share = ratio(ours, costs["xarray_pass"], cpu)
        self.rows.insert(1, Row(what, share, 1.4, "ratio", note))
        slow = costs["luc_load_first"]
        note = f"{_median(slow):.2f} s / {_median(costs['xarray_pass']):.2f} s"
        what = "first build on a machine / one xarray pass"
        self.rows.insert(1, Row(what, ratio(slow, costs["xarray_pass"]), 1.5, "ratio", note))
        self._peak = max(cost.peak_bytes for cost in [*ours, *slow])
        what = f"peak resident memory, {last - first + 1} years"
        self.rows.append(Row(what, self._peak / GIB, 0.8, "GiB", "of all rounds"))
        out = self._suite.out(contestants[0])
        self._sizes(out, inputs, f"{last - first + 1} years")
        self._ask(out / "luc.duckdb", reference, probe, f"{last - first + 1}")

    def long(self) -> None:
        """Build 173, 100 and 1173 years, each once, and ask the long ones."""
        suite = self._suite
        inputs = suite.sample(1850, 2021, "1850:2022")
        self._one_build(inputs, "173")
        built = suite.out(suite.luc_load(inputs, name="luc_load_173")) / "luc.duckdb"
        self.analyst = suite.analyst(built, inputs, 2000)
        full = suite.sample(850, 2021, "850:2022")
        part = replace(full, years="1923:2022")
        hundred = [self._one_build(part, "100") for _ in range(3)]
        every = self._one_build(full, "1173")
        note = f"{every.seconds:.1f} s / {_median(hundred):.1f} s"
        share = every.seconds / _median(hundred)
        self.rows.append(Row("time for 1173 years / 100 years", share, 12, "ratio", note))
        share = every.peak_bytes / self._peak
        note = f"{every.peak_bytes / GIB:.2f} GiB"
        self.rows.append(Row("memory for 1173 years / 30 years", share, 1.1, "ratio", note))

    def growth(self) -> None:
        """Build more and fewer years, variables and cells, to see what each of them costs."""
        suite = self._suite
        inputs = suite.sample(1850, 2021, "1850:2022")
        for first in (2013, 2003, 1983, 1943):
            part = replace(inputs, years=f"{first}:2022")
            self._grow(part, f"{2023 - first} years", check=True)
        part = replace(inputs, years="1990:2019")
        self._grow(part, "30 years, both files", check=True)
        self._grow(replace(part, files=("states",)), "30 years, 14 states", check=False)
        self._grow(replace(part, files=("eluc",)), "30 years, ELUC", check=False)
        self._grow(part, "30 years, every cell", "--cells", "all", check=True)
        half = Suite(suite.work, suite.peers, "0.5", suite.say)
        self._grow(half.sample(1990, 2019, "1990:2019"), "30 years at 0.5 degree", check=False)

    def _grow(self, inputs: Inputs, label: str, *more: str, check: bool) -> None:
        reference = self._suite.reference(inputs, 2015) if check else None
        contestant = self._suite.luc_load(inputs, *more, name="luc_load_growth")
        runs = [self._suite.once(contestant, reference) for _ in range(3)]
        self._keep(f"growth, {label}", f"luc-load, {label}", runs)

    def start_up(self) -> None:
        """Time the short commands."""
        seconds = self._suite.start_up("--help")
        self.rows.append(Row("luc-load --help", seconds, 0.1, "s"))
        database = self._suite.work / "out" / "luc_load" / "luc.duckdb"
        seconds = self._suite.start_up("query", "FROM eluc_global LIMIT 1", str(database))
        self.rows.append(Row("luc-load query of one line", seconds, 0.4, "s"))
        if self._suite.knows("info"):
            seconds = self._suite.start_up("info", str(database))
            self.rows.append(Row("luc-load info", seconds, 1.0, "s"))
        else:
            self.rows.append(Row("luc-load info", None, 1.0, "s", "no such command yet"))

    def _one_build(self, inputs: Inputs, label: str) -> Cost:
        probe = 2000
        reference = self._suite.reference(inputs, probe)
        contestant = self._suite.luc_load(inputs, name=f"luc_load_{label}")
        cost = self._suite.once(contestant, reference)
        name = f"{inputs.years} {contestant.name}"
        earlier = [Cost(**kept) for kept in self._builds.get(name, {}).get("runs", [])]
        self._keep(name, f"luc-load, {label} years", [*earlier, cost])
        if label != "100":
            out = self._suite.out(contestant)
            self._sizes(out, inputs, f"{label} years")
            self._ask(out / "luc.duckdb", reference, probe, label)
        return cost

    def _keep(self, name: str, label: str, costs: Sequence[Cost]) -> None:
        runs = [asdict(cost) | {"output": ""} for cost in costs]
        self._builds[name] = {"label": label, "median_seconds": _median(costs), "runs": runs}

    def _sizes(self, out: Path, inputs: Inputs, label: str) -> None:
        database = (out / "luc.duckdb").stat().st_size
        parquet = sum(path.stat().st_size for path in (out / "parquet").rglob("*.parquet"))
        netcdf = inputs.loaded_bytes
        note = f"{{:,.0f}} MB / {netcdf / 1e6:,.0f} MB"
        for what, size, target in (("Parquet", parquet, 0.7), ("DuckDB", database, 1.35)):
            shown = note.format(size / 1e6)
            row = Row(f"{what} / compressed netCDF, {label}", size / netcdf, target, "ratio", shown)
            self.rows.append(row)

    def _ask(self, database: Path, reference: Path, probe: int, label: str) -> None:
        found = self._suite.questions(database, reference, probe)
        with duckdb.connect(str(database), read_only=True) as con:
            # The transitions are not loaded: their views are empty.
            listed = con.sql(
                "SELECT view_name FROM duckdb_views() "
                "WHERE NOT internal AND NOT contains(sql, 'transition')"
            ).fetchall()
        first_rows = self._suite.first_rows(database, [view for (view,) in listed])
        self._questions[label] = {"times": found, "first_rows": first_rows}
        years = f"{label} years"
        series = 40 if label == "1173" else 10
        for key, what, target in (
            ("series_state", "one cell's series, state", series),
            ("series_merged", "one cell's series, eluc_state", series),
            ("map_eluc", "one-year map of all land, ELUC", 60),
            ("map_state", "one-year map of all land, 14 states", 60),
            ("state_diff_year", "state_diff of one year, all cells", 150),
            ("luc_year_land", "luc of one year, all land", 150),
        ):
            first = f"first time {found[key]['cold'] * 1e3:.0f} ms"
            row = Row(f"{what}, {years}", found[key]["warm"] * 1e3, target, "ms", first)
            self.rows.append(row)
        view = found["diffs_view"]["best"]
        hand = {k: v["best"] for k, v in found.items() if k.startswith("diffs_")}
        del hand["diffs_view"]
        best = min(hand, key=lambda key: hand[key])
        note = f"{view:.1f} s / {hand[best]:.1f} s ({best.removeprefix('diffs_')})"
        what = f"state_diff of all years, summed / best by hand, {years}"
        self.rows.append(Row(what, view / hand[best], 1.5, "ratio", note))
        direct = f"kept sums; added up directly {found['totals_direct']['warm']:.2f} s"
        seconds = found["totals_view"]["warm"]
        self.rows.append(Row(f"global totals of 12 fractions, {years}", seconds, 0.5, "s", direct))
        slow = max(first_rows, key=lambda name: first_rows[name]["seconds"])
        wide = max(first_rows, key=lambda name: first_rows[name]["peak_bytes"])
        rows = f"any view LIMIT 200, {years}"
        self.rows.append(Row(f"{rows}: time", first_rows[slow]["seconds"], 1, "s", slow))
        peak = first_rows[wide]["peak_bytes"] / GIB
        self.rows.append(Row(f"{rows}: memory", peak, 2, "GiB", wide))


def _median(costs: Sequence[Cost], cost: Callable[[Cost], float] = attrgetter("seconds")) -> float:
    return statistics.median(map(cost, costs))


if __name__ == "__main__":
    main()

"""The benchmark suite works on a tiny grid, and tells no time of a route with a wrong answer."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from benchmarks.analyst import as_markdown as table_of_ways
from benchmarks.answers import MismatchError, compare, compare_number
from benchmarks.measure import Cost, FailedError, run
from benchmarks.report import Row, as_markdown
from benchmarks.suite import Contestant, Inputs, Suite, ratio

YEARS = "2010:2013"


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    # The tests' own Python stands for the peers': it has pandas, and xarray-sql is not called.
    work = tmp_path_factory.mktemp("bench")
    return Suite(work, sys.executable, "2", lambda _: None)


@pytest.fixture(scope="module")
def inputs(suite: Suite) -> Inputs:
    return suite.sample(2010, 2013, YEARS)


@pytest.fixture(scope="module")
def reference(suite: Suite, inputs: Inputs) -> Path:
    return suite.reference(inputs, 2012)


def contestant(suite: Suite, inputs: Inputs, name: str) -> Contestant:
    return next(one for one in suite.contestants(inputs) if one.name == name)


@pytest.mark.slow
def test_routes_are_timed_and_questions_answered(
    suite: Suite, inputs: Inputs, reference: Path
) -> None:
    names = ("luc_load", "xarray_pass", "pandas_duckdb")
    chosen = [contestant(suite, inputs, name) for name in names]
    costs = suite.race(chosen, reference, rounds=1)
    for name in names:
        assert len(costs[name]) == 1
        assert costs[name][0].peak_bytes > 10_000_000
        assert costs[name][0].cpu_seconds > 0
    database = suite.out(chosen[0]) / "luc.duckdb"
    times = suite.questions(database, reference, 2012)
    assert {"series_state", "state_diff_year", "luc_year", "diffs_view", "diffs_window"} <= set(
        times
    )
    assert suite.first_rows(database, ["luc"])["luc"]["seconds"] > 0
    ways = suite.analyst(database, inputs, 2012)
    assert ways["one cell of luc"]["rows"] == 3
    assert all(times[way] > 0 for times in ways.values() for way in ("view", "hand", "xarray"))
    assert "| luc summed by year |" in table_of_ways(ways)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE state SET primf = primf + 0.001 WHERE year = 2011 AND primf > 0.5", "primf sum"),
        ("DELETE FROM state WHERE year = 2012 AND lat > 60", "count of 2012"),
        ("UPDATE state SET lon = -lon WHERE lat < 0", "primf sum_lon"),
        ("DELETE FROM eluc WHERE year = 2013", "eluc holds the years"),
    ],
)
def test_a_wrong_answer_is_refused(
    suite: Suite, inputs: Inputs, reference: Path, change: str, message: str
) -> None:
    right = contestant(suite, inputs, "pandas_duckdb")

    def falsified(out: Path) -> list[list[str]]:
        with duckdb.connect(str(out / "peer.duckdb")) as con:
            con.execute(change)
        return right.results(out)

    with pytest.raises(MismatchError, match=message):
        suite.race([replace(right, results=falsified)], reference, rounds=1)


def test_a_missing_number_does_not_agree(reference: Path) -> None:
    expected = json.loads(reference.read_text())
    assert compare("itself", expected, expected) == 4 * (14 * 3 + 2 + 3 + 2)
    with pytest.raises(MismatchError, match="primf of 2012 is None"):
        compare_number("one", "primf of 2012", None, 1.0, 1.0)
    with pytest.raises(MismatchError):
        compare_number("one", "primf of 2012", float("nan"), 1.0, 1.0)


def test_a_process_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match="no such luck"):
        run([sys.executable, "-c", "raise SystemExit('no such luck')"], tmp_path / "log")


def test_memory_is_that_of_the_whole_family(tmp_path: Path) -> None:
    large = "import subprocess, sys, time; b = bytearray(100_000_000)"
    child = f"{large}; time.sleep(0.5)"
    parent = f"{large}; subprocess.run([sys.executable, '-c', {child!r}])"
    cost = run([sys.executable, "-c", parent], tmp_path / "log")
    if Path("/proc/self/statm").exists():
        assert cost.peak_bytes > 200_000_000


def test_ratios_are_those_of_each_round() -> None:
    ours = [Cost(seconds, 0, 0, "") for seconds in (1.0, 20.0, 3.0)]
    theirs = [Cost(seconds, 0, 0, "") for seconds in (2.0, 40.0, 3.0)]
    assert ratio(ours, theirs) == 0.5


def test_the_table_says_what_is_missed() -> None:
    rows = [Row("a", 0.5, 0.7, "ratio"), Row("b", 41.2, 40, "ms"), Row("c", None, 1, "s")]
    lines = as_markdown(rows).splitlines()
    assert "0.50" in lines[2]
    assert "| met" in lines[2]
    assert "41 ms" in lines[3]
    assert "| missed" in lines[3]
    assert "not measured" in lines[4]

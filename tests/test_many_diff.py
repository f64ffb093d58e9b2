"""`luc-load diff` says what two databases hold alone, and where their values differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from click.testing import CliRunner
from files import STATE_NAMES, Content, Form, Place, eluc_content, state_content, write

from loader import DiffReport, build, diff
from loader.cli import commands
from loader.errors import SourceError, SourceMissingError

PLACE = Place(north=87.5, west=-177.5, step_lat=5, step_lon=5, n_lat=36, n_lon=72)
YEARS = tuple(range(2000, 2007))
STATES = state_content(4, PLACE, YEARS, names=STATE_NAMES)
ELUC_CONTENT = eluc_content(5, PLACE, YEARS)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    build(
        states=write(folder / "states.nc", STATES, Form()),
        eluc=write(folder / "eluc.nc", ELUC_CONTENT, Form(time="bare")),
        out=folder / "out",
    )
    return folder / "out"


def other(folder: Path, change: Callable[[Content], Content] = lambda c: c, **options: str) -> Path:
    """Return another build, of states that are changed."""
    build(
        states=write(folder / "states.nc", change(STATES), Form()),
        eluc=write(folder / "eluc.nc", ELUC_CONTENT, Form(time="bare")),
        out=folder / "other",
        **options,  # type: ignore[arg-type]  # text options only
    )
    return folder / "other"


def changed(content: Content) -> Content:
    """Return a content with three other values of urban, one of them missing."""
    urban = content.values["urban"].copy()
    cells = np.argwhere(~np.isnan(urban[2]))[:3]
    for step, (row, column), add in zip((2, 2, 5), cells, (0.25, 0.5, np.nan), strict=True):
        urban[step, row, column] += np.float32(add)
    return replace(content, values={**content.values, "urban": urban})


def test_a_database_is_the_same_as_itself(first: Path) -> None:
    report = diff(first, first)
    assert report.same
    assert [table.name for table in report.tables] == ["state", "eluc"]
    assert {source.status for source in report.sources} == {"same"}
    assert "All values are equal." in report.text()


def test_every_different_value_is_counted_and_placed(first: Path, tmp_path: Path) -> None:
    second = other(tmp_path, changed)
    report = diff(first, second)
    state, eluc = report.tables
    assert eluc.same
    assert not report.same
    (urban,) = state.columns
    assert (urban.name, urban.different, urban.missing_in_one) == ("urban", 3, 1)
    row, column = np.argwhere(~np.isnan(STATES.values["urban"][2]))[1]
    assert (urban.year, urban.latitude, urban.longitude) == (
        2002,
        PLACE.lat[row],
        PLACE.lon[column],
    )
    assert urban.value_a == STATES.values["urban"][2, row, column]
    assert urban.largest == pytest.approx(0.5)
    assert [(one.year, one.different) for one in state.worst_years] == [(2002, 2), (2005, 1)]
    assert (state.years, state.equal_years, state.rows_only_a, state.rows_only_b) == (7, 5, 0, 0)
    assert [(s.name, s.status) for s in report.sources] == [
        ("eluc", "same"),
        ("states", "only in A"),
        ("states", "only in B"),
    ]
    # The other way round the same, with the values exchanged.
    back = diff(second, first).tables[0].columns[0]
    assert (back.value_a, back.value_b, back.different) == (urban.value_b, urban.value_a, 3)


def test_counts_are_those_of_a_join_in_duckdb(first: Path, tmp_path: Path) -> None:
    second = other(tmp_path, lambda c: state_content(9, PLACE, YEARS, names=STATE_NAMES))
    table = diff(first, second, memory_limit="512MiB", workers=1).tables[0]
    with duckdb.connect() as con:
        for name, place in (("a", first), ("b", second)):
            con.execute(f"ATTACH '{place}/luc.duckdb' AS {name} (READ_ONLY)")
        ((only_a, only_b, both, *different),) = con.sql(
            "SELECT count(*) FILTER (y.year IS NULL), count(*) FILTER (x.year IS NULL), "
            "count(*) FILTER (x.year IS NOT NULL AND y.year IS NOT NULL), "
            + ", ".join(
                f'count(*) FILTER (x.year IS NOT NULL AND y.year IS NOT NULL AND x."{name}" '
                f'IS DISTINCT FROM y."{name}")'
                for name in STATE_NAMES
            )
            + " FROM a.state AS x FULL JOIN b.state AS y "
            "ON x.cell_id = y.cell_id AND x.year = y.year"
        ).fetchall()
    assert (table.rows_only_a, table.rows_only_b, table.rows_both) == (only_a, only_b, both)
    assert {one.name: one.different for one in table.columns} == {
        name: count for name, count in zip(STATE_NAMES, different, strict=True) if count
    }


def test_years_columns_and_cells_of_one_only_are_named(first: Path, tmp_path: Path) -> None:
    def fewer(content: Content) -> Content:
        values = {n: v for n, v in content.values.items() if n != "secma"}
        return replace(content, values=values)

    second = other(tmp_path, fewer, years="2001:2004", bbox="-60,-60,60,60")
    report = diff(first, second)
    state = report.tables[0]
    assert state.columns_only_a == ("secma",)
    assert state.years_only_a == (2000, 2005, 2006)
    assert (report.cells_only_b, report.cells_only_a + report.cells_both) == (0, 36 * 72)
    assert state.columns == ()
    assert state.rows_only_a > 0
    assert state.rows_only_b == 0
    text = report.text()
    assert "years only in A: 2000, 2005-2006" in text
    assert "columns only in A: secma" in text


def test_the_command_prints_text_or_json(first: Path, tmp_path: Path) -> None:
    second = other(tmp_path, changed)
    run = CliRunner().invoke
    names = [str(first), str(second)]
    result = run(commands, ["diff", *names])
    assert result.exit_code == 0
    assert "urban" in result.output
    record = json.loads(run(commands, ["diff", *names, "--format", "json"]).output)
    assert record["tables"][0]["columns"][0]["different"] == 3
    assert record["same"] is False
    assert run(commands, ["diff", *names, "--exit-code"]).exit_code == 1
    assert run(commands, ["diff", names[0], names[0], "--exit-code"]).exit_code == 0


def test_a_database_that_cannot_be_compared_is_an_error(first: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError):
        diff(first, tmp_path / "none")
    with pytest.raises(SourceError, match="diff compares stored tables"):
        diff(first, other(tmp_path, tables="views"))
    assert DiffReport is type(diff(first, first))

"""Samples in the layouts of LUH2 v2h and LUH3 are built, checked, queried and exported."""

from __future__ import annotations

from pathlib import Path

import duckdb
import netCDF4
import numpy as np
import pytest

from loader import build, check, export, query, sample
from loader.catalog.sqlfiles import read_files
from loader.errors import UsageError
from loader.exporting.selection import Selection
from loader.plotting.charts import STACK_COLOURS
from loader.plotting.places import Place
from loader.plotting.series import place_series
from loader.plotting.session import opened
from loader.querying.questions import list_questions
from loader.sampling.editions import SAMPLE_EDITIONS

YEARS = {"v2h": (2011, 2014), "luh3": (2496, 2499)}


@pytest.fixture(scope="module", params=YEARS)
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """Return an edition, and the folder of its files and its database."""
    folder = tmp_path_factory.mktemp(request.param)
    sample(folder / "raw", years=YEARS[request.param], resolution=2, edition=request.param)
    build(raw=folder / "raw", all=True, out=folder / "out")
    return request.param, folder


def test_the_files_have_the_layout_of_the_edition(built: tuple[str, Path]) -> None:
    edition, folder = built
    with netCDF4.Dataset(folder / "raw" / "states.nc") as states:
        assert ("pltns" in states.variables) == (edition == "luh3")
        assert states["time"].units.startswith("days" if edition == "luh3" else "years")
        assert ("lat_bounds" in states.variables) == (edition == "v2h")
        if edition == "luh3":
            assert np.all(states["pltns"][:] == 0)
    with netCDF4.Dataset(folder / "raw" / "transitions.nc") as transitions:
        assert ("primf_to_secdf" in transitions.variables) == (edition == "luh3")
        assert transitions["primf_to_secdn"].units == ("1 yr-1" if edition == "luh3" else "1")
    with netCDF4.Dataset(folder / "raw" / "management.nc") as management:
        assert management["fertl_c3ann"].units == "kg ha-1 yr-1 (crop season)"


def test_every_check_holds(built: tuple[str, Path]) -> None:
    report = check(built[1] / "out")
    assert report.holds, report.text()
    statuses = {one.name: one.status for one in report.results}
    assert {statuses[name] for name in ("mass_balance", "state_sums", "totals")} == {"ok"}


def test_every_view_and_query_works(built: tuple[str, Path]) -> None:
    edition, folder = built
    first, last = YEARS[edition]
    with duckdb.connect(str(folder / "out" / "luc.duckdb"), read_only=True) as con:
        for view in read_files("sql/views"):
            con.sql(f"SELECT * FROM {view} LIMIT 3").fetchall()
        years = con.sql("SELECT min(year), max(year) FROM state").fetchall()
        assert years == [(first, last + 1)]
        columns = {name for name, *_ in con.sql("DESCRIBE luc").fetchall()}
        assert ("pltns_diff" in columns) == (edition == "luh3")
    for one in list_questions():
        query(one.name, folder / "out")


def test_queries_have_the_land_uses_and_moves_of_the_edition(built: tuple[str, Path]) -> None:
    edition, folder = built
    described = {row[0] for row in query("describe_merged", folder / "out")}
    assert ("pltns" in described) == (edition == "luh3")
    # Harvest is part of primf_to_secdf where the file has that, and must not count twice.
    ((gross,),) = query(
        "SELECT sum(fraction * area_ha) / count(DISTINCT year) / 1e6 "
        "FROM transition_long JOIN cell USING (cell_id) GROUP BY year // 10",
        folder / "out",
    )
    ((_, _, counted, *_),) = query("gross_and_net_change", folder / "out")
    assert counted == pytest.approx(gross, abs=0.01)


def test_every_land_use_is_drawn(built: tuple[str, Path]) -> None:
    edition, folder = built
    with opened(folder / "out") as con:
        for place in (None, Place("here", box=Selection.parse(bbox="-80,-40,-30,10").box)):
            data = place_series(con, place)
            assert ("pltns" in data.uses) == (edition == "luh3")
            assert set(data.uses) <= set(STACK_COLOURS)


@pytest.mark.parametrize("built", ["luh3"], indirect=True)
def test_a_change_of_plantations_counts(built: tuple[str, Path], tmp_path: Path) -> None:
    _, folder = built
    raw = tmp_path / "states.nc"
    raw.write_bytes((folder / "raw" / "states.nc").read_bytes())
    with netCDF4.Dataset(raw, "a") as states:
        # Land that was urban is planted in the last year, everywhere.
        states["pltns"][-1] = states["urban"][-1]
        states["urban"][-1] = 0 * states["urban"][-1]
    (emissions,) = folder.glob("raw/BLUE*")
    build(eluc=emissions, states=raw, static=None, out=tmp_path / "out")
    ((_, _, _, changed, *_),) = query("emissions_per_hectare_changed", tmp_path / "out")
    ((expected,),) = query(
        "SELECT sum(changed_ha) / 1e6 FROM luc JOIN land_change USING (cell_id, year)",
        tmp_path / "out",
    )
    assert changed == pytest.approx(expected, abs=0.01)
    ((urban, *_),) = query("SELECT max(abs(pltns_diff)) FROM luc", tmp_path / "out")
    assert urban > 0


def test_it_is_exported(built: tuple[str, Path], tmp_path: Path) -> None:
    _, folder = built
    export(folder / "out", out=tmp_path / "state.nc", what="state")
    with (
        netCDF4.Dataset(tmp_path / "state.nc") as copy,
        netCDF4.Dataset(folder / "raw" / "states.nc") as original,
    ):
        np.testing.assert_array_equal(copy["time"][:], original["time"][:])
        np.testing.assert_array_equal(copy["primf"][:], original["primf"][:])


def test_samples_of_editions_are_told_apart(tmp_path: Path) -> None:
    first = sample(tmp_path, years=2000, resolution=2, only=["states"])[0].stat().st_mtime_ns
    again = sample(tmp_path, years=2000, resolution=2, only=["states"])[0].stat().st_mtime_ns
    other = sample(tmp_path, years=2000, resolution=2, only=["states"], edition="luh3")[0]
    assert first == again != other.stat().st_mtime_ns
    with pytest.raises(UsageError, match="<= 2014"):
        sample(tmp_path, years=2020, resolution=2, edition="v2h")
    with pytest.raises(UsageError, match="expected gcb2022, v2h, luh3"):
        sample(tmp_path, edition="v3")


def test_an_edition_has_the_variables_of_its_files() -> None:
    luh3 = SAMPLE_EDITIONS["luh3"]
    assert [v.name for v in luh3.states][-1] == "pltns"
    moves = {v.name for v in luh3.transitions}
    assert {"urban_to_pltns", "pltns_to_urban", "primf_to_secdf", "primf_harv"} <= moves
    assert "pltns_to_primf" not in moves

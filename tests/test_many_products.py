"""Several products of emissions are columns of one table, with totals of their own."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import netCDF4
import numpy as np
import pytest
from click.testing import CliRunner
from files import GRIDS, STATE_NAMES, Form, eluc_content, state_content, write
from test_many_files import failed_checks

from loader import build, check, info, open_dataset, query
from loader.catalog.sqlfiles import read_files
from loader.checking.subject import Subject
from loader.cli import commands
from loader.errors import SourceError, UsageError
from loader.exporting.selection import Selection
from loader.page.contents import report_contents
from loader.page.page import render_report
from loader.querying.session import session
from loader.schema import ELUC

YEARS = tuple(range(1990, 1996))
GRID = GRIDS["global"]
NET = eluc_content(1, GRID, YEARS)
COMMITTED = replace(eluc_content(2, GRID, YEARS[1:]), maps=NET.maps)
UNITS = {"units": "t C/ha/yr"}


def described(path: Path, title: str) -> Path:
    with netCDF4.Dataset(path, "a") as file:
        file.title = title
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("products")
    return {
        "net": write(folder / "net.nc", NET, Form(time="bare")),
        "committed": described(
            write(folder / "committed.nc", COMMITTED, Form(south_first=True)),
            "BLUE committed emissions, GCB2022",
        ),
        "states": write(
            folder / "states.nc", state_content(3, GRID, (*YEARS, 1996), names=STATE_NAMES), Form()
        ),
    }


@pytest.fixture(scope="module")
def database(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "out"
    arguments = ["--states", files["states"], "--eluc", files["net"]]
    arguments += ["--eluc", f"committed={files['committed']}", "-o", out]
    result = CliRunner().invoke(commands, ["build", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return out


def rows(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database / "luc.duckdb"), read_only=True) as con:
        return con.sql(sql).fetchall()


def grid_of(database: Path, column: str, years: tuple[int, ...]) -> Any:  # noqa: ANN401
    """Return a column of eluc on (year, lat, lon), NaN where there is no row."""
    values = np.full((len(years), GRID.n_lat * GRID.n_lon), np.nan, np.float32)
    for cell, year, value in rows(database, f"SELECT cell_id, year, {column} FROM eluc"):
        if year in years and value is not None:
            values[years.index(year), cell] = value
    return values.reshape(len(years), GRID.n_lat, GRID.n_lon)


def test_every_product_is_a_column(database: Path) -> None:
    for column, content in (("eluc", NET), ("committed", COMMITTED)):
        stored = grid_of(database, column, content.years)
        expected = content.values["ELUC"]
        present = ~np.isnan(stored)
        np.testing.assert_array_equal(stored[present], expected[present])
        # What is not stored is missing, or 0 at sea in all years.
        assert np.all(np.isnan(expected[~present]) | (expected[~present] == 0))
    assert rows(database, "SELECT count(committed) FROM eluc WHERE year = 1990") == [(0,)]
    assert rows(database, "SELECT count(*) FROM eluc WHERE eluc IS NULL AND committed IS NULL") == [
        (0,)
    ]
    assert rows(
        database, "SELECT name, first_year, last_year FROM source WHERE name <> 'states'"
    ) == [
        ("eluc", 1990, 1995),
        ("eluc/committed", 1991, 1995),
    ]
    assert not {name for name, _ in failed_checks(database)} & {
        "totals",
        "contents",
        "catalog",
        "build_record",
    }


@pytest.mark.parametrize(
    ("view", "measure", "unit"),
    [("eluc_global", "committed_pgc", 1e9), ("eluc_country", "committed_mtc", 1e6)],
)
def test_every_product_has_totals(view: str, measure: str, unit: float, database: Path) -> None:
    found = dict(rows(database, f"SELECT year, sum({measure}) FROM {view} GROUP BY year"))
    sums = "SELECT year, sum(committed * area_ha) FROM eluc JOIN cell USING (cell_id) GROUP BY year"
    for year, total in rows(database, sums):
        assert (found[year] is None) == (total is None)
        assert total is None or found[year] == pytest.approx(total / unit)


@pytest.mark.parametrize("view", ["eluc_state", "luc"])
def test_products_are_in_the_views(view: str, database: Path) -> None:
    difference = rows(
        database,
        f"SELECT count(*), count(v.committed) FROM {view} AS v "
        "JOIN eluc AS e USING (cell_id, year) "
        "WHERE v.committed IS DISTINCT FROM e.committed OR v.committed_tc IS DISTINCT FROM "
        "e.committed * v.area_ha",
    )
    assert difference == [(0, 0)]
    assert rows(database, f"SELECT count(committed) > 0 FROM {view}") == [(True,)]


@pytest.fixture(scope="module")
def exchanged(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with the same products, the second one first."""
    out = tmp_path_factory.mktemp("exchanged") / "out"
    build(eluc={"eluc": files["committed"], "net": files["net"]}, states=files["states"], out=out)
    return out


OF_PRODUCTS = {
    "eluc": "cell_id, year",
    "land_eluc": "cell_id, year",
    "eluc_diff": "cell_id, year",
    "eluc_co2": "cell_id, year",
    "eluc_state": "cell_id, year",
    "luc": "cell_id, year",
    "point(45.0, -15.0)": "cell_id, year",
    "eluc_global": "year",
    "eluc_cumulative": "year",
    "eluc_country": "country, year",
    "eluc_region": "layer, name, year",
    "eluc_map_1deg": "year, lat, lon",
    "luc_map_1deg": "year, lat, lon",
    "cumulative_emissions(1990, 1995)": "cell_id",
    "meta.eluc_total": "layer, region_id, year",
}
"""Everything that has emissions, and what tells its rows apart."""


@pytest.mark.parametrize("relation", OF_PRODUCTS)
def test_a_further_product_has_what_a_first_one_has(
    relation: str, database: Path, exchanged: Path
) -> None:
    columns = [name for (name, *_) in rows(database, f"DESCRIBE FROM {relation}")]
    further = [name for name in columns if name.startswith("committed")]
    first = columns[: columns.index(further[0])][-len(further) :]
    # emission_tc becomes committed_tc, cumulative_pgc committed_cumulative_pgc.
    assert further == [
        f"committed_{re.sub('^(eluc|emission)(_|$)', '', name)}".rstrip("_") for name in first
    ]
    keys = OF_PRODUCTS[relation]
    ours, theirs = (
        rows(folder, f"SELECT {keys}, {', '.join(names)} FROM {relation} ORDER BY ALL")
        for folder, names in ((database, further), (exchanged, first))
    )
    assert len(ours) > 0
    assert ours == theirs


@pytest.mark.parametrize("view", ["eluc_map_1deg", "luc_map_1deg"])
def test_a_map_has_the_squares_of_any_product(view: str, database: Path) -> None:
    measures = "emission_tc IS NULL, committed_tc IS NULL"
    found = rows(database, f"SELECT DISTINCT {measures} FROM {view} WHERE year = 1990")
    assert found == [(False, True)]


def test_check_compares_the_map_of_every_product(database: Path, tmp_path: Path) -> None:
    path = tmp_path / "luc.duckdb"
    path.write_bytes((database / "luc.duckdb").read_bytes())
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE luc_map_1deg SET committed_tc = committed_tc + 1e9 WHERE year = 1994")
    (result,) = check(path, only=["derived_tables"]).results
    assert result.status == "failed"
    assert {bad.variable for bad in result.worst} == {"committed_tc"}


def test_check_compares_complete_rows_whatever_a_product_is_named(
    files: dict[str, Path], tmp_path: Path
) -> None:
    products = {"eluc": files["net"], "s": files["committed"]}
    build(eluc=products, states=files["states"], out=tmp_path, materialize="luc")
    with duckdb.connect(str(tmp_path / "luc.duckdb")) as con:
        con.execute("UPDATE meta.eluc_series SET eluc = list_reverse(eluc)").fetchall()
        con.execute("UPDATE luc SET primf = 1 - primf").fetchall()
    (result,) = check(tmp_path, only=["derived_tables"]).results
    assert {bad.variable for bad in result.worst} == {"eluc_series", "luc"}


@pytest.mark.parametrize("name", ["committed_tc", "cumulative", "primf_diff", "pltns_ha"])
def test_products_whose_columns_would_be_others(
    name: str, files: dict[str, Path], tmp_path: Path
) -> None:
    products = {"eluc": files["net"], "committed": files["committed"]}
    other = write(tmp_path / "other.nc", NET, Form(time="bare"))
    with pytest.raises((SourceError, UsageError), match=r"would both be|not a valid name"):
        build(eluc={**products, name: other}, states=files["states"], out=tmp_path, dry_run=True)


OF_EMISSIONS = [name for name, file in read_files("queries").items() if "'product'" in file.text]


OF_PLACES = {"london_series", "biggest_yearly_changes"}
BUSIEST = (
    "FROM luc WHERE eluc <> committed GROUP BY lat, lon ORDER BY count(*) DESC, lat, lon LIMIT 1"
)
"""A cell whose products differ in most years."""


def test_every_query_of_emissions_takes_a_product() -> None:
    known = read_files("queries").items()
    named = [n for n, file in known if re.search(r"\b(eluc|emission_[a-z]+)\b", file.text)]
    assert named == OF_EMISSIONS
    assert len(OF_EMISSIONS) > 10


@pytest.mark.parametrize("name", OF_EMISSIONS)
def test_a_query_answers_for_any_product(name: str, database: Path, exchanged: Path) -> None:
    ((latitude, longitude),) = rows(database, f"SELECT lat, lon {BUSIEST}")
    place = {"latitude": latitude, "longitude": longitude} if name in OF_PLACES else {}
    ours = query(name, database, parameters={**place, "product": "Committed"}).arrow()
    assert ours.num_rows > 0
    assert ours == query(name, exchanged, parameters=place).arrow()
    assert ours != query(name, database, parameters=place).arrow()


def test_a_query_of_an_unknown_product(database: Path) -> None:
    with pytest.raises(UsageError, match="'nope', which is not a column of eluc; it has eluc, c"):
        query("global_emissions_by_year", database, parameters={"product": "nope"})


@pytest.mark.parametrize(
    "selection",
    [Selection(), Selection(countries=("Brazil",)), Selection.parse(bbox="-90,-40,-20,40")],
    ids=["the world", "a country", "a box"],
)
def test_a_report_is_about_one_product(
    selection: Selection, database: Path, exchanged: Path
) -> None:
    ours, theirs = (
        report_contents(folder, selection=selection, product=product, checks=False)
        for folder, product in ((database, "Committed"), (exchanged, "eluc"))
    )
    assert ours.series is not None
    assert theirs.series is not None
    np.testing.assert_array_equal(ours.series.emissions, theirs.series.emissions)
    for one, other in zip(ours.countries, theirs.countries, strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.emissions, other.emissions)
    np.testing.assert_array_equal(ours.maps[0].values, theirs.maps[0].values)
    # Neither the words nor the uncertainty of the net flux are those of committed emissions.
    for contents, column, further in ((ours, "committed", "eluc"), (theirs, "eluc", "net")):
        page = render_report(replace(contents, maps=()))
        assert "±" not in page
        assert f"the emissions {column} were" in page
        assert f"luc-load report --product {further}" in page
    with pytest.raises(UsageError, match="no product of emissions 'nope'; eluc has eluc, comm"):
        report_contents(database, product="nope", checks=False)


def test_exported_products_have_the_attributes_of_emissions(
    database: Path, exchanged: Path
) -> None:
    with open_dataset(database) as ours, open_dataset(exchanged) as theirs:
        for net, committed in ((ours.ELUC, ours.committed), (theirs.net, theirs.ELUC)):
            for variable in (net, committed):
                assert variable.attrs["units"] == "t ha-1 yr-1"
                assert variable.attrs["cell_methods"] == "area: mean time: mean"
                assert "positive: source to the atmosphere" in variable.attrs["comment"]
            # CF names the flux of a year, and has no name for what it commits.
            assert "land_use_change" in net.attrs["standard_name"]
            assert "standard_name" not in committed.attrs


def test_every_column_says_what_it_is(database: Path) -> None:
    found = {
        name: (unit, text, source)
        for name, unit, text, source in rows(
            database,
            "SELECT column_name, unit, description, source FROM data_dictionary "
            "WHERE table_name IN ('eluc', 'luc', 'eluc_global', 'eluc_diff')",
        )
    }
    assert found["committed"][0] == ELUC.units
    assert "ommitted" in found["committed"][1]
    assert "BLUE committed emissions" in found["committed"][2]
    assert "ommitted" not in found["eluc"][1]
    assert {
        name: found[name][0] for name in ("committed_tc", "committed_pgc", "committed_diff")
    } == {
        "committed_tc": "t C yr-1",
        "committed_pgc": "Pg C yr-1",
        "committed_diff": ELUC.units,
    }


def test_the_variables_of_a_file_are_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "eluc.nc", NET, Form(time="bare"))
    with netCDF4.Dataset(path, "a") as file:
        for name, units in (
            ("ELUC_deforestation", "t C ha-1 yr-1"),
            ("Regrowth", "Mg C ha-1 year-1"),
            ("npp", "kg C m-2 s-1"),
            ("tas", "K"),
            ("nothing", None),
        ):
            variable = file.createVariable(name, "f4", ("time", "lat", "lon"))
            variable[:] = file["ELUC"][:] / 2
            variable.long_name = f"{name} of a test"
            if units:
                variable.units = units
    build(eluc=path, out=tmp_path / "out")
    columns = rows(tmp_path / "out", "SELECT column_name FROM (DESCRIBE eluc)")
    assert [name for (name,) in columns] == [
        "cell_id",
        "year",
        "eluc",
        "eluc_deforestation",
        "regrowth",
    ]
    wrong = "SELECT count(*) FROM eluc WHERE eluc_deforestation IS DISTINCT FROM eluc / 2::REAL"
    assert rows(tmp_path / "out", wrong) == [(0,)]
    total = "SELECT bool_and(abs(regrowth_pgc - emission_pgc / 2) < 1e-6) FROM eluc_global"
    assert rows(tmp_path / "out", total) == [(True,)]
    described = "SELECT description FROM data_dictionary WHERE (table_name, column_name) = "
    assert rows(tmp_path / "out", f"{described}('eluc', 'regrowth')") == [("Regrowth of a test",)]


@pytest.mark.parametrize("name", ["eluc_net", "Net"])
def test_a_file_may_call_its_net_flux_otherwise(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "eluc.nc", NET, Form(time="bare"))
    with netCDF4.Dataset(path, "a") as file:
        file.renameVariable("ELUC", name)
    build(eluc=path, out=tmp_path / "out")
    np.testing.assert_array_equal(
        rows(tmp_path / "out", "SELECT count(*) > 0 FROM eluc WHERE eluc <> 0"), [(True,)]
    )


def test_a_product_may_be_in_several_files(files: dict[str, Path], tmp_path: Path) -> None:
    halves = []
    for years in (YEARS[1:3], YEARS[3:]):
        chosen = [COMMITTED.years.index(year) for year in years]
        half = replace(COMMITTED, years=years, values={"ELUC": COMMITTED.values["ELUC"][chosen]})
        halves.append(write(tmp_path / f"{years[0]}.nc", half, Form()))
    build(eluc={"eluc": files["net"], "committed": halves}, out=tmp_path / "out")
    build(eluc=[files["net"], f"committed={files['committed']}"], out=tmp_path / "one")
    assert rows(tmp_path / "out", "FROM eluc ORDER BY ALL") == rows(
        tmp_path / "one", "FROM eluc ORDER BY ALL"
    )
    assert [source.name for source in info(tmp_path / "out").sources] == [
        "eluc",
        *["eluc/committed"] * 2,
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["committed={committed}"], "adds a column to the emissions of a first file"),
        (["{net}", "primf={committed}"], "not a valid name of a product"),
        (["{net}", "Größe={committed}"], "no such file"),
    ],
)
def test_products_that_cannot_be(
    given: list[str], expected: str, files: dict[str, Path], tmp_path: Path
) -> None:
    named = [text.format(**files) for text in given]
    with pytest.raises((UsageError, SourceError), match=expected):
        build(eluc=named, out=tmp_path / "out")


@pytest.mark.parametrize(
    ("first", "second", "column"),
    [
        ("BLUE net emissions, GCB2022", "LUCE net emissions, GCB2022", "emission_pgc"),
        ("LUCE net emissions, GCB2022", "BLUE net emissions, GCB2022", "other_pgc"),
        ("LUCE net emissions, GCB2022", "BLUE committed emissions, GCB2022", "emission_pgc"),
    ],
)
def test_the_published_totals_are_compared_with_the_right_product(
    first: str, second: str, column: str, tmp_path: Path
) -> None:
    form = Form(time="bare")
    one = described(write(tmp_path / "one.nc", NET, form), first)
    two = described(write(tmp_path / "two.nc", NET, form), second)
    build(eluc={"eluc": one, "other": two}, out=tmp_path / "out")
    with session(tmp_path / "out") as con:
        subject = Subject.of(con, tmp_path / "out" / "luc.duckdb")
        assert subject.published_column == column
    (result,) = check(tmp_path / "out", only=["published_totals"]).results
    # The values are random, so that those compared are far off.
    is_compared = "BLUE net" in first or "BLUE net" in second
    assert result.status == ("failed" if is_compared else "skipped"), result.summary

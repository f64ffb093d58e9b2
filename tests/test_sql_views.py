"""Every view and macro against the slow, obvious way: pandas in float32, and xarray."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from sql_database import (
    CONTEXT,
    ELUC_YEARS,
    GRID,
    STATE_COLUMNS,
    STATE_YEARS,
    USES,
    Frames,
    create,
    fetch,
    insert,
    random_frames,
    same,
    with_dates,
    with_uses,
    with_whole_states,
)

import loader.catalog.objects
from loader.catalog.objects import (
    SchemaContext,
    YearBlock,
    create_tables,
    create_views,
    year_blocks,
)
from loader.catalog.sqlfiles import read_files
from loader.grid import Grid

Database = tuple[duckdb.DuckDBPyConnection, Frames]
FRACTIONS = USES[:12]
BLOCKS = (1, 2, 32)


@contextmanager
def new_database(block_years: int, *, has_series: bool = False) -> Iterator[Database]:
    frames = random_frames(seed=5)
    if has_series:
        frames = with_whole_states(frames)
    with pytest.MonkeyPatch.context() as patch, duckdb.connect() as con:
        patch.setattr(loader.catalog.objects, "_BLOCK_YEARS", block_years)
        create(con, frames, replace(CONTEXT, has_series=has_series))
        yield con, frames


@pytest.fixture(
    scope="module",
    params=[(years, has_series) for years in BLOCKS for has_series in (False, True)],
    ids=lambda made: f"blocks of {made[0]}{' and series' if made[1] else ''}",
)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Only to be read."""
    block_years, has_series = request.param
    with new_database(block_years, has_series=has_series) as made:
        yield made


def expected_diff(rows: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    years = sorted(set(rows.year))
    before = pd.DataFrame({"year": years[1:], "prev_year": years[:-1]})
    pairs = rows.merge(before, on="year").merge(
        rows, left_on=["cell_id", "prev_year"], right_on=["cell_id", "year"], suffixes=("", " old")
    )
    diff = pairs[["cell_id", "year", "prev_year"]].copy()
    for name in columns:
        diff[f"{name}_diff"] = pairs[name] - pairs[f"{name} old"]
        assert diff[f"{name}_diff"].dtype == np.float32
    return diff


def expected_state_diff(state: pd.DataFrame) -> pd.DataFrame:
    return expected_diff(with_uses(state), (*STATE_COLUMNS, "crop", "forest"))


def expected_eluc_state(frames: Frames) -> pd.DataFrame:
    merged = with_uses(frames.state).merge(frames.eluc, on=["cell_id", "year"], how="outer")
    merged = merged.merge(frames.cell, on="cell_id")
    merged["emission_tc"] = merged.eluc.astype(np.float64) * merged.area_ha
    merged["date"] = [pd.Timestamp(year, 1, 1).date() for year in merged.year]
    first = ["cell_id", "lat", "lon", "year", "date", "area_ha", "is_land", "eluc", "emission_tc"]
    return merged[[*first, *USES]]


def expected_luc(frames: Frames) -> pd.DataFrame:
    state = with_uses(frames.state)
    after = state.assign(year=state.year - 1)
    rows = frames.eluc.merge(state, on=["cell_id", "year"])
    rows = rows.merge(after, on=["cell_id", "year"], suffixes=("", " new"))
    rows = rows.merge(frames.cell, on="cell_id")
    rows["emission_tc"] = rows.eluc.astype(np.float64) * rows.area_ha
    for name in USES:
        rows[f"{name}_diff"] = rows[f"{name} new"] - rows[name]
    first = ["cell_id", "lat", "lon", "year", "area_ha", "is_land", "eluc", "emission_tc"]
    return with_dates(rows[[*first, *USES, *(f"{name}_diff" for name in USES)]])


def test_diffs_are_float32_differences_to_the_latest_earlier_year(database: Database) -> None:
    con, frames = database
    same(fetch(con, "SELECT * FROM state_diff"), expected_state_diff(frames.state))
    same(fetch(con, "SELECT * FROM eluc_diff"), expected_diff(frames.eluc, ("eluc",)))
    assert {(1853, 1851), (1858, 1855)} <= set(
        con.execute("SELECT DISTINCT year, prev_year FROM state_diff").fetchall()
    )


def test_state_diff_equals_xarray(database: Database) -> None:
    con, frames = database
    dense = with_uses(frames.state).set_index(["year", "cell_id"]).to_xarray().astype(np.float32)
    diff = dense.diff("year").to_dataframe().dropna(how="all").reset_index()
    found = fetch(con, "SELECT * FROM state_diff").drop(columns="prev_year")
    found.columns = pd.Index([name.removesuffix("_diff") for name in found.columns])
    names = [*STATE_COLUMNS, "crop", "forest"]
    found = found.dropna(how="all", subset=names)
    same(found.reset_index(drop=True), diff[["cell_id", "year", *names]])


def test_eluc_state_has_a_row_for_what_either_has(database: Database) -> None:
    con, frames = database
    expected = expected_eluc_state(frames)
    assert expected.eluc.isna().sum() > 50
    assert expected.primf.isna().sum() > 50
    same(fetch(con, "SELECT * FROM eluc_state"), expected)


def test_luc_puts_emissions_beside_the_change_until_the_next_year(database: Database) -> None:
    con, frames = database
    expected = expected_luc(frames)
    assert set(expected.year) == {1853, 1854}
    same(fetch(con, "SELECT * FROM luc"), expected)


def test_land_views_keep_the_cells_of_the_mask(database: Database) -> None:
    con, frames = database
    land = frames.cell[frames.cell.is_land]
    assert 0 < len(land) < len(frames.cell)
    found = fetch(con, "SELECT * FROM land_cell", ["cell_id"])
    same(found[list(land.columns)], land, ["cell_id"])
    assert list(found.columns) == [row[0] for row in con.execute("DESCRIBE cell").fetchall()]
    place = ["cell_id", "lat", "lon", "year", "area_ha"]
    for table, rows, columns in (
        ("eluc", frames.eluc, ["eluc"]),
        ("state", frames.state, [*STATE_COLUMNS]),
    ):
        expected = rows.merge(land, on="cell_id")[[*place, *columns]]
        same(fetch(con, f"SELECT * FROM land_{table}"), expected)


def test_crop_and_forest_are_double_sums_in_order(database: Database) -> None:
    con, frames = database
    expected = with_uses(frames.state)[["cell_id", "year", *USES]]
    reverse = frames.state[["c3nfx", "c4per", "c3per", "c4ann", "c3ann"]].sum(axis=1, skipna=False)
    assert (reverse != expected.crop).sum() > expected.crop.isna().sum()
    same(fetch(con, "SELECT * FROM land_use"), expected)


def test_global_totals_are_over_all_stored_cells(database: Database) -> None:
    con, frames = database
    emissions = frames.eluc.merge(frames.cell, on="cell_id")
    emissions["emission_pgc"] = emissions.eluc.astype(np.float64) * emissions.area_ha / 1e9
    found = fetch(con, "SELECT * FROM eluc_global", ["year"])
    assert list(found.columns) == ["year", "date", "emission_pgc"]
    assert found.year.tolist() == list(ELUC_YEARS)
    expected = emissions.groupby("year").emission_pgc.sum()
    np.testing.assert_allclose(found.emission_pgc, expected, rtol=1e-12)
    land = with_uses(frames.state).merge(frames.cell, on="cell_id")
    found = fetch(con, "SELECT * FROM state_global", ["year"])
    assert list(found.columns) == ["year", "date", *(f"{name}_mha" for name in USES)]
    assert found.year.tolist() == list(STATE_YEARS)
    for name in USES:
        area = land[name].astype(np.float64) * land.area_ha / 1e6
        np.testing.assert_allclose(
            found[f"{name}_mha"], area.groupby(land.year).sum(), rtol=1e-12, err_msg=name
        )


def test_point_is_eluc_state_at_the_nearest_cell(database: Database) -> None:
    con, frames = database
    expected = expected_eluc_state(frames)
    cell = int(expected.cell_id.iloc[0])
    lat, lon = frames.cell.loc[frames.cell.cell_id == cell, ["lat", "lon"]].iloc[0]
    found = con.execute("SELECT year, eluc FROM point(?, ?)", [lat + 3, lon + 357]).fetchall()
    series = expected[expected.cell_id == cell].sort_values("year")
    assert [row[0] for row in found] == series.year.tolist()
    same(fetch(con, f"SELECT * FROM point({lat}, {lon})"), series)


def test_state_change_between_any_two_years(database: Database) -> None:
    con, frames = database
    state = frames.state
    pairs = state[state.year == 1858].merge(
        state[state.year == 1850], on="cell_id", suffixes=("", " old")
    )
    expected = pairs[["cell_id"]].assign(first_year=1850, last_year=1858)
    for name in STATE_COLUMNS:
        expected[f"{name}_diff"] = pairs[name] - pairs[f"{name} old"]
    same(fetch(con, "SELECT * FROM state_change(1850, 1858)", ["cell_id"]), expected, ["cell_id"])
    assert con.execute("SELECT count(*) FROM state_change(1850, 1852)").fetchone() == (0,)


@pytest.mark.parametrize("missing", ["eluc", "state", "both"])
def test_views_work_without_a_table(missing: str) -> None:
    frames = random_frames(seed=6)
    state = frames.state if missing == "eluc" else frames.state.head(0)
    eluc = frames.eluc if missing == "state" else frames.eluc.head(0)
    frames = Frames(frames.cell, state, eluc)
    with duckdb.connect() as con:
        create(con, frames)
        same(fetch(con, "SELECT * FROM eluc_state"), expected_eluc_state(frames))
        same(fetch(con, "SELECT * FROM state_diff"), expected_state_diff(state))
        same(fetch(con, "SELECT * FROM eluc_diff"), expected_diff(eluc, ("eluc",)))
        assert fetch(con, "SELECT * FROM luc").empty
        assert len(fetch(con, "SELECT * FROM eluc_global", ["year"])) == eluc.year.nunique()
        assert len(fetch(con, "SELECT * FROM state_global", ["year"])) == state.year.nunique()
        names = con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        assert {name for (name,) in names} == set(read_files("sql/views"))
        for (name,) in names:
            con.execute(f'SELECT * FROM "{name}"').fetchall()


def test_tables_of_an_empty_database_have_the_columns_of_the_contract() -> None:
    with duckdb.connect() as con:
        create_tables(con, CONTEXT)
        rows = con.execute(
            "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
            "WHERE NOT internal ORDER BY table_name, column_index"
        ).fetchall()
        constraints = con.execute(
            "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type <> 'NOT NULL'"
        ).fetchone()
        create_views(con, CONTEXT)
    found = {
        table: [row[1:3] for row in rows if row[0] == table] for table in {row[0] for row in rows}
    }
    keys = [("cell_id", "INTEGER"), ("year", "SMALLINT")]
    assert found["eluc"] == [*keys, ("eluc", "FLOAT")]
    assert found["state"] == [*keys, *((name, "FLOAT") for name in STATE_COLUMNS)]
    assert len(found["transition"]) == 120
    assert len(found["management"]) == 24
    assert found["year"] == [
        ("year", "SMALLINT"),
        ("date", "DATE"),
        ("prev_year", "SMALLINT"),
        ("next_year", "SMALLINT"),
        ("has_eluc", "BOOLEAN"),
        ("has_state", "BOOLEAN"),
    ]
    assert found["cell"] == [
        ("cell_id", "INTEGER"),
        ("lat", "DOUBLE"),
        ("lon", "DOUBLE"),
        ("area_ha", "DOUBLE"),
        ("is_land", "BOOLEAN"),
        ("land_fraction", "FLOAT"),
        ("has_state", "BOOLEAN"),
        ("ice_water_fraction", "FLOAT"),
        ("potential_forest", "BOOLEAN"),
        ("potential_biomass", "FLOAT"),
        ("country_code", "SMALLINT"),
        ("country_iso3", "VARCHAR"),
        ("country_iso2", "VARCHAR"),
        ("country", "VARCHAR"),
    ]
    assert [name for name, _ in found["source"]] == [
        *("name", "path", "size", "digest", "title", "version", "licence"),
        *("first_year", "last_year", "variables", "synthetic"),
    ]
    assert [name for name, _ in found["data_dictionary"]] == [
        *("table_name", "column_name", "data_type", "unit", "description", "source")
    ]
    required = {(row[0], row[1]) for row in rows if not row[3]}
    assert {(table, key) for table in ("eluc", "state", "transition") for key, _ in keys} < required
    assert ("state", "primf") not in required
    assert ("cell", "country_code") not in required
    assert constraints == (0,)


@pytest.mark.parametrize("block_years", BLOCKS)
def test_rows_of_years_loaded_later_are_not_lost(block_years: int) -> None:
    with new_database(block_years) as (con, frames):
        for values in (
            "1856, '1856-01-01', 1855, 1857, true",
            "1840, '1840-01-01', NULL, 1850, false",
        ):
            con.execute(f"INSERT INTO year VALUES ({values}, true)").fetchall()
        late = frames.state[frames.state.year == 1855].assign(year=np.int16(1856))
        early = frames.state[frames.state.year == 1855].assign(year=np.int16(1840))
        insert(con, "state", late)
        insert(con, "state", early)
        rows = pd.concat([frames.state, late, early])
        same(fetch(con, "SELECT * FROM state_diff"), expected_state_diff(rows))


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, (YearBlock(),)),
        (32, (YearBlock(),)),
        (33, (YearBlock(None, 1882, None), YearBlock(1882, None, 1881))),
    ],
)
def test_blocks_are_open_at_both_ends(count: int, expected: tuple[YearBlock, ...]) -> None:
    assert year_blocks(range(1850, 1850 + count)) == expected


def test_years_that_can_have_no_rows_are_left_out() -> None:
    first, *_, last = year_blocks(range(1850, 2022), range(850, 2023))
    assert (first.first, last.stop) == (1850, None)
    assert year_blocks(range(1850, 2022), range(1849, 2023))[0].first is None


def test_views_of_years_have_dates(database: Database) -> None:
    con, _ = database
    columns: dict[str, list[str]] = {}
    for view, column in con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE table_name IN "
        "(SELECT view_name FROM duckdb_views() WHERE NOT internal) ORDER BY column_index"
    ).fetchall():
        columns.setdefault(view, []).append(column)
    for view, names in columns.items():
        without = view.endswith("_diff") or view.startswith("land_") or "year" not in names
        assert ("date" in names) != without, view
        if not without:
            assert names[names.index("year") + 1] == "date", view
            rows = f"SELECT count(*), count(*) FILTER (date = make_date(year, 1, 1)) FROM {view}"
            count, right = con.execute(rows).fetchall()[0]
            assert count == right


def joined_rows(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    """Most rows that any join of a query hands on."""
    found = con.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}").fetchall()[0][1]

    def most(node: Any) -> int:  # noqa: ANN401  parsed JSON
        if isinstance(node, list):
            return max(map(most, node), default=0)
        rows = 0
        if "JOIN" in str(node.get("operator_type", node.get("type", ""))):
            rows = int(node.get("operator_cardinality", node.get("intermediate_rows", 0)))
        return max(rows, most(node.get("operator", node.get("children", []))))

    return most(json.loads(found))


@pytest.mark.parametrize("column", ["crop_diff", "primf_diff"])
def test_a_filter_on_a_value_of_luc_joins_no_year_with_another(column: str) -> None:
    # DuckDB 2.0 joined the states of all years of a block on the cell alone, 16 times the rows.
    grid = Grid.global_grid(5.0)
    n = grid.n_cells
    values = ", ".join(f'CAST(random() AS REAL) AS "{name}"' for name in FRACTIONS)
    rows = 'FROM range(1990, 2021) AS y ("year"), range({}, {}) AS c (cell_id)'
    with duckdb.connect() as con:
        context = SchemaContext(grid)
        create_tables(con, context)
        for sql in (
            (
                "INSERT INTO cell BY NAME SELECT range AS cell_id, 0 AS lat, 0 AS lon, "
                f"1 AS area_ha, TRUE AS is_land, 1 AS land_fraction, TRUE AS has_state "
                f"FROM range({n})"
            ),
            (
                "INSERT INTO year SELECT y, make_date(y, 1, 1), y - 1, y + 1, TRUE, TRUE "
                "FROM range(1990, 2021) AS t (y)"
            ),
            f'INSERT INTO state BY NAME SELECT cell_id, "year", {values} '
            + rows.format(n // 4, n // 2),
            'INSERT INTO eluc SELECT cell_id, "year", random() '
            + rows.format(n // 4, n // 2 + n // 10),
        ):
            con.execute(sql).fetchall()
        create_views(con, context)
        (count,) = con.execute("SELECT count(*) FROM luc").fetchall()[0]
        sql = f"SELECT count(*) FROM luc WHERE {column} IS NOT NULL"
        assert joined_rows(con, sql) <= 1.1 * count


def test_blocks_stay_few() -> None:
    assert len(year_blocks(range(1850, 2023))) == 6
    assert len(year_blocks(range(850, 2023))) == 19


def test_blocks_only_pair_rows() -> None:
    """An expression in a block would be planned again for each block."""
    query = """
        SELECT view_name, length(sql) - length(replace(sql, 'DOUBLE', '')), sql LIKE '%UNION ALL%'
        FROM duckdb_views()
        WHERE view_name IN ('luc', 'eluc_state', 'state_diff', 'land_change')
        ORDER BY 1
    """
    with new_database(32) as (one_block, _), new_database(1) as (blocks, _):
        in_one, in_many = (con.execute(query).fetchall() for con in (one_block, blocks))
    assert [casts for _, casts, _ in in_one] == [casts for _, casts, _ in in_many]
    assert all(casts for _, casts, _ in in_one)
    assert [cut for _, _, cut in in_many] == [True] * 4


def scanned_rows(con: duckdb.DuckDBPyConnection, sql: str, tables: set[str]) -> int:
    """Rows that the scans of these tables hand on."""
    found = con.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}").fetchall()[0][1]

    def count(node: Any) -> int:  # noqa: ANN401  parsed JSON
        if isinstance(node, list):
            return sum(map(count, node))
        rows = 0
        if node.get("operator_type", node.get("type")) == "TABLE_SCAN":
            table = str(node["extra_info"].get("Table", "")).split(".")[-1]
            if table in tables:
                rows = int(node.get("operator_cardinality", node.get("intermediate_rows")))
        return rows + count(node.get("operator", node.get("children", [])))

    return count(json.loads(found))


@pytest.mark.skipif(
    tuple(map(int, duckdb.__version__.split(".")[:2])) < (1, 5), reason="promised from 1.5 on"
)
@pytest.mark.parametrize(
    ("view", "tables"),
    [
        ("land_state", 1),
        ("land_eluc", 1),
        ("land_use", 1),
        ("eluc_state", 2),
        ("eluc_diff", 2),
        ("state_diff", 2),
        ("luc", 3),
        ("land_change", 2),
        ("land_share", 1),
        ("eluc_co2", 1),
        ("eluc_map_1deg", 1),
        ("split_by_year(1900)", 3),
        ("split_by_region(0, 90, -30, 60)", 3),
        ("split_random(0.2, 1)", 3),
    ],
)
@pytest.mark.parametrize(
    "where", ["year = 1920", "cell_id = 40", "cell_id = cell_at(-15, -45)", "date = '1920-01-01'"]
)
def test_filters_reach_the_tables(
    big: duckdb.DuckDBPyConnection, view: str, tables: int, where: str
) -> None:
    if where.startswith("date") and view.startswith(("land_", "eluc_diff", "state_diff")):
        return
    if where.startswith("cell_id") and view == "eluc_map_1deg":
        return
    (rows,) = big.execute(f"SELECT count(*) FROM {view} WHERE {where}").fetchall()[0]
    assert rows > 0
    # Blocks of years overlap by a year.
    needed = tables * (101 if where.startswith("cell_id") else GRID.n_cells)
    query = f"SELECT * FROM {view} WHERE {where}"
    assert scanned_rows(big, query, {"state", "eluc"}) <= needed
    # A filter on the year itself leaves luc the spans up to that year.
    if not where.startswith("year"):
        assert scanned_rows(big, query, {"eluc_series"}) <= needed


@pytest.fixture(scope="module", params=[False, True], ids=["joined", "series"])
def big(request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        frames = random_frames(7, range(1850, 1950), range(1850, 1950))
        if request.param:
            frames = with_whole_states(frames)
        create(con, frames, replace(CONTEXT, has_series=request.param))
        yield con

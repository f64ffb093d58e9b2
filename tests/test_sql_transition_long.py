"""The moves as rows, against pandas' melt of the wide table."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from sql_database import CONTEXT, GRID, fetch, insert, random_transitions, same, with_dates

from loader.catalog.objects import SchemaContext, create_tables, create_views
from loader.schema import FRACTIONS, SOURCES, Variable

KEYS = ["cell_id", "year", "from_state", "to_state"]
HARVESTED = {"primf_harv": ("primf", "secdf"), "primn_harv": ("primn", "secdn")}


def wide() -> pd.DataFrame:
    """Transitions of which most are 0, and some missing."""
    rows = random_transitions(seed=4, years=(1850, 1851, 1853))
    rng = np.random.default_rng(4)
    names = [name for name in rows.columns if name not in KEYS]
    values = rows[names].to_numpy(copy=True)
    drawn = rng.random(values.shape)
    values[drawn < 0.7] = 0
    values[drawn < 0.1] = -0.0
    values[drawn > 0.95] = np.nan
    return rows[["cell_id", "year"]].join(pd.DataFrame(values, columns=names))


def melted(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    long = rows.melt(["cell_id", "year"], names, "variable", "fraction")
    long = long[long.fraction.notna() & (long.fraction != 0)].reset_index(drop=True)
    pairs = [HARVESTED.get(name, tuple(name.split("_to_"))) for name in long.variable]
    long["from_state"] = [origin for origin, _ in pairs]
    long["to_state"] = [target for _, target in pairs]
    return with_dates(long[[*KEYS, "fraction"]])


def database(rows: pd.DataFrame, variables: tuple[Variable, ...]) -> duckdb.DuckDBPyConnection:
    context = SchemaContext(GRID, {**CONTEXT.variables, "transition": variables})
    con = duckdb.connect()
    create_tables(con, context)
    insert(con, "transition", rows)
    years = pd.DataFrame({"year": sorted(set(rows.year))}).assign(has_eluc=False, has_state=False)
    insert(con, "year", with_dates(years))
    create_views(con, context)
    return con


def test_moves_are_the_melted_table() -> None:
    rows = wide()
    names = [name for name in rows.columns if "_to_" in name or name in HARVESTED]
    assert len(names) == 110
    with database(rows, SOURCES["transitions"].variables) as con:
        expected = melted(rows, names)
        assert len(expected) > 1000
        same(fetch(con, "SELECT * FROM transition_long", KEYS), expected, KEYS)
        one = fetch(con, "SELECT * FROM transition_long WHERE cell_id = 7 AND year = 1851", KEYS)
        here = (expected.cell_id == 7) & (expected.year == 1851)
        assert here.any()
        same(one, expected[here].reset_index(drop=True), KEYS)
        assert set(expected.from_state) == set(FRACTIONS)


def test_moves_that_the_file_does_not_have_are_left_out() -> None:
    known = {variable.name: variable for variable in SOURCES["transitions"].variables}
    names = ["primf_harv", "c3ann_to_urban", "secmf_harv", "primf_bioh"]
    rows = wide()[["cell_id", "year", *names]]
    with database(rows, tuple(known[name] for name in names)) as con:
        found = fetch(con, "SELECT * FROM transition_long", KEYS)
        same(found, melted(rows, ["primf_harv", "c3ann_to_urban"]), KEYS)


def test_a_file_without_moves_has_no_rows() -> None:
    rows = wide()[["cell_id", "year", "secmf_harv"]]
    with database(rows, (Variable("secmf_harv", "secmf_harv"),)) as con:
        found = fetch(con, "SELECT * FROM transition_long", KEYS)
        assert found.empty
        assert list(found.columns) == [
            "cell_id",
            "year",
            "date",
            "from_state",
            "to_state",
            "fraction",
        ]


@pytest.mark.parametrize("condition", ["cell_id = 5", "year = 1851"])
def test_a_filter_reaches_the_table(condition: str) -> None:
    with database(wide(), SOURCES["transitions"].variables) as con:
        sql = f"EXPLAIN SELECT * FROM transition_long WHERE {condition}"
        plan = "".join(text for row in con.execute(sql).fetchall() for text in row)
    scan = plan[plan.rindex("transition") :]
    assert "Filters" in scan
    assert condition.replace(" ", "") in scan.replace(" ", "")

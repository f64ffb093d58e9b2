"""What is said of an answer without rows, and of a source that was not loaded."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from sql_database import CONTEXT, Frames, attach, create, random_frames

from loader.errors import DatabaseError
from loader.querying.diagnosis import empty_reasons, is_synthetic, missing_sources, relations_of
from loader.querying.session import translated


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Years 1850 to 1858; eluc and states, no transitions."""
    con = attach(tmp_path_factory.mktemp("diagnosis") / "luc.duckdb")
    create(con, random_frames(7), CONTEXT)
    return con


LOADED = "(loaded years: 1850 to 1858)"


@pytest.mark.parametrize(
    ("sql", "reasons"),
    [
        ("FROM eluc WHERE year = 1800", [f"1800 is not loaded {LOADED}"]),
        ("FROM eluc e WHERE 1800 = e.year", [f"1800 is not loaded {LOADED}"]),
        ("FROM luc WHERE year >= 2000", [f"no year from 2000 on is loaded {LOADED}"]),
        ("FROM luc WHERE 1800 > year", [f"no year up to 1799 is loaded {LOADED}"]),
        ("FROM luc WHERE year BETWEEN 1 AND 9", [f"1 to 9 is not loaded {LOADED}"]),
        (
            "FROM luc WHERE year BETWEEN 1858 AND 1850",
            ["the years are reversed: 1858 is after 1850"],
        ),
        ("FROM eluc WHERE year = 1850 AND eluc > 1e9", []),
        ("SELECT 1 WHERE FALSE", []),
        ("SET VARIABLE y = 1700; FROM eluc WHERE year = CAST(getvariable('y') AS SMALLINT)", None),
        ("FROM state_change(1858, 1850)", ["the years are reversed: 1858 is after 1850"]),
        (
            "FROM point(139.7, 35.7)",
            [
                (
                    "latitude 139.7, longitude 35.7 is impossible; were latitude 35.7, longitude "
                    "139.7 meant? The latitude comes first"
                )
            ],
        ),
        (
            "FROM point(-95, 100)",
            ["latitude -95, longitude 100 is impossible; a latitude is between -90 and 90"],
        ),
        (
            "FROM point(5, 900)",
            ["latitude 5, longitude 900 is impossible; a longitude is between -180 and 180"],
        ),
        ("FROM point(5, 100)", ["there are no data at latitude 5, longitude 100"]),
    ],
)
def test_the_reasons_of_an_empty_answer(
    con: duckdb.DuckDBPyConnection, sql: str, reasons: list[str] | None
) -> None:
    for one in con.extract_statements(sql)[:-1]:
        con.execute(one).fetchall()
    expected = [f"1700 is not loaded {LOADED}"] if reasons is None else reasons
    assert empty_reasons(con, sql) == expected


def test_a_source_that_was_not_loaded_is_named(tmp_path: Path) -> None:
    frames = random_frames(3)
    con = attach(tmp_path / "luc.duckdb")
    create(con, Frames(frames.cell, frames.state, frames.eluc.iloc[:0]), CONTEXT)
    said = "eluc was not loaded; luc-load build --eluc loads it"
    for relations in (["eluc"], ["luc"], ["eluc_global"], ["eluc_country"], ["point"]):
        assert said in missing_sources(con, relations), relations
    assert missing_sources(con, ["state_diff", "cell", "year"]) == []
    for sql in ("FROM eluc_state", "SELECT max(emission_pgc) FROM eluc_global", "FROM point(1, 2)"):
        assert said in missing_sources(con, relations_of(con, sql)), sql


def test_whether_a_database_is_synthetic(con: duckdb.DuckDBPyConnection) -> None:
    assert not is_synthetic(con)
    con.execute("DROP TABLE source")
    con.execute("CREATE TABLE source AS SELECT * FROM (VALUES (false), (true)) AS t (synthetic)")
    assert is_synthetic(con)


def test_a_table_that_was_not_loaded_is_named_with_its_option() -> None:
    with duckdb.connect() as con:
        for table, option in (("transition", "--transitions"), ("transition_net", "--transitions")):
            with (
                pytest.raises(DatabaseError, match=f"luc-load build {option} does"),
                translated("q"),
            ):
                con.execute(f"FROM {table}")

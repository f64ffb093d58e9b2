"""Views that a build stores as tables, and the schema that holds what only luc-load reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from sql_database import CONTEXT, create, random_frames

from loader import build
from loader.catalog.objects import drop_views, fill_stored
from loader.catalog.record import schema_from_record, schema_record
from loader.checking.check import check_database
from loader.errors import UsageError
from loader.options import Options
from loader.sampling import write_sample
from loader.schema import MATERIALIZABLE, META, SERIES

STORED = replace(CONTEXT, materialized=MATERIALIZABLE)
COLUMNS = (
    "SELECT column_name, data_type, comment FROM duckdb_columns() "
    "WHERE schema_name = 'main' AND table_name = ? ORDER BY column_index"
)


@pytest.fixture(scope="module")
def plain() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect()) as con:
        create(con, random_frames(4))
        yield con


@pytest.fixture(scope="module")
def stored() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect()) as con:
        create(con, random_frames(4), STORED)
        fill_stored(con, STORED)
        yield con


@pytest.mark.parametrize("view", MATERIALIZABLE)
def test_a_stored_view_is_a_table_of_the_same_rows_columns_and_comments(
    plain: duckdb.DuckDBPyConnection, stored: duckdb.DuckDBPyConnection, view: str
) -> None:
    (kind,) = stored.execute(
        "SELECT table_type FROM information_schema.tables "
        "WHERE table_schema = 'main' AND table_name = ?",
        [view],
    ).fetchall()[0]
    assert kind == "BASE TABLE"
    rows = f"FROM {view} ORDER BY ALL"
    assert stored.execute(rows).fetchall() == plain.execute(rows).fetchall()
    assert stored.execute(COLUMNS, [view]).fetchall() == plain.execute(COLUMNS, [view]).fetchall()
    comments = "SELECT comment FROM duckdb_{}() WHERE {} = ? AND schema_name = 'main'"
    as_table = stored.execute(comments.format("tables", "table_name"), [view]).fetchall()
    assert as_table == plain.execute(comments.format("views", "view_name"), [view]).fetchall()


def test_the_data_dictionary_does_not_change(
    plain: duckdb.DuckDBPyConnection, stored: duckdb.DuckDBPyConnection
) -> None:
    rows = "FROM data_dictionary ORDER BY ALL"
    assert stored.execute(rows).fetchall() == plain.execute(rows).fetchall()


@pytest.mark.parametrize("macro", ["point(-15, -45)", "split_by_year(1854)"])
def test_macros_read_the_table(
    plain: duckdb.DuckDBPyConnection, stored: duckdb.DuckDBPyConnection, macro: str
) -> None:
    rows = f"FROM {macro} ORDER BY ALL"
    assert stored.execute(rows).fetchall() == plain.execute(rows).fetchall()


def test_stored_views_can_be_created_again() -> None:
    with closing(duckdb.connect()) as con:
        create(con, random_frames(4), STORED)
        drop_views(con, STORED)
        left = con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        assert left == []


def test_the_record_says_what_is_stored() -> None:
    assert schema_from_record(schema_record(STORED)).materialized == MATERIALIZABLE


def test_main_holds_what_people_use(plain: duckdb.DuckDBPyConnection) -> None:
    found = plain.execute(
        "SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL"
    ).fetchall()
    assert {name for schema, name in found if schema == "meta"} == META - SERIES
    assert not META & {name for schema, name in found if schema == "main"}


def test_every_object_and_column_has_a_comment(stored: duckdb.DuckDBPyConnection) -> None:
    for kind in ("tables", "views", "columns"):
        (bare,) = stored.execute(
            f"SELECT count(*) FROM duckdb_{kind}() WHERE NOT internal AND comment IS NULL"
        ).fetchall()[0]
        assert bare == 0, kind


def test_dictionary_and_catalogs_agree(stored: duckdb.DuckDBPyConnection) -> None:
    described = stored.execute(
        "SELECT table_name, column_name, data_type FROM data_dictionary ORDER BY ALL"
    ).fetchall()
    listed = stored.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = 'main' ORDER BY ALL"
    ).fetchall()
    assert described == listed


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write_sample(folder, years=(2010, 2012), resolution=2, only=["eluc", "states"])
    return folder


def test_check_proves_a_stored_view(raw: Path, tmp_path: Path) -> None:
    build(raw=raw, out=tmp_path, materialize=["luc"])
    report = check_database(tmp_path, only=["derived_tables", "catalog"])
    assert [result.status for result in report.results] == ["ok"] * 2
    with closing(duckdb.connect(str(tmp_path / "luc.duckdb"))) as con:
        con.execute("UPDATE luc SET crop = 0.5 WHERE year = 2011 AND cell_id % 7 = 0").fetchall()
    (result,) = check_database(tmp_path, only=["derived_tables"]).results
    assert result.status == "failed"
    assert result.bad_rows == 1
    assert "other values" in result.text()


def test_what_was_not_loaded_has_no_objects(raw: Path, tmp_path: Path) -> None:
    build(states=raw / "states.nc", out=tmp_path)
    with closing(duckdb.connect(str(tmp_path / "luc.duckdb"), read_only=True)) as con:
        names = {row[0] for row in con.execute("SHOW TABLES").fetchall()}
    absent = {"transition", "management", "transition_long", "transition_net", "mass_balance"}
    assert not names & absent
    assert {"eluc", "state", "luc", "luc_map_1deg", "cell", "year", "source"} <= names


@pytest.mark.parametrize("names", ["eluc", ["luc", "nothing"]])
def test_only_some_views_can_be_stored(names: str | list[str]) -> None:
    with pytest.raises(UsageError, match=r"--materialize is .*expected one of luc, eluc_state"):
        Options.parse(
            out="x",
            years=None,
            cells="data",
            storage_version="v1.0.0",
            parquet_encoding="split",
            workers=1,
            memory_limit=None,
            materialize=names,
        )

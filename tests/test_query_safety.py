"""A query session is read-only: no SQL text changes, creates or reads a file."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, suppress
from pathlib import Path

import duckdb
import pytest

from loader import DatabaseError, build, write_sample
from loader.querying.filesystem import PARTS, SPILL, SessionFiles
from loader.querying.questions import Question
from loader.querying.run import ask, run
from loader.querying.session import new_cursor, open_database, session

ROOT = "{root}"


@pytest.fixture(scope="module", params=["stored", "views"])
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database, its Parquet dataset, and other files that no query may touch."""
    root = tmp_path_factory.mktemp(f"safety_{request.param}")
    raw = tmp_path_factory.mktemp("raw")
    write_sample(raw, years=(2016, 2017), resolution=2, only=["eluc", "states"])
    build(raw=raw, out=root / "out", tables=request.param)
    (root / "victim.parquet").write_bytes(b"mine")
    (root / "temporary").mkdir()
    (root / "dump").mkdir()
    for name in ("schema", "load"):
        (root / "dump" / f"{name}.sql").write_text(
            f"COPY (SELECT 1) TO '{root}/imported.csv';" if name == "load" else "SELECT 1;"
        )
    return root


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file and folder with size, time of change and content."""
    found = {}
    for path in sorted(root.rglob("*")):
        stat = path.stat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(root))] = (stat.st_size, stat.st_mtime_ns, content)
    return found


def parts(root: Path) -> list[Path]:
    return sorted((root / "out" / "parquet" / "eluc").glob("*.parquet"))


# One or more texts for every member of duckdb.StatementType, and for what hides another statement.
WRITING = {
    "ALTER": ["ALTER TABLE cell ADD COLUMN x INTEGER"],
    "ANALYZE": ["ANALYZE;", "ANALYZE cell"],
    "ATTACH": ["ATTACH '{root}/other.duckdb'", "ATTACH '{root}/out/luc.duckdb' AS again"],
    "CALL": [
        "CALL enable_logging(storage='file', storage_path='{root}/log')",
        "CALL checkpoint('luc')",
        "CALL force_checkpoint('luc')",
        "CALL enable_profiling(save_location='{root}/profile')",
    ],
    "COPY": [
        "COPY eluc TO '{root}/a.csv'",
        "COPY (SELECT 1) TO '{part}' (FORMAT parquet)",
        "COPY (SELECT 1) TO '{part}' (FORMAT parquet, USE_TMP_FILE false)",
        "COPY (SELECT 1) TO '{database}' (FORMAT csv, USE_TMP_FILE false)",
        "COPY (SELECT 1) TO '{database}.wal' (FORMAT csv, USE_TMP_FILE false)",
        "COPY (SELECT 1 AS a) TO '{root}/tree' (FORMAT parquet, PARTITION_BY a)",
        f"COPY (SELECT 1) TO '{PARTS}/eluc/new.parquet' (FORMAT parquet)",
        f"COPY (SELECT 1) TO '{SPILL}/duckdb_temp_new' (FORMAT csv)",
        "COPY (SELECT 1) TO '{temporary}/new.csv'",
        "COPY cell FROM '{root}/victim.parquet'",
    ],
    "COPY_DATABASE": ["COPY FROM DATABASE luc TO memory"],
    "CREATE": [
        "CREATE TABLE t AS SELECT 1",
        "CREATE TEMP TABLE t AS SELECT 1",
        "CREATE VIEW v AS SELECT 1",
        "CREATE PERSISTENT SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
        "CREATE SEQUENCE q",
        "CREATE INDEX i ON cell (cell_id)",
    ],
    "CREATE_FUNC": ["CREATE MACRO m() AS TABLE SELECT 1"],
    "DELETE": ["DELETE FROM cell", "TRUNCATE cell"],
    "DETACH": ["DETACH luc"],
    "DROP": ["DROP TABLE cell", "DROP VIEW luc"],
    "EXECUTE": ["PREPARE p AS COPY (SELECT 1) TO '{root}/p.csv'; EXECUTE p"],
    "EXPLAIN": [
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{part}' (FORMAT parquet)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{part}' (FORMAT parquet, USE_TMP_FILE false)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{database}' (FORMAT csv, USE_TMP_FILE false)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{database}.wal' (FORMAT csv, USE_TMP_FILE false)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{root}/a.csv'",
        "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1",
        "EXPLAIN ANALYZE DELETE FROM cell",
        "EXPLAIN ANALYZE EXPORT DATABASE '{root}/exported'",
        "EXPLAIN ANALYZE EXPLAIN ANALYZE COPY (SELECT 1) TO '{part}' (FORMAT parquet)",
    ],
    "EXPORT": ["EXPORT DATABASE '{root}/exported'", "IMPORT DATABASE '{root}/dump'"],
    "EXTENSION": ["INSTALL httpfs", "UPDATE EXTENSIONS"],
    "INSERT": ["INSERT INTO cell (cell_id) VALUES (1)"],
    "LOAD": ["LOAD httpfs", "LOAD '{root}/victim.parquet'"],
    "LOGICAL_PLAN": [],  # has no SQL
    "MERGE_INTO": ["MERGE INTO cell USING (SELECT 1 AS c) ON cell_id = c WHEN MATCHED THEN DELETE"],
    "MULTI": ["EXPLAIN ANALYZE COPY (PIVOT year ON has_eluc USING count(*)) TO '{root}/m.csv'"],
    "PRAGMA": [
        "PRAGMA import_database('{root}/dump')",
        "PRAGMA enable_profiling = 'json'",
        "PRAGMA profiling_output = '{root}/profile'",
        "PRAGMA force_checkpoint",
        "PRAGMA threads = 1",
    ],
    "PREPARE": ["PREPARE p AS COPY (SELECT 1) TO '{root}/p.csv'"],
    "RELATION": [],  # has no SQL
    "INVALID": ["COPY;"],
    "SELECT": [
        "WITH x AS (COPY (SELECT 1) TO '{root}/cte.csv') SELECT * FROM x",
        "WITH x AS (COPY (SELECT 1) TO '{part}' (FORMAT parquet)) SELECT * FROM x",
        "WITH x AS (COPY (SELECT 1) TO '{database}' (USE_TMP_FILE false)) SELECT * FROM x",
        "WITH x AS (INSERT INTO cell (cell_id) VALUES (1) RETURNING *) SELECT * FROM x",
        "WITH x AS (CREATE TABLE t AS SELECT 1) SELECT * FROM x",
        "SELECT * FROM query('COPY (SELECT 1) TO ''{root}/q.csv''')",
        "SELECT * FROM enable_logging(storage='file', storage_path='{root}/log')",
        "SELECT write_log('x') FROM enable_logging(storage='file', storage_path='{root}/log')",
        "SELECT * FROM enable_profiling(save_location='{root}/profile')",
        "SELECT * FROM read_text('{root}/victim.parquet')",
        "SELECT * FROM read_blob('{database}')",
        "SELECT * FROM glob('{root}/*')",
        "SELECT * FROM read_parquet('{part}')",
        "SELECT * FROM '{part}'",
        "SELECT * FROM read_csv('https://example.invalid/x.csv')",
        f"SELECT * FROM read_parquet('{PARTS}/../../../secret.parquet')",
        "SELECT getenv('HOME')",
        "SELECT * FROM json_execute_serialized_sql('{{}}')",
    ],
    "SET": [
        "SET lock_configuration = false; SELECT 1",
        "SET enable_external_access = true; SELECT 1",
        "SET disabled_filesystems = ''; SELECT 1",
        "SET temp_directory = '{root}/spill'; SELECT 1",
        "SET profiling_output = '{root}/profile'; SELECT 1",
        "SET VARIABLE x = (SELECT content FROM read_text('{root}/victim.parquet')); SELECT 1",
        "RESET disabled_filesystems; SELECT 1",
    ],
    "TRANSACTION": ["BEGIN;", "BEGIN; SELECT 1", "COMMIT;"],
    "UPDATE": ["UPDATE cell SET lat = 0"],
    "VACUUM": ["VACUUM;", "VACUUM ANALYZE"],
    "VARIABLE_SET": ["SET VARIABLE x = 1"],
}


def test_every_kind_of_statement_of_this_duckdb_is_tried() -> None:
    kinds = {name for name in dir(duckdb.StatementType) if name.isupper()}
    assert kinds <= set(WRITING)


def texts(kind: str, root: Path) -> list[str]:
    values = {
        "root": str(root),
        "part": str(parts(root)[0]),
        "database": str(root / "out" / "luc.duckdb"),
        "temporary": str(root / "temporary"),
    }
    return [text.format(**values) for text in WRITING[kind]]


@pytest.mark.parametrize("kind", WRITING)
def test_no_statement_writes_or_reads_a_file(
    published: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(published / "temporary")
    monkeypatch.setenv("HOME", str(published / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", str(published / "temporary"))
    before = snapshot(published)
    with ExitStack() as sessions:
        con = sessions.enter_context(session(published / "out"))
        for sql in texts(kind, published):
            with pytest.raises(DatabaseError) as caught:
                run(con, Question("q", "", sql)).read_all()
            assert "\n" not in str(caught.value), sql
            assert snapshot(published) == before, sql
        # The session itself refuses, even if the text passes all checks before it.
        for sql in texts(kind, published):
            try:
                cursor = new_cursor(con)
            except (duckdb.Error, DatabaseError):
                # The text before made this session useless.
                con = sessions.enter_context(session(published / "out"))
                cursor = new_cursor(con)
            with suppress(duckdb.Error):
                cursor.execute(sql).fetchall()
            with suppress(duckdb.Error):
                cursor.execute("SELECT 1").fetchall()
            assert snapshot(published) == before, sql
    assert snapshot(published) == before


def test_no_function_that_takes_a_text_writes(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(published / "temporary")
    before = snapshot(published)
    listing = (
        "SELECT DISTINCT function_name FROM duckdb_functions() "
        "WHERE function_type = 'table' AND len(parameters) BETWEEN 1 AND 2 "
        "AND function_name NOT LIKE '%scan%' AND list_contains(parameter_types, 'VARCHAR')"
    )
    names = [str(name) for name in ask(published / "out", listing).column(0).to_pylist()]
    assert "read_text" in names
    target = published / "temporary" / "x"
    with session(published / "out") as con:
        for name in names:
            for arguments in (f"'{target}'", f"'{target}', 'luc'"):
                with suppress(duckdb.Error):
                    con.execute(f"SELECT * FROM {name}({arguments})").fetchall()
    assert snapshot(published) == before


def test_what_spills_leaves_no_file(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = published / "temporary"
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    sql = (
        "SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY hash(i)) AS r FROM range({}) t(i))"
    )
    con = open_database(published / "out", threads=2, memory_limit=40_000_000)
    try:
        used = []
        original = SessionFiles._open  # noqa: SLF001

        def spy(self: SessionFiles, path: str, mode: str = "rb", **more: object) -> object:
            used.append(path)
            return original(self, path, mode, **more)

        monkeypatch.setattr(SessionFiles, "_open", spy)
        assert con.execute(sql.format(1_500_000)).fetchall() == [(1_500_000,)]
        assert any("duckdb_temp" in path for path in used), "the query did not spill"
        assert list(temporary.iterdir()) == []
    finally:
        con.close()


def test_the_views_read_the_same_values_from_several_threads(published: Path) -> None:
    with session(published / "out", threads=4) as con:
        ((rows, total),) = con.execute("SELECT count(*), sum(eluc) FROM eluc").fetchall()
    files = [str(path) for path in parts(published)]
    with duckdb.connect() as plain:
        expected = plain.execute(
            "SELECT count(*), sum(eluc) FROM read_parquet($1)", [files]
        ).fetchall()
    assert (rows, pytest.approx(total)) == expected[0]


def test_a_link_in_place_of_a_part_is_still_only_read(published: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(published / "out", tmp_path / "out")
    part = parts(tmp_path)[0]
    moved = tmp_path / "elsewhere.parquet"
    part.rename(moved)
    part.symlink_to(moved)
    before = moved.read_bytes()
    assert ask(copy, "SELECT count(*) FROM eluc").num_rows == 1
    with pytest.raises(DatabaseError):
        ask(copy, f"EXPLAIN ANALYZE COPY (SELECT 1) TO '{moved}' (FORMAT parquet)")
    assert moved.read_bytes() == before

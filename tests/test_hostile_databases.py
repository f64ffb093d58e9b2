"""A database from elsewhere: what it says is shown, and nothing of it is run, followed or asked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest
from command import luc_load
from files import GRIDS, Form, state_content, write

from loader import LucLoadError, OutputError, SourceError, build
from loader.checking.check import check_database
from loader.description import database_info
from loader.errors import DatabaseError
from loader.querying.session import session
from loader.remote.known import is_known, remember
from loader.storing import look, origin
from loader.storing.cleaning import clean_output


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign")
    return write(folder / "states.nc", state_content(1, GRIDS["global"], (1950, 1951)), Form())


@pytest.fixture(scope="module")
def built(states: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "out"
    build(states=states, out=out)
    return out / "luc.duckdb"


@pytest.fixture
def database(built: Path, tmp_path: Path) -> Path:
    """A copy without its dataset, as one that was sent by somebody."""
    (tmp_path / "got").mkdir()
    return Path(shutil.copy(built, tmp_path / "got" / "luc.duckdb"))


def change(database: Path, *statements: str) -> None:
    with duckdb.connect(str(database)) as con:
        for statement in statements:
            con.execute(statement)


def table_of(database: Path, name: str) -> str:
    with duckdb.connect(str(database), read_only=True) as con:
        ((schema,),) = con.execute(
            "SELECT schema_name FROM duckdb_tables() WHERE table_name = ?", [name]
        ).fetchall()
    return f"{schema}.{name}"


def replaced_by_view(database: Path, name: str, extra: str) -> None:
    """Put a view in the place of one of our tables; it gives the same rows, and does more."""
    table = table_of(database, name)
    change(
        database,
        f"CREATE TABLE original AS FROM {table}",
        f"DROP TABLE {table}",
        f"CREATE VIEW {table} AS SELECT original.* FROM original, {extra}",
    )


@pytest.fixture
def requests() -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and what was asked of it."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(404)
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815  # the base's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/internal", seen
    server.shutdown()
    server.server_close()
    thread.join()


def is_safe(text: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in text)


def test_what_a_database_says_is_escaped_wherever_it_is_printed(database: Path) -> None:
    build_table, sources = table_of(database, "build"), table_of(database, "source")
    change(
        database,
        "CREATE TEMP TABLE hostile AS SELECT chr(27) || ']0;pwn' || chr(7) || chr(155) || '2J' || "
        "chr(8238) || chr(8294) || chr(13) || chr(10) AS x",
        f"UPDATE {build_table} SET build_id = x, luc_load_version = x, duckdb_version = x, "
        'storage_version = x, options = replace(options, \'"name": "state"\', '
        """'"name": ' || to_json(x)) FROM hostile""",
        f"UPDATE {sources} SET name = x, path = x, title = x, version = x, licence = x, "
        "digest = x FROM hostile",
    )
    text = database_info(database).text()
    assert r"\x1b]0;pwn\x07\x9b2J\u202e\u2066" in text
    assert is_safe(text)
    for command in ("info", "check"):
        done = luc_load(command, str(database), cwd=database.parent)
        assert is_safe(done.stdout)
        assert is_safe(done.stderr)


@pytest.mark.parametrize("command", ["info", "check"])
def test_an_address_that_only_the_database_names_is_not_asked(
    command: str, database: Path, requests: tuple[str, list[str]]
) -> None:
    address, seen = requests
    change(
        database,
        f"UPDATE {table_of(database, 'build')} SET options = "
        f'json_merge_patch(options, \'{{"options": {{"parquet": "{address}"}}}}\')',
    )
    done = luc_load(command, str(database), cwd=database.parent)
    assert "name it with --parquet" in done.stdout or "add --parquet" in done.stdout
    assert seen == []
    if command == "info" and find_spec("aiohttp"):
        # The user names it: only now is it contacted, through the extra for web servers.
        database_info(database, parquet=address)
        assert seen != []


def test_an_address_is_known_once_a_build_published_there() -> None:
    address = "s3://me:key@bucket/prefix/"
    assert not is_known(address)
    remember(address)
    assert is_known("s3://bucket/prefix")
    assert not is_known("s3://bucket/prefix/other")
    assert not is_known("s3://bucket")


def test_an_upload_that_another_user_began_is_left_alone(
    tmp_path: Path, requests: tuple[str, list[str]]
) -> None:
    address, seen = requests
    (tmp_path / ".luc-load").mkdir()
    record = f'[{{"address": "{address}", "build_id": "one"}}]'
    (tmp_path / ".luc-load" / "uploads.json").write_text(record)
    with pytest.raises(OutputError, match="this user did not start; the address was not contacted"):
        clean_output(tmp_path)
    assert seen == []


EXTRAS = [
    "(SELECT size FROM read_text('/etc/hostname'))",
    "(WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r)",
    "(SELECT count(*) FROM range(1000000000000) a, range(1000000000000) b)",
    "(SELECT 1)",
]


@pytest.mark.parametrize("extra", EXTRAS, ids=["file", "recursion", "endless", "harmless"])
@pytest.mark.parametrize("name", ["build", "source"])
def test_a_view_in_the_place_of_a_table_is_never_run(
    name: str, extra: str, states: Path, database: Path
) -> None:
    replaced_by_view(database, name, extra)
    began = time.monotonic()
    with pytest.raises(SourceError, match="was not made by luc-load build"):
        database_info(database)
    with pytest.raises(SourceError, match="was not made by luc-load build"), session(database):
        pass
    with pytest.raises(OutputError, match="was not made by luc-load"):
        build(states=states, out=database.parent, overwrite=True)
    # Each of them would end after 20 s.
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("macro", ["duckdb_tables() AS TABLE", "range(n) AS TABLE"])
def test_a_macro_in_the_place_of_a_function_is_never_run(macro: str, database: Path) -> None:
    change(database, f"CREATE MACRO {macro} SELECT 1/0 AS x, error('run') AS y")
    assert database_info(database).build_id


def test_a_column_that_is_computed_is_never_read(database: Path) -> None:
    """DuckDB interrupts no expression of one row, which may need minutes and all of the memory."""
    table = table_of(database, "build")
    change(
        database,
        f"CREATE TABLE original AS FROM {table}",
        f"DROP TABLE {table}",
        f"CREATE TABLE {table} (a VARCHAR, status VARCHAR, built_at TIMESTAMP, luc_load_version "
        "VARCHAR, duckdb_version VARCHAR, storage_version VARCHAR, options VARCHAR, synthetic "
        "BOOLEAN, build_id VARCHAR GENERATED ALWAYS AS (a || 'computed'))",
        f"INSERT INTO {table} SELECT build_id, * EXCLUDE build_id FROM original",
    )
    with pytest.raises(SourceError, match="was not made by luc-load build"):
        database_info(database)


@pytest.mark.parametrize(
    "value",
    [
        "(WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r)",
        "7",
        "NULL",
        "['a']",
        "(SELECT content FROM read_text('/etc/hostname'))",
        "'/proc/self/fd'",
    ],
    ids=["endless", "number", "null", "list", "file", "elsewhere"],
)
def test_the_folder_that_a_database_of_views_names_is_anyone_s(
    value: str, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = 'replace(options, \'"options": {\', \'"mark": "-00000000", "options": {"tables": '
    change(
        database,
        f'UPDATE {table_of(database, "build")} SET options = {options}"views", \')',
        f"CREATE OR REPLACE MACRO parquet_folder() AS {value}",
    )
    monkeypatch.setattr(origin, "_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises((SourceError, DatabaseError)), session(database):
        pass
    assert time.monotonic() - began < 10
    assert database_info(database).build_id


RUN = "error('it was run')"


@pytest.mark.parametrize(
    ("column", "status"), [("luc_load_version", "skipped"), ("duckdb_version", "failed")]
)
def test_check_runs_no_view_that_is_not_as_luc_load_defines_it(
    column: str, status: str, database: Path
) -> None:
    """Also where another version of luc-load or of DuckDB is said to have defined it."""
    change(
        database,
        f"UPDATE {table_of(database, 'build')} SET {column} = '0.0.1'",
        f"CREATE OR REPLACE VIEW state_diff AS SELECT {RUN} AS cell_id",
    )
    only = ("catalog", "contents", "primary_growth", "known_keys")
    results = {one.name: one for one in check_database(database, only=only).results}
    assert results["primary_growth"].status == status
    assert "was not run: state_diff" in results["primary_growth"].summary
    assert (results["contents"].status, results["known_keys"].status) == ("ok", "ok")
    assert "it was run" not in "".join(one.text() for one in results.values())


def test_check_reads_no_computed_column_of_a_table(database: Path) -> None:
    change(
        database,
        f"UPDATE {table_of(database, 'build')} SET luc_load_version = '0.0.1'",
        "CREATE TABLE original AS FROM state",
        "DROP TABLE state",
        "CREATE TABLE state AS FROM original LIMIT 0",
    )
    with duckdb.connect(str(database)) as con:
        ((text,),) = con.execute(
            "SELECT sql FROM duckdb_tables() WHERE table_name = 'state'"
        ).fetchall()
        con.execute("DROP TABLE state")
        con.execute(text.replace(");", f", y INTEGER GENERATED ALWAYS AS ({RUN}));"))
    results = {one.name: one for one in check_database(database, only=["contents"]).results}
    assert results["contents"].status == "failed"
    assert "state  (was not read: it is not a plain table" in results["contents"].text()
    assert "it was run" not in results["contents"].text()


def test_check_calls_no_macro_of_the_file(database: Path) -> None:
    change(database, f"CREATE MACRO max(x) AS {RUN}", f"CREATE MACRO count(x) AS {RUN}")
    report = check_database(database)
    assert not report.holds
    assert "it was run" not in "".join(one.text() for one in report.results)


def test_a_truth_value_is_the_same_however_duckdb_writes_it(database: Path) -> None:
    """DuckDB 1.5 stores CAST('t' AS BOOLEAN) in a view where DuckDB 2 stores true."""
    with duckdb.connect(str(database)) as con:
        ((text,),) = con.execute(
            "SELECT sql FROM duckdb_views() WHERE view_name = 'state_diff'"
        ).fetchall()
        comments = con.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'state_diff'"
        ).fetchall()
        ((comment,),) = con.execute(
            "SELECT comment FROM duckdb_views() WHERE view_name = 'state_diff'"
        ).fetchall()
        others = {"WHERE true": "WHERE CAST('t' AS BOOLEAN)"}
        others |= {new: old for old, new in others.items()}
        for old, new in others.items():
            if old in text:
                text = text.replace(old, new)
                break
        else:
            pytest.fail(text)
        con.execute(text.replace("CREATE VIEW", "CREATE OR REPLACE VIEW"))
        con.execute(f"COMMENT ON VIEW state_diff IS '{comment.replace(chr(39), chr(39) * 2)}'")
        for name, words in comments:
            quoted = words.replace("'", "''")
            con.execute(f"COMMENT ON COLUMN state_diff.\"{name}\" IS '{quoted}'")
    (result,) = check_database(database, only=["catalog"]).results
    assert result.status == "ok", result.text()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", r"crashes DuckDB \(SIGSEGV\)"),
        ("import time; time.sleep(60)", "keeps DuckDB busy for more than 0 s"),
        (
            "import signal; signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()",
            "keeps DuckDB busy",
        ),
    ],
    ids=["crash", "suspended", "late"],
)
def test_a_file_that_duckdb_does_not_survive_ends_another_process_only(
    script: str, words: str, states: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = database.with_name("script.py")
    path.write_text(script)
    monkeypatch.setattr(look, "_SCRIPT", path)
    monkeypatch.setattr(look, "SECONDS", 0)
    monkeypatch.setattr(look, "_PATIENCE_SECONDS", 0.5)
    before = database.read_bytes()
    with pytest.raises(SourceError, match=words):
        database_info(database)
    with pytest.raises(SourceError, match=words):
        check_database(database)
    with pytest.raises(OutputError, match="was not made by luc-load"):
        build(states=states, out=database.parent, overwrite=True)
    assert database.read_bytes() == before


def test_a_first_look_has_limits(database: Path) -> None:
    """What the other process runs is limited, and its own errors are left to the next reader."""
    order = {"config": {}, "seconds": 1, "statements": ["SELECT nonsense"]}
    command = [sys.executable, "-P", str(look._SCRIPT)]  # noqa: SLF001
    assert subprocess.run(command, input=json.dumps(order).encode(), check=False).returncode == 0
    endless = "SELECT count(*) FROM range(1000000000000) a, range(1000000000000) b"
    order["statements"] = [endless]
    done = subprocess.run(command, input=json.dumps(order).encode(), check=False)
    assert done.returncode == -signal.SIGALRM


@pytest.mark.parametrize("name", ["luc.duckdb", "luc.duckdb.wal", "parquet/build.json"])
def test_a_pipe_is_not_waited_for(name: str, states: Path, database: Path) -> None:
    path = database.parent / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    for run in (
        lambda: database_info(database).text(),
        lambda: build(states=states, out=database.parent),
    ):
        ended: list[str] = []

        def work(run: object = run, ended: list[str] = ended) -> None:
            try:
                run()  # type: ignore[operator]  # one of two functions
                ended.append("")
            except LucLoadError as error:
                ended.append(str(error))

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(20)
        assert ended, "it waits for the pipe"
        assert "fault of luc-load" not in ended[0]


RECORDS = [
    "null",
    "[]",
    '"x"',
    "{",
    "{}",
    '{"options": 7}',
    '{"options": {}, "tables": []}',
    '{"options": {"years": 7, "cells": "data"}, "tables": []}',
    '{"options": {"years": [1, 2], "cells": "data"}, "tables": [{"name": "eluc"}]}',
    *(
        '{"options": {"years": [1, 2], "cells": "data"}, "tables": [{"name": "eluc", "rows": '
        f'{rows}, "first_year": 1, "last_year": 2, "years": 3, "cells": 4}}]}}'
        for rows in ('"x"', "1e999", "null", "[]")
    ),
    "[" * 100_000,
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda text: text[:60])
def test_a_malformed_record_is_damage(record: str, database: Path) -> None:
    with duckdb.connect(str(database)) as con:
        con.execute(f"UPDATE {table_of_open(con)} SET options = ?", [record])
    with pytest.raises(SourceError, match="record of the build is damaged"):
        database_info(database)


def table_of_open(con: duckdb.DuckDBPyConnection) -> str:
    ((schema,),) = con.execute(
        "SELECT schema_name FROM duckdb_tables() WHERE table_name = 'build'"
    ).fetchall()
    return f"{schema}.build"

"""`luc-load query`: what is asked, how it is answered, and what is refused."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command import COMMAND, environment, luc_load

from loader import DatabaseError, OutputError, SourceError, SourceMissingError, UsageError
from loader.catalog.sqlfiles import read_files
from loader.querying.answering import answer
from loader.querying.questions import Question, find_question, parse_parameters
from loader.querying.run import ask
from loader.querying.text import TableSink
from loader.reporting import Silent

SYNTHETIC = "luc-load: the data are SYNTHETIC and say nothing about the Earth\n"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small database where luc-load looks for one."""
    folder = tmp_path_factory.mktemp("query")
    small = ("--resolution", "2", "--years", "2015:2017", "--only", "eluc,states")
    assert luc_load("sample", "-o", "raw", *small, cwd=folder).returncode == 0
    assert luc_load("build", cwd=folder).returncode == 0
    return folder


@pytest.fixture
def database(work: Path) -> Path:
    return work / "luc-data" / "luc.duckdb"


def answered(database: Path, sql: str, kind: str, folder: Path) -> str:
    """Return what an answer looks like in a file."""
    path = folder / f"answer.{kind}"
    answer(database, sql, {}, Silent(), file_format=kind, output=str(path), overwrite=True)
    return path.read_text()


def test_a_folder_named_as_the_home_folder_is_taken_literally(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("~").mkdir()
    shutil.copy(database, "~/luc.duckdb")
    shutil.copy(database, "md:luc.duckdb")
    for name in ("~", "~/luc.duckdb", "md:luc.duckdb"):
        assert ask(name, "FROM eluc_global").num_rows == 3


def test_alone_it_lists_every_query_with_its_title(work: Path) -> None:
    done = luc_load("query", cwd=work)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    for line, (name, file) in zip(lines, read_files("queries").items(), strict=True):
        assert line.startswith(f"{name} ")
        assert file.header["Title"] in line
    assert "london_series" in done.stdout
    assert any("(first_year, last_year, product, region)" in line for line in lines)


def test_a_named_query_takes_parameters(work: Path) -> None:
    place = ("-p", "lat=10.9", "-p", "lon=20", "--format", "json")
    done = luc_load("query", "london_series", *place, cwd=work)
    assert (done.returncode, done.stderr) == (0, SYNTHETIC)
    rows = json.loads(done.stdout)
    assert {(row["lat"], row["lon"]) for row in rows} == {(11.0, 21.0)}
    assert [row["year"] for row in rows] == [2015, 2016, 2017, 2018]


def test_an_empty_answer_says_why(work: Path) -> None:
    done = luc_load("query", "FROM eluc WHERE year = 1800", "--format", "csv", cwd=work)
    assert (done.returncode, done.stdout) == (0, "cell_id,year,eluc\n")
    assert "the result has no rows; 1800 is not loaded (loaded years: 2015 to" in done.stderr


def test_show_prints_the_sql_with_its_header(work: Path) -> None:
    done = luc_load("query", "london_series", "--show", cwd=work)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == read_files("queries")["london_series"].text
    assert "-- Units:" in done.stdout


def test_a_file_and_a_database_elsewhere(work: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.sql").write_text(
        "SET VARIABLE chosen = coalesce(getvariable('first'), 2017);\n"
        "SELECT year FROM year WHERE year >= getvariable('chosen') ORDER BY year;\n"
    )
    where = str(work / "luc-data")
    done = luc_load("query", "mine.sql", where, "--format", "csv", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "year\n2017\n2018\n"), done.stderr
    done = luc_load("query", "mine.sql", where, "-p", "first=2018", "--format", "csv", cwd=tmp_path)
    assert done.stdout == "year\n2018\n"


EVERY_TYPE = """
SELECT 1::SMALLINT AS n, 1234567 AS big, 1999 AS "year", 0.1::REAL AS r, 1e-7::DOUBLE AS tiny,
    -0.5 AS d, sum(7) AS total, DATE '1850-01-01' AS day, TIMESTAMP '2001-02-03 04:05:06' AS t,
    'a,"b' AS text, '' AS empty, NULL::INTEGER AS none, TRUE AS yes, [1, 2] AS list,
    'x' || chr(27) || '[31m' AS "esc,ape", 'nan'::DOUBLE AS nan
"""


def test_csv_reads_back_as_it_was(database: Path, tmp_path: Path) -> None:
    text = answered(database, EVERY_TYPE, "csv", tmp_path)
    (row,) = csv.DictReader(io.StringIO(text))
    assert row == {
        "n": "1",
        "big": "1234567",
        "year": "1999",
        "r": "0.1",
        "tiny": "1e-7",
        "d": "-0.5",
        "total": "7",
        "day": "1850-01-01",
        "t": "2001-02-03 04:05:06",
        "text": 'a,"b',
        "empty": "",
        "none": "",
        "yes": "true",
        "list": "[1, 2]",
        "esc,ape": "x\x1b[31m",
        "nan": "nan",
    }
    # Nothing and an empty text are told apart by their quotes.
    assert ',"",,' in text


def test_json_reads_back_as_it_was(database: Path, tmp_path: Path) -> None:
    (row,) = json.loads(answered(database, EVERY_TYPE, "json", tmp_path))
    assert row["r"] == 0.1, "a REAL has digits that nobody measured"
    assert (row["none"], row["nan"], row["list"], row["total"]) == (None, None, [1, 2], 7)
    assert row["day"] == "1850-01-01"
    assert json.loads(answered(database, "FROM year WHERE year = 0", "json", tmp_path)) == []


def test_tables_are_for_people(database: Path, tmp_path: Path) -> None:
    text = answered(database, EVERY_TYPE, "table", tmp_path)
    head, row = text.splitlines()
    assert "1,234,567" in row
    assert "1999" in row
    assert "\x1b" not in text, "a control character reached the terminal"
    assert row.index("1,234,567") + len("1,234,567") == head.index(" big ") + len(" big")
    markdown = answered(database, "SELECT 'a|b' AS t, 1 AS n", "markdown", tmp_path)
    assert markdown == "| t | n |\n| --- | --: |\n| a\\|b | 1 |\n"
    assert answered(database, "SELECT year FROM year WHERE year = 0", "table", tmp_path) == "year\n"


def test_a_terminal_shows_the_columns_that_fit() -> None:
    rows = pa.table({"name": ["x" * 100], "n": [1], "far": ["y" * 30], "last": [2]})
    file = io.BytesIO()
    sink = TableSink(file, rows.schema, width=70)
    sink.write(rows)
    sink.close()
    lines = file.getvalue().decode().splitlines()
    assert lines[1] == f"{'x' * 59}…  1"
    assert all(len(line) <= 70 for line in lines)
    assert sink.left_out == ["far", "last"]


def test_rows_are_cut_with_a_notice(work: Path) -> None:
    done = luc_load("query", "FROM eluc", "--rows", "3", cwd=work)
    assert len(done.stdout.splitlines()) == 4
    assert done.stderr == (
        SYNTHETIC + "luc-load: only the first 3 rows are shown; --rows N shows more\n"
    )
    whole = luc_load("query", "SELECT count(*) AS n FROM eluc", "--rows", "1", cwd=work)
    assert whole.stderr == SYNTHETIC


def test_every_row_comes_out(database: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as con:
        ((rows, total),) = con.execute("SELECT count(*), sum(cell_id) FROM eluc_state").fetchall()
    sql = "SELECT cell_id, eluc, crop FROM eluc_state"
    found = list(csv.reader(io.StringIO(answered(database, sql, "csv", tmp_path))))[1:]
    assert (len(found), sum(int(row[0]) for row in found)) == (rows, total)
    objects = json.loads(answered(database, sql, "json", tmp_path))
    assert sum(row["cell_id"] for row in objects) == total
    assert len(answered(database, sql, "table", tmp_path).splitlines()) == rows + 1
    assert len(answered(database, sql, "markdown", tmp_path).splitlines()) == rows + 2
    path = tmp_path / "answer.parquet"
    answer(database, sql, {}, Silent(), output=str(path))
    assert pq.read_table(path).num_rows == rows
    assert pq.read_metadata(path).row_group(0).column(0).compression == "ZSTD"


def test_a_file_is_not_replaced_unasked(database: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.csv"
    path.write_text("mine")
    link = tmp_path / "link.csv"
    link.symlink_to(path)

    def written(sql: str, output: Path, *, overwrite: bool) -> None:
        answer(
            database, sql, {}, Silent(), file_format="csv", output=str(output), overwrite=overwrite
        )

    with pytest.raises(OutputError, match="add --overwrite"):
        written("FROM year", path, overwrite=False)
    with pytest.raises(DatabaseError):
        written("FROM nowhere_", path, overwrite=True)
    assert path.read_text() == "mine"
    written("FROM year", link, overwrite=True)
    assert path.read_text().startswith("year,date,")
    assert link.is_symlink()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["kept.csv", "link.csv"]
    with pytest.raises(OutputError, match="is a database, which is never replaced"):
        written("FROM year", database, overwrite=True)
    with pytest.raises(OutputError, match="is a folder"):
        written("FROM year", tmp_path, overwrite=True)


def test_a_name_that_ends_in_gz_is_compressed(database: Path, tmp_path: Path) -> None:
    for name in ("a.csv.gz", "b.JSON.GZ", "c.md.gz", "d.txt.gz"):
        answer(database, "SELECT 1 AS n", {}, Silent(), output=str(tmp_path / name))
        assert b"1" in gzip.decompress((tmp_path / name).read_bytes())
    answer(database, "SELECT 1 AS n", {}, Silent(), output=str(tmp_path / "a2.csv.gz"))
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "a2.csv.gz").read_bytes()


@pytest.mark.parametrize("name", ["x.xlsx", "x", "x.gz", "x.csv.zip", "x.nc", "x.parquet.gz"])
def test_an_unknown_suffix_is_a_usage_error(database: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=re.escape(name)):
        answer(database, "SELECT 1 AS n", {}, Silent(), output=str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


REFUSED = [
    "INSERT INTO eluc VALUES (1, 2, 3)",
    "DELETE FROM eluc",
    "CREATE TABLE t AS SELECT 1",
    "CREATE TEMP TABLE t AS SELECT 1",
    "DROP VIEW luc",
    "COPY eluc TO 'stolen.csv'",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "EXPORT DATABASE 'stolen'",
    "SELECT * FROM read_text('/etc/passwd')",
    "FROM read_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SET lock_configuration = false; SELECT 1",
    "SET enable_external_access = true; FROM read_text('/etc/passwd')",
    "RESET enable_external_access; FROM read_text('/etc/passwd')",
    "SELECT 1; DROP VIEW luc; SELECT 2",
    "SELECT 1; SELECT 2",
    "SET VARIABLE x = 1",
    "-- nothing",
    "SELECT nope FROM eluc",
    "SELEC 1",
    "FROM eluc WHERE year = $1",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_no_question_is_refused(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.chdir(tmp_path)
    before = database.read_bytes()
    with pytest.raises(DatabaseError) as caught:
        ask(database, sql)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert database.read_bytes() == before


@pytest.mark.parametrize("value", ["'; DROP VIEW luc; --", "x' OR '1'='1", '"', "\\", "NULL"])
def test_a_parameter_is_a_value_whatever_is_in_it(database: Path, value: str) -> None:
    found = ask(database, "SELECT getvariable('text') AS text", {"text": value})
    assert found.column("text").to_pylist() == [value]


def test_no_variable_of_python_is_a_table(database: Path) -> None:
    stolen = ask(database, "FROM year")
    assert stolen.num_rows > 0
    with pytest.raises(DatabaseError, match="stolen does not exist"):
        ask(database, "SELECT * FROM stolen")


def test_pivots_descriptions_and_plans_are_questions(database: Path) -> None:
    assert ask(database, "PIVOT year ON has_eluc USING count(*)").num_rows == 4
    assert ask(database, "DESCRIBE eluc").num_rows == 3
    assert ask(database, "SUMMARIZE cell").num_rows == len(ask(database, "DESCRIBE cell"))
    assert ask(database, "EXPLAIN SELECT 1").num_rows > 0


@pytest.mark.parametrize("name", ["eluc_global", "LUC", "region", "year"])
def test_a_table_or_view_may_be_named_alone(database: Path, name: str) -> None:
    assert ask(database, name).equals(ask(database, f"FROM {name}"))


def test_a_name_near_that_of_a_view_is_proposed(database: Path) -> None:
    with pytest.raises(UsageError, match=r"view 'eluc_globl'; did you mean eluc_global"):
        ask(database, "eluc_globl")
    with pytest.raises(UsageError, match=r"there is no query, table or view 'table_content'"):
        ask(database, "table_content")


def test_unknown_names_are_told_with_what_there_is(database: Path) -> None:
    with pytest.raises(UsageError, match=r"view 'london_serie'; did you mean london_series"):
        find_question("london_serie")
    with pytest.raises(UsageError, match=r"no parameter 'height'; it has latitude, longitude"):
        ask(database, "london_series", {"height": 3})
    with pytest.raises(UsageError, match=r"no parameter 'l'; it has latitude, longitude"):
        ask(database, "london_series", {"l": 3})
    with pytest.raises(UsageError, match="latitude of london_series is set twice"):
        ask(database, "london_series", {"lat": 3, "latitude": 4})
    with pytest.raises(UsageError, match="has no parameter 'x'; it has none"):
        ask(database, "FROM year", {"x": 3})
    with pytest.raises(SourceMissingError, match=r"absent\.sql: there is no such SQL file"):
        find_question("absent.sql")


def test_comments_name_no_parameters() -> None:
    question = Question(
        "q", "", "-- SET VARIABLE a first\nSELECT getvariable('a') -- getvariable('b')"
    )
    assert question.parameters == ("a",)


def test_values_are_what_they_look_like() -> None:
    given = ["a=1", "b=-1.5e3", "c=1990-02-03", "d=true", "e=London", "f='12'", "g=", "h=x=y"]
    assert parse_parameters(given) == {
        "a": 1,
        "b": -1500.0,
        "c": dt.date(1990, 2, 3),
        "d": True,
        "e": "London",
        "f": "12",
        "g": "",
        "h": "x=y",
    }
    for wrong in (["a"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(UsageError, match="--param"):
            parse_parameters(wrong)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such database"),
        (b"", "is not a DuckDB database"),
        (b"SQLite format 3\0 and more", "is not a DuckDB database"),
    ],
)
def test_what_is_no_database_is_an_input_error(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "x.duckdb").write_bytes(content)
    done = luc_load("query", "FROM year", "x.duckdb", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_database_of_another_program_is_an_input_error(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "other.duckdb")) as con:
        con.execute("CREATE TABLE year (year INTEGER)")
    with pytest.raises(SourceError, match="was not made by luc-load build"):
        ask(tmp_path / "other.duckdb", "FROM year")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["query", "no_such_query"], 2),
        (["query", "london_series", "-p", "height"], 2),
        (["query", "FROM year", "--format", "xml"], 2),
        (["query", "FROM year", "--rows", "-1"], 2),
        (["query", "absent.sql"], 3),
        (["query", "FROM nowhere_at_all x"], 1),
    ],
)
def test_exit_codes(work: Path, arguments: list[str], code: int) -> None:
    done = luc_load(*arguments, cwd=work)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr


FOREVER = "SELECT count(*) FROM eluc a, eluc b, eluc c WHERE a.eluc + b.eluc < c.eluc"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_it_at_once(work: Path, number: signal.Signals, code: int) -> None:
    with subprocess.Popen(
        [*COMMAND, "query", "-q", FOREVER, "-o", "never.csv"],
        cwd=work,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        give_up = time.monotonic() + 60
        while not list(work.glob(".never.csv.*")) and time.monotonic() < give_up:
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(number)
        began = time.monotonic()
        out, err = process.communicate(timeout=60)
        took = time.monotonic() - began
    assert (process.returncode, out) == (code, "")
    assert err in ("luc-load: error: interrupted\n", "luc-load: error: terminated\n")
    assert took < 5
    assert not list(work.glob("*never.csv*"))


@pytest.mark.parametrize("kind", ["table", "csv"])
def test_a_reader_that_has_enough_is_no_error(work: Path, kind: str) -> None:
    with subprocess.Popen(
        [*COMMAND, "query", "-q", "FROM cell a, year b", "--format", kind],
        cwd=work,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0

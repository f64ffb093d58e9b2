"""A built file in the programs that people open it with: an old DuckDB, and the 1.5 executable.

Each is installed into a folder of its own, once a session, from the package registry.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from command import luc_load
from conftest import install
from sql_database import ABSENT

from loader.catalog.sqlfiles import read_files
from loader.schema import SERIES, schema_of

QUERIES = read_files("queries")
KINDS = ("tables", "views", "macros")
SQL = {kind: sorted(read_files(f"sql/{kind}").keys() - ABSENT) for kind in KINDS}
QUERIES = {name: file for name, file in QUERIES.items() if not ABSENT & {*file.needs}}
CALLS = {
    "cell_at": "SELECT cell_at(51.507, -0.127) AS cell_id",
    "point": "FROM point(51.507, -0.127)",
    "state_change": "FROM state_change(2015, 2020) LIMIT 5",
    "split_by_year": "FROM split_by_year(2018) LIMIT 5",
    "split_by_region": "FROM split_by_region(35, 60, -10, 30) LIMIT 5",
    "split_random": "FROM split_random(0.2, 1) LIMIT 5",
    "cumulative_emissions": "FROM cumulative_emissions(2015, 2018) LIMIT 5",
}
RUN = """
import duckdb, json, sys
con = duckdb.connect(sys.argv[1], read_only=True)
answers = {"version": duckdb.__version__}
for name, sql in json.load(sys.stdin).items():
    try:
        answers[name] = len(con.cursor().execute(sql).fetchmany(5))
    except duckdb.Error as error:
        answers[name] = str(error)
print(json.dumps(answers))
"""


def everything(*, is_stored: bool = True) -> dict[str, str]:
    """Return statements by what they try: each table, view, macro, query, and the comments."""
    tables = [name for name in SQL["tables"] if is_stored or name not in SERIES]
    statements = {f"table {name}": f'FROM {schema_of(name)}."{name}" LIMIT 5' for name in tables}
    statements |= {f"view {name}": f'FROM "{name}" LIMIT 5' for name in SQL["views"]}
    statements |= {f"macro {name}": CALLS[name] for name in SQL["macros"]}
    statements |= {f"query {name}": file.text for name, file in QUERIES.items()}
    for name in [*tables, *SQL["views"]]:
        statements[f"comment on {name}"] = (
            "SELECT comment FROM (SELECT table_name, comment FROM duckdb_tables() UNION ALL "
            "SELECT view_name, comment FROM duckdb_views()) "
            f"WHERE table_name = '{name}' AND comment LIKE '%Units: %'"
        )
        statements[f"comments on columns of {name}"] = (
            f"SELECT column_name FROM duckdb_columns() WHERE table_name = '{name}' "
            "GROUP BY ALL HAVING count(comment) = count(*)"
        )
    return statements


# The sample has no static grid.
EXPECTED_EMPTY = {"query potential_forest_left"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clients")
    made = luc_load(
        *("sample", "-o", "raw", "--resolution", "2", "--years", "2015:2019"),
        *("--only", "eluc,states"),
        cwd=folder,
    )
    assert made.returncode == 0, made.stderr
    built = luc_load("build", cwd=folder)
    assert built.returncode == 0, built.stderr
    return folder / "luc-data" / "luc.duckdb"


def answers(
    database: Path, environment: dict[str, str], *, is_stored: bool = True
) -> dict[str, int | str]:
    """Return the number of rows, or the error, that DuckDB 1.1.3 gives for each statement."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(database)],
        input=json.dumps(everything(is_stored=is_stored)),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, int | str] = json.loads(done.stdout)
    assert found.pop("version") == "1.1.3"
    return found


@pytest.fixture(scope="module")
def old_answers(database: Path, old_duckdb: dict[str, str]) -> dict[str, int | str]:
    return answers(database, old_duckdb)


@pytest.fixture(scope="module")
def views(database: Path) -> Path:
    """The same as a file of views over the Parquet dataset."""
    folder = database.parents[1]
    built = luc_load("build", "-o", "views [of]", "--tables", "views", cwd=folder)
    assert built.returncode == 0, built.stderr
    return folder / "views [of]" / "luc.duckdb"


@pytest.mark.slow
def test_duckdb_1_1_3_reads_views_of_parquet_as_well(
    old_answers: dict[str, int | str], old_duckdb: dict[str, str], views: Path
) -> None:
    found = answers(views, old_duckdb, is_stored=False)
    assert found == {what: old_answers[what] for what in found}


@pytest.mark.parametrize("what", everything())
def test_duckdb_1_1_3_reads_it(old_answers: dict[str, int | str], what: str) -> None:
    answer = old_answers[what]
    assert isinstance(answer, int), answer
    assert (answer == 0) is (what in EXPECTED_EMPTY)


SPLIT = """
import duckdb, json, sys
con = duckdb.connect(sys.argv[1], read_only=True)
print(json.dumps(con.execute("SELECT cell_id, year, split FROM split_random(0.3, 42)").fetchall()))
"""


@pytest.mark.parametrize("age", ["old", "this"])
def test_a_random_split_is_the_same_in_every_duckdb(
    request: pytest.FixtureRequest, database: Path, age: str
) -> None:
    env = request.getfixturevalue("old_duckdb") if age == "old" else dict(os.environ)
    done = subprocess.run(
        [sys.executable, "-c", SPLIT, str(database)],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = json.loads(done.stdout)
    assert len(rows) > 10_000
    for cell_id, year, split in rows:
        digest = hashlib.md5(f"{cell_id}:{year}:42".encode(), usedforsecurity=False).hexdigest()
        assert split == ("test" if int(digest[:13], 16) / 2**52 < 0.3 else "train")


@pytest.fixture(scope="module")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("cli"), "duckdb-cli>=1.5,<1.6") / "bin" / "duckdb"


@pytest.fixture(scope="module")
def printed(
    executable: Path, database: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What the executable prints for each statement, all in one session that no error ends."""
    folder = tmp_path_factory.mktemp("printed")
    lines = [".bail off"]
    for number, sql in enumerate(everything().values()):
        lines += [f".output {number}.csv", sql + ";"]
    (folder / "statements.sql").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run(
        [executable, "-readonly", "-csv", "-init", os.devnull, "-f", "statements.sql", database],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {
        what: (folder / f"{number}.csv").read_text(encoding="utf-8")
        for number, what in enumerate(everything())
    }


@pytest.mark.parametrize("what", everything())
def test_the_executable_1_5_reads_it(printed: dict[str, str], what: str) -> None:
    assert (len(printed[what].splitlines()) < 2) is (what in EXPECTED_EMPTY)


def test_the_executable_1_5_reads_views_of_parquet_as_well(
    executable: Path, views: Path, tmp_path: Path
) -> None:
    file = tmp_path / "statements.sql"
    statements = everything(is_stored=False)
    file.write_text("".join(f"{sql};\n" for sql in statements.values()), encoding="utf-8")
    done = subprocess.run(
        [executable, "-readonly", "-csv", "-init", os.devnull, "-f", str(file), str(views)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > len(statements)


def test_nothing_is_left_beside_a_database_that_was_read(database: Path) -> None:
    found = sorted(path.name for path in database.parent.iterdir() if path.name[0] != ".")
    assert found == ["luc.duckdb", "parquet"]


def test_every_macro_is_called() -> None:
    assert set(CALLS) >= set(SQL["macros"])


def test_this_duckdb_reads_it_too(database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as con:
        for what, sql in everything().items():
            rows = con.cursor().execute(sql).fetchmany(5)
            assert bool(rows) is (what not in EXPECTED_EMPTY), what

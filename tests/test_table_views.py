"""A database whose gridded tables are views of the Parquet files: same answers, same care."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from build_oracle import Expected, differences
from builds import crash, limit_blocks
from command import luc_load
from files import GRIDS, Form, eluc_content, state_content, write

from loader import build, open_dataset, write_sample
from loader.catalog.sqlfiles import read_files
from loader.errors import OutputError, SourceError, UsageError
from loader.schema import SERIES, schema_of
from loader.storing.parquet import write_part
from loader.storing.stage import Stage

AWKWARD = "v [x]* 'é; ~"
"""A folder whose name is a pattern to DuckDB, and a quote and a semicolon to SQL."""

YEARS = tuple(range(1950, 1957))
STATE = state_content(41, GRIDS["finer"], YEARS, masks="mixed")
ELUC = eluc_content(42, GRIDS["finer"], YEARS)

CALLS = {
    "cell_at": "SELECT cell_at(51.507, -0.127)",
    "point": "FROM point(51.507, -0.127)",
    "state_change": "FROM state_change(2011, 2013)",
    "split_by_year": "FROM split_by_year(2012)",
    "split_by_region": "FROM split_by_region(35, 60, -10, 30)",
    "split_random": "FROM split_random(0.2, 1)",
    "cumulative_emissions": "FROM cumulative_emissions(2011, 2013)",
}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One set of sources as stored tables, and as views in a folder of an awkward name."""
    folder = tmp_path_factory.mktemp("both")
    write_sample(folder / "raw", years=(2011, 2013), resolution=2)
    build(raw=folder / "raw", all=True, out=folder / "stored")
    build(raw=folder / "raw", all=True, out=folder / AWKWARD, tables="views")
    return folder / "stored", folder / AWKWARD


@pytest.fixture
def moved(both: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the views, whose database still names the place that it was built in."""
    return Path(shutil.copytree(both[1], tmp_path / "elsewhere"))


def opened(out: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(out / "luc.duckdb"), read_only=True)


def test_every_object_has_the_same_columns_and_comments(both: tuple[Path, Path]) -> None:
    # Only a database of stored tables has the emissions as series too.
    own = f"NOT internal AND table_name NOT IN {tuple(SERIES)}"
    questions = (
        (
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() "
            f"WHERE {own} ORDER BY ALL"
        ),
        (
            f"SELECT table_name, comment FROM duckdb_tables() WHERE {own} UNION ALL "
            "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
        ),
        "FROM data_dictionary ORDER BY ALL",
    )
    with opened(both[0]) as stored, opened(both[1]) as views:
        for question in questions:
            expected = stored.execute(question).fetchall()
            assert len(expected) > 20
            assert views.execute(question).fetchall() == expected
        kinds = views.execute("SELECT table_name, table_type FROM information_schema.tables")
        kind_of = dict(kinds.fetchall())
    assert {kind_of[name] for name in ("state", "eluc", "transition", "management")} == {"VIEW"}
    assert {kind_of[name] for name in ("cell", "year", "source")} == {"BASE TABLE"}


def test_every_object_has_the_same_rows(both: tuple[Path, Path]) -> None:
    objects = [*read_files("sql/tables"), *read_files("sql/views")]
    # They say when and from what they were made, or are only stored.
    differing = {"build", "source", "table_content", *SERIES}
    macros = set(read_files("sql/macros"))
    assert macros == set(CALLS)
    questions = {
        name: f'SELECT count(*), sum(hash(t)::HUGEINT) FROM {schema_of(name)}."{name}" t'
        for name in objects
    }
    questions |= CALLS | {name: file.text for name, file in read_files("queries").items()}
    with opened(both[0]) as stored, opened(both[1]) as views:
        for name, question in questions.items():
            if name not in differing:
                expected = stored.cursor().execute(question).fetchall()
                found = views.cursor().execute(question).fetchall()
                assert sorted(map(repr, found)) == sorted(map(repr, expected)), name


def test_the_file_is_small(both: tuple[Path, Path]) -> None:
    stored, views = ((out / "luc.duckdb").stat().st_size for out in both)
    assert views < stored


@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "FROM luc ORDER BY ALL LIMIT 20"),
        ("query", "global_emissions_by_year"),
        ("export", "-o", "-", "--years", "2012"),
        ("export", "-o", "-", "--what", "transition", "--years", "2012"),
    ],
    ids=" ".join,
)
def test_commands_answer_the_same(
    arguments: tuple[str, ...], both: tuple[Path, Path], moved: Path, tmp_path: Path
) -> None:
    stored, here, elsewhere = (
        luc_load(*arguments, str(out), cwd=tmp_path) for out in (*both, moved)
    )
    assert (stored.returncode, stored.stderr) == (0, here.stderr)
    assert len(stored.stdout.splitlines()) > 3
    assert here.stdout == stored.stdout
    assert elsewhere.stdout == stored.stdout


def test_check_reads_every_value_through_the_views(moved: Path, tmp_path: Path) -> None:
    done = luc_load("check", "--json", str(moved), cwd=tmp_path)
    found = {one["name"]: one["status"] for one in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0, done.stdout
    assert found["contents"] == found["parquet"] == "ok"
    with duckdb.connect(str(moved / "luc.duckdb")) as con:
        con.execute("CREATE OR REPLACE MACRO parquet_folder() AS '/gone'")
    (part,) = (moved / "parquet" / "state").iterdir()
    rows = pq.read_table(part)
    at = rows.schema.get_field_index("primf")
    write_part(rows.set_column(at, rows.schema.field(at), rows.column("primn")), part)
    again = luc_load("check", "--only", "contents", str(moved), cwd=tmp_path)
    assert again.returncode == 1, again.stderr
    assert "as many rows, other values" in again.stdout


def test_a_picture_has_the_same_lines(both: tuple[Path, Path], tmp_path: Path) -> None:
    lines = []
    for out in both:
        name = f"{out.name[0]}.svg"
        chosen = ("series", "--country", "Brazil", "-o", name)
        done = luc_load("plot", *chosen, str(out), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        picture = (tmp_path / name).read_text(encoding="utf-8")
        lines.append(re.findall(r'<path d="([^"]+)" clip-path', picture))
        assert len(lines[-1]) > 3
    assert lines[0] == lines[1]


@pytest.mark.slow
def test_a_report_has_the_same_tables(both: tuple[Path, Path], tmp_path: Path) -> None:
    figures = []
    for out in both:
        name = f"{out.name[0]}.html"
        done = luc_load("report", "-o", name, str(out), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        page = (tmp_path / name).read_text(encoding="utf-8")
        figures.append(re.findall(r"<t[dh][^>]*>.*?</t[dh]>", page))
        assert len(figures[-1]) > 100
    assert figures[0] == figures[1]


def test_it_is_a_grid_again_in_threads_and_in_another_process(
    both: tuple[Path, Path], moved: Path
) -> None:
    with open_dataset(both[0]) as stored, open_dataset(moved) as views:
        # When and by which build each was made.
        assert views.attrs.pop("history") != stored.attrs.pop("history")
        assert views.compute(scheduler="threads").identical(stored.compute(scheduler="threads"))
        means = views.primf.mean().compute(scheduler="processes", num_workers=2)
        assert float(means) == float(stored.primf.mean().compute())


def test_info_says_so_and_needs_no_files(moved: Path, tmp_path: Path) -> None:
    done = luc_load("info", str(moved), cwd=tmp_path)
    assert "The tables above are views that read these files.\n" in done.stdout
    shutil.rmtree(moved / "parquet")
    again = luc_load("info", str(moved), cwd=tmp_path)
    assert again.returncode == 0
    assert "no dataset of the same build is next to the database" in again.stdout


def test_nothing_else_can_be_read_or_written(moved: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    for sql in (
        f"FROM '{tmp_path}/secret.csv'",
        f"FROM '{moved}/parquet/../../secret.csv'",
        f"COPY (SELECT 1) TO '{moved}/parquet/state/more.parquet'",
        f"COPY (SELECT 1) TO '{tmp_path}/more.csv'",
    ):
        done = luc_load("query", sql, str(moved), cwd=tmp_path)
        assert done.returncode != 0, sql
    assert not list(tmp_path.rglob("more.*"))


@pytest.mark.parametrize("command", [("query", "FROM luc"), ("export", "-o", "x.csv"), ("check",)])
def test_missing_files_are_named(command: tuple[str, ...], moved: Path, tmp_path: Path) -> None:
    parquet = moved / "parquet"
    parquet.rename(moved / "other")
    done = luc_load(*command, str(moved), cwd=tmp_path)
    # The place that it was built in still holds its files.
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(moved / "luc.duckdb")) as con:
        con.execute(f"CREATE OR REPLACE MACRO parquet_folder() AS '{moved}/gone'")
    done = luc_load(*command, str(moved), cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert f"views of Parquet files in {moved}/gone, which are missing" in done.stderr
    with duckdb.connect(str(moved / "luc.duckdb")) as con:
        con.execute(f"CREATE OR REPLACE MACRO parquet_folder() AS '{moved}/other'")
        assert con.execute("SELECT count(*) > 0 FROM luc").fetchall() == [(True,)]
    assert luc_load("query", "FROM luc LIMIT 1", str(moved), cwd=tmp_path).returncode == 0


def test_files_of_another_build_are_not_taken(moved: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "raw", years=(2010, 2013), resolution=2)
    build(raw=tmp_path / "raw", out=tmp_path / "other", tables="views")
    shutil.rmtree(moved / "parquet")
    shutil.copytree(tmp_path / "other" / "parquet", moved / "parquet")
    with duckdb.connect(str(moved / "luc.duckdb")) as con:
        con.execute(f"CREATE OR REPLACE MACRO parquet_folder() AS '{moved}/parquet'")
    done = luc_load("query", "FROM luc", str(moved), cwd=tmp_path)
    assert done.returncode == 3
    assert "or belong to another build" in done.stderr


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Sources of several parts each."""
    limit_blocks(monkeypatch, 2)
    return {
        "states": (write(tmp_path / "states.nc", STATE, Form()), STATE),
        "eluc": (write(tmp_path / "eluc.nc", ELUC, Form(time="bare")), ELUC),
    }


def run(small: dict[str, Any], out: Path, **options: Any) -> Any:  # noqa: ANN401
    return build(**{name: path for name, (path, _) in small.items()}, out=out, **options)


@pytest.mark.parametrize("options", [{}, {"parquet_encoding": "plain"}, {"workers": 1}])
def test_it_holds_what_the_files_hold(
    options: dict[str, Any], small: dict[str, Any], tmp_path: Path
) -> None:
    run(small, tmp_path / "out", tables="views", **options)
    assert differences(tmp_path / "out", Expected(STATE, ELUC), small) == []
    assert run(small, tmp_path / "out", tables="views", **options).outcome == "up to date"


def test_an_interrupted_build_goes_on(small: dict[str, Any], tmp_path: Path) -> None:
    with crash("writing a part", after=5, error=OutputError("the disk is full")):
        run(small, tmp_path / "out", tables="views", workers=1)
    report = run(small, tmp_path / "out", tables="views")
    assert report.reused_parts == 5
    assert differences(tmp_path / "out", Expected(STATE, ELUC), small) == []


def test_views_and_stored_tables_are_two_builds(small: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run(small, out, tables="views")
    with pytest.raises(OutputError, match="tables=views; requested: tables=stored"):
        run(small, out)
    stored = run(small, out, overwrite=True)
    assert stored.build_id != first.build_id
    assert differences(out, Expected(STATE, ELUC), small) == []
    with pytest.raises(OutputError, match="tables=stored; requested: tables=views"):
        run(small, out, tables="views")
    again = run(small, out, tables="views", overwrite=True)
    assert again.build_id == first.build_id
    assert differences(out, Expected(STATE, ELUC), small) == []


READ = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
print(con.execute("SELECT count(*) > 0 FROM state").fetchall(), flush=True)
sys.stdin.readline()
try:
    print(con.execute("SELECT sum(primf) FROM state").fetchall(), flush=True)
except duckdb.Error as error:
    print(type(error).__name__, flush=True)
"""


def test_a_reader_of_the_old_views_finds_nothing_rather_than_other_numbers(
    small: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(small, out, tables="views", years=":1953")
    with subprocess.Popen(
        [sys.executable, "-c", READ, str(out / "luc.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "[(True,)]\n"
        run(small, out, tables="views", overwrite=True)
        answer, _ = reader.communicate("\n", timeout=30)
    assert answer == "IOException\n"
    assert differences(out, Expected(STATE, ELUC), small) == []


def test_a_kill_amid_the_exchange_leaves_the_old_database_usable(
    small: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(small, out, tables="views", years=":1953")
    answer = luc_load("query", "SELECT count(*) FROM luc", str(out), cwd=tmp_path)

    class KilledError(BaseException):
        pass

    real = Path.replace

    def killed(path: Path, target: Any) -> Any:  # noqa: ANN401
        if path.name == "luc.duckdb":
            raise KilledError
        return real(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KilledError):
            run(small, out, tables="views", overwrite=True)
    assert (Stage(out / ".luc-load").folder / "replaced").is_dir()
    amid = luc_load("query", "SELECT count(*) FROM luc", str(out), cwd=tmp_path)
    assert (amid.returncode, amid.stdout) == (0, answer.stdout)
    assert run(small, out, tables="views", overwrite=True).outcome == "published"
    assert differences(out, Expected(STATE, ELUC), small) == []


@pytest.mark.parametrize(
    ("out", "parquet"),
    [("s3://bucket/luc", None), ("out", "s3://bucket/luc")],
)
def test_where_no_view_could_read_is_refused_at_once(
    out: str, parquet: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="--tables stored"):
        build(states="missing.nc", out=out, parquet=parquet, tables="views")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("tables", ["stored", "views"])
def test_a_backslash_that_duckdb_takes_for_a_slash_is_refused(
    tables: str, small: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "a" / "b" / ".luc-load" / "stage").mkdir(parents=True)
    with pytest.raises(UsageError, match="DuckDB takes no path with a backslash"):
        run(small, tmp_path / "a\\b", tables=tables)
    assert not list(tmp_path.rglob("*.duckdb"))


def test_a_plan_knows_that_nothing_is_stored_twice(small: dict[str, Any], tmp_path: Path) -> None:
    stored = run(small, tmp_path / "out", dry_run=True)
    views = run(small, tmp_path / "out", dry_run=True, tables="views")
    assert views.tables == stored.tables
    assert views.parquet_bytes == stored.parquet_bytes
    assert views.database_bytes < stored.database_bytes


def test_a_database_that_names_no_folder_is_an_error(moved: Path) -> None:
    with duckdb.connect(str(moved / "luc.duckdb")) as con:
        con.execute("CREATE OR REPLACE MACRO parquet_folder() AS '/etc'")
    shutil.rmtree(moved / "parquet")
    with pytest.raises(SourceError, match="Parquet files in /etc, which are missing"):
        open_dataset(moved)

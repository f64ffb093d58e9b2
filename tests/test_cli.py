"""The command line: exit codes, what goes to which stream, and what is said when it fails."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import netCDF4
import pytest
from command import environment, luc_load
from files import GRIDS, Form, state_content, write

from loader import __version__
from loader.cli import commands

COMMANDS = sorted(commands.commands)
ELUC = "BLUE_LUH2-GCB2022_ELUC_gridded_net_1850-2021.nc"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "raw"
    done = luc_load(
        *("sample", "-o", str(folder), "--resolution", "2", "--years", "2015:2017"),
        *("--only", "eluc,states"),
        cwd=folder.parent,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def work(sample: Path, tmp_path: Path) -> Path:
    """A folder to work in whose raw/ holds a small sample."""
    shutil.copytree(sample, tmp_path / "raw")
    return tmp_path


@pytest.fixture(scope="module")
def many_years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of states of few cells and so many years that they make four parts."""
    path = tmp_path_factory.mktemp("long") / "states.nc"
    return write(path, state_content(1, GRIDS["finer"], range(1961, 2022)), Form())


SLOWED = """
import time
from loader.storing.stage import Stage
real = Stage.keep_part
def keep_part(*given, **more):
    time.sleep(1)
    return real(*given, **more)
Stage.keep_part = keep_part
from loader.cli import main
main()
"""
"""The command line, which waits a second before it notes a part: time for a signal."""


@contextmanager
def started_build(states: Path, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a build in many parts, and wait until the first of them is stored."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLOWED, *long_build(states)],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        manifest = cwd / "out" / ".luc-load" / "stage" / "manifest.jsonl"
        give_up = time.monotonic() + 60
        while not (manifest.exists() and manifest.stat().st_size) and process.poll() is None:
            assert time.monotonic() < give_up
            time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.communicate()


def long_build(states: Path) -> tuple[str, ...]:
    return ("build", "--states", str(states), "-o", "out", "--workers", "1")


def is_one_plain_error(text: str) -> bool:
    lines = text.strip().splitlines()
    return len(lines) == 1 and lines[0].startswith("luc-load: error: ")


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_every_command_has_help(tmp_path: Path, command: tuple[str, ...], flag: str) -> None:
    done = luc_load(*command, flag, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {' '.join(['luc-load', *command])} ")
    assert "\\b" not in done.stdout
    assert "[default: 0]" not in done.stdout
    if command:
        assert f"\n    luc-load {command[0]}" in done.stdout, "an example on a line of its own"


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_every_command_tells_its_version(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = luc_load(*command, "--version", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"luc-load, version {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_describes_itself(name: str) -> None:
    for option in commands.commands[name].params:
        if isinstance(option, click.Option):
            assert option.help, option.name


def test_help_imports_no_library_of_arrays(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['luc-load', '--help']\n"
        "from loader.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'xarray', 'duckdb', 'pyarrow', 'numpy', 'pandas', 'h5py', 'netCDF4'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "[]\n"


def test_a_build_says_what_it_made_and_the_second_that_it_is_made(work: Path) -> None:
    first = luc_load("build", cwd=work)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("Built luc-data/luc.duckdb in ")
    assert "SYNTHETIC" in first.stdout
    assert "2015-2018" in first.stdout
    second = luc_load("build", cwd=work)
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout.startswith("luc-data/luc.duckdb is up to date")
    assert len(second.stdout.splitlines()) == 1


def test_another_build_is_refused_without_overwrite(work: Path) -> None:
    assert luc_load("build", cwd=work).returncode == 0
    before = (work / "luc-data" / "luc.duckdb").read_bytes()
    refused = luc_load("build", "--cells", "land", cwd=work)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert is_one_plain_error(refused.stderr)
    assert "cells" in refused.stderr
    assert "--overwrite" in refused.stderr
    assert (work / "luc-data" / "luc.duckdb").read_bytes() == before
    # These change no row.
    same = luc_load("build", "--workers", "1", "--memory-limit", "1GiB", "-v", cwd=work)
    assert "is up to date" in same.stdout
    replaced = luc_load("build", "--cells", "land", "--overwrite", cwd=work)
    assert (replaced.returncode, replaced.stderr) == (0, "")


def test_options_come_from_the_environment(work: Path) -> None:
    env = {
        "LUC_LOAD_BUILD_OUT": "elsewhere",
        "LUC_LOAD_BUILD_YEARS": "2016:2017",
        "LUC_LOAD_BUILD_STATES": "raw/states.nc",
        "LUC_LOAD_BUILD_QUIET": "1",
    }
    done = luc_load("build", cwd=work, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Built elsewhere/luc.duckdb")
    assert "2016-2017" in done.stdout
    assert "eluc " not in done.stdout
    env = {"LUC_LOAD_SAMPLE_ONLY": "static", "LUC_LOAD_SAMPLE_RESOLUTION": "2"}
    made = luc_load("sample", cwd=work, env=env)
    assert made.stdout == "sample/staticData_quarterdeg.nc\n"


def test_sample_prints_the_paths_and_nothing_else(sample: Path) -> None:
    arguments = ("--resolution", "2", "--years", "2015:2017", "--only", "states,eluc")
    done = luc_load("sample", "-o", "raw", *arguments, cwd=sample.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"raw/{ELUC}", "raw/states.nc"]


def test_nothing_to_read_says_where_it_looked_and_what_to_do(tmp_path: Path) -> None:
    done = luc_load("build", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert is_one_plain_error(done.stderr)
    for said in ("raw", "states.nc", ELUC, "luc-load fetch -o raw", "luc-load build --sample"):
        assert said in done.stderr
    assert list(tmp_path.iterdir()) == [], "a folder was left where nothing was built"


def test_one_default_missing_is_a_warning(work: Path) -> None:
    (work / "raw" / ELUC).unlink()
    done = luc_load("build", cwd=work)
    assert done.returncode == 0
    assert done.stderr == f"luc-load: raw/{ELUC}: no such file; its tables stay empty\n"
    assert "eluc" not in done.stdout


def test_a_named_source_is_all_that_is_loaded(work: Path) -> None:
    done = luc_load("build", "--states", "raw/states.nc", cwd=work)
    assert (done.returncode, done.stderr) == (0, "")
    assert "  state " in done.stdout
    assert "  eluc " not in done.stdout


@pytest.mark.parametrize("option", ["--eluc", "--states", "--transitions", "--management"])
def test_a_named_source_must_exist(work: Path, option: str) -> None:
    done = luc_load("build", option, "absent.nc", cwd=work)
    assert (done.returncode, done.stdout) == (3, "")
    assert is_one_plain_error(done.stderr)
    assert "absent.nc" in done.stderr
    assert option in done.stderr


def test_what_is_no_netcdf_is_an_input_error(work: Path) -> None:
    (work / "raw" / "states.nc").write_text("<html>404 Not Found</html>")
    done = luc_load("build", cwd=work)
    assert (done.returncode, done.stdout) == (3, "")
    assert is_one_plain_error(done.stderr)
    assert "raw/states.nc" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["build", "--years", "last year"], "--years"),
        (["build", "--years", "2020:2010"], "--years"),
        (["build", "--cells", "sea"], "--cells"),
        (["build", "--workers", "0"], "--workers"),
        (["build", "--workers", "two"], "--workers"),
        (["build", "--memory-limit", "much"], "--memory-limit"),
        (["build", "--memory-limit", "1MB"], "--memory-limit"),
        (["build", "--storage-version", "new"], "--storage-version"),
        (["build", "--sample", "--states", "raw/states.nc"], "--sample"),
        (["build", "--states", ""], "--states"),
        (["build", "--no-such-option"], "--no-such-option"),
        (["sample", "--resolution", "3"], "--resolution"),
        (["sample", "--only", "clouds"], "--only"),
        (["sample", "--years", "1:2"], "850"),
        (["nonsense"], "nonsense"),
    ],
)
def test_usage_errors_name_the_option(work: Path, arguments: list[str], named: str) -> None:
    done = luc_load(*arguments, cwd=work)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in work.iterdir()) == ["raw"]


def test_tracebacks_are_for_those_who_ask(tmp_path: Path) -> None:
    for arguments, shown in ((["-v"], False), (["-vv"], True), (["-v", "-v"], True)):
        done = luc_load("build", "--states", "absent.nc", *arguments, cwd=tmp_path)
        assert done.returncode == 3
        assert ("Traceback" in done.stderr) is shown, arguments
        assert done.stderr.splitlines()[-1].startswith("luc-load: error: absent.nc: ")


def test_details_go_to_standard_error(work: Path) -> None:
    done = luc_load("build", "-v", cwd=work)
    assert "state" in done.stderr
    assert "\x1b" not in done.stderr, "progress is drawn where no terminal is"
    assert done.stdout.startswith("Built ")


def test_the_output_may_not_be_a_file(work: Path) -> None:
    (work / "luc-data").write_text("mine")
    done = luc_load("build", cwd=work)
    assert (done.returncode, done.stdout) == (1, "")
    assert is_one_plain_error(done.stderr)
    assert (work / "luc-data").read_text() == "mine"


def test_a_second_build_fails_at_once_and_names_the_first(many_years: Path, tmp_path: Path) -> None:
    with started_build(many_years, tmp_path) as first:
        first.send_signal(signal.SIGSTOP)
        second = luc_load(*long_build(many_years), cwd=tmp_path)
    assert (second.returncode, second.stdout) == (1, "")
    assert is_one_plain_error(second.stderr)
    assert str(first.pid) in second.stderr


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_stopped_build_says_so_and_the_next_goes_on(
    many_years: Path, tmp_path: Path, number: signal.Signals, code: int, word: str
) -> None:
    with started_build(many_years, tmp_path) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert is_one_plain_error(err)
    assert word in err
    assert not (tmp_path / "out" / "luc.duckdb").exists()
    done = luc_load(*long_build(many_years), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "resuming an interrupted build" in done.stderr
    assert "parts of an earlier run were reused" in done.stdout
    assert "1961-2021" in done.stdout
    assert "is up to date" in luc_load(*long_build(many_years), cwd=tmp_path).stdout


def test_an_error_cannot_drive_the_terminal(work: Path) -> None:
    with netCDF4.Dataset(work / "raw" / ELUC, "a") as file:
        file["ELUC"].units = "\x1b[2Jtons"
    done = luc_load("build", "--eluc", f"raw/{ELUC}", cwd=work)
    assert done.returncode == 3
    assert 'ELUC: has units "\\x1b[2Jtons"' in done.stderr

"""Standard streams that are closed, full, left by their reader or not UTF-8."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import COMMAND, environment
from files import GRIDS, Form, state_content, write

import loader
from loader import OutputError, UsageError, build
from loader.streams import ReaderLeftError, StandardOutput

YEARS = tuple(range(1950, 1953))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    write(folder / "states.nc", state_content(71, GRIDS["finer"], YEARS), Form())
    build(states=folder / "states.nc", out=folder / "out")
    return folder


@pytest.fixture
def damaged(built: Path) -> Iterator[Path]:
    """The same with a truncated Parquet part, which fails the first checks."""
    part = sorted((built / "out" / "parquet" / "state").iterdir())[0]
    kept = part.read_bytes()
    part.write_bytes(kept[:-10])
    yield built
    part.write_bytes(kept)


def shell(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which luc-load is the command; pipes fail as their parts do."""
    words = " ".join(COMMAND)
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", f'luc-load() {{ {words} "$@"; }}; {command}'],
        cwd=folder,
        env=environment(**env),
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("arguments", ["info out", "query 'FROM state' out", "export out", "-h"])
def test_a_reader_that_has_enough_is_not_a_failure(arguments: str, built: Path) -> None:
    done = shell(f"luc-load {arguments} | true", built, PYTHONUNBUFFERED="1")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("reader", ["true", "head -1"])
def test_a_failed_check_exits_with_1_whoever_reads_it(reader: str, damaged: Path) -> None:
    done = shell(f"luc-load check --only contents,parquet out | {reader}", damaged)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_check_that_holds_exits_with_0_though_nobody_reads_it(built: Path) -> None:
    done = shell("luc-load check --only contents,parquet out | true", built)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", ["info out", "query 'FROM state' out", "--help"])
@pytest.mark.parametrize(
    ("where", "reason"), [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")]
)
def test_a_result_that_nobody_gets_is_an_error(
    arguments: str, where: str, reason: str, built: Path
) -> None:
    done = shell(f"luc-load {arguments} {where}", built)
    assert done.returncode == 1
    assert done.stderr == f"luc-load: error: standard output cannot be written ({reason})\n"


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full"])
def test_messages_that_nobody_gets_are_not_an_error(
    stream: str, built: Path, tmp_path: Path
) -> None:
    states = built / "states.nc"
    done = shell(f"luc-load build --states {states} --years 1951:1951 -o out -v {stream}", tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("Built out/luc.duckdb")
    assert (tmp_path / "out" / "luc.duckdb").exists()


def test_without_any_stream_the_exit_code_is_left(built: Path) -> None:
    assert shell("luc-load info out <&- >&- 2>&-", built).returncode == 1
    assert shell("luc-load info nowhere <&- >&- 2>&-", built).returncode == 3


def test_a_name_outside_ascii_works_in_the_c_locale(built: Path, tmp_path: Path) -> None:
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = f"luc-load build --states {built / 'states.nc'} --years 1951:1951 -o données -q"
    done = shell(f"{command} && luc-load info données", tmp_path, **locale)
    assert (done.returncode, done.stderr) == (0, "")
    assert "données/luc.duckdb" in done.stdout
    assert (tmp_path / "données" / "luc.duckdb").exists()


@pytest.mark.parametrize("arguments", ["build -o", "info", "export -o"])
def test_a_name_that_is_not_utf_8_is_named_and_rejected(arguments: str, tmp_path: Path) -> None:
    done = shell(f"luc-load {arguments} $'caf\\xe9'", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "caf\\udce9 is not a UTF-8 name" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["caf\udce9", "a\0b", "a" * 256, "a/" * 2100])
def test_python_rejects_such_a_name_too(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    problem = r"caf\\udce9 is not a UTF-8 name|a\\x00b is not a valid|is too long for the name"
    with pytest.raises(UsageError, match=problem):
        build(states="states.nc", out=path)
    with pytest.raises(UsageError, match="name"):
        build(states=str(path), out=tmp_path)
    with pytest.raises(UsageError, match="name"):
        build(states="states.nc", regions=str(path), out=tmp_path)
    with pytest.raises(UsageError, match="name"):
        loader.info(path)


def test_output_after_the_reader_left_is_dropped_or_stops() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        dropping = StandardOutput(writing)
        assert dropping.write(b"one") == 3
        assert dropping.write(b"two") == 3
        with pytest.raises(ReaderLeftError):
            StandardOutput(writing, stops=True).write(b"one")
    finally:
        os.close(writing)


def test_a_full_disk_is_reported_once() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        output = StandardOutput(full)
        with pytest.raises(OutputError, match="No space left"):
            output.write(b"one")
        assert output.write(b"Python flushes again as it ends") == 31
    finally:
        os.close(full)

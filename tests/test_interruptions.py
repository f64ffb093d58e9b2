"""Signals in every phase, readers and writers of the old file, locks, clocks, changed sources."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from builds import CRASH_POINTS, before, crash, limit_blocks
from command import COMMAND, environment, luc_load
from files import GRIDS, Form, eluc_content, state_content, write

import loader.reading.fingerprint
from loader import OutputBusyError, SourceError, build
from loader.errors import DatabaseError
from loader.options import Options

PLACE = GRIDS["finer"]
YEARS = tuple(range(1950, 1956))

PHASES = (
    "opening a source",
    "writing a part",
    "inserting",
    "committing",
    "finishing the database",
    "reading back",
    "completing the dataset",
    "publishing",
)

PAUSED = """
import sys, time, importlib
where = sys.argv.pop(1)
module, _, name = where.rpartition(".")
try:
    holder = importlib.import_module(module)
except ModuleNotFoundError:
    module, _, kind = module.rpartition(".")
    holder = getattr(importlib.import_module(module), kind)
real = getattr(holder, name)
def paused(*given, **more):
    setattr(holder, name, real)
    print("here", file=sys.stderr, flush=True)
    time.sleep(1)
    return real(*given, **more)
setattr(holder, name, paused)
from loader.cli import main
main()
"""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write(folder / "states.nc", state_content(1, PLACE, YEARS), Form())
    write(folder / "eluc.nc", eluc_content(2, PLACE, YEARS), Form(time="bare"))
    return folder


@pytest.fixture(scope="module")
def first_years(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished build of the first three years, for tests to copy and replace."""
    out = tmp_path_factory.mktemp("first")
    build(**sources(raw), out=out, years="1950:1952")
    return out


@pytest.fixture(scope="module")
def finished(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished build of all years, for tests to read or copy."""
    out = tmp_path_factory.mktemp("finished")
    build(**sources(raw), out=out)
    return out


def sources(folder: Path) -> dict[str, Any]:
    return {"states": folder / "states.nc", "eluc": folder / "eluc.nc"}


def arguments(raw: Path, *more: str) -> list[str]:
    named = [f"--{name}={path}" for name, path in sources(raw).items()]
    return ["build", *named, "-o", "out", *more]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".luc-load" not in path.parts
    }


def rows(database: Path) -> tuple[list[Any], list[Any]]:
    with duckdb.connect(str(database), read_only=True) as con:
        return (
            con.execute("SELECT * FROM state ORDER BY ALL").fetchall(),
            con.execute("SELECT * FROM eluc ORDER BY ALL").fetchall(),
        )


@contextmanager
def paused(raw: Path, cwd: Path, where: str, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a build that waits a second at a place in the program, and wait until it is there."""
    process = subprocess.Popen(
        [sys.executable, "-c", PAUSED, where, *arguments(raw, *more)],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        while (line := process.stderr.readline()) != b"here\n":
            assert line, "the build ended before it came there"
        yield process
    finally:
        process.kill()
        process.communicate()


SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
QUICK = [("inserting", signal.SIGINT)]


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        *QUICK,
        *(
            pytest.param(phase, number, marks=pytest.mark.slow)
            for phase in PHASES
            for number in SIGNALS
            if (phase, number) not in QUICK
        ),
    ],
)
def test_a_signal_ends_the_build_soon_in_every_phase(
    phase: str, number: signal.Signals, raw: Path, finished: Path, first_years: Path, tmp_path: Path
) -> None:
    where, code = CRASH_POINTS[phase], SIGNALS[number]
    shutil.copytree(first_years, tmp_path / "out")
    old = digests(tmp_path / "out")
    with paused(raw, tmp_path, where, "--overwrite") as process:
        sent = time.monotonic()
        process.send_signal(number)
        # An impatient user presses the keys twice.
        time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert time.monotonic() - sent < 5
    assert (process.returncode, out) == (code, b"")
    assert b"Traceback" not in err
    assert b"luc-load: error: " in err
    assert digests(tmp_path / "out") == old
    done = luc_load(*arguments(raw, "--overwrite"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "out" / "luc.duckdb") == rows(finished / "luc.duckdb")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["luc.duckdb", "parquet"]


def test_a_reader_that_closes_early_is_no_error(raw: Path, finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "out")
    done = subprocess.run(
        f"{sys.executable} -m loader info out | head -1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == b""


@pytest.mark.slow
def test_a_killed_holder_of_the_lock_blocks_no_one(raw: Path, tmp_path: Path) -> None:
    with paused(raw, tmp_path, CRASH_POINTS["inserting"]) as process:
        process.kill()
        process.wait()
        done = luc_load(*arguments(raw), cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_child_that_tries_the_files_does_not_keep_the_lock(raw: Path, tmp_path: Path) -> None:
    """The lock dies with the build although the other process lives on."""
    code = (
        "import os, signal, subprocess, sys\n"
        "from pathlib import Path\nfrom loader.storing.locking import exclusive\n"
        "with exclusive(Path('lock')):\n"
        "    subprocess.Popen(['sleep', '30'])\n"
        "    print(1, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(), check=False)
    code = (
        "from pathlib import Path\nfrom loader.storing.locking import exclusive\n"
        "with exclusive(Path('lock')): print('mine')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"mine\n"


def test_a_stopped_build_keeps_its_lock_and_goes_on(raw: Path, tmp_path: Path) -> None:
    with paused(raw, tmp_path, CRASH_POINTS["inserting"]) as process:
        process.send_signal(signal.SIGSTOP)
        second = luc_load(*arguments(raw), cwd=tmp_path)
        assert second.returncode == 1
        assert f"process {process.pid}" in second.stderr
        info = luc_load("info", "out", cwd=tmp_path)
        assert f"A build is running here (process {process.pid})" in info.stderr
        clean = luc_load("clean", "out", cwd=tmp_path)
        assert clean.returncode == 1
        process.send_signal(signal.SIGCONT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.startswith(b"Built ")


@pytest.mark.slow
def test_of_builds_at_the_same_moment_one_wins(raw: Path, tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [*COMMAND, *arguments(raw)],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    ended = [(process.communicate(timeout=120), process.returncode) for process in processes]
    codes = [code for _, code in ended]
    assert codes.count(0) >= 1
    for (_, err), code in ended:
        assert code in (0, 1)
        assert code == 0 or b"another build holds this output" in err
    assert luc_load(*arguments(raw), cwd=tmp_path).stdout.count("is up to date") == 1


READ = """
import sys, time, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
print(1, flush=True)
sys.stdin.readline()
print(con.execute("SELECT count(*), sum(cell_id) FROM eluc").fetchall(), flush=True)
"""

HOLD = """
import sys, duckdb
con = duckdb.connect(sys.argv[1])
print(1, flush=True)
sys.stdin.readline()
"""


@contextmanager
def another(code: str, database: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_reader_of_the_old_database_keeps_its_rows(
    raw: Path, first_years: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(first_years, out)
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        old = con.execute("SELECT count(*), sum(cell_id) FROM eluc").fetchall()
    with another(READ, out / "luc.duckdb") as reader:
        build(**sources(raw), out=out, overwrite=True)
        answer, _ = reader.communicate("\n", timeout=30)
    assert answer == f"{old}\n"
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        assert con.execute("SELECT max(year) FROM eluc").fetchall() == [(1955,)]


def test_a_writer_of_the_old_database_is_found_before_the_work(
    raw: Path, first_years: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(first_years, out)
    old = digests(out)
    with another(HOLD, out / "luc.duckdb"):
        done = luc_load(*arguments(raw, "--overwrite"), cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert "is open for writing in another program" in done.stderr
        assert "-readonly" in done.stderr
    assert digests(out) == old
    assert not (out / ".luc-load").exists()


def test_a_writer_that_comes_later_delays_only_the_publishing(
    raw: Path, first_years: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    shutil.copytree(first_years, out)
    old = digests(out)
    holders: list[Any] = []

    def hold() -> None:
        context = another(HOLD, out / "luc.duckdb")
        context.__enter__()
        holders.append(context)

    with monkeypatch.context() as patch:
        before(patch, "finishing the database", hold)
        with pytest.raises(OutputBusyError, match="the new build is kept"):
            build(**sources(raw), out=out, overwrite=True)
    with pytest.raises(OutputBusyError, match="is open for writing in another program"):
        build(**sources(raw), out=out, overwrite=True)
    holders[0].__exit__(None, None, None)
    assert digests(out) == old
    report = build(**sources(raw), out=out, overwrite=True)
    assert report.outcome == "published"
    assert digests(out) != old
    assert build(**sources(raw), out=out).outcome == "up to date"


def _copies(raw: Path, folder: Path) -> Path:
    folder.mkdir()
    for path in raw.glob("*.nc"):
        shutil.copy(path, folder)
    return folder


def _touch(path: Path) -> None:
    os.utime(path)


def _rename_over(path: Path) -> None:
    other = path.with_suffix(".new")
    write(other, state_content(77, PLACE, YEARS), Form())
    other.rename(path)


def _rewrite(path: Path) -> None:
    """Write other content in place; the time of the change as before."""
    status = path.stat()
    other = write(path.with_suffix(".new"), state_content(77, PLACE, YEARS), Form())
    with path.open("r+b") as file:
        file.write(other.read_bytes())
        file.truncate()
    other.unlink()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def _while_building(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], path: Path
) -> None:
    """Change a source once, when its digest is there and the database is being finished."""
    before(monkeypatch, "finishing the database", lambda: change(path))


@pytest.mark.parametrize("change", [_rename_over, _rewrite, _append])
def test_a_source_that_changes_during_the_build_is_refused(
    change: Callable[[Path], None], raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = _copies(raw, tmp_path / "raw")
    with monkeypatch.context() as patch:
        _while_building(patch, change, copies / "states.nc")
        with pytest.raises(SourceError, match="changed while it was being read") as caught:
            build(**sources(copies), out=tmp_path / "out")
    assert caught.value.exit_code == 3
    assert not (tmp_path / "out" / "luc.duckdb").exists()
    assert build(**sources(copies), out=tmp_path / "out").reused_parts == 0


def test_a_source_that_is_only_touched_during_the_build_is_the_same(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = _copies(raw, tmp_path / "raw")
    with monkeypatch.context() as patch:
        _while_building(patch, _touch, copies / "states.nc")
        assert build(**sources(copies), out=tmp_path / "out").outcome == "built"
    assert build(**sources(copies), out=tmp_path / "out").outcome == "up to date"


def test_a_touch_that_the_digest_cannot_judge_is_refused(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Touched before its digest was there: it may as well have been changed."""
    copies = _copies(raw, tmp_path / "raw")
    real = loader.reading.fingerprint.digest_file

    def digest(path: str, *more: Any) -> str:  # noqa: ANN401
        os.utime(path)
        return real(path, *more)

    monkeypatch.setattr(loader.reading.fingerprint, "digest_file", digest)
    with pytest.raises(SourceError, match="changed while it was being read"):
        build(**sources(copies), out=tmp_path / "out")


def test_a_source_that_is_cut_short_while_it_is_read_is_said_to_have_changed(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = _copies(raw, tmp_path / "raw")
    limit_blocks(monkeypatch, 2)
    before(monkeypatch, "inserting", lambda: os.truncate(copies / "states.nc", 3000))
    with pytest.raises(SourceError, match="changed while it was being read"):
        build(**sources(copies), out=tmp_path / "out", workers=1)


def test_a_source_that_changes_between_two_runs_is_read_anew(raw: Path, tmp_path: Path) -> None:
    copies = _copies(raw, tmp_path / "raw")
    with crash("completing the dataset"):
        build(**sources(copies), out=tmp_path / "out")
    _rename_over(copies / "states.nc")
    assert build(**sources(copies), out=tmp_path / "out").reused_parts == 0
    build(**sources(copies), out=tmp_path / "clean")
    assert rows(tmp_path / "out" / "luc.duckdb") == rows(tmp_path / "clean" / "luc.duckdb")


@pytest.mark.parametrize("moment", [0, 4_102_444_800], ids=["1970", "2100"])
def test_no_decision_hangs_on_the_clock(moment: int, raw: Path, tmp_path: Path) -> None:
    copies = _copies(raw, tmp_path / "raw")
    for path in copies.iterdir():
        os.utime(path, (moment, moment))
    first = build(**sources(copies), out=tmp_path / "out")
    os.utime(tmp_path / "out" / "luc.duckdb", (moment, moment))
    for path in copies.iterdir():
        os.utime(path, (moment + 5, moment + 5))
    again = build(**sources(copies), out=tmp_path / "out")
    assert (again.outcome, again.build_id) == ("up to date", first.build_id)
    done = luc_load(*arguments(copies), cwd=tmp_path, env={"TZ": "Pacific/Kiritimati"})
    assert "is up to date" in done.stdout


@pytest.fixture(scope="module")
def unpublished(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a build that ended before its dataset was complete, for tests to copy."""
    out = tmp_path_factory.mktemp("unpublished")
    with crash("completing the dataset"):
        build(**sources(raw), out=out)
    return out


@pytest.mark.parametrize(
    "record", ["", "[]", '{"version": "0.0.1"}', '{"expected": [{"rows": []}]}']
)
def test_a_damaged_record_of_the_stage_is_not_trusted(
    record: str, raw: Path, unpublished: Path, finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(unpublished, tmp_path / "out")
    (tmp_path / "out" / ".luc-load" / "stage" / "record.json").write_text(record)
    info = luc_load("info", "out", cwd=tmp_path)
    assert info.returncode == 3
    assert "internal error" not in info.stderr
    assert build(**sources(raw), out=tmp_path / "out").reused_parts == 0
    assert rows(tmp_path / "out" / "luc.duckdb") == rows(finished / "luc.duckdb")


def test_memory_that_duckdb_lacks_is_an_error_that_names_the_option(
    raw: Path, first_years: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    shutil.copytree(first_years, out)
    old = digests(out)
    monkeypatch.setattr(Options, "database_bytes", 2**16)
    with pytest.raises(DatabaseError, match=r"Out of Memory.*raise --memory-limit") as caught:
        build(**sources(raw), out=out, overwrite=True)
    assert caught.value.exit_code == 1
    assert len(str(caught.value).splitlines()) == 1
    assert digests(out) == old
    monkeypatch.undo()
    assert build(**sources(raw), out=out, overwrite=True).outcome == "built"


NO_THREADS = """
import threading
def refuse(thread):
    raise RuntimeError("can't start new thread")
import loader.building.run, loader.cli
threading.Thread.start = refuse
loader.cli.main()
"""


def test_a_limit_on_threads_is_an_error_in_words(raw: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_THREADS, *arguments(raw)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("luc-load: error: cannot start a thread")
    assert "ulimit -u" in done.stderr
    assert not (tmp_path / "out" / "luc.duckdb").exists()


@pytest.mark.slow
def test_few_file_descriptors_are_enough_or_named(raw: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", 'ulimit -n 40; exec "$@"', "-", *COMMAND, *arguments(raw)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1, 3)
    assert done.returncode == 0 or "Too many open files" in done.stderr


@pytest.mark.slow
def test_a_largest_file_size_that_is_too_small_is_an_error_not_a_crash(
    raw: Path, first_years: Path, tmp_path: Path
) -> None:
    shutil.copytree(first_years, tmp_path / "out")
    old = digests(tmp_path / "out")
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 100; exec "$@"', "-", *COMMAND, *arguments(raw, "--overwrite")],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert digests(tmp_path / "out") == old
    assert luc_load(*arguments(raw, "--overwrite"), cwd=tmp_path).returncode == 0

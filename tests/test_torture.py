"""A few points of the torture, and each fault that needs no chosen call; `make torture` does all.

Whatever happens, the old database stays whole or the new one is there, the message is plain, and
the same command heals it.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from tools.torture.campaign import Outcome, at_calls, try_fault, try_moment
from tools.torture.faults import MODES, Fault, NoCompilerError, Shim
from tools.torture.ground import BrokenPromiseError, Ground, contents, digest
from tools.torture.report import table


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(tmp_path_factory.mktemp("torture"), thorough=False)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Enough data that a build takes some seconds."""
    folder = tmp_path_factory.mktemp("larger")
    return Ground(folder, "1991:2020", "1991:1992", "1991:2020", "1", thorough=False)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Shim:
    if sys.platform != "linux":
        pytest.skip("preloads a library as Linux does")
    try:
        return Shim(tmp_path_factory.mktemp("shim"))
    except NoCompilerError as error:
        pytest.skip(str(error))


@pytest.mark.slow
def test_some_faults_of_every_kind(ground: Ground, shim: Shim) -> None:
    modes = MODES
    outcomes = list(at_calls([(ground, shim)], modes, len(modes), seed=7))
    assert [outcome.kind for outcome in outcomes] == list(modes)
    assert [outcome.broken for outcome in outcomes] == [""] * len(modes)
    assert all(outcome.where != "not reached" for outcome in outcomes)
    words = table(outcomes, 7, 60)
    kills = len({"kill", "torn"} & set(modes))
    assert f"{len(modes)} faults, {kills} of them kills, seed 7" in words
    assert "Promises broken: 0." in words


@pytest.mark.slow
def test_a_kill_while_what_was_replaced_is_removed(ground: Ground, shim: Shim) -> None:
    """The new build is published; what is half removed is removed by the next run."""
    ground.prepare()
    done = ground.run("--workers", "1", env=shim.environment(ground.out, None))
    assert done.returncode == 0
    outcome = try_fault(ground, shim, Fault("kill", shim.count() - 8), fresh=False)
    assert outcome.broken == ""
    assert (outcome.left, outcome.where.split()[0]) == ("new", "unlink")


@pytest.mark.slow
def test_what_is_looked_for_would_be_found(ground: Ground, tmp_path: Path) -> None:
    """The checks themselves: each kind of damage is seen."""
    ground.prepare()
    ground.check_damage("")
    with pytest.raises(BrokenPromiseError, match="a traceback"):
        ground.check_damage("Traceback (most recent call last)")
    (ground.out / "stray").touch()
    with pytest.raises(BrokenPromiseError, match="left over"):
        ground.check_damage("")
    ground.prepare()
    with duckdb.connect(str(ground.out / "luc.duckdb")) as con:
        con.execute("UPDATE eluc SET eluc = eluc + 1 WHERE cell_id = 100 AND year = 2010")
        con.execute("DELETE FROM state WHERE cell_id % 100 = 0")
    with pytest.raises(BrokenPromiseError, match="neither the old nor the new"):
        ground.check_damage("")
    (ground.out / "luc.duckdb").unlink()
    with pytest.raises(BrokenPromiseError, match="is gone"):
        ground.check_damage("")
    ground.prepare()
    well = subprocess.CompletedProcess[str]([], 0, "", "")
    with pytest.raises(BrokenPromiseError, match="not that of a clean build"):
        ground.check_healed(well)


@pytest.mark.slow
def test_a_kill_just_before_and_after_the_exchange(ground: Ground, shim: Shim) -> None:
    """The calls around the renames that publish, each one: the narrowest place of all."""
    ground.prepare()
    done = ground.run("--workers", "1", env=shim.environment(ground.out, None))
    assert done.returncode == 0
    calls = shim.count()
    wheres: list[Outcome] = []
    for at in range(calls - 60, calls + 1):
        outcome = try_fault(ground, shim, Fault("kill", at), fresh=False)
        assert not outcome.broken
        wheres.append(outcome)
    assert {outcome.left for outcome in wheres} == {"old", "new"}
    # A call more or less to the log, and it is another of the neighbouring renames that is hit.
    exchange = {"rename replaced", "rename parquet", "rename luc.duckdb"}
    assert exchange & {outcome.where for outcome in wheres}


# Limits of the process


@pytest.mark.slow
@pytest.mark.parametrize("size", [2000, 200_000, 1_500_000])
def test_a_limit_on_the_size_of_files(ground: Ground, size: int) -> None:
    ground.prepare()
    done = ground.run(limit=(resource.RLIMIT_FSIZE, size))
    assert done.returncode == 1, done.stderr
    assert "File too large" in done.stderr
    assert ground.check_damage(done.stderr) == "old"
    ground.check_healed(ground.run())


@pytest.mark.slow
@pytest.mark.parametrize("size", [600, 900, 1300])
def test_a_limit_on_address_space(larger: Ground, size: int) -> None:
    """Some libraries crash where they get no address space: even then nothing is lost."""
    larger.prepare()
    done = larger.run(limit=(resource.RLIMIT_AS, size * 2**20))
    left = larger.check_damage(done.stderr)
    assert left == ("old" if done.returncode else "new")
    larger.check_healed(larger.run())


@pytest.mark.slow
@pytest.mark.parametrize("count", [12, 20, 40])
def test_a_limit_on_open_files(ground: Ground, count: int) -> None:
    ground.prepare()
    done = ground.run(limit=(resource.RLIMIT_NOFILE, count))
    assert done.returncode in {0, 1, 3}, done.stderr
    left = ground.check_damage(done.stderr)
    assert left == ("old" if done.returncode else "new")
    ground.check_healed(ground.run())


def resident(process: subprocess.Popen[str]) -> int:
    """Return the resident memory of a process, KiB; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_a_kill_at_the_peak_of_memory(larger: Ground) -> None:
    """Where the kernel would choose it, a build holds most in memory and least on disk."""
    larger.prepare()
    watched = larger.start()
    peak = 0
    while watched.poll() is None:
        peak = max(peak, resident(watched))
    _, said = watched.communicate()
    assert watched.returncode == 0, said
    for share in (0.97, 0.9, 0.8):
        larger.prepare()
        process = larger.start()
        while process.poll() is None and resident(process) < share * peak:
            pass
        process.kill()
        _, said = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        assert larger.check_damage(said) == "old"
        larger.check_healed(larger.run())


@pytest.fixture
def small_group() -> Iterator[Path]:
    """Make a control group whose processes the kernel kills when they take 128 MiB together."""
    for mounted, name in (
        ("/sys/fs/cgroup", "memory.max"),
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
    ):
        group = Path(mounted) / f"luc-load-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        # Only a group has the file from the beginning.
        if not (group / name).exists():
            group.rmdir()
            continue
        (group / name).write_text(str(128 * 2**20))
        yield group
        group.rmdir()
        return
    pytest.skip("needs the right to make a control group that limits memory")


@pytest.mark.slow
def test_the_kernel_kills_a_build_that_takes_too_much_memory(
    larger: Ground, small_group: Path
) -> None:
    larger.prepare()
    done = larger.run(group=small_group)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert larger.check_damage(done.stderr) == "old"
    larger.check_healed(larger.run())


# A disk that fills up while a build runs


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_a_disk_that_fills_up_and_is_freed(
    larger: Ground, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    larger.prepare()
    shutil.move(larger.out, small_disk / "out")
    monkeypatch.setattr(larger, "out", small_disk / "out")
    process = larger.start()
    wait_for(larger.out / ".luc-load" / "stage" / "manifest.jsonl", process)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(2**20))
        except OSError:
            pass
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1, said
    assert "space" in said
    assert larger.check_damage(said) == "old"
    filler.unlink()
    larger.check_healed(larger.run())


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    give_up = time.monotonic() + 60
    while not path.exists() and process.poll() is None:
        assert time.monotonic() < give_up
        time.sleep(0.002)


# Other processes


@pytest.mark.slow
def test_of_many_builds_at_once_one_wins(ground: Ground) -> None:
    ground.prepare()
    began = time.monotonic()
    processes = [ground.start() for _ in range(6)]
    ends = []
    for process in processes:
        _, said = process.communicate(timeout=60)
        ends.append((process.returncode, said))
    winners = [said for code, said in ends if code == 0]
    # One builds; who comes after its end finds all up to date.
    assert winners
    for code, said in ends:
        if code:
            assert code == 1
            assert "another build holds this output" in said
    assert time.monotonic() - began < 60
    ground.check_healed(ground.run())


def read_on(path: str, answers: multiprocessing.Queue[object], stop: object) -> None:
    """Read a database again and again, in one connection and in new ones."""
    assert hasattr(stop, "is_set")
    question = "SELECT count(*), sum(year) FROM state"
    try:
        with duckdb.connect(path, read_only=True) as kept:
            first = kept.execute(question).fetchall()
            answers.put("ready")
            fresh = {tuple(first[0])}
            while not stop.is_set():
                assert kept.cursor().execute(question).fetchall() == first
                script = (
                    "import duckdb, sys; con = duckdb.connect(sys.argv[1], read_only=True); "
                    f"print(*con.execute({question!r}).fetchone())"
                )
                done = subprocess.run(
                    [sys.executable, "-c", script, path], capture_output=True, text=True, check=True
                )
                count, total = done.stdout.split()
                fresh.add((int(count), int(total)))
            answers.put(fresh)
    except Exception as error:  # noqa: BLE001  # told to the test
        answers.put(error)


@pytest.mark.slow
def test_readers_go_on_through_a_rebuild(larger: Ground) -> None:
    """A connection keeps the old rows; a new one sees the old or the new, and nothing else."""
    larger.prepare()
    path = str(larger.out / "luc.duckdb")
    context = multiprocessing.get_context("spawn")
    answers, stop = context.Queue(), context.Event()
    reader = context.Process(target=read_on, args=(path, answers, stop))
    reader.start()
    try:
        assert answers.get(timeout=60) == "ready"
        larger.check_healed(larger.run())
    finally:
        stop.set()
    seen = answers.get(timeout=60)
    reader.join(60)
    assert isinstance(seen, set), seen
    assert 1 <= len(seen) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("share", [0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
def test_a_signal_in_every_phase(larger: Ground, number: signal.Signals, share: float) -> None:
    larger.prepare()
    began = time.monotonic()
    assert larger.run().returncode == 0
    outcome = try_moment(larger, (time.monotonic() - began) * share, number)
    assert not outcome.broken
    # Python gives up its handlers as it ends: by then all is published.
    assert outcome.code in {0, 128 + number} or (outcome.code, outcome.left) == (-number, "new")


# Sources that change, and a clock that is set back


def replace(path: Path, other: Path) -> None:
    shutil.copy(other, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def rewrite(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


def cut(path: Path, other: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.slow
@pytest.mark.parametrize("change", [replace, rewrite, cut])
def test_a_source_that_changes_during_the_build(
    larger: Ground, tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    states = larger.raw / "states.nc"
    kept = tmp_path / "kept.nc"
    shutil.copy2(states, kept)
    other = tmp_path / "other.nc"
    data = bytearray(kept.read_bytes())
    other.write_bytes(data + b"x")
    larger.prepare()
    process = larger.start()
    try:
        wait_for(larger.out / ".luc-load" / "stage" / "manifest.jsonl", process)
        change(states, other)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 3, said
        assert "states.nc" in said
        assert larger.check_damage(said) == "old"
    finally:
        process.kill()
        process.communicate()
        shutil.copy2(kept, states)
    larger.check_healed(larger.run())


@pytest.mark.slow
def test_a_source_that_is_only_touched_is_the_same(larger: Ground) -> None:
    larger.prepare()
    process = larger.start()
    wait_for(larger.out / ".luc-load" / "stage" / "manifest.jsonl", process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    os.utime(larger.raw / "states.nc", (0, 0))
    larger.check_healed(larger.run())


@pytest.mark.slow
def test_no_decision_depends_on_the_clock(ground: Ground, shim: Shim) -> None:
    ground.prepare()
    day = 86_400
    done = ground.run(env=shim.clock(back=400 * day, after=0.5))
    ground.check_healed(done)
    ahead = ground.run(env=shim.clock(back=-400 * day, after=0))
    assert ahead.returncode == 0
    assert "is up to date" in ahead.stdout
    for moment in (0, 2**33):
        for path in ground.raw.iterdir():
            os.utime(path, (moment, moment))
        again = ground.run()
        assert "is up to date" in again.stdout, again.stderr


@pytest.mark.slow
def test_a_stopped_process_goes_on(larger: Ground) -> None:
    """The lock is still its own after a pause, and nobody else may build meanwhile."""
    larger.prepare()
    process = larger.start()
    wait_for(larger.out / ".luc-load" / "stage" / "manifest.jsonl", process)
    process.send_signal(signal.SIGSTOP)
    refused = larger.run()
    assert refused.returncode == 1
    assert f"process {process.pid}" in refused.stderr
    process.send_signal(signal.SIGCONT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    larger.check_healed(larger.run())


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "bit", "gone", "manifest", "record", "database"])
def test_a_stage_that_is_damaged_between_two_runs(larger: Ground, damage: str) -> None:
    larger.prepare()
    stage = larger.out / ".luc-load" / "stage"
    process = larger.start()
    wait_for(stage / "manifest.jsonl", process)
    threading.Event().wait(0.3)
    process.kill()
    process.communicate()
    part = min((stage / "parquet").glob("*/*.parquet"))
    if damage == "cut":
        os.truncate(part, part.stat().st_size - 5)
    elif damage == "bit":
        data = bytearray(part.read_bytes())
        data[len(data) // 3] ^= 4
        part.write_bytes(data)
    elif damage == "gone":
        part.unlink()
    elif damage == "manifest":
        text = (stage / "manifest.jsonl").read_text()
        (stage / "manifest.jsonl").write_text(text[:-10])
    elif damage == "record":
        (stage / "record.json").write_text("{")
    else:
        (stage / "luc.duckdb").write_bytes(b"DUCK" * 1000)
    before = digest(larger.out / "luc.duckdb")
    assert before == larger.old
    larger.check_healed(larger.run())
    assert contents(larger.out) == larger.clean

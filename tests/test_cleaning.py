"""`luc-load clean`: what a build or a sample left goes, everything else stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builds import Crash, crash, limit_blocks
from command import luc_load
from files import GRIDS, Form, eluc_content, state_content, write

from loader import OutputBusyError, SourceMissingError, build
from loader.description import database_info
from loader.storing.cleaning import clean_output
from loader.storing.locking import exclusive, holder
from loader.storing.progress import unfinished_build

YEARS = (1950, 1951, 1952, 1953)


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Any]:
    place = GRIDS["global"]
    return {
        "states": write(tmp_path / "states.nc", state_content(1, place, YEARS), Form()),
        "eluc": write(tmp_path / "eluc.nc", eluc_content(2, place, YEARS), Form(time="bare")),
    }


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_blocks(monkeypatch, 2)


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def interrupted(sources: dict[str, Any], out: Path, where: str, **options: Any) -> None:  # noqa: ANN401
    with crash(where):
        build(**sources, out=out, workers=1, **options)


def test_nothing_is_removed_where_nothing_was_left(sources: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(**sources, out=out)
    before = tree(out)
    assert clean_output(out) == ()
    assert tree(out) == before
    assert clean_output(tmp_path / "never") == ()
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize("published", [False, True])
def test_what_an_interrupted_build_left_goes_and_the_rest_stays(
    published: bool, sources: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    if published:
        build(**sources, out=out)
    before = tree(out)
    interrupted(sources, out, "completing the dataset", cells="all", overwrite=True)
    left = sum(p.stat().st_size for p in (out / ".luc-load").rglob("*") if p.is_file())
    (removed,) = clean_output(out)
    assert (removed.path, removed.size) == (out / ".luc-load" / "stage", left)
    assert tree(out) == before


@pytest.mark.parametrize("rename", [1, 2, 3])
def test_half_an_exchange_is_undone(
    rename: int, sources: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange is cut before each of its renames: the old pair is back, whole."""
    out = tmp_path / "out"
    build(**sources, out=out)
    before = tree(out)
    seen: list[str] = []
    with monkeypatch.context() as patch:

        def cut(name: str) -> None:
            real = getattr(Path, name)

            def wrapped(self: Path, target: Path) -> Path:
                if self.parent == out or self.parent.name == "stage":
                    watched = self.name in ("parquet", "luc.duckdb")
                    seen.extend([self.name] if watched else [])
                    if watched and len(seen) == rename:
                        raise Crash
                return real(self, target)  # type: ignore[no-any-return]

            patch.setattr(Path, name, wrapped)

        cut("rename")
        cut("replace")
        with pytest.raises(Crash):
            build(**sources, out=out, cells="all", overwrite=True)
    assert len(seen) == rename
    if rename > 1:
        assert database_info(out).parquet is None, "info must tell of the mismatch"
        assert "A finished build has not been published yet" in database_info(out).text()
    clean_output(out)
    assert tree(out) == before
    assert database_info(out).parquet == out / "parquet"


def test_files_of_others_in_the_private_folder_stay(
    sources: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    interrupted(sources, out, "completing the dataset")
    (out / ".luc-load" / "mine.txt").write_text("mine")
    clean_output(out)
    assert tree(out) == {".luc-load": None, ".luc-load/mine.txt": b"mine"}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "stage").mkdir(parents=True)
    (elsewhere / "stage" / "mine").write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / ".luc-load").symlink_to(elsewhere)
    assert clean_output(out) == ()
    (out / ".luc-load").unlink()
    (out / ".luc-load").mkdir()
    (out / ".luc-load" / "stage").symlink_to(elsewhere / "stage")
    assert clean_output(out) == ()
    assert (elsewhere / "stage" / "mine").read_text() == "mine"


@pytest.mark.parametrize("below", ["", "sample"])
def test_unfinished_samples_go_and_similar_names_stay(below: str, tmp_path: Path) -> None:
    folder = tmp_path / below
    folder.mkdir(exist_ok=True)
    (folder / ".states.nc.abc_d123.tmp").write_bytes(b"12345")
    kept = [".mine.nc.abcd1234.tmp", ".states.nc.tmp", "states.nc", ".states.nc.ABCD.tmp2"]
    for name in kept:
        (folder / name).write_bytes(b"1")
    (removed,) = clean_output(tmp_path)
    assert (Path(removed.path).name, removed.size) == (".states.nc.abc_d123.tmp", 5)
    assert sorted(p.name for p in folder.iterdir() if p.is_file()) == sorted(kept)


def test_a_sample_that_is_being_written_stays(tmp_path: Path) -> None:
    path = tmp_path / ".states.nc.abcd1234.tmp"
    code = (
        f"import netCDF4, time\nfile = netCDF4.Dataset({str(path)!r}, 'w')\n"
        "print(1, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(OutputBusyError, match="another process is writing it"):
            clean_output(tmp_path)
        process.kill()
    assert path.exists()
    assert len(clean_output(tmp_path)) == 1


def test_a_build_under_way_is_left_alone_and_told_of(
    sources: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    interrupted(sources, out, "completing the dataset")
    before = tree(out)
    with exclusive(out / ".luc-load" / "lock"):
        assert holder(out / ".luc-load" / "lock") == os.getpid()
        with pytest.raises(OutputBusyError, match=f"process {os.getpid()}"):
            clean_output(out)
        found = unfinished_build(out)
        assert found is not None
        assert found.process == os.getpid()
        assert f"running here (process {os.getpid()}): 4 parts stored" in found.text()
        with pytest.raises(SourceMissingError, match="is running here"):
            database_info(out)
    assert tree(out) == before
    with pytest.raises(SourceMissingError, match=r"unfinished.*state 4 of 4 years"):
        database_info(out)


def test_asking_for_the_holder_does_not_disturb_a_build_that_begins(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from loader.storing.locking import holder\n"
        "print(1, flush=True)\nwhile True: holder(Path(sys.argv[1]))\n"
    )
    lock = tmp_path / "lock"
    root = Path(__file__).parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", code, str(lock)], cwd=root, stdout=subprocess.PIPE
    ) as asking:
        assert asking.stdout is not None
        asking.stdout.readline()
        try:
            for _ in range(300):
                with exclusive(lock):
                    pass
        finally:
            asking.send_signal(signal.SIGKILL)


def test_the_command_says_what_it_removed(sources: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "luc-data"
    interrupted(sources, out, "completing the dataset")
    done = luc_load("clean", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("removed luc-data/.luc-load/stage  ")
    again = luc_load("clean", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, "luc-data: nothing to remove\n")

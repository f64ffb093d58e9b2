"""`build --dry-run` and the check of the disk: honest figures, and not a trace."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from builds import crash
from command import luc_load

from loader import OutputError, UsageError, build, write_sample


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dry") / "raw"
    write_sample(folder, years=(2012, 2015), resolution=1, only=["eluc", "states"])
    return folder


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10**6))


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("cells", ["data", "land", "all"])
def test_the_estimate_is_near_what_the_build_makes(cells: str, raw: Path, tmp_path: Path) -> None:
    planned = build(raw=raw, out=tmp_path / "out", cells=cells, dry_run=True)
    assert planned.outcome == "planned"
    assert not (tmp_path / "out").exists()
    built = build(raw=raw, out=tmp_path / "out", cells=cells)
    for guess, table in zip(planned.tables, built.tables, strict=True):
        assert (guess.name, guess.first_year, guess.last_year, guess.years) == (
            table.name,
            table.first_year,
            table.last_year,
            table.years,
        )
        assert guess.rows == pytest.approx(table.rows, rel=0.05)
    if cells != "all":
        assert planned.database_bytes == pytest.approx(built.database_bytes, rel=0.3)
        assert planned.parquet_bytes == pytest.approx(built.parquet_bytes, rel=0.3)
    else:
        assert planned.database_bytes > 0.5 * built.database_bytes


def test_the_command_says_so_and_leaves_no_trace(raw: Path, tmp_path: Path) -> None:
    done = luc_load("build", "--raw", str(raw), "-o", "a/b/out", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("Would build a/b/out/luc.duckdb in about ")
    for said in ("SYNTHETIC", "state ", "eluc ", "2012-2015", "about", "free space on this disk"):
        assert said in done.stdout
    assert names(tmp_path) == []


def test_a_dry_run_beside_a_build_changes_nothing(raw: Path, tmp_path: Path) -> None:
    build(raw=raw, out=tmp_path)
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in names(tmp_path)}
    assert build(raw=raw, out=tmp_path, dry_run=True).outcome == "up to date"
    with pytest.raises(OutputError, match="--overwrite"):
        build(raw=raw, out=tmp_path, cells="land", dry_run=True)
    planned = build(raw=raw, out=tmp_path, cells="land", dry_run=True, overwrite=True)
    assert planned.outcome == "planned"
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in names(tmp_path)} == before


@pytest.mark.parametrize(
    ("years", "said"),
    [("2013:2015", "the view luc ends in 2014"), ("2014", "the view luc is empty")],
)
def test_a_change_that_is_not_loaded_is_told_of(
    years: str, said: str, raw: Path, tmp_path: Path
) -> None:
    (notice,) = build(raw=raw, out=tmp_path, years=years, dry_run=True).notices
    assert said in notice


def test_a_sample_that_is_not_made_cannot_be_looked_into(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="luc-load sample"):
        build(sample=True, out=tmp_path / "out", dry_run=True)
    assert names(tmp_path) == []


@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_full_disk_is_found_before_the_work(dry_run: bool, raw: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"has 1 MB free, but the build needs about \d") as caught:
        build(raw=raw, out=tmp_path / "out", dry_run=dry_run)
    assert caught.value.exit_code == 1
    assert names(tmp_path) == []


def test_what_lies_there_already_needs_no_room(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with crash("completing the dataset"):
        build(raw=raw, out=tmp_path)
    planned = build(raw=raw, out=tmp_path / "other", dry_run=True)
    needed = planned.database_bytes + planned.parquet_bytes
    room = SimpleNamespace(free=needed - planned.parquet_bytes // 2)
    monkeypatch.setattr("shutil.disk_usage", lambda path: room)
    with pytest.raises(OutputError, match="free"):
        build(raw=raw, out=tmp_path / "other")
    assert build(raw=raw, out=tmp_path).outcome == "built"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_found(raw: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written"):
        build(raw=raw, out=tmp_path / "out", dry_run=True)
    tmp_path.chmod(0o700)


def test_an_output_below_a_file_is_found(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    for dry_run in (True, False):
        with pytest.raises(OutputError, match="not a folder"):
            build(raw=raw, out=tmp_path / "taken" / "out", dry_run=dry_run)

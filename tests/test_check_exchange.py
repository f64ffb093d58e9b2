"""A database that is replaced during a check is not damaged: the new one is checked."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import xarray as xr

import loader.checking.check as module
from loader import build, write_sample
from loader.checking.check import check_database
from loader.checking.results import CheckResult
from loader.checking.subject import Subject
from loader.storing.locking import exclusive
from loader.storing.paths import LOCK, PRIVATE

CHECKS = ("catalog", "record", "file", "contents", "parquet")


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("builds")
    write_sample(folder, years=(2010, 2011), resolution=2, only=["states"])
    with xr.open_dataset(folder / "states.nc", decode_times=False) as file:
        file.isel(lat=slice(30, 50), lon=slice(60, 80)).to_netcdf(folder / "cut.nc")
    for name, years in (("old", "2010"), ("new", "2010:2011")):
        build(states=folder / "cut.nc", out=folder / name, years=years)
    return folder / "old", folder / "new"


@pytest.fixture
def out(builds: tuple[Path, Path], tmp_path: Path) -> Iterator[Path]:
    """A published build, locked by another one."""
    shutil.copytree(builds[0], tmp_path / "out")
    work = tmp_path / "out" / PRIVATE
    work.mkdir()
    with exclusive(work / LOCK):
        yield tmp_path / "out"


def exchange(builds: tuple[Path, Path], out: Path, pause: float) -> None:
    """Do what a build does when it publishes, with a pause between its two steps."""
    shutil.copytree(builds[1] / "parquet", out / PRIVATE / "parquet")
    shutil.copy(builds[1] / "luc.duckdb", out / PRIVATE)
    (out / "parquet").rename(out / PRIVATE / "replaced")
    (out / PRIVATE / "parquet").rename(out / "parquet")
    time.sleep(pause)
    (out / PRIVATE / "luc.duckdb").replace(out / "luc.duckdb")
    shutil.rmtree(out / PRIVATE / "replaced")


@pytest.mark.parametrize(
    ("name", "pause"),
    [
        ("contents", 0.5),
        ("contents", 0.0),
        *(
            pytest.param(name, pause, marks=pytest.mark.slow)
            for name in CHECKS
            for pause in (0.5, 0.0)
            if name != "contents"
        ),
    ],
)
def test_an_exchange_during_any_check_is_no_damage(
    name: str,
    pause: float,
    builds: tuple[Path, Path],
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = module._CHECKS[name]  # noqa: SLF001
    publishing: list[threading.Thread] = []

    def check(subject: Subject) -> CheckResult:
        if not publishing:
            publishing.append(threading.Thread(target=exchange, args=(builds, out, pause)))
            publishing[0].start()
            while (out / "parquet").exists() and not (out / PRIVATE / "replaced").exists():
                time.sleep(0.001)
        return real(subject)

    monkeypatch.setitem(module._CHECKS, name, check)  # noqa: SLF001
    notices: list[str] = []
    report = check_database(out, only=CHECKS, notice=notices.append)
    publishing[0].join()
    assert report.holds, [result.text() for result in report.results]
    assert all("was replaced by another build" in notice for notice in notices)
    assert [result.name for result in report.results] == list(CHECKS)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(_: float) -> None:
        raise AssertionError("there is nothing to wait for")

    # Of this module alone: waiting for another process sleeps too.
    clock = SimpleNamespace(**vars(time) | {"sleep": sleep})
    monkeypatch.setattr("loader.checking.check.time", clock)


@pytest.mark.usefixtures("no_waiting")
def test_half_an_exchange_that_nobody_completes_is_reported(
    builds: tuple[Path, Path], tmp_path: Path
) -> None:
    out = Path(shutil.copytree(builds[0], tmp_path / "out"))
    shutil.rmtree(out / "parquet")
    shutil.copytree(builds[1] / "parquet", out / "parquet")
    (result,) = check_database(out, only=["parquet"]).results
    assert result.status == "failed"
    assert "run the build again to fix it" in result.summary


@pytest.mark.usefixtures("no_waiting")
def test_what_is_damaged_is_reported_while_another_build_is_under_way(out: Path) -> None:
    (part,) = (out / "parquet" / "state").iterdir()
    part.write_bytes(part.read_bytes()[:-1])
    (result,) = check_database(out, only=["parquet"]).results
    assert f"{part.name}  (its bytes are not those that were published)" in result.text()

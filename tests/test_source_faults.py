"""Sources on a web server that fails amid a build: right rows, or an error in one line."""

from __future__ import annotations

import gc
import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from builds import limit_blocks
from faulty_ranges import FAULTS, RangeServer, serving_ranges
from files import GRIDS, Form, eluc_content, state_content, write

import loader.reading.addresses
import loader.remote.stores
from loader import ServiceError, SourceError, build

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("h5netcdf", reason="needs the extra http")
pytest.importorskip("aiohttp", reason="needs the extra http")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets of fsspec's sessions

PLACE = GRIDS["finer"]
YEARS = tuple(range(1950, 1956))
SHARES = (0.0, 0.3, 0.6, 0.95)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small blocks, no waiting, and no session of a server that is gone."""
    limit_blocks(monkeypatch, 2)
    monkeypatch.setattr(loader.reading.addresses, "_PAUSES_SECONDS", (0.01, 0.01))
    monkeypatch.setattr(loader.remote.stores, "_READ_SECONDS", 0.5)
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        fsspec.get_filesystem_class("http").clear_instance_cache()
        gc.collect()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """States whose chunks are read directly, and ELUC that the library has to read."""
    made = tmp_path_factory.mktemp("raw")
    write(made / "states.nc", state_content(51, PLACE, YEARS, masks="mixed"), Form())
    eluc = eluc_content(52, PLACE, YEARS, missing=0.05)
    write(made / "eluc.nc", eluc, Form(time="bare", fill="_FillValue", chunks=None))
    return made


@pytest.fixture(scope="module")
def expected(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    out = tmp_path_factory.mktemp("local")
    build(states=folder / "states.nc", eluc=folder / "eluc.nc", out=out)
    return rows(out)


@pytest.fixture
def server(folder: Path) -> Iterator[RangeServer]:
    with serving_ranges(folder) as ranges:
        yield ranges


def rows(out: Path) -> dict[str, list[Any]]:
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        return {
            table: con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
            for table in ("state", "eluc", "cell", "year")
        }


def run(server: RangeServer, out: Path, **options: Any) -> Any:  # noqa: ANN401
    given: dict[str, Any] = {name: f"{server.url}/{name}.nc" for name in ("states", "eluc")}
    return build(**given, out=out, **options)


def content(out: Path) -> dict[str, str]:
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".luc-load" not in path.parts
    }


@pytest.fixture(scope="module")
def answers(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Return how many answers a build takes that nothing disturbs."""
    with pytest.MonkeyPatch.context() as patch, serving_ranges(folder) as ranges:
        limit_blocks(patch, 2)
        run(ranges, tmp_path_factory.mktemp("counted"), workers=1)
        return ranges.answers


def places() -> Iterator[Any]:
    """Every fault at every place in the build; all but one place of each are slow."""
    for number, fault in enumerate(FAULTS):
        for place, share in enumerate(SHARES):
            quick = place == number % len(SHARES)
            yield pytest.param(fault, share, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize(("fault", "share"), list(places()))
def test_a_server_that_fails_for_good_costs_nothing_but_time(
    fault: str,
    share: float,
    server: RangeServer,
    answers: int,
    expected: dict[str, list[Any]],
    tmp_path: Path,
) -> None:
    run(server, tmp_path, years=":1951")
    before = content(tmp_path)
    server.plan(fault, first=int(share * answers))
    with pytest.raises((ServiceError, SourceError)) as error:
        run(server, tmp_path, workers=1, overwrite=True)
    assert server.url in str(error.value)
    assert "\n" not in str(error.value)
    assert content(tmp_path) == before
    server.plan(None)
    report = run(server, tmp_path, workers=1, overwrite=True)
    assert report.outcome == "built"
    assert rows(tmp_path) == expected
    if share > 0.9:
        assert report.reused_parts > 0


@pytest.mark.parametrize("fault", FAULTS)
def test_one_answer_that_fails_is_asked_for_again(
    fault: str, server: RangeServer, folder: Path, tmp_path: Path
) -> None:
    with (
        loader.remote.stores.using_storage_options({}),
        loader.reading.addresses.open_address(f"{server.url}/states.nc") as found,
    ):
        server.plan(fault, 0, 0)
        values = found["primf"][2].to_numpy()
    assert server.answers > 1
    build(states=folder / "states.nc", out=tmp_path, cells="all")
    with duckdb.connect(str(tmp_path / "luc.duckdb"), read_only=True) as con:
        stored = con.execute(
            "SELECT primf FROM state WHERE year = 1952 AND primf IS NOT NULL"
        ).fetchnumpy()["primf"]
    assert set(stored.tolist()) <= set(values.ravel().tolist())


def test_a_file_that_is_replaced_meanwhile_is_an_error(
    server: RangeServer, answers: int, tmp_path: Path
) -> None:
    server.other = tmp_path / "other"
    server.other.mkdir()
    for name, made in (
        ("states", state_content(61, PLACE, YEARS, masks="mixed")),
        ("eluc", eluc_content(62, PLACE, YEARS)),
    ):
        form = Form() if name == "states" else Form(time="bare", fill="_FillValue", chunks=None)
        write(server.other / f"{name}.nc", made, form)
    server.plan("other", first=int(0.8 * answers))
    with pytest.raises(SourceError):
        run(server, tmp_path / "out", workers=1)
    assert not (tmp_path / "out" / "luc.duckdb").exists()

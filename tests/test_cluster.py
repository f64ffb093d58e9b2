"""A build on a dask.distributed cluster: bit for bit the local one, whatever dies meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import xarray as xr
from builds import limit_blocks, stored_content
from command import environment
from files import GRIDS, Content, Form, eluc_content, state_content, write
from object_store import s3_server

import loader.cluster.build
import loader.cluster.connection
from loader import build
from loader.cluster.connection import Connection
from loader.cluster.making import ClusterMaker
from loader.errors import BadValueError, LucLoadError, ServiceError, UsageError
from loader.reporting import Progress, Silent

fsspec = pytest.importorskip("fsspec")
distributed = pytest.importorskip("distributed", reason="needs the extra cluster")

LocalCluster = Any
"""distributed has no types, and may be missing."""

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # distributed's own sockets

PLACE = GRIDS["finer"]
YEARS = tuple(range(1950, 1962))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes of two threads each; a dead one is started again."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address="127.0.0.1:0"
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A year a block, so that a build has many tasks."""
    limit_blocks(monkeypatch, 1)


def sources(folder: Path, masks: str, form: Form | None = None) -> dict[str, Path]:
    states = state_content(31, PLACE, YEARS, masks=masks)
    eluc = eluc_content(32, PLACE, YEARS, missing=0.05)
    return {
        "states": write(folder / "states.nc", states, form or Form()),
        "eluc": write(folder / "eluc.nc", eluc, Form(time="bare", fill="_FillValue")),
    }


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """Sources whose later years have more cells, and the output of a build without a cluster."""
    folder = tmp_path_factory.mktemp("growing")
    given: dict[str, Any] = dict(sources(folder, "growing"))
    with pytest.MonkeyPatch.context() as patch:
        limit_blocks(patch, 1)
        build(**given, out=folder / "local")
    return given, folder / "local"


@pytest.mark.parametrize("masks", [pytest.param("same", marks=pytest.mark.slow), "growing", "any"])
def test_it_equals_a_local_build_to_the_last_byte(
    cluster: LocalCluster, tmp_path: Path, masks: str
) -> None:
    given: dict[str, Any] = dict(sources(tmp_path, masks))
    build(**given, out=tmp_path / "local")
    report = build(**given, out=tmp_path / "spread", scheduler=cluster.scheduler_address)
    assert report.outcome == "built"
    assert stored_content(tmp_path / "spread") == stored_content(tmp_path / "local")
    assert not (tmp_path / "spread" / ".luc-load").exists()
    # The scheduler is no input of the build.
    assert build(**given, out=tmp_path / "spread").outcome == "up to date"


def test_joined_files_and_products_in_a_window_are_the_same(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    whole = state_content(31, PLACE, YEARS, masks="growing")

    def part(years: Sequence[int]) -> Content:
        chosen = [YEARS.index(year) for year in years]
        values = {name: one[chosen] for name, one in whole.values.items()}
        return replace(whole, years=tuple(years), values=values)

    days = Form(time="days of noleap", south_first=True, chunks=(2, 4, 5))
    given: dict[str, Any] = {
        "states": [
            write(tmp_path / "a.nc", part(YEARS[:3]), Form()),
            write(tmp_path / "b.nc", part(YEARS[3:4]), Form()),
            write(tmp_path / "c.nc", part(YEARS[3:]), days),
        ],
        "eluc": {
            "eluc": write(tmp_path / "net.nc", eluc_content(32, PLACE, YEARS), Form(time="bare")),
            "committed": write(tmp_path / "com.nc", eluc_content(33, PLACE, YEARS[2:]), days),
        },
        "bbox": "-60,-50,90,70",
    }
    build(**given, out=tmp_path / "local")
    build(**given, out=tmp_path / "spread", scheduler=cluster.scheduler_address)
    assert stored_content(tmp_path / "spread") == stored_content(tmp_path / "local")


def test_views_read_the_parts_that_workers_wrote(
    cluster: LocalCluster, growing: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    given, local = growing
    scheduler = cluster.scheduler_address
    build(**given, out=tmp_path / "spread", tables="views", scheduler=scheduler)
    assert rows(tmp_path / "spread") == rows(local)


@pytest.mark.parametrize("cells", ["land", pytest.param("all", marks=pytest.mark.slow)])
def test_every_rule_of_cells_is_the_same(cluster: LocalCluster, tmp_path: Path, cells: str) -> None:
    given: dict[str, Any] = dict(sources(tmp_path, "growing"))
    build(**given, out=tmp_path / "local", cells=cells, years="1952:1955")
    build(
        **given,
        out=tmp_path / "spread",
        cells=cells,
        years="1952:1955",
        scheduler=cluster.scheduler_address,
    )
    assert stored_content(tmp_path / "spread") == stored_content(tmp_path / "local")


def test_files_that_the_libraries_must_read_are_safe_in_threads(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    """Classic files go through netCDF4, which crashes where threads open files."""
    given: dict[str, Any] = dict(
        sources(tmp_path, "same", Form(format="NETCDF3_64BIT_OFFSET", chunks=None))
    )
    build(**given, out=tmp_path / "local")
    build(**given, out=tmp_path / "spread", scheduler=cluster.scheduler_address)
    assert stored_content(tmp_path / "spread") == stored_content(tmp_path / "local")


class AtBlock(Silent):
    """Does something once, when a number of blocks are done."""

    def __init__(self, number: int, action: Any) -> None:  # noqa: ANN401
        self.left, self.action = number, action

    def progress(self, state: Progress) -> None:
        self.left -= 1
        if self.left == 0:
            self.action()


def test_workers_that_die_cost_only_their_blocks(
    cluster: LocalCluster, growing: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    given, local = growing
    killed: list[int] = []

    def kill_one() -> None:
        pids = [worker.pid for worker in cluster.workers.values()]
        killed.append(pids[0])
        os.kill(pids[0], signal.SIGKILL)

    report = build(
        **given,
        out=tmp_path / "spread",
        scheduler=cluster.scheduler_address,
        reporter=AtBlock(3, kill_one),
    )
    assert killed
    assert report.outcome == "built"
    assert stored_content(tmp_path / "spread") == stored_content(local)
    assert not (tmp_path / "spread" / ".luc-load").exists()


def test_a_bad_value_is_the_same_error_as_in_a_local_build(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    states = state_content(31, PLACE, YEARS)
    states.values["secdf"][7, 2, 3] = np.inf
    given: dict[str, Any] = {"states": write(tmp_path / "states.nc", states, Form())}
    with pytest.raises(BadValueError) as local:
        build(**given, out=tmp_path / "local")
    with pytest.raises(BadValueError) as spread:
        build(**given, out=tmp_path / "spread", scheduler=cluster.scheduler_address)
    assert str(spread.value) == str(local.value)
    assert (spread.value.path, spread.value.variable) == (local.value.path, local.value.variable)
    assert spread.value.exit_code == 3


def test_a_lost_scheduler_ends_the_build_and_the_next_one_goes_on(
    growing: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    given, local = growing
    started, address = scheduler_process()
    worker = worker_process(address)
    try:
        lost_at: list[float] = []

        def lose() -> None:
            started.kill()
            lost_at.append(time.monotonic())

        with pytest.raises(ServiceError, match="scheduler is lost") as error:
            build(**given, out=tmp_path / "out", scheduler=address, reporter=AtBlock(3, lose))
        assert time.monotonic() - lost_at[0] < 60
        assert error.value.exit_code == 1
        assert not (tmp_path / "out" / "luc.duckdb").exists()
    finally:
        started.kill()
        worker.kill()
        started.wait()
        worker.wait()
    report = build(**given, out=tmp_path / "out")
    assert report.reused_parts >= 2
    assert rows(tmp_path / "out") == rows(local)


def rows(out: Path) -> dict[str, list[Any]]:
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        return {
            table: con.execute(f"SELECT * FROM {table} ORDER BY cell_id, year").fetchall()
            for table in ("state", "eluc")
        }


def scheduler_process() -> tuple[Any, str]:
    """Start a scheduler of its own, which can be killed without its cluster."""
    code = (
        "import asyncio\n"
        "from distributed import Scheduler\n"
        "async def main():\n"
        "    async with Scheduler(host='127.0.0.1', port=0, dashboard_address=':0') as running:\n"
        "        print(running.address, flush=True)\n"
        "        await running.finished()\n"
        "asyncio.run(main())\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stdout is not None
    with process.stdout as lines:
        return process, lines.readline().strip()


def worker_process(address: str) -> Any:  # noqa: ANN401
    code = (
        "import asyncio, sys\n"
        "from distributed import Worker\n"
        "async def main():\n"
        "    async with Worker(sys.argv[1], nthreads=2, dashboard_address=':0') as running:\n"
        "        await running.finished()\n"
        "asyncio.run(main())\n"
    )
    return subprocess.Popen([sys.executable, "-c", code, address], env=environment())


def test_no_scheduler_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader.cluster.connection, "_CONNECT_SECONDS", 1)
    given: dict[str, Any] = dict(sources(tmp_path, "same"))
    with pytest.raises(ServiceError, match="no dask scheduler responds there"):
        build(**given, out=tmp_path / "out", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(UsageError, match="expected the address of a dask scheduler"):
        build(**given, out=tmp_path / "out", scheduler="127.0.0.1 9")
    assert not (tmp_path / "out" / "luc.duckdb").exists()


def test_a_data_set_in_memory_has_no_place_on_a_cluster(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    path = sources(tmp_path, "same")["states"]
    with (
        xr.open_dataset(path, decode_times=False) as states,
        pytest.raises(UsageError, match="a dataset in memory"),
    ):
        build(states=states, out=tmp_path / "out", scheduler=cluster.scheduler_address)


def test_an_output_that_workers_do_not_see_is_named(
    cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = dict(sources(tmp_path, "same"))

    def maker_elsewhere(*arguments: Any) -> ClusterMaker:  # noqa: ANN401
        *others, _folder, stage, encoding = arguments
        return ClusterMaker(*others, tmp_path / "not-shared", stage, encoding)  # type: ignore[call-arg]

    monkeypatch.setattr(loader.cluster.build, "ClusterMaker", maker_elsewhere)
    with pytest.raises(LucLoadError, match="storage that all workers share"):
        build(**given, out=tmp_path / "out", scheduler=cluster.scheduler_address)


def test_few_tasks_are_under_way_at_a_time(
    cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts that nobody has taken yet must not fill the storage."""
    running = 0
    most = 0
    submit, result = Connection.submit, Connection.result

    def counted_submit(self: Connection, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        nonlocal running, most
        running += 1
        most = max(most, running)
        return submit(self, *args, **options)

    def counted_result(self: Connection, future: Any) -> Any:  # noqa: ANN401
        nonlocal running
        running -= 1
        return result(self, future)

    monkeypatch.setattr(Connection, "submit", counted_submit)
    monkeypatch.setattr(Connection, "result", counted_result)
    given: dict[str, Any] = dict(sources(tmp_path, "same"))
    build(**given, out=tmp_path / "out", scheduler=cluster.scheduler_address)
    # Two tasks for each of four threads; the table before may have its last ones running.
    assert 4 <= most <= 8


@pytest.mark.slow
def test_workers_read_from_an_object_store(
    cluster: LocalCluster, growing: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    pytest.importorskip("moto.server", reason="needs moto[server]")
    pytest.importorskip("s3fs", reason="needs the extra s3")
    given, local = growing
    with s3_server() as endpoint:
        options = {"key": "test", "secret": "test", "endpoint_url": endpoint}
        fs = fsspec.filesystem("s3", **options)
        fs.mkdir("luc-test")
        for name, path in given.items():
            fs.put_file(str(path), f"luc-test/{name}.nc")
        addresses: dict[str, Any] = {name: f"s3://luc-test/{name}.nc" for name in given}
        build(
            **addresses,
            out=tmp_path / "spread",
            storage_options=options,
            scheduler=cluster.scheduler_address,
        )
    assert rows(tmp_path / "spread") == rows(local)


@pytest.mark.slow
def test_an_interrupted_build_ends_soon_and_goes_on(
    cluster: LocalCluster, growing: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    given, local = growing
    stopped: list[float] = []

    def stop() -> None:
        stopped.append(time.monotonic())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(
            **given,
            out=tmp_path / "out",
            scheduler=cluster.scheduler_address,
            reporter=AtBlock(3, stop),
        )
    assert time.monotonic() - stopped[0] < 20
    assert not (tmp_path / "out" / ".luc-load" / "stage" / "attempts").exists()
    report = build(**given, out=tmp_path / "out", scheduler=cluster.scheduler_address)
    assert report.reused_parts >= 2
    assert rows(tmp_path / "out") == rows(local)

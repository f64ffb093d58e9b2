"""The full grid through a two-worker cluster, from and to an S3 server, against a local build."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from object_store import credentials, s3_server
from outcome import digest, fetch, parts

from loader import build, write_sample

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # sockets of the clients
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FIRST, LAST = (int(year) for year in os.environ.get("LUC_SCALE_YEARS", "1990:2019").split(":"))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    pytest.importorskip("moto.server", reason="needs the group scale")
    pytest.importorskip("s3fs", reason="needs the group scale")
    with s3_server() as address, pytest.MonkeyPatch.context() as patch:
        for name, value in credentials(address).items():
            patch.setenv(name, value)
        yield address


def test_it_equals_the_local_build_in_every_row(endpoint: str, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="needs the extra cluster")
    fsspec = pytest.importorskip("fsspec")
    raw = tmp_path / "raw"
    write_sample(raw, years=(FIRST, LAST), only=["eluc", "states"])
    given = {path.name.partition("_")[0].lower(): path for path in raw.glob("*.nc")}
    files: dict[str, Any] = {"states": given["states.nc"], "eluc": given["blue"]}
    local = build(**files, out=tmp_path / "local")
    fs = fsspec.filesystem("s3")
    fs.mkdir("luc-scale")
    for name, path in files.items():
        fs.put_file(str(path), f"luc-scale/raw/{name}.nc")
    addresses: dict[str, Any] = {name: f"s3://luc-scale/raw/{name}.nc" for name in files}
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
    ) as cluster:
        build(
            **addresses,
            out="s3://luc-scale/out",
            scratch=tmp_path / "scratch",
            scheduler=cluster.scheduler_address,
        )
        build(
            **addresses,
            out=tmp_path / "beside",
            parquet="s3://luc-scale/data",
            scheduler=cluster.scheduler_address,
        )
    fetched = fetch(fs, "luc-scale/out", tmp_path / "fetched")
    data = fetch(fs, "luc-scale/data", tmp_path / "data")
    assert not (tmp_path / "beside" / "parquet").exists()
    tables = [table.name for table in local.tables]
    assert tables == ["state", "eluc"]
    for table in tables:
        # The parts are the same files to the last byte, and so is every row of the database.
        assert parts(fetched, table) == parts(tmp_path / "local", table)
        assert digest(fetched, table) == digest(tmp_path / "local", table)
        assert parts(data, table) == parts(tmp_path / "local", table)
        assert digest(tmp_path / "beside", table) == digest(tmp_path / "local", table)

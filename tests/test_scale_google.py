"""From and to Google Cloud Storage, as an emulator on loopback speaks it, against a local build."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from object_store import gs_server
from outcome import digest, fetch, parts

from loader import build, write_sample
from loader.checking.check import check_database
from loader.description import database_info

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # sockets of the clients
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

YEARS = (2015, 2019)
OPTIONS = {"gs": {"token": "anon"}}
TABLES = ("state", "eluc")


@dataclass(frozen=True)
class Loaded:
    """The file system of the emulator, addresses of the sources there, and the local build."""

    fs: Any
    addresses: dict[str, Any]
    local: Path


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    pytest.importorskip("gcp_storage_emulator", reason="needs the group scale")
    fsspec = pytest.importorskip("fsspec")
    folder = tmp_path_factory.mktemp("gs")
    write_sample(folder / "raw", years=YEARS, only=["eluc", "states"])
    given = {path.name.partition("_")[0].lower(): path for path in folder.glob("raw/*.nc")}
    files: dict[str, Any] = {"states": given["states.nc"], "eluc": given["blue"]}
    build(**files, out=folder / "local")
    with gs_server("luc") as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", address)
        # Asks for the kind of each bucket in a way that the emulator does not know.
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        pytest.importorskip("gcsfs", reason="needs the group scale")
        fs = fsspec.filesystem("gs", token="anon")
        for name, path in files.items():
            fs.put_file(str(path), f"luc/raw/{name}.nc")
        yield Loaded(fs, {name: f"gs://luc/raw/{name}.nc" for name in files}, folder / "local")
        fs.clear_instance_cache()


def test_from_and_to_a_bucket_every_row_is_that_of_a_local_build(
    loaded: Loaded, tmp_path: Path
) -> None:
    given: dict[str, Any] = {
        **loaded.addresses,
        "out": "gs://luc/out",
        "scratch": tmp_path / "scratch",
        "storage_options": OPTIONS,
    }
    first = build(**given)
    fetched = fetch(loaded.fs, "luc/out", tmp_path / "fetched")
    for table in TABLES:
        assert parts(fetched, table) == parts(loaded.local, table)
        assert digest(fetched, table) == digest(loaded.local, table)
    assert build(**given).outcome == "up to date"
    second = build(**given, years="2016:", overwrite=True)
    manifest = json.loads(loaded.fs.cat_file("luc/out/luc-load.json"))
    assert (manifest["build_id"], manifest["replaces"]) == (second.build_id, first.build_id)


def test_the_parquet_in_a_bucket_beside_a_local_database(loaded: Loaded, tmp_path: Path) -> None:
    given: dict[str, Any] = {"parquet": "gs://luc/data", "storage_options": OPTIONS}
    out = tmp_path / "out"
    report = build(**loaded.addresses, **given, out=out)
    assert {path.name for path in out.iterdir()} == {"luc.duckdb"}
    fetched = fetch(loaded.fs, "luc/data", tmp_path / "fetched")
    for table in TABLES:
        assert parts(fetched, table) == parts(loaded.local, table)
        assert digest(out, table) == digest(loaded.local, table)
    told = f"gs://luc/data/builds/{report.build_id}/parquet/ is of the same build"
    assert told in database_info(out, OPTIONS).text()
    (checked,) = check_database(out, only=["parquet"], **given).results
    assert checked.status == "ok"

"""Sources at addresses and in Zarr stores: the same rows, or plain words on what is not there."""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import netCDF4
import numpy as np
import pytest
import xarray as xr
from files import FRACTIONS, GRIDS, Form, eluc_content, state_content, write
from object_store import credentials, free_port, s3_server, web_server

from loader import build
from loader.errors import (
    OutputBusyError,
    OutputError,
    ServiceError,
    SourceError,
    SourceMissingError,
    UsageError,
)
from loader.reading.addresses import StoredFile
from loader.reading.shards import missing_chunks
from loader.remote.files import StoredFiles
from loader.remote.publishing import StoredOutput

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("h5netcdf", reason="needs the extras s3 and http")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets of the stores' clients

PLACE = GRIDS["finer"]
YEARS = tuple(range(1950, 1956))


@pytest.fixture(scope="module", autouse=True)
def _sessions_end() -> Iterator[None]:
    """fsspec leaves its sessions to the garbage collector, which warns of each."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for scheme in ("http", "s3"):
            with suppress(ImportError):
                fsspec.get_filesystem_class(scheme).clear_instance_cache()
        gc.collect()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """States with directly read chunks, ELUC that the library has to read, and an odd one."""
    folder = tmp_path_factory.mktemp("files")
    write(folder / "states.nc", state_content(41, PLACE, YEARS, masks="mixed"), Form())
    eluc = eluc_content(42, PLACE, YEARS, missing=0.05)
    write(folder / "eluc.nc", eluc, Form(time="bare", fill="_FillValue", chunks=None))
    return folder


@pytest.fixture(scope="module")
def local(files: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    out = tmp_path_factory.mktemp("local")
    build(states=files / "states.nc", eluc=files / "eluc.nc", out=out)
    return rows(out)


@pytest.fixture(scope="module")
def bucket(files: Path) -> Iterator[str]:
    """The address of the files in an S3 store."""
    pytest.importorskip("moto.server", reason="needs moto[server]")
    pytest.importorskip("s3fs", reason="needs the extra s3")
    with s3_server() as endpoint, pytest.MonkeyPatch.context() as patch:
        for name, value in credentials(endpoint).items():
            patch.setenv(name, value)
        fs = fsspec.filesystem("s3")
        fs.mkdir("luc-test")
        for path in files.iterdir():
            fs.put_file(str(path), f"luc-test/raw/{path.name}")
        yield "s3://luc-test/raw"
        fs.clear_instance_cache()


def rows(out: Path) -> dict[str, list[Any]]:
    """The gridded tables in their order of storage, and what follows from them."""
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        return {
            table: con.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("state", "eluc", "cell", "year", "eluc_global", "state_global")
        }


def test_an_s3_store_gives_the_same_rows(
    bucket: str, local: dict[str, list[Any]], tmp_path: Path
) -> None:
    given: dict[str, Any] = {"states": f"{bucket}/states.nc", "eluc": f"{bucket}/eluc.nc"}
    assert build(**given, out=tmp_path).outcome == "built"
    assert rows(tmp_path) == local
    # What lies in a store is unchanged while its version is.
    assert build(**given, out=tmp_path).outcome == "up to date"
    with duckdb.connect(str(tmp_path / "luc.duckdb"), read_only=True) as con:
        found = con.execute("SELECT path, size > 0, digest FROM source ORDER BY name").fetchall()
    assert found == [(given["eluc"], True, None), (given["states"], True, None)]


@pytest.mark.slow
def test_a_replaced_object_is_another_source(bucket: str, files: Path, tmp_path: Path) -> None:
    fs = fsspec.filesystem("s3")
    fs.put_file(str(files / "eluc.nc"), "luc-test/replaced/eluc.nc")
    address = "s3://luc-test/replaced/eluc.nc"
    build(eluc=address, out=tmp_path)
    other = write(tmp_path / "other.nc", eluc_content(43, PLACE, YEARS), Form(time="bare"))
    fs.put_file(str(other), "luc-test/replaced/eluc.nc")
    with pytest.raises(OutputError, match="another eluc file"):
        build(eluc=address, out=tmp_path)


def test_a_web_server_gives_the_same_rows(
    files: Path, local: dict[str, list[Any]], tmp_path: Path
) -> None:
    pytest.importorskip("aiohttp", reason="needs the extra http")
    with web_server(files) as address:
        build(states=f"{address}/states.nc", eluc=f"{address}/eluc.nc", out=tmp_path)
    assert rows(tmp_path) == local


def test_a_web_server_without_ranges_is_refused(files: Path, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="needs the extra http")
    with web_server(files, ranges=False) as address, pytest.raises(SourceError) as error:
        build(states=f"{address}/states.nc", out=tmp_path)
    assert "does not support range requests" in str(error.value)


@pytest.mark.parametrize(
    ("version", "form"),
    [(2, "bare"), (2, "consolidated"), (3, "bare"), (3, "consolidated"), (3, "sharded")],
)
@pytest.mark.parametrize("place", ["local", "memory", pytest.param("s3", marks=pytest.mark.slow)])
def test_a_zarr_store_gives_the_same_rows(
    request: pytest.FixtureRequest,
    files: Path,
    local: dict[str, list[Any]],
    tmp_path: Path,
    version: int,
    form: str,
    place: str,
) -> None:
    pytest.importorskip("zarr", reason="needs the extra zarr")
    where = {"local": str(tmp_path), "memory": f"memory://{tmp_path.name}"}.get(place)
    if where is None:
        where = f"{request.getfixturevalue('bucket')}/zarr{version}-{form}"
    for name in ("states", "eluc"):
        zarr_copy(files / f"{name}.nc", f"{where}/{name}.zarr", version, form)
    out = tmp_path / "out"
    given: dict[str, Any] = {"states": f"{where}/states.zarr", "eluc": f"{where}/eluc.zarr"}
    build(**given, out=out)
    assert rows(out) == local
    assert build(**given, out=out).outcome == "up to date"


def zarr_copy(path: Path, target: Any, version: int, form: str = "bare") -> None:  # noqa: ANN401  # a path or a store
    """Write a file anew as a Zarr store, chunks and fill values as they are."""
    with xr.open_dataset(path, decode_times=False, mask_and_scale=False) as dataset:
        plain = dataset.load().drop_encoding()
        for variable in plain.variables.values():
            variable.attrs.pop("missing_value", None)
        chunked = {
            name: {"chunks": (1, *variable.shape[1:]), "write_empty_chunks": True}
            for name, variable in plain.data_vars.items()
            if variable.ndim == 3
        }
        if form == "sharded":
            for name, encoding in chunked.items():
                # Of 6 years the second shard holds 2, and room for as many more.
                encoding["shards"] = (4, *plain[name].shape[1:])
        consolidated = form == "consolidated"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # version 3 knows no consolidated metadata yet
            plain.to_zarr(target, zarr_format=version, encoding=chunked, consolidated=consolidated)


@pytest.mark.parametrize("place", ["local", "memory"])
@pytest.mark.parametrize(
    ("version", "form"), [(2, "bare"), (2, "consolidated"), (3, "bare"), (3, "sharded")]
)
@pytest.mark.parametrize("years", [1, 2])
def test_a_zarr_store_that_lacks_a_chunk_is_refused(
    files: Path, tmp_path: Path, version: int, form: str, place: str, years: int
) -> None:
    zarr = pytest.importorskip("zarr", reason="needs the extra zarr")
    where = str(tmp_path) if place == "local" else f"memory://{tmp_path.name}-lacking"
    zarr_copy(files / "states.nc", f"{where}/states.zarr", version, form)
    # What only holds the fill value is taken out again, as by default it is not written.
    array = zarr.open_array(
        f"{where}/states.zarr", path="secdf", config={"write_empty_chunks": False}
    )
    array[6 - years :] = array.fill_value
    with pytest.raises(SourceError, match=rf"secdf: lacks {years} of 6 chunks") as error:
        build(states=f"{where}/states.zarr", out=tmp_path / "out")
    assert error.value.exit_code == 3
    assert "write_empty_chunks=True" in str(error.value)


@pytest.mark.parametrize("at", ["start", "end"])
@pytest.mark.parametrize("empty", [True, False])
def test_chunks_in_shards_are_counted_wherever_the_index_is(
    tmp_path: Path, at: str, empty: bool
) -> None:
    zarr = pytest.importorskip("zarr", reason="needs the extra zarr")
    group = zarr.open_group(tmp_path, mode="w", zarr_format=3)
    array = group.create_array(
        "a",
        shape=(5, 10, 7),
        chunks=(1, 3, 4),
        shards={"shape": (2, 6, 8), "index_location": at},
        dtype="f4",
        fill_value=0,
        config={"write_empty_chunks": empty},
    )
    values = np.ones(array.shape, dtype=np.float32)
    values[3, :3, :4] = 0
    values[4, 9:, 4:] = 0
    array[:] = values
    assert missing_chunks(str(tmp_path), array) == (0 if empty else 2, 5 * 4 * 2)
    (tmp_path / "a" / "c" / "0" / "1" / "0").unlink()
    assert missing_chunks(str(tmp_path), array)[0] == (8 if empty else 10)
    shard = tmp_path / "a" / "c" / "0" / "0" / "0"
    shard.write_bytes(shard.read_bytes()[:40])
    with pytest.raises(SourceError, match="a: shard a/c/0/0/0 is truncated"):
        missing_chunks(str(tmp_path), array)


def test_shards_in_shards_are_refused(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr", reason="needs the extra zarr")
    codecs = pytest.importorskip("zarr.codecs")
    group = zarr.open_group(tmp_path, mode="w", zarr_format=3)
    inner = codecs.ShardingCodec(chunk_shape=(1, 2))
    array = group.create_array(
        "a", shape=(4, 4), chunks=(2, 2), shards=(4, 4), dtype="f4", serializer=inner
    )
    with pytest.raises(SourceError, match="a: has nested shards"):
        missing_chunks(str(tmp_path), array)


def test_what_is_not_there_is_named(bucket: str, tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="nothing at this address"):
        build(states=f"{bucket}/none.nc", out=tmp_path)
    with pytest.raises(SourceMissingError, match="nothing at this address"):
        build(states="s3://no-such-bucket/none.nc", out=tmp_path)
    with pytest.raises(SourceError, match="neither a netCDF file nor a Zarr store"):
        build(states=bucket, out=tmp_path)


def test_what_is_refused_is_named(files: Path, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="needs the extra http")
    with web_server(files) as address:
        with pytest.raises(SourceError, match="access is refused") as error:
            build(states=f"{address}/forbidden/states.nc", out=tmp_path)
        assert error.value.exit_code == 3
        with pytest.raises(SourceMissingError):
            build(states=f"{address}/none.nc", out=tmp_path)


def test_a_dead_host_is_a_lost_service(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="needs the extra http")
    with pytest.raises(ServiceError, match="does not answer") as error:
        build(states=f"http://127.0.0.1:{free_port()}/states.nc", out=tmp_path)
    assert error.value.exit_code == 1


def test_a_store_that_dies_while_it_is_read_is_a_lost_service(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("aiohttp", reason="needs the extra http")
    read = StoredFile.read
    reads = 0

    def failing(self: StoredFile, offset: int, size: int) -> bytes:
        nonlocal reads
        reads += 1
        if reads == 20:
            raise ServiceError("the store does not answer")
        return read(self, offset, size)

    monkeypatch.setattr(StoredFile, "read", failing)
    with web_server(files) as address, pytest.raises(ServiceError):
        build(states=f"{address}/states.nc", out=tmp_path)
    monkeypatch.setattr(StoredFile, "read", read)


def test_a_file_that_is_no_netcdf_is_named(bucket: str, tmp_path: Path) -> None:
    fs = fsspec.filesystem("s3")
    fs.pipe_file("luc-test/page.nc", b"<!DOCTYPE html><html>an error</html>")
    with pytest.raises(SourceError, match="an HTML or XML document"):
        build(states="s3://luc-test/page.nc", out=tmp_path)
    with netCDF4.Dataset(tmp_path / "old.nc", "w", format="NETCDF3_CLASSIC") as file:
        file.title = "classic"
    fs.put_file(str(tmp_path / "old.nc"), "luc-test/old.nc")
    with pytest.raises(SourceError, match="only netCDF-4 and Zarr"):
        build(states="s3://luc-test/old.nc", out=tmp_path)


def test_a_damaged_object_is_no_wrong_number(bucket: str, files: Path, tmp_path: Path) -> None:
    data = (files / "states.nc").read_bytes()
    fsspec.filesystem("s3").pipe_file("luc-test/cut.nc", data[: len(data) * 2 // 3])
    with pytest.raises(SourceError):
        build(states="s3://luc-test/cut.nc", out=tmp_path)
    assert not (tmp_path / "luc.duckdb").exists()


@pytest.mark.slow
def test_storage_options_reach_the_store(bucket: str, tmp_path: Path) -> None:
    wrong = {"endpoint_url": f"http://127.0.0.1:{free_port()}"}
    with pytest.raises(ServiceError, match="does not answer"):
        build(states=f"{bucket}/states.nc", storage_options=wrong, out=tmp_path)
    by_scheme = {"s3": {"anon": False}, "https": {}}
    build(states=f"{bucket}/states.nc", storage_options=by_scheme, out=tmp_path)
    with pytest.raises(UsageError, match="is not a JSON object") as error:
        build(states=f"{bucket}/states.nc", storage_options='{"secret": "x"', out=tmp_path)
    assert "secret" not in str(error.value)


def test_an_unknown_scheme_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown scheme"):
        build(states="gopher://host/states.nc", out=tmp_path)
    with pytest.raises(UsageError, match="name each file"):
        build(raw="s3://bucket/raw", out=tmp_path)


@pytest.mark.parametrize(
    ("out", "found"),
    [
        ("https://example.org/out", "but https:// is read-only"),
        ("http://me:secret@example.org/out", "but http:// is read-only"),
        ("simplecache::s3://bucket/out", "one file system in another"),
    ],
)
def test_an_out_that_takes_no_files_is_refused_before_any_work(
    tmp_path: Path, out: str, found: str
) -> None:
    # Before the sources too, which are not there.
    with pytest.raises(UsageError, match=found) as error:
        build(states=tmp_path / "none.nc", out=out, scratch=tmp_path / "scratch")
    assert error.value.exit_code == 2
    assert "secret" not in str(error.value)
    assert not any(tmp_path.iterdir())


def test_a_file_address_is_a_local_file(
    files: Path, local: dict[str, list[Any]], tmp_path: Path
) -> None:
    build(states=f"file://{files}/states.nc", eluc=str(files / "eluc.nc"), out=tmp_path)
    assert rows(tmp_path) == local


def test_a_result_is_published_in_a_store(
    bucket: str, local: dict[str, list[Any]], tmp_path: Path
) -> None:
    """Files first, under the build's own name; the manifest last; the replaced build stays."""
    given: dict[str, Any] = {"states": f"{bucket}/states.nc", "eluc": f"{bucket}/eluc.nc"}
    out = "s3://luc-test/out"
    report = build(**given, out=out, scratch=tmp_path / "scratch")
    fs = fsspec.filesystem("s3")
    manifest = json.loads(fs.cat_file("luc-test/out/luc-load.json"))
    assert manifest["build_id"] == report.build_id
    fs.get(f"luc-test/out/{manifest['folder']}/", str(tmp_path / "fetched"), recursive=True)
    assert rows(tmp_path / "fetched") == local
    for file in manifest["files"]:
        there = (tmp_path / "fetched" / file["path"]).read_bytes()
        assert there == (tmp_path / "scratch" / file["path"]).read_bytes()
        assert len(there) == file["size"]
    before = fs.info("luc-test/out/luc-load.json", refresh=True)["LastModified"]
    assert build(**given, out=out, scratch=tmp_path / "scratch").outcome == "up to date"
    assert fs.info("luc-test/out/luc-load.json", refresh=True)["LastModified"] == before
    other: dict[str, Any] = {**given, "years": "1951:", "scratch": tmp_path / "other"}
    with pytest.raises(OutputError, match="add --overwrite"):
        build(**other, out=out)
    second = build(**other, out=out, overwrite=True)
    assert built(fs) == {report.build_id, second.build_id}
    third = build(**(other | {"years": "1952:"}), out=out, overwrite=True)
    assert built(fs) == {second.build_id, third.build_id}


def built(fs: Any) -> set[str]:  # noqa: ANN401
    return {path.rpartition("/")[2] for path in fs.ls("luc-test/out/builds", refresh=True)}


@pytest.mark.slow
def test_of_two_that_publish_at_once_one_is_refused(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {"eluc": f"{bucket}/eluc.nc", "out": "s3://luc-test/race"}
    first = StoredOutput("s3://luc-test/race")
    build(**given, scratch=tmp_path / "a")
    with pytest.raises(OutputBusyError, match="another build was published there meanwhile"):
        first.publish(tmp_path / "a", "another")
    # The next one has seen it, and may replace it only when asked.
    with pytest.raises(OutputError, match="add --overwrite"):
        build(**given, years="1952:", scratch=tmp_path / "b")


@pytest.mark.slow
def test_a_cut_upload_leaves_what_was_published(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {"eluc": f"{bucket}/eluc.nc", "out": "s3://luc-test/cut"}
    first = build(**given, scratch=tmp_path / "a")
    fs = fsspec.filesystem("s3")
    put, files = StoredFiles.put, 0

    def failing(self: StoredFiles, group: dict[str, Path]) -> None:
        nonlocal files
        files += 1
        if files == 3:
            raise ConnectionError("cut")
        put(self, group)

    again: dict[str, Any] = {**given, "years": "1952:", "scratch": tmp_path / "b"}
    with monkeypatch.context() as patch:
        patch.setattr("loader.remote.files._FILES", 1)
        patch.setattr(StoredFiles, "put", failing)
        with pytest.raises(ServiceError, match="does not answer"):
            build(**again, overwrite=True)
    manifest = json.loads(fs.cat_file("luc-test/cut/luc-load.json"))
    assert manifest["build_id"] == first.build_id
    report = build(**again, overwrite=True)
    manifest = json.loads(fs.cat_file("luc-test/cut/luc-load.json"))
    assert (manifest["build_id"], manifest["replaces"]) == (report.build_id, first.build_id)


@pytest.mark.parametrize(("version", "form"), [(2, "bare"), (3, "bare"), (3, "sharded")])
@pytest.mark.parametrize("place", ["local", "memory", "zip"])
def test_chunks_of_the_sea_that_are_not_stored_are_missing(
    tmp_path: Path, version: int, form: str, place: str
) -> None:
    zarr = pytest.importorskip("zarr", reason="needs the extra zarr")
    shape, lat, lon = (3, 4, 8), np.arange(67.5, -90, -45), np.arange(-157.5, 180, 45)
    values = np.full(shape, 1 / 12, np.float32)
    values[:, :, 4:] = np.nan
    plain = xr.Dataset(
        {name: (("time", "lat", "lon"), values, {"units": "1"}) for name in FRACTIONS},
        {
            "time": ("time", [2000, 2001, 2002]),
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    )
    encoding: dict[str, Any] = {"chunks": (1, 2, 2)}
    if form == "sharded":
        encoding["shards"] = (1, 4, 4)
    where: Any = (
        f"memory://{tmp_path.name}-sea.zarr" if place == "memory" else str(tmp_path / "s.zarr")
    )
    if place == "zip":
        where = zarr.storage.ZipStore(tmp_path / "s.zarr.zip", mode="w")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # metadata are written twice, which an archive keeps
        own = dict.fromkeys(FRACTIONS, encoding)
        plain.to_zarr(where, zarr_format=version, encoding=own, consolidated=False)
    if place == "zip":
        where.close()
        where = str(tmp_path / "s.zarr.zip")
    build(states=where, out=tmp_path / "out")
    with duckdb.connect(str(tmp_path / "out" / "luc.duckdb"), read_only=True) as con:
        assert con.sql("SELECT count(*), count(urban) FROM state").fetchall() == [(48, 48)]
        assert con.sql("SELECT max(lon) < 0 FROM state JOIN cell USING (cell_id)").fetchall() == [
            (True,)
        ]


def test_chunks_that_would_read_as_0_are_not_missing(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr", reason="needs the extra zarr")
    group = zarr.open_group(tmp_path / "s.zarr", mode="w", zarr_format=3)
    for name, values, units in (
        ("time", [2000, 2001], ""),
        ("lat", [45.0, -45.0], "degrees_north"),
        ("lon", [-90.0, 90.0], "degrees_east"),
    ):
        axis = group.create_array(name, shape=(2,), dtype="f8", dimension_names=(name,))
        axis[:] = values
        axis.attrs["units"] = units
    for name in FRACTIONS:
        array = group.create_array(
            name,
            shape=(2, 2, 2),
            chunks=(1, 1, 1),
            dtype="f4",
            fill_value=0.0,
            dimension_names=("time", "lat", "lon"),
        )
        array[:, 0, :] = 0.5
    with pytest.raises(SourceError, match=r"lacks 4 of 8 chunks, and its fill value \(0.0\)"):
        build(states=tmp_path / "s.zarr", out=tmp_path / "out")


@pytest.mark.parametrize("kind", ["kerchunk", "icechunk"])
def test_references_and_repositories_give_the_same_rows(
    files: Path, local: dict[str, list[Any]], tmp_path: Path, kind: str
) -> None:
    pytest.importorskip(kind, reason=f"needs {kind}")
    given: dict[str, Any] = {}
    for name in ("states", "eluc"):
        if kind == "kerchunk":
            hdf = pytest.importorskip("kerchunk.hdf")
            references = hdf.SingleHdf5ToZarr(str(files / f"{name}.nc")).translate()
            given[name] = str(tmp_path / f"{name}.json")
            Path(given[name]).write_text(json.dumps(references))
        else:
            import icechunk  # noqa: PLC0415  # not always there

            given[name] = str(tmp_path / name)
            storage = icechunk.local_filesystem_storage(given[name])
            session = icechunk.Repository.create(storage).writable_session("main")
            zarr_copy(files / f"{name}.nc", session.store, 3)
            session.commit("the file")
    build(**given, out=tmp_path / "out")
    assert rows(tmp_path / "out") == local


def test_references_that_are_damaged_are_an_error(tmp_path: Path) -> None:
    pytest.importorskip("zarr", reason="needs the extra zarr")
    (tmp_path / "s.json").write_text('{"version": 1, "refs": {".zgroup": ')
    with pytest.raises(SourceError, match="cannot be opened"):
        build(states=tmp_path / "s.json", out=tmp_path / "out")

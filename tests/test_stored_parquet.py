"""The Parquet dataset in a store, the database on this disk: one build, or the one before it."""

from __future__ import annotations

import gc
import json
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builds import CRASH_POINTS, Notices, crash
from click.testing import CliRunner
from command import environment, luc_load
from files import GRIDS, Form, eluc_content, state_content, write
from object_store import Fault, credentials, faulty, free_port, s3_server
from test_interruptions import PAUSED

from loader import build
from loader.building import dataset_place
from loader.checking.check import check_database
from loader.cli import commands
from loader.description import database_info
from loader.errors import OutputBusyError, OutputError, ServiceError, UsageError
from loader.remote.files import StoredFiles
from loader.remote.publishing import StoredOutput
from loader.remote.stores import using_storage_options
from loader.storing.cleaning import clean_output

fsspec = pytest.importorskip("fsspec")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets of the stores' clients

PLACE = GRIDS["finer"]
YEARS = tuple(range(1950, 1956))


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("files")
    states = write(folder / "states.nc", state_content(41, PLACE, YEARS, masks="mixed"), Form())
    eluc = write(folder / "eluc.nc", eluc_content(42, PLACE, YEARS, missing=0.05), Form())
    return {"states": states, "eluc": eluc}


@pytest.fixture(scope="module")
def local(given: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("local")
    build(**given, out=out)
    return out


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    pytest.importorskip("moto.server", reason="needs moto[server]")
    s3fs = pytest.importorskip("s3fs", reason="needs the extra s3")
    with s3_server() as address:
        options = {"key": "test", "secret": "test", "endpoint_url": address}
        s3fs.S3FileSystem(**options).mkdir("luc-test")
        yield address
        with warnings.catch_warnings():
            # fsspec leaves its sessions to the garbage collector, which warns of each.
            warnings.simplefilter("ignore", ResourceWarning)
            s3fs.S3FileSystem.clear_instance_cache()
            gc.collect()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A folder that is used as a store."""
    return tmp_path / "store"


def address(store: Path) -> str:
    return f"file://{store}"


def manifest(store: Path) -> dict[str, Any]:
    found = json.loads((store / "luc-load.json").read_text())
    assert isinstance(found, dict)
    return found


def build_id(out: Path) -> str:
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        return str(con.execute("SELECT build_id FROM meta.build").fetchall()[0][0])


def builds(store: Path) -> set[str]:
    return {path.name for path in (store / "builds").iterdir()}


def parts(folder: Path) -> dict[str, bytes]:
    """The gridded tables: the others name the files, and when they were changed."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for table in ("state", "eluc", "cell", "year")
        for path in (folder / table).glob("*.parquet")
    }
    assert len(found) >= 4
    return found


def status(out: Path, options: dict[str, str] | None = None) -> tuple[str, str]:
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        ((record,),) = con.execute("SELECT options FROM meta.build").fetchall()
    where = json.loads(record)["options"]["parquet"]
    (found,) = check_database(out, only=["parquet"], parquet=where, storage_options=options).results
    return found.status, found.text()


def test_check_contacts_only_an_address_that_the_user_named(
    given: dict[str, Any], tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address in a database may be anyone's."""
    out = tmp_path / "out"
    build(**given, out=out, parquet=address(store))
    assert check_database(out, only=["parquet"]).results[0].status == "ok"
    # Another user, who got the database.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (found,) = check_database(out, only=["parquet"]).results
    assert found.status == "skipped"
    assert f"{address(store)} was not checked" in found.summary
    assert status(out)[0] == "ok"


def cut(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Lose the store after so many files."""
    put, files = StoredFiles.put, 0

    def failing(self: StoredFiles, group: dict[str, Path]) -> None:
        nonlocal files
        if files == after:
            raise ConnectionError("cut")
        files += 1
        put(self, group)

    monkeypatch.setattr("loader.remote.files._FILES", 1)
    monkeypatch.setattr(StoredFiles, "put", failing)


def test_s3_holds_what_a_local_build_holds(
    given: dict[str, Any],
    local: Path,
    endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in credentials(endpoint).items():
        monkeypatch.setenv(name, value)
    out, where = tmp_path / "out", "s3://luc-test/data/"
    fs = fsspec.filesystem("s3")
    planned = build(**given, out=out, parquet=where, dry_run=True)
    assert "s3://luc-test/data/  about" in planned.text()
    assert not fs.exists("luc-test/data")
    report = build(**given, out=out, parquet=where)
    folder = f"s3://luc-test/data/builds/{report.build_id}/parquet"
    assert report.parquet == folder
    assert {path.name for path in out.iterdir()} == {"luc.duckdb"}
    published = json.loads(fs.cat_file("luc-test/data/luc-load.json"))
    assert published["build_id"] == build_id(out) == build_id(local)
    fs.get(f"{folder}/", str(tmp_path / "fetched"), recursive=True)
    assert parts(tmp_path / "fetched") == parts(local / "parquet")
    for table in ("state", "eluc"):
        with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
            stored = con.execute(f"SELECT * FROM {table}").fetchall()
        read = pq.read_table(
            f"luc-test/data/builds/{report.build_id}/parquet/{table}", filesystem=fs
        )
        assert sorted(zip(*read.to_pydict().values(), strict=True)) == sorted(stored)
    assert status(out)[0] == "ok"
    assert database_info(out).text().count(f"Parquet: {folder}/ is of the same build") == 1
    assert build(**given, out=out, parquet="s3://luc-test/data").outcome == "up to date"


def test_storage_options_reach_the_store(
    given: dict[str, Any], endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in credentials(endpoint):
        monkeypatch.delenv(name, raising=False)
    own = {"key": "test", "secret": "test", "endpoint_url": endpoint}
    options, out = json.dumps({"s3": own}), str(tmp_path)
    monkeypatch.setenv("LUC_LOAD_BUILD_STORAGE_OPTIONS", options)
    command = ["build", "--eluc", str(given["eluc"]), "-o", out, "--parquet", "s3://luc-test/own"]
    runner = CliRunner()
    assert runner.invoke(commands, command, catch_exceptions=False).exit_code == 0
    told = runner.invoke(commands, ["info", "--storage-options", options, out]).output
    assert "is of the same build" in told
    only = ["check", "--only", "parquet", "--parquet", "s3://luc-test/own"]
    told = runner.invoke(commands, [*only, "--storage-options", options, out]).output
    assert "parquet            ok" in told
    # Another server than the one that has it.
    dead = {"endpoint_url": f"http://127.0.0.1:{free_port()}"}
    once = {"config_kwargs": {"retries": {"total_max_attempts": 1}}}
    wrong = json.dumps({"s3": {**own, **dead, **once}})
    found = runner.invoke(commands, [*only, "--storage-options", wrong, out])
    assert "parquet            skipped  s3://luc-test/own was not checked" in found.output
    assert found.exit_code == 0
    told = runner.invoke(commands, ["info", "--storage-options", wrong, out]).output
    assert "Parquet: s3://luc-test/own was not checked: " in told
    monkeypatch.setattr("loader.description.stored_dataset", None)
    assert "duckdb -readonly" in runner.invoke(commands, ["info", "--connect", out]).output


def test_a_cut_upload_leaves_both_as_they_were_and_goes_on(
    given: dict[str, Any], tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, where = tmp_path / "out", address(store)
    first = build(**given, out=out, parquet=where)
    before = parts(store / "builds" / first.build_id / "parquet")
    again: dict[str, Any] = {**given, "years": "1952:", "out": out, "parquet": where}
    with monkeypatch.context() as patch:
        cut(patch, after=2)
        with pytest.raises(ServiceError, match="run the same command again"):
            build(**again, overwrite=True)
    assert manifest(store)["build_id"] == build_id(out) == first.build_id
    assert parts(store / "builds" / first.build_id / "parquet") == before
    assert status(out)[0] == "ok"
    (left,) = builds(store) - {first.build_id}
    told = database_info(out).text()
    assert "A finished build has not been published yet" in told
    assert f"An upload of build {left} to {where} is incomplete" in told
    files = [path for path in (store / "builds" / left).rglob("*") if path.is_file()]
    arrived = {path: path.stat().st_mtime_ns for path in files}
    assert len(arrived) == 2
    second = build(**again, overwrite=True)
    assert (second.outcome, second.build_id) == ("published", left)
    assert {path: path.stat().st_mtime_ns for path in arrived} == arrived
    assert manifest(store)["build_id"] == build_id(out) == left
    assert builds(store) == {first.build_id, left}
    assert status(out)[0] == "ok"
    assert not (out / ".luc-load").exists()


def test_a_build_that_waits_for_one_address_goes_to_another(
    given: dict[str, Any], local: Path, tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours of work are not lost with a bucket: its parts are used again, the database is not."""
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        cut(patch, after=3)
        with pytest.raises(ServiceError):
            build(**given, out=out, parquet=address(store))
    (left,) = builds(store)
    other = tmp_path / "other"
    report = build(**given, out=out, parquet=address(other))
    assert (report.outcome, report.reused_parts > 0, report.build_id) == ("built", True, left)
    assert manifest(other)["build_id"] == build_id(out) == left
    assert parts(other / "builds" / left / "parquet") == parts(local / "parquet")
    assert status(out)[0] == "ok"
    assert address(other) in database_info(out).parquet_text
    record = json.loads((other / "builds" / left / "parquet" / "build.json").read_text())
    assert record["options"]["parquet"] == address(other)
    with monkeypatch.context() as patch:
        cut(patch, after=3)
        with pytest.raises(ServiceError):
            build(**given, out=out, years="1952:", parquet=address(store), overwrite=True)
    beside = build(**given, out=out, years="1952:", overwrite=True)
    assert (beside.outcome, beside.reused_parts > 0) == ("built", True)
    assert (out / "parquet" / "state").is_dir()
    assert status(out)[0] == "ok"


def test_clean_removes_what_a_cut_upload_left(
    given: dict[str, Any], tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, where = tmp_path / "out", address(store)
    first = build(**given, out=out, parquet=where)
    again: dict[str, Any] = {**given, "out": out, "parquet": where, "overwrite": True}
    for years in ("1952:", "1953:"):
        # The second build drops the first one's stage, but not what it left in the store.
        with monkeypatch.context() as patch:
            cut(patch, after=2)
            with pytest.raises(ServiceError):
                build(**again, years=years)
    left = builds(store) - {first.build_id}
    assert len(left) == 2
    result = CliRunner().invoke(commands, ["clean", str(out)], catch_exceptions=False)
    for name in left:
        assert f"removed {where}/builds/{name}  " in result.output
    assert builds(store) == {first.build_id}
    assert {path.name for path in out.iterdir()} == {"luc.duckdb"}
    assert status(out)[0] == "ok"
    assert clean_output(out) == ()


def test_clean_leaves_nothing_in_s3_of_a_build_that_never_counted(
    given: dict[str, Any], endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in credentials(endpoint).items():
        monkeypatch.setenv(name, value)
    where, out = "s3://luc-test/never", tmp_path / "out"
    first: dict[str, Any] = {"eluc": given["eluc"], "out": out, "parquet": where}
    fs = fsspec.filesystem("s3")

    def killed(*_given: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dataset_place, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            build(**first)
    left = json.loads(fs.cat_file("luc-test/never/luc-load.json"))["folder"]
    _stage, uploaded = clean_output(out)
    assert uploaded.path == f"{where}/{left}"
    assert fs.find("luc-test/never", refresh=True) == []
    assert not (out / ".luc-load").exists()


FAULTS: dict[str, tuple[Fault, int, type[Exception] | None, str]] = {
    "one part is cut": ("cut", 1, None, ""),
    "one part is refused for a moment": ("fail", 1, None, ""),
    "the store fails for good": ("fail", 99, ServiceError, "run the same command again"),
    "the credentials expire": ("refuse", 99, OutputError, "access is refused"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_store_that_fails_in_an_upload(
    given: dict[str, Any], endpoint: str, tmp_path: Path, name: str
) -> None:
    fault, times, expected, message = FAULTS[name]
    where, out = f"s3://luc-test/fault-{fault}-{times}", tmp_path / "out"
    seen: list[str] = []

    def failing(method: str, path: str) -> Fault:
        if method == "PUT" and "/parquet/eluc/" in path and len(seen) < times:
            seen.append(path)
            return fault
        return None

    with faulty(endpoint, failing) as address:
        options = {"key": "test", "secret": "test", "endpoint_url": address}
        named: dict[str, Any] = {"eluc": given["eluc"], "out": out, "parquet": where}
        named["storage_options"] = options
        if expected is not None:
            with pytest.raises(expected, match=message):
                build(**named)
            assert not (out / "luc.duckdb").exists()
            assert not fsspec.filesystem("s3", **options).exists(f"{where}/luc-load.json")
            times = 0
        assert build(**named).outcome == ("built" if expected is None else "published")
        assert seen
        assert status(out, options)[0] == "ok"


@pytest.mark.parametrize("option", ["out", "parquet"])
def test_a_bucket_that_does_not_exist_is_told_before_the_work(
    given: dict[str, Any], endpoint: str, tmp_path: Path, option: str
) -> None:
    options = {"key": "test", "secret": "test", "endpoint_url": endpoint}
    local = {"out": {"scratch": tmp_path / "scratch"}, "parquet": {"out": tmp_path / "out"}}
    named: dict[str, Any] = {option: "s3://no-such-bucket/luc", **local[option]}
    with pytest.raises(OutputError, match="there is no bucket no-such-bucket"):
        build(eluc=given["eluc"], **named, storage_options=options)
    assert not any(tmp_path.iterdir())


def test_of_two_that_replace_a_data_set_at_once_s3_refuses_one(
    given: dict[str, Any], local: Path, endpoint: str, tmp_path: Path
) -> None:
    options = {"key": "test", "secret": "test", "endpoint_url": endpoint}
    where, named = "s3://luc-test/two", {"eluc": given["eluc"], "storage_options": options}
    build(**named, out=tmp_path, parquet=where)
    with using_storage_options(options):
        late = StoredOutput(where)
    second = build(**named, out=tmp_path, parquet=where, years="1951:", overwrite=True)
    with pytest.raises(OutputBusyError, match="another build was published there meanwhile"):
        late.publish(local, "late", ["parquet"])
    with using_storage_options(options):
        assert StoredOutput(where).build_id == second.build_id
    assert status(tmp_path, options)[0] == "ok"


def test_a_manifest_whose_answer_was_lost_is_our_own(
    given: dict[str, Any], endpoint: str, tmp_path: Path
) -> None:
    """The library repeats the request, and the store refuses what is there by then."""
    seen: list[str] = []

    def failing(method: str, path: str) -> Fault:
        if method == "PUT" and path.endswith("/luc-load.json") and not seen:
            seen.append(path)
            return "lose"
        return None

    with faulty(endpoint, failing) as address:
        options = {"key": "test", "secret": "test", "endpoint_url": address}
        named: dict[str, Any] = {"parquet": "s3://luc-test/lost", "storage_options": options}
        build(eluc=given["eluc"], out=tmp_path, **named)
        assert seen
        assert status(tmp_path, options)[0] == "ok"


@pytest.mark.parametrize("then", ["build", "clean"])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_kill_between_manifest_and_database_is_told_and_healed(
    given: dict[str, Any],
    tmp_path: Path,
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
    earlier: bool,
) -> None:
    out, where = tmp_path / "out", address(store)
    first = build(**given, out=out, parquet=where) if earlier else None

    def killed(*_given: object, **_named: object) -> None:
        raise KeyboardInterrupt

    again: dict[str, Any] = {**given, "years": "1952:", "out": out, "parquet": where}
    with monkeypatch.context() as patch:
        patch.setattr(dataset_place, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            build(**again, overwrite=earlier)
    second = manifest(store)["build_id"]
    if first is not None:
        assert build_id(out) == first.build_id != second
        told = f"{where} holds build {second}, but the database is build {first.build_id}"
        assert told in database_info(out).text()
        assert (status(out)[0], told in status(out)[1]) == ("failed", True)
        # Who has the old database still finds its dataset.
        assert (store / "builds" / first.build_id / "parquet" / "build.json").is_file()
    if then == "build":
        assert build(**again, overwrite=earlier).outcome == "published"
        assert manifest(store)["build_id"] == build_id(out) == second
    else:
        clean_output(out)
        assert not (store / "builds" / second).exists()
        if first is None:
            assert not (store / "luc-load.json").exists()
            return
        assert manifest(store)["build_id"] == build_id(out) == first.build_id
    assert status(out)[0] == "ok"


STEPS = (
    "beginning an upload",
    "uploading a file",
    "writing the manifest",
    "publishing",
    "ending an upload",
)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_ends_at_any_step_leaves_a_database_with_its_data_set(
    given: dict[str, Any], tmp_path: Path, store: Path, step: str, number: signal.Signals
) -> None:
    out, named = tmp_path / "out", [f"--{name}={path}" for name, path in given.items()]
    first = build(**given, out=out, parquet=address(store))
    again = ["build", *named, "-o", str(out), "--parquet", address(store), "--years", "1952:"]
    with subprocess.Popen(
        [sys.executable, "-c", PAUSED, CRASH_POINTS[step], *again, "--overwrite"],
        env=environment(),
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        while (line := process.stderr.readline()) != b"here\n":
            assert line, "the build ended before it came there"
        process.send_signal(number)
        told = process.stderr.read()
    assert b"Traceback" not in told
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    now = build_id(out)
    folder = store / "builds" / now / "parquet"
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        for table in ("state", "eluc"):
            rows = con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
            assert (
                sorted(zip(*pq.read_table(folder / table).to_pydict().values(), strict=True))
                == rows
            )
    if now == first.build_id:
        done = luc_load(*again, "--overwrite", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    else:
        luc_load("clean", str(out), cwd=tmp_path)
    assert manifest(store)["build_id"] == build_id(out) != first.build_id
    assert builds(store) == {first.build_id, build_id(out)}
    assert status(out)[0] == "ok"
    assert {path.name for path in out.iterdir()} == {"luc.duckdb"}


def test_clean_leaves_the_data_set_of_the_published_database(
    given: dict[str, Any], tmp_path: Path, store: Path
) -> None:
    """A kill after the rename of the database, before the upload is forgotten."""
    out = tmp_path / "out"
    with crash("ending an upload"):
        build(**given, out=out, parquet=address(store))
    assert "An upload of build" not in database_info(out).text()
    assert clean_output(out) == ()
    assert status(out)[0] == "ok"
    assert {path.name for path in out.iterdir()} == {"luc.duckdb"}


def test_the_data_set_moves_to_a_store_and_back(
    given: dict[str, Any], local: Path, tmp_path: Path, store: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(local, out)
    with pytest.raises(OutputError, match=r"not given; requested: parquet=file:.*--overwrite"):
        build(**given, out=out, parquet=address(store))
    assert (out / "parquet").is_dir()
    build(**given, out=out, parquet=address(store), overwrite=True)
    assert not (out / "parquet").exists()
    assert build_id(out) == build_id(local) == manifest(store)["build_id"]
    with pytest.raises(OutputError, match=r"parquet=file:.*; requested: parquet=not given"):
        build(**given, out=out)
    reporter = Notices()
    build(**given, out=out, overwrite=True, reporter=reporter)
    old = f"the dataset of the replaced build is still at {address(store)}; it was not removed"
    assert reporter.notices == [old]
    assert manifest(store)["build_id"] == build_id(local)
    assert parts(out / "parquet") == parts(local / "parquet")
    assert status(out)[0] == "ok"


def test_the_data_set_of_another_database_is_not_replaced_unasked(
    given: dict[str, Any], tmp_path: Path, store: Path
) -> None:
    where = address(store)
    first = build(**given, out=tmp_path / "one", parquet=where)
    other: dict[str, Any] = {**given, "years": "1952:", "out": tmp_path / "two", "parquet": where}
    for dry_run in (True, False):
        with pytest.raises(OutputError, match=f"build {first.build_id} is published there"):
            build(**other, dry_run=dry_run)
    second = build(**other, overwrite=True)
    found = status(tmp_path / "one")
    assert (found[0], f"holds build {second.build_id}" in found[1]) == ("failed", True)


def test_damage_in_the_store_is_found_and_mended(
    given: dict[str, Any], tmp_path: Path, store: Path
) -> None:
    out, where = tmp_path / "out", address(store)
    report = build(**given, out=out, parquet=where)
    folder = store / "builds" / report.build_id / "parquet"
    part = next((folder / "state").iterdir())
    sound = part.read_bytes()
    rows = pq.read_table(part)
    position = rows.schema.get_field_index("primf")
    other = pa.chunked_array([rows.column("primn").combine_chunks()])
    pq.write_table(rows.set_column(position, "primf", other), part)
    # As large as the manifest says: only who reads the values sees it.
    text = manifest(store)
    for file in text["files"]:
        if file["path"] == f"parquet/state/{part.name}":
            file["size"] = part.stat().st_size
    (store / "luc-load.json").write_text(json.dumps(text))
    assert status(out)[0] == "failed"
    assert f"state/{part.name}  (its bytes are not those that were published)" in status(out)[1]
    part.unlink()
    found = status(out)
    assert found[0] == "failed"
    assert f"parquet/state/{part.name} missing or of another size" in found[1]
    assert build(**given, out=out, parquet=where).outcome == "built"
    assert part.read_bytes() == sound
    assert status(out)[0] == "ok"
    shutil.rmtree(store)
    assert "there is no dataset at" in database_info(out).text()


@pytest.mark.parametrize("command", ["info", "check", "clean"])
def test_a_database_at_an_address_is_a_usage_error(command: str, tmp_path: Path) -> None:
    done = luc_load(command, "s3://me:secret@luc-test/out", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "s3://luc-test/out is an address" in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ({"parquet": "https://example.org/luc"}, "is read-only"),
        ({"out": "https://example.org/luc"}, "is read-only"),
        ({"parquet": "somewhere"}, "expected a folder of an object store"),
        ({"parquet": ""}, "expected a folder of an object store"),
        ({"parquet": "s3://b/p", "out": "s3://b/out"}, "uploads the Parquet dataset with the"),
        ({"parquet": "file://{out}/parquet"}, "inside --out"),
        ({"parquet": "gopher://host/luc"}, "unknown scheme"),
    ],
)
def test_an_address_that_cannot_be_meant_is_a_usage_error(
    given: dict[str, Any], tmp_path: Path, named: dict[str, str], found: str
) -> None:
    out = tmp_path / "out"
    options: dict[str, Any] = {
        "out": str(out),
        **{key: text.format(out=out) for key, text in named.items()},
    }
    with pytest.raises(UsageError, match=found) as error:
        build(**given, **options)
    assert error.value.exit_code == 2
    assert not any(tmp_path.iterdir())

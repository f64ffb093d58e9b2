"""What counts at an address is whole: a manifest, the files it names, and no others beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from files import GRIDS, Form, state_content, write

from loader import build
from loader.errors import OutputError, ServiceError
from loader.files import temporary_name
from loader.remote.files import AT_ONCE, StoredFiles, _groups, _how_to_put
from loader.remote.publishing import StoredOutput

pytest.importorskip("fsspec")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A finished build, as far as an upload looks at it."""
    folder = tmp_path / "built"
    for name in ("luc.duckdb", "parquet/state/a.parquet", "parquet/state/b.parquet"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    (folder / "parquet" / "build.json").write_bytes(b"{}")
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "store"


def address(place: Path) -> str:
    return f"file://{place}"


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


def test_a_folder_of_another_disk_is_a_store_too(built: Path, place: Path) -> None:
    where = StoredOutput(address(place)).publish(built, "one")
    assert where == f"{address(place)}/builds/one"
    assert files(place / "builds" / "one") == files(built)
    again = StoredOutput(address(place))
    assert (again.build_id, again.replaced, again.not_whole()) == ("one", None, [])
    assert again.listed() == {name: len(data) for name, data in files(built).items()}


def test_what_is_kept_is_the_build_its_forerunner_and_what_is_asked_for(
    built: Path, place: Path
) -> None:
    for build_id, kept in (("one", ()), ("two", ()), ("three", ("one",)), ("four", ())):
        StoredOutput(address(place)).publish(built, build_id, kept=kept)
        if build_id == "three":
            assert {p.name for p in (place / "builds").iterdir()} == {"one", "two", "three"}
    assert {p.name for p in (place / "builds").iterdir()} == {"three", "four"}
    assert StoredOutput(address(place)).replaced == "three"


def test_files_of_an_earlier_upload_that_are_not_of_this_one_go_before_it_counts(
    built: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same build cut into other parts: readers of the folder would get rows twice."""
    cut = tmp_path / "cut"
    (cut / "parquet" / "state").mkdir(parents=True)
    (cut / "parquet" / "state" / "other.parquet").write_bytes(b"rows that a.parquet has too")

    def fail(*_: object) -> None:
        raise ConnectionError("cut")

    with monkeypatch.context() as patch:
        patch.setattr(StoredOutput, "_commit", fail)
        with pytest.raises(ServiceError):
            StoredOutput(address(place)).publish(cut, "one", names=("parquet",))
    assert (place / "luc-load.one.uploading.json").exists()
    StoredOutput(address(place)).publish(built, "one")
    assert files(place / "builds" / "one") == files(built)
    assert {p.name for p in place.iterdir()} == {"luc-load.json", "builds"}


def test_what_a_kill_left_half_written_goes(built: Path, place: Path) -> None:
    folder = place / "builds" / "one" / "parquet" / "state"
    folder.mkdir(parents=True)
    (folder / temporary_name("a.parquet")).write_bytes(b"half")
    mine = folder / ".mine.0123456789abcdef.tmp"
    mine.write_bytes(b"precious")
    StoredOutput(address(place)).publish(built, "one")
    mine.unlink()
    assert files(place / "builds" / "one") == files(built)


FOREIGN = [
    "thesis.txt",
    "builds/mine/thesis.txt",
    "builds/thesis.txt",
    "builds/one/thesis.txt",
    "builds/one/parquet/thesis.txt",
    "builds/one/parquet/state/thesis.txt",
    "builds/two/parquet/state/notes.md",
]


def test_no_file_of_others_is_ever_deleted(built: Path, place: Path) -> None:
    for name in FOREIGN:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("precious")
    for build_id in ("one", "two", "three", "four"):
        StoredOutput(address(place)).publish(built, build_id)
    StoredOutput(address(place)).withdraw("four")
    StoredOutput(address(place)).withdraw("mine")
    for name in FOREIGN:
        assert (place / name).read_text() == "precious", name
    assert not (place / "builds" / "one" / "luc.duckdb").exists(), "our own files go"
    assert StoredOutput(address(place)).build_id == "three"


def test_a_part_of_others_in_a_build_is_named_before_it_counts(built: Path, place: Path) -> None:
    part = place / "builds" / "one" / "parquet" / "state" / "other.parquet"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"rows")
    with pytest.raises(OutputError, match=r"other\.parquet: was not uploaded by luc-load"):
        StoredOutput(address(place)).publish(built, "one")
    assert part.read_bytes() == b"rows"
    assert StoredOutput(address(place)).build_id is None


BAD_PATHS = ["../../victim", "/etc/passwd", "parquet/../../../victim", "a\\b", "parquet//a", ""]


@pytest.mark.parametrize("name", BAD_PATHS)
@pytest.mark.parametrize("where", ["files", "others", "build_id", "replaces", "id of another"])
def test_a_manifest_with_a_name_that_leads_elsewhere_is_not_ours(
    where: str, name: str, built: Path, place: Path
) -> None:
    StoredOutput(address(place)).publish(built, "one")
    StoredOutput(address(place)).publish(built, "two")
    path = place / "luc-load.json"
    manifest = json.loads(path.read_text())
    if where == "files":
        manifest["files"][0]["path"] = name
    elif where == "others":
        manifest["others"][0]["files"].append(name)
    elif where == "id of another":
        manifest["others"][0]["build_id"] = name
    else:
        manifest[where] = name
    path.write_text(json.dumps(manifest))
    with pytest.raises(OutputError, match="was not made by luc-load"):
        StoredOutput(address(place))


@pytest.mark.parametrize("name", BAD_PATHS)
def test_the_record_of_an_upload_leads_nowhere_else(name: str, place: Path) -> None:
    victim = place.parent / "victim"
    victim.write_text("precious")
    place.mkdir(exist_ok=True)
    record = place / "luc-load.one.uploading.json"
    record.write_text(json.dumps({"build_id": "one", "files": ["a", name]}))
    (place / "builds" / "one").mkdir(parents=True)
    (place / "builds" / "one" / "a").write_text("mine")
    assert StoredOutput(address(place)).withdraw("one") == 0
    assert victim.read_text() == "precious"
    with pytest.raises(ValueError, match="not a name"):
        StoredOutput(address(place)).withdraw(name)


@pytest.mark.parametrize("link", ["builds", "builds/one", "builds/one/parquet"])
def test_a_link_below_the_address_is_not_followed(
    link: str, built: Path, place: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (place / link).parent.mkdir(parents=True)
    (place / link).symlink_to(victim)
    with pytest.raises(OutputError, match="is a link"):
        StoredOutput(address(place)).publish(built, "one")
    assert list(victim.iterdir()) == []


def test_a_link_that_the_user_made_an_address_of_is_followed(
    built: Path, place: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    place.symlink_to(disk)
    StoredOutput(address(place)).publish(built, "one")
    assert files(disk / "builds" / "one") == files(built)


def test_an_address_with_characters_of_patterns_means_itself(built: Path, tmp_path: Path) -> None:
    other = tmp_path / "ab"
    StoredOutput(address(other)).publish(built, "one")
    before = files(other)
    for build_id in ("one", "two", "three"):
        StoredOutput(address(tmp_path / "a[b]")).publish(built, build_id)
    StoredOutput(address(tmp_path / "a[b]")).withdraw("three")
    assert files(other) == before


def test_only_what_is_not_there_is_uploaded(
    built: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = StoredFiles.put
    uploaded: list[str] = []

    def counting(self: StoredFiles, group: dict[str, Path]) -> None:
        if len(uploaded) == 2:
            raise ConnectionError("cut")
        uploaded.extend(group)
        put(self, group)

    monkeypatch.setattr("loader.remote.files._FILES", 1)
    monkeypatch.setattr(StoredFiles, "put", counting)
    with pytest.raises(ServiceError, match="run the same command again"):
        StoredOutput(address(place)).publish(built, "one")
    assert StoredOutput(address(place)).build_id is None
    first, uploaded[:] = list(uploaded), ["", "", ""]
    StoredOutput(address(place)).publish(built, "one")
    assert not set(first) & set(uploaded)
    assert files(place / "builds" / "one") == files(built)


def test_a_published_build_gets_what_it_lacks_and_keeps_the_rest(built: Path, place: Path) -> None:
    StoredOutput(address(place)).publish(built, "none")
    StoredOutput(address(place)).publish(built, "one", names=("parquet",))
    assert "luc.duckdb" not in StoredOutput(address(place)).listed()
    StoredOutput(address(place)).publish(built, "one")
    completed = StoredOutput(address(place))
    assert completed.listed().keys() == files(built).keys()
    assert completed.replaced == "none"
    part = place / "builds" / "one" / "parquet" / "state" / "a.parquet"
    part.write_bytes(b"")
    assert StoredOutput(address(place)).not_whole() == ["parquet/state/a.parquet"]
    StoredOutput(address(place)).publish(built, "one", names=("parquet",))
    assert StoredOutput(address(place)).not_whole() == []
    assert files(place / "builds" / "one") == files(built)


@pytest.mark.parametrize("scheme", ["s3", "gs"])
@pytest.mark.parametrize("size", [1, 2**27, 78 * 10**9, 5 * 2**40])
def test_pieces_of_a_file_are_few_enough_for_s3_and_fit_in_memory(scheme: str, size: int) -> None:
    how = _how_to_put(scheme, size)
    assert how["chunksize"] % 2**18 == 0
    if scheme == "s3":
        assert size / how["chunksize"] <= 10_000
    if size < 10**11:
        assert how["chunksize"] * how.get("max_concurrency", 1) <= AT_ONCE


def test_files_that_go_together_are_few_and_small_or_one() -> None:
    sizes = {"a": AT_ONCE * 3, "b": 1, "c": AT_ONCE - 1, "d": 1} | {f"e{n}": 1 for n in range(9)}
    groups = list(_groups(sizes))
    assert [name for group in groups for name in group] == list(sizes)
    assert groups[:2] == [["a"], ["b", "c"]]
    assert [len(group) for group in groups[2:]] == [8, 2]


@pytest.mark.parametrize("text", ["<html>", "[]", '{"build_id": "one"}', '{"files": []}'])
def test_a_manifest_of_another_program_is_left_alone(place: Path, text: str) -> None:
    place.mkdir()
    (place / "luc-load.json").write_text(text)
    with pytest.raises(OutputError, match="was not made by luc-load"):
        StoredOutput(address(place))
    assert (place / "luc-load.json").read_text() == text


def test_the_manifest_names_the_folder_of_the_build(built: Path, place: Path) -> None:
    StoredOutput(address(place)).publish(built, "one")
    manifest = json.loads((place / "luc-load.json").read_text())
    assert (manifest["folder"], manifest["replaces"]) == ("builds/one", None)


def test_a_dry_run_rejects_what_the_build_would_reject_at_an_address(
    built: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    states = tmp_path / "states.nc"
    write(states, state_content(71, GRIDS["finer"], (1950, 1951)), Form())
    StoredOutput(address(place)).publish(built, "one")
    before = files(place)
    with pytest.raises(OutputError, match="build one is published there; add --overwrite"):
        build(states=states, out=address(place), dry_run=True)
    planned = build(states=states, out=address(place), dry_run=True, overwrite=True)
    assert planned.outcome == "planned"
    assert files(place) == before


def test_a_dry_run_contacts_a_store_that_nobody_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("s3fs")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    states = tmp_path / "states.nc"
    write(states, state_content(71, GRIDS["finer"], (1950, 1951)), Form())
    options = {
        "key": "x",
        "secret": "x",
        "endpoint_url": "http://127.0.0.1:9",
        "config_kwargs": {"connect_timeout": 1, "retries": {"max_attempts": 1}},
    }
    with pytest.raises(ServiceError, match="s3://luc/data"):
        build(states=states, out="s3://luc/data", storage_options=options, dry_run=True)

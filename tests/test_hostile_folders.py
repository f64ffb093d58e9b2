"""A folder from elsewhere: its links, names and pipes lead `build`, `clean` and `info` nowhere."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from builds import crash
from files import GRIDS, Form, state_content, write

from loader import LucLoadError, OutputError, build
from loader.description import database_info
from loader.files import is_temporary, temporary_name
from loader.storing.cleaning import clean_output
from loader.storing.stage import Stage

YEARS = (1950, 1951)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    return write(folder / "states.nc", state_content(1, GRIDS["global"], YEARS), Form())


@pytest.fixture(scope="module")
def interrupted(states: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output whose build was interrupted after its parts were written."""
    out = tmp_path_factory.mktemp("interrupted") / "out"

    with crash("completing the dataset"):
        build(states=states, out=out)
    return out


@pytest.fixture
def out(interrupted: Path, tmp_path: Path) -> Path:
    return shutil.copytree(interrupted, tmp_path / "out")


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder of the user's, with what luc-load would look for in it."""
    folder = tmp_path / "victim"
    for name in ("lock", "manifest.jsonl", "uploads.json", "stage/x", "parquet/x", "state/x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("precious")
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


FOLDERS = ("", "stage", "stage/cells", "stage/parquet", "stage/parquet/state", "stage/replaced")
FILES = ("lock", "stage/luc.duckdb", "stage/manifest.jsonl", "stage/record.json", "uploads.json")
PLANTED = [
    *((place, "link to a folder") for place in (*FOLDERS, "discarded", "lock")),
    *((place, kind) for place in FILES for kind in ("link to a file", "hard link")),
    *((place, "pipe") for place in ("", *FILES)),
]


@pytest.mark.parametrize(("place", "kind"), PLANTED)
def test_nothing_planted_in_the_private_folder_is_followed(
    place: str, kind: str, states: Path, out: Path, victim: Path
) -> None:
    path = out / ".luc-load" / place if place else out / ".luc-load"
    target = victim if kind == "link to a folder" else victim / "lock"
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "hard link":
        os.link(target, path)
    else:
        path.symlink_to(target)
    before = tree(victim)
    for run in (
        lambda: database_info(out),
        lambda: build(states=states, out=out, dry_run=True),
        lambda: build(states=states, out=out, cells="all", overwrite=True),
        lambda: clean_output(out),
    ):
        with suppress(LucLoadError):
            run()
        assert tree(victim) == before


@pytest.mark.parametrize("name", ["stage", "stage/parquet", "stage/cells", "discarded", "lock"])
def test_a_planted_link_is_named_with_what_to_do(
    name: str, states: Path, out: Path, victim: Path
) -> None:
    path = out / ".luc-load" / name
    if path.is_dir():
        shutil.rmtree(path)
    path.symlink_to(victim)
    with pytest.raises(OutputError, match=rf"\.luc-load/{name}: is .*; remove it"):
        build(states=states, out=out)


@pytest.mark.parametrize("name", ["parquet", "luc.duckdb"])
def test_a_link_at_the_output_leads_to_no_loss(
    name: str, states: Path, victim: Path, tmp_path: Path
) -> None:
    out = tmp_path / "fresh"
    out.mkdir()
    (out / name).symlink_to(victim if name == "parquet" else victim / "lock")
    before = tree(victim)
    with pytest.raises(OutputError, match="was not made by luc-load"):
        build(states=states, out=out, overwrite=True)
    assert tree(victim) == before
    assert [p.name for p in out.iterdir()] == [name]


def test_a_dataset_behind_a_link_stays_when_it_is_replaced(states: Path, tmp_path: Path) -> None:
    build(states=states, out=tmp_path / "first")
    out = tmp_path / "second"
    shutil.copytree(tmp_path / "first", out)
    shutil.rmtree(out / "parquet")
    (out / "parquet").symlink_to(tmp_path / "first" / "parquet")
    before = tree(tmp_path / "first")
    build(states=states, out=out, cells="all", overwrite=True)
    assert tree(tmp_path / "first") == before


def test_an_output_that_the_user_linked_to_another_disk_works(states: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    report = build(states=states, out=tmp_path / "out")
    assert {p.name for p in (tmp_path / "disk").iterdir()} == {"luc.duckdb", "parquet"}
    assert database_info(tmp_path / "out").build_id == report.build_id


def test_the_private_folder_is_private(states: Path, out: Path) -> None:
    work = out / ".luc-load"
    work.chmod(0o777)
    (work / "mine").write_text("")
    build(states=states, out=out)
    assert work.stat().st_mode & 0o777 == 0o700
    assert (out / "parquet").stat().st_mode & 0o777 == 0o777 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_an_unfinished_build_says_of_itself_is_escaped(states: Path, out: Path) -> None:
    path = out / ".luc-load" / "stage" / "record.json"
    record = json.loads(path.read_text())
    record["expected"][0]["name"] = "\x1b]0;pwn\x07\u202e"
    path.write_text(json.dumps(record))
    text = build(states=states, out=out, dry_run=True).text()
    assert r"\x1b]0;pwn\x07\u202e" in text
    assert all(c.isprintable() or c == "\n" for c in text)


def test_what_a_kill_left_half_written_is_not_published(states: Path, out: Path) -> None:
    stage = out / ".luc-load" / "stage"
    for folder in (
        stage,
        stage / "parquet",
        stage / "parquet" / "state",
        stage / "parquet" / "cell",
    ):
        folder.mkdir(exist_ok=True)
        (folder / temporary_name("a.parquet")).write_bytes(b"half")
    assert build(states=states, out=out).outcome == "built"
    assert not [path for path in out.rglob("*") if is_temporary(path.name)]


BAD_NAMES = ["../../../victim/stage/x", "/etc/passwd", "state/../../x", "..", "", "a\0b", None, 7]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_part_of_a_manifest_is_inside_the_dataset(
    name: object, states: Path, out: Path, victim: Path
) -> None:
    manifest = out / ".luc-load" / "stage" / "manifest.jsonl"
    line = {"part": name, "size": 8, "rows_of_year": {"1950": 1}, "content": 1}
    manifest.write_text(manifest.read_text() + json.dumps(line) + "\n")
    assert name not in Stage(out / ".luc-load").parts()
    before = tree(victim)
    assert build(states=states, out=out).outcome == "built"
    assert tree(victim) == before


@pytest.mark.parametrize("mark", ["/../../victim", "-../x", "x" * 300, 7, None])
def test_the_mark_of_a_record_is_one_of_ours(mark: object, out: Path) -> None:
    path = out / ".luc-load" / "stage" / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"mark": mark}))
    assert Stage(out / ".luc-load").mark == ""


@pytest.mark.parametrize("name", ["../../../victim", "..", "/victim", "../victim", "", "a/b", None])
def test_an_upload_of_a_received_folder_names_no_other_folder(
    name: object, tmp_path: Path, victim: Path
) -> None:
    got = tmp_path / "got"
    (got / ".luc-load").mkdir(parents=True)
    (got / "s" / "builds").mkdir(parents=True)
    record = [{"address": f"file://{got}/s", "build_id": name}]
    (got / ".luc-load" / "uploads.json").write_text(json.dumps(record))
    before = tree(victim)
    clean_output(got)
    assert tree(victim) == before


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' * 100_000, "7", "[7]", '"x"', "{}"])
@pytest.mark.parametrize("name", ["stage/record.json", "uploads.json", "stage/manifest.jsonl"])
def test_a_record_that_is_not_ours_counts_as_none(
    name: str, text: str, states: Path, out: Path
) -> None:
    (out / ".luc-load" / name).write_text(text)
    assert build(states=states, out=out).outcome == "built"

"""Files of our own: complete or absent, through no link, inside their root."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from loader import files, folders
from loader.errors import OutputError
from loader.files import atomic_file, atomic_path, open_regular, read_small, write_file
from loader.folders import (
    final_target,
    is_in_use,
    private_folder,
    refuse_links,
    remove,
    require_space,
    tree_size,
)
from loader.names import checked_name, inside

BAD_NAMES = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "/etc/passwd",
    "C:\\x",
    "a\0b",
    "a\nb",
    "\x1b[2J",
    ".hidden",
    "-rf",
    "~root",
    "a b",
    "\u202egnp.exe",
    "x" * 201,
    "a%2fb",
    "$HOME",
    7,
    None,
    ["a"],
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
def test_a_name_that_could_mean_a_path_is_rejected(name: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a name"):
        checked_name(name)
    if name != "a/b":
        with pytest.raises(ValueError, match="not a name"):
            inside(tmp_path, name)


@pytest.mark.parametrize(
    "name", ["a/../b", "../a", "a/..", "a//b", "/a", "a/", "./a", "a/./b", "a/\0", "a/b\\c"]
)
def test_a_path_that_leaves_its_root_is_rejected(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a name"):
        inside(tmp_path, name)


def test_our_own_names_are_taken(tmp_path: Path) -> None:
    name = "state/1950-1951_rows-00000-00001.parquet"
    assert inside(tmp_path, name) == tmp_path / name
    assert checked_name("year=2000") == "year=2000"


def test_a_file_appears_complete_with_the_rights_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "a", b"1")
        write_file(tmp_path / "secret", b"2", mode=0o600)
    finally:
        os.umask(before)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    assert modes == {"a": 0o640, "secret": 0o600}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
@pytest.mark.parametrize("writer", [atomic_file, atomic_path])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    writer: object, error: type[BaseException], tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail() -> None:
        with writer(path) as new:  # type: ignore[operator]  # either of the two
            if isinstance(new, Path):
                new.write_bytes(b"half")
            else:
                new.write(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def test_a_link_at_the_temporary_name_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    monkeypatch.setattr(files, "temporary_name", lambda _: ".foreseen.tmp")
    (tmp_path / ".foreseen.tmp").symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "a", b"new")
    with pytest.raises(FileExistsError), atomic_path(tmp_path / "a") as path:
        path.write_bytes(b"new")
    assert victim.read_bytes() == b"precious"


def test_the_temporary_name_cannot_be_foretold(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "a"), atomic_file(tmp_path / "a"):
        names = {p.name for p in tmp_path.iterdir()}
    assert len(names) == 2
    assert all(len(name) >= len(".a..tmp") + 16 for name in names)


def test_a_link_at_the_target_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    for writer in (lambda path: write_file(path, b"new"), _write_by_path):
        link = tmp_path / "link"
        link.symlink_to(victim)
        writer(link)
        assert not link.is_symlink()
        assert (link.read_bytes(), victim.read_bytes()) == (b"new", b"precious")
        link.unlink()


def _write_by_path(path: Path) -> None:
    with atomic_path(path) as new:
        assert stat.S_IMODE(new.parent.stat().st_mode) == 0o700
        new.write_bytes(b"new")


def test_a_long_name_has_room_for_a_temporary_one(tmp_path: Path) -> None:
    name = "ü" * 120 + ".nc"
    write_file(tmp_path / name, b"1")
    _write_by_path(tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_folder_replaces_a_folder(tmp_path: Path) -> None:
    target = tmp_path / "a.zarr"
    for content in ("old", "new"):
        with atomic_path(target) as new:
            new.mkdir()
            (new / "zarr.json").write_text(content)
    assert (target / "zarr.json").read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_replaced_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.zarr"
    target.mkdir()
    (target / "zarr.json").write_text("old")
    # Nothing was written: the second rename fails.
    monkeypatch.setattr(files, "_sync_tree", lambda _: None)
    with pytest.raises(FileNotFoundError), atomic_path(target):
        pass
    assert (target / "zarr.json").read_text() == "old"


def test_what_is_being_written_is_in_use(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a") as path:
        assert is_in_use(path.parent)
        path.write_bytes(b"")
    assert not is_in_use(tmp_path)


@pytest.mark.parametrize("make", ["pipe", "folder", "device", "socket link"])
def test_what_is_not_a_regular_file_is_not_read(make: str, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    if make == "pipe":
        os.mkfifo(path)
    elif make == "folder":
        path.mkdir()
    elif make == "device":
        path.symlink_to("/dev/zero")
    else:
        path.symlink_to(path)
    with pytest.raises(OSError, match=r"record\.json"):
        read_small(path)


def test_a_file_is_read_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(b"12345")
    assert read_small(path, 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 B"):
        read_small(path, 4)


@pytest.mark.parametrize("link", [os.link, os.symlink], ids=["hard", "symbolic"])
def test_a_file_of_ours_has_one_name(link: object, tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "lock"
    victim.write_bytes(b"precious")
    link(victim, path)  # type: ignore[operator]  # one of two functions
    with pytest.raises(OSError, match="lock"):
        open_regular(path, os.O_RDWR | os.O_CREAT, follow=False)
    assert victim.read_bytes() == b"precious"


def test_a_private_folder_is_private(tmp_path: Path) -> None:
    path = tmp_path / "private"
    private_folder(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    path.chmod(0o777)
    private_folder(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["link", "link to nowhere", "file", "pipe"])
def test_what_is_not_a_folder_of_ours_is_rejected(kind: str, tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "private", tmp_path / "elsewhere"
    if kind.startswith("link"):
        path.symlink_to(elsewhere)
        if kind == "link":
            elsewhere.mkdir(mode=0o755)
    elif kind == "file":
        path.write_text("")
    else:
        os.mkfifo(path)
    with pytest.raises(OutputError, match=r"private: is (a link|not a folder)"):
        private_folder(path)
    if kind == "link":
        assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755


def test_a_folder_of_another_user_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "private"
    path.mkdir(mode=0o755)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    # Where all users are mapped to one, what we create belongs to that one too.
    private_folder(path)
    monkeypatch.setattr(folders, "_owner_of_new_files", lambda _: os.geteuid())
    path.chmod(0o755)
    with pytest.raises(OutputError, match="belongs to another user"):
        private_folder(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_a_link_of_the_user_s_is_followed_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    real = tmp_path / "disk" / "real"
    real.write_text("")
    (tmp_path / "disk" / "near").symlink_to("real")
    (tmp_path / "far").symlink_to(tmp_path / "disk" / "near")
    (tmp_path / "folder").symlink_to("disk")
    for path in (real, tmp_path / "far", tmp_path / "folder" / "near", tmp_path / "folder/real"):
        assert final_target(path) == real
    (tmp_path / "later").symlink_to("disk/new")
    assert final_target(tmp_path / "later") == tmp_path / "disk" / "new"
    assert final_target(tmp_path / "folder" / "new") == tmp_path / "disk" / "new"


def test_a_link_that_leads_to_itself_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("other")
    (tmp_path / "other").symlink_to("link")
    with pytest.raises(OutputError, match="link: is a link that leads to itself"):
        final_target(tmp_path / "link")


def test_a_link_of_another_user_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_text("precious")
    link.symlink_to(victim)
    if os.geteuid() == 0:
        os.chown(link, 4711, -1, follow_symlinks=False)
    monkeypatch.setattr(os, "geteuid", lambda: link.lstat().st_uid + 1)
    with pytest.raises(OutputError, match="link: is a link made by another user"):
        final_target(link)


@pytest.mark.parametrize("kind", ["link to a file", "link to a folder", "pipe"])
@pytest.mark.parametrize("depth", ["a", "a/b", "a/b/c"])
def test_a_link_anywhere_in_a_folder_of_ours_is_named(
    kind: str, depth: str, tmp_path: Path
) -> None:
    path = tmp_path / "work" / depth
    path.parent.mkdir(parents=True)
    (path.parent / "file").write_text("")
    refuse_links(tmp_path / "work")
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/etc/passwd" if kind.endswith("file") else "/etc")
    with pytest.raises(OutputError, match=f"{depth}: is "):
        refuse_links(tmp_path / "work")


def test_removal_follows_no_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (victim / "deep").mkdir(parents=True)
    (victim / "deep" / "file").write_bytes(b"precious")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(victim)
    (tree / "file").write_bytes(b"123")
    assert tree_size(tree) == 3
    remove(tree)
    link = tmp_path / "link"
    link.symlink_to(victim)
    remove(link)
    assert not os.path.lexists(tree)
    assert not os.path.lexists(link)
    assert (victim / "deep" / "file").read_bytes() == b"precious"


def test_a_disk_without_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    assert require_space(tmp_path / "not" / "there", 10, "the build", "wait") == 10
    with pytest.raises(OutputError, match=r"needs about 11 B; .*, or wait"):
        require_space(tmp_path / "not" / "there", 11, "the build", "wait")

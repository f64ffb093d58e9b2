"""Write pictures and pages: complete or not at all, and without replacing other people's files.

luc-load marks its files in metadata that viewers do not show: `Software` in a PNG, `dc:title` in an
SVG, `generator` in an HTML page. Only a marked file is replaced.
"""

from __future__ import annotations

import os
from pathlib import Path

from loader._version import __version__
from loader.errors import OutputError, UsageError
from loader.folders import final_target
from loader.querying.output import new_path

__all__ = ["MAKER", "checked_target", "publish_file"]

MAKER = f"luc-load {__version__}"
"""The mark of a file that luc-load made."""

_MARKS = {
    ".png": b"Software\0luc-load ",
    ".svg": b"<dc:title>luc-load ",
    ".html": b'<meta name="generator" content="luc-load ',
}
_HEADS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml", ".html": b"<!doctype html>"}
_LOOK_AT = 8192


def checked_target(path: str | os.PathLike[str], suffixes: tuple[str, ...]) -> Path:
    """Return the path to which a file will be written, after checking that this is possible.

    Parameters
    ----------
    path : path
        As the user named it; a link is followed.
    suffixes : tuple of str
        The suffixes allowed.

    Raises
    ------
    UsageError
        If its suffix is not one of these.
    OutputError
        If the folder does not exist, or the file exists and was not made by luc-load.
    """
    named = Path(path)
    suffix = named.suffix.lower()
    if suffix not in suffixes:
        raise UsageError(f"{named}: the suffix is not supported; use {' or '.join(suffixes)}")
    target = final_target(named)
    if not target.parent.is_dir():
        raise OutputError(f"{named}: there is no folder {target.parent}; create it first")
    if target.exists() and not _is_ours(target, suffix):
        raise OutputError(
            f"{named}: exists and was not made by luc-load; remove it, or choose another name"
        )
    return target


def publish_file(target: Path, content: bytes) -> None:
    """Write a file that appears only when it is complete and on disk.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with new_path(str(target), overwrite=True) as path, path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _is_ours(target: Path, suffix: str) -> bool:
    if not target.is_file():
        return False
    try:
        with target.open("rb") as file:
            head = file.read(_LOOK_AT)
    except OSError:
        return False
    return head.startswith(_HEADS[suffix]) and _MARKS[suffix] in head

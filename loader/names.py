"""Check names: the user's, and those that come from a file, a store, a database or a server."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from loader.errors import UsageError
from loader.text import printable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["checked_argument", "checked_name", "checked_path", "inside"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=-]{0,199}")
"""What luc-load calls its own tables, parts and builds: nothing that a path gives a meaning."""


_LONGEST_NAME, _LONGEST_PATH = 255, 4095
"""Bytes, in the usual file systems and in Linux."""


def checked_argument(path: str | os.PathLike[str]) -> str:
    """Return a path or address as text that DuckDB, netCDF and the tables can hold.

    Raises
    ------
    UsageError
        If it is not UTF-8, as a name with surrogate escapes, holds a NUL, or is longer than a name
        can be.
    """
    text = os.fspath(path)
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        problem = f"{printable(text)} is not a UTF-8 name"
        raise UsageError(f"{problem}; rename the file or folder") from error
    if "\0" in text:
        raise UsageError(f"{printable(text)} is not a valid name; it contains a NUL")
    longest = max(map(len, data.split(b"/")))
    if "://" not in text and (longest > _LONGEST_NAME or len(data) > _LONGEST_PATH):
        raise UsageError(f"{printable(text[:40])}... is too long for the name of a file or folder")
    return text


def checked_name(name: object) -> str:
    """Return a name that is safe as one component of a path.

    Parameters
    ----------
    name : object
        From a file, a manifest, the listing of a store, a database or a server.

    Raises
    ------
    ValueError
        If it is not a string of letters, digits and ``. _ = -`` that begins with a letter, a digit
        or ``_``, at most 200 characters long.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name of luc-load's")
    return name


def checked_path(name: object) -> str:
    """Return a relative path whose components, separated by single slashes, are checked names.

    Raises
    ------
    ValueError
        If the path could lead out of its folder.
    """
    for component in name.split("/") if isinstance(name, str) else [name]:
        checked_name(component)
    return str(name)


def inside(root: Path, name: object) -> Path:
    """Return the path that a relative name with slashes has below a folder.

    Raises
    ------
    ValueError
        If the name could lead out of the folder.
    """
    return root / checked_path(name)

"""Where results go: standard output, or a new file that appears only when it is whole."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from io import BufferedWriter
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from loader.errors import OutputError
from loader.files import atomic_path
from loader.storing.database import is_duckdb_file
from loader.streams import ReaderLeftError, StandardOutput

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["STDOUT", "is_terminal", "new_path", "opened"]

STDOUT = "-"
"""The name that stands for standard output."""

_ZARR = (".zgroup", "zarr.json")


def is_terminal(output: str) -> bool:
    """Whether what is written there is read by a person at once."""
    return output == STDOUT and sys.stdout.isatty()


@contextmanager
def opened(output: str, *, overwrite: bool = False) -> Iterator[BinaryIO]:
    """Open standard output or a new file for writing bytes.

    Raises
    ------
    OutputError
        If the file exists and is not to be replaced, or cannot be written.
    """
    if output != STDOUT:
        with new_path(output, overwrite=overwrite) as path, path.open("wb") as file:
            yield file
        return
    sys.stdout.flush()
    # When the reader leaves, the rest is not computed.
    output_file = StandardOutput(sys.stdout.fileno(), stops=True)
    with suppress(ReaderLeftError), BufferedWriter(output_file) as file:
        yield file


@contextmanager
def new_path(output: str, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a path to write a file or a folder at; it gets its name when the block ends well.

    Parameters
    ----------
    output : str
        The final name. A link is followed: what it names is replaced, the link stays.
    overwrite : bool
        Replace a file, or the folder of a Zarr store, that has the name. A database is never
        replaced, nor is any other folder.

    Raises
    ------
    OutputError
        If it exists and is not to be replaced, or cannot be written.
    """
    target = Path(os.path.realpath(output))
    _refuse_existing(output, target, overwrite=overwrite)
    try:
        with atomic_path(target) as temporary:
            yield temporary
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{output}: cannot be written ({reason})") from error


def _refuse_existing(output: str, target: Path, *, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise OutputError(f"{output}: there is no folder {target.parent}; make it first")
    if not os.path.lexists(target):
        return
    if target.is_dir():
        if not any((target / name).is_file() for name in _ZARR):
            raise OutputError(f"{output}: is a folder; choose another name")
    elif not target.is_file():
        raise OutputError(f"{output}: is no regular file; choose another name")
    elif os.access(target, os.R_OK) and is_duckdb_file(target):
        raise OutputError(f"{output}: is a database, which is never replaced; choose another name")
    if not overwrite:
        raise OutputError(f"{output}: exists; add --overwrite to replace it")

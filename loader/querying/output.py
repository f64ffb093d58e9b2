"""Write results to standard output, or to a new file that appears only when it is complete."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from io import BufferedWriter
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from loader.errors import OutputError
from loader.files import atomic_path
from loader.folders import final_target
from loader.storing.database import is_duckdb_file
from loader.streams import ReaderLeftError, StandardOutput

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["STDOUT", "is_terminal", "new_path", "opened"]

STDOUT = "-"
"""The name of standard output."""

_ZARR = (".zgroup", "zarr.json")


def is_terminal(output: str) -> bool:
    """Return whether an output is a terminal."""
    return output == STDOUT and sys.stdout.isatty()


@contextmanager
def opened(output: str, *, overwrite: bool = False) -> Iterator[BinaryIO]:
    """Open standard output or a new file for writing bytes.

    Raises
    ------
    OutputError
        If the file exists and `overwrite` is not set, or if it cannot be written.
    """
    if output != STDOUT:
        with new_path(output, overwrite=overwrite) as path, path.open("wb") as file:
            yield file
        return
    sys.stdout.flush()
    # If the reader closes it, the rest of the result is not computed.
    output_file = StandardOutput(sys.stdout.fileno(), stops=True)
    with suppress(ReaderLeftError), BufferedWriter(output_file) as file:
        yield file


@contextmanager
def new_path(output: str, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary path for a file or folder, renamed at the end of the block.

    Parameters
    ----------
    output : str
        The final name. A symbolic link is followed: its target is replaced, and the link stays.
    overwrite : bool
        Replace an existing file or Zarr store. A database or any other folder is never
        replaced.

    Raises
    ------
    OutputError
        If the output exists and `overwrite` is not set, or if it cannot be written.
    """
    target = final_target(Path(output))
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
        raise OutputError(f"{output}: the folder {target.parent} does not exist; create it first")
    if not os.path.lexists(target):
        return
    if target.is_dir():
        if not any((target / name).is_file() for name in _ZARR):
            raise OutputError(f"{output}: is a folder; choose another name")
    elif not target.is_file():
        raise OutputError(f"{output}: is not a regular file; choose another name")
    elif os.access(target, os.R_OK) and is_duckdb_file(target):
        raise OutputError(f"{output}: is a database, which is never replaced; choose another name")
    if not overwrite:
        raise OutputError(f"{output}: already exists; add --overwrite to replace it")

"""Remove what an interrupted build or sample left behind, and nothing else."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from loader.errors import OutputBusyError, OutputError
from loader.schema import SOURCES, STATIC
from loader.storing.locking import LOCK, PRIVATE, exclusive
from loader.storing.publish import take_back
from loader.storing.staging import Stage

__all__ = ["Removed", "clean_output"]

_NAMES = "|".join(re.escape(kind.file) for kind in (*SOURCES.values(), STATIC))
_UNFINISHED_SAMPLE = re.compile(rf"\.({_NAMES})\.[a-z0-9_]+\.tmp")


@dataclass(frozen=True)
class Removed:
    """A file or folder that was removed, and how many bytes its files had."""

    path: Path
    size: int


def clean_output(out: str | os.PathLike[str]) -> tuple[Removed, ...]:
    """Remove what interrupted builds and samples left in a folder; what is published stays.

    Parameters
    ----------
    out : path
        The folder of the result.

    Returns
    -------
    tuple of Removed
        Empty if there was nothing to remove.

    Raises
    ------
    OutputBusyError
        If a build or a sample is under way there.
    OutputError
        If the folder cannot be written.
    """
    folder = Path(out)
    removed: list[Removed] = []
    try:
        for place in (folder, folder / "sample"):
            if place.is_dir():
                removed += [_remove(path) for path in sorted(_unfinished_samples(place))]
        work = folder / PRIVATE
        if not work.is_dir() or work.is_symlink():
            return tuple(removed)
        with exclusive(work / LOCK):
            stage = Stage(work)
            if stage.folder.is_dir() and not stage.folder.is_symlink():
                take_back(stage, folder)
                removed.append(_remove(stage.folder))
            if stage.discarded.is_dir() and not stage.discarded.is_symlink():
                removed.append(_remove(stage.discarded))
        if not any(work.iterdir()):
            work.rmdir()
    except OSError as error:
        raise OutputError(f"{folder}: cannot be cleaned ({error.strerror})") from error
    return tuple(removed)


def _unfinished_samples(folder: Path) -> list[Path]:
    found = [
        path
        for path in folder.iterdir()
        if _UNFINISHED_SAMPLE.fullmatch(path.name) and path.is_file() and not path.is_symlink()
    ]
    for path in found:
        if _is_being_written(path):
            raise OutputBusyError(f"{path}: another process is writing it; wait for it to end")
    return found


def _is_being_written(path: Path) -> bool:
    """Ask for the lock that the HDF5 library takes while it writes."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _remove(path: Path) -> Removed:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    size = sum(file.lstat().st_size for file in files)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return Removed(path, size)

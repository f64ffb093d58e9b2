"""Remove the files of interrupted builds and samples, and nothing else."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loader.errors import OutputBusyError, OutputError, UsageError
from loader.folders import is_in_use, private_folder, refuse_links, remove
from loader.remote.known import is_known
from loader.remote.publishing import StoredOutput
from loader.remote.stores import is_address, parse_storage_options, using_storage_options
from loader.schema import SOURCES, STATIC
from loader.storing.locking import exclusive
from loader.storing.paths import LOCK, PRIVATE
from loader.storing.publish import inspect_output, take_back
from loader.storing.stage import Stage
from loader.storing.uploads import Uploads
from loader.text import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Removed", "clean_output"]

_NAMES = "|".join(re.escape(kind.file) for kind in (*SOURCES.values(), STATIC))
_UNFINISHED_SAMPLE = re.compile(rf"\.({_NAMES})\.[a-z0-9_]+\.tmp")


@dataclass(frozen=True)
class Removed:
    """A removed file, folder or address, and the size of its files in bytes."""

    path: Path | str
    size: int


def clean_output(
    out: str | os.PathLike[str],
    storage_options: str | Mapping[str, Any] | None = None,
    on_removed: Callable[[Removed], None] = lambda _: None,
) -> tuple[Removed, ...]:
    """Remove the files of interrupted builds and samples; published files stay.

    Parameters
    ----------
    out : path
        The folder of the result.
    storage_options : mapping or str, optional
        Options of fsspec, or JSON of them, for the files of interrupted uploads.
    on_removed : callable, optional
        Receives each item as soon as it is removed, even if a later one fails.

    Returns
    -------
    tuple of Removed
        Empty if there was nothing to remove.

    Raises
    ------
    OutputBusyError
        If a build or a sample is running there.
    OutputError
        If the folder cannot be written, or a store denies access.
    ServiceError
        If a store does not respond; its files are removed by the next call.
    UsageError
        If `out` is an address, or `storage_options` are not valid.
    """
    if is_address(os.fspath(out)):
        expected = "expected the local folder where its result was built (--scratch)"
        raise UsageError(f"{without_secrets(os.fspath(out))} is an address; {expected}")
    folder, options = Path(out), parse_storage_options(storage_options)
    removed = []
    for item in _removals(folder, options):
        on_removed(item)
        removed.append(item)
    return tuple(removed)


def _removals(folder: Path, options: Mapping[str, Any]) -> Iterator[Removed]:
    """Remove item by item, and yield each once it is removed."""
    try:
        yield from _removing(folder, options)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be cleaned ({error.strerror})") from error


def _removing(folder: Path, options: Mapping[str, Any]) -> Iterator[Removed]:
    # 1. Samples that were being written.
    for place in (folder, folder / "sample"):
        if place.is_dir():
            yield from map(_remove, sorted(_unfinished_samples(place)))
    # 2. The stage of an interrupted build, under the lock of the output.
    work = folder / PRIVATE
    if not work.is_dir() or work.is_symlink():
        return
    private_folder(work)
    with exclusive(work / LOCK):
        stage = Stage(work)
        if stage.folder.is_dir() and not stage.folder.is_symlink():
            refuse_links(stage.folder, but="replaced")
            # Parts that an interrupted exchange moved out are of the unfinished build.
            take_back(stage, folder)
            yield _remove(stage.folder)
        if stage.discarded.is_dir() and not stage.discarded.is_symlink():
            yield _remove(stage.discarded)
        # 3. Unfinished uploads to a store.
        uploads = Uploads(work)
        if uploads.unfinished():
            with using_storage_options(options):
                yield from _withdrawn(folder, uploads)
    if not any(work.iterdir()):
        work.rmdir()


def _withdrawn(folder: Path, uploads: Uploads) -> Iterator[Removed]:
    """Remove the files of interrupted uploads, but not the dataset of the published database."""
    published = inspect_output(folder)
    unknown = [upload for upload in uploads.unfinished() if not is_known(upload.address)]
    for upload in uploads.unfinished():
        if upload in unknown:
            continue
        if published is None or published.build_id != upload.build_id:
            size = StoredOutput(upload.address).withdraw(upload.build_id)
            if size:
                yield Removed(f"{upload.address}/builds/{upload.build_id}", size)
        uploads.end(upload)
    if unknown:
        raise OutputError(
            f"{folder}: records an upload of build {unknown[0].build_id} to {unknown[0].address}, "
            "which this user did not start; the address was not contacted"
        )


def _unfinished_samples(folder: Path) -> list[Path]:
    """Return the temporary files and folders of interrupted samples.

    Raises
    ------
    OutputBusyError
        If another process is still writing one of them.
    """
    samples = [path for path in folder.iterdir() if _is_unfinished_sample(path)]
    for path in samples:
        # The HDF5 library locks the file that it writes, and `atomic_path` locks its folder.
        if is_in_use(path):
            raise OutputBusyError(f"{path}: another process is writing it; wait for it to end")
    return samples


def _is_unfinished_sample(path: Path) -> bool:
    match = _UNFINISHED_SAMPLE.fullmatch(path.name)
    if match is None or path.is_symlink():
        return False
    if path.is_dir():
        return all(p.name == match[1] and p.is_file() for p in path.iterdir())
    return path.is_file()


def _remove(path: Path) -> Removed:
    return Removed(path, remove(path))

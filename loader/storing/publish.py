"""Inspect what is published at an output, and publish a new build in its place.

The rename of luc.duckdb is the commit. The Parquet dataset is exchanged just before it. If the
process is killed in between, the old database is intact next to the new dataset, and the next run
completes the exchange.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loader.errors import DatabaseError, OutputBusyError, OutputError, SourceError, UsageError
from loader.files import sync_folder
from loader.names import checked_argument
from loader.remote.stores import is_address
from loader.storing.database import is_duckdb_file
from loader.storing.dataset import dataset_build_id, dataset_record
from loader.storing.locking import held_for_writing
from loader.storing.look import try_database
from loader.storing.origin import read_origin
from loader.storing.paths import DATABASE, PARQUET, PRIVATE, REPLACED
from loader.storing.stage import Stage
from loader.text import without_secrets

__all__ = [
    "Published",
    "datasets_beside",
    "inspect_output",
    "named_database",
    "publish",
    "refuse_held",
    "take_back",
]


def named_database(database: str | os.PathLike[str]) -> Path:
    """Return the path of a database that the user named by its file or its folder.

    Raises
    ------
    UsageError
        If it is an address.
    """
    if is_address(checked_argument(database)):
        address = without_secrets(os.fspath(database))
        raise UsageError(
            f"{address} is an address, but a database is read from a local disk; expected the "
            "local folder where it was built (--scratch), or a local copy"
        )
    path = Path(database)
    return path / DATABASE if path.is_dir() else path


@dataclass(frozen=True)
class Published:
    """The build at an output: its id, and the record of its options and sources."""

    build_id: str
    record: dict[str, Any]


def inspect_output(out: Path) -> Published | None:
    """Return what luc-load published at `out`, or None if nothing is there.

    Raises
    ------
    OutputError
        If a file there was not made by luc-load, or cannot be replaced.
    OutputBusyError
        If another process has the database open for writing.
    """
    # Check everything that could prevent the exchange now, not after hours of loading.
    # 1. The folders and files must be ours, and exchangeable by a rename.
    database, parquet = out / DATABASE, out / PARQUET
    is_filled = not parquet.is_dir() or any(parquet.iterdir()) if parquet.exists() else False
    if is_filled and dataset_build_id(parquet) is None:
        raise _not_ours(parquet)
    if not database.exists():
        if database.is_symlink():
            raise OutputError(f"{database}: is a broken link; remove it or choose another --out")
        return None
    _refuse_foreign(database)
    _refuse_other_disk(database)
    # 2. No other program may be writing to the database.
    wal = database.with_name(database.name + ".wal")
    if held_for_writing(database):
        raise OutputBusyError(
            f"{database}: is open for writing in another program (the DuckDB command line does "
            "this unless started with -readonly); close it there and run the same command again"
        )
    if wal.exists():
        raise OutputError(
            f"{wal}: another program left changes that are not in the database yet; open and close "
            f"{database} with DuckDB once to write them, then run the same command again"
        )
    # 3. Its record says what is published.
    try:
        try_database(database)
        origin = read_origin(database)
    except SourceError as error:
        raise _not_ours(database) from error
    except DatabaseError as error:
        reason = f"{error}; close the database in other programs and run the same command again"
        raise OutputBusyError(reason) from error
    return Published(origin.build_id, origin.record) if origin.status == "complete" else None


def _refuse_foreign(database: Path) -> None:
    try:
        is_duckdb = is_duckdb_file(database)
    except OSError as error:
        raise OutputError(f"{database}: cannot be read ({error.strerror})") from error
    if not is_duckdb:
        raise _not_ours(database)


def _refuse_other_disk(database: Path) -> None:
    """Raise if the database is a link to another file system, where a rename cannot lead."""
    target = database.resolve()
    if target.parent.stat().st_dev != database.parent.stat().st_dev:
        raise OutputError(
            f"{database}: is a link to another file system ({target}); remove the link, or name "
            "the folder that it leads to with --out"
        )


def _not_ours(path: Path) -> OutputError:
    return OutputError(f"{path}: was not made by luc-load; remove it or choose another --out")


def refuse_held(out: Path) -> None:
    """Raise if another process has the database open for writing.

    Raises
    ------
    OutputBusyError
    """
    if held_for_writing((out / DATABASE).resolve()):
        raise OutputBusyError(
            f"{out / DATABASE}: another program opened it for writing during the build; the new "
            "build is kept. Close the program and run the same command again to publish it"
        )


def publish(stage: Stage, out: Path, *, with_dataset: bool = True) -> None:
    """Replace the published files by those of a complete stage, and remove the stage.

    Parameters
    ----------
    stage : Stage
        Complete; an earlier call of this function may have been interrupted.
    out : pathlib.Path
    with_dataset : bool
        Whether to publish the dataset next to the database. If not, it is published elsewhere
        already, and an old one here is removed.

    Raises
    ------
    OutputBusyError
        If another process has the old database open for writing; the stage stays complete, so that
        the same command publishes it later.
    OutputError
        If a file cannot be renamed.
    """
    refuse_held(out)
    target = (out / DATABASE).resolve()
    parquet = out / PARQUET
    try:
        # The dataset first, because the rename of the database is the commit. After an interruption
        # in between, the next run completes the exchange from the rest of the stage.
        if stage.parquet.exists():
            if parquet.exists():
                parquet.rename(stage.folder / REPLACED)
            if with_dataset:
                stage.parquet.rename(parquet)
            sync_folder(out)
        if stage.database.exists():
            stage.database.replace(target)
            sync_folder(target.parent)
        stage.discard()
    except OSError as error:
        raise OutputError(f"{out}: cannot be published ({error.strerror or error})") from error


def datasets_beside(database: Path) -> list[Path]:
    """Return where the dataset of a database may be: next to it, or set aside in an exchange."""
    folders = dict.fromkeys((database.absolute().parent, database.resolve().parent))
    set_aside = [Stage(folder / PRIVATE).folder / REPLACED for folder in folders]
    return [folder / PARQUET for folder in folders] + set_aside


def take_back(stage: Stage, out: Path) -> None:
    """Undo an incomplete exchange: move both datasets back to the databases they belong to.

    Parameters
    ----------
    stage : Stage
        A stage that is locked by this process.
    out : pathlib.Path
    """
    replaced, parquet = stage.folder / REPLACED, out / PARQUET
    # If the database has left the stage, the exchange is complete and the new dataset stays.
    if not stage.database.exists():
        return
    if not stage.parquet.exists() and _is_of(stage, parquet):
        parquet.rename(stage.parquet)
    if replaced.is_dir():
        replaced.rename(parquet)
    sync_folder(out)


def _is_of(stage: Stage, parquet: Path) -> bool:
    record = dataset_record(parquet)
    if record is None:
        return False
    return {key: value for key, value in record.items() if key != "build_id"} == stage.record()

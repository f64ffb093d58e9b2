"""The files of a Parquet dataset other than the parts: small tables, descriptor, build record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from loader.files import read_small, sync_folder, write_file
from loader.storing.database import column_metadata, read_table
from loader.storing.datapackage import DATA_PACKAGE, describe_package
from loader.storing.stage import refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import duckdb

__all__ = ["BUILD_RECORD", "SMALL_TABLES", "complete_dataset", "dataset_build_id", "dataset_record"]

BUILD_RECORD = "build.json"
"""Next to the folders of the tables, so that no reader treats it as data."""

SMALL_TABLES = ("cell", "year", "region", "cell_region", "source", "data_dictionary")


def complete_dataset(
    con: duckdb.DuckDBPyConnection, parquet: Path, build_id: str, record: Mapping[str, Any]
) -> int:
    """Write the small tables, with units in their schema, the descriptor and the build record.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Open on the finished database.
    parquet : pathlib.Path
        The folder of the dataset.
    build_id : str
        The id, which the database has too.
    record : mapping
        Ready for JSON.

    Returns
    -------
    int
        Bytes written.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    # Imported here: queries import this module too, but do not write Parquet.
    from loader.storing.parquet import write_small_table  # noqa: PLC0415

    size = 0
    for table in SMALL_TABLES:
        meaning = column_metadata(con, table)
        rows = read_table(con, table)
        fields = [field.with_metadata(meaning[field.name]) for field in rows.schema]
        folder = parquet / table
        with refused(folder):
            folder.mkdir(exist_ok=True)
        described = rows.cast(pa.schema(fields))
        size += write_small_table(described, folder / f"{table}.parquet")
        with refused(folder):
            sync_folder(folder)
    package = describe_package(con, build_id, record, SMALL_TABLES)
    with refused(parquet / DATA_PACKAGE):
        write_file(parquet / DATA_PACKAGE, f"{json.dumps(package, indent=1)}\n".encode())
    text = json.dumps({"build_id": build_id, **record}, indent=1)
    with refused(parquet / BUILD_RECORD):
        write_file(parquet / BUILD_RECORD, f"{text}\n".encode())
    return size


def dataset_record(parquet: Path) -> dict[str, Any] | None:
    """Return the record of the build of a dataset, or None if luc-load did not make it."""
    try:
        record = json.loads(read_small(parquet / BUILD_RECORD))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and "build_id" in record else None


def dataset_build_id(parquet: Path) -> str | None:
    """Return the build id of a dataset, or None if luc-load did not make it."""
    record = dataset_record(parquet)
    return None if record is None else str(record["build_id"])

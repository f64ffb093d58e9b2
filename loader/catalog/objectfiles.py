"""The SQL files that create the objects of a database, also of tables from the template."""

from __future__ import annotations

from dataclasses import replace

from loader.catalog.sqlfiles import SqlFile, folder, read_file, read_files
from loader.schema import SOURCES

__all__ = ["object_files"]

_TABLES = "sql/tables"


def object_files(kind: str) -> dict[str, SqlFile]:
    """Read the files of a folder of objects: sql/tables, sql/views or sql/macros.

    The table of a source that has no file in sql/tables gets its columns and comment from the
    common template sql/shared/create_gridded_table.sql.

    Returns
    -------
    dict of str to SqlFile
        By name of the object.
    """
    files = read_files(kind)
    if kind != _TABLES:
        return files
    template = read_file(folder("sql").joinpath("shared", "create_gridded_table.sql"))
    for source in SOURCES.values():
        if source.table not in files:
            own = {"source": source}
            files[source.table] = replace(template, name=source.table, values=own)
    return files

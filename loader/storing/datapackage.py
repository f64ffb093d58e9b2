"""The descriptor of a Parquet dataset, a Frictionless data package.

`parquet/datapackage.json` says for programs and catalogues which files are which table, what their
columns mean, in which units, and how the tables refer to each other (https://datapackage.org).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from loader.storing.database import column_metadata, run_statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import duckdb

__all__ = ["DATA_PACKAGE", "describe_package"]

DATA_PACKAGE = "datapackage.json"
"""Next to the folders of the tables, like the record of the build."""

_PARQUET_TYPE = "application/vnd.apache.parquet"

_TYPES = (
    (r"(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)", "integer"),
    (r"(FLOAT|DOUBLE|DECIMAL.*)", "number"),
    (r"BOOLEAN", "boolean"),
    (r"DATE", "date"),
    (r"TIMESTAMP.*", "datetime"),
    (r".*\[\]", "array"),
)
"""Types of the standard by the names of DuckDB's; anything else is text."""

_KEYS: dict[str, tuple[str, ...]] = {
    "cell": ("cell_id",),
    "year": ("year",),
    "region": ("region_id",),
    "cell_region": ("cell_id", "region_id"),
    "source": ("name",),
    "data_dictionary": ("table_name", "column_name"),
}
"""Primary keys of the small tables; those of gridded tables are cell and year."""

_REFERENCES = {"cell_id": "cell", "year": "year", "region_id": "region"}
"""The table that a column refers to, where it is a column of another one."""


def describe_package(
    con: duckdb.DuckDBPyConnection,
    build_id: str,
    record: Mapping[str, Any],
    small_tables: Iterable[str],
) -> dict[str, Any]:
    """Return the descriptor of the dataset of a build.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Open on the finished database.
    build_id : str
    record : mapping
        Of the build, with the parts of each gridded table.
    small_tables : iterable of str
        Tables of one file each.

    Returns
    -------
    dict
        Ready for JSON; the same for the same build.
    """
    files: dict[str, list[str]] = {
        str(table): sorted(str(name).removeprefix("/") for name in names)
        for table, names in sorted(record.get("parts", {}).items())
    }
    files |= {table: [f"{table}/{table}.parquet"] for table in small_tables}
    titles = dict(run_statement(con, "list_comments"))
    meanings = {table: column_metadata(con, table) for table in files}
    columns: dict[str, list[dict[str, Any]]] = {}
    for table, column, kind in run_statement(con, "list_columns"):
        if table in files:
            field = _field(column, kind, meanings[table].get(column, {}))
            columns.setdefault(table, []).append(field)
    resources = [
        {
            "name": table,
            "title": titles.get(table, "").partition(": ")[0] or table,
            "description": titles.get(table) or table,
            "path": names[0] if len(names) == 1 else names,
            "format": "parquet",
            "mediatype": _PARQUET_TYPE,
            "schema": _schema(table, columns.get(table, [])),
        }
        for table, names in files.items()
        # A table without rows has no files, and a resource needs one.
        if names
    ]
    return {
        "profile": "data-package",
        "name": f"luc-load-{build_id}",
        "title": "Land-use change and its emissions, loaded by luc-load",
        "id": build_id,
        "keywords": ["land use", "land-use change", "carbon emissions"],
        "sources": [
            {"title": title or name} for name, title in run_statement(con, "list_source_titles")
        ],
        "resources": resources,
    }


def _field(column: str, kind: str, meaning: Mapping[str, str]) -> dict[str, Any]:
    known = (name for pattern, name in _TYPES if re.fullmatch(pattern, kind))
    field: dict[str, Any] = {"name": column, "type": next(known, "string")}
    if meaning.get("long_name"):
        field["description"] = meaning["long_name"]
    if meaning.get("units"):
        field["unit"] = meaning["units"]
    return field


def _schema(table: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
    """Return fields, primary key and references of a table."""
    names = {field["name"] for field in fields}
    keys = [key for key in _KEYS.get(table, ("cell_id", "year")) if key in names]
    schema: dict[str, Any] = {"fields": fields}
    if keys:
        schema["primaryKey"] = keys
    references = [
        {"fields": [column], "reference": {"resource": other, "fields": [column]}}
        for column, other in _REFERENCES.items()
        if column in names and other != table
    ]
    if references:
        schema["foreignKeys"] = references
    return schema

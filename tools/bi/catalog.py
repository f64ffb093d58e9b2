"""What the tables and views of a database hold, for tools that do not read comments."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from loader.catalog.objects import SchemaContext, create_tables, create_views
from loader.catalog.sqlfiles import read_file, render
from loader.grid import Grid

__all__ = ["ROOT", "Column", "Relation", "default_catalog", "describe_query", "query_text"]

ROOT = Path(__file__).resolve().parents[2]

_RELATIONS = """
SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = 'main'
UNION ALL
SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal
ORDER BY ALL
"""

_COLUMNS = """
SELECT c.column_name, c.data_type, d.unit, d.description
FROM duckdb_columns() AS c
INNER JOIN data_dictionary AS d USING (table_name, column_name)
WHERE c.schema_name = 'main' AND c.table_name = ?
ORDER BY c.column_index
"""


_OWN = {
    "published_year_pgc": ("Pg C yr-1", "emissions that were published for BLUE in the year"),
    "published_decade_pgc": ("Pg C yr-1", "mean of the decade that was published for BLUE"),
    "decade": ("text", "decade, by its first year"),
    "land_use": ("text", "land use, or group of land uses"),
    "change_mha": ("Mha", "change of the area of the land use in the decade"),
}
"""Unit and description of columns that only queries of dashboards/queries have."""


@dataclass(frozen=True)
class Column:
    """A column, its DuckDB type, its unit and what it means."""

    name: str
    data_type: str
    unit: str
    description: str

    @property
    def text(self) -> str:
        """The description with the unit."""
        return f"{self.description} [unit: {self.unit}]"


@dataclass(frozen=True)
class Relation:
    """A table or view: its comment and its columns."""

    name: str
    comment: str
    columns: tuple[Column, ...]


@cache
def default_catalog() -> Mapping[str, Relation]:
    """Return the tables and views that a build of ELUC and states has, by name."""
    with closing(_empty_database()) as con:
        return {
            name: Relation(
                name,
                comment,
                tuple(Column(*row) for row in con.execute(_COLUMNS, [name]).fetchall()),
            )
            for name, comment in con.execute(_RELATIONS).fetchall()
        }


def query_text(name: str) -> str:
    """Return a query of dashboards/queries as SQL, without its header and semicolon."""
    sql = render(read_file(ROOT / "dashboards" / "queries" / f"{name}.sql"))
    lines = [line for line in sql.splitlines() if not line.startswith("--")]
    return "\n".join(lines).strip().removesuffix(";")


def describe_query(name: str, catalog: Mapping[str, Relation]) -> Relation:
    """Return a query of dashboards/queries like a view: its header as comment, and its columns.

    Columns are described as in the tables and views that the query reads.
    """
    header = read_file(ROOT / "dashboards" / "queries" / f"{name}.sql").header
    comment = f"{header['Title']}: {header['Purpose']}. Units: {header['Units']}."
    comment = f"{comment} Caveat: {header['Caveat']}. Source: {header['Source']}."
    known = {column: Column(column, "", *entry) for column, entry in _OWN.items()}
    for need in header["Needs"].split(", "):
        if need in catalog:
            known |= {column.name: column for column in catalog[need].columns}
    with closing(_empty_database()) as con:
        listed = con.execute(f"DESCRIBE {query_text(name)}").fetchall()
    columns = (
        Column(column, data_type, known[column].unit, known[column].description)
        for column, data_type, *_ in listed
    )
    return Relation(name, comment, tuple(columns))


def _empty_database() -> duckdb.DuckDBPyConnection:
    """Return a database in memory with every table, view and macro and no rows."""
    con = duckdb.connect()
    context = SchemaContext(Grid.global_grid(0.25))
    create_tables(con, context)
    create_views(con, context)
    return con

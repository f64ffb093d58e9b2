"""Whether a finished build that waited to be published still is what was finished."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from loader.catalog.sqlfiles import read_files
from loader.errors import DatabaseError, OutputError
from loader.schema import SOURCES
from loader.storing.contents import small_digest, year_digest
from loader.storing.database import connect_read_only, digest_of_table, read_table, run_statement
from loader.storing.dataset import SMALL_TABLES
from loader.storing.digest import TableDigest
from loader.storing.parquet import read_part

if TYPE_CHECKING:
    import duckdb

    from loader.options import Options
    from loader.storing.staging import Stage

__all__ = ["is_whole"]


def is_whole(stage: Stage, options: Options) -> bool:
    """Read a complete stage back: days may lie between its end and its publishing.

    Parameters
    ----------
    stage : Stage
        Complete. What an interrupted exchange took out of it already is not looked at.
    options : Options
        Of the build.

    Returns
    -------
    bool
    """
    record = stage.record() or {}
    try:
        rows = {str(table["name"]): int(table["rows"]) for table in record["tables"]}
        if stage.parquet.is_dir() and not _has_parts(stage, rows):
            return False
        if not stage.database.exists():
            return True
        with closing(
            connect_read_only(stage.database, options.workers, options.database_bytes)
        ) as con:
            return _has_tables(con, rows if options.tables == "stored" else {}) and (
                not stage.parquet.is_dir() or _has_small_tables(con, stage)
            )
    except (DatabaseError, OutputError, LookupError, TypeError, ValueError):
        return False


def _has_parts(stage: Stage, rows: dict[str, int]) -> bool:
    found = dict.fromkeys(rows, 0)
    for name, part in stage.parts().items():
        digest = TableDigest.of(read_part(stage.named_part(name)))
        if (digest.rows_of_year, digest.content) != (part.rows_of_year, part.content):
            return False
        found[name.partition("/")[0]] += digest.rows
    return found == rows


def _has_tables(con: duckdb.DuckDBPyConnection, rows: dict[str, int]) -> bool:
    contents = {(row[0], row[1]): row[3] for row in run_statement(con, "read_contents")}
    for table, expected in rows.items():
        digest = digest_of_table(con, table)
        years = digest.content_of_year.items()
        if digest.rows != expected or any(
            contents[table, year] != year_digest(content) for year, content in years
        ):
            return False
    gridded = {source.table for source in SOURCES.values()}
    # DuckDB compares the checksum of each block that it reads.
    small = {table: read_table(con, table) for table in read_files("sql/tables").keys() - gridded}
    return all(
        digest == small_digest(small[table])
        for (table, year), digest in contents.items()
        if year is None
    )


def _has_small_tables(con: duckdb.DuckDBPyConnection, stage: Stage) -> bool:
    return all(
        small_digest(read_part(stage.parquet / table / f"{table}.parquet"))
        == small_digest(read_table(con, table))
        for table in SMALL_TABLES
    )

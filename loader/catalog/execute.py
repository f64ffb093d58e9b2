"""Execute the SQL of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loader.duckdb_errors import translated

if TYPE_CHECKING:
    import duckdb

__all__ = ["execute_sql"]


def execute_sql(
    con: duckdb.DuckDBPyConnection, sql: str, what: str, parameters: list[list[str]] | None = None
) -> list[tuple[str, ...]]:
    """Execute SQL and return its rows.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    sql : str
        Rendered.
    what : str
        The object that it creates, for the error.
    parameters : list, optional
        Values that DuckDB binds.

    Raises
    ------
    DatabaseError
        If DuckDB fails.
    """
    with translated(f"{what} could not be created"):
        return con.execute(sql, parameters).fetchall()

"""How other programs open a database read-only: their settings, filled in for one file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

__all__ = ["connection_settings", "connection_text"]


def connection_settings(database: Path) -> Mapping[str, str]:
    """Return what to tell each program so that it opens a database for reading only.

    Parameters
    ----------
    database : pathlib.Path
        The file; relative ones are taken from the working directory.

    Returns
    -------
    Mapping of str to str
        Program, or kind of program, and its command, connection string or fields.
    """
    path = str(database.resolve())
    # A JSON text is a text in Python and in R, whatever quotes and backslashes the path has.
    quoted = json.dumps(path, ensure_ascii=False)
    in_odbc = "{" + path + "}" if set(path) & set(";{}") else path
    return {
        "DuckDB shell": f"duckdb -readonly {shlex.quote(path)}",
        "Python": f"duckdb.connect({quoted}, read_only=True)",
        "R": f"DBI::dbConnect(duckdb::duckdb(dbdir = {quoted}, read_only = TRUE))",
        "SQLAlchemy, Superset": f"duckdb:///{path}?access_mode=READ_ONLY",
        "JDBC, DBeaver": f"jdbc:duckdb:{path}  with the driver property duckdb.read_only = true",
        "ODBC, Power BI": f"Driver={{DuckDB Driver}};Database={in_odbc};access_mode=READ_ONLY",
        "Metabase": f"Database file: {path}  with Establish a read-only connection switched on",
        "Grafana": f"Path: {path}  with Read-only switched on",
        "Tableau": f"DuckDB Server: Local file, {path}  (the connector opens it read-only)",
    }


def connection_text(database: Path) -> str:
    """Return the settings for people, a program a line."""
    settings = connection_settings(database)
    width = max(map(len, settings))
    lines = [f"{program:{width}}  {setting}" for program, setting in settings.items()]
    return "\n".join(lines)

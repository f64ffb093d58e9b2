"""Settings with which other programs open a database read-only."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from loader.errors import ExtraMissingError

__all__ = ["connection_lines", "connection_settings", "shell_command"]

_FIRST = ("DuckDB shell", "Python", "JDBC, in one URL")
"""What a build prints; the others are for `luc-load info --connect`."""

_READ_ONLY = "duckdb.read_only"


def connection_settings(database: Path) -> Mapping[str, str]:
    """Return the settings with which each program opens a database read-only.

    Parameters
    ----------
    database : pathlib.Path
        The file; a relative path is taken from the working directory.

    Returns
    -------
    Mapping of str to str
        Program, or kind of program, and its command, connection string or fields. Paths are
        absolute, because each program has a working directory of its own.
    """
    path = str(database.resolve())
    # A JSON string is also a valid string in Python and R, with any quotes and backslashes.
    quoted = json.dumps(path, ensure_ascii=False)
    in_odbc = "{" + path + "}" if set(path) & set(";{}") else path
    return {
        "DuckDB shell": f"duckdb -readonly {shlex.quote(path)}",
        "Python": f"duckdb.connect({quoted}, read_only=True)",
        "R": f"DBI::dbConnect(duckdb::duckdb(dbdir = {quoted}, read_only = TRUE))",
        "SQLAlchemy, Superset": _sqlalchemy(path),
        "JDBC, DBeaver": _jdbc(path, f"with the driver property {_READ_ONLY} = true"),
        "JDBC, in one URL": _jdbc(path, "", f";{_READ_ONLY}=true"),
        "ODBC, Power BI": f"Driver={{DuckDB Driver}};Database={in_odbc};access_mode=READ_ONLY",
        "Metabase": f"Database file: {path}  with Establish a read-only connection switched on",
        "Grafana": f"Path: {path}  with Read-only switched on",
        "Tableau": f"DuckDB Server: Local file, {path}  (the connector opens it read-only)",
    }


def shell_command(database: Path) -> list[str]:
    """Return the command that opens a database in the DuckDB shell, read-only.

    Raises
    ------
    ExtraMissingError
        If there is no shell on PATH or next to this Python.
    """
    # The scripts of a virtual environment that is not activated are not on PATH.
    places = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    shell = shutil.which("duckdb", path=places)
    if shell is None:
        raise ExtraMissingError("the DuckDB shell is not installed: pip install duckdb-cli")
    return [shell, "-readonly", str(database.resolve())]


def connection_lines(database: Path, *, first: bool = False) -> list[str]:
    """Return the settings as readable text, one program per line.

    Parameters
    ----------
    database : pathlib.Path
    first : bool
        Only the most common programs.
    """
    settings = connection_settings(database)
    chosen = {name: settings[name] for name in (_FIRST if first else settings)}
    width = max(map(len, chosen))
    return [f"{program:{width}}  {setting}" for program, setting in chosen.items()]


def _sqlalchemy(path: str) -> str:
    if "?" in path:
        # SQLAlchemy ends the path of a URL there, and has no escape for it.
        options = 'query={"access_mode": "READ_ONLY"}'
        return f'sqlalchemy.URL.create("duckdb", database={json.dumps(path)}, {options})'
    return f"duckdb:///{path}?access_mode=READ_ONLY"


def _jdbc(path: str, remark: str, options: str = "") -> str:
    if ";" in path:
        return "cannot open this file: the driver ends the path at the semicolon; rename it"
    return f"jdbc:duckdb:{path}{options}  {remark}".rstrip()

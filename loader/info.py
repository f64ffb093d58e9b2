"""What a database holds, where it came from, and whether a build is under way beside it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loader.errors import DatabaseError, SourceError, SourceMissingError
from loader.options import years_text
from loader.querying.session import session
from loader.storing.database import run_statement
from loader.storing.dataset import dataset_build_id
from loader.storing.publish import PARQUET, named_database
from loader.storing.unfinished import Unfinished, unfinished_build
from loader.summary import TableReport, table_lines
from loader.text import human_bytes, printable

if TYPE_CHECKING:
    import os

__all__ = ["DatabaseInfo", "SourceInfo", "database_info"]


@dataclass(frozen=True)
class SourceInfo:
    """One source file, as it was when it was read; None is what its file does not say.

    A file without a time axis has no years.
    """

    name: str
    path: str
    size: int | None
    digest: str | None
    title: str | None
    version: str | None
    licence: str | None
    first_year: int | None
    last_year: int | None
    synthetic: bool

    def lines(self) -> list[str]:
        """Return what there is to say, a fact a line."""
        years = "" if self.first_year is None else f"  {self.first_year}-{self.last_year}"
        mark = "  SYNTHETIC" if self.synthetic else ""
        facts = [
            f"  {self.name}{years}{mark}",
            f"    {self.path}" + (f"  {human_bytes(self.size)}" if self.size is not None else ""),
            *(f"    {fact}" for fact in (self.title, self.version, self.digest) if fact),
        ]
        if self.licence:
            facts.append(f"    licence: {self.licence}")
        # Most of it is what the file says of itself.
        return [printable(fact) for fact in facts]


@dataclass(frozen=True)
class DatabaseInfo:
    """What `luc-load info` says of a database.

    Attributes
    ----------
    database : pathlib.Path
    size : int
        Bytes.
    build_id, luc_load_version, duckdb_version, storage_version : str
    built_at : datetime.datetime
        UTC.
    options : dict of str to object
        Those that decide the content.
    synthetic : bool
    tables : tuple of TableReport
    sources : tuple of SourceInfo
    parquet : pathlib.Path or None
        The data set of the same build, if it lies beside the database.
    unfinished : Unfinished or None
        A build in the same folder that is under way or was interrupted.
    """

    database: Path
    size: int
    build_id: str
    built_at: dt.datetime
    luc_load_version: str
    duckdb_version: str
    storage_version: str
    options: dict[str, Any]
    synthetic: bool
    tables: tuple[TableReport, ...]
    sources: tuple[SourceInfo, ...]
    parquet: Path | None
    unfinished: Unfinished | None

    def text(self) -> str:
        """Return it for people."""
        years = years_text(self.options["years"])
        parquet = (
            f"{self.parquet}/ is of the same build"
            if self.parquet
            else "no data set of the same build lies beside the database: build again to mend it"
        )
        made_by = f"luc-load {self.luc_load_version} with DuckDB {self.duckdb_version}"
        built = f"build {self.build_id}, {self.built_at:%Y-%m-%d %H:%M} UTC"
        lines = [
            f"{self.database}  {human_bytes(self.size)}",
            f"{built}, by {made_by}, storage {self.storage_version}",
            f"years {'all' if years == ':' else years}, cells {self.options['cells']}",
        ]
        if self.synthetic:
            lines.append("SYNTHETIC sources: nothing here says anything about the Earth.")
        lines += ["", "Tables:", *table_lines(self.tables), "", "Sources:"]
        for source in self.sources:
            lines += source.lines()
        lines += ["", f"Parquet: {parquet}"]
        if self.unfinished is not None:
            lines += ["", self.unfinished.text()]
        return "\n".join(lines)


def database_info(database: str | os.PathLike[str]) -> DatabaseInfo:
    """Describe a database that luc-load built.

    Parameters
    ----------
    database : path
        The file, or the folder it lies in.

    Returns
    -------
    DatabaseInfo

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If luc-load did not make it.
    DatabaseError
        If it cannot be opened, because another program holds it for writing, say.
    """
    path = named_database(database)
    unfinished = unfinished_build(path.parent)
    if unfinished is not None and not path.exists():
        raise SourceMissingError(str(path), f"there is no such database; {unfinished.text()}")
    with session(path) as con:
        try:
            build = run_statement(con, "read_build_row")[0]
            sources = run_statement(con, "read_sources")
            record = json.loads(build[6])
            tables = tuple(TableReport(**table) for table in record["tables"])
        except (DatabaseError, IndexError, KeyError, TypeError, ValueError) as error:
            raise SourceError(str(path), "was not made by luc-load build") from error
    parquet = path.parent / PARQUET
    return DatabaseInfo(
        database=path,
        size=path.stat().st_size,
        build_id=build[0],
        built_at=build[2],
        luc_load_version=build[3],
        duckdb_version=build[4],
        storage_version=build[5],
        options=record["options"],
        synthetic=build[7],
        tables=tables,
        sources=tuple(SourceInfo(*row) for row in sources),
        parquet=parquet if dataset_build_id(parquet) == build[0] else None,
        unfinished=unfinished,
    )

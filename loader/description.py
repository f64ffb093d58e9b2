"""Describe a database: its content, its sources, and an unfinished build next to it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from loader.display import Displayed
from loader.errors import SourceError, SourceMissingError
from loader.querying.session import database_path
from loader.remote.dataset import stored_dataset
from loader.remote.stores import parse_storage_options, using_storage_options
from loader.storing.dataset import dataset_build_id
from loader.storing.look import try_database
from loader.storing.origin import read_origin
from loader.storing.paths import PARQUET, PRIVATE
from loader.storing.progress import Unfinished, unfinished_build
from loader.storing.publish import named_database
from loader.storing.uploads import Upload, Uploads
from loader.summary import TableReport, table_lines
from loader.text import human_bytes, shown
from loader.years import years_text

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["DatabaseInfo", "SourceInfo", "database_info"]


_LINE = 100
"""Characters per line; the licence of the LUH2 files is five times as long."""


_MOST_FILES = 8
"""Files of one source that are listed one by one."""


@dataclass(frozen=True)
class SourceInfo:
    """One source file at the time of the build; None where the file has no such attribute.

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
        """Return the facts, one per line."""
        years = "" if self.first_year is None else f"  {self.first_year}-{self.last_year}"
        mark = "  SYNTHETIC" if self.synthetic else ""
        facts = [
            f"  {self.name}{years}{mark}",
            f"    {self.path}" + (f"  {human_bytes(self.size)}" if self.size is not None else ""),
            *(f"    {fact}" for fact in (self.title, self.version, self.digest) if fact),
        ]
        if self.licence:
            facts += wrap(
                self.licence,
                _LINE,
                initial_indent="    licence: ",
                subsequent_indent="      ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        return facts


@dataclass(frozen=True)
class DatabaseInfo(Displayed):
    """The description of a database that `luc-load info` prints.

    Attributes
    ----------
    database : pathlib.Path
    size : int
        Bytes.
    build_id, luc_load_version, duckdb_version, storage_version : str
    built_at : datetime.datetime
        UTC.
    options : dict of str to object
        The options that determine the content.
    synthetic : bool
    tables : tuple of TableReport
    sources : tuple of SourceInfo
    parquet : pathlib.Path, str or None
        The dataset of the same build: next to the database, or at an address; None if there is
        none, or the store could not be reached.
    parquet_text : str
        Description of the dataset in words.
    unfinished : Unfinished or None
        A build in the same folder that is running or was interrupted.
    uploads : tuple of Upload
        Datasets of other builds whose upload to a store is not complete.
    countries : tuple of int
        Numbers of today's countries, and of those of LUH2's static grid (0 without it).
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
    parquet: Path | str | None
    parquet_text: str
    unfinished: Unfinished | None
    uploads: tuple[Upload, ...] = ()
    countries: tuple[int, int] = (0, 0)

    def countries_text(self) -> str:
        """Return a description of the countries in the database."""
        today, luh2 = self.countries
        former = f"; {luh2} in the pre-1991 borders of LUH2's static grid" if luh2 else ""
        return f"{today} in today's borders (Natural Earth){former}"

    def text(self) -> str:
        """Return the description as text."""
        years = years_text(self.options["years"])
        made_by = f"luc-load {self.luc_load_version} with DuckDB {self.duckdb_version}"
        built = f"build {self.build_id}, {self.built_at:%Y-%m-%d %H:%M} UTC"
        lines = [
            f"{self.database}  {human_bytes(self.size)}",
            f"{built}, by {made_by}, storage {self.storage_version}",
            f"years {'all' if years == ':' else years}, cells {self.options['cells']}",
        ]
        if box := self.options.get("bbox"):
            lines.append(
                f"window {box} (west, south, east, north): not the whole grid of the files"
            )
        if self.synthetic:
            lines.append("SYNTHETIC sources: no conclusion about the Earth may be drawn from them.")
        lines += ["", "Tables:", *table_lines(self.tables), "", "Sources:"]
        for source in _shortened(self.sources):
            lines += [source] if isinstance(source, str) else source.lines()
        lines += ["", f"Countries: {self.countries_text()}", f"Parquet: {self.parquet_text}"]
        if self.options.get("tables") == "views":
            lines.append("The tables above are views that read these files.")
        if self.unfinished is not None:
            lines += ["", self.unfinished.text()]
        for upload in self.uploads:
            lines += ["", upload.text()]
        # The texts of a database may come from a stranger: escape control characters.
        return "\n".join(map(shown, lines))


def _shortened(sources: Sequence[SourceInfo]) -> Iterator[SourceInfo | str]:
    """Yield the sources; of many files with one name the first and the last, and a line between."""
    for name, group in groupby(sources, lambda source: source.name):
        files = list(group)
        if len(files) <= _MOST_FILES:
            yield from files
            continue
        between = files[1:-1]
        size = sum(one.size or 0 for one in between)
        yield files[0]
        yield f"  {name}: {len(between)} more files  {human_bytes(size)}"
        yield files[-1]


def database_info(
    database: str | os.PathLike[str],
    storage_options: str | Mapping[str, Any] | None = None,
    *,
    parquet: str | None = None,
    ask_store: bool = True,
) -> DatabaseInfo:
    """Describe a database that luc-load built.

    Parameters
    ----------
    database : path
        The file, or its folder.
    storage_options : mapping or str, optional
        Options of fsspec, or JSON of them, for a dataset at an address.
    parquet : str, optional
        Address of the Parquet dataset. An address that only the database names is contacted only
        if a build of this user published there.
    ask_store : bool
        Whether to contact the store of a dataset at an address; a local one is always checked.

    Returns
    -------
    DatabaseInfo

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If luc-load did not build it, or it crashes DuckDB or keeps it busy for too long.
    DatabaseError
        If it cannot be opened, for example because another program has it open for writing.
    UsageError
        If `storage_options` are not valid.
    """
    store = parse_storage_options(storage_options)
    path = named_database(database)
    # 1. Find the database, or say how far an unfinished build has come.
    unfinished = unfinished_build(path.parent)
    if unfinished is not None and not path.exists():
        raise SourceMissingError(str(path), f"there is no such database; {unfinished.text()}")
    try_database(database_path(path))
    # 2. Read what the database records of its build.
    origin = read_origin(path, with_countries=True)
    if origin.status != "complete":
        raise SourceError(str(path), "is incomplete; run luc-load build again")
    tables = tuple(TableReport(**table) for table in origin.record["tables"])
    options = origin.record["options"]
    try:
        sources = tuple(map(_source_info, origin.sources))
    except (TypeError, ValueError) as error:
        raise SourceError(str(path), "was not made by luc-load build") from error
    # 3. Find its dataset: next to it, in a store, or not looked for.
    address = options.get("parquet") if parquet is None else parquet
    dataset: Path | str | None
    if address is None:
        dataset, dataset_text = _local_dataset(path, origin.build_id)
    elif ask_store:
        with using_storage_options(store):
            stored = stored_dataset(address, origin.build_id, parquet)
        dataset, dataset_text = stored.folder or None, stored.text
    else:
        dataset, dataset_text = None, f"{address} (not contacted)"
    # 4. Add uploads of other builds that were interrupted.
    uploads = Uploads(path.parent / PRIVATE).unfinished()
    return DatabaseInfo(
        database=path,
        size=path.stat().st_size,
        build_id=origin.build_id,
        built_at=origin.built_at,
        luc_load_version=origin.luc_load_version,
        duckdb_version=origin.duckdb_version,
        storage_version=origin.storage_version,
        options=options,
        synthetic=origin.synthetic,
        tables=tables,
        sources=sources,
        parquet=dataset,
        parquet_text=dataset_text,
        countries=origin.countries,
        unfinished=unfinished,
        uploads=tuple(upload for upload in uploads if upload.build_id != origin.build_id),
    )


def _source_info(row: Sequence[Any]) -> SourceInfo:
    name, path, size, digest, title, version, licence, first, last, synthetic = row
    return SourceInfo(
        name=str(name),
        path=str(path),
        size=None if size is None else int(size),
        digest=None if digest is None else str(digest),
        title=None if title is None else str(title),
        version=None if version is None else str(version),
        licence=None if licence is None else str(licence),
        first_year=None if first is None else int(first),
        last_year=None if last is None else int(last),
        synthetic=bool(synthetic),
    )


def _local_dataset(database: Path, build_id: str) -> tuple[Path | None, str]:
    """Return the folder of the Parquet dataset of the same build, and a description."""
    folder = database.parent / PARQUET
    if dataset_build_id(folder) == build_id:
        return folder, f"{folder}/ is of the same build"
    return None, "no dataset of the same build is next to the database; run the build again"

"""The objects that a database must have: rendered again from the record of its build.

They are created in an empty database and read back from its file, because DuckDB writes a view that
it has stored differently from one that was only parsed.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loader.catalog.objects import create_parquet_views, create_tables, create_views
from loader.catalog.record import schema_from_record
from loader.catalog.sqlfiles import statement
from loader.names import inside
from loader.storing.database import run_statement, safe_config

__all__ = ["Catalog", "Fact", "expected_catalog", "read_catalog"]

_VERSION = re.compile(r"v\d+\.\d+\.\d+|latest")
_EXPECTED = "expected"


@dataclass(frozen=True, order=True)
class Fact:
    """One property of an object.

    Attributes
    ----------
    kind : str
        table, view, column, macro, index, sequence, type or schema.
    schema, name : str
        Of the object; of a column, those of its table.
    part : str
        Name of a column, else empty.
    aspect : str
        definition, comment, or place, type and default.
    """

    kind: str
    schema: str
    name: str
    part: str
    aspect: str

    @property
    def owner(self) -> str:
        """The object that it belongs to, with its schema unless that is main."""
        is_plain = self.schema == "main" or self.kind == "schema"
        return self.name if is_plain else f"{self.schema}.{self.name}"

    def text(self) -> str:
        """Return the kind and name of the object, such as ``column state.primf``."""
        return f"{self.kind} {self.owner}" + (f".{self.part}" if self.part else "")


@dataclass(frozen=True)
class Catalog:
    """All facts about the objects of a database, and the rows of data_dictionary."""

    facts: dict[Fact, str | None]
    dictionary: tuple[tuple[str, ...], ...]


def read_catalog(con: duckdb.DuckDBPyConnection, database: str) -> dict[Fact, str | None]:
    """Read all facts about an attached database.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Another database is current.
    database : str
        The name it is attached under.
    """
    rows = run_statement(con, "read_catalog", {"database": database})
    return {Fact(*map(str, row[:5])): row[5] for row in rows}


def expected_catalog(record: Mapping[str, Any], years: Mapping[str, Iterable[int]]) -> Catalog:
    """Create the objects of a build in an empty database, and read them back.

    Parameters
    ----------
    record : mapping
        Of the build.
    years : mapping of str to iterable of int
        The years that have rows, by table.

    Returns
    -------
    Catalog

    Raises
    ------
    ValueError
        If the record lacks a field that is needed.
    DatabaseError
        If DuckDB fails.
    """
    try:
        options = record["options"]
        needed = {
            "schema": record["schema"],
            "version": options["storage_version"],
            # Only views name the parts that they read.
            "parts": record["parts"] if options.get("tables", "stored") == "views" else {},
            "years": {table: sorted(found) for table, found in years.items()},
        }
    except (LookupError, TypeError) as error:
        raise ValueError(f"the record of the build has no {error}") from error
    return _created(json.dumps(needed, sort_keys=True))


@lru_cache(maxsize=4)
def _created(text: str) -> Catalog:
    needed = json.loads(text)
    if not isinstance(needed["version"], str) or not _VERSION.fullmatch(needed["version"]):
        raise ValueError(f"the record of the build has the storage version {needed['version']!r}")
    context = schema_from_record(needed["schema"])
    parts = needed["parts"]
    with tempfile.TemporaryDirectory(prefix="luc-load-") as name:
        folder = Path(name)
        path = folder / "luc.duckdb"
        with closing(duckdb.connect(":memory:", config=safe_config(1))) as con:
            values = {"path": str(path), "storage_version": needed["version"]}
            con.execute(statement("attach_database", values)).fetchall()
            # One transaction: hundreds of comments would each wait for the disk.
            con.begin()
            create_tables(con, context, set(parts))
            con.from_arrow(_year_rows(needed["years"])).insert_into("year")
            if parts:
                _write_stubs(folder / "parquet", context.columns, parts)
                create_parquet_views(con, context, parts, folder / "parquet")
            create_views(con, context, set(parts))
            con.commit()
        with closing(duckdb.connect(":memory:", config=safe_config(1))) as con:
            values = {"path": str(path), "name": _EXPECTED}
            con.execute(statement("attach_for_reading", values)).fetchall()
            facts = read_catalog(con, _EXPECTED)
            dictionary = run_statement(con, "read_dictionary", {"database": _EXPECTED})
    return Catalog(facts, tuple(dictionary))


def _year_rows(loaded: Mapping[str, list[int]]) -> pa.Table:
    """Return the rows of the table year from which views learn the years of ELUC and states."""
    years = sorted({year for each in loaded.values() for year in each})
    nothing = pa.nulls(len(years), pa.int16())
    return pa.table(
        {
            "year": pa.array(years, pa.int16()),
            "date": pa.array(np.zeros(len(years), "datetime64[D]")),
            "prev_year": nothing,
            "next_year": nothing,
            "has_eluc": pa.array([year in loaded.get("eluc", ()) for year in years], pa.bool_()),
            "has_state": pa.array([year in loaded.get("state", ()) for year in years], pa.bool_()),
        }
    )


def _write_stubs(
    folder: Path, columns: Mapping[str, Iterable[Any]], parts: Mapping[str, list[str]]
) -> None:
    """Write empty files under the names of the parts: a view needs them to be created."""
    for table, names in parts.items():
        kinds = {"cell_id": pa.int32(), "year": pa.int16()}
        kinds |= {variable.column: pa.float32() for variable in columns[table]}
        stub = folder / f"{table}.stub"
        stub.parent.mkdir(exist_ok=True)
        pq.write_table(pa.schema(kinds.items()).empty_table(), stub)
        for name in names:
            path = inside(folder, str(name).removeprefix("/"))
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(stub, path)

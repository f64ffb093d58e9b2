"""Damage a published build at random, and let check judge it."""

from __future__ import annotations

import json
import random
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import xarray as xr

from loader import build, write_sample
from loader.checking.check import check_database
from loader.checking.results import CheckReport
from loader.description import database_info
from loader.errors import LucLoadError
from tools.fuzz.judge import Verdict

__all__ = ["TARGETS", "judge_published", "make_template"]

TARGETS = ("duckdb", "parquet", "manifest")

PROOFS = ("catalog", "record", "file", "contents", "parquet", "derived_tables")

_ODD_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 2**70, 1e308, "", "x" * 5000, "../../../etc/passwd", "\x1b[2J"),
    *([], {}, [[]], {"a": {"b": []}}, "http://127.0.0.1:9/x", "views", "stored"),
)


def make_template(folder: Path) -> None:
    """Build what is damaged: stored tables, and views of Parquet files, on 20 x 20 cells."""
    write_sample(folder / "whole", years=(2010, 2011), resolution=2)
    (folder / "raw").mkdir()
    for path in (folder / "whole").glob("*.nc"):
        with xr.open_dataset(path, decode_times=False) as file:
            file.isel(lat=slice(30, 50), lon=slice(60, 80)).to_netcdf(folder / "raw" / path.name)
    for tables in ("stored", "views"):
        build(raw=folder / "raw", all=True, out=folder / tables, tables=tables)


def judge_published(seed: int, folder: Path, template: Path) -> Verdict:
    """Damage a copy of a published build, and check it.

    Parameters
    ----------
    seed : int
    folder : pathlib.Path
        Empty, for the copy.
    template : pathlib.Path
        What `make_template` made.
    """
    rng = random.Random(seed)  # to be repeated, not to be secret
    tables = rng.choice(["stored", "stored", "views"])
    out = Path(shutil.copytree(template / tables, folder / "out"))
    if tables == "views":
        with duckdb.connect(str(out / "luc.duckdb")) as con:
            con.execute(f"CREATE OR REPLACE MACRO parquet_folder() AS '{out}/parquet'").fetchall()
    change = {"duckdb": _change_database, "parquet": _change_part, "manifest": _change_manifest}
    try:
        what = change[TARGETS[seed % len(TARGETS)]](rng, out)
    except (duckdb.Error, OSError) as error:
        return Verdict("unwritable", str(error).partition("\n")[0])
    try:
        report = check_database(out, only=PROOFS)
        database_info(out)
    except LucLoadError as error:
        return _judge_error(what, error)
    except Exception as error:  # noqa: BLE001  # that is what is looked for
        return Verdict("WRONG", f"{what}: {type(error).__name__}: {error}")
    return _judge_report(what, report, out, template / tables)


def _judge_error(what: str, error: LucLoadError) -> Verdict:
    text = str(error)
    if error.exit_code not in {1, 3} or "\n" in text or "\x1b" in text:
        return Verdict("WRONG", f"{what}: exit code {error.exit_code}: {text!r}")
    return Verdict("damage found", f"{what}: {text}")


def _judge_report(what: str, report: CheckReport, out: Path, original: Path) -> Verdict:
    text = "".join(result.text() for result in report.results)
    if "\x1b" in text or len(text) > 50_000:
        return Verdict("WRONG", f"{what}: unfit for a terminal: {text!r}")
    if not report.holds:
        return Verdict("damage found", what)
    if _content(out) != _original(original):
        return Verdict("WRONG", f"{what}: check says all is well")
    return Verdict("not damaged", what)


def _change_database(rng: random.Random, out: Path) -> str:
    """Damage bytes of the database, or change it with SQL."""
    path = out / "luc.duckdb"
    if rng.random() < 0.4:
        return _change_bytes(rng, path)
    if rng.random() < 0.1:
        path.with_name("luc.duckdb.wal").write_bytes(rng.randbytes(rng.randrange(200)))
        return "a foreign log"
    with duckdb.connect(str(path)) as con:
        statement = _statement(rng, con)
        con.execute(statement).fetchall()
    return statement


def _statement(rng: random.Random, con: duckdb.DuckDBPyConnection) -> str:
    columns = con.execute(
        'SELECT format(\'"{}"."{}"\', schema_name, table_name), column_name, data_type '
        "FROM duckdb_columns() WHERE NOT internal "
        "AND table_name IN (SELECT table_name FROM duckdb_tables()) ORDER BY ALL"
    ).fetchall()
    views = [
        row[0]
        for row in con.execute(
            'SELECT format(\'"{}"."{}"\', schema_name, view_name) FROM duckdb_views() '
            "WHERE NOT internal ORDER BY ALL"
        ).fetchall()
    ]
    table, column, kind = rng.choice(columns)
    value = {"VARCHAR": "'x'", "BOOLEAN": "NOT " + f'"{column}"'}.get(kind, f'"{column}" + 1')
    if kind in {"DATE", "TIMESTAMP"}:
        value = f"'{(kind == 'DATE' and '1999-01-01') or '1999-01-01 00:00:00'}'"
    row = f"rowid = {rng.randrange(3)}"
    return rng.choice(
        [
            f'UPDATE {table} SET "{column}" = {value} WHERE {row}',
            f'UPDATE {table} SET "{column}" = NULL WHERE {row}',
            f"DELETE FROM {table} WHERE {row}",
            f"INSERT INTO {table} FROM {table} WHERE {row}",
            f"DELETE FROM {table}",
            f"DROP TABLE {table}",
            f'ALTER TABLE {table} RENAME "{column}" TO other',
            f'ALTER TABLE {table} DROP "{column}"',
            f"ALTER TABLE {table} ADD COLUMN other INTEGER",
            f"ALTER TABLE {table} RENAME TO other",
            f"COMMENT ON COLUMN {table}.\"{column}\" IS 'x'",
            f"COMMENT ON TABLE {table} IS NULL",
            f"DROP VIEW {rng.choice(views)}",
            f"CREATE OR REPLACE VIEW {rng.choice(views)} AS SELECT 1 AS a",
            f"COMMENT ON VIEW {rng.choice(views)} IS 'x'",
            "CREATE OR REPLACE MACRO cell_at(a, b) AS 1",
            "CREATE MACRO round(a, b) AS 1",
            f"CREATE TABLE mine AS FROM {table}",
            "CREATE SCHEMA mine",
        ]
    )


def _change_part(rng: random.Random, out: Path) -> str:
    """Damage, remove, exchange or add Parquet files."""
    parts = sorted((out / "parquet").rglob("*.parquet"))
    one, other = rng.sample(parts, 2)
    kind = rng.randrange(6)
    if kind == 0:
        one.unlink()
        return f"{one.name} removed"
    if kind == 1:
        shutil.copy(one, other)
        return f"{one.name} in place of {other.name}"
    if kind == 2:
        shutil.copy(one, other.with_name(rng.choice(["x.parquet", ".x.parquet", "x.parquet.tmp"])))
        return f"a copy of {one.name}"
    if kind == 3:
        one.rename(one.with_suffix(".pq"))
        return f"{one.name} renamed"
    return _change_bytes(rng, one)


def _change_manifest(rng: random.Random, out: Path) -> str:
    """Damage build.json or SHA256SUMS, by bytes or by structure."""
    path = out / "parquet" / rng.choice(["build.json", "build.json", "SHA256SUMS"])
    if path.name == "SHA256SUMS" or rng.random() < 0.3:
        if rng.random() < 0.2:
            path.unlink()
            return f"{path.name} removed"
        return _change_bytes(rng, path)
    record = json.loads(path.read_text())
    place, key = _random_place(rng, record)
    if rng.random() < 0.3:
        del place[key]
        what = f"{path.name}: {key!r} removed"
    else:
        place[key] = rng.choice(_ODD_VALUES)
        what = f"{path.name}: {key!r} = {str(place[key])[:40]!r}"
    if rng.random() < 0.3:
        # The database's copy too: whoever wants to lie changes both.
        stored = {name: value for name, value in record.items() if name != "build_id"}
        with duckdb.connect(str(out / "luc.duckdb")) as con:
            con.execute("UPDATE meta.build SET options = ?", [json.dumps(stored)]).fetchall()
        what += ", in the database too"
    path.write_text(json.dumps(record, indent=1) + "\n")
    return what


def _random_place(rng: random.Random, record: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Return a container anywhere in a record, and one of its keys."""
    place, key = record, rng.choice(sorted(record))
    while isinstance(place[key], (dict, list)) and place[key] and rng.random() < 0.7:
        place = place[key]
        key = rng.choice(sorted(place)) if isinstance(place, dict) else rng.randrange(len(place))
    return place, key


def _change_bytes(rng: random.Random, path: Path) -> str:
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data))
    kind = rng.choice(["flipped", "zeroed", "cut", "grown", "doubled"])
    if kind == "flipped":
        data[at] ^= 1 << rng.randrange(8)
    elif kind == "zeroed":
        data[at : at + 512] = bytes(len(data[at : at + 512]))
    elif kind == "cut":
        del data[at:]
    elif kind == "grown":
        data += rng.randbytes(rng.randrange(1, 5000))
    else:
        data[at:at] = data[at : at + 64]
    path.write_bytes(data)
    return f"{path.name} {kind} at {at}"


@cache
def _original(template: Path) -> dict[str, Any]:
    return _content(template)


def _content(out: Path) -> dict[str, Any]:
    """Return what readers see: every row of every object of luc-load, and the Parquet files."""
    content: dict[str, Any] = {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in (out / "parquet").rglob("*")
        if path.is_file() and not path.name.startswith((".", "_"))
    }
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        names = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal UNION ALL "
            "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
        for schema, name in sorted(names):
            if name != "mine":
                rows = f'SELECT count(*), sum(hash(t)::HUGEINT) FROM "{schema}"."{name}" AS t'
                content[name] = con.execute(rows).fetchall()
        content["columns"] = con.execute(
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() "
            "WHERE NOT internal AND table_name <> 'mine' ORDER BY ALL"
        ).fetchall()
        content["macros"] = con.execute(
            "SELECT function_name, macro_definition FROM duckdb_functions() WHERE NOT internal "
            "AND function_name <> 'parquet_folder' ORDER BY ALL"
        ).fetchall()
    return content

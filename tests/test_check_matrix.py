"""Every way to change what was published makes `luc-load check` fail and name it, or does no harm.

Several corruptions go into one copy, as long as each has a name of its own in what is reported.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr

from loader import build, write_sample
from loader.checking.check import check_database
from loader.checking.results import CheckReport
from loader.errors import LucLoadError

Change = Callable[[Path], object]

PROOFS = ("catalog", "record", "file", "contents", "parquet")
"""The checks that say whether a build is what was published."""


@dataclass(frozen=True)
class Corruption:
    """One change of a published build, the check that must fail, and what it must say."""

    group: str
    change: Change
    check: str
    text: str


def sql(*statements: str) -> Change:
    def change(out: Path) -> None:
        with duckdb.connect(str(out / "luc.duckdb")) as con:
            for text in statements:
                con.execute(text).fetchall()

    return change


def part(table: str) -> Callable[[Path], Path]:
    return lambda out: sorted((out / "parquet" / table).glob("*.parquet"))[0]


def pipe_in_place_of_a_part(out: Path) -> None:
    path = out / "parquet" / "cell" / "cell.parquet"
    path.unlink()
    os.mkfifo(path)


def rewritten(table: str, new: Callable[[pa.Table], pa.Table]) -> Change:
    def change(out: Path) -> None:
        path = part(table)(out)
        pq.write_table(new(pq.read_table(path)), path, compression="zstd")

    return change


def flipped(name: str, place: float) -> Change:
    """Flip a bit of a file at a share of its length, before the file system notices the time."""

    def change(out: Path) -> None:
        (path,) = (out / name).parent.glob((out / name).name)
        data = bytearray(path.read_bytes())
        data[min(len(data) - 1, int(place * len(data)))] ^= 0x10
        path.write_bytes(data)

    return change


def changed_json(name: str, key: str, value: object) -> Change:
    def change(out: Path) -> None:
        path = out / "parquet" / name
        record = json.loads(path.read_text())
        path.write_text(json.dumps(record | {key: value}, indent=1) + "\n")

    return change


def moved(old: str, new: str) -> Change:
    def change(out: Path) -> None:
        (path,) = (out / "parquet").glob(old)
        target = out / "parquet" / new
        target.parent.mkdir(exist_ok=True)
        path.rename(target)

    return change


def added(name: str, data: bytes = b"PAR1") -> Change:
    def change(out: Path) -> None:
        path = out / "parquet" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)

    return change


def sums(old: str, new: str) -> Change:
    def change(out: Path) -> None:
        path = out / "parquet" / "SHA256SUMS"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


def renamed(table: str, one: str, other: str) -> Change:
    return sql(
        f"ALTER TABLE {table} RENAME {one} TO x",
        f"ALTER TABLE {table} RENAME {other} TO {one}",
        f"ALTER TABLE {table} RENAME x TO {other}",
    )


def option(path: str, value: str) -> Change:
    patch = json.dumps({path: json.loads(value)})
    return sql(f"UPDATE meta.build SET options = json_merge_patch(options, '{patch}')")


def swapped(one: str, other: str) -> Callable[[pa.Table], pa.Table]:
    names = {one: other, other: one}
    return lambda rows: rows.rename_columns([names.get(n, n) for n in rows.column_names])


def without_metadata(rows: pa.Table) -> pa.Table:
    return rows.replace_schema_metadata(None)


def other_unit(rows: pa.Table) -> pa.Table:
    at = rows.schema.get_field_index("primf")
    field = rows.schema.field(at).with_metadata({"units": "percent"})
    return rows.cast(rows.schema.set(at, field))


STORED: dict[str, Corruption] = {
    # Columns.
    "irrig_c3ann and irrig_c4ann exchanged": Corruption(
        "columns",
        renamed("management", "irrig_c3ann", "irrig_c4ann"),
        "catalog",
        "column management.irrig_c3ann",
    ),
    "secma and secmb exchanged": Corruption(
        "columns", renamed("state", "secma", "secmb"), "catalog", "column state.secma"
    ),
    "a column that was renamed": Corruption(
        "columns 2", sql("ALTER TABLE state RENAME urban TO city"), "catalog", "column state.urban"
    ),
    "a column that was added": Corruption(
        "columns 3", sql("ALTER TABLE eluc ADD COLUMN x REAL"), "catalog", "eluc.x  (is not"
    ),
    "a column that was dropped": Corruption(
        "columns 4", sql("ALTER TABLE cell DROP COLUMN land_fraction"), "catalog", "cell.land_fr"
    ),
    "a column of another type": Corruption(
        "columns 5", sql("ALTER TABLE eluc ALTER eluc TYPE DOUBLE"), "catalog", "column eluc.eluc"
    ),
    "a column that may be NULL": Corruption(
        "columns 5",
        sql("ALTER TABLE source ALTER COLUMN name DROP NOT NULL"),
        "catalog",
        "column source.name",
    ),
    "a column with a default": Corruption(
        "columns 5",
        sql("ALTER TABLE meta.eluc_total ALTER COLUMN emission_mtc SET DEFAULT 0"),
        "catalog",
        "column meta.eluc_total.emission_mtc",
    ),
    # Views and macros.
    "eluc_country times 1000": Corruption(
        "views",
        sql(
            "CREATE OR REPLACE VIEW eluc_country AS SELECT NULL::SMALLINT AS country_code, "
            'NULL::VARCHAR AS country_iso3, \'x\' AS country, "year", make_date("year", 1, 1) '
            'AS "date", emission_mtc * 1000 AS emission_mtc FROM meta.eluc_total'
        ),
        "catalog",
        "view eluc_country  (has another definition)",
    ),
    "cell_at is 0": Corruption(
        "views",
        sql("CREATE OR REPLACE MACRO cell_at(latitude, longitude) AS 0"),
        "catalog",
        "macro cell_at  (has another definition)",
    ),
    "state_change with exchanged parameters": Corruption(
        "views 2",
        sql("CREATE OR REPLACE MACRO state_change(last_year, first_year) AS TABLE SELECT 1 AS a"),
        "catalog",
        "macro state_change  (has another definition)",
    ),
    "a macro with a second form": Corruption(
        "views 2",
        sql(
            "CREATE OR REPLACE MACRO split_by_year(a) AS TABLE (SELECT 1 AS a), "
            "(a, b) AS TABLE (SELECT 2 AS a)"
        ),
        "catalog",
        "macro split_by_year  (has another definition)",
    ),
    "a view that was dropped": Corruption(
        "views 3", sql("DROP VIEW land_eluc"), "catalog", "view land_eluc  (is missing)"
    ),
    "a macro that was dropped": Corruption(
        "views 3", sql("DROP MACRO TABLE point"), "catalog", "macro point  (is missing)"
    ),
    "a view in place of a table": Corruption(
        "views 4",
        sql(
            "CREATE TABLE hidden AS FROM eluc",
            "DROP TABLE eluc",
            "CREATE VIEW eluc AS SELECT cell_id, year, eluc FROM hidden",
        ),
        "catalog",
        "table eluc",
    ),
    "a table in place of a view": Corruption(
        "views 5",
        sql("DROP VIEW eluc_global", "CREATE TABLE eluc_global AS SELECT 1 AS year"),
        "catalog",
        "view eluc_global",
    ),
    "a macro that hides a function": Corruption(
        "views 6",
        sql("CREATE MACRO sum(x) AS 77"),
        "catalog",
        "macro sum  (hides the function of DuckDB)",
    ),
    "a table macro that hides a function": Corruption(
        "views 6",
        sql("CREATE MACRO duckdb_tables() AS TABLE SELECT 1 AS x"),
        "catalog",
        "macro duckdb_tables  (hides",
    ),
    # Comments and the dictionary.
    "the comment of a column": Corruption(
        "comments",
        sql("COMMENT ON COLUMN eluc.eluc IS 'kg'"),
        "catalog",
        "column eluc.eluc  (has another comment)",
    ),
    "the comment of a table": Corruption(
        "comments",
        sql("COMMENT ON TABLE state IS 'the states'"),
        "catalog",
        "table state  (has another comment)",
    ),
    "the comment of a view that is gone": Corruption(
        "comments",
        sql("COMMENT ON VIEW luc IS NULL"),
        "catalog",
        "view luc  (has another comment)",
    ),
    "the comment of a column of a view": Corruption(
        "comments",
        sql("COMMENT ON COLUMN luc.emission_tc IS 't CO2'"),
        "catalog",
        "column luc.emission_tc  (has another comment)",
    ),
    "the comment of a macro": Corruption(
        "comments",
        sql("COMMENT ON MACRO cell_at IS 'x'"),
        "catalog",
        "macro cell_at  (has another comment)",
    ),
    "a unit in data_dictionary": Corruption(
        "dictionary",
        sql("UPDATE data_dictionary SET unit = 'kg' WHERE column_name = 'eluc'"),
        "catalog",
        "data_dictionary eluc.eluc  (has another entry)",
    ),
    "an entry that is missing": Corruption(
        "dictionary 2",
        sql("DELETE FROM data_dictionary WHERE table_name = 'cell' AND column_name = 'lat'"),
        "catalog",
        "data_dictionary cell.lat  (has another entry)",
    ),
    "an entry of nothing": Corruption(
        "dictionary 2",
        sql("INSERT INTO data_dictionary VALUES ('x', 'y', 'REAL', '1', 'a', 'b')"),
        "catalog",
        "data_dictionary x.y  (is not luc-load's)",
    ),
    "an entry twice": Corruption(
        "dictionary 3",
        sql("INSERT INTO data_dictionary FROM data_dictionary WHERE column_name = 'has_eluc'"),
        "catalog",
        "data_dictionary",
    ),
    # The record.
    "synthetic": Corruption(
        "record",
        sql("UPDATE meta.build SET synthetic = FALSE"),
        "record",
        "build.synthetic  (is False",
    ),
    "the time": Corruption(
        "record 2",
        sql("UPDATE meta.build SET built_at = TIMESTAMP '2020-01-01'"),
        "record",
        "build  (its row is not what the build wrote)",
    ),
    "the version of DuckDB": Corruption(
        "record 3",
        sql("UPDATE meta.build SET duckdb_version = '9.9.9'"),
        "record",
        "build  (its row",
    ),
    "the version of luc-load": Corruption(
        "record 4",
        sql("UPDATE meta.build SET luc_load_version = '0.0.1'"),
        "record",
        "build.luc_load_version",
    ),
    "an option": Corruption(
        "record 5",
        option("options", '{"cells": "all"}'),
        "record",
        "build.build_id  (does not follow from options and sources)",
    ),
    "the digest of a source": Corruption(
        "record 6", option("digests", '{"eluc": "00"}'), "record", "source eluc  (has another"
    ),
    "the digest of the record": Corruption(
        "record 7", option("digest", '"sha256:0"'), "record", "build  (its row"
    ),
    "the rows of a table": Corruption(
        "record 8", option("tables", "[]"), "record", "state  (rows: table_content has"
    ),
    "a schema of another type": Corruption(
        "record 12", option("schema", "0"), "catalog", "cannot be compared: not the record"
    ),
    "the schema": Corruption(
        "record 9", option("schema", "null"), "catalog", "cannot be compared: the record"
    ),
    "a second row": Corruption(
        "record 10",
        sql("INSERT INTO meta.build FROM meta.build"),
        "record",
        "was not made by luc-load build",
    ),
    "a source file": Corruption(
        "record 11",
        sql("UPDATE source SET digest = 'sha256:0' WHERE name = 'states'"),
        "record",
        "source states",
    ),
    "a table emptied with its digests": Corruption(
        "emptied",
        sql(
            "DELETE FROM meta.table_content WHERE table_name = 'transition'",
            "DELETE FROM transition",
        ),
        "record",
        "transition  (rows: table_content has 0, the record",
    ),
    "a year deleted with its digest": Corruption(
        "emptied",
        sql(
            "DELETE FROM meta.table_content WHERE table_name = 'eluc' AND year = 2011",
            "DELETE FROM eluc WHERE year = 2011",
        ),
        "record",
        "eluc  (years: table_content has",
    ),
    "a value changed with its digest": Corruption(
        "emptied 2",
        sql(
            "UPDATE eluc SET eluc = 0 WHERE year = 2011",
            "UPDATE meta.table_content SET content_digest = '0' WHERE table_name = 'eluc'",
        ),
        "record",
        "table_content  (its rows are not what the build wrote)",
    ),
    # Values of every table.
    "a value of state": Corruption(
        "values",
        sql("UPDATE state SET primf = primf + 1 WHERE cell_id = (SELECT min(cell_id) FROM state)"),
        "contents",
        "2010  state",
    ),
    "a NULL in eluc": Corruption(
        "values",
        sql("UPDATE eluc SET eluc = NULL WHERE cell_id = (SELECT min(cell_id) FROM eluc)"),
        "contents",
        "2010  eluc",
    ),
    "an area": Corruption(
        "values 2", sql("UPDATE cell SET area_ha = 1 WHERE cell_id = 3"), "contents", "cell: "
    ),
    "a country": Corruption(
        "values 3",
        sql("UPDATE cell SET country = 'Atlantis' WHERE country = 'Brazil'"),
        "contents",
        "cell: ",
    ),
    "a year": Corruption("values 2", sql("UPDATE year SET has_eluc = FALSE"), "contents", "year: "),
    "the title of a source": Corruption(
        "values 2", sql("UPDATE source SET title = 'x'"), "contents", "source: "
    ),
    "a layout": Corruption(
        "values 2", sql("UPDATE meta.file_layout SET layout = '{}'"), "contents", "file_layout: "
    ),
    "a total of emissions": Corruption(
        "values 2",
        sql("UPDATE meta.eluc_total SET emission_mtc = 0 WHERE year = 2010"),
        "contents",
        "eluc_total: ",
    ),
    "a total of land use": Corruption(
        "values 2",
        sql("DELETE FROM meta.state_total WHERE year = 2010"),
        "contents",
        "state_total: ",
    ),
    "a change of one square of the map": (
        Corruption(
            "map",
            sql("UPDATE luc_map_1deg SET c3per_diff_ha = NULL WHERE rowid = 2"),
            "derived_tables",
            "c3per_diff_ha: ",
        )
    ),
    "two squares of the map exchanged": Corruption(
        "map 2",
        sql(
            "CREATE TABLE two AS FROM (SELECT *, row_number() OVER (PARTITION BY year) AS n "
            "FROM luc_map_1deg WHERE year = 2010 AND primf_ha > 0) WHERE n <= 2",
            "UPDATE luc_map_1deg AS m SET primf_ha = t.primf_ha FROM two AS t JOIN two AS o "
            "ON o.n = 3 - t.n WHERE (m.year, m.lat, m.lon) = (o.year, o.lat, o.lon)",
        ),
        "derived_tables",
        "2010  primf_ha",
    ),
    "a square of the map twice": Corruption(
        "map 3",
        sql("INSERT INTO luc_map_1deg FROM luc_map_1deg WHERE rowid = 2"),
        "derived_tables",
        "2010  squares",
    ),
    "the values of the series of emissions": Corruption(
        "series",
        sql("UPDATE meta.eluc_series SET eluc = list_reverse(eluc)"),
        "derived_tables",
        "eluc_series: ",
    ),
    "a series of another cell": Corruption(
        "series 2",
        sql("UPDATE meta.eluc_series SET cell_id = cell_id + 1 WHERE rowid = 2"),
        "derived_tables",
        "2010  eluc_series",
    ),
    "a series twice": Corruption(
        "series 3",
        sql("INSERT INTO meta.eluc_series FROM meta.eluc_series WHERE rowid = 2"),
        "derived_tables",
        "2010  eluc_series",
    ),
    "series of other years": Corruption(
        "series 4",
        sql("UPDATE meta.eluc_series SET first_year = first_year - 1, last_year = last_year - 1"),
        "derived_tables",
        "2010  eluc_series",
    ),
    "spans of other years": Corruption(
        "series 5",
        sql("UPDATE meta.eluc_span SET first_year = first_year - 1"),
        "derived_tables",
        "2010  eluc_series",
    ),
    # Bytes of the database.
    **{
        f"a bit of the database at {place:.2f}": Corruption(
            f"flip {place}", flipped("luc.duckdb", place), "file", "damaged: its bytes"
        )
        for place in (0.1, 0.33, 0.5, 0.77, 0.95, 1.0)
    },
    # The dataset.
    "Parquet columns exchanged": Corruption(
        "dataset",
        rewritten("state", swapped("primf", "primn")),
        "parquet",
        "state/2010-2012_rows-00000-00029.parquet  (its bytes",
    ),
    "Parquet without metadata": Corruption(
        "dataset",
        rewritten("eluc", without_metadata),
        "parquet",
        "eluc/2010-2011_rows-00000-00029.parquet  (its bytes",
    ),
    "Parquet with another unit": Corruption(
        "dataset 2",
        rewritten("state", other_unit),
        "parquet",
        "state/2010-2012_rows-00000-00029.parquet  (its bytes",
    ),
    "Parquet rows in another order": Corruption(
        "dataset 2",
        rewritten("management", lambda rows: rows.take(pa.array(range(len(rows))[::-1]))),
        "parquet",
        "management/2010-2011_rows-00000-00029.parquet  (its bytes",
    ),
    "Parquet with other values": Corruption(
        "dataset 3",
        rewritten("cell", lambda rows: rows.slice(1)),
        "parquet",
        "cell/cell.parquet  (its bytes",
    ),
    **{
        f"a bit of {name} at {place:.2f}": Corruption(
            f"flip parquet {place}", flipped(f"parquet/{name}", place), "parquet", f"{name[:4]}"
        )
        for name, place in (
            ("state/*.parquet", 0.5),
            ("eluc/*.parquet", 0.99),
            ("year/*.parquet", 0.7),
            ("data_dictionary/*.parquet", 0.01),
        )
    },
    "a part that is missing": Corruption(
        "dataset 4",
        lambda out: part("transition")(out).unlink(),
        "parquet",
        "transition/2010-2011_rows-00000-00029.parquet  (is missing)",
    ),
    "a part under another name": Corruption(
        "dataset 4",
        moved("state/*.parquet", "state/2010-2012.parquet"),
        "parquet",
        "state/2010-2012.parquet  (is not a file of this build; remove it)",
    ),
    "a part in another folder": Corruption(
        "dataset 5",
        moved("eluc/*.parquet", "state/eluc.parquet"),
        "parquet",
        "state/eluc.parquet  (is not a file of this build; remove it)",
    ),
    "a foreign part": Corruption(
        "dataset 5",
        lambda out: pq.write_table(
            pa.table({"x": ["a"]}), out / "parquet" / "management" / "mine.parquet"
        ),
        "parquet",
        "management/mine.parquet  (is not a file of this build; remove it)",
    ),
    "a copy of a part": Corruption(
        "dataset 5",
        lambda out: shutil.copy(part("year")(out), out / "parquet" / "year" / ".hidden.parquet"),
        "parquet",
        "year/.hidden.parquet  (is not a file of this build; remove it)",
    ),
    "a pipe": Corruption(
        "dataset 5",
        lambda out: os.mkfifo(out / "parquet" / "cell" / "pipe.parquet"),
        "parquet",
        "cell/pipe.parquet  (is not a file of this build; remove it)",
    ),
    "a pipe in place of a part": Corruption(
        "dataset 6",
        pipe_in_place_of_a_part,
        "parquet",
        "cell/cell.parquet  (cannot be read",
    ),
    "another file in a folder of parts": Corruption(
        "dataset 6",
        added("eluc/part.parquet.tmp"),
        "parquet",
        "eluc/part.parquet.tmp  (is not a file of this build; remove it)",
    ),
    "an entry of build.json": Corruption(
        "dataset 7", changed_json("build.json", "version", "9"), "parquet", "build.json  (differs"
    ),
    "a space in build.json": Corruption(
        "dataset 8",
        lambda out: (out / "parquet/build.json").write_text(
            (out / "parquet/build.json").read_text() + " "
        ),
        "parquet",
        "build.json  (its bytes",
    ),
    "the id in build.json": Corruption(
        "dataset 9", changed_json("build.json", "build_id", "0"), "parquet", "is of build 0"
    ),
    "build.json that is missing": Corruption(
        "dataset 10",
        lambda out: (out / "parquet/build.json").unlink(),
        "parquet",
        "has no build.json of luc-load",
    ),
    "a field of datapackage.json": Corruption(
        "dataset 7",
        changed_json("datapackage.json", "title", "other"),
        "parquet",
        "datapackage.json  (does not describe this dataset)",
    ),
    "datapackage.json that is missing": Corruption(
        "dataset 8",
        lambda out: (out / "parquet/datapackage.json").unlink(),
        "parquet",
        "datapackage.json  (is missing)",
    ),
    "SHA256SUMS that is missing": Corruption(
        "dataset 11",
        lambda out: (out / "parquet/SHA256SUMS").unlink(),
        "parquet",
        "SHA256SUMS is missing",
    ),
    "a digest in SHA256SUMS": Corruption(
        "dataset 12",
        sums("  parquet/year/year.parquet", "  parquet/year/other.parquet"),
        "parquet",
        "SHA256SUMS: year/year.parquet  (is not in SHA256SUMS)",
    ),
    "the digest of the database in SHA256SUMS": Corruption(
        "dataset 13", sums("  luc.duckdb", "  luc.duck"), "parquet", "luc.duckdb is not in it"
    ),
}
"""By what was done."""

VIEWED: dict[str, Corruption] = {
    "a view of other parts": Corruption(
        "view",
        sql("CREATE OR REPLACE VIEW state AS FROM eluc"),
        "catalog",
        "view state  (has another definition)",
    ),
    "a view of another order": Corruption(
        "view 2",
        lambda out: sql(_exchanged_columns(out))(out),
        "catalog",
        "view management  (has another definition)",
    ),
    "a table in place of a view of parts": Corruption(
        "view 3",
        sql("CREATE TABLE t AS FROM eluc", "DROP VIEW eluc", "ALTER TABLE t RENAME TO eluc"),
        "catalog",
        "table eluc  (is not luc-load's)",
    ),
    "a folder that is computed": Corruption(
        "view 4",
        sql("CREATE OR REPLACE MACRO parquet_folder() AS concat('/', 'x')"),
        "catalog",
        "macro parquet_folder  (is not a plain path)",
    ),
    "a value in a part": Corruption(
        "view 5", flipped("parquet/eluc/*.parquet", 0.4), "parquet", "eluc/2010"
    ),
    "a bit of a database of views": Corruption(
        "view 6", flipped("luc.duckdb", 0.6), "file", "damaged: its bytes"
    ),
}


def _exchanged_columns(out: Path) -> str:
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        ((text,),) = con.execute(
            "SELECT sql FROM duckdb_views() WHERE view_name = 'management'"
        ).fetchall()
    exchanged = str(text).replace("irrig_c3ann", "?").replace("irrig_c4ann", "irrig_c3ann")
    return exchanged.replace("?", "irrig_c4ann").replace("CREATE", "CREATE OR REPLACE", 1)


HARMLESS: dict[str, Change] = {
    "own objects": sql(
        "CREATE TABLE my_regions AS SELECT 1 AS cell_id, 'north' AS region",
        "CREATE VIEW my_view AS FROM luc",
        "CREATE MACRO my_macro(a) AS a + 1",
        "CREATE SCHEMA notes",
        "CREATE TABLE notes.state AS SELECT 1 AS primf",
        "CREATE SEQUENCE my_sequence",
        "CREATE TYPE mood AS ENUM ('calm')",
        "CREATE INDEX my_index ON my_regions (cell_id)",
        "COMMENT ON TABLE my_regions IS 'mine'",
    ),
    "opened for writing": sql("CREATE TEMP TABLE t AS FROM luc", "ANALYZE", "CHECKPOINT"),
    "files that no reader takes for data": lambda out: (
        [
            (out / "parquet" / name).write_bytes(b"x")
            for name in ("state/.DS_Store", "eluc/_SUCCESS", "notes.txt")
        ]
    ),
    "another time of the files": lambda out: os.utime(part("state")(out), (0, 0)),
    "a copy of the database alone": lambda out: shutil.rmtree(out / "parquet"),
}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All sources, cut to 30 x 40 cells of which some are land."""
    whole, folder = (tmp_path_factory.mktemp(name) for name in ("whole", "raw"))
    write_sample(whole, years=(2010, 2011), resolution=2)
    for path in whole.glob("*.nc"):
        with xr.open_dataset(path, decode_times=False) as file:
            file.isel(lat=slice(30, 60), lon=slice(50, 90)).to_netcdf(folder / path.name)
    return folder


class Published:
    """A build, and what check says of copies of it, each made once."""

    def __init__(self, raw: Path, folder: Path, tables: str) -> None:
        self.out = folder / "out"
        self._reports: dict[str, CheckReport | LucLoadError] = {}
        build(raw=raw, all=True, out=self.out, tables=tables)

    def copy(self, name: str) -> Path:
        return Path(shutil.copytree(self.out, self.out.with_name(name)))

    def report(
        self, corruption: Corruption, all_of_them: dict[str, Corruption]
    ) -> CheckReport | LucLoadError:
        group = corruption.group
        if group not in self._reports:
            copy = self.copy(group)
            together = [each for each in all_of_them.values() if each.group == group]
            for each in together:
                each.change(copy)
            checks = {each.check for each in together}
            try:
                self._reports[group] = check_database(copy, only=checks)
            except LucLoadError as error:
                self._reports[group] = error
        return self._reports[group]


@pytest.fixture(scope="module")
def stored(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return Published(raw, tmp_path_factory.mktemp("stored"), "stored")


@pytest.fixture(scope="module")
def viewed(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return Published(raw, tmp_path_factory.mktemp("viewed"), "views")


def named(report: CheckReport | LucLoadError, corruption: Corruption) -> None:
    if isinstance(report, LucLoadError):
        # What DuckDB cannot read at all leaves nothing to check.
        assert corruption.text in str(report)
        return
    (result,) = (one for one in report.results if one.name == corruption.check)
    assert result.status == "failed", report.results
    assert corruption.text in result.text()
    assert not report.holds
    if corruption.check != "file":
        assert not any("could not be made" in one.summary for one in report.results)


@pytest.mark.parametrize("name", STORED)
def test_a_change_of_stored_tables_is_found_and_named(name: str, stored: Published) -> None:
    named(stored.report(STORED[name], STORED), STORED[name])


@pytest.mark.parametrize("name", VIEWED)
def test_a_change_of_views_is_found_and_named(name: str, viewed: Published) -> None:
    named(viewed.report(VIEWED[name], VIEWED), VIEWED[name])


@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_no_harm_passes(name: str, stored: Published) -> None:
    copy = stored.copy(name)
    HARMLESS[name](copy)
    report = check_database(copy, only=PROOFS)
    assert report.holds, [one.text() for one in report.results if one.status == "failed"]


def test_what_does_no_harm_to_views_passes(viewed: Published) -> None:
    copy = viewed.copy("harmless")
    for name in ("own objects", "opened for writing", "another time of the files"):
        HARMLESS[name](copy)
    report = check_database(copy)
    assert report.holds, [one.text() for one in report.results if one.status == "failed"]


def test_own_objects_are_named_and_no_check_minds_them(stored: Published) -> None:
    copy = stored.copy("own")
    HARMLESS["own objects"](copy)
    report = check_database(copy)
    assert report.holds, [one.text() for one in report.results if one.status == "failed"]
    (catalog,) = (one for one in report.results if one.name == "catalog")
    assert catalog.figures["left_alone"] == 8
    own = "index my_index, macro my_macro, schema notes, sequence my_sequence, table my_re"
    assert own in catalog.summary


def test_a_file_that_another_program_changed_is_said_to_be(stored: Published) -> None:
    copy = stored.copy("changed")
    sql("CREATE TABLE t AS SELECT 1 AS a")(copy)
    results = {one.name: one for one in check_database(copy, only=PROOFS).results}
    assert results["file"].status == "ok"
    assert "another program changed the file after it was published" in results["file"].summary
    assert "not luc-load's, left alone: table t" in results["catalog"].summary

"""The Parquet dataset in the engines that read it: the values and types of the database."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from command import luc_load

TABLES = ("state", "transition", "management", "eluc", "cell", "year", "source", "data_dictionary")
GRIDDED = TABLES[:4]
KEYS = {
    **{name: ["cell_id", "year"] for name in GRIDDED},
    "cell": ["cell_id"],
    "year": ["year"],
    "source": ["name"],
    "data_dictionary": ["table_name", "column_name"],
}
TEXT = (pa.string(), pa.large_string(), pa.string_view())

# What a reader without Arrow says of a table: its columns and types, and all its values.
FOREIGN = """
import datetime, json, sys
def plain(value):
    return value.isoformat() if isinstance(value, datetime.date) else value
READ
answers = {}
for name in json.loads(sys.argv[2]):
    names, types, rows = read(f"{sys.argv[1]}/{name}")
    answers[name] = [names, types, [[plain(value) for value in row] for row in rows]]
with open(sys.argv[3], "w") as file:
    json.dump(answers, file)
"""
READ_OLD_DUCKDB = """
import duckdb
def read(folder):
    rows = duckdb.sql(f"FROM read_parquet('{folder}/*.parquet')")
    return rows.columns, [str(kind) for kind in rows.types], rows.fetchall()
"""
READ_SPARK = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
def read(folder):
    rows = spark.read.parquet(folder)
    return rows.columns, [kind for _, kind in rows.dtypes], [list(row) for row in rows.collect()]
"""
FOREIGN_TYPES = {
    "INTEGER": pa.int32(),
    "SMALLINT": pa.int16(),
    "BIGINT": pa.int64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
}
FOREIGN_TYPES |= {
    "int": pa.int32(),
    "smallint": pa.int16(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "date": pa.date32(),
}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readers")
    made = luc_load("sample", "-o", "raw", "--resolution", "2", "--years", "2018:2020", cwd=folder)
    assert made.returncode == 0, made.stderr
    return folder / "raw"


@pytest.fixture(scope="module", params=["split", "plain"])
def built(raw: Path, request: pytest.FixtureRequest) -> tuple[str, Path]:
    """A build in each of the encodings, and the encoding."""
    encoding: str = request.param
    out = raw.parent / encoding
    done = luc_load(
        *("build", "--all", "--raw", str(raw), "-o", str(out), "--years", "2019:"),
        *("--parquet-encoding", encoding),
        cwd=raw.parent,
    )
    assert done.returncode == 0, done.stderr
    return encoding, out


@pytest.fixture(scope="module")
def expected(built: tuple[str, Path]) -> dict[str, pa.Table]:
    """The tables of the database."""
    with duckdb.connect(str(built[1] / "luc.duckdb"), read_only=True) as con:
        return {name: con.cursor().sql(f"FROM {name}").to_arrow_table() for name in TABLES}


def assert_same(name: str, found: pa.Table, expected: pa.Table) -> None:
    """Compare names, types and every bit of every value, whatever the order of rows."""
    assert found.column_names == expected.column_names
    by = [(key, "ascending") for key in KEYS[name]]
    found, expected = as_strings(found).sort_by(by), as_strings(expected).sort_by(by)
    assert found.num_rows == expected.num_rows > 0
    for column in expected.column_names:
        mine, theirs = expected[column].combine_chunks(), found[column].combine_chunks()
        assert theirs.type == mine.type, column
        assert pc.is_null(theirs).equals(pc.is_null(mine)), column
        if pa.types.is_floating(mine.type):
            assert np.array_equal(bits(mine), bits(theirs)), column
        else:
            assert theirs.equals(mine), column


def as_strings(table: pa.Table) -> pa.Table:
    """Arrow has several types of text; which one a reader takes says nothing of the file."""
    fields = [f.with_type(pa.string()) if f.type in TEXT else f for f in table.schema]
    return table.cast(pa.schema([pa.field(f.name, f.type) for f in fields]))


def bits(values: pa.Array) -> npt.NDArray[Any]:
    numbers: npt.NDArray[Any] = values.drop_null().to_numpy(zero_copy_only=False)
    return numbers.view(np.int32 if numbers.dtype == np.float32 else np.int64)


def with_dataset(folder: Path) -> pa.Table:
    return ds.dataset(folder).to_table()


def with_duckdb(folder: Path) -> pa.Table:
    with duckdb.connect() as con:
        return con.sql(f"FROM read_parquet('{folder}/*.parquet')").to_arrow_table()


def with_polars(folder: Path) -> pa.Table:
    polars = needed("polars")
    return polars.scan_parquet(folder / "*.parquet").collect().to_arrow()


def with_datafusion(folder: Path) -> pa.Table:
    context = needed("datafusion").SessionContext()
    context.register_parquet("rows", str(folder))
    return pa.table(context.table("rows").to_arrow_table())


def needed(module: str) -> Any:  # noqa: ANN401  # a library that is not installed here has no types
    try:
        return importlib.import_module(module)
    except ImportError:
        pytest.skip(f"{module} is not installed")


READERS: dict[str, Callable[[Path], pa.Table]] = {
    "pyarrow": pq.read_table,
    "pyarrow.dataset": with_dataset,
    "duckdb": with_duckdb,
    "polars": with_polars,
    "datafusion": with_datafusion,
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("reader", READERS)
def test_it_reads_what_the_database_holds(
    built: tuple[str, Path], expected: dict[str, pa.Table], reader: str, name: str
) -> None:
    found = READERS[reader](built[1] / "parquet" / name)
    assert_same(name, found, expected[name])


def foreign(
    read: str, data: Path, work: Path, environment: dict[str, str] | None = None
) -> dict[str, pa.Table]:
    """Run a reader in a process of its own, and return what it says of all tables."""
    answer = work / "answer.json"
    script = FOREIGN.replace("READ", read)
    env = environment or {n: value for n, value in os.environ.items() if n != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(data), json.dumps(TABLES), str(answer)],
        env=env | {"SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    tables = {}
    for name, (columns, types, rows) in json.loads(answer.read_text()).items():
        arrays = []
        for index, kind in enumerate(types):
            values = [row[index] for row in rows]
            as_text = pa.array(values, pa.string()) if FOREIGN_TYPES[kind] == pa.date32() else None
            arrays.append(
                as_text.cast(pa.date32()) if as_text else pa.array(values, FOREIGN_TYPES[kind])
            )
        tables[name] = pa.table(arrays, names=columns)
    return tables


def test_duckdb_1_1_3_reads_what_the_database_holds(
    built: tuple[str, Path],
    expected: dict[str, pa.Table],
    tmp_path: Path,
    old_duckdb: dict[str, str],
) -> None:
    found = foreign(READ_OLD_DUCKDB, built[1] / "parquet", tmp_path, old_duckdb)
    for name in TABLES:
        assert_same(name, found[name], expected[name])


def test_spark_reads_what_the_database_holds(
    built: tuple[str, Path], expected: dict[str, pa.Table], tmp_path: Path
) -> None:
    """Spark 3 refuses the split encoding, Spark 4 reads both."""
    if shutil.which("java") is None:
        pytest.skip("Spark needs java")
    version = needed("pyspark").__version__
    encoding, out = built
    if version.startswith("3.") and encoding == "split":
        pytest.skip(f"Spark {version} does not read BYTE_STREAM_SPLIT")
    found = foreign(READ_SPARK, out / "parquet", tmp_path)
    for name in TABLES:
        assert_same(name, found[name], expected[name])


@pytest.mark.parametrize("name", GRIDDED)
def test_the_encodings_are_what_is_documented(built: tuple[str, Path], name: str) -> None:
    encoding, out = built
    for path in (out / "parquet" / name).glob("*.parquet"):
        group = pq.ParquetFile(path).metadata.row_group(0)
        for index in range(group.num_columns):
            column = group.column(index)
            assert column.compression == "ZSTD"
            values = "BYTE_STREAM_SPLIT" if encoding == "split" else "PLAIN"
            wanted = values if column.physical_type == "FLOAT" else "DELTA_BINARY_PACKED"
            assert wanted in column.encodings, column.path_in_schema
            assert not {"PLAIN_DICTIONARY", "RLE_DICTIONARY"} & set(column.encodings)


def test_both_encodings_hold_the_same(raw: Path, built: tuple[str, Path]) -> None:
    """Only the encoding differs; it is part of what a build is."""
    encoding, out = built
    other = "plain" if encoding == "split" else "split"
    done = luc_load(
        *("build", "--all", "--raw", str(raw), "-o", str(out), "--years", "2019:"),
        *("--parquet-encoding", other),
        cwd=raw.parent,
    )
    assert done.returncode == 1
    assert (
        f"(existing build: parquet-encoding={encoding}; requested: parquet-encoding={other})"
        in (done.stderr)
    )

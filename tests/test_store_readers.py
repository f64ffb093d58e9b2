"""The dataset in an S3 store, read there by other engines with clients of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads
import pytest
from files import GRIDS, Form, state_content, write
from object_store import s3_server
from pyarrow.fs import S3FileSystem

from loader import build

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # sockets of the stores' clients
]

BUCKET, KEY, REGION = "luc-readers", "test", "us-east-1"


@dataclass(frozen=True)
class Stored:
    """Where the dataset of a local database lies, and its states."""

    endpoint: str
    address: str
    state: pa.Table


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    pytest.importorskip("moto.server", reason="needs moto[server]")
    s3fs = pytest.importorskip("s3fs", reason="needs the extra s3")
    folder = tmp_path_factory.mktemp("readers")
    content = state_content(7, GRIDS["finer"], tuple(range(1950, 1956)), masks="mixed")
    states = write(folder / "states.nc", content, Form())
    with s3_server() as endpoint:
        options = {"key": KEY, "secret": KEY, "endpoint_url": endpoint}
        s3fs.S3FileSystem(**options).mkdir(BUCKET)
        named: dict[str, Any] = {"parquet": f"s3://{BUCKET}/luc", "storage_options": options}
        report = build(states=states, out=folder / "out", **named)
        with duckdb.connect(str(folder / "out" / "luc.duckdb"), read_only=True) as con:
            state = con.sql("FROM state ORDER BY cell_id, year").to_arrow_table()
        yield Stored(endpoint, str(report.parquet), state)
        s3fs.S3FileSystem.clear_instance_cache()


def by_pyarrow(stored: Stored) -> pa.Table:
    store = S3FileSystem(
        access_key=KEY,
        secret_key=KEY,
        region=REGION,
        scheme="http",
        endpoint_override=stored.endpoint.removeprefix("http://"),
    )
    folder = f"{stored.address.removeprefix('s3://')}/state"
    return pads.dataset(folder, filesystem=store).to_table()


def by_polars(stored: Stored) -> pa.Table:
    polars = pytest.importorskip("polars")
    options = {
        "aws_access_key_id": KEY,
        "aws_secret_access_key": KEY,
        "aws_region": REGION,
        "aws_endpoint_url": stored.endpoint,
        "aws_allow_http": "true",
    }
    found = polars.scan_parquet(f"{stored.address}/state/*.parquet", storage_options=options)
    return found.collect().to_arrow()


def by_datafusion(stored: Stored) -> pa.Table:
    datafusion = pytest.importorskip("datafusion")
    from datafusion.object_store import AmazonS3  # noqa: PLC0415  # may not be installed

    store = AmazonS3(
        bucket_name=BUCKET,
        region=REGION,
        access_key_id=KEY,
        secret_access_key=KEY,
        endpoint=stored.endpoint,
        allow_http=True,
    )
    context = datafusion.SessionContext()
    context.register_object_store("s3://", store, BUCKET)
    context.register_parquet("state", f"{stored.address}/state/")
    return context.sql("SELECT * FROM state").to_arrow_table()


def by_duckdb(stored: Stored) -> pa.Table:
    """Through fsspec: the extension httpfs would have to be downloaded."""
    s3fs = pytest.importorskip("s3fs")
    with duckdb.connect() as con:
        con.register_filesystem(
            s3fs.S3FileSystem(key=KEY, secret=KEY, endpoint_url=stored.endpoint)
        )
        parts = con.read_parquet(f"{stored.address}/state/*.parquet")
        return parts.to_arrow_table()


@pytest.mark.parametrize("read", [by_pyarrow, by_polars, by_datafusion, by_duckdb])
def test_it_is_what_the_local_database_holds(
    stored: Stored, read: Callable[[Stored], pa.Table]
) -> None:
    found = read(stored).sort_by([("cell_id", "ascending"), ("year", "ascending")])
    assert found.num_rows == stored.state.num_rows > 0
    assert found.schema.names == stored.state.schema.names
    for name in found.schema.names:
        assert found.schema.field(name).type == stored.state.schema.field(name).type
        one, other = (table.column(name).combine_chunks() for table in (found, stored.state))
        assert one.equals(other), name

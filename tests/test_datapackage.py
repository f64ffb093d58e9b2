"""The data package: its descriptor is valid, and true of every file that it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from loader import build, write_sample

frictionless = pytest.importorskip("frictionless")

KINDS = {
    "integer": ("int",),
    "number": ("float", "double", "decimal"),
    "boolean": ("bool",),
    "date": ("date",),
    "datetime": ("timestamp",),
    "string": ("string", "large_string"),
    "array": ("list",),
}


@pytest.fixture(scope="module", params=["stored", "views"])
def parquet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    write_sample(folder / "raw", years=(2010, 2011), resolution=2, only=["eluc", "states"])
    build(raw=folder / "raw", out=folder / "out", tables=request.param)
    return folder / "out" / "parquet"


@pytest.fixture
def package(parquet: Path) -> dict[str, Any]:
    descriptor: dict[str, Any] = json.loads((parquet / "datapackage.json").read_text())
    return descriptor


def test_frictionless_finds_nothing_wrong(parquet: Path, package: dict[str, Any]) -> None:
    assert not list(frictionless.Package.metadata_validate(package))
    names = [one.name for one in frictionless.Package(str(parquet / "datapackage.json")).resources]
    assert set(names) == {path.name for path in parquet.iterdir() if path.is_dir()}


def test_fields_are_the_columns_of_the_files(parquet: Path, package: dict[str, Any]) -> None:
    named = set()
    for resource in package["resources"]:
        paths = resource["path"] if isinstance(resource["path"], list) else [resource["path"]]
        named.update(paths)
        schema = pq.read_schema(parquet / paths[0])
        fields = resource["schema"]["fields"]
        assert [field["name"] for field in fields] == schema.names
        for field in fields:
            kind = str(schema.field(field["name"]).type)
            assert kind.startswith(KINDS[field["type"]]), (resource["name"], field, kind)
            assert field["description"]
    assert named == {path.relative_to(parquet).as_posix() for path in parquet.rglob("*.parquet")}


def test_keys_identify_rows_and_refer_to_rows(parquet: Path, package: dict[str, Any]) -> None:
    folders = {
        one["name"]: str(parquet / one["name"] / "*.parquet") for one in package["resources"]
    }
    with duckdb.connect() as con:
        for resource in package["resources"]:
            schema, files = resource["schema"], folders[resource["name"]]
            keys = ", ".join(f'"{key}"' for key in schema["primaryKey"])
            repeated = f"SELECT count(*) - count(DISTINCT ({keys})) FROM '{files}'"
            assert con.sql(repeated).fetchall() == [(0,)], resource["name"]
            for key in schema.get("foreignKeys", []):
                (column,), (other,) = key["fields"], key["reference"]["fields"]
                lost = (
                    f"FROM '{files}' ANTI JOIN '{folders[key['reference']['resource']]}' "
                    f'USING ("{column}")'
                )
                assert column == other
                assert con.sql(lost).fetchall() == []

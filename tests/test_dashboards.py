"""The bundle for Superset and the sources for dbt agree with the catalog of a database."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from sql_database import KEYS, Frames, create, insert_map, random_frames

from loader.catalog.objects import SchemaContext
from loader.grid import Grid
from loader.schema import SOURCES
from tools.bi.__main__ import SUPERSET, pack, repository_files
from tools.bi.charts import CHARTS, Chart

NAMES = sorted(path.stem for path in SUPERSET.glob("datasets/luc/*.yaml"))
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def files(kind: str) -> list[dict[str, Any]]:
    """The stored files of a kind of object, which a test below proves to be current."""
    paths = sorted((SUPERSET / kind).rglob("*.yaml"))
    return [yaml.load(path.read_text(encoding="utf-8"), LOADER) for path in paths]


@cache
def datasets() -> dict[str, dict[str, Any]]:
    return {dataset["table_name"]: dataset for dataset in files("datasets")}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    context = SchemaContext(Grid.global_grid(30.0))
    with closing(duckdb.connect()) as con:
        create(con, frames := _without_extras(), context)
        insert_map(con, frames, context)
        yield con


def _without_extras() -> Frames:
    """Rows with the variables of LUH2's states only."""
    frames = random_frames(7)
    names = [variable.column for variable in SOURCES["states"].variables]
    return Frames(frames.cell, frames.state[[*KEYS, *names]], frames.eluc)


def test_the_repository_has_what_the_catalog_says() -> None:
    current = repository_files()
    stored = {path: path.read_text(encoding="utf-8") for path in current if path.is_file()}
    assert stored == current, "run python -m tools.bi"
    assert {*SUPERSET.rglob("*.yaml")} <= current.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_of_a_dataset_is_sql(name: str, database: duckdb.DuckDBPyConnection) -> None:
    dataset = datasets()[name]
    source = f"({dataset['sql']})" if dataset["sql"] else f'main."{dataset["table_name"]}"'
    metrics = ", ".join(metric["expression"] for metric in dataset["metrics"])
    columns = ", ".join(f'"{column["column_name"]}"' for column in dataset["columns"])
    assert database.execute(f"SELECT {metrics} FROM {source}").fetchall()
    found = database.execute(f"SELECT {columns} FROM {source} LIMIT 0").description
    assert [str(column[1]) for column in found] == [
        column["type"].replace("REAL", "FLOAT") for column in dataset["columns"]
    ]


def test_metrics_weight_by_area_and_do_not_add_up_stocks(
    database: duckdb.DuckDBPyConnection,
) -> None:
    metrics = _expressions("eluc_state")
    years, land, emission, mean = database.execute(
        f"""SELECT count(DISTINCT year), {metrics["forest_area"]}, {metrics["emissions_mtco2"]},
        {metrics["eluc_mean"]} FROM eluc_state"""
    ).fetchall()[0]
    assert years > 1
    expected = database.execute(
        """SELECT sum(forest * area_ha) / 1e6 / ?, sum(eluc * area_ha) * 3.664 / 1e6,
        sum(eluc * area_ha) / sum(area_ha) FILTER (WHERE eluc IS NOT NULL) FROM eluc_state""",
        [years],
    ).fetchall()[0]
    assert (land, emission, mean) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("measure", ["emissions_mtc", "emissions_mtco2"])
def test_all_datasets_count_the_same_emissions(
    measure: str, database: duckdb.DuckDBPyConnection
) -> None:
    sums = {
        name: database.execute(f"SELECT {_expressions(name)[measure]} FROM {name}").fetchall()[0][0]
        for name in ("eluc_global", "eluc_country", "luc_map_1deg", "eluc_state")
    }
    assert sums.values() == pytest.approx([sums["eluc_global"]] * 4, rel=1e-6)


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.title)
def test_a_chart_uses_columns_and_metrics_of_its_dataset(chart: Chart) -> None:
    dataset = datasets()[chart.dataset]
    assert {*chart.metrics} <= {metric["metric_name"] for metric in dataset["metrics"]}
    columns = {column["column_name"] for column in dataset["columns"]}
    assert {*chart.columns, "date", *(column for column, *_ in chart.where)} <= columns


def test_every_chart_is_on_the_dashboard_once() -> None:
    (dashboard,) = files("dashboards")
    shown = [p["meta"]["sliceName"] for p in dashboard["position"].values()
             if isinstance(p, dict) and p["type"] == "CHART"]  # fmt: skip
    assert sorted(shown) == sorted(chart.title for chart in CHARTS)


def test_a_packed_bundle_names_its_database(tmp_path: Path) -> None:
    pack(tmp_path / "my luc.duckdb", tmp_path / "luc.zip")
    with zipfile.ZipFile(tmp_path / "luc.zip") as archive:
        names = archive.namelist()
        content = yaml.safe_load(archive.read("luc-load/databases/luc.yaml"))
    assert len(names) == len([*SUPERSET.rglob("*.yaml")])
    uri = content["sqlalchemy_uri"]
    assert uri.startswith("duckdb:////")
    assert uri.endswith("my luc.duckdb?access_mode=READ_ONLY")


def _expressions(dataset: str) -> Mapping[str, str]:
    return {m["metric_name"]: m["expression"] for m in datasets()[dataset]["metrics"]}


def test_the_query_of_a_chart_is_json() -> None:
    charts = files("charts")
    assert len(charts) == len(CHARTS)
    for chart in charts:
        (query,) = json.loads(chart["query_context"])["queries"]
        assert query["metrics"], chart["slice_name"]

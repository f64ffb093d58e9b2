"""The Superset bundle: a database, datasets with descriptions and metrics, charts, a dashboard.

Identifiers are derived from names, so that importing a later version replaces an earlier one.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loader.schema import USES
from tools.bi.catalog import Column, Relation, describe_query, query_text
from tools.bi.charts import CHARTS, HEIGHTS, ROWS, Chart

__all__ = ["DASHBOARD", "bundle"]

DASHBOARD = "Land-use change and its emissions"
URI = "duckdb:////data/luc-data/luc.duckdb?access_mode=READ_ONLY"
"""Where the bundle expects the database; `python -m tools.bi pack DB` replaces it."""

_CO2 = 3.664
_VERSION = "1.0.0"
_TIME = {
    "clause": "WHERE",
    "comparator": "No filter",
    "expressionType": "SIMPLE",
    "operator": "TEMPORAL_RANGE",
    "subject": "date",
}
"""Lets the dashboard's filter of years reach a chart."""

_PHYSICAL = (
    *("eluc_global", "state_global", "eluc_country", "state_country", "luc_map_1deg"),
    *("eluc_state", "luc", "state_diff", "cell", "year", "source", "data_dictionary"),
)
_VIRTUAL = ("global_and_published", "land_use_change_by_decade", "place")
_DIMENSIONS = {"year", "cell_id", "prev_year", "country_code", "lat", "lon"}


@dataclass(frozen=True)
class Metric:
    """A measure of a dataset: a name, a label, an aggregate in SQL, a meaning, a number format."""

    name: str
    label: str
    expression: str
    description: str
    format: str = ",.1f"


def bundle(catalog: Mapping[str, Relation], uri: str = URI) -> dict[str, dict[str, Any]]:
    """Return the files of the bundle by their paths, each as the content of its YAML.

    Parameters
    ----------
    catalog : Mapping of str to Relation
        The tables and views of a database.
    uri : str
        SQLAlchemy's address of the database.
    """
    files: dict[str, dict[str, Any]] = {
        "metadata.yaml": {
            "version": _VERSION,
            "type": "Dashboard",
            "timestamp": "2025-01-01T00:00:00+00:00",
        },
        "databases/luc.yaml": _database(uri),
    }
    for name in _PHYSICAL:
        files[f"datasets/luc/{name}.yaml"] = _dataset(catalog[name], None)
    for name in _VIRTUAL:
        relation = describe_query(name, catalog)
        files[f"datasets/luc/{name}.yaml"] = _dataset(relation, query_text(name))
    for chart in CHARTS:
        files[f"charts/{_file_name(chart.title)}.yaml"] = _chart(chart)
    files[f"dashboards/{_file_name(DASHBOARD)}.yaml"] = _dashboard()
    return files


def _id(kind: str, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"luc-load/superset/{kind}/{name}"))


def _file_name(title: str) -> str:
    return "_".join("".join(c if c.isalnum() else " " for c in title.lower()).split())


def _database(uri: str) -> dict[str, Any]:
    return {
        "database_name": "Land-use change",
        "sqlalchemy_uri": uri,
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {"allows_virtual_table_explore": True},
        "uuid": _id("database", "luc"),
        "version": _VERSION,
    }


def _dataset(relation: Relation, sql: str | None) -> dict[str, Any]:
    dates = [column.name for column in relation.columns if column.data_type == "DATE"]
    return {
        "table_name": relation.name,
        "main_dttm_col": dates[0] if dates else None,
        "description": relation.comment,
        "schema": None if sql else "main",
        "catalog": None,
        "sql": sql,
        "filter_select_enabled": True,
        "uuid": _id("dataset", relation.name),
        "metrics": [_metric(metric) for metric in _metrics(relation)],
        "columns": [_column(column) for column in relation.columns],
        "version": _VERSION,
        "database_uuid": _id("database", "luc"),
    }


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "metric_name": metric.name,
        "verbose_name": metric.label,
        "metric_type": None,
        "expression": metric.expression,
        "description": metric.description,
        "d3format": metric.format,
        "warning_text": None,
    }


def _column(column: Column) -> dict[str, Any]:
    is_measure = column.data_type in {"DOUBLE", "REAL", "FLOAT"} and column.name not in _DIMENSIONS
    return {
        "column_name": column.name,
        "verbose_name": None,
        "is_dttm": column.data_type == "DATE",
        "is_active": True,
        "type": column.data_type,
        "groupby": not is_measure,
        "filterable": True,
        "expression": None,
        "description": column.text,
    }


def _metrics(relation: Relation) -> Iterable[Metric]:
    """Return what may be summed in a table, in units that charts can show."""
    names = {column.name for column in relation.columns}
    yield Metric("rows", "Rows", "COUNT(*)", "number of rows", ",d")
    yield from _emissions(names)
    if "year" in names:
        yield from _areas(names)
    if "published_year_pgc" in names:
        year, decade = "published_year_pgc", "published_decade_pgc"
        text = "published for BLUE in the Global Carbon Budget 2022"
        yield Metric("published_year", "Published, year", f"AVG({year})", text, ",.2f")
        yield Metric(
            "published_decade", "Published, mean of the decade", f"AVG({decade})", text, ",.2f"
        )
    if "change_mha" in names:
        text = "change of the area, net"
        yield Metric("change", "Change (Mha)", "SUM(change_mha)", text)


def _emissions(names: set[str]) -> Iterable[Metric]:
    """Return the emissions of a table in the units of charts."""
    sums = {"emission_tc": 1e-6, "emission_mtc": 1.0, "emission_pgc": 1e3}
    text = "emissions from land-use change, the sum over the selected rows and years"
    for column, to_mt in sums.items():
        if column in names:
            factor = f" * {to_mt:g}" if to_mt != 1 else ""
            yield Metric("emissions_mtc", "Emissions (Mt C)", f"SUM({column}){factor}", text)
            expression = f"SUM({column}) * {to_mt * _CO2:g}"
            yield Metric("emissions_mtco2", "Emissions (Mt CO2)", expression, text)
    if "emission_pgc" in names:
        yield Metric("emissions_pgc", "Emissions (Pg C)", "SUM(emission_pgc)", text, ",.2f")
    if {"emission_tc", "area_ha"} <= names:
        yield Metric(
            "eluc_mean",
            "Emissions (t C a year and hectare)",
            "SUM(emission_tc) / SUM(CASE WHEN emission_tc IS NOT NULL THEN area_ha END)",
            "mean of the emissions per hectare, weighted by area: the way to average eluc",
            ",.3f",
        )


def _areas(names: set[str]) -> Iterable[Metric]:
    """Return land uses and their changes in Mha: a use is the mean of the selected years."""
    years = 'COUNT(DISTINCT "year")'
    for name in USES:
        area = next((each for each in _area_columns(name) if each[0] in names), None)
        if area and (area[0] != name or "area_ha" in names):
            expression = f"SUM({area[1]}) / {years}"
            text = "area of the selected rows, the mean of the selected years"
            yield Metric(f"{name}_area", f"{name} (Mha)", expression, text)
        change = next((each for each in _area_columns(f"{name}_diff") if each[0] in names), None)
        if change and (change[0] != f"{name}_diff" or "area_ha" in names):
            text = "change of the area, the sum of the selected rows and years"
            yield Metric(
                f"{name}_change", f"Change of {name} (Mha)", f"SUM({change[1]})", text, ",.2f"
            )


def _area_columns(name: str) -> Sequence[tuple[str, str]]:
    """Return the columns that may hold the area of a land use, and how each becomes Mha."""
    return (
        (f"{name}_mha", f'"{name}_mha"'),
        (f"{name}_ha", f'"{name}_ha" * 1e-6'),
        (name, f'"{name}" * area_ha * 1e-6'),
    )


def _chart(chart: Chart) -> dict[str, Any]:
    """Return a chart: what its form shows, and the query that the API runs."""
    simple = [
        {
            "clause": "WHERE",
            "expressionType": "SIMPLE",
            "subject": column,
            "operator": operator,
            "comparator": value,
        }
        for column, operator, value in chart.where
    ]
    params = {
        "viz_type": chart.kind,
        "adhoc_filters": [_TIME, *simple],
        "row_limit": chart.limit,
        "order_desc": chart.descending,
        **chart.drawing,
    }
    # Kinds with one measure name it `metric`, the others list `metrics`.
    if "metric" not in params:
        is_single = chart.kind == "big_number"
        params |= {"metric": chart.metrics[0]} if is_single else {"metrics": list(chart.metrics)}
    return {
        "slice_name": chart.title,
        "description": chart.description,
        "certified_by": None,
        "certification_details": None,
        "viz_type": chart.kind,
        "params": params,
        "query_context": json.dumps(_query_context(chart, params)),
        "cache_timeout": None,
        "uuid": _id("chart", chart.title),
        "version": _VERSION,
        "dataset_uuid": _id("dataset", chart.dataset),
    }


def _query_context(chart: Chart, params: Mapping[str, Any]) -> dict[str, Any]:
    filters = [{"col": "date", "op": "TEMPORAL_RANGE", "val": "No filter"}]
    filters += [{"col": c, "op": op, **({"val": v} if v else {})} for c, op, v in chart.where]
    columns: list[Any] = [*chart.columns]
    if columns[:1] == ["date"]:
        columns[0] = {
            "columnType": "BASE_AXIS",
            "expressionType": "SQL",
            "label": "date",
            "sqlExpression": "date",
            "timeGrain": "P1Y",
        }
    query = {
        "filters": filters,
        "extras": {"having": "", "where": ""},
        "columns": columns,
        "metrics": list(chart.metrics),
        "orderby": [[chart.metrics[0], False]] if chart.descending else [],
        "row_limit": chart.limit,
        "order_desc": chart.descending,
    }
    return {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [query],
        "form_data": dict(params),
        "result_format": "json",
        "result_type": "full",
    }


def _dashboard() -> dict[str, Any]:
    rows = [f"ROW-{number}" for number, _ in enumerate(ROWS)]
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": rows, "parents": ["ROOT_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": DASHBOARD}},
    }
    number = 0
    for row, charts, height in zip(rows, ROWS, HEIGHTS, strict=True):
        keys = []
        for title, width in charts:
            number += 1
            key = f"CHART-{number}"
            keys.append(key)
            position[key] = {
                "id": key,
                "type": "CHART",
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", row],
                "meta": {
                    "chartId": number,
                    "height": height,
                    "sliceName": title,
                    "uuid": _id("chart", title),
                    "width": width,
                },
            }
        position[row] = {
            "id": row,
            "type": "ROW",
            "children": keys,
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
    return {
        "dashboard_title": DASHBOARD,
        "description": "Emissions from land-use change (BLUE) and land use (LUH2).",
        "css": "",
        "slug": "land-use-change",
        "certified_by": "",
        "certification_details": "",
        "published": True,
        "uuid": _id("dashboard", DASHBOARD),
        "position": position,
        "metadata": {
            "color_scheme": "supersetColors",
            "cross_filters_enabled": False,
            "refresh_frequency": 0,
            "native_filter_configuration": [
                {
                    "id": "NATIVE_FILTER-years",
                    "name": "Years",
                    "filterType": "filter_time",
                    "type": "NATIVE_FILTER",
                    "description": "For example 1990-01-01 : 2000-01-01, the end not included.",
                    "targets": [{}],
                    "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
                    "cascadeParentIds": [],
                    "controlValues": {"enableEmptyFilter": False},
                    "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
                }
            ],
        },
        "version": _VERSION,
    }

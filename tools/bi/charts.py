"""The charts of the Superset dashboard and where each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CHARTS", "HEIGHTS", "ROWS", "Chart"]


@dataclass(frozen=True)
class Chart:
    """A chart: its dataset, its kind, the query, and how it is drawn.

    Attributes
    ----------
    title, dataset, kind, description : str
        `kind` is Superset's `viz_type`.
    metrics, columns : tuple of str
        What the query selects; a chart over time has the column `date` first.
    drawing : Mapping
        Settings of the kind.
    where : tuple of (str, str, str)
        Conditions: column, operator, value.
    limit : int
        Number of rows at most.
    descending : bool
        Whether the rows are sorted by the first metric, the largest first.
    """

    title: str
    dataset: str
    kind: str
    description: str
    metrics: tuple[str, ...]
    columns: tuple[str, ...] = ()
    drawing: Mapping[str, Any] = field(default_factory=dict)
    where: tuple[tuple[str, str, str], ...] = ()
    limit: int = 10_000
    descending: bool = False


_LINE: dict[str, Any] = {"x_axis": "date", "time_grain_sqla": "P1Y", "x_axis_time_format": "%Y"}
_SHOWN: dict[str, Any] = {"show_legend": True, "rich_tooltip": True, "legendType": "scroll"}
_GROUPS = ("forest", "primn", "secdn", "crop", "pastr", "range", "urban")
"""Land uses that together are all land, without double counting."""

CHARTS = (
    Chart(
        "Emissions of the latest year",
        "eluc_global",
        "big_number",
        "Emissions from land-use change of the latest year, Mt CO2.",
        ("emissions_mtco2",),
        ("date",),
        {**_LINE, "show_trend_line": True, "y_axis_format": ",.0f", "subheader": "Mt CO2 a year"},
    ),
    Chart(
        "Global emissions and the published totals",
        "global_and_published",
        "echarts_timeseries_line",
        "Emissions of every year (Pg C), next to the totals that the Global Carbon Budget 2022 "
        "published for BLUE. Synthetic files need not agree with them.",
        ("emissions_pgc", "published_decade", "published_year"),
        ("date",),
        {
            **_LINE,
            **_SHOWN,
            "y_axis_title": "Pg C a year",
            "y_axis_format": ",.2f",
            "y_axis_title_margin": 40,
            "markerEnabled": True,
            "markerSize": 4,
        },
    ),
    Chart(
        "Map of emissions",
        "luc_map_1deg",
        "heatmap_v2",
        "Emissions per hectare by square of one degree, the mean of the selected years.",
        ("eluc_mean",),
        ("lon", "lat"),
        {
            "x_axis": "lon",
            "groupby": "lat",
            "metric": "eluc_mean",
            "normalize_across": "heatmap",
            "linear_color_scheme": "schemePuOr",
            "sort_x_axis": "alpha_asc",
            "sort_y_axis": "alpha_asc",
            "show_legend": True,
            "legend_type": "continuous",
            "value_bounds": [-1, 1],
            "y_axis_format": ",.2f",
            "xscale_interval": -1,
            "yscale_interval": -1,
            "bottom_margin": "auto",
            "left_margin": "auto",
        },
        limit=70_000,
    ),
    Chart(
        "Emissions by country",
        "eluc_country",
        "world_map",
        "Emissions of today's countries, the sum of the selected years (Mt CO2).",
        ("emissions_mtco2",),
        ("country_iso3",),
        {
            "entity": "country_iso3",
            "country_fieldtype": "cca3",
            "metric": "emissions_mtco2",
            "secondary_metric": "emissions_mtco2",
            "show_bubbles": False,
            "color_by": "metric",
            "linear_color_scheme": "schemeOranges",
            "y_axis_format": ",.0f",
        },
        where=(("country_iso3", "IS NOT NULL", ""),),
    ),
    Chart(
        "Countries with the largest emissions",
        "eluc_country",
        "echarts_timeseries_bar",
        "The sum of the selected years (Mt CO2), today's borders.",
        ("emissions_mtco2",),
        ("country",),
        {
            "x_axis": "country",
            "orientation": "horizontal",
            "x_axis_sort": "emissions_mtco2",
            "x_axis_sort_asc": True,
            "y_axis_format": ",.0f",
            "show_value": True,
            "xAxisForceCategorical": True,
            "truncateXAxis": False,
        },
        where=(("country", "!=", "Unassigned"),),
        limit=15,
        descending=True,
    ),
    Chart(
        "Land use",
        "state_global",
        "echarts_area",
        "Area of all land by use (Mha); forest is primary and secondary potential forest.",
        tuple(f"{name}_area" for name in _GROUPS),
        ("date",),
        {
            **_LINE,
            **_SHOWN,
            "stack": "Stack",
            "opacity": 0.8,
            "y_axis_format": ",.0f",
            "y_axis_title": "Mha",
            "y_axis_title_margin": 40,
        },
    ),
    Chart(
        "Change of the land uses by decade",
        "land_use_change_by_decade",
        "echarts_timeseries_bar",
        "Net change of the area of each land use (Mha).",
        ("change",),
        ("decade", "land_use"),
        {
            **_SHOWN,
            "x_axis": "decade",
            "groupby": ["land_use"],
            "x_axis_sort_asc": True,
            "stack": "Stack",
            "y_axis_format": ",.0f",
            "y_axis_title": "Mha a decade",
            "y_axis_title_margin": 40,
            "xAxisForceCategorical": True,
        },
    ),
    Chart(
        "A place: emissions",
        "place",
        "echarts_timeseries_line",
        "Emissions per hectare of the cell that holds London. Another place: edit the dataset.",
        ("eluc_mean",),
        ("date",),
        {
            **_LINE,
            "y_axis_format": ",.2f",
            "y_axis_title": "t C a year and hectare",
            "y_axis_title_margin": 40,
        },
    ),
    Chart(
        "A place: land use",
        "place",
        "echarts_area",
        "Land uses of the same cell (Mha).",
        tuple(f"{name}_area" for name in _GROUPS),
        ("date",),
        {**_LINE, **_SHOWN, "stack": "Stack", "opacity": 0.8, "y_axis_format": ",.3f"},
    ),
)

ROWS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("Emissions of the latest year", 3), ("Global emissions and the published totals", 9)),
    (("Map of emissions", 12),),
    (("Emissions by country", 7), ("Countries with the largest emissions", 5)),
    (("Land use", 6), ("Change of the land uses by decade", 6)),
    (("A place: emissions", 6), ("A place: land use", 6)),
)
"""The charts of each row of the dashboard, and their widths of 12."""

HEIGHTS = (50, 80, 60, 50, 50)
"""The height of each row in units of 8 pixels."""

"""luc-load: gridded land-use change data as Parquet and one DuckDB file.

>>> import loader
>>> loader.build(sample=True, years="1990:2022", out="demo")  # doctest: +SKIP
>>> loader.query("FROM eluc_global", "demo").df()  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from loader._version import __version__
from loader.errors import (
    BadValueError,
    DatabaseError,
    ExtraMissingError,
    GridError,
    LandMaskError,
    LucLoadError,
    OutputBusyError,
    OutputError,
    ServiceError,
    SourceBusyError,
    SourceError,
    SourceMissingError,
    SqlFileError,
    TimeAxisError,
    UsageError,
)

if TYPE_CHECKING:
    from loader.api import QueryResult, check, connect, export, info, query, report
    from loader.building.build import build
    from loader.checking.results import CheckReport
    from loader.comparing.diff import diff
    from loader.comparing.report import DiffReport
    from loader.description import DatabaseInfo
    from loader.exporting.backend import open_dataset
    from loader.exporting.export import ExportReport
    from loader.fetching.fetch import FetchReport, fetch
    from loader.plotting.plot import plot_change, plot_map, plot_series
    from loader.reporting import Progress, Reporter
    from loader.sampling import write_sample
    from loader.sampling import write_sample as sample
    from loader.summary import BuildReport

__all__ = [
    "BadValueError",
    "BuildReport",
    "CheckReport",
    "DatabaseError",
    "DatabaseInfo",
    "DiffReport",
    "ExportReport",
    "ExtraMissingError",
    "FetchReport",
    "GridError",
    "LandMaskError",
    "LucLoadError",
    "OutputBusyError",
    "OutputError",
    "Progress",
    "QueryResult",
    "Reporter",
    "ServiceError",
    "SourceBusyError",
    "SourceError",
    "SourceMissingError",
    "SqlFileError",
    "TimeAxisError",
    "UsageError",
    "__version__",
    "build",
    "check",
    "connect",
    "diff",
    "export",
    "fetch",
    "info",
    "open_dataset",
    "plot_change",
    "plot_map",
    "plot_series",
    "query",
    "report",
    "sample",
    "write_sample",
]

_LAZY = {
    "BuildReport": "loader.summary",
    "CheckReport": "loader.checking.results",
    "DatabaseInfo": "loader.description",
    "DiffReport": "loader.comparing.report",
    "ExportReport": "loader.exporting.export",
    "FetchReport": "loader.fetching.fetch",
    "Progress": "loader.reporting",
    "QueryResult": "loader.api",
    "Reporter": "loader.reporting",
    "build": "loader.building.build",
    "check": "loader.api",
    "connect": "loader.api",
    "diff": "loader.comparing.diff",
    "export": "loader.api",
    "fetch": "loader.fetching.fetch",
    "info": "loader.api",
    "open_dataset": "loader.exporting.backend",
    "plot_change": "loader.plotting.plot",
    "plot_map": "loader.plotting.plot",
    "plot_series": "loader.plotting.plot",
    "query": "loader.api",
    "report": "loader.api",
    "sample": "loader.sampling:write_sample",
    "write_sample": "loader.sampling",
}
"""Where each name is; imported at its first use, because xarray and the like take seconds."""


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the module holds
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, own_name = _LAZY[name].partition(":")
    value = getattr(importlib.import_module(module), own_name or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

"""luc-load: gridded land-use change data as Parquet and one DuckDB file.

>>> from loader import build  # doctest: +SKIP
>>> build(sample=True, years="1990:2022")  # doctest: +SKIP
"""

from __future__ import annotations

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
    from loader.building.build import build
    from loader.exporting.backend import open_dataset
    from loader.fetching.fetch import FetchReport, fetch
    from loader.sampling import write_sample
    from loader.summary import BuildReport

__all__ = [
    "BadValueError",
    "BuildReport",
    "DatabaseError",
    "ExtraMissingError",
    "FetchReport",
    "GridError",
    "LandMaskError",
    "LucLoadError",
    "OutputBusyError",
    "OutputError",
    "ServiceError",
    "SourceBusyError",
    "SourceError",
    "SourceMissingError",
    "SqlFileError",
    "TimeAxisError",
    "UsageError",
    "__version__",
    "build",
    "fetch",
    "open_dataset",
    "write_sample",
]

_LAZY = {
    "BuildReport": "loader.summary",
    "FetchReport": "loader.fetching.fetch",
    "build": "loader.building.build",
    "fetch": "loader.fetching.fetch",
    "open_dataset": "loader.exporting.backend",
    "write_sample": "loader.sampling",
}
"""Imported when asked for: xarray and its like take longer than `luc-load --help` may."""


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the module holds
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415  # as above

    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value

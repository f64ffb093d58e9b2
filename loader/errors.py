"""Every error that luc-load raises on purpose, one class a stage.

::

    LucLoadError                    exit code 1
    ├── UsageError                  2   options that contradict each other
    ├── SourceError                 3   a source is missing, unreadable or not what it must be
    │   ├── SourceMissingError      3
    │   ├── SourceBusyError         1   another process is writing it
    │   ├── GridError               3   coordinates
    │   ├── TimeAxisError           3   years
    │   └── BadValueError           3   data values
    ├── OutputError                 1   the output cannot be written or is not ours
    │   └── OutputBusyError         1   another process holds it
    ├── ServiceError                1   a cluster or an object store is lost or refuses
    ├── DatabaseError               1   DuckDB refused, or the database is not what was written
    ├── LandMaskError               1   the package of the land mask is missing or damaged
    ├── ExtraMissingError           1   an optional package is not installed
    └── SqlFileError                1   a file of sql/ or queries/ is missing or malformed

A message says what was found, where (file and variable), what was expected and how to mend it.
"""

from __future__ import annotations

__all__ = [
    "BadValueError",
    "DatabaseError",
    "ExtraMissingError",
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
    "one_line",
]

_LONGEST = 200
"""Characters of what a library says: HDF5 adds its whole stack, web servers a page."""


class LucLoadError(Exception):
    """Base of every error raised on purpose; `exit_code` is what the command line returns."""

    exit_code: int = 1


class UsageError(LucLoadError):
    """Options that contradict each other or have no meaning."""

    exit_code = 2


class SourceError(LucLoadError):
    """A source is unreadable or not what it must be.

    Parameters
    ----------
    path : str
        The file or URL, as the user named it.
    message : str
        What was found, what was expected, how to mend it.
    variable : str, optional
        The variable or dimension it was found in.
    """

    exit_code = 3

    def __init__(self, path: str, message: str, variable: str | None = None) -> None:
        self.path = path
        self.variable = variable
        where = f"{path}: {variable}" if variable else path
        self.message = message
        super().__init__(f"{where}: {message}")

    def __reduce__(self) -> tuple[type[SourceError], tuple[str, str, str | None]]:
        # An error crosses from a worker process to the one that reports it.
        return type(self), (self.path, self.message, self.variable)


class SourceMissingError(SourceError):
    """A source that was named does not exist."""


class SourceBusyError(SourceError):
    """Another process is writing a source."""

    exit_code = 1


class GridError(SourceError):
    """Coordinates that are no regular grid, or not the grid of the other sources."""


class TimeAxisError(SourceError):
    """A time axis that names no calendar years."""


class BadValueError(SourceError):
    """Data values that cannot be right: infinity, an undeclared fill value, a damaged chunk."""


class OutputError(LucLoadError):
    """The output cannot be written, or was not made by luc-load."""


class OutputBusyError(OutputError):
    """Another process builds or holds the output."""


class ServiceError(LucLoadError):
    """A service that the build needs is lost or refuses: a cluster, an object store."""


class DatabaseError(LucLoadError):
    """DuckDB refused a statement, or the database does not hold what was written."""


class LandMaskError(LucLoadError):
    """The mask of global-land-mask cannot be read."""


class ExtraMissingError(LucLoadError):
    """What was asked for needs an optional package that is not installed; the message names it."""


class SqlFileError(LucLoadError):
    """A file of sql/ or queries/ is missing or malformed."""


def one_line(error: BaseException) -> str:
    """Return what an error of a library says, in one line, cut where it goes on for ever."""
    return " ".join(str(error).split())[:_LONGEST] or type(error).__name__

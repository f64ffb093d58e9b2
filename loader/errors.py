"""Every error that luc-load raises on purpose, one class per stage.

::

    LucLoadError                    exit code 1
    ├── UsageError                  2   options that contradict each other
    ├── SourceError                 3   a source is missing, unreadable or invalid
    │   ├── SourceMissingError      3
    │   ├── SourceBusyError         1   another process is writing it
    │   ├── GridError               3   coordinates
    │   ├── TimeAxisError           3   years
    │   └── BadValueError           3   data values
    ├── OutputError                 1   the output cannot be written, or luc-load did not make it
    │   └── OutputBusyError         1   another process is using it
    ├── ServiceError                1   a cluster or an object store fails or does not respond
    ├── DatabaseError               1   DuckDB fails, or the database differs from what was written
    ├── LandMaskError               1   the package of the land mask is missing or damaged
    ├── ExtraMissingError           1   an optional package is not installed
    └── SqlFileError                1   a file of sql/ or queries/ is missing or malformed

A message names the problem, the file and variable, what was expected, and the fix.
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
"""Maximum characters of a library's message: HDF5 adds its stack, web servers a page."""


class LucLoadError(Exception):
    """Base of every error raised on purpose; `exit_code` is what the command line returns."""

    exit_code: int = 1


class UsageError(LucLoadError):
    """Options that contradict each other or are not valid."""

    exit_code = 2


class SourceError(LucLoadError):
    """A source is unreadable or invalid.

    Parameters
    ----------
    path : str
        The file or URL, as the user named it.
    message : str
        The problem, what was expected, and the fix.
    variable : str, optional
        The variable or dimension that has the problem.
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
    """Coordinates that do not form a regular grid, or not the grid of the other sources."""


class TimeAxisError(SourceError):
    """A time axis that does not give calendar years."""


class BadValueError(SourceError):
    """Invalid data values: infinity, an undeclared fill value, a damaged chunk."""


class OutputError(LucLoadError):
    """The output cannot be written, or was not made by luc-load."""


class OutputBusyError(OutputError):
    """Another process is building or using the output."""


class ServiceError(LucLoadError):
    """A cluster or an object store fails or does not respond."""


class DatabaseError(LucLoadError):
    """A statement failed in DuckDB, or the database differs from what was written."""


class LandMaskError(LucLoadError):
    """The mask of global-land-mask cannot be read."""


class ExtraMissingError(LucLoadError):
    """A requested feature needs an optional package, named in the message, to be installed."""


class SqlFileError(LucLoadError):
    """A file of sql/ or queries/ is missing or malformed."""


def one_line(error: BaseException) -> str:
    """Return the message of a library's error as one line, truncated if it is long."""
    return " ".join(str(error).split())[:_LONGEST] or type(error).__name__

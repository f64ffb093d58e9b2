"""The formats of `query` and `export`: one registry of names, suffixes and writers."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, cast

from loader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from loader.querying.sinks import Sink

__all__ = [
    "EXPORT_FORMATS",
    "FORMATS",
    "MACHINE_FORMATS",
    "QUERY_FORMATS",
    "FileFormat",
    "choose_format",
    "compressed",
    "suffixes_text",
]

_GZIP = ".gz"
"""The suffix that compresses a text format."""

_GZIP_LEVEL = 4
"""Level of compression; level 6 takes 1.5 times as long and makes the file 4 % smaller."""


@dataclass(frozen=True)
class FileFormat:
    """A format of rows or of grids.

    Attributes
    ----------
    name : str
        As in --format.
    suffixes : tuple of str
        Names of files that have the format, in lower case.
    is_binary : bool
        Whether the format is not readable on a terminal.
    is_grid : bool
        Whether it holds a grid rather than rows, and so needs a path to be written to.
    sink : str
        The class of `loader.querying.sinks` or `loader.querying.text` that writes rows.
    commands : tuple of str
        The commands that write it: query, export or both.
    """

    name: str
    suffixes: tuple[str, ...]
    is_binary: bool = False
    is_grid: bool = False
    sink: str = ""
    commands: tuple[str, ...] = ("export",)

    def new_sink(self, file: BinaryIO, schema: pa.Schema, width: int | None = None) -> Sink:
        """Return a writer of rows.

        Parameters
        ----------
        file : binary file
        schema : pyarrow.Schema
        width : int, optional
            Characters in a line of a table on a terminal.
        """
        # Arrow's CSV and Parquet take a tenth of a second to import; --help needs neither.
        from loader.querying import sinks, text  # noqa: PLC0415

        if self.name == "table":
            return text.TableSink(file, schema, width)
        module = text if hasattr(text, self.sink) else sinks
        return cast("Sink", getattr(module, self.sink)(file, schema))


FORMATS: dict[str, FileFormat] = {
    one.name: one
    for one in (
        FileFormat("table", (".txt",), sink="TableSink", commands=("query",)),
        FileFormat("csv", (".csv",), sink="CsvSink", commands=("query", "export")),
        FileFormat("json", (".json",), sink="JsonSink", commands=("query",)),
        FileFormat("markdown", (".md",), sink="MarkdownSink", commands=("query",)),
        FileFormat(
            "parquet",
            (".parquet",),
            is_binary=True,
            sink="ParquetSink",
            commands=("query", "export"),
        ),
        FileFormat("geoparquet", (".geoparquet",), is_binary=True, sink="ParquetSink"),
        FileFormat("geotiff", (".tif", ".tiff"), is_binary=True, is_grid=True),
        FileFormat("netcdf", (".nc", ".nc4"), is_binary=True, is_grid=True),
        FileFormat("zarr", (".zarr",), is_binary=True, is_grid=True),
    )
}
"""Every format by its name."""

MACHINE_FORMATS: dict[str, Callable[[BinaryIO, pa.Schema], Sink]] = {
    name: FORMATS[name].new_sink for name in ("csv", "json", "parquet")
}
"""Writers of rows for programs."""

QUERY_FORMATS = tuple(name for name, one in FORMATS.items() if "query" in one.commands)
"""Formats of `luc-load query`."""

EXPORT_FORMATS = tuple(name for name, one in FORMATS.items() if "export" in one.commands)
"""Formats of `luc-load export`."""


def suffixes_text(allowed: Sequence[str]) -> str:
    """Return the suffixes of formats in one line, each text format's also compressed."""
    return ", ".join(
        text
        for name in allowed
        for suffix in FORMATS[name].suffixes
        for text in ([suffix] if FORMATS[name].is_binary else [suffix, f"{suffix}{_GZIP}"])
    )


def choose_format(
    output: str, name: str | None, allowed: Sequence[str], default: str
) -> FileFormat:
    """Return the format of an output.

    Parameters
    ----------
    output : str
        A path, or "-" for standard output.
    name : str or None
        As in --format; None decides by the suffix of `output`.
    allowed : sequence of str
        Names of the formats to choose from.
    default : str
        The format of standard output.

    Raises
    ------
    UsageError
        If the suffix is not that of an allowed format, if a compressed format would be compressed
        again, if a terminal would get a binary format, or if a grid has no path.
    """
    from loader.querying.output import STDOUT, is_terminal  # noqa: PLC0415  # --help must be quick

    suffix = PurePath(output).suffix.lower()
    # 1. --format, else the suffix of the file, else the default of standard output.
    if name is not None:
        chosen = FORMATS[name]
    elif output == STDOUT:
        chosen = FORMATS[default]
    else:
        inner = PurePath(PurePath(output).stem).suffix.lower() if suffix == _GZIP else suffix
        matches = [FORMATS[one] for one in allowed if inner in FORMATS[one].suffixes]
        if not matches:
            raise UsageError(
                f"{output}: its suffix does not name a format; use one of "
                f"{suffixes_text(allowed)}, or --format"
            )
        chosen = matches[0]
    # 2. Reject where the format cannot go.
    if chosen.is_binary and suffix == _GZIP:
        raise UsageError(f"{output}: {chosen.name} is compressed already; leave out .gz")
    if chosen.is_grid and output == STDOUT:
        raise UsageError(f"{chosen.name} cannot be written to standard output; use -o PATH")
    if chosen.is_binary and is_terminal(output):
        raise UsageError(f"{chosen.name} is binary; write it to a file with -o FILE")
    return chosen


@contextmanager
def compressed(file: BinaryIO, output: str) -> Iterator[BinaryIO]:
    """Compress what is written to a file whose name ends in .gz; others are written as they are.

    The same rows give the same bytes: neither name nor time is recorded.
    """
    if PurePath(output).suffix.lower() != _GZIP:
        yield file
        return
    with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as packed:
        yield cast("BinaryIO", packed)

"""`luc-load build`."""

from __future__ import annotations

from typing import Any

import click

from loader.commands.common import (
    PATH,
    Command,
    source_options,
    take_sources,
    talkative,
    terminal_reporter,
)
from loader.schema import STATIC, Source, listed_sources
from loader.stopping import stop_orderly

__all__ = ["build"]


_OTHERS = [source.name for source in listed_sources() if not source.default]


def _help_of_source(source: Source) -> str:
    if source is STATIC:
        text = "LUH2 static grid netCDF file: countries, ice, water."
        return f"{text} [default: loaded if it is in RAW]"
    if source.has_products:
        return (
            f"{source.title} (netCDF files, joined by year). NAME=FILE adds a further product as "
            "the column NAME. May be repeated."
        )
    return f"{source.title} (netCDF files, joined by year). May be repeated."


@click.command(cls=Command, context_settings={"show_default": True})
@source_options(_help_of_source, repeatable=True, type=PATH, metavar="FILE", show_default=False)
@click.option(
    "--prefer",
    type=click.Choice(["first", "last"]),
    help="File that decides a year of several files.  [default: they must be equal]",
)
@click.option(
    "--regions",
    multiple=True,
    metavar="FILE[:FIELD]",
    help="Polygons: a layer of regions named by FIELD. May be repeated.",
)
@click.option(
    "--all",
    is_flag=True,
    help=f"Also load {' and '.join(_OTHERS)} if they are in RAW.",
)
@click.option(
    "--raw",
    type=PATH,
    metavar="DIR",
    help="Folder with the sources that are not named.  [default: raw]",
)
@click.option(
    "--sample",
    is_flag=True,
    help="Write synthetic sources to OUT/sample (or RAW, if given) and load them.",
)
@click.option(
    "-o",
    "--out",
    type=PATH,
    metavar="DIR",
    default="luc-data",
    help="Output folder, or an address in an object store.",
)
@click.option(
    "--parquet",
    metavar="ADDRESS",
    help="Address in an object store for the Parquet dataset.  [default: OUT/parquet]",
)
@click.option(
    "--scratch",
    type=PATH,
    metavar="DIR",
    help="Local working folder when --out is an address.  [default: in the user cache]",
)
@click.option(
    "--years",
    metavar="FIRST:LAST",
    help="Years to load, both ends included; either may be left open.  [default: all]",
)
@click.option(
    "--bbox",
    metavar="W,S,E,N",
    help="Load only cells with their centres in this box, in degrees.  [default: the whole grid]",
)
@click.option(
    "--cells",
    type=click.Choice(["data", "land", "all"]),
    default="data",
    help="Rows to store: those with data, those with data on land, or every cell.",
)
@click.option(
    "--workers", type=int, metavar="N", help="Number of parallel workers.  [default: one per core]"
)
@click.option(
    "--memory-limit",
    metavar="SIZE",
    help="Upper limit of memory, such as 1GiB.  [default: half of the memory, at most 1GiB]",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Address of a dask.distributed scheduler whose workers read the sources.",
)
@click.option(
    "--storage-options", metavar="JSON", help="fsspec options for addresses such as s3://..."
)
@click.option("--storage-version", default="v1.0.0", help="DuckDB storage version of the file.")
@click.option(
    "--parquet-encoding",
    type=click.Choice(["split", "plain"]),
    default="split",
    help="Encoding of values in Parquet: split is smaller, plain can be read by Spark 3.",
)
@click.option(
    "--tables",
    type=click.Choice(["stored", "views"]),
    default="stored",
    help="Store the gridded rows in luc.duckdb, or views of the Parquet files.",
)
@click.option(
    "--materialize",
    metavar="VIEW",
    multiple=True,
    help="Store luc, eluc_state or state_diff as a table, for faster queries. May be repeated.",
)
@click.option(
    "--overwrite",
    is_flag=True,
    help="Replace an output that was built from other inputs or options.",
)
@click.option("--dry-run", is_flag=True, help="Estimate rows, disk space and time; write nothing.")
@talkative
def build(*, quiet: bool, verbose: int, **options: Any) -> None:  # noqa: ANN401  # click's own
    """Load the source files into OUT/luc.duckdb and OUT/parquet.

    Without --eluc and --states, luc-load looks for both in RAW. Run the same command again to
    resume an interrupted build.

    \b
    Examples:
      luc-load build --sample --years 1990:2022
      luc-load build --raw downloads --years 1850:2022
      luc-load build --states states.nc --cells land -o states-only
    """
    from loader.building.build import build as build_database  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    sources = take_sources(options)
    report = build_database(
        sources=sources, reporter=terminal_reporter(quiet=quiet, verbose=verbose), **options
    )
    click.echo(report.text())

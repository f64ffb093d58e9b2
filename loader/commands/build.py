"""`luc-load build`."""

from __future__ import annotations

from typing import Any

import click

from loader.commands.common import PATH, Command, talkative, terminal_reporter
from loader.stopping import stop_orderly

__all__ = ["build"]


@click.command(cls=Command, context_settings={"show_default": True})
@click.option("--eluc", type=PATH, metavar="FILE", help="BLUE ELUC netCDF.")
@click.option("--states", type=PATH, metavar="FILE", help="LUH2 states netCDF.")
@click.option("--transitions", type=PATH, metavar="FILE", help="LUH2 transitions netCDF.")
@click.option("--management", type=PATH, metavar="FILE", help="LUH2 management netCDF.")
@click.option(
    "--static", type=PATH, metavar="FILE", help="LUH2 static grid netCDF: countries, ice, water."
)
@click.option("--all", is_flag=True, help="Also load transitions, management and static if in RAW.")
@click.option(
    "--raw", type=PATH, metavar="DIR", help="Where files not named are looked for.  [default: raw]"
)
@click.option(
    "--sample",
    is_flag=True,
    help="Make synthetic sources (in OUT/sample, or RAW if given) and load those.",
)
@click.option(
    "-o",
    "--out",
    type=PATH,
    metavar="DIR",
    default="luc-data",
    help="Folder of the result, or its address in an object store.",
)
@click.option(
    "--parquet",
    metavar="ADDRESS",
    help="Put the Parquet data set in an object store, luc.duckdb in OUT.  [default: OUT/parquet]",
)
@click.option(
    "--scratch",
    type=PATH,
    metavar="DIR",
    help="Where a result for an address grows.  [default: in the user's cache]",
)
@click.option("--years", metavar="FIRST:LAST", help="Both ends included; either may be left open.")
@click.option(
    "--cells",
    type=click.Choice(["data", "land", "all"]),
    default="data",
    help="Which rows are stored: those with data, of them those on land, or every cell.",
)
@click.option("--workers", type=int, metavar="N", help="1 does one thing at a time.")
@click.option(
    "--memory-limit",
    metavar="SIZE",
    help="Ceiling on memory, such as 1GiB; by default half of what there is, up to 1GiB.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="Read on the workers of a dask.distributed cluster."
)
@click.option(
    "--storage-options", metavar="JSON", help="Options of fsspec for addresses such as s3://..."
)
@click.option("--storage-version", default="v1.0.0", help="DuckDB storage version of the file.")
@click.option(
    "--parquet-encoding",
    type=click.Choice(["split", "plain"]),
    default="split",
    help="Of the values in Parquet: split is smaller, plain is read by Spark 3 too.",
)
@click.option(
    "--tables",
    type=click.Choice(["stored", "views"]),
    default="stored",
    help="Whether luc.duckdb holds the gridded rows, or views of the Parquet files.",
)
@click.option("--overwrite", is_flag=True, help="Replace a result of other inputs or options.")
@click.option("--dry-run", is_flag=True, help="Say what would be built: rows, disk, time.")
@talkative
def build(*, quiet: bool, verbose: int, **options: Any) -> None:  # noqa: ANN401  # click's own
    """Load the sources into OUT/luc.duckdb and OUT/parquet.

    Sources that are not named are looked for in RAW. A build that was interrupted goes on where
    it stopped; one that is complete says so.

    \b
    Examples:
      luc-load build --sample --years 1990:2022
      luc-load build --raw downloads --years 1850:2022
      luc-load build --states states.nc --cells land -o states-only
    """
    from loader.building.build import build as build_database  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    report = build_database(reporter=terminal_reporter(quiet=quiet, verbose=verbose), **options)
    click.echo(report.text())

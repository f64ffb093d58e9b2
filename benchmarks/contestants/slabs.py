"""What every contestant needs to know of the files: which calendar years are wanted."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import xarray as xr


def arguments(description: str, *more: str) -> argparse.Namespace:
    """Parse the arguments that all contestants share, and further required ones."""
    parser = argparse.ArgumentParser(description=description)
    for name in ("states", "eluc", *more):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--years", required=True, help="FIRST:LAST, both included")
    return parser.parse_args()


def open_years(path: str, years: str, chunks: dict[str, int] | None = None) -> xr.Dataset:
    """Open a source with calendar years on its time axis, clipped to those wanted.

    xarray cannot decode LUH2's "years since 850" of a 365-day calendar, so the years are counted.
    """
    first, last = map(int, years.split(":"))
    dataset = xr.open_dataset(path, engine="netcdf4", decode_times=False, chunks=chunks)
    since = 850 if str(dataset["time"].attrs.get("units", "")).startswith("years since 850") else 0
    calendar = dataset["time"].to_numpy().astype("int16") + since
    dataset = dataset.assign_coords(time=calendar.astype("int16")).rename(time="year")
    return dataset.isel(year=(calendar >= first) & (calendar <= last))


def slabs(dataset: xr.Dataset, names: list[str]) -> Iterator[tuple[int, str, Any]]:
    """Yield (year, variable, values as a 2-D array), a year after the other."""
    for position, year in enumerate(dataset["year"].to_numpy()):
        for name in names:
            yield int(year), name, dataset[name].isel(year=position).to_numpy()

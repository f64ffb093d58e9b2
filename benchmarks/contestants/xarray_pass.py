"""Read every value once with xarray's netCDF4 engine, and do nothing with it."""

from __future__ import annotations

from benchmarks.contestants.slabs import arguments, open_years, slabs
from benchmarks.names import STATE


def main() -> None:
    """Read the states, then the emissions."""
    given = arguments("one xarray pass")
    count = 0
    for path, names in ((given.states, STATE), (given.eluc, ["ELUC"])):
        with open_years(path, given.years) as dataset:
            for _, _, values in slabs(dataset, names):
                count += values.size
    print(count)  # noqa: T201  # the answer


if __name__ == "__main__":
    main()

"""dask's route: chunked xarray datasets to dask frames, land rows only, to_parquet."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contestants.slabs import arguments, open_years
from benchmarks.names import STATE


def main() -> None:
    """Write one Parquet dataset for the states and one for the emissions."""
    given = arguments("dask to Parquet", "out")
    for table, path, names in (("state", given.states, STATE), ("eluc", given.eluc, ["ELUC"])):
        dataset = open_years(path, given.years, chunks={"time": 1})[names]
        frame = dataset.to_dask_dataframe(dim_order=["year", "lat", "lon"])
        land = frame[frame["ELUC"] != 0] if table == "eluc" else frame.dropna(subset=["primf"])
        land.to_parquet(Path(given.out) / table, write_index=False)


if __name__ == "__main__":
    main()

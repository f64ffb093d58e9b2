"""A loop over the years: xarray to a pandas frame, land rows only, INSERT into DuckDB."""

from __future__ import annotations

import duckdb
import pandas as pd

from benchmarks.contestants.slabs import arguments, open_years
from benchmarks.names import STATE


def main() -> None:
    """Fill a new database, all years in one transaction."""
    given = arguments("pandas to DuckDB", "out")
    con = duckdb.connect(given.out)
    con.execute("BEGIN")
    for table, path, names in (("state", given.states, STATE), ("eluc", given.eluc, ["ELUC"])):
        dataset = open_years(path, given.years)[names]
        for position in range(dataset.sizes["year"]):
            frame = dataset.isel(year=position).to_dataframe()
            kept = _land(frame, names).reset_index()
            con.register("year_frame", kept)
            verb = f"INSERT INTO {table} BY NAME" if position else f"CREATE TABLE {table} AS"
            con.execute(f"{verb} SELECT * FROM year_frame")
            con.unregister("year_frame")
    con.execute("COMMIT")
    con.close()


def _land(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return the rows that are not sea; one column decides, as dropna over all takes far longer."""
    if names == ["ELUC"]:
        return frame[frame["ELUC"] != 0]
    return frame[frame[names[0]].notna()]


if __name__ == "__main__":
    main()

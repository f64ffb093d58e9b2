"""The right answers, from plain xarray and NumPy: what every contestant's result must agree with.

Per variable and year: how many values there are, their sum, the sum of their absolute values (the
scale of what rounding may do to a sum), and for one variable of each table the sums weighted with
latitude and longitude, which differ where a value sits in a wrong cell.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from benchmarks.contestants.slabs import arguments, open_years, slabs
from benchmarks.names import FRACTIONS, STATE

Values = npt.NDArray[Any]


def main() -> None:
    """Write the answers as JSON."""
    given = arguments("the right answers", "probe-cell", "probe-year", "out")
    cell, year = int(given.probe_cell), int(given.probe_year)
    with open_years(given.eluc, given.years) as dataset:
        area_ha = dataset["cell_area"].to_numpy().astype(np.float64)
        eluc, last_eluc = _eluc(dataset, year)
    with open_years(given.states, given.years) as dataset:
        state, found = _state(dataset, area_ha, cell, year)
    found["luc"] = {"count": 0, "sum": 0.0, "scale": 0.0}
    if last_eluc is not None and found["both"] is not None:
        values = last_eluc[found["both"]].astype(np.float64)
        found["luc"] = {
            "count": len(values),
            "sum": float(values.sum()),
            "scale": float(np.abs(values).sum()),
        }
    del found["both"]
    answers = {"state": state, "eluc": eluc, "queries": found}
    Path(given.out).write_text(json.dumps(answers))


def _new(years: Values) -> dict[str, Any]:
    return {"years": [int(year) for year in years], "variables": {}}


def _note(table: dict[str, Any], name: str, kept: Values, *, place: tuple[Values, Values]) -> None:
    """Add a year of one variable; `kept` are its values as float64, `place` where they lie."""
    noted = table["variables"].setdefault(name, {"count": [], "sum": [], "scale": []})
    noted["count"].append(len(kept))
    noted["sum"].append(float(kept.sum()))
    noted["scale"].append(float(np.abs(kept).sum()))
    if name in ("primf", "ELUC"):
        noted.setdefault("sum_lat", []).append(float((kept * place[0]).sum()))
        noted.setdefault("sum_lon", []).append(float((kept * place[1]).sum()))


def _places(dataset: xr.Dataset) -> tuple[Values, Values]:
    # Through float32, as one file stores them, to decimal degrees that are exact for 0.25.
    lat = dataset["lat"].to_numpy().astype(np.float32).astype(np.float64)
    lon = dataset["lon"].to_numpy().astype(np.float32).astype(np.float64)
    shape = (len(lat), len(lon))
    return np.broadcast_to(lat[:, None], shape), np.broadcast_to(lon[None, :], shape)


def _eluc(dataset: xr.Dataset, probe_year: int) -> tuple[dict[str, Any], Values | None]:
    """Return the answers of eluc, and its map in the probe year.

    Values of 0 are not counted: whether a 0 of the sea is worth a row is each route's own choice.
    """
    table = _new(dataset["year"].to_numpy())
    lat, lon = _places(dataset)
    last = None
    for year, name, values in slabs(dataset, ["ELUC"]):
        here = (values != 0) & ~np.isnan(values)
        _note(table, name, values[here].astype(np.float64), place=(lat[here], lon[here]))
        if year == probe_year:
            last = values
    return table, last


def _state(
    dataset: xr.Dataset, area_ha: Values, cell: int, probe_year: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the answers of state, and those to the timed queries."""
    table = _new(dataset["year"].to_numpy())
    lat, lon = _places(dataset)
    row, column = divmod(cell, lat.shape[1])
    series: dict[str, list[float]] = {name: [] for name in STATE}
    totals: dict[str, list[float]] = {name: [] for name in FRACTIONS}
    diffs = dict.fromkeys(STATE, 0.0)
    diff_scale = dict.fromkeys(STATE, 0.0)
    one_year: dict[str, float] = {}
    rows_of_year = rows_of_map = 0
    both = None
    before: dict[str, tuple[Values, Values]] = {}
    for year, name, values in slabs(dataset, STATE):
        here = ~np.isnan(values)
        kept = values[here]
        wide = kept.astype(np.float64)
        _note(table, name, wide, place=(lat[here], lon[here]))
        series[name].append(float(values[row, column]))
        if name in totals:
            totals[name].append(float((wide * area_ha[here]).sum()) / 1e6)
        if name in before:
            # In float32, as the difference of two REAL columns is.
            was_here, was = before[name]
            shared = here & was_here
            diff = (values[shared] - was[shared]).astype(np.float64)
            diffs[name] += float(diff.sum())
            diff_scale[name] += float(np.abs(diff).sum())
            if year == probe_year:
                one_year[name] = float(diff.sum())
                rows_of_year = len(diff)
            if year == probe_year + 1:
                both = shared
        if year == probe_year:
            rows_of_map = len(kept)
        before[name] = (here, values)
    return table, {
        "series": series,
        "map_rows": rows_of_map,
        "totals": totals,
        "diffs": diffs,
        "diff_scale": diff_scale,
        "year_diffs": one_year,
        "year_diff_rows": rows_of_year,
        "both": both,
    }


if __name__ == "__main__":
    main()

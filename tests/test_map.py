"""The stored map of one degree, against pandas."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sql_database import KEYS, Frames

from loader.building.squares import MapRows, Squares
from loader.building.totals import Totals
from loader.errors import OutputError
from loader.grid import Grid
from loader.landuses import LandUses
from loader.schema import FRACTIONS

FINE = Grid(8, 6, 1.75, -1.25, 0.5, 0.5)
COARSE = Grid(4, 3, 3.0, -2.0, 2.0, 2.0)


def frames(grid: Grid) -> Frames:
    """Emissions of three years and states of four, a tenth of the values missing."""
    rng = np.random.default_rng(8)
    cells = np.arange(grid.n_cells)
    cell = pd.DataFrame(
        {
            "cell_id": cells.astype(np.int32),
            "lat": np.repeat(grid.latitude, grid.n_lon),
            "lon": np.tile(grid.longitude, grid.n_lat),
            "area_ha": rng.uniform(1e6, 2e6, cells.size),
            "is_land": True,
            "land_fraction": np.float32(1),
            "has_state": True,
        }
    )

    def rows(years: range, names: tuple[str, ...]) -> pd.DataFrame:
        index = pd.MultiIndex.from_product([cells, years], names=KEYS).to_frame(index=False)
        table = index.astype({"cell_id": np.int32, "year": np.int16})
        for name in names:
            values = rng.random(len(table), dtype=np.float32)
            table[name] = np.where(rng.random(len(table)) < 0.1, np.float32(np.nan), values)
        return table

    return Frames(cell, rows(range(1850, 1854), FRACTIONS), rows(range(1851, 1854), ("eluc",)))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_full_disk_is_reported_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, squares = frames(COARSE), Squares(COARSE)
    area_ha = loaded.cell.area_ha.to_numpy()
    totals = Totals(area_ha, square=squares.of_cell)
    block = pa.Table.from_pandas(loaded.eluc, preserve_index=False)

    def on_a_full_disk(**_: object) -> IO[bytes]:
        return open("/dev/full", "w+b", buffering=2**20)  # noqa: PTH123  # as tempfile does

    monkeypatch.setattr("loader.building.squares.tempfile.TemporaryFile", on_a_full_disk)
    rows = MapRows(squares, lambda: area_ha, LandUses(), tmp_path)
    with pytest.raises(OutputError, match="No space left"):
        rows.add("eluc", totals.sums_of("eluc", block))
    rows.close()


@pytest.mark.parametrize("grid", [FINE, COARSE], ids=["fine", "coarse"])
@pytest.mark.parametrize("blocks", [1, 3], ids=["one block", "blocks that divide squares"])
def test_squares_add_up_their_cells(grid: Grid, blocks: int, tmp_path: Path) -> None:
    loaded = frames(grid)
    squares, area_ha = Squares(grid), loaded.cell.area_ha.to_numpy()
    totals = Totals(area_ha, square=squares.of_cell)
    with closing(MapRows(squares, lambda: area_ha, LandUses(), tmp_path)) as kept:
        for table, frame in (("state", loaded.state), ("eluc", loaded.eluc)):
            for part in range(blocks):
                # Every third row of cells: a square has cells in several blocks.
                cells = frame[frame.cell_id // grid.n_lon % blocks == part]
                cells = cells.sort_values(["year", "cell_id"])
                block = pa.Table.from_pandas(cells, preserve_index=False)
                kept.add(table, totals.sums_of(table, block))
        assert kept.years == (1850, 1851, 1852, 1853)
        found = kept.table(kept.years).to_pandas()
        for length in (1, 5, 16, 17, 10**6):
            parts = [part() for part in kept.parts(length)]
            assert {part.num_rows for part in parts[:-1]} <= {length}
            assert pa.concat_tables(parts).equals(kept.table(kept.years))
    assert (pd.DatetimeIndex(found.date).year == found.year).all()
    order = [found.year, -found.lat, found.lon]
    assert (np.lexsort([column.to_numpy() for column in reversed(order)]) == found.index).all()
    found = found.sort_values(["year", "lat", "lon"], ignore_index=True)
    place = loaded.cell[["cell_id", "lat", "lon", "area_ha"]].copy()
    if grid is FINE:
        place[["lat", "lon"]] = np.floor(place[["lat", "lon"]]) + 0.5
    square = ["year", "lat", "lon"]
    rows = loaded.state.merge(loaded.eluc, on=KEYS, how="outer").merge(place, on="cell_id")
    names = [*FRACTIONS, "eluc"]
    areas = rows[names].astype(np.float64).mul(rows.area_ha, axis=0)
    areas = pd.concat([rows[square], areas], axis=1).groupby(square)[names].sum(min_count=1)
    areas = areas.reset_index()
    areas["crop"] = areas[list(FRACTIONS[5:10])].sum(axis=1, skipna=False)
    areas["forest"] = areas.primf + areas.secdf
    whole = place.groupby(["lat", "lon"]).area_ha.sum().reset_index()
    later = areas.assign(year=areas.year - 1)
    expected = areas.merge(whole, on=["lat", "lon"]).merge(
        later, on=square, how="left", suffixes=("", " next")
    )
    assert len(found) == len(expected) == 4 * (12 if grid is COARSE else 16)
    expected = expected.sort_values(square, ignore_index=True)
    np.testing.assert_allclose(found.area_ha, expected.area_ha, rtol=1e-12)
    np.testing.assert_allclose(found.emission_tc.astype(float), expected.eluc, rtol=1e-12)
    for name in (*FRACTIONS, "crop", "forest"):
        ours = found[[f"{name}_ha", f"{name}_diff_ha"]].astype(float)
        np.testing.assert_allclose(ours[f"{name}_ha"], expected[name], rtol=1e-6)
        change = expected[f"{name} next"] - expected[name]
        np.testing.assert_allclose(ours[f"{name}_diff_ha"], change, rtol=1e-6, atol=1)

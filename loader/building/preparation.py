"""Objects that are prepared in background threads while the first blocks are read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from loader.building.small_tables import (
    cell_area_ha,
    cell_table,
    year_table,
)
from loader.building.squares import MapRows, Squares
from loader.building.titles import emission_product, further_products, source_title
from loader.building.totals import Totals
from loader.catalog.objects import SchemaContext
from loader.catalog.products import EmissionProduct
from loader.reading.landmask import land_mask
from loader.regions.natural_earth import country_layer
from loader.regions.tables import RegionTables, luh2_country_layer
from loader.storing.database import ROW_GROUP_ROWS, StagedDatabase

if TYPE_CHECKING:
    from contextlib import ExitStack

    import numpy.typing as npt
    import pyarrow as pa

    from loader.building.loading import Loading
    from loader.building.sources import Sources
    from loader.lanes import Turn
    from loader.options import Options
    from loader.reading.landmask import LandMask
    from loader.storing.database import DatabaseLane
    from loader.storing.stage import Stage

__all__ = ["CellTable", "Preparation"]


class Preparation:
    """Objects that are prepared in background threads while the first blocks are read.

    Every method may be called from any lane, and waits until its result is ready.

    Attributes
    ----------
    context : SchemaContext
    database : StagedDatabase
    map : MapRows
        Rows of luc_map_1deg, none at first.
    """

    def __init__(self, sources: Sources, options: Options, stage: Stage, stack: ExitStack) -> None:
        gridded = sources.gridded
        grid = next(iter(gridded.values())).grid
        self._stage = stage
        self._is_view = options.tables == "views"
        # For stored views, after the lanes have ended; arrays and libraries use the other half.
        self._memory = options.memory_limit // 2
        self._years = year_table(gridded)
        self.context = SchemaContext(
            grid,
            {source.kind.table: source.variables for source in gridded.values()},
            {source.kind.table: source_title(source) for source in gridded.values()},
            emission_product(gridded["eluc"].files[0]) if "eluc" in gridded else EmissionProduct(),
            options.materialize,
            further_products(gridded["eluc"]) if "eluc" in gridded else (),
            options.box.text() if options.box is not None else "",
            has_series="eluc" in gridded and options.may_have_series,
        )
        self.database = StagedDatabase(
            stage.database, options.storage_version, options.database_bytes, options.lanes
        )
        stack.callback(self.database.close)
        self.map = MapRows(
            Squares(grid),
            self.area_ha,
            self.context.land_uses,
            stage.folder,
            self.context.emissions,
        )
        stack.callback(self.map.close)
        helpers = ThreadPoolExecutor(max_workers=4)
        stack.callback(helpers.shutdown, cancel_futures=True)
        self._mask = helpers.submit(land_mask, grid)
        self._area = helpers.submit(cell_area_ha, grid, list(gridded.values()))
        self._regions = helpers.submit(self._make_regions, sources)
        self._totals = helpers.submit(self._make_totals)
        self._created = helpers.submit(self._create)

    def mask(self) -> LandMask:
        """Return the land mask."""
        return self._mask.result()

    def area_ha(self) -> npt.NDArray[np.float64]:
        """Return the area of every cell, hectares, shape (n_cells,)."""
        return self._area.result()

    def totals(self) -> Totals:
        """Return the totals, empty at first."""
        return self._totals.result()

    def lanes(self) -> tuple[DatabaseLane, ...]:
        """Return one connection per lane, once the tables of the database exist."""
        self._created.result()
        return self.database.lanes

    def regions(self) -> RegionTables:
        """Return the regions of all layers."""
        return self._regions.result()

    def _make_regions(self, sources: Sources) -> RegionTables:
        layers = [country_layer(self.context.grid)]
        if (static := sources.static) is not None:
            layers.append(luh2_country_layer(static.country_code, static.countries))
        return RegionTables([*layers, *sources.layers], self.area_ha())

    def _make_totals(self) -> Totals:
        square = self.map.squares.of_cell
        return Totals(
            self.area_ha(),
            self.regions(),
            self.context.land_uses,
            square,
            self.context.emissions,
        )

    def _create(self) -> SchemaContext:
        """Create the tables, and the views too if the tables are stored; return how."""
        if self._is_view:
            self.database.create_tables(self.context, set(self.context.variables))
        else:
            self.database.create(self.context, self._years)
        return self.context

    def settle(self, loading: Loading) -> None:
        """Give up the series of the emissions if the views cannot rely on them.

        Called once the gridded tables are loaded, before anything records the context.
        """
        self._created.result()
        if not _has_every_state(loading):
            self.context = replace(self.context, has_series=False)

    def finish(self, small: dict[str, pa.Table], loading: Loading) -> None:
        """Fill the remaining small tables and the derived ones, and close the complete file.

        `small` is emptied, so that totals of many years do not stay in memory.
        """
        created = self._created.result()
        # `CellTable` has filled cell; year is filled before the views, which depend on it.
        years = small["year"]
        for table in list(small):
            rows = small.pop(table)
            if table != "cell" and (table != "year" or self._is_view):
                # In pieces: of totals of many years, DuckDB keeps tens of MB until a commit.
                starts = range(0, rows.num_rows, ROW_GROUP_ROWS)
                pieces = [partial(rows.slice, start, ROW_GROUP_ROWS) for start in starts]
                self.database.append(table, pieces)
        if self._is_view:
            parts = {name: table.parts for name, table in loading.tables.items()}
            self.database.create_views(self.context, parts, self._stage.parquet.resolve())
        elif not years.equals(self._years) or self.context != created:
            # A table stayed empty, so that the views are for other years, or there are no series.
            self.database.create_again(created, self.context, years)
        # Complete row groups: DuckDB would write short ones twice, and take twice the space.
        self.database.append("luc_map_1deg", self.map.parts(ROW_GROUP_ROWS))
        self.database.fill_stored_views(self.context, self._memory)
        self.database.finish()


def _has_every_state(loading: Loading) -> bool:
    """Return whether state has a row for each of its cells and years.

    Then the emissions that belong to no state are those of other cells or of other years.
    """
    states = loading.tables.get("state")
    if states is None:
        return True
    # Without --cells land, these are all cells with has_state; with it, those on land, and cells of
    # the sea have no emissions either.
    cells = np.count_nonzero(states.stored_cells)
    return states.digest.rows == cells * len(states.digest.rows_of_year)


class CellTable:
    """The table `cell`, filled while the last blocks are read.

    Attributes
    ----------
    rows : pyarrow.Table
        Set by `fill`.
    """

    rows: pa.Table

    def __init__(self, loading: Loading, preparation: Preparation, sources: Sources) -> None:
        self._loading = loading
        self._preparation = preparation
        self._sources = sources

    def fill(self, turn: Turn) -> None:
        """Insert the rows as soon as all states are loaded: the column has_state needs them."""
        turn.wait_for(self._loading.jobs_until("state"))
        states = self._loading.tables.get("state")
        self.rows = cell_table(
            self._preparation.context.grid,
            self._preparation.area_ha(),
            self._preparation.mask(),
            None if states is None else states.has_value,
            self._sources.static,
        )
        lane = self._preparation.lanes()[turn.lane]
        lane.insert("cell", self.rows)
        lane.commit()

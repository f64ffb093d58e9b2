"""The places that a series is of: cells, countries, regions, a box, or all cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader.errors import UsageError
from loader.exporting.selection import Box, Selection
from loader.querying.diagnosis import place_complaint

if TYPE_CHECKING:
    from loader.plotting.session import Session

__all__ = ["Place", "all_cells", "cell_near", "find_places"]


@dataclass(frozen=True)
class Place:
    """A cell, a region, the cells of a box, or all cells.

    Attributes
    ----------
    name : str
    cell_id, region_id : int or None
    box : Box or None
        None of the three for all cells.
    near : tuple of float or None
        The latitude and longitude that the cell is the nearest one to, degrees.
    """

    name: str
    cell_id: int | None = None
    region_id: int | None = None
    box: Box | None = None
    near: tuple[float, float] | None = None

    @property
    def is_cell(self) -> bool:
        """Whether it is one cell."""
        return self.cell_id is not None


def find_places(session: Session, selection: Selection) -> list[Place]:
    """Return each country and region of a selection, and its box, as a place.

    Raises
    ------
    UsageError
        If there is no such country or region, or no cell in it.
    """
    places = [
        Place(region.title, region_id=region.region_id)
        for region in selection.named_regions(session.con)
    ]
    if selection.box is not None:
        selection.check_box(session.con)
        places.append(Place(_box_name(selection.box), box=selection.box))
    return places


def cell_near(session: Session, latitude: float, longitude: float) -> Place:
    """Return the cell nearest to a place, in degrees.

    Raises
    ------
    UsageError
        If the database has no cell there.
    """
    nearest_to: dict[str, object] = {"latitude": latitude, "longitude": longitude}
    known = math.isfinite(latitude) and math.isfinite(longitude)
    rows = session.rows("plot_cell", nearest_to) if known else []
    if not rows:
        if known and not -90 <= latitude <= 90:
            raise UsageError(f"--at: {place_complaint(latitude, longitude)}")
        raise UsageError(
            f"--at is {latitude:g} {longitude:g}, which is not in this database; expected a "
            "latitude in -90..90 and a longitude, of a place on its grid"
        )
    cell_id, lat, lon = rows[0]
    name = f"Cell at {_degrees(lat, 'N', 'S')} {_degrees(lon, 'E', 'W')}"
    return Place(name, cell_id=cell_id, near=(latitude, longitude))


def all_cells(session: Session) -> Place:
    """Return all cells of the database as a place."""
    grid = session.grid
    if grid.is_global:
        return Place("World")
    north, west = grid.north + grid.step_lat / 2, grid.west - grid.step_lon / 2
    south, east = north - grid.n_lat * grid.step_lat, west + grid.n_lon * grid.step_lon
    east = (east + 180) % 360 - 180
    return Place(_box_name(Box(south, west, north, east)))


def _box_name(box: Box) -> str:
    return (
        f"Region {_degrees(box.south, 'N', 'S')} to {_degrees(box.north, 'N', 'S')}, "
        f"{_degrees(box.west, 'E', 'W')} to {_degrees(box.east, 'E', 'W')}"
    )


def _degrees(value: float, positive: str, negative: str) -> str:
    return f"{abs(value):g}° {positive if value >= 0 else negative}"

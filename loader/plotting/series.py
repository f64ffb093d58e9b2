"""The values of a series: land use and emissions of a place, a country or the globe, by year."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.errors import UsageError
from loader.plotting.wording import typeset
from loader.querying.countries import find_country

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loader.plotting.session import Session

__all__ = ["STACK", "SeriesData", "series_data"]

Float64 = npt.NDArray[np.float64]

STACK = ("primf", "secdf", "primn", "secdn", "range", "pastr", "crop", "urban")
"""Land uses of the stacked areas, from the bottom: together all 12, the five crops as one."""


@dataclass(frozen=True)
class SeriesData:
    """What a series shows.

    Attributes
    ----------
    place : str
        Where.
    years : ndarray of int64, shape (n,)
        Every calendar year from the first to the last, gaps included.
    uses : dict of str to ndarray of float64, shape (n,)
        Land use on 1 January by `STACK`; NaN where a year has none. Empty if nothing is loaded.
    use_unit : str
    emissions : ndarray of float64, shape (n,)
        Positive is a source to the atmosphere; NaN where a year has none.
    emission_unit : str
    source : str
    synthetic : bool
    """

    place: str
    years: npt.NDArray[np.int64]
    uses: dict[str, Float64]
    use_unit: str
    emissions: Float64
    emission_unit: str
    source: str
    synthetic: bool


@dataclass(frozen=True)
class _Where:
    place: str
    use_view: str
    use_suffix: str
    use_unit: str
    emission_view: str
    emission: str
    key: str | None = None
    value: object = None


def series_data(
    session: Session,
    at: tuple[float, float] | None = None,
    country: str | None = None,
    years: tuple[int | None, int | None] = (None, None),
) -> SeriesData:
    """Read land use and emissions by year.

    Parameters
    ----------
    session : Session
    at : tuple of float, optional
        Latitude and longitude of a place; its nearest cell is meant.
    country : str, optional
        Name, ISO 3166-1 letters or number of a country; the globe if neither is given.
    years : tuple of (int or None)
        First and last year, both included.

    Raises
    ------
    UsageError
        If there is no such place or country, or no value in these years.
    """
    if at is not None and country is not None:
        raise UsageError("--at and --country are two places; name one of them")
    where = _globe()
    if at is not None:
        where = _cell(session, *at)
    elif country is not None:
        where = _country(session, country)
    first, last = years
    names = [f"{use}{where.use_suffix}" for use in STACK]
    uses = _read(session, where, where.use_view, names)
    emissions = _read(session, where, where.emission_view, [where.emission])
    known = [
        year
        for year, row in (uses | emissions).items()
        if (first is None or year >= first) and (last is None or year <= last)
    ]
    if not known:
        loaded = sorted({*uses, *emissions})
        has = f"it has {loaded[0]}-{loaded[-1]}" if loaded else "it has none at all"
        raise UsageError(f"{where.place} has no values in the years asked for; {has}")
    span = np.arange(min(known), max(known) + 1)
    missing = (np.nan,) * len(STACK)
    stacked = np.array([uses.get(int(year), missing) for year in span])
    drawn = [emissions.get(int(year), (np.nan,))[0] for year in span]
    columns = ([*STACK] if uses else []) + (["eluc"] if emissions else [])
    return SeriesData(
        place=where.place,
        years=span,
        uses={use: stacked[:, i] for i, use in enumerate(STACK)} if uses else {},
        use_unit=where.use_unit,
        emissions=np.array(drawn, dtype=np.float64),
        emission_unit=typeset(session.meaning(where.emission_view, where.emission)[0]),
        source=session.provenance("eluc_state", columns),
        synthetic=session.info.synthetic,
    )


def _globe() -> _Where:
    return _Where(
        "All stored cells of the globe",
        "state_global",
        "_mha",
        "million hectares",
        "eluc_global",
        "emission_pgc",
    )


def _cell(session: Session, latitude: float, longitude: float) -> _Where:
    nearest_to: dict[str, object] = {"latitude": latitude, "longitude": longitude}
    known = math.isfinite(latitude) and math.isfinite(longitude)
    found = session.rows("plot_cell", nearest_to) if known else []
    if not found:
        raise UsageError(
            f"--at is {latitude:g} {longitude:g}; expected a latitude in -90..90 and a longitude"
        )
    cell_id, lat, lon = found[0]
    place = f"The cell at {_degrees(lat, 'N', 'S')} {_degrees(lon, 'E', 'W')}"
    return _Where(
        place, "eluc_state", "", "fraction of the cell", "eluc_state", "eluc", "cell_id", cell_id
    )


def _country(session: Session, asked: str) -> _Where:
    code, name = find_country(session.con, asked)
    return _Where(
        name,
        "state_country",
        "_mha",
        "million hectares",
        "eluc_country",
        "emission_mtc",
        "country_code",
        code,
    )


def _read(
    session: Session, where: _Where, view: str, columns: Sequence[str]
) -> dict[int, tuple[float, ...]]:
    values = {"relation": view, "columns": columns, "key": where.key, "value": where.value}
    return {
        int(year): tuple(np.nan if value is None else float(value) for value in row)
        for year, *row in session.rows("plot_series", values)
        if any(value is not None for value in row)
    }


def _degrees(value: float, positive: str, negative: str) -> str:
    return f"{abs(value):g}° {positive if value >= 0 else negative}"

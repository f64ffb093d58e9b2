"""Create the metadata of a grid according to the CF conventions 1.11.

Units are spelled for UDUNITS, which has no unit for "tonnes of carbon": ``t C ha-1 yr-1`` would be
tonnes times coulombs. The substance moves into a comment.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loader._version import __version__
from loader.catalog.products import is_yearly_flux
from loader.schema import ELUC, SOURCES, USES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "CALENDAR",
    "CONVENTIONS",
    "EPOCH",
    "Axis",
    "cf_units",
    "degree_axes",
    "global_attributes",
    "map_attributes",
    "time_axis",
    "variable_attributes",
]

CONVENTIONS = "CF-1.11"

EPOCH, CALENDAR = "1850-01-01", "proleptic_gregorian"
"""CDO, NCO, terra, xarray and ncview agree on it from 850 to 2300; xarray decodes datetime64.

A noleap axis would need cftime objects, and the mixed calendar called standard shifts years before
1582 by a week.
"""

_ELUC_NAME = (
    "surface_net_upward_mass_flux_of_carbon_dioxide_expressed_as_carbon_due_to_emission_from_"
    "anthropogenic_land_use_change"
)
_SUBSTANCE = re.compile(r"\b((?:[kMGTP]?g|[kM]?t))\s+(CO2|C|N)\b")
_SYMBOLS = re.compile(r"(?:[kMGTPcm]?(?:g|t|m)|ha|yr|years?|s|percent|1|degrees?(?:_north|_east)?)")
_TERM = re.compile(rf"(?:{_SYMBOLS.pattern})(?:-?\d)?")
_STATES = frozenset(USES) | {
    v.column for source in SOURCES.values() if source.is_snapshot for v in source.variables
}
_FLUXES = frozenset(
    v.column for source in SOURCES.values() if not source.is_snapshot for v in source.variables
)


@dataclass(frozen=True)
class Axis:
    """A coordinate variable: name, values (n,), attributes, and its bounds (n, 2) if it has any."""

    name: str
    values: npt.NDArray[Any]
    attributes: Mapping[str, Any]
    bounds: npt.NDArray[np.float64] | None = field(default=None, repr=False)


def cf_units(unit: str) -> tuple[str, str]:
    """Return a unit in the spelling of UDUNITS, and a remark on what it cannot express.

    Parameters
    ----------
    unit : str
        As in the data dictionary.

    Returns
    -------
    tuple of (str, str)
        The unit, empty if UDUNITS cannot express it, and a remark, empty if there is none.

    Examples
    --------
    >>> cf_units("t C ha-1 yr-1")
    ('t ha-1 yr-1', 'mass of carbon')
    >>> cf_units("Mha")
    ('1e6 ha', '')
    >>> cf_units("bushels")
    ('', 'unit in the source: bushels')
    """
    substances = {"C": "mass of carbon", "CO2": "mass of carbon dioxide", "N": "mass of nitrogen"}
    match = _SUBSTANCE.search(unit)
    remark = substances[match[2]] if match else ""
    bare = _SUBSTANCE.sub(r"\1", unit)
    qualifier = re.search(r"\s*\(([^)]*)\)\s*$", bare)
    if qualifier:
        bare = bare[: qualifier.start()]
        remark = "; ".join(filter(None, [remark, f"per {qualifier[1]}"]))
    bare = {"Mha": "1e6 ha", "year": "years", "": "1"}.get(bare, bare)
    terms = bare.removeprefix("1e6 ").split()
    if not terms or not all(_TERM.fullmatch(term) for term in terms):
        return "", f"unit in the source: {unit}"
    return bare, remark


def variable_attributes(column: str, unit: str, description: str) -> dict[str, Any]:
    """Return the attributes of a variable on (time, latitude, longitude).

    Parameters
    ----------
    column, unit, description : str
        As in the data dictionary.
    """
    units, remark = cf_units(unit)
    name = column.lower()
    long_name = description.partition(": ")[0] if name in USES else description
    attributes: dict[str, Any] = {"long_name": long_name or column}
    if units:
        attributes["units"] = units
    is_product = unit == ELUC.units and not name.endswith("_diff")
    if is_product:
        # The standard name is that of the flux of a year, not of committed emissions or a part.
        is_flux = is_yearly_flux(description)
        standard_name, methods = _ELUC_NAME if is_flux else "", "area: mean time: mean"
    else:
        standard_name, methods = _meaning(name, units)
    if standard_name:
        attributes["standard_name"] = standard_name
    if methods:
        attributes["cell_methods"] = methods
    comments = [remark, *_comments(name, is_product=is_product)]
    if any(comments):
        attributes["comment"] = "; ".join(filter(None, comments))
    return {**attributes, "cell_measures": "area: cell_area"}


def _meaning(name: str, units: str) -> tuple[str, str]:
    """Return the standard name and the cell methods of a column, empty if CF has none."""
    if name.startswith("emission_"):
        return "", "area: sum time: mean"
    if name in _STATES:
        # A standard name must fit the unit; secma, an age, has none.
        standard = {"1": "area_fraction", "kg m-2": "vegetation_carbon_content"}.get(units, "")
        return standard, "time: point"
    if name in _FLUXES:
        return "", "time: mean" if "yr-1" in units else ""
    return "", ""


def _comments(name: str, *, is_product: bool) -> list[str]:
    if is_product or name.startswith("emission_"):
        return [
            "positive: source to the atmosphere",
            "averaged over the whole cell, water included",
        ]
    if name in USES:
        return ["share of the whole cell on 1 January"]
    return []


def time_axis(years: npt.NDArray[np.int16]) -> Axis:
    """Return the time axis of calendar years: 1 January of each, bounded by the next one.

    Parameters
    ----------
    years : ndarray of int16, shape (n,)
    """
    epoch = dt.date.fromisoformat(EPOCH).toordinal()

    def days(values: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float64]:
        return np.array([dt.date(int(y), 1, 1).toordinal() - epoch for y in values], np.float64)

    starts = days(years)
    attributes = {
        "standard_name": "time",
        "long_name": "1 January of the year",
        "units": f"days since {EPOCH}",
        "calendar": CALENDAR,
        "units_metadata": "leap_seconds: none",
        "axis": "T",
        "bounds": "time_bnds",
    }
    return Axis("time", starts, attributes, np.column_stack([starts, days(years + 1)]))


def degree_axes(
    latitude: npt.NDArray[Any], longitude: npt.NDArray[Any], steps: tuple[float, float]
) -> tuple[Axis, Axis]:
    """Return the axes of latitude and longitude with their bounds.

    Parameters
    ----------
    latitude, longitude : ndarray
        Centres, degrees.
    steps : tuple of float
        Distance of centres of latitude and of longitude, degrees.
    """
    kinds = (("lat", "latitude", "degrees_north", "Y"), ("lon", "longitude", "degrees_east", "X"))
    axes = []
    for (name, standard, units, axis), values, step in zip(
        kinds, (latitude, longitude), steps, strict=True
    ):
        centres = np.asarray(values, dtype=np.float64)
        # Ascending and descending axes keep the order of their own cells.
        half = np.copysign(step / 2, centres[-1] - centres[0]) if centres.size > 1 else step / 2
        bounds = np.column_stack([centres - half, centres + half])
        if axis == "Y":
            bounds = bounds.clip(-90, 90)
        attributes = {
            "standard_name": standard,
            "long_name": standard,
            "units": units,
            "axis": axis,
            "bounds": f"{name}_bnds",
        }
        axes.append(Axis(name, centres, attributes, bounds))
    return axes[0], axes[1]


def map_attributes(column: str, description: str) -> dict[str, Any]:
    """Return the attributes of a variable on (latitude, longitude), a column of `cell`."""
    if column == "area_ha":
        return {"standard_name": "cell_area", "long_name": description, "units": "ha"}
    if column == "is_land":
        return {
            "long_name": description,
            "flag_values": np.array([0, 1], np.int8),
            "flag_meanings": "sea land",
        }
    return {"long_name": description, "units": "1"}


def global_attributes(
    title: str,
    files: Sequence[Mapping[str, Any]],
    build: tuple[str, dt.datetime],
) -> dict[str, Any]:
    """Return the global attributes of a grid that combines source files.

    Parameters
    ----------
    title : str
    files : sequence of mapping
        Global attributes of the source files.
    build : tuple of (str, datetime)
        Identifier and time (UTC) of the build.
    """
    build_id, built_at = build
    # Every different text once, in the order of the files.
    collected = {}
    for key in ("institution", "source", "references", "license", "comment"):
        texts = dict.fromkeys(str(file[key]).strip() for file in files if file.get(key))
        if texts:
            collected[key] = "; ".join(texts)
    # CF requires `source` to describe the origin of the data: titles do if nothing else does.
    if "source" not in collected:
        titles = dict.fromkeys(str(file["title"]) for file in files if file.get("title"))
        collected["source"] = "; ".join(titles) or "gridded files loaded by luc-load"
    synthetic = next((file["synthetic"] for file in files if file.get("synthetic")), None)
    if synthetic is not None:
        title = f"SYNTHETIC DATA, not of the Earth: {title}"
        collected["synthetic"] = synthetic
    return {
        "Conventions": CONVENTIONS,
        "title": title,
        **collected,
        "history": (
            f"{built_at:%Y-%m-%dT%H:%M:%SZ} luc-load build (build {build_id}); exported by "
            f"luc-load {__version__}"
        ),
    }

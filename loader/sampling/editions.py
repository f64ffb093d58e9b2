"""The editions of LUH2 that a sample can have: variables, units, time axis and attributes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from loader.errors import UsageError
from loader.sampling.schema import (
    LAST_YEAR,
    LUH2_ATTRIBUTES,
    MANAGEMENT,
    STATES,
    TRANSITIONS,
    Variable,
)
from loader.schema import FURTHER_LAND_USE, LAND_USE

__all__ = [
    "DEFAULT_EDITION",
    "SAMPLE_EDITIONS",
    "SECONDARY_BY_HARVEST",
    "SampleEdition",
    "find_sample_edition",
]

DEFAULT_EDITION = "gcb2022"

SECONDARY_BY_HARVEST = {"primf_harv": "primf_to_secdf", "primn_harv": "primn_to_secdn"}
"""Moves that some editions have in addition to the wood harvest, and that are the same area."""

_FERTILIZER = "kg ha-1 yr-1 (crop season)"


@dataclass(frozen=True)
class SampleEdition:
    """The layout of the land-use files of one edition.

    Attributes
    ----------
    name : str
    last_year : int
        Of the transitions; the states reach a year further.
    attributes : dict of str to str
        Global attributes.
    states, transitions, management : tuple of Variable
    zero : frozenset of str
        Variables that are 0: of the states at sea too, of the transitions on land.
    in_days : bool
        Whether times are days since 850-01-01 in a calendar without leap years, rather than years.
    has_bounds : bool
        Whether the files have bounds of their axes, which the attributes misname.
    """

    name: str
    last_year: int = LAST_YEAR
    attributes: dict[str, str] = field(default_factory=lambda: dict(LUH2_ATTRIBUTES))
    states: tuple[Variable, ...] = STATES
    transitions: tuple[Variable, ...] = TRANSITIONS
    management: tuple[Variable, ...] = MANAGEMENT
    zero: frozenset[str] = frozenset()
    in_days: bool = False
    has_bounds: bool = False


def find_sample_edition(name: str) -> SampleEdition:
    """Return an edition.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in SAMPLE_EDITIONS:
        raise UsageError(
            f"the edition {name!r} is not known; expected {', '.join(SAMPLE_EDITIONS)}"
        )
    return SAMPLE_EDITIONS[name]


def _v2h() -> SampleEdition:
    """Return LUH2 v2h, the history for CMIP6: 850 to 2015."""
    names = {
        "source": "LUH2 v2h: Land-Use Harmonization Data Set",
        "comment": "LUH2",
        "title": "UofMD LUH2 v2h dataset prepared for input4MIPs",
        "activity_id": "input4MIPs",
        "dataset_version_number": "2.1h",
        "source_id": "UofMD-landState-2-1-h",
        "target_mip": "CMIP",
    }
    management = tuple(
        replace(v, units=_FERTILIZER) if v.name.startswith("fertl_") else v for v in MANAGEMENT
    )
    return SampleEdition(
        "v2h",
        last_year=2014,
        attributes=LUH2_ATTRIBUTES | names,
        management=management,
        has_bounds=True,
    )


def _luh3() -> SampleEdition:
    """Return LUH3, for CMIP7: plantations, rates per year, days, and years to 2500."""
    names = {
        "source": "LUH3: Land-Use Harmonization Data Set",
        "comment": "LUH3",
        "title": "UofMD LUH3 dataset prepared for input4MIPs",
        "mip_era": "CMIP7",
        "activity_id": "input4MIPs",
        "dataset_version_number": "3.0",
        "source_id": "UofMD-landState-3-0",
        "target_mip": "CMIP",
    }
    (plantation,) = FURTHER_LAND_USE
    text = FURTHER_LAND_USE[plantation]
    into = {name: what for name, what in LAND_USE.items() if name not in ("primf", "primn")}
    # Plantations: a thirteenth land use, with moves from and to the others.
    share = STATES[0]
    state = replace(share, name=plantation, long_name=text)
    further = [(a, b) for a in LAND_USE for b in (plantation,)]
    further += [(plantation, b) for b in into]
    # Harvest becomes a move from primary to secondary land of the same kind.
    harvested = [name.split("_to_") for name in SECONDARY_BY_HARVEST.values()]
    known = LAND_USE | FURTHER_LAND_USE
    moves = tuple(
        Variable(
            f"{a}_to_{b}", "area_fraction", f"transition from {known[a]} to {known[b]}", "1 yr-1"
        )
        for a, b in (*further, *harvested)
    )
    transitions = tuple(replace(v, units="1 yr-1") if v.units == "1" else v for v in TRANSITIONS)
    management = tuple(
        replace(v, units=_FERTILIZER) if v.name.startswith("fertl_") else v for v in MANAGEMENT
    )
    return SampleEdition(
        "luh3",
        last_year=2499,
        attributes=LUH2_ATTRIBUTES | names,
        states=(*STATES, state),
        transitions=(*transitions, *moves),
        management=management,
        zero=frozenset((plantation, *(f"{a}_to_{b}" for a, b in further))),
        in_days=True,
    )


SAMPLE_EDITIONS: dict[str, SampleEdition] = {
    edition.name: edition for edition in (SampleEdition(DEFAULT_EDITION), _v2h(), _luh3())
}
"""Every edition by its name, the default first."""

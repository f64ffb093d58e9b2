"""What may be loaded: the source files, their variables and the tables they become.

One entry of `SOURCES` is all that a source of yearly grids needs; no other module names a table or
a variable of one. Names and long names are LUH2's and BLUE's own.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CROPS",
    "ELUC",
    "FORESTS",
    "FRACTIONS",
    "FURTHER_LAND_USE",
    "LAND_USE",
    "RESERVED",
    "SOURCES",
    "STATIC",
    "SUMS",
    "USES",
    "Source",
    "Variable",
    "transition_variables",
]


@dataclass(frozen=True)
class Variable:
    """One variable of a source and the column it becomes.

    Attributes
    ----------
    name : str
        Name in the file.
    column : str
        Name of the column, the file's own name in lower case.
    units, long_name, standard_name : str
        As in the file, else as published; empty where there is none.
    """

    name: str
    column: str
    units: str = ""
    long_name: str = ""
    standard_name: str = ""


LAND_USE: dict[str, str] = {
    "primf": "primary vegetation on LUH2 potential forest land",
    "primn": "primary vegetation on LUH2 potential non-forest land",
    "secdf": "secondary vegetation on LUH2 potential forest land",
    "secdn": "secondary vegetation on LUH2 potential non-forest land",
    "urban": "urban land",
    "c3ann": "C3 annual crops",
    "c4ann": "C4 annual crops",
    "c3per": "C3 perennial crops",
    "c4per": "C4 perennial crops",
    "c3nfx": "C3 nitrogen-fixing crops",
    "pastr": "managed pasture",
    "range": "rangeland",
}
"""The 12 land-use states of LUH2 and their long names (Hurtt et al. 2020)."""

FRACTIONS: tuple[str, ...] = tuple(LAND_USE)
"""The 12 states of LUH2, which every file of states has."""

FURTHER_LAND_USE: dict[str, str] = {"pltns": "plantations"}
"""Land uses that some files have beside the 12, such as LUH3's."""

CROPS: tuple[str, ...] = ("c3ann", "c4ann", "c3per", "c4per", "c3nfx")
"""The states that `crop` sums, in the order in which it sums them."""

FORESTS: tuple[str, ...] = ("primf", "secdf")
"""The states that `forest` sums: land that LUH2 classifies as potential forest."""

SUMS: dict[str, tuple[str, ...]] = {"crop": CROPS, "forest": FORESTS}
"""The sums of land uses that views and totals have, and what they sum."""

USES: tuple[str, ...] = (*FRACTIONS, *SUMS)
"""The land uses of LUH2 in views and totals; `loader.landuses` has those of the loaded files."""

_HARVESTED: dict[str, str] = {
    "primf": "primary vegetation on LUH2 potential forest land",
    "primn": "primary vegetation on LUH2 potential non-forest land",
    "secmf": "secondary mature vegetation on LUH2 potential forest land",
    "secyf": "secondary young vegetation on LUH2 potential forest land",
    "secnf": "secondary vegetation on LUH2 potential non-forest land",
}


RESERVED: tuple[str, ...] = ("cell_id", "year", "lat", "lon", "area_ha")
"""Columns that stand beside a file's variables in tables and views."""


def transition_variables() -> tuple[Variable, ...]:
    """Return the 118 variables of LUH2's transitions.nc in the file's order.

    Nothing becomes primary again, and primary land turns secondary only by harvest: `X_to_primf`,
    `X_to_primn`, `primf_to_secdf` and `primn_to_secdn` do not exist. The file has `standard_name`
    and `long_name` of the `X_to_Y` swapped; here they stand the right way round.
    """
    absent = {("primf", "secdf"), ("primn", "secdn")}
    moves = tuple(
        _luh2(
            f"{origin}_to_{target}",
            "1",
            f"transition from {LAND_USE[origin]} to {LAND_USE[target]}",
        )
        for origin in FRACTIONS
        for target in FRACTIONS[2:]
        if origin != target and (origin, target) not in absent
    )
    area = tuple(
        _luh2(f"{name}_harv", "1", f"wood harvest area from {text}")
        for name, text in _HARVESTED.items()
    )
    biomass = tuple(
        Variable(
            f"{name}_bioh",
            f"{name}_bioh",
            "kg",
            f"wood harvest biomass carbon from {text}",
            "vegetation_carbon_content",
        )
        for name, text in _HARVESTED.items()
    )
    return moves + area + biomass


def _luh2(name: str, units: str, long_name: str) -> Variable:
    return Variable(name, name, units, long_name, "area_fraction")


@dataclass(frozen=True)
class Source:
    """A gridded source file and the table it becomes.

    Attributes
    ----------
    name : str
        Name of the source: the option `--<name>` and the key in messages.
    table : str
        The table its variables become.
    file : str
        The file's usual name, looked for in the folder `--raw`.
    title : str
        What the source is, in a few words.
    variables : tuple of Variable
        The variables the file is known for: the columns of the table when it is not loaded.
    required : frozenset of str
        Variables without which the views would have no meaning.
    extras : bool
        Whether further variables on (time, lat, lon) become columns too.
    all_years_decide : bool
        Whether a cell is stored for what it holds in any year (BLUE, which has no missing value),
        rather than for what it holds in that year (LUH2, which has).
    default : bool
        Whether it is looked for when no source is named.
    """

    name: str
    table: str
    file: str
    title: str
    variables: tuple[Variable, ...]
    required: frozenset[str] = frozenset()
    extras: bool = True
    all_years_decide: bool = False
    default: bool = False


ELUC = Variable(
    "ELUC",
    "eluc",
    "t C ha-1 yr-1",
    "Carbon emissions from land use change",
    "Carbon emissions from land use change",
)

_STATES = (
    *(_luh2(name, "1", long_name) for name, long_name in LAND_USE.items()),
    Variable(
        "secmb",
        "secmb",
        "kg m-2",
        "secondary mean biomass carbon density",
        "vegetation_carbon_content",
    ),
    Variable("secma", "secma", "years", "secondary mean age"),
)

_CROP_MANAGEMENT = (
    ("fertl", "kg ha-1 yr-1", "industrial nitrogen fertilizer rate of"),
    ("irrig", "1", "irrigated fraction of"),
    ("crpbf", "1", "fraction grown as biofuel of"),
)

_MANAGEMENT = (
    *(
        Variable(f"{prefix}_{crop}", f"{prefix}_{crop}", units, f"{text} {LAND_USE[crop]}")
        for prefix, units, text in _CROP_MANAGEMENT
        for crop in CROPS
    ),
    Variable(
        "fharv_c3per", "fharv_c3per", "1", "fraction of C3 perennial crops used for wood harvest"
    ),
    Variable(
        "fharv_c4per", "fharv_c4per", "1", "fraction of C4 perennial crops used for wood harvest"
    ),
    Variable("flood", "flood", "1", "flooded fraction of C3 annual crops (rice)"),
    Variable("rndwd", "rndwd", "1", "fraction of wood harvest used as industrial roundwood"),
    Variable("fulwd", "fulwd", "1", "fraction of wood harvest used as fuelwood"),
    Variable("combf", "combf", "1", "fraction of wood harvest used as commercial biofuel"),
    Variable("crpbf_total", "crpbf_total", "1", "fraction of cropland grown as biofuel"),
)

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            name="states",
            table="state",
            file="states.nc",
            title="LUH2 land-use states",
            variables=_STATES,
            required=frozenset(FRACTIONS),
            default=True,
        ),
        Source(
            name="transitions",
            table="transition",
            file="transitions.nc",
            title="LUH2 land-use transitions",
            variables=transition_variables(),
        ),
        Source(
            name="management",
            table="management",
            file="management.nc",
            title="LUH2 land management",
            variables=_MANAGEMENT,
        ),
        Source(
            name="eluc",
            table="eluc",
            file="BLUE_LUH2-GCB2022_ELUC_gridded_net_1850-2021.nc",
            title="BLUE emissions from land-use change",
            variables=(ELUC,),
            required=frozenset({"ELUC"}),
            extras=False,
            all_years_decide=True,
            default=True,
        ),
    )
}
"""Every gridded source in the order of loading: ELUC last, its cells depend on the states."""

STATIC = Source(
    name="static",
    table="cell",
    file="staticData_quarterdeg.nc",
    title="LUH2 static grid",
    variables=(
        Variable(
            "ptbio",
            "potential_biomass",
            "kg m-2",
            "potential biomass carbon content",
            "vegetation_carbon_content",
        ),
        Variable("fstnf", "potential_forest", "1", "mask denoting forest (1) or non-forest (0)"),
        Variable("icwtr", "ice_water_fraction", "1", "ice/water fraction", "area_fraction"),
        Variable("ccode", "country_code", "1", "country codes"),
    ),
    extras=False,
)
"""The source without years: its variables become columns of `cell`."""

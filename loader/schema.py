"""The registry of sources: the files that can be loaded, their variables, and their tables.

One entry of `SOURCES` is all that a source of yearly grids needs to be loaded, queried, exported,
checked, sampled and downloaded. From it follow the option of `luc-load build`, `fetch` and
`sample`, the table with its comments and its entries in `data_dictionary`, the ranges that `check`
proves, and the numbers of estimates. A file sql/tables/<table>.sql is needed only for a table whose
header or columns differ from the common template.

Other modules name a source only where they compute with its meaning: the land uses of the
states, the moves of the transitions, the sign of emissions. Names and long names are those of
LUH2 and BLUE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from loader.errors import UsageError

__all__ = [
    "CROPS",
    "ELUC",
    "FORESTS",
    "FRACTIONS",
    "FURTHER_LAND_USE",
    "LAND_USE",
    "MATERIALIZABLE",
    "META",
    "RESERVED",
    "RESERVED_PRODUCTS",
    "SERIES",
    "SOURCES",
    "STATIC",
    "SUMS",
    "USES",
    "Download",
    "Source",
    "Variable",
    "listed_sources",
    "merge_named",
    "schema_of",
    "transition_variables",
]


_Given = TypeVar("_Given")


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
        As in the file, or else as published; empty if there is none.
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
"""Land uses that some files have in addition to the 12, such as LUH3's."""

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


SERIES: frozenset[str] = frozenset({"eluc_series", "eluc_span"})
"""Tables that hold the emissions as series of years, where a build stores them."""


META: frozenset[str] = frozenset(
    {"build", "eluc_total", "file_layout", "state_total", "table_content", *SERIES}
)
"""Tables that only luc-load reads; they are in the schema meta, hidden from most users."""


MATERIALIZABLE: tuple[str, ...] = ("luc", "eluc_state", "state_diff")
"""Views that a build may store as tables of the same name."""


def schema_of(table: str) -> str:
    """Return the schema that contains a table of luc-load: `main` or `meta`."""
    return "meta" if table in META else "main"


RESERVED: tuple[str, ...] = ("cell_id", "year", "lat", "lon", "area_ha")
"""Columns of tables and views that are not variables of a file."""


RESERVED_PRODUCTS: frozenset[str] = frozenset(
    (
        *(*RESERVED, *USES, *FURTHER_LAND_USE),
        *(
            "eluc",
            "emission",
            "cumulative",
            "date",
            "prev_year",
            "is_land",
            "land",
            "first_year",
            "last_year",
            "years",
        ),
        *("layer", "region_id", "code", "name", "country", "country_code", "country_iso3"),
    )
)
"""Names of columns that a further product of emissions must not take."""


def transition_variables() -> tuple[Variable, ...]:
    """Return the 118 variables of LUH2's transitions.nc in the file's order.

    Land never becomes primary again, and primary land becomes secondary only by harvest:
    `X_to_primf`, `X_to_primn`, `primf_to_secdf` and `primn_to_secdn` do not exist. The file has
    `standard_name` and `long_name` of the `X_to_Y` swapped; here they are the right way round.
    """
    # LUH2 has no move to primary land, and books these two as wood harvest.
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
class Download:
    """Where a source file is published.

    Attributes
    ----------
    url : str
        http or https.
    size : int or None
        Bytes, where published.
    digest : str or None
        "md5:<hexadecimal>" or "sha256:<hexadecimal>", where published.
    """

    url: str
    size: int | None = None
    digest: str | None = None


@dataclass(frozen=True)
class Source:
    """A gridded source file and the table it becomes.

    Attributes
    ----------
    name : str
        Name of the source: the option `--<name>` and the key in `build(sources=...)`.
    table : str
        The table its variables become.
    file : str
        The file's usual name, which a build looks for in the folder `--raw`.
    title : str
        A short description of the source.
    variables : tuple of Variable
        The variables the file is known for: the columns of the table when it is not loaded.
    required : frozenset of str
        Variables without which the views would have no meaning.
    computed : frozenset of str
        Further variables that views compute with where a file has them: fractions, like the
        required ones of the source.
    extras : bool
        Whether further variables on (time, lat, lon) become columns too.
    all_years_decide : bool
        Whether a cell is stored if it has data in any year (BLUE, which has no missing value),
        rather than if it has data in that year (LUH2, which has).
    has_area : bool
        Whether the file's `cell_area` is the area of the cells, in hectares.
    default : bool
        Whether it is loaded if no source is named.
    is_snapshot : bool
        Whether the values of a year are those of its 1 January rather than of the whole year.
    has_products : bool
        Whether further files may add columns, as in `--eluc committed=FILE`.
    is_signed : bool
        Whether values below 0 have a meaning; `luc-load check` reports them in other sources.
    download : Download or None
        Where it is published; None if only an address of the user's can be downloaded.
    first_year : int or None
        First year of a sample; None if it has the same years as the others.
    value_bytes : tuple of (float, float)
        Bytes of a value in Parquet and in DuckDB, its share of the row's key included, for
        estimates.
    sample_bytes : float or None
        Bytes of a sample's year at 0.25 degrees; None estimates them from the number of variables.
    """

    name: str
    table: str
    file: str
    title: str
    variables: tuple[Variable, ...]
    required: frozenset[str] = frozenset()
    extras: bool = True
    computed: frozenset[str] = frozenset()
    all_years_decide: bool = False
    has_area: bool = False
    default: bool = False
    is_snapshot: bool = False
    has_products: bool = False
    is_signed: bool = False
    download: Download | None = None
    first_year: int | None = None
    value_bytes: tuple[float, float] = (1.1, 2.2)
    sample_bytes: float | None = None


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

_ZENODO = "https://zenodo.org/api/records/15556812/files"
_MARYLAND = "http://luh.umd.edu/LUH2"
_BLUE = "https://syncandshare.lrz.de/dl/fiAuJz5VFgsEJ1E96mthCT/Data_GCB2022"
"""Zenodo record 10.5281/zenodo.15556812 with its sizes and digests; the University of Maryland's
own server, as of LUH2-GCB2022 and LUH2 v2h (static); the BLUE group's share at LRZ."""

_ELUC_FILE = "BLUE_LUH2-GCB2022_ELUC_gridded_net_1850-2021.nc"

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
            computed=frozenset(FURTHER_LAND_USE),
            default=True,
            is_snapshot=True,
            download=Download(
                f"{_ZENODO}/states4.nc/content",
                6_657_587_367,
                "md5:411ef3d657c3108942954c895f658a17",
            ),
            sample_bytes=6.0e6,
        ),
        Source(
            name="transitions",
            table="transition",
            file="transitions.nc",
            title="LUH2 land-use transitions",
            variables=transition_variables(),
            # Zenodo has this one too, 19.9 GB, under a name that is not known here.
            download=Download(f"{_MARYLAND}/LUH2_GCB_2022/transitions.nc"),
            value_bytes=(0.33, 0.51),
            sample_bytes=20e6,
        ),
        Source(
            name="management",
            table="management",
            file="management.nc",
            title="LUH2 land management",
            variables=_MANAGEMENT,
            download=Download(
                f"{_ZENODO}/management4.nc/content",
                2_172_626_928,
                "md5:4b8a2090876f410c6573e47f441566dc",
            ),
            value_bytes=(0.2, 0.4),
            sample_bytes=2.8e6,
        ),
        Source(
            name="eluc",
            table="eluc",
            file=_ELUC_FILE,
            title="BLUE emissions from land-use change",
            variables=(ELUC,),
            required=frozenset({"ELUC"}),
            extras=False,
            all_years_decide=True,
            has_area=True,
            has_products=True,
            default=True,
            is_signed=True,
            download=Download(f"{_BLUE}/{_ELUC_FILE}"),
            first_year=1850,
            value_bytes=(1.9, 4.0),
            sample_bytes=0.73e6,
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
    download=Download(
        f"{_MARYLAND}/LUH2_v2h/staticData_quarterdeg.nc",
        931_242,
        "md5:110211fdfd0f85044d203e9c71114165",
    ),
    sample_bytes=1.3e6,
)
"""The source without years: its variables become columns of `cell`."""


def listed_sources() -> tuple[Source, ...]:
    """Return the sources of yearly grids in the order of help texts: emissions, then land use."""
    return tuple(sorted(SOURCES.values(), key=lambda one: (not one.default, not one.is_signed)))


def merge_named(
    named: Mapping[str, _Given | None], sources: Mapping[str, _Given] | None
) -> dict[str, _Given | None]:
    """Join the sources that have a parameter of their own with those of a mapping.

    Parameters
    ----------
    named : mapping of str to object or None
        By name of the source; None for a parameter that the caller left out.
    sources : mapping of str to object, optional
        By name of any source of the registry.

    Raises
    ------
    UsageError
        If a name is not in the registry, or is used in both ways.
    """
    merged = {name: named.get(name) for name in (*SOURCES, STATIC.name)}
    for name, given in (sources or {}).items():
        if name not in merged:
            known = ", ".join(source.name for source in (*listed_sources(), STATIC))
            raise UsageError(f"sources names {name!r}; expected any of {known}")
        if given is not None and merged[name] is not None:
            raise UsageError(f"{name} is set twice: as {name} and in sources")
        merged[name] = given if merged[name] is None else merged[name]
    return merged

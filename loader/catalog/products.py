"""Recognise the emissions in a file of ELUC: which model, which edition, net or committed.

The BLUE file that comes with the Global Carbon Budget has hardly any attributes, so its name is
used as well as its title and the attributes of its variable. Anything else is unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from loader.schema import ELUC

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "EmissionColumn",
    "EmissionProduct",
    "ProductColumn",
    "describe_product",
    "emission_columns",
    "is_yearly_flux",
    "product_attributes",
    "products_of",
]

_NOT_FURTHER = frozenset({"cell_id", "year", ELUC.column})

_MODELS = {
    "blue": "BLUE",
    "luce": "LUCE",
    "oscar": "OSCAR",
    "hn": "H&N",
    "houghton": "H&N",
}
"""Bookkeeping models by a word that names them."""

_PARTS = frozenset(
    (
        *("gross", "sources", "sinks", "removals", "regrowth", "harvest"),
        *("deforestation", "afforestation", "reforestation"),
    )
)
"""Words for a part of the net flux."""

_COMMITTED = re.compile(r"(?<!un)(?<!non)(?<!non[^a-z])committed")
_EDITION = re.compile(r"(?:gcb|gcp|global[^a-z0-9]carbon[^a-z0-9]budget)[^a-z0-9]?(\d{4})")


@dataclass(frozen=True)
class EmissionProduct:
    """The emissions in a file, as far as its name and attributes describe them.

    Attributes
    ----------
    models : tuple of str
        The bookkeeping models that are named: normally one, or none.
    editions : tuple of int
        The editions (years) of the Global Carbon Budget that are named.
    is_committed : bool
        Whether the emissions are committed: all future emissions that a change causes, in the year
        of the change, rather than the flux of each year.
    is_net : bool
        Whether it is described as net, and no part of the flux is named.
    """

    models: tuple[str, ...] = ()
    editions: tuple[int, ...] = ()
    is_committed: bool = False
    is_net: bool = False

    @property
    def title(self) -> str:
        """A short description of the file, such as BLUE net emissions ..., GCB2022."""
        kind = "committed " if self.is_committed else "net " if self.is_net else ""
        words = (*self.models, f"{kind}emissions from land-use change")
        return ", ".join((" ".join(words), *(f"GCB{year}" for year in self.editions)))

    @property
    def quantity(self) -> str:
        """The meaning of one value, for the descriptions of columns."""
        if self.is_committed:
            return (
                "Committed carbon emissions from land use change: all present and future emissions "
                "that the change of the year causes"
            )
        return "Carbon emissions from land use change"

    @property
    def obstacle(self) -> str | None:
        """Why the totals published for BLUE in GCB2022 do not apply; None if they do."""
        if self.is_committed:
            return (
                "the ELUC file holds committed emissions; the published totals are those of the "
                "net flux of each year"
            )
        if self.models == ("BLUE",) and self.editions == (2022,) and self.is_net:
            return None
        if self.models or self.editions:
            problem = f"the ELUC file holds {self.title}"
        else:
            problem = (
                "neither the name nor the title of the ELUC file names the model of the emissions"
            )
        return f"{problem}; the published totals are those of BLUE's net flux in GCB2022"


@dataclass(frozen=True)
class EmissionColumn:
    """The names under which one product of emissions is in tables and views.

    Attributes
    ----------
    column : str
        Of the table eluc, in t C ha-1 yr-1: `eluc` for the first product.
    """

    column: str

    @property
    def measure(self) -> str:
        """The beginning of its sums: emission_tc, committed_tc."""
        return "emission" if self.column == ELUC.column else self.column

    @property
    def prefix(self) -> str:
        """The beginning of other columns that depend on it: cumulative_pgc is the first one's."""
        return "" if self.column == ELUC.column else f"{self.column}_"

    @property
    def names(self) -> frozenset[str]:
        """All columns that tables, views and macros have of it, in lower case."""
        own = (f"{self.column}{end}" for end in ("", "_diff", "_tco2_ha"))
        sums = (f"{self.measure}_{unit}" for unit in ("tc", "tco2", "mtc", "pgc", "pgco2"))
        units = ("tc", "tco2", "tc_ha", "pgc", "pgco2")
        over_years = ("first_year", "years", *(f"cumulative_{unit}" for unit in units))
        prefixed = (f"{self.prefix}{name}" for name in over_years)
        return frozenset(name.lower() for name in (*own, *sums, *prefixed))


def emission_columns(further: Iterable[str] = ()) -> tuple[EmissionColumn, ...]:
    """Return the products of a database, the first one first.

    Parameters
    ----------
    further : iterable of str
        The columns of eluc other than `eluc`.
    """
    return tuple(map(EmissionColumn, (ELUC.column, *further)))


def products_of(columns: Iterable[str]) -> tuple[EmissionColumn, ...]:
    """Return the products of a database, the first one first, from the columns of eluc."""
    return emission_columns(name for name in columns if name not in _NOT_FURTHER)


def is_yearly_flux(quantity: str) -> bool:
    """Return whether values mean the flux of a year, not committed emissions or a part of it."""
    return quantity.lower() == EmissionProduct().quantity.lower()


@dataclass(frozen=True)
class ProductColumn:
    """A further product of emissions, or a part of one, and its column.

    Attributes
    ----------
    column : str
        Of the table eluc, in t C ha-1 yr-1. Views have `<column>_tc`, `<column>_mtc` and
        `<column>_pgc`, as they have emission_tc, emission_mtc and emission_pgc.
    product : EmissionProduct
    quantity : str
        The meaning of one value.
    title : str
        A short description of the file.
    """

    column: str
    product: EmissionProduct
    quantity: str
    title: str


def describe_product(path: str, texts: Iterable[str | None] = ()) -> EmissionProduct:
    """Return which emissions a file holds.

    Parameters
    ----------
    path : str
        Path or URL; only its last part counts.
    texts : Iterable of (str or None)
        Its title and other attributes.

    Returns
    -------
    EmissionProduct

    Examples
    --------
    >>> describe_product("BLUE_LUH2-GCB2022_ELUC_gridded_net_1850-2021.nc").title
    'BLUE net emissions from land-use change, GCB2022'
    >>> describe_product("eluc.nc", ["ELUC committed by LUCE"]).is_committed
    True
    """
    name = PurePosixPath(unquote(urlsplit(path).path if "://" in path else path)).name
    said = " ".join((name, *(text for text in texts if text))).lower()
    words = set(re.split(r"[^a-z0-9]+", said.replace("h&n", "hn")))
    # luh2-gcb2022 is the land use that a model was driven with, and the edition all the same.
    return EmissionProduct(
        tuple(dict.fromkeys(model for word, model in _MODELS.items() if word in words)),
        tuple(sorted({int(year) for year in _EDITION.findall(said)})),
        _COMMITTED.search(said) is not None,
        "net" in words and words.isdisjoint(_PARTS),
    )


def product_attributes(
    attributes: Mapping[str, object], variable: Mapping[str, object]
) -> tuple[str, ...]:
    """Return the attributes of a file and its variable that describe its emissions."""
    of_file = ("title", "product", "source", "source_id", "model", "summary", "description")
    of_variable = ("long_name", "standard_name", "description", "comment")
    return tuple(
        str(place[name])
        for place, names in ((attributes, of_file), (variable, of_variable))
        for name in names
        if name in place
    )

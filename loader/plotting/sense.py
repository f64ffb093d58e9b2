"""Find what the values of a map mean: emissions, forest, crops, and which sign means more.

A colour suggests "more emitted" or "forest lost" before anybody reads the label. The scale
therefore follows the columns of an expression and whether it grows or shrinks with them:
``eluc * 3.664`` is drawn like ``eluc``, ``-eluc`` with the colours exchanged, ``abs(eluc)`` as a
magnitude.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from loader.errors import DatabaseError
from loader.schema import CROPS, FORESTS

if TYPE_CHECKING:
    from loader.catalog.sqlfiles import Expression
    from loader.plotting.session import Session

__all__ = ["Kind", "Sense", "column_kind", "sense_of"]

Kind = Literal["emission", "forest", "crop", "other"]

_EMISSION = re.compile(r"(eluc|emission|cumulative_pg)")
_KEYS = frozenset({"cell_id", "year"})
_FOREST = frozenset({"forest", *FORESTS})
_CROP = frozenset({"crop", *CROPS})
_CLEAR = 0.95
"""Share of the rows that must agree: a clipped or rounded expression does not change in some."""


@dataclass(frozen=True)
class Sense:
    """The meaning of the values of a map.

    Attributes
    ----------
    kind : {"emission", "forest", "crop", "other"}
        The quantity that the columns describe.
    direction : {1, -1, 0}
        1 if the values grow with the columns, -1 if they shrink, 0 if they do neither.
    is_change : bool
        Whether they are differences between two years.
    """

    kind: Kind
    direction: int
    is_change: bool = False

    @property
    def is_flux(self) -> bool:
        """Whether the sign distinguishes a source to the atmosphere from a sink."""
        return self.kind == "emission" and self.direction != 0


def column_kind(column: str, products: frozenset[str] = frozenset()) -> Kind:
    """Return the quantity that a column describes.

    Parameters
    ----------
    column : str
    products : frozenset of str
        Columns of the table `eluc`, in lower case: one for each emission product.

    Examples
    --------
    >>> column_kind("forest_diff"), column_kind("emission_tc"), column_kind("urban")
    ('forest', 'emission', 'other')
    """
    name = column.lower().removesuffix("_diff").removesuffix("_mha")
    if _EMISSION.match(name) or name in products:
        return "emission"
    if name in _FOREST:
        return "forest"
    return "crop" if name in _CROP else "other"


def sense_of(
    session: Session,
    expression: Expression,
    relation: str,
    year: int | None,
    *,
    is_change: bool = False,
) -> Sense:
    """Return the meaning of the values of an expression.

    Parameters
    ----------
    session : Session
    expression : Expression
    relation : str
        The table or view that has its columns.
    year : int or None
        A year that has values; None where the relation has no years.
    is_change : bool
        Whether the values are the difference of the expression between two years.

    Returns
    -------
    Sense
    """
    products = frozenset(
        name.lower() for name in session.relations.get("eluc", ()) if name not in _KEYS
    )
    of_cells = {name.lower() for name in session.relations["cell"]} | _KEYS
    names = {column.lower(): column for column in expression.columns}
    # Ignore areas, coordinates and masks: crop * area_ha is about crops.
    about = [name for name in names if name not in of_cells] or list(names)
    kinds = {name: column_kind(name, products) for name in about}
    is_difference = is_change or all(name.endswith("_diff") for name in about)
    # One emission column makes an expression one of emissions; land uses must agree.
    subject: Kind = "emission" if "emission" in kinds.values() else "other"
    if len(set(kinds.values())) == 1:
        subject = next(iter(kinds.values()))
    if subject == "emission":
        about = [name for name in about if kinds[name] == subject]
    if expression.text.strip('"').lower() in names:
        return Sense(subject, 1, is_difference)
    signed = subject == "emission" or any(name.endswith("_diff") for name in about)
    try:
        ((larger, smaller),) = session.rows(
            "plot_direction",
            {
                "expression": expression,
                "relation": relation,
                "year": year,
                "columns": [names[name] for name in about],
                "signed": signed,
            },
        )
    except DatabaseError:
        # Columns of text, or a function that is undefined there: the direction is not known.
        return Sense(subject, 0, is_difference)
    moved = larger + smaller
    direction = int(larger > _CLEAR * moved) - int(smaller > _CLEAR * moved) if moved else 0
    return Sense(subject, direction, is_difference)

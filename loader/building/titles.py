"""What files call themselves, and which emissions each column of eluc holds."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from loader.catalog.products import (
    EmissionProduct,
    ProductColumn,
    describe_product,
    emission_columns,
    product_attributes,
)
from loader.errors import SourceError
from loader.schema import ELUC, FURTHER_LAND_USE, USES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loader.reading.source import FileRecord, GriddedSource
    from loader.schema import Source

__all__ = [
    "attribute",
    "emission_product",
    "file_title",
    "further_products",
    "require_distinct_emissions",
    "source_title",
]

_TITLES = 3
"""Titles of files that the description of a source names."""

_OF_USES = ("_diff", "_ha", "_diff_ha", "_mha", "_share")
"""What names of land uses end with in the views."""


def emission_product(file: FileRecord) -> EmissionProduct:
    """Return which emissions an ELUC file holds, derived from its name and attributes."""
    return describe_product(file.path, product_attributes(file.attributes, file.of_first))


def further_products(source: GriddedSource) -> tuple[ProductColumn, ...]:
    """Return the columns of emissions other than the first one, and what they hold."""
    columns = []
    for variable in source.variables:
        if variable.column == ELUC.column:
            continue
        file = next(f for f in source.files if variable in f.variables)
        own = (variable.long_name, variable.standard_name, variable.name)
        product = describe_product(file.path, (*product_attributes(file.attributes, {}), *own))
        is_part = variable.column != file.product and not product.is_committed
        quantity = (is_part and variable.long_name) or product.quantity
        columns.append(
            ProductColumn(variable.column, product, quantity, file_title(source.kind, file))
        )
    return tuple(columns)


def file_title(kind: Source, file: FileRecord) -> str:
    """Return the title of a file, or the default title of its kind.

    The title of an ELUC file always names its product, even if only the attributes of its variable
    do, because the database has no other description of the product.
    """
    own = attribute(file.attributes, "title")
    if kind.table != "eluc":
        return own or kind.title
    product = emission_product(file)
    if own and describe_product(file.path, [own]) == product:
        return own
    return f"{own} ({product.title})" if own else product.title


def source_title(source: GriddedSource) -> str:
    """Return the titles of a source's files, of many the first ones."""
    titles = dict.fromkeys(file_title(source.kind, file) for file in source.files)
    named = list(titles)[:_TITLES]
    return "; ".join(named) + ("; ..." if len(titles) > len(named) else "")


def require_distinct_emissions(source: GriddedSource) -> None:
    """Raise if two products of emissions, or one and the land uses, share a column of a view.

    Views have several columns for each product: of `committed`, committed_tc, committed_pgc and
    more.

    Raises
    ------
    SourceError
    """
    products = emission_columns(v.column for v in source.variables if v.column != ELUC.column)
    uses = {f"{use}{end}" for use in (*USES, *FURTHER_LAND_USE) for end in ("", *_OF_USES)}
    named = [(f"the product {one.column}", one.names) for one in products]
    for (one, names), (other, others) in combinations([*named, ("the land uses", uses)], 2):
        if common := sorted(names & others):
            raise SourceError(
                source.path,
                f"{one} and {other} would both be {common[0]} in the views; choose another NAME "
                "for a product, or rename the variable in its file",
            )


def attribute(attributes: Mapping[str, object], *names: str) -> str | None:
    """Return the first of some attributes that is there and not empty."""
    for name in names:
        if value := attributes.get(name):
            return str(value)
    return None

"""Write the sources of a dbt project: every table and view with its description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.bi.catalog import Relation

__all__ = ["sources"]


def sources(catalog: Mapping[str, Relation]) -> dict[str, Any]:
    """Return the content of a sources file.

    Parameters
    ----------
    catalog : Mapping of str to Relation
        The tables and views of a database.
    """
    return {
        "version": 2,
        "sources": [
            {
                "name": "luc",
                "database": "luc",
                "schema": "main",
                "description": "Emissions from land-use change (BLUE) and land use (LUH2).",
                "tables": [_table(relation) for relation in catalog.values()],
            }
        ],
    }


def _table(relation: Relation) -> dict[str, Any]:
    return {
        "name": relation.name,
        "description": relation.comment,
        "columns": [
            {"name": column.name, "description": column.text, "data_type": column.data_type}
            for column in relation.columns
        ],
    }

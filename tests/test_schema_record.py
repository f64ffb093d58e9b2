"""A schema as JSON: what comes back is what was written, and nothing else is taken."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from loader.catalog.objects import SchemaContext
from loader.catalog.products import EmissionProduct, ProductColumn
from loader.catalog.record import schema_from_record, schema_record
from loader.grid import Grid
from loader.schema import SOURCES

CONTEXT = SchemaContext(
    Grid(3, 4, 10.125, -20.0, 0.25, 0.5),
    {source.table: source.variables for source in SOURCES.values()},
    {"state": 'LUH3\'s "states"'},
    EmissionProduct(("BLUE",), (2022,), is_net=True),
    ("luc",),
    (ProductColumn("committed", EmissionProduct(("LUCE",)), "committed emissions", "a file"),),
    "-10,35,30,60",
    has_series=True,
)


def plain() -> dict[str, Any]:
    record: dict[str, Any] = json.loads(json.dumps(schema_record(CONTEXT)))
    return record


def test_a_context_comes_back_from_json() -> None:
    assert schema_from_record(plain()) == CONTEXT


@pytest.mark.parametrize("name", [one.name for one in fields(SchemaContext)])
def test_every_field_is_in_the_record(name: str) -> None:
    default = SchemaContext(Grid.global_grid(2))
    changed = replace(default, **{name: getattr(CONTEXT, name)})
    assert changed != default
    assert schema_record(changed) != schema_record(default)


@pytest.mark.parametrize(
    "damaged",
    [
        [],
        {},
        plain() | {"grid": None},
        plain() | {"grid": {"n_lat": 3}},
        plain() | {"grid": plain()["grid"] | {"n_lat": "3"}},
        plain() | {"variables": {"state": [{"name": "primf"}]}},
        plain() | {"variables": []},
        plain() | {"sources": {"state": 7}},
    ],
)
def test_anything_else_is_rejected(damaged: Any) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match="not the record of a schema"):
        schema_from_record(damaged)

"""Which emissions a file of ELUC holds, whatever says so."""

from __future__ import annotations

import duckdb
import pytest
from sql_database import CONTEXT, GRID

from loader.catalog.objects import SchemaContext, create_tables, create_views
from loader.catalog.products import EmissionProduct, describe_product, product_attributes

REAL = "BLUE_LUH2-GCB2022_ELUC_gridded_net_1850-2021.nc"


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        (f"/data/{REAL}", ()),
        (f"https://example.org/a/{REAL}?committed=1", ()),
        (f"/data/committed/{REAL}", ()),
        ("eluc.nc", ("BLUE, net flux, Global Carbon Budget 2022",)),
        (REAL, ("non-committed emissions",)),
    ],
)
def test_the_published_totals_are_those_of_the_net_flux(path: str, texts: tuple[str, ...]) -> None:
    assert describe_product(path, texts).obstacle is None


@pytest.mark.parametrize(
    ("path", "texts", "words"),
    [
        ("LUCE_LUH2-GCB2022_ELUC_gridded_net.nc", (), "LUCE net emissions"),
        ("OSCAR_GCB2022_net.nc", (), "OSCAR"),
        (REAL.replace("2022", "2024"), (), "GCB2024"),
        (REAL.replace("net", "gross"), (), "BLUE emissions"),
        (REAL.replace("net", "net-deforestation"), (), "BLUE emissions"),
        (REAL.replace("ELUC", "ELUC-committed"), (), "committed"),
        (REAL, ("Committed emissions",), "committed"),
        (REAL, ("H&N 2017",), "H&N"),
        ("eluc.nc", (), "neither the name nor the title"),
        ("eluc.nc", (None, ""), "neither the name nor the title"),
    ],
)
def test_other_emissions_are_not_compared(
    path: str, texts: tuple[str | None, ...], words: str
) -> None:
    obstacle = describe_product(path, texts).obstacle
    assert obstacle is not None
    assert words in obstacle


def test_attributes_of_file_and_variable_count() -> None:
    texts = product_attributes({"title": "x", "history": "y"}, {"long_name": "committed flux"})
    assert texts == ("x", "committed flux")
    assert describe_product("eluc.nc", texts).is_committed


def comments(product: EmissionProduct) -> dict[str, str]:
    with duckdb.connect() as con:
        context = SchemaContext(GRID, CONTEXT.variables, product=product)
        create_tables(con, context)
        create_views(con, context)
        found = con.execute(
            "SELECT table_name || '.' || column_name, comment FROM duckdb_columns() "
            "WHERE NOT internal UNION ALL SELECT view_name, comment FROM duckdb_views() "
            "WHERE NOT internal"
        ).fetchall()
    return dict(found)


def test_committed_emissions_change_the_comments() -> None:
    ordinary = comments(describe_product(REAL))
    committed = comments(describe_product("eluc.nc", ["committed"]))
    for column in ("eluc.eluc", "luc.eluc", "eluc_state.eluc", "land_eluc.eluc"):
        assert ordinary[column].startswith("Carbon emissions from land use change")
        assert committed[column].startswith("Committed carbon emissions from land use change")
    assert "legacy of earlier changes" in ordinary["luc"]
    assert "eluc is committed" in committed["luc"]
    assert "legacy" not in committed["luc"]

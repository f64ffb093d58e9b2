"""Land uses and moves are those of the files: a thirteenth, and moves that LUH2 does not have."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from sql_database import CONTEXT, GRID, Frames, create, fetch, insert, random_frames

from loader.building.totals import Totals
from loader.catalog.objects import SchemaContext
from loader.landuses import LandUses, Move, land_uses_of, missing_moves
from loader.schema import FRACTIONS, SOURCES, Variable

LUH2 = tuple(variable.column for variable in SOURCES["transitions"].variables)


def test_luh2_has_twelve_land_uses_and_110_moves() -> None:
    found = land_uses_of((*FRACTIONS, "secmb", "secma"), LUH2)
    assert found.fractions == FRACTIONS
    assert len(found.moves) == 110
    assert Move("primf_harv", "primf", "secdf") in found.moves
    assert missing_moves(found) == ()


@pytest.mark.parametrize(
    ("state", "transition", "fractions", "moves"),
    [
        (("pltns",), (), ("pltns",), ()),
        (("secma", "pltns"), ("secdf_to_pltns",), ("pltns",), (("secdf", "pltns"),)),
        # A land use that nobody has heard of, which the moves name.
        (("agrof", "secma"), ("agrof_to_urban",), ("agrof",), (("agrof", "urban"),)),
        (("agrof",), (), (), ()),
        # The moves of plantations count for the other side, whatever the states have.
        ((), ("pltns_to_secdf",), (), (("pltns", "secdf"),)),
        ((), ("urban_to_urban", "urban_to_moon", "urban_to_", "to_urban"), (), ()),
    ],
)
def test_the_files_say_what_a_land_use_is(
    state: tuple[str, ...],
    transition: tuple[str, ...],
    fractions: tuple[str, ...],
    moves: tuple[tuple[str, str], ...],
) -> None:
    found = land_uses_of((*FRACTIONS, *state), transition)
    assert found.fractions == (*FRACTIONS, *fractions)
    assert tuple((move.origin, move.target) for move in found.moves) == moves


def test_harvest_is_the_move_only_where_no_variable_names_it() -> None:
    names = ("primf_harv", "primn_harv", "primf_to_secdf", "secmf_harv")
    moves = land_uses_of(FRACTIONS, names).moves
    assert {move.variable for move in moves} == {"primf_to_secdf", "primn_harv"}


def test_a_balance_needs_the_moves_of_every_land_use() -> None:
    fewer = tuple(name for name in LUH2 if name not in ("urban_to_range", "primn_harv"))
    found = missing_moves(land_uses_of((*FRACTIONS, "pltns"), fewer))
    assert found == ("primn_harv", "urban_to_range", "any move of pltns")
    explicit = tuple(name for name in LUH2 if name != "primn_harv")
    assert missing_moves(land_uses_of(FRACTIONS, (*explicit, "primn_to_secdn"))) == ()


STATE = (*(Variable(name, name, "1") for name in (*FRACTIONS, "pltns")),)
MOVES = ("secdf_to_pltns", "pltns_to_urban", "primf_to_secdf", "primf_harv")


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """Plantations that take from secondary land, and an explicit move of primary land."""
    frames = random_frames(3)
    state = frames.state[["cell_id", "year", *FRACTIONS]].assign(pltns=np.float32(0.25))
    rng = np.random.default_rng(3)
    moves = frames.state[["cell_id", "year"]].join(
        pd.DataFrame(rng.random((len(state), len(MOVES)), dtype=np.float32), columns=list(MOVES))
    )
    transition = tuple(Variable(name, name, "1") for name in MOVES)
    context = SchemaContext(GRID, {"state": STATE, "transition": transition})
    connection = duckdb.connect()
    create(connection, Frames(frames.cell, state, frames.eluc), context)
    insert(connection, "transition", moves)
    return connection


def test_every_view_of_land_uses_has_the_thirteenth(con: duckdb.DuckDBPyConnection) -> None:
    columns = pd.DataFrame(
        con.execute("SELECT table_name, column_name FROM data_dictionary").fetchall(),
        columns=["view", "column"],
    )
    having = {
        suffix: set(columns.view[columns.column == f"pltns{suffix}"])
        for suffix in ("", "_diff", "_mha", "_share", "_net", "_balance")
    }
    assert having[""] >= {"state", "land_use", "eluc_state", "luc", "land_state"}
    assert having["_diff"] >= {"state_diff", "luc"}
    assert having["_mha"] >= {"state_global", "state_country"}
    assert having["_share"] >= {"land_share"}
    assert having["_net"] == {"transition_net"}
    assert having["_balance"] == {"mass_balance"}


def test_totals_and_land_hold_the_thirteenth(con: duckdb.DuckDBPyConnection) -> None:
    (off,) = con.execute(
        "SELECT max(abs(g.pltns_mha - s.mha)) FROM state_global AS g JOIN (SELECT year, "
        "sum(pltns * area_ha) / 1e6 AS mha FROM state JOIN cell USING (cell_id) GROUP BY year) "
        "AS s USING (year)"
    ).fetchall()[0]
    assert off == pytest.approx(0, abs=1e-6)
    rows = fetch(
        con,
        "SELECT land_ha / area_ha AS land, s.* FROM land_change JOIN state AS s "
        "USING (cell_id, year) WHERE land_ha IS NOT NULL",
    )
    total = rows[[*FRACTIONS, "pltns"]].astype(np.float64).sum(axis=1)
    np.testing.assert_allclose(rows.land, total, rtol=1e-12)


def test_moves_and_balance_are_those_of_the_file(con: duckdb.DuckDBPyConnection) -> None:
    pairs = con.execute("SELECT DISTINCT from_state, to_state FROM transition_long").fetchall()
    assert set(pairs) == {("secdf", "pltns"), ("pltns", "urban"), ("primf", "secdf")}
    rows = fetch(con, "SELECT * FROM transition_net JOIN transition USING (cell_id, year)")
    expected = rows.secdf_to_pltns.astype(np.float64) - rows.pltns_to_urban.astype(np.float64)
    np.testing.assert_array_equal(rows.pltns_net, expected)
    np.testing.assert_array_equal(rows.primf_net, -rows.primf_to_secdf.astype(np.float64))
    balance = fetch(con, "SELECT * FROM mass_balance JOIN transition_net USING (cell_id, year)")
    assert len(balance) > 100
    np.testing.assert_array_equal(balance.pltns_balance, -balance.pltns_net)


def test_totals_take_the_land_uses_they_are_given() -> None:
    found = Totals(np.ones(2), land_uses=LandUses((*FRACTIONS, "pltns"))).state_table()
    assert "pltns_mha" in found.column_names
    assert CONTEXT.land_uses.fractions == FRACTIONS

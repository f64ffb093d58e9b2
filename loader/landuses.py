"""The land uses of the loaded files, and the moves between them.

LUH2 has 12 land uses; LUH3 adds plantations, and other files may add more. What counts is what the
files have: a column of the states is a land use if its name is known, or if a transition names it
together with a known one.

`state[t + 1] - state[t]` of a land use is what it gains less what it loses in year t (Hurtt et al.
2020). The variables `X_to_Y` are these moves. Wood harvest turns primary vegetation into secondary,
so in LUH2 `primf_harv` and `primn_harv` stand for the pairs that have no `X_to_Y`. Some scenarios
have `primf_to_secdf` and `primn_to_secdn` as well; there the harvest is the same area once more and
must not be counted again. Harvest of secondary vegetation leaves the land use as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader.schema import FRACTIONS, FURTHER_LAND_USE, SUMS, transition_variables

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LandUses", "Move", "land_uses_of", "missing_moves"]

_KNOWN = (*FRACTIONS, *FURTHER_LAND_USE)

_HARVESTS = {"primf_harv": ("primf", "secdf"), "primn_harv": ("primn", "secdn")}
"""The harvests that change the land use: from which to which."""


@dataclass(frozen=True)
class Move:
    """A variable of the transitions that takes area from one land use to another.

    Attributes
    ----------
    variable : str
        Its column.
    origin, target : str
        The land uses.
    """

    variable: str
    origin: str
    target: str


@dataclass(frozen=True)
class LandUses:
    """The land uses of a build, and the moves between them.

    Attributes
    ----------
    fractions : tuple of str
        The land uses of the table state, LUH2's own first: with ice and water they sum to 1.
    moves : tuple of Move
        The variables of the transitions that change a land use, in the order of the file.
    """

    fractions: tuple[str, ...] = FRACTIONS
    moves: tuple[Move, ...] = ()

    @property
    def uses(self) -> tuple[str, ...]:
        """The fractions and their sums `crop` and `forest`, in the order of columns of views."""
        return (*self.fractions, *SUMS)

    @property
    def moving(self) -> tuple[str, ...]:
        """The fractions and whatever other land uses the moves name."""
        named = (use for move in self.moves for use in (move.origin, move.target))
        return tuple(dict.fromkeys((*self.fractions, *named)))


def land_uses_of(state: Iterable[str], transition: Iterable[str] = ()) -> LandUses:
    """Find the land uses and moves among the columns of two tables.

    Parameters
    ----------
    state, transition : Iterable of str
        Columns of the tables; the 12 land uses of LUH2 are taken to be among those of state.

    Returns
    -------
    LandUses
    """
    state, transition = tuple(state), tuple(transition)
    pairs = {
        name: (origin, target)
        for name in transition
        for origin, to, target in [name.partition("_to_")]
        if to and origin != target
    }
    # A pair of a known and an unknown land use makes the other one known.
    linked = {
        name
        for pair in pairs.values()
        if not {*pair}.isdisjoint(_KNOWN)
        for name in pair
        if name in state
    }
    known = {*_KNOWN, *linked}
    further = (name for name in state if name in known)
    moves = {name: pair for name, pair in pairs.items() if known.issuperset(pair)}
    explicit = set(moves.values())
    harvests = {
        name: pair
        for name, pair in _HARVESTS.items()
        if name in transition and pair not in explicit
    }
    return LandUses(
        tuple(dict.fromkeys((*FRACTIONS, *further))),
        tuple(Move(name, *pair) for name, pair in (harvests | moves).items()),
    )


def missing_moves(land_uses: LandUses) -> tuple[str, ...]:
    """Name the variables without which the balance of the land uses cannot be proved.

    Returns
    -------
    tuple of str
        LUH2's moves that the transitions do not have, and `X_to_Y` of a further land use X that no
        move names.
    """
    present = {(move.origin, move.target) for move in land_uses.moves}
    columns = (variable.column for variable in transition_variables())
    expected = land_uses_of((), columns).moves
    lacking = [m.variable for m in expected if (m.origin, m.target) not in present]
    moving = {use for pair in present for use in pair}
    further = [name for name in land_uses.fractions if name not in moving | set(FRACTIONS)]
    return (*lacking, *(f"any move of {name}" for name in further))

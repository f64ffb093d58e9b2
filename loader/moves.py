"""The moves between land uses that decide how the states of a year become those of the next.

``state[t + 1] - state[t]`` of a land use is what it gains less what it loses in year t (Hurtt et
al. 2020). The variables `X_to_Y` say so in their names; wood harvest turns primary vegetation into
secondary, so `primf_harv` and `primn_harv` stand for the pairs that have no `X_to_Y`. Harvest of
secondary vegetation leaves the land use as it is, and enters no balance.
"""

from __future__ import annotations

from dataclasses import dataclass

from loader.schema import FRACTIONS, transition_variables

__all__ = ["MOVES", "Move"]


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


def _moves() -> tuple[Move, ...]:
    found = [Move("primf_harv", "primf", "secdf"), Move("primn_harv", "primn", "secdn")]
    for variable in transition_variables():
        origin, _, target = variable.column.partition("_to_")
        if origin in FRACTIONS and target in FRACTIONS:
            found.append(Move(variable.column, origin, target))
    return tuple(found)


MOVES: tuple[Move, ...] = _moves()
"""The 108 `X_to_Y` and the two harvests that change the land use."""

"""Units that the tables promise: a file in another unit must not be loaded as if in ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loader.errors import SourceError

if TYPE_CHECKING:
    from loader.schema import Variable

__all__ = ["check_units"]

_SAME_AS: dict[str, frozenset[str]] = {
    "t C ha-1 yr-1": frozenset(
        {
            *("tc/ha/yr", "tcha-1yr-1", "t/ha/yr", "tha-1yr-1", "tc/ha/year", "tcha-1year-1"),
            *("mgc/ha/yr", "mgcha-1yr-1", "tc/ha", "tcha-1", "tc/(hayr)", "tcha-1a-1", "tc/ha/a"),
        }
    ),
    "1": frozenset({"1", "1.0", "fraction", "unitless", "dimensionless", "-", "none", "m2m-2"}),
    "kg m-2": frozenset({"kgm-2", "kg/m2", "kgcm-2", "kgc/m2"}),
    "years": frozenset({"years", "year", "yr", "yrs", "a"}),
    "kg": frozenset({"kg", "kgc"}),
    "kg ha-1 yr-1": frozenset(
        {"kgha-1yr-1", "kg/ha/yr", "kgnha-1yr-1", "kgn/ha/yr", "kgha-1", "kgper(haofcropland)peryr"}
    ),
}
"""Spellings of each unit, lower case, without spaces, carets and stars."""


def check_units(variable: Variable, found: object, path: str) -> None:
    """Refuse a variable whose unit is not the one its column promises.

    Parameters
    ----------
    variable : Variable
        With the promised unit; a unit that is not in the table above is not checked.
    found : object
        The attribute of the file; None or empty is taken for the promised unit.
    path : str
        The file, for messages.

    Raises
    ------
    SourceError
        If the unit is another one.
    """
    spellings = _SAME_AS.get(variable.units)
    if spellings is None or found is None:
        return
    spelled = re.sub(r"[\s^*{}]", "", str(found)).lower()
    own = re.sub(r"\s", "", variable.units).lower()
    if spelled and spelled not in spellings and spelled != own:
        expected = f'expected "{variable.units}": convert the values and set the attribute'
        raise SourceError(path, f'has units "{found}"; {expected}', variable.name)

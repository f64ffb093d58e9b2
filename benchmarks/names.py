"""The variables that are measured, and the places in time and space that questions ask for."""

from __future__ import annotations

__all__ = ["FRACTIONS", "STATE"]

FRACTIONS = [
    "primf", "primn", "secdf", "secdn", "urban", "c3ann",
    "c4ann", "c3per", "c4per", "c3nfx", "pastr", "range",
]  # fmt: skip
STATE = [*FRACTIONS, "secmb", "secma"]

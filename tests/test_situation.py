"""What a build does follows from one value: what is at the output."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader.building.situation import Leftover, Situation, Step
from loader.errors import OutputError

DATABASE = Path("out/luc.duckdb")


@pytest.mark.parametrize(
    ("leftover", "step"),
    [
        (Leftover.NOTHING, Step.BEGIN),
        (Leftover.OTHER, Step.BEGIN),
        (Leftover.PARTS, Step.RESUME),
        (Leftover.FINISHED, Step.PUBLISH),
    ],
)
@pytest.mark.parametrize("published", ["nothing", "another", "this, without its dataset"])
def test_what_is_left_decides_unless_this_build_is_published(
    leftover: Leftover, step: Step, published: str
) -> None:
    situation = Situation(
        DATABASE,
        leftover,
        "a" if leftover is Leftover.FINISHED else None,
        None if published == "nothing" else "b",
        ("existing build: years=all; requested: years=1951:1952",)
        if "another" in published
        else (),
        has_dataset=published == "another",
    )
    assert situation.step(overwrite=True) is step
    if published == "another":
        with pytest.raises(OutputError, match=r"1951:1952.*--overwrite"):
            situation.step(overwrite=False)
    else:
        assert situation.step(overwrite=False) is step


@pytest.mark.parametrize("leftover", [Leftover.NOTHING, Leftover.OTHER, Leftover.PARTS])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_published_build_is_not_made_again(leftover: Leftover, overwrite: bool) -> None:
    situation = Situation(DATABASE, leftover, None, "a", (), has_dataset=True)
    assert situation.step(overwrite=overwrite) is Step.NONE


def test_an_exchange_that_was_interrupted_is_completed() -> None:
    situation = Situation(DATABASE, Leftover.FINISHED, "a", "a", (), has_dataset=True)
    assert situation.step(overwrite=False) is Step.PUBLISH

"""What the commands say where a reader would stumble: years, long texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from files import GRIDS, Form, state_content, write

from loader import OutputError, SourceError, build
from loader.description import SourceInfo

YEARS = tuple(range(1950, 1953))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    write(folder / "states.nc", state_content(71, GRIDS["finer"], YEARS), Form())
    build(states=folder / "states.nc", out=folder / "out")
    return folder


def test_other_years_are_told_in_words(built: Path) -> None:
    with pytest.raises(OutputError, match=r"existing build: years=all; requested: years=1951:1952"):
        build(states=built / "states.nc", out=built / "out", years="1951:1952")


def test_years_that_a_file_does_not_have_name_the_option(built: Path, tmp_path: Path) -> None:
    message = r"--years 3000:3001 matches none of its years \(1950 to 1952\)"
    with pytest.raises(SourceError, match=message):
        build(states=built / "states.nc", out=tmp_path / "out", years="3000:3001")


def test_a_long_licence_is_wrapped_and_kept_whole() -> None:
    licence = " ".join(f"word{number}" for number in range(80))
    source = SourceInfo("states", "a.nc", 1, None, None, None, licence, 1950, 1952, synthetic=False)
    lines = source.lines()
    assert max(map(len, lines)) <= 100
    told = " ".join(line.strip() for line in lines[2:])
    assert told == f"licence: {licence}"

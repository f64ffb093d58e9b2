"""The editions that fetch knows, and what each file of them is verified by."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from loader import fetch
from loader.cli import commands
from loader.errors import UsageError
from loader.fetching.addresses import choose
from loader.fetching.editions import DEFAULT_EDITION, EDITIONS, Edition
from loader.schema import SOURCES, STATIC


def test_the_default_edition_is_that_of_the_registry() -> None:
    assert next(iter(EDITIONS)) == DEFAULT_EDITION
    for name, known in EDITIONS[DEFAULT_EDITION].downloads.items():
        assert known == (STATIC if name == STATIC.name else SOURCES[name]).download


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)
def test_an_edition_has_addresses_of_what_it_downloads(edition: Edition) -> None:
    assert set(edition.default) <= set(edition.downloads)


def test_v2h_has_land_use_only(tmp_path: Path) -> None:
    files = fetch(raw=tmp_path, edition="v2h", dry_run=True).files
    assert [file.name for file in files] == ["states", "static"]
    assert all("LUH2_v2h" in file.url for file in files)
    everything = choose({}, None, everything=True, edition="v2h")
    assert [one.name for one in everything] == ["states", "transitions", "management", "static"]
    with pytest.raises(UsageError, match=r"no address is known for eluc.*\(edition v2h\)"):
        fetch(raw=tmp_path, edition="v2h", only="eluc", dry_run=True)
    address = "https://example.org/eluc.nc"
    (eluc,) = fetch(raw=tmp_path, edition="v2h", only="eluc", eluc=address, dry_run=True).files
    assert eluc.url == address


def test_an_unknown_edition_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected one of gcb2022, v2h"):
        fetch(raw=tmp_path, edition="gcb1999", dry_run=True)


def test_the_command_offers_every_edition() -> None:
    option = next(p for p in commands.commands["fetch"].params if p.name == "edition")
    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == list(EDITIONS)

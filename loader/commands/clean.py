"""`luc-load clean`."""

from __future__ import annotations

from typing import Any

import click

from loader.commands.common import PATH, talkative
from loader.stopping import stop_orderly

__all__ = ["clean"]


@click.command()
@click.argument("out", metavar="[OUT]", type=PATH, default="luc-data")
@talkative
def clean(*, out: str, **_talk: Any) -> None:  # noqa: ANN401  # click's own
    """Remove what an interrupted build or sample left behind.

    OUT is the folder of the result; luc-data if left out. What is published stays as it is, and
    while a build is under way nothing is removed.

    \b
    Example:
      luc-load clean luc-data
    """
    from loader.storing.cleaning import clean_output  # noqa: PLC0415  # --help must be quick
    from loader.text import human_bytes  # noqa: PLC0415

    stop_orderly()
    removed = clean_output(out)
    for item in removed:
        click.echo(f"removed {item.path}  {human_bytes(item.size)}")
    if not removed:
        click.echo(f"{out}: nothing to remove")

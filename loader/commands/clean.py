"""`luc-load clean`."""

from __future__ import annotations

from typing import Any

import click

from loader.commands.common import PATH, Command, storage_options, talkative
from loader.stopping import stop_orderly

__all__ = ["clean"]


@click.command(cls=Command)
@click.argument("out", metavar="[OUT]", type=PATH, default="luc-data")
@storage_options
@talkative
def clean(
    *,
    out: str,
    storage_options: str | None,
    **_talk: Any,  # noqa: ANN401  # click's own
) -> None:
    """Remove what an interrupted build or sample left behind.

    OUT is the output folder (default: luc-data). Published files stay as they are. While a build is
    running, nothing is removed.

    \b
    Example:
      luc-load clean luc-data
    """
    from loader.storing.cleaning import Removed, clean_output  # noqa: PLC0415  # --help must be quick
    from loader.text import human_bytes, shown  # noqa: PLC0415

    stop_orderly()

    def tell(item: Removed) -> None:
        click.echo(f"removed {shown(str(item.path))}  {human_bytes(item.size)}")

    if not clean_output(out, storage_options, tell):
        click.echo(f"{out}: nothing to remove")

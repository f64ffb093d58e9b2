"""An option that takes one value is given once; the last of two must not win silently."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from loader.cli import commands
from loader.commands.common import Command

Place = tuple[str, ...]


def tree(group: click.Group, place: Place = ()) -> Iterator[tuple[Place, click.Command]]:
    """Yield every command that runs, and how it is called."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from tree(command, (*place, name))
        else:
            yield (*place, name), command


SINGLE = [
    (place, option)
    for place, command in tree(commands)
    for option in command.params
    if isinstance(option, click.Option)
    and not (option.is_flag or option.multiple or option.count or option.is_eager)
]


@pytest.mark.parametrize(
    ("place", "option"),
    SINGLE,
    ids=[f"{' '.join(place)} {option.opts[0]}" for place, option in SINGLE],
)
def test_an_option_of_one_value_given_twice_is_a_usage_error(
    place: Place, option: click.Option
) -> None:
    name = max(option.opts, key=len)
    short = min(option.opts, key=len)
    value = option.type.choices[0] if isinstance(option.type, click.Choice) else "1"
    values = [value] * option.nargs
    for given in ([name, *values, short, *values], [f"{name}={value}", *values[1:]] * 2):
        done = CliRunner().invoke(commands, [*place, *given])
        assert done.exit_code == 2, done.output
        assert f"{name} is given more than once; it takes one value" in done.output


def test_every_command_rejects_repeated_options() -> None:
    assert [place for place, command in tree(commands) if not isinstance(command, Command)] == []


def test_flags_and_options_of_several_values_may_be_repeated() -> None:
    @click.command(cls=Command)
    @click.option("--flag", is_flag=True)
    @click.option("-v", count=True)
    @click.option("--name", multiple=True)
    @click.option("--one", envvar="ONE")
    def command(flag: bool, v: int, name: tuple[str, ...], one: str | None) -> None:
        click.echo(f"{flag} {v} {name} {one}")

    given = ["--flag", "--flag", "-vv", "-v", "--name", "a", "--name", "b", "--one", "2"]
    done = CliRunner().invoke(command, given, env={"ONE": "1"})
    assert done.output == "True 3 ('a', 'b') 2\n"

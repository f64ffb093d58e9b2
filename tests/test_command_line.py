"""One word for one option everywhere, completion of names, and the shell of `luc-load sql`."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from command import luc_load

from loader import ExtraMissingError, build, write_sample
from loader.cli import commands
from loader.querying.connect import shell_command


def all_commands() -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in commands.commands.items():
        found[name] = command
        if isinstance(command, click.Group):
            found |= {f"{name} {kind}": each for kind, each in command.commands.items()}
    return found


COMMANDS = all_commands()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("command-line")
    write_sample(folder / "raw", years=(2015, 2016), resolution=2, only=["eluc"])
    build(raw=folder / "raw", out=folder / "luc-data")
    return folder


def options_of(command: click.Command) -> dict[str, click.Option]:
    return {name: p for p in command.params if isinstance(p, click.Option) for name in p.opts}


@pytest.mark.parametrize("name", COMMANDS)
def test_one_word_for_one_option(name: str) -> None:
    options = options_of(COMMANDS[name])
    for short, long in (("-o", "--out"), ("-q", "--quiet"), ("-v", "--verbose"), ("-p", "--param")):
        if short in options:
            assert long in options[short].opts
    assert not {"--output", "--outfile", "--threads", "--fields", "--overwrites"} & set(options)
    if "--years" in options:
        assert options["--years"].metavar == "FIRST:LAST"
    if "--bbox" in options:
        assert options["--bbox"].metavar == "W,S,E,N"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_sentences_that_begin_with_a_capital(name: str) -> None:
    for option in options_of(COMMANDS[name]).values():
        assert option.help
        assert option.help[0].isupper() or option.help.startswith(("fsspec", "luc-load"))
        assert option.help.rstrip().endswith((".", "]", ")", "...")), option.help


def completed(folder: Path, *words: str) -> list[str]:
    *before, start = words
    completer = ShellComplete(commands, {}, "luc-load", "_LUC_LOAD_COMPLETE")
    return [item.value for item in completer.get_completions(list(before), start)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("q",), "query"),
        (("build", "--dry"), "--dry-run"),
        (("query", "london"), "london_series"),
        (("query", "eluc_gl"), "eluc_global"),
        (("check", "--only", "cont"), "contents"),
        (("check", "--only", "contents,par"), "contents,parquet"),
        (("export", "--country", "braz"), "BRA"),
        (("export", "--what", "luc"), "luc"),
        (("plot", "map", "luc-data", "--column", "el"), "eluc"),
        (("export", "--columns", "eluc,time=ye"), "eluc,time=year"),
        (("export", "--region", "cou"), "country/"),
        (("plot", "series", "--region", "country/bra"), "country/Brazil"),
        (("report", "luc-data", "--region", "country/Viet"), "country/Vietnam"),
        (("report", "--country", "BRA"), "BRA"),
        (("query", "points", "-p", "with"), "within_km="),
        (
            ("query", "forest_loss", "luc-data", "-p", "region=country/Braz"),
            "region=country/Brazil",
        ),
    ],
)
def test_names_are_completed(
    words: tuple[str, ...], expected: str, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(built)
    assert expected in completed(built, *words)


def test_columns_are_those_of_the_table_that_is_named(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(built)
    found = completed(built, "export", "--what", "eluc_global", "--columns", "")
    assert found == ["date", "emission_pgc", "year"]
    monkeypatch.chdir(built.parent)
    place = str(built / "luc-data")
    assert completed(built, "export", "--what", "eluc_global", place, "--columns", "em") == [
        "emission_pgc"
    ]
    assert "urban" in completed(built, "plot", "map", place, "--column", "ur")


def test_without_a_database_nothing_is_completed_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert completed(tmp_path, "plot", "map", "--column", "el") == []


def test_the_script_of_completion_is_printed(tmp_path: Path) -> None:
    done = luc_load(cwd=tmp_path, env={"_LUC_LOAD_COMPLETE": "zsh_source"})
    assert done.returncode == 0
    assert "#compdef luc-load" in done.stdout


def fake_shell(folder: Path, script: str) -> Path:
    folder.mkdir()
    shell = folder / "duckdb"
    shell.write_text(f"#!/bin/sh\n{script}\n")
    shell.chmod(0o755)
    return shell


def test_sql_opens_the_shell_read_only(built: Path, tmp_path: Path) -> None:
    fake_shell(tmp_path / "bin", 'for word; do echo "$word"; done; exit 7')
    path = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    done = luc_load("sql", cwd=built, env=path)
    if Path(sysconfig.get_path("scripts"), "duckdb").exists():
        assert done.returncode == 0, done.stderr
    else:
        expected = ["-readonly", str(built / "luc-data" / "luc.duckdb")]
        assert (done.returncode, done.stdout.splitlines()) == (7, expected)


def test_sql_needs_a_database_and_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = luc_load("sql", "nothing", cwd=tmp_path)
    assert done.returncode == 3
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(ExtraMissingError, match="pip install duckdb-cli"):
        shell_command(tmp_path / "luc.duckdb")


def test_the_shell_of_this_environment_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = fake_shell(tmp_path / "own", "")
    other = fake_shell(tmp_path / "other", "")
    monkeypatch.setenv("PATH", str(other.parent))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(own.parent))
    database = tmp_path / "luc.duckdb"
    assert shell_command(database) == [str(own), "-readonly", str(database)]

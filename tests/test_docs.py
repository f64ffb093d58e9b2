"""The documentation: generated parts are up to date, commands exist, examples run."""

from __future__ import annotations

import re
import shlex
import sys
from importlib.metadata import version
from pathlib import Path

import click
import duckdb
import pytest
from command import ROOT, luc_load

from loader import __version__
from loader.catalog.sqlfiles import read_files
from loader.cli import commands

sys.path.insert(0, str(ROOT / "docs"))

from first_answers import QUERIES, main
from generate_help import (
    ANSWERED,
    BI,
    QUERY,
    README,
    REFERENCE,
    command_line,
    with_answers,
    with_settings,
)

PAGES = [
    README,
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "development").glob("*.md")),
]
LINKED = [
    *PAGES,
    *sorted((ROOT / "docs" / "design").glob("*.md")),
    ROOT / "CHANGELOG.md",
]
FENCED = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(language: str, *pages: Path) -> list[str]:
    texts = [page.read_text(encoding="utf-8") for page in pages or PAGES]
    return [code for text in texts for kind, code in FENCED.findall(text) if kind == language]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small sample in raw/, and a database where `make demo` puts it."""
    folder = tmp_path_factory.mktemp("docs")
    small = ("--resolution", "2", "--years", "2009:2021", "--only", "eluc,states")
    assert luc_load("sample", "-o", "raw", *small, cwd=folder).returncode == 0
    assert luc_load("build", "-o", "demo", cwd=folder).returncode == 0
    return folder


@pytest.fixture
def database(work: Path) -> Path:
    return work / "demo" / "luc.duckdb"


def test_the_reference_of_the_command_line_is_up_to_date() -> None:
    # The layout of the help is click's: only one that writes as the newest does can tell.
    if version("click") < "8.2":
        pytest.skip("an older click lays the help out in another way")
    assert REFERENCE.read_text(encoding="utf-8") == command_line(), "run make docs"


def test_the_settings_of_other_programs_are_up_to_date() -> None:
    text = BI.read_text(encoding="utf-8")
    assert text == with_settings(text), "run make docs"
    assert "jdbc:duckdb:/data/luc-data/luc.duckdb;duckdb.read_only=true" in text


@pytest.mark.parametrize("line", [line for code in blocks("sh") for line in code.splitlines()])
def test_commands_in_the_documentation_exist(line: str) -> None:
    words = shlex.split(line, comments=True)
    match words:
        case ["luc-load", name, *arguments]:
            command = commands.commands[name]
            if isinstance(command, click.Group):
                kind, *arguments = arguments
                command = command.commands[kind]
            with command.make_context(name, arguments, parent=click.Context(commands)) as context:
                assert context.params
        case ["make", target]:
            rules = (ROOT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{target}:", rules, re.MULTILINE)
        case _:
            assert words in (["pip", "install", "."], [".", ".venv/bin/activate"])


@pytest.mark.parametrize("sql", blocks("sql"))
def test_every_sql_example_runs(database: Path, sql: str) -> None:
    with duckdb.connect(str(database), read_only=True) as con:
        assert con.execute(sql).fetchall()


@pytest.mark.parametrize("code", blocks("python"))
def test_every_python_example_runs(work: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.chdir(work)
    exec(compile(code, "README.md", "exec"), {})  # the text of our own documentation


@pytest.mark.parametrize("page", ANSWERED, ids=lambda page: page.name)
def test_every_query_of_a_page_has_an_answer(database: Path, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(QUERY.findall(text)) == len(blocks("sql", page))
    answered = with_answers(text, database)
    assert with_answers(answered, database) == answered
    assert QUERY.sub(r"\1", answered) == QUERY.sub(r"\1", text)
    for match in QUERY.finditer(text):
        assert len(match[0].removeprefix(match[1]).splitlines()) > 3, "run make demo docs"


@pytest.mark.slow
def test_the_answers_in_the_pages_are_the_demo_s(tmp_path: Path) -> None:
    built = luc_load("build", "--sample", "--years", "1990:2022", "-o", "demo", cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    for page in ANSWERED:
        text = page.read_text(encoding="utf-8")
        assert with_answers(text, tmp_path / "demo" / "luc.duckdb") == text, "run make demo docs"
    # Time, build id and sizes differ from machine to machine; tables, rows, cells and years do not.
    printed = re.findall(r"^  \w+ .*rows.*$", built.stdout, re.MULTILINE)
    assert printed
    assert (
        re.findall(r"^  \w+ .*rows.*$", README.read_text(encoding="utf-8"), re.MULTILINE) == printed
    )


def test_the_demo_prints_its_answers(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(str(database))
    printed = capsys.readouterr().out
    assert "SYNTHETIC" in printed
    for name in QUERIES:
        title = read_files("queries")[name].header["Title"]
        assert f"# {title} (queries/{name}.sql" in printed
    assert "queries/country_emissions.sql, first_year 2010, last_year 2019)" in printed
    assert "Brazil" in printed
    assert "nan" not in printed
    assert "NULL\n" not in printed


def test_the_demo_reports_a_missing_database(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"does not exist; run make demo to build it"):
        main(str(tmp_path / "luc.duckdb"))


def test_every_page_is_in_the_navigation() -> None:
    docs = ROOT / "docs"
    listed = set(re.findall(r"^([\w/-]+)$", (docs / "index.md").read_text(encoding="utf-8"), re.M))
    pages = {str(page.relative_to(docs).with_suffix("")) for page in docs.rglob("*.md")}
    assert pages - {"index"} == listed


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    bare = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in bare}


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_links_lead_to_pages_and_headings_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            linked = page.parent / path if path else page
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked), target


def test_every_test_that_a_page_names_exists() -> None:
    page = ROOT / "docs" / "development" / "faults.md"
    names = set(re.findall(r"`(?:tests/)?(test_\w+)(?:\.py)?`", page.read_text(encoding="utf-8")))
    assert len(names) > 10
    assert not [name for name in names if not (ROOT / "tests" / f"{name}.py").is_file()]


def test_tables_and_views_are_all_described() -> None:
    text = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)", text))
    for kind in ("tables", "views", "macros"):
        undescribed = set(read_files(f"sql/{kind}")) - named
        assert not undescribed, kind


def test_only_commands_that_exist_are_documented() -> None:
    for page in PAGES:
        named = set(re.findall(r"`luc-load ([a-z]+)", page.read_text(encoding="utf-8")))
        assert named <= set(commands.commands), page.name


def test_the_changelog_and_the_citation_know_the_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {__version__}\n" in citation
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(__version__)}( - \S+)?$", changes, re.MULTILINE)

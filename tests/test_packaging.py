"""What is shipped: a wheel, a source distribution and an editable install, each put to use."""

from __future__ import annotations

import shutil
import site
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from command import ROOT, environment

from loader import __version__

SHIPPED = ("conda", "loader", "sql", "queries", "tests", "docs")
FILES = (
    *("LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff", "Makefile", "pyproject.toml"),
    "luc_load.py",
)
SQL_FILES = {
    f"{name}/{path.relative_to(ROOT / name)}"
    for name in ("sql", "queries")
    for path in (ROOT / name).rglob("*")
    if path.suffix in {".sql", ".jinja", ".toml"}
}


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program outside the repository and return what it prints."""
    env = environment()
    del env["PYTHONPATH"]
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository, as a clone has it."""
    folder = tmp_path_factory.mktemp("clone")
    for name in SHIPPED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def distributions(tree: Path) -> tuple[Path, Path]:
    """The source distribution, and the wheel made from it."""
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", cwd=tree)
    (sdist,) = (tree / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tree / "unpacked", filter="data")
    (unpacked,) = (tree / "unpacked").iterdir()
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", cwd=unpacked)
    (wheel,) = (unpacked / "dist").glob("*.whl")
    return sdist, wheel


def new_environment(folder: Path) -> Path:
    """Make a virtual environment that has the dependencies of this one, and none of its own.

    Installing needs no network. A path in a .pth file is searched last and its own .pth files are
    not read, so the luc-load that is being tested is not seen through it.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    return folder / "bin"


def install(programs: Path, *what: str | Path) -> None:
    options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--ignore-installed")
    pip = (sys.executable, "-m", "pip", "--python", programs / "python", "install")
    run(*pip, *options, *what, cwd=programs)


def puts_to_use(programs: Path, work: Path) -> None:
    """Run the command as installed: help, a sample, a build, and a query of queries/."""
    assert "Usage: luc-load " in run(programs / "luc-load", "--help", cwd=work)
    assert __version__ in run(programs / "luc-load", "--version", cwd=work)
    small = ("--resolution", "2", "--years", "2015:2016", "--only", "eluc,states")
    run(programs / "luc-load", "sample", "-o", "raw", *small, cwd=work)
    assert "Built luc-data" in run(programs / "luc-load", "build", cwd=work)
    code = (
        "import duckdb; from loader.catalog.sqlfiles import read_files\n"
        "con = duckdb.connect('luc-data/luc.duckdb', read_only=True)\n"
        "print(con.execute(read_files('queries')['global_emissions_by_year'].text).fetchall())\n"
    )
    assert "(2015, " in run(programs / "python", "-c", code, cwd=work)


def places(programs: Path, work: Path) -> list[Path]:
    code = (
        "from loader.catalog.sqlfiles import folder; print(folder('sql')); print(folder('queries'))"
    )
    return [Path(line) for line in run(programs / "python", "-c", code, cwd=work).splitlines()]


def test_the_wheel_has_the_sql_and_nothing_else(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[1]) as wheel:
        names = set(wheel.namelist())
        info = f"luc_load-{__version__}.dist-info"
        metadata = wheel.read(f"{info}/METADATA").decode()
    assert {f"loader/{name}" for name in SQL_FILES} <= names
    assert {"loader/py.typed", f"{info}/licenses/LICENSE"} <= names
    assert {name.partition("/")[0] for name in names} == {"loader", "luc_load.py", info}
    assert (ROOT / "README.md").read_text(encoding="utf-8") in metadata


def test_the_source_distribution_can_be_tested(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= SQL_FILES
    assert set(FILES) <= names
    assert {"tests/test_packaging.py", "docs/first_answers.py"} <= names


def test_a_wheel_works_once_installed(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    programs = new_environment(tmp_path / "venv")
    install(programs, distributions[1])
    for name, place in zip(("sql", "queries"), places(programs, tmp_path), strict=True):
        assert place.parts[-3:] == ("site-packages", "loader", name)
        assert place.is_relative_to(tmp_path)
    puts_to_use(programs, tmp_path)


def test_an_editable_install_works(tree: Path, tmp_path: Path) -> None:
    programs = new_environment(tmp_path / "venv")
    install(programs, "--editable", tree)
    assert places(programs, tmp_path) == [tree / "sql", tree / "queries"]
    puts_to_use(programs, tmp_path)

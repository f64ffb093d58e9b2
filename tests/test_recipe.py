"""The conda recipe: it has the version and the dependencies of pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import jinja2
import yaml
from command import ROOT

from loader import __version__

CONDA_NAMES = {"dask[array]": "dask-core", "duckdb": "python-duckdb"}
"""Names of packages on conda-forge that differ from those on PyPI."""


def recipe() -> dict[str, Any]:
    text = (ROOT / "conda" / "meta.yaml").read_text(encoding="utf-8")
    rendered = jinja2.Environment(autoescape=True).from_string(text).render(PYTHON="python")
    described: dict[str, Any] = yaml.safe_load(rendered)
    return described


def in_conda(requirement: str) -> str:
    match = re.fullmatch(r"([\w.-]+(?:\[\w+\])?)(>=[\w.]+)", requirement)
    assert match, requirement
    return f"{CONDA_NAMES.get(match[1], match[1].lower())} {match[2]}"


def test_the_recipe_has_the_dependencies_of_the_project() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, build = pyproject["project"], pyproject["build-system"]
    python = f"python {project['requires-python']}"
    needs = recipe()["requirements"]
    assert sorted(needs["run"]) == sorted([python, *map(in_conda, project["dependencies"])])
    assert sorted(needs["host"]) == sorted([python, "pip", *map(in_conda, build["requires"])])


def test_the_recipe_has_the_version_and_the_command_of_the_project() -> None:
    described = recipe()
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "scripts"
    ]
    assert described["package"] == {"name": "luc-load", "version": __version__}
    assert described["build"]["entry_points"] == [f"{n} = {at}" for n, at in scripts.items()]
    assert (ROOT / described["about"]["license_file"]).is_file()

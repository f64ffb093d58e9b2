"""Write dashboards/superset and the sources of dashboards/dbt, or a bundle that Superset imports.

`python -m tools.bi` writes the files of the repository, `python -m tools.bi pack DATABASE ZIP` the
bundle for one database.
"""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.bi.catalog import ROOT, default_catalog
from tools.bi.dbt import sources
from tools.bi.superset import bundle

SUPERSET = ROOT / "dashboards" / "superset"
SOURCES = ROOT / "dashboards" / "dbt" / "models" / "luc.yml"


def as_yaml(content: Mapping[str, Any]) -> str:
    """Write a file's content in the order in which it was made."""
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100))


def repository_files() -> dict[Path, str]:
    """Return the generated files of the repository by path."""
    catalog = default_catalog()
    files = {SUPERSET / name: as_yaml(content) for name, content in bundle(catalog).items()}
    return files | {SOURCES: as_yaml(sources(catalog))}


def pack(database: Path, target: Path) -> None:
    """Write a zip file for `superset import-dashboards` that names the database by its path.

    Parameters
    ----------
    database : pathlib.Path
        As Superset sees it; in a container, the path inside the container.
    target : pathlib.Path
        The zip file; an existing one is replaced.
    """
    uri = f"duckdb:///{database.absolute()}?access_mode=READ_ONLY"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in bundle(default_catalog(), uri).items():
            archive.writestr(f"luc-load/{name}", as_yaml(content))


def main() -> None:
    """Parse and write."""
    parser = argparse.ArgumentParser(prog="python -m tools.bi", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["write", "pack"], default="write")
    parser.add_argument("paths", nargs="*", type=Path, metavar="DATABASE ZIP")
    given = parser.parse_args()
    if given.command == "pack":
        if len(given.paths) != 2:
            parser.error("pack needs the path of the database and that of the zip file")
        pack(*given.paths)
        return
    files = repository_files()
    for path in {*SUPERSET.rglob("*.yaml")} - files.keys():
        path.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Print the lowest versions that pyproject.toml allows, as pip's constraints."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def main() -> None:
    """Print a constraint for every dependency, those of the extras and of the tests included."""
    described = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    project = described["project"]
    wanted = [
        *project["dependencies"],
        *(need for extra in project.get("optional-dependencies", {}).values() for need in extra),
        *described["dependency-groups"]["test"],
    ]
    floors = {re.sub(r"\[.*\]", "", need).replace(">=", "==") for need in wanted}
    print("\n".join(sorted(floors)))


if __name__ == "__main__":
    main()

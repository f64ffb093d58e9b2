"""The command luc-load: it makes sure that `loader` is luc-load's own package.

A file loader.py in a folder of PYTHONPATH, or another package of that name, hides it, and nothing
inside a hidden package can say so.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line, or say what hides the package."""
    try:
        from loader.cli import main as run  # noqa: PLC0415  # it may be another `loader`
    except ImportError as error:
        # A dependency that is missing has a name of its own.
        if (error.name or "").partition(".")[0] != "loader":
            raise
        spec = importlib.util.find_spec("loader")
        place = "nothing" if spec is None else spec.origin or spec.submodule_search_locations
        sys.stderr.write(
            f"luc-load: error: Python finds {place} where it should find luc-load's package "
            "`loader`; rename that file or package, or remove its folder from PYTHONPATH\n"
        )
        sys.exit(1)
    run()


if __name__ == "__main__":
    main()

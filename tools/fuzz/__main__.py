"""Run the fuzzer: ``python -m tools.fuzz --inputs 5000 --seed 1``."""

from __future__ import annotations

import argparse
import sys

from tools.fuzz.campaign import KINDS, run


def main() -> int:
    """Run and report; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=5000, help="number of inputs")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first input")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    options = parser.parse_args()
    return run(options.seed, options.inputs, options.jobs, options.kinds)


sys.exit(main())

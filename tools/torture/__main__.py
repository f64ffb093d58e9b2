"""Run the campaign: python -m tools.torture --work FOLDER."""

from __future__ import annotations

import argparse
import atexit
import os
import sys
import tempfile
import time
from pathlib import Path

from tools.torture.campaign import Field, Outcome, at_calls, at_moments
from tools.torture.faults import MODES, Shim
from tools.torture.ground import Ground
from tools.torture.report import insert, table
from tools.zygote import Zygote

_ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Return 0 if every promise held."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--work", type=Path, help="an empty folder; a temporary one if left out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=160, help="at calls that change files")
    parser.add_argument("--moments", type=int, default=40, help="kills at random moments")
    parser.add_argument("--errors", type=int, default=90, help="full disks and failing ones")
    parser.add_argument("--jobs", type=int, default=2, help="builds at a time")
    parser.add_argument("--page", type=Path, help="insert the table into this page")
    options = parser.parse_args()
    if options.work is None:
        with tempfile.TemporaryDirectory(prefix="torture") as folder:
            return run(options, Path(folder))
    options.work.mkdir(parents=True, exist_ok=True)
    return run(options, options.work)


def run(options: argparse.Namespace, work: Path) -> int:
    began = time.monotonic()
    fields = [_field(work / f"small-{job}") for job in range(options.jobs)]
    outcomes: list[Outcome] = []
    for group in (
        at_calls(fields, ("kill", "torn"), options.kills, options.seed),
        at_calls(fields, MODES[2:], options.errors, options.seed + 1),
    ):
        outcomes += [_told(outcome) for outcome in group]
    if options.moments:
        years = ("2001:2020", "2001:2003", "2001:2020", "1")
        fields = [_field(work / f"larger-{job}", *years) for job in range(options.jobs)]
        outcomes += [_told(o) for o in at_moments(fields, options.moments, options.seed + 2)]
    text = table(outcomes, options.seed, time.monotonic() - began)
    sys.stdout.write(f"{text}\n")
    if options.page is not None:
        insert(options.page, text)
    return int(any(outcome.broken for outcome in outcomes))


def _field(folder: Path, *years: str) -> Field:
    folder.mkdir()
    shim = Shim(folder)
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    own = os.environ | shim.preload | {"PYTHONPATH": os.pathsep.join(paths)}
    zygote = Zygote(own, ["tools.torture.prepared"])
    atexit.register(zygote.close)
    return Ground(folder, *years, zygote=zygote), shim


def _told(outcome: Outcome) -> Outcome:
    said = outcome.broken or f"{outcome.left} left, then healed"
    sys.stderr.write(f"{outcome.kind}: {outcome.where}: {said} ({outcome.seconds:.1f} s)\n")
    sys.stderr.flush()
    return outcome


if __name__ == "__main__":
    sys.exit(main())

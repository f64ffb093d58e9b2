"""Draw bench.json with matplotlib: python -m benchmarks.plot bench.json performance.svg."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

OURS, OTHERS = "#1b6ca8", "#b8b8b8"


def main(source: str, target: str) -> None:
    """Draw time, CPU time and memory of every route, and time by years where that was measured."""
    # The same numbers make the same file, and text stays text.
    mpl.rcParams.update({"svg.hashsalt": "luc-load", "svg.fonttype": "none", "font.size": 9})
    record = json.loads(Path(source).read_text())
    builds = record["builds"]
    span = next(iter(builds)).split()[0]
    raced = {name: kept for name, kept in builds.items() if name.startswith(f"{span} ")}
    kept = sorted(raced.values(), key=lambda build: -float(build["median_seconds"]))
    grown = _by_years(builds)
    figure = plt.figure(figsize=(9, 5 if grown else 2.6), layout="constrained")
    rows: Any = figure.subfigures(2, 1, height_ratios=[1.1, 1]) if grown else [figure]
    axes = rows[0].subplots(1, 3, sharey=True)
    for axis, key, scale, title in (
        (axes[0], "seconds", 1.0, "seconds"),
        (axes[1], "cpu_seconds", 1.0, "CPU seconds"),
        (axes[2], "peak_bytes", 2**30, "peak memory, GiB"),
    ):
        _bars(axis, kept, key, scale)
        axis.set_title(title)
    rows[0].suptitle(f"14 state variables and ELUC, {span.replace(':', ' to ')}: less is better")
    if grown:
        axis = rows[1].subplots()
        axis.loglog(*zip(*grown, strict=True), marker="o", color=OURS)
        for years, seconds in grown:
            axis.annotate(
                f"{seconds:.0f} s", (years, seconds), (6, -10), textcoords="offset points"
            )
        axis.set_title("luc-load: seconds by years loaded")
        axis.set_xticks([years for years, _ in grown], [str(years) for years, _ in grown])
        axis.minorticks_off()
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, metadata={"Date": None})


def _by_years(builds: dict[str, Any]) -> list[tuple[int, float]]:
    """Return (years, seconds) of luc-load's builds of both files on the full grid."""
    found = {}
    for build in builds.values():
        if match := re.fullmatch(r"luc-load, (\d+) years(, both files)?", build["label"]):
            found[int(match[1])] = float(build["median_seconds"])
    return sorted(found.items())


def _bars(axis: Any, builds: list[dict[str, Any]], key: str, scale: float) -> None:  # noqa: ANN401
    for place, build in enumerate(builds):
        values = sorted(run[key] / scale for run in build["runs"])
        middle = values[len(values) // 2]
        color = OURS if build["label"].startswith("luc-load") else OTHERS
        axis.barh(place, middle, color=color, height=0.7)
        axis.annotate(
            f"{middle:.1f}", (middle, place), (4, 0), textcoords="offset points", va="center"
        )
    axis.set_yticks(range(len(builds)), [build["label"] for build in builds])
    axis.margins(x=0.15)
    axis.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How much memory there is, and that a build does not take more of it for more years."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from command import environment
from test_options import GIVEN

import loader.options
from loader.memory import available_memory
from loader.options import Options
from loader.schema import FRACTIONS

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
MIB = 2**20
NO_LIMIT = "9223372036854771712"


def machine(root: Path, groups: str, limits: dict[str, str]) -> Path:
    """Write what a kernel says of the groups of a process and of their limits."""
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "cgroup").write_text(groups)
    for name, limit in limits.items():
        path = root / "sys" / "fs" / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{limit}\n")
    return root


@pytest.mark.parametrize(
    ("groups", "limits", "expected"),
    [
        pytest.param("0::/\n", {}, MACHINE, id="no limit at all"),
        pytest.param("0::/\n", {"memory.max": "max"}, MACHINE, id="max"),
        pytest.param("0::/\n", {"memory.max": str(700 * MIB)}, 700 * MIB, id="a container"),
        pytest.param("0::/\n", {"memory.max": str(2**62)}, MACHINE, id="more than there is"),
        pytest.param(
            "0::/user.slice/a.scope\n",
            {"user.slice/a.scope/memory.max": str(600 * MIB), "memory.max": str(800 * MIB)},
            600 * MIB,
            id="its own",
        ),
        pytest.param(
            "0::/user.slice/a.scope\n",
            {"user.slice/a.scope/memory.max": "max", "user.slice/memory.max": str(500 * MIB)},
            500 * MIB,
            id="of a group around",
        ),
        pytest.param(
            "0::/a\n",
            {"a/memory.max": str(900 * MIB), "a/memory.high": str(400 * MIB)},
            400 * MIB,
            id="where it slows down",
        ),
        pytest.param(
            "4:cpu,memory:/docker/0f3a\n0::/\n",
            {"memory/memory.limit_in_bytes": str(300 * MIB), "memory.max": "max"},
            300 * MIB,
            id="version 1, named as the host sees it",
        ),
        pytest.param(
            "5:memory:/job/step\n3:cpu:/job\n",
            {
                "memory/job/step/memory.limit_in_bytes": NO_LIMIT,
                "memory/job/memory.limit_in_bytes": str(350 * MIB),
                "cpu/job/memory.limit_in_bytes": "1",
            },
            350 * MIB,
            id="version 1, of a group around",
        ),
        pytest.param(
            "0::/../elsewhere\n", {"memory.max": "nonsense"}, MACHINE, id="out of sight, nonsense"
        ),
    ],
)
def test_the_least_limit_around_counts(
    groups: str, limits: dict[str, str], expected: int, tmp_path: Path
) -> None:
    assert available_memory(machine(tmp_path, groups, limits)) == expected


def test_without_control_groups_the_machine_decides(tmp_path: Path) -> None:
    assert available_memory(tmp_path) == MACHINE


@pytest.mark.parametrize(
    ("available", "limit"),
    [(64 * 2**30, 2**30), (1600 * MIB, 800 * MIB), (600 * MIB, 512 * MIB), (None, 2**30)],
)
def test_a_build_takes_half_by_default(
    available: int | None, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader.options, "available_memory", lambda: available)
    assert Options.parse(**GIVEN, years=None).memory_limit == limit
    assert Options.parse(**GIVEN | {"memory_limit": "2GiB"}, years=None).memory_limit == 2**31


PEAK = """
import re, sys
from pathlib import Path
from loader import build
from loader.options import Options
Options.block_years = 4
Options.database_bytes = 64 * 2**20
states, out, years, workers = sys.argv[1:]
build(states=states, out=out, years=years, workers=int(workers))
# Not ru_maxrss, which has the memory of the process that started this one.
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Land uses of 72 years on a grid of one degree, 1.4 million rows: 84 MB of them in memory."""
    path = tmp_path_factory.mktemp("raw") / "states.nc"
    latitude, longitude = np.arange(89.5, -90, -1), np.arange(-179.5, 180, 1)
    values = np.random.default_rng(1).random((180, 360), dtype=np.float32)
    values[np.random.default_rng(2).random((180, 360)) < 0.7] = np.nan
    with netCDF4.Dataset(path, "w") as file:
        for name, axis in (("time", np.arange(1949, 2021)), ("lat", latitude), ("lon", longitude)):
            file.createDimension(name, len(axis))
            file.createVariable(name, "f8", (name,))[:] = axis
        file["lat"].units, file["lon"].units = "degrees_north", "degrees_east"
        file["time"].units = "years since 1-01-01"
        for number, name in enumerate(FRACTIONS):
            variable = file.createVariable(
                name, "f4", ("time", "lat", "lon"), chunksizes=(1, 180, 360), fill_value=np.nan
            )
            variable.units = "1"
            variable[:] = values[None] / (number + 1)
    return path


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("workers", [1, 2])
def test_the_memory_of_a_build_does_not_grow_with_the_years(
    workers: int, states: Path, tmp_path: Path
) -> None:
    peaks = {}
    for years in ("1950:1957", "1950:2021"):
        command = [sys.executable, "-c", PEAK, str(states), str(tmp_path / years), years]
        done = subprocess.run(
            [*command, str(workers)], env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        peaks[years] = int(done.stdout)
    # Nine times the rows, 75 MB more; what may grow is DuckDB's pool, to its limit of 64 MB.
    assert peaks["1950:2021"] < peaks["1950:1957"] + 64
    assert peaks["1950:2021"] < 512

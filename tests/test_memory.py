"""How much memory there is: the machine's, or what the control groups around a process leave."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_options import GIVEN

import loader.options
from loader.memory import available_memory
from loader.options import Options

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

"""Memory that this process may take: the machine's, or what a container leaves of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["available_memory"]

# Above memory.high the kernel slows a process down instead of ending it.
_VERSION_2 = ("memory.max", "memory.high")
_VERSION_1 = ("memory.limit_in_bytes",)


def available_memory(root: Path = Path("/")) -> int | None:
    """Return the least of the machine's memory and the limits of the control groups around us.

    A limit counts whichever group it is set on, from that of this process up to the outermost that
    is visible. Where the groups are not mounted, or the kernel has none, the machine decides.

    Parameters
    ----------
    root : pathlib.Path
        Where /proc and /sys are found.

    Returns
    -------
    int or None
        Bytes; None if neither tells.

    Notes
    -----
    The files are those of the kernel's documentation, "Control Group v2" (memory.max, memory.high)
    and "Memory Resource Controller" (memory.limit_in_bytes, which says "none" as a number larger
    than any machine).
    """
    limits = _group_limits(root)
    with suppress(ValueError, OSError):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(limits, default=None)


def _group_limits(root: Path) -> list[int]:
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    mounted = root / "sys/fs/cgroup"
    limits = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            limits += _limits_up(mounted, group, _VERSION_2)
        elif "memory" in controllers.split(","):
            limits += _limits_up(mounted / "memory", group, _VERSION_1)
    return limits


def _limits_up(mounted: Path, group: str, names: tuple[str, ...]) -> list[int]:
    inside = Path(group.lstrip("/"))
    # In a container the group may be named as the host sees it, and only the outermost is there.
    limits = []
    for folder in (inside, *inside.parents):
        for name in names:
            try:
                limits.append(int((mounted / folder / name).read_text()))
            except (OSError, ValueError):
                continue  # "max" means without limit
    return limits

"""A plugin of pytest: processor seconds of every file and test, processes that they start included.

`make test-times` prints the most expensive ones at the end. Unlike the durations that pytest
prints, processor time hardly depends on what else the machine does.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

_FILES, _TESTS = 40, 60
"""Number of lines of each table."""

_KEY = "cpu_seconds"
_seconds: defaultdict[str, float] = defaultdict(float)
_last = 0.0


def _process_tree(pid: int) -> float:
    """Return the seconds of a process, of its children that ended, and of those that run."""
    try:
        # The name of the program, in parentheses, may contain spaces; four times follow later.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        tasks = list(Path(f"/proc/{pid}/task").glob("*/children"))
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:  # it ended meanwhile, or the system is not Linux
        return 0.0
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(map(_process_tree, children))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Add to the report of each phase what was used since the phase before it."""
    global _last  # noqa: PLW0603  # a hook has no other place
    report: pytest.TestReport = yield  # type: ignore[assignment]  # pluggy sends the result
    now = _process_tree(os.getpid())
    # Less than before if a process that nobody waited for has ended.
    report.user_properties.append((_KEY, max(0.0, now - _last) if _last else 0.0))
    _last = now
    return report  # type: ignore[return-value]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up a report, which in the main process of pytest-xdist comes from a worker."""
    for key, value in report.user_properties:
        if key == _KEY and isinstance(value, float):
            _seconds[report.nodeid] += value


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what took longest."""
    files: defaultdict[str, float] = defaultdict(float)
    functions: defaultdict[str, float] = defaultdict(float)
    for name, seconds in _seconds.items():
        files[name.partition("::")[0]] += seconds
        functions[name.partition("[")[0]] += seconds
    for title, table, lines in (("file", files, _FILES), ("test", functions, _TESTS)):
        total = sum(table.values())
        terminalreporter.section(f"processor seconds by {title}: {total:.0f} in all")
        for name, seconds in sorted(table.items(), key=lambda item: -item[1])[:lines]:
            terminalreporter.write_line(f"{seconds:8.1f}  {name}")

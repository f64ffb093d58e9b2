"""Settings of all tests: a cache of their own, and how long hypothesis looks for trouble.

Also what several files of tests install from the package registry, once a session.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# A shell ignores Ctrl-C for what it starts in the background, and programs inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "quick",
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "thorough", settings.get_profile("quick"), max_examples=400, derandomize=False
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the tests a cache of their own, which all workers of pytest-xdist share."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _untried_sources() -> Iterator[None]:
    """Spare builds inside the tests' process the other process that tries their sources.

    The tests of the probe start it themselves, and every test that runs the command has it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loader.reading.probe._start", lambda paths, largest_chunk: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _untried_databases() -> Iterator[None]:
    """Spare the tests' process the other process that opens each database first, likewise.

    A test that gives that process a script of its own gets it.
    """
    from loader.storing import look  # noqa: PLC0415  # not in the process that only deals tests

    script, start = look._SCRIPT, look._exit_code  # noqa: SLF001

    def spare(texts: list[str]) -> int:
        return 0 if script == look._SCRIPT else start(texts)  # noqa: SLF001

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(look, "_exit_code", spare)
        yield


def install(folder: Path, requirement: str) -> Path:
    """Put one package, without what it depends on, into a folder, and return the folder."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    done = subprocess.run(
        [*pip, "--target", str(folder), requirement], capture_output=True, text=True, check=False
    )
    if done.returncode:
        # An unreachable registry says nothing about the file; CI must not pass over it.
        if "CI" in os.environ:
            pytest.fail(done.stderr)
        pytest.skip(f"{requirement} cannot be installed: the package registry is unreachable")
    return folder


@pytest.fixture(scope="session")
def old_duckdb(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that imports DuckDB 1.1.3."""
    folder = install(tmp_path_factory.mktemp("old"), "duckdb==1.1.3")
    return {**os.environ, "PYTHONPATH": str(folder)}

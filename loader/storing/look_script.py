"""Run statements of DuckDB in a process that may crash: a separate script, started by `look.py`.

Standard input is JSON: the configuration, the statements and the seconds that they may take.
Whether they succeed is of no interest here, only whether the process survives.

It imports nothing of the package, so that it starts fast.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys

_ADDRESS_SPACE = 4 * 2**30
"""Bytes; a damaged length beyond it is an error and does not exhaust the machine's memory."""


def _main() -> None:
    order = json.load(sys.stdin)
    # A loop in C sees no Python signal handler, but a timer's default ends the process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(order["seconds"])
    _limit(resource.RLIMIT_AS, _ADDRESS_SPACE)
    _limit(resource.RLIMIT_CORE, 0)
    import duckdb  # noqa: PLC0415  # within the limits

    try:
        con = duckdb.connect(":memory:", config=order["config"])
        for text in order["statements"]:
            con.execute(text).fetchall()
    except (duckdb.Error, MemoryError):
        pass
    # Closing the file says nothing about it.
    os._exit(0)


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (value, hard))


if __name__ == "__main__":
    _main()

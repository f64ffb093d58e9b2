"""A dataset that was opened before a fork, read in the child: no thread of DuckDB is there."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from loader import build, open_dataset, write_sample


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("chunks", [None, {}], ids=["at once", "with the threads of dask"])
def test_a_forked_child_reads_and_ends(chunks: dict[str, int] | None, tmp_path: Path) -> None:
    write_sample(tmp_path / "raw", years=(2015, 2016), resolution=2, only=["eluc"])
    build(raw=tmp_path / "raw", out=tmp_path / "out")
    with open_dataset(tmp_path / "out", chunks=chunks) as data:
        expected = float(data["ELUC"][0].sum())
        child = os.fork()
        if not child:
            # A child that hangs is ended by the alarm, which the parent sees.
            signal.alarm(60)
            code = 1
            try:
                code = 0 if float(data["ELUC"][0].sum()) == expected else 2
                data.close()
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert float(data["ELUC"][1].sum()) != 0, "the parent goes on"

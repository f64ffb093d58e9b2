"""Measure what a block costs a worker and what its rows cost the client, and project from that.

    python -m tools.measure_scale FOLDER [--years 1990:2019]

FOLDER gets a sample on the full grid, which is kept, and builds, which are not.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
from distributed import LocalCluster

from loader import build, write_sample
from loader.building.small_tables import year_table
from loader.catalog.objects import SchemaContext
from loader.cluster.opened import Reference
from loader.cluster.tasks import CellBits, Origin, Task, make_attempt
from loader.reading.blocks import first_cells
from loader.reading.fingerprint import fingerprint
from loader.reading.plan import plan_blocks
from loader.reading.recognition import open_source
from loader.schema import SOURCES
from loader.storing.database import StagedDatabase
from loader.storing.digest import TableDigest
from loader.storing.parquet import read_part

BLOCK_BYTES = 144 * 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--years", default="1990:2019")
    chosen = parser.parse_args()
    first, last = (int(year) for year in chosen.years.split(":"))
    raw, out = chosen.folder / "raw", chosen.folder / "out"
    write_sample(raw, years=(first, last), only=["eluc", "states"])
    states = raw / "states.nc"
    eluc = next(raw.glob("BLUE*.nc"))
    shutil.rmtree(out, ignore_errors=True)
    found: dict[str, Any] = {"years": last - first + 2, "netcdf_bytes": states.stat().st_size}
    found |= tasks(states, out)
    found["local_s"] = timed(states, eluc, out)
    for workers in (1, 2):
        with LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster:
            timed(states, eluc, out, scheduler=cluster.scheduler_address)  # imports, once
            found[f"workers_{workers}_s"] = timed(
                states, eluc, out, scheduler=cluster.scheduler_address
            )
    shutil.rmtree(out, ignore_errors=True)
    print(json.dumps(found, indent=1))  # noqa: T201  # the result


def timed(states: Path, eluc: Path, out: Path, scheduler: str | None = None) -> float:
    shutil.rmtree(out, ignore_errors=True)
    started = time.perf_counter()
    build(states=states, eluc=eluc, out=out, scheduler=scheduler)
    return round(time.perf_counter() - started, 2)


def tasks(path: Path, out: Path) -> dict[str, Any]:
    """Run the tasks of the states in this process, then load their parts as the client does."""
    out.mkdir(parents=True)
    source = open_source(SOURCES["states"], str(path))
    has_value = first_cells(source)
    blocks = plan_blocks(source, int(np.count_nonzero(has_value)), BLOCK_BYTES, 16)
    status = fingerprint(str(path))
    reference = Reference("states", str(path), (None, None), status.size, status.mtime_ns)
    n_lon = source.grid.n_lon
    wall, cpu = time.perf_counter(), time.process_time()
    attempts = []
    for block in blocks:
        known = CellBits.of(has_value[block.north * n_lon : block.south * n_lon])
        task = Task(
            Origin((reference,)),
            block,
            str(out),
            known,
            None,
            None,
            keep_empty=False,
            encoding="split",
        )
        attempts.append(make_attempt(task))
    worker = (time.perf_counter() - wall, time.process_time() - cpu)
    values = sum(a.digest.rows for a in attempts) * len(source.variables)
    wall, cpu = time.perf_counter(), time.process_time()
    database = StagedDatabase(out / "luc.duckdb", "v1.0.0", 256 * 2**20, 1)
    database.create(SchemaContext(source.grid), year_table({"states": source}))
    (lane,) = database.lanes
    digest = TableDigest()
    for attempt in attempts:
        rows = read_part(Path(attempt.path))
        lane.insert("state", rows)
        lane.commit()
        digest.merge(attempt.digest)
    database.finish()
    client = (time.perf_counter() - wall, time.process_time() - cpu)
    return {
        "blocks": len(blocks),
        "grid_bytes": 4 * source.grid.n_cells * len(source.years) * len(source.variables),
        "stored_values": values,
        "part_bytes": sum(a.size for a in attempts),
        "database_bytes": (out / "luc.duckdb").stat().st_size,
        "worker_wall_s": round(worker[0], 2),
        "worker_cpu_s": round(worker[1], 2),
        "client_wall_s": round(client[0], 2),
        "client_cpu_s": round(client[1], 2),
    }


if __name__ == "__main__":
    main()

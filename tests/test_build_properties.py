"""A build from any files that are allowed holds what they hold: in tables, views and Parquet."""

from __future__ import annotations

import os
import tempfile
import warnings
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from build_oracle import Expected, differences, read_by_xarray
from builds import limit_blocks
from files import (
    FILLS,
    FORMATS,
    GRIDS,
    LONGITUDES,
    NAMES,
    NASTY_NAMES,
    STATE_NAMES,
    TIME_FORMS,
    Content,
    Form,
    eluc_content,
    state_content,
    write,
)
from hypothesis import event, given, settings
from hypothesis import strategies as st

from loader import build
from loader.options import Options

EXAMPLES = 10 if os.environ.get("HYPOTHESIS_PROFILE", "quick") == "quick" else 400
"""A build and the comparison of all that it holds take most of a second."""

MASKS = ("same", "by year", "by variable", "mixed", "any", "growing")


@dataclass(frozen=True)
class Sample:
    """Files to build from, options, and how small the blocks are."""

    grid: str
    which: str
    seed: int
    state_years: tuple[int, ...]
    names: tuple[str, ...]
    masks: str
    state_form: Form
    eluc_years: tuple[int, ...]
    missing: float
    area: str
    eluc_form: Form
    cells: str
    span: tuple[int | None, int | None]
    workers: int
    block_bytes: int
    block_years: int

    def contents(self) -> dict[str, tuple[Content, Form]]:
        """Return what each file holds, and how it is written, by the name of the source."""
        place = GRIDS[self.grid]
        found = {}
        if self.which != "eluc":
            state = state_content(
                self.seed, place, self.state_years, names=self.names, masks=self.masks
            )
            found["states"] = state, self.state_form
        if self.which != "states":
            eluc = eluc_content(
                self.seed + 1, place, self.eluc_years, missing=self.missing, area=self.area
            )
            found["eluc"] = eluc, self.eluc_form
        return found


@st.composite
def forms(draw: st.DrawFn) -> Form:
    kind = draw(st.sampled_from(FORMATS))
    new = kind.startswith("NETCDF4")
    storage = draw(st.sampled_from(["f4", "f4", "f4", "f8", "i2", "i4", ">f4" if new else "f4"]))
    chunks = st.tuples(*(st.sampled_from([1, 2, 3, 5, 10**6]) for _ in range(3)))
    orders: list[tuple[str, str, str]] = sorted(permutations(("time", "lat", "lon"), 3))
    order = draw(st.sampled_from(orders))
    return Form(
        south_first=draw(st.booleans()),
        longitude=draw(st.sampled_from(LONGITUDES)),
        order=order,
        names=draw(st.sampled_from(NAMES)),
        format=kind,
        chunks=draw(st.none() | chunks) if new else None,
        deflate=draw(st.booleans()),
        shuffle=draw(st.booleans()),
        checksum=draw(st.booleans()),
        storage=storage,
        unlimited=draw(st.booleans()) if new or order[0] == "time" else False,
        fill=draw(st.sampled_from(FILLS)),
        time=draw(st.sampled_from(sorted(TIME_FORMS))),
        coordinate_type=draw(st.sampled_from(["f4", "f8"])),
        noise=draw(st.sampled_from([0.0, 1e-6])),
        member=draw(st.booleans()),
        shuffled_years=draw(st.booleans()),
        bystanders=draw(st.booleans()),
    )


def year_lists() -> st.SearchStrategy[tuple[int, ...]]:
    some = st.sets(st.integers(1948, 1958), min_size=1, max_size=6)
    return some.map(lambda years: tuple(sorted(years)))


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    which = draw(st.sampled_from(["both", "both", "both", "states", "eluc"]))
    state_years, eluc_years = draw(year_lists()), draw(year_lists())
    extras = draw(st.lists(st.sampled_from(NASTY_NAMES), unique=True, max_size=3))
    return Sample(
        grid=draw(st.sampled_from(sorted(GRIDS))),
        which=which,
        seed=draw(st.integers(0, 2**31)),
        state_years=state_years,
        names=tuple(draw(st.permutations([*STATE_NAMES, *extras]))),
        masks=draw(st.sampled_from(MASKS)),
        state_form=draw(forms()),
        eluc_years=eluc_years,
        missing=draw(st.sampled_from([0.0, 0.0, 0.2])),
        area=draw(st.sampled_from(["given", "absent", "holes"])),
        eluc_form=draw(forms()),
        cells=draw(st.sampled_from(["data", "data", "land", "all"])),
        span=draw(spans(state_years, eluc_years)),
        workers=draw(st.sampled_from([1, 2])),
        block_bytes=draw(st.sampled_from([300, 3_000, 20_000, 10**8])),
        block_years=draw(st.sampled_from([1, 2, 16])),
    )


@st.composite
def spans(
    draw: st.DrawFn, state_years: tuple[int, ...], eluc_years: tuple[int, ...]
) -> tuple[int | None, int | None]:
    """Draw a clip that leaves every source at least one year."""
    span = draw(st.none() | st.integers(1946, 1958)), draw(st.none() | st.integers(1946, 1960))
    kept = _clipped(state_years, span) and _clipped(eluc_years, span)
    return span if kept else (None, None)


def _clipped(years: tuple[int, ...], span: tuple[int | None, int | None]) -> list[int]:
    low, high = span
    return [y for y in years if (low is None or y >= low) and (high is None or y <= high)]


def as_written(path: Path, content: Content, form: Form) -> Content:
    """Return the content as xarray reads it from the file, to the last bit that drawn if float."""
    found = read_by_xarray(path, content, form)
    if form.storage.endswith("f4"):
        for name, values in content.values.items():
            missing = np.isnan(values)
            assert np.array_equal(np.isnan(found.values[name]), missing), name
            same = found.values[name].view(np.uint32) == values.view(np.uint32)
            assert np.all(same | missing), name
    return found


@settings(max_examples=EXAMPLES)
@given(samples())
def test_a_build_holds_what_its_files_hold(sample: Sample) -> None:
    event(f"{sample.which} sources, cells {sample.cells}")
    check(sample)


def check(sample: Sample) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        limit_blocks(patch, sample.block_years)
        patch.setattr(Options, "block_bytes", sample.block_bytes)
        given_paths: dict[str, Any] = {}
        sources: dict[str, tuple[Path, Content]] = {}
        for source, (content, form) in sample.contents().items():
            path = write(folder / f"{source}.nc", content, form)
            given_paths[source] = path
            sources[source] = (path, as_written(path, content, form))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            report = build(
                **given_paths,
                out=folder / "out",
                cells=sample.cells,
                years=sample.span,
                workers=sample.workers,
            )
        assert report.outcome == "built"
        low, high = sample.span
        expected = Expected(
            sources["states"][1] if "states" in sources else None,
            sources["eluc"][1] if "eluc" in sources else None,
            sample.cells,
            (-9999 if low is None else low, 9999 if high is None else high),
        )
        problems = differences(folder / "out", expected, sources)
        assert not problems, "\n".join(problems)

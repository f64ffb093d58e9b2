"""A hundred inputs of the fuzzer; ``make fuzz`` tries thousands."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from tools.fuzz.campaign import judge
from tools.fuzz.judge import Verdict, judge_file
from tools.fuzz.published import TARGETS, make_template
from tools.fuzz.recipes import draw_recipe

SEEDS = {"netcdf": range(1001, 1066), "zarr": range(2001, 2017)}
"""None is a multiple of 50: these are read without a database."""

DAMAGED = range(3000, 3004)


@pytest.mark.parametrize("kind", SEEDS)
def test_files_load_as_xarray_reads_them_or_are_rejected(kind: str, tmp_path: Path) -> None:
    verdicts = {seed: judge(seed, kind, tmp_path, tmp_path) for seed in SEEDS[kind]}
    wrong = {seed: verdict for seed, verdict in verdicts.items() if verdict.outcome == "WRONG"}
    assert not wrong
    outcomes = [verdict.outcome for verdict in verdicts.values()]
    assert outcomes.count("loaded") > len(outcomes) / 4
    assert outcomes.count("rejected") > 2


def test_a_whole_build_holds_what_xarray_reads(tmp_path: Path) -> None:
    verdict = judge_file(1050, tmp_path, "netcdf")
    assert (verdict.outcome, draw_recipe(1050, "netcdf").odd) == ("loaded", [])


def test_damage_to_a_published_build_is_found(tmp_path: Path) -> None:
    make_template(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verdicts = {
            (seed, kind): judge(seed, kind, tmp_path, tmp_path)
            for seed in DAMAGED
            for kind in TARGETS
        }
    assert not {key: each for key, each in verdicts.items() if each.outcome == "WRONG"}
    outcomes = [verdict.outcome for verdict in verdicts.values()]
    assert outcomes.count("damage found") > len(outcomes) / 2


def test_the_fuzzer_sees_a_wrong_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = judge_file.__globals__["_read"]

    def wrong(*given: object) -> object:
        cube = real(*given)
        next(iter(cube.values.values()))[0, 0, 0] = 0.123
        return cube

    monkeypatch.setitem(judge_file.__globals__, "_read", wrong)
    verdicts = []
    for seed in range(1001, 1011):
        (tmp_path / str(seed)).mkdir()
        verdicts.append(judge_file(seed, tmp_path / str(seed), "netcdf"))
    found = [verdict for verdict in verdicts if verdict.outcome == "WRONG"]
    assert found
    assert all("xarray has" in verdict.reason for verdict in found)
    assert Verdict("loaded") not in verdicts

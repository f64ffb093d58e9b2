"""The Python API: what `import loader` gives, and that it works as documented."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from command import ROOT, environment
from IPython.lib.pretty import pretty

import loader
from loader.years import Years

FUNCTIONS = (
    *("build", "check", "connect", "diff", "export", "fetch", "info", "open_dataset"),
    *("plot_change", "plot_map", "plot_series", "query", "report", "sample"),
)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("api")
    loader.sample(folder / "raw", years=(2015, 2017), resolution=2, only=["eluc", "states"])
    loader.build(raw=folder / "raw", out=folder / "demo")
    return folder


def test_the_public_names_are_listed_and_all_exist() -> None:
    assert set(FUNCTIONS) <= set(dir(loader))
    assert sorted(loader.__all__) == dir(loader)
    for name in dir(loader):
        assert getattr(loader, name) is not None
    assert all(callable(getattr(loader, name)) for name in FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_module_replaces_a_function(name: str) -> None:
    """`import loader.NAME` would set the attribute `loader.NAME` to the module."""
    assert not (ROOT / "loader" / name).exists()
    assert not (ROOT / "loader" / f"{name}.py").exists()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_documented_and_typed(name: str) -> None:
    function = getattr(loader, name)
    signature = inspect.signature(function)
    text = inspect.getdoc(function)
    assert text
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty, parameter.name
    assert signature.return_annotation is not inspect.Signature.empty


def test_the_import_is_light() -> None:
    code = (
        "import sys, loader; dir(loader)\n"
        "print(sorted({'xarray', 'duckdb', 'pyarrow', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_an_example_that_runs(
    name: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work)
    (example,) = doctest.DocTestFinder(recurse=False).find(getattr(loader, name), name)
    assert len(example.examples) >= 2
    assert doctest.DocTestRunner().run(example).failed == 0


def test_a_connection_reads_and_cannot_write_or_leave(work: Path) -> None:
    with loader.connect(work / "demo") as con:
        assert con.sql("SELECT count(*) FROM eluc_global").fetchall() == [(3,)]
        for sql in ("DROP TABLE eluc", "SELECT * FROM read_csv('/etc/passwd')", "INSTALL httpfs"):
            with pytest.raises(duckdb.Error):
                con.execute(sql)


def test_a_result_becomes_what_a_library_wants(work: Path) -> None:
    result = loader.query("SELECT year, emission_pgc FROM eluc_global ORDER BY year", work / "demo")
    assert result.columns == ["year", "emission_pgc"]
    assert [row[0] for row in result] == [2015, 2016, 2017] == list(result.df()["year"])
    assert len(result) == result.arrow().num_rows == 3
    assert pl.DataFrame(result).height == 3
    assert pa.table(result).equals(result.arrow())
    assert "emission_pgc" in str(result)
    assert "<table" in result._repr_html_()  # what a notebook calls
    assert repr(result) == str(result)


def test_parameters_reach_the_query(work: Path) -> None:
    sql = "SELECT getvariable('year') + 1 AS next"
    assert loader.query(sql, work / "demo", {"year": 2016}).rows() == [(2017,)]
    with pytest.raises(loader.UsageError, match="no parameter"):
        loader.query(sql, work / "demo", {"month": 1})


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        (2016, [2016]),
        (np.int64(2016), [2016]),
        ("2016:", [2016, 2017]),
        ((None, 2016), [2015, 2016]),
        ([2016, 2017], [2016, 2017]),
        (range(2015, 2017), [2015, 2016]),
        (slice(2015, 2016), [2015, 2016]),
        (slice(None), [2015, 2016, 2017]),
    ],
    ids=str,
)
def test_years_are_taken_as_python_writes_them(
    years: Years, expected: list[int], work: Path, tmp_path: Path
) -> None:
    out = tmp_path / "years.parquet"
    box = (-10, 35, 30, 60)
    loader.export(work / "demo", out=out, what="eluc", years=years, bbox=box, columns=["year"])
    assert sorted(set(pl.read_parquet(out)["year"])) == expected


@pytest.mark.parametrize("years", [range(2000, 2010, 2), slice(2000, 2010, 5), 2.5, (1, 2, 3)])
def test_years_that_are_no_span_are_rejected(years: Years, tmp_path: Path) -> None:
    with pytest.raises(loader.UsageError, match="years is "):
        loader.export(tmp_path, out=tmp_path / "x.csv", years=years)


def test_reports_print_and_show_themselves(work: Path) -> None:
    again = loader.build(raw=work / "raw", out=work / "demo")
    assert again.outcome == "up to date"
    assert again.synthetic, "whatever this run had to do"
    for report in (
        again,
        loader.info(work / "demo"),
        loader.check(work / "demo", only=["contents"]),
    ):
        assert "SYNTHETIC" in str(report)
        assert str(report) == report.text()
        assert pretty(report) == str(report)  # type: ignore[no-untyped-call]  # IPython's
        html = report._repr_html_()  # what a notebook calls
        assert html.startswith("<pre>")
        assert "SYNTHETIC" in html


@pytest.mark.parametrize("at", ["London", 51.5, ("London", "Paris"), [(51.5,)]])
def test_what_is_no_place_is_rejected(at: Any, work: Path, tmp_path: Path) -> None:  # noqa: ANN401
    with pytest.raises(loader.UsageError, match=r"at is .*; expected \(latitude, longitude\)"):
        loader.plot_series(work / "demo", tmp_path / "x.png", at=at)


@pytest.mark.parametrize("hidden", ["loader.py", "loader/__init__.py"])
def test_what_hides_the_package_is_named(hidden: str, tmp_path: Path) -> None:
    other = tmp_path / hidden
    other.parent.mkdir(exist_ok=True)
    other.write_text("")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import luc_load; luc_load.main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"luc-load: error: Python finds {other} where ")
    assert len(done.stderr.splitlines()) == 1

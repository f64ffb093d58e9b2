"""luc-load in a bare Jupyter kernel: one without ipywidgets, whose settings DuckDB treats apart."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from command import environment

from loader import write_sample

Cell = Callable[[str], str]


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    """Run code in one kernel and return what it shows; an exception there is a failure here."""
    pytest.importorskip("ipykernel")
    from jupyter_client.kernelspec import KernelSpec  # noqa: PLC0415  # optional
    from jupyter_client.manager import KernelManager  # noqa: PLC0415  # optional

    folder = tmp_path_factory.mktemp("kernel")
    write_sample(folder / "raw", years=(2015, 2017), resolution=2, only=["eluc", "states"])
    manager = KernelManager(transport="ipc", ip=str(folder / "ipc"))
    # This interpreter, whatever kernels the user has registered.
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager._kernel_spec = KernelSpec(argv=command, display_name="bare", language="python")  # noqa: SLF001
    # A package that cannot be imported is one that is not installed.
    (folder / "bare").mkdir()
    (folder / "bare" / "sitecustomize.py").write_text(
        "import sys; sys.modules['ipywidgets'] = None"
    )
    env = environment(PYTHONWARNINGS="error::Warning:tqdm", IPYTHONDIR=str(folder))
    env["PYTHONPATH"] = f"{folder / 'bare'}:{env['PYTHONPATH']}"
    manager.start_kernel(cwd=str(folder), env=env)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)

    def run(code: str) -> str:
        shown: list[str] = []

        def receive(message: dict[str, dict[str, object]]) -> None:
            content = message["content"]
            if "traceback" in content:
                pytest.fail("\n".join(map(str, content["traceback"])))  # type: ignore[call-overload]
            data = content.get("data")
            shown.append(str(content.get("text", data["text/plain"] if data else "")))  # type: ignore[index]

        client.execute_interactive(code, output_hook=receive, timeout=120)
        return "".join(shown)

    run("import loader, xarray as xr\nreport = loader.build(raw='raw', out='out')")
    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_duckdb_cannot_set_its_bar_here(cell: Cell) -> None:
    """The trap itself: if this fails, the others prove nothing."""
    shown = cell(
        "import duckdb\n"
        "try: duckdb.connect().execute('SET enable_progress_bar = false')\n"
        "except duckdb.Error as error: print(error)"
    )
    assert "ipywidgets" in shown


def test_a_build_shows_a_bar_and_its_report(cell: Cell) -> None:
    shown = cell("again = loader.build(raw='raw', out='second')\nprint(again)")
    assert "Built second/luc.duckdb" in shown
    assert "%|" in shown.replace(" |", "|")
    assert "Warning" not in shown


def test_a_query_answers(cell: Cell) -> None:
    shown = cell("len(loader.query('FROM eluc_global', 'out'))")
    assert shown == "3"


@pytest.mark.parametrize(
    "opened",
    [
        "loader.open_dataset('out')",
        "loader.open_dataset('out', 'state', chunks=None)",
        "xr.open_dataset('out/luc.duckdb', engine='luc-load')",
    ],
)
def test_a_dataset_opens_and_reads(cell: Cell, opened: str) -> None:
    shown = cell(f"with {opened} as data: print(float(data.primf.max()))")
    assert 0 < float(shown) <= 1


def test_a_check_runs(cell: Cell) -> None:
    assert cell("loader.check('out').holds") == "True"


def test_a_map_is_drawn(cell: Cell) -> None:
    assert cell("loader.plot_map('out', 'map.png').exists()") == "True"


def test_names_are_completed(cell: Cell) -> None:
    code = "get_ipython().Completer.use_jedi = False\nget_ipython().complete('loader.plot_')[1]"
    shown = cell(code)
    for name in ("plot_change", "plot_map", "plot_series"):
        assert f".{name}" in shown


def test_results_show_themselves(cell: Cell) -> None:
    assert "emission_pgc" in cell("loader.query('FROM eluc_global', 'out')")
    assert "out/luc.duckdb" in cell("print(report)")
    code = "with loader.connect('out') as con: print(len(con.sql('FROM eluc_global').df()))"
    assert cell(code) == "3\n"

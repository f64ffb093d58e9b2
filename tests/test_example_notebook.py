"""docs/notebooks/from_the_notebook.ipynb runs in a bare kernel, with the results that it shows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command import ROOT, environment

NOTEBOOK = ROOT / "docs" / "notebooks" / "from_the_notebook.ipynb"
EXECUTE = """
import sys
import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

path, folder = sys.argv[1:]
notebook = nbformat.read(path, as_version=4)
nbformat.validate(notebook)
for cell in notebook.cells:
    if cell.cell_type == "code":
        cell.outputs = []
kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=folder + "/ipc")
NotebookClient(notebook, km=kernel, timeout=300).execute(cwd=folder)
nbformat.write(notebook, folder + "/executed.ipynb")
"""


def results(path: Path) -> list[str]:
    """The text of every result and print, in order; of a picture, only that there is one."""
    texts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if output["output_type"] == "stream" and output["name"] == "stdout":
                texts.append("".join(output["text"]))
            elif output["output_type"] == "execute_result":
                picture = "image/png" in output["data"]
                texts.append("picture" if picture else "".join(output["data"]["text/plain"]))
    return texts


@pytest.mark.slow
def test_the_notebook_gives_the_results_that_it_shows(tmp_path: Path) -> None:
    for needed in ("nbclient", "nbformat", "ipykernel"):
        pytest.importorskip(needed)
    # A package that cannot be imported is one that is not installed.
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "sitecustomize.py").write_text(
        "import sys; sys.modules['ipywidgets'] = None"
    )
    env = environment(IPYTHONDIR=str(tmp_path / "ipython"))
    env["PYTHONPATH"] = f"{tmp_path / 'bare'}:{env['PYTHONPATH']}"
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, str(NOTEBOOK), str(tmp_path)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = results(NOTEBOOK)
    assert expected.count("picture") == 2
    assert len(expected) > 10
    assert results(tmp_path / "executed.ipynb") == expected

"""SHA256SUMS: written by a build, read by `sha256sum -c` and by luc-load; nothing else is taken."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from loader.storing.sums import SUMS, file_digest, read_sums, write_sums

LINE = f"{'0' * 64}  luc.duckdb\n"
HEADER = f"# header of luc.duckdb: {'f' * 64}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parquet" / "state").mkdir(parents=True)
    (tmp_path / "luc.duckdb").write_bytes(bytes(20_000))
    (tmp_path / "parquet" / "state" / "2000.parquet").write_bytes(b"PAR1")
    (tmp_path / "parquet" / "build.json").write_text("{}")
    write_sums(tmp_path)
    return tmp_path


def test_what_is_written_is_read(folder: Path) -> None:
    sums = read_sums((folder / "parquet" / SUMS).read_text())
    parquet = folder / "parquet"
    assert sums.database == file_digest(folder / "luc.duckdb")
    assert sums.files == {
        name: file_digest(parquet / name) for name in ("build.json", "state/2000.parquet")
    }


def test_a_standard_tool_reads_it(folder: Path) -> None:
    command = ["sha256sum", "--check", "--strict", f"parquet/{SUMS}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("OK")) == (0, 3)
    (folder / "parquet" / "state" / "2000.parquet").write_bytes(b"PAR2")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1"),
        (LINE, "line 1"),
        (HEADER, "luc.duckdb is not in it"),
        (HEADER + LINE + LINE, "line 3"),
        (HEADER + LINE + "0123  parquet/build.json\n", "line 3"),
        (HEADER + LINE + f"{'0' * 64}  ../../etc/passwd\n", "outside"),
    ],
)
def test_anything_else_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_sums(text)

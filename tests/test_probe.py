"""Every source is tried in another process: what hangs or crashes the libraries ends only that."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest
from command import luc_load
from files import FORMATS, GRIDS, Form, eluc_content, write

import loader.reading.probe
from loader.errors import SourceBusyError, SourceError
from loader.reading.headers import check_header
from loader.reading.probe import Probe

HANGS = Path(__file__).parent.parent.parent / "shared" / "data" / "hang_netcdf4_open.nc"
LARGEST = 2**29
Script = Callable[[str], None]
REAL_START = loader.reading.probe._start  # noqa: SLF001  # kept before the fixture replaces it


@pytest.fixture(autouse=True)
def _tried(_untried_sources: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader.reading.probe, "_start", REAL_START)


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Return a function that puts a script in place of the one that opens the files."""

    def replace(text: str) -> None:
        script = tmp_path / "trial.py"
        script.write_text(text)
        monkeypatch.setattr(loader.reading.probe, "_SCRIPT", script)

    return replace


def small(folder: Path, **form: Any) -> Path:  # noqa: ANN401
    content = eluc_content(1, GRIDS["global"], (1950, 1951))
    return write(folder / "eluc.nc", content, Form(fill="_FillValue", **form))


def tried(*paths: Path, largest: int = LARGEST) -> None:
    with Probe([str(path) for path in paths], largest) as probe:
        probe.wait()


def problem(*paths: Path, largest: int = LARGEST) -> str:
    with pytest.raises(SourceError) as caught:
        tried(*paths, largest=largest)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", FORMATS)
def test_sound_files_of_every_kind_pass(kind: str, tmp_path: Path) -> None:
    tried(small(tmp_path, format=kind))


def test_files_with_checksums_pass(tmp_path: Path) -> None:
    tried(small(tmp_path, checksum=True))


@pytest.mark.parametrize("name", ["it's; rm -rf.nc", "-x.nc", "höhe #mode=zarr?*.nc", "\udcff.nc"])
def test_names_are_only_names(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(tmp_path).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with Probe([name], LARGEST) as probe:
        if name.isascii() or "\udcff" not in name:
            probe.wait()
        else:
            # The netCDF library takes no name that is not UTF-8.
            with pytest.raises(SourceError, match="cannot be opened"):
                probe.wait()


@pytest.mark.skipif(not HANGS.exists(), reason="the file is kept apart, it stops other programs")
def test_a_file_that_keeps_the_library_busy_for_ever_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader.reading.probe, "SECONDS", 1)
    started = time.monotonic()
    message = problem(small(tmp_path), HANGS)
    assert time.monotonic() - started < 10
    assert message.startswith(str(HANGS))
    assert "still busy" in message
    # Where it computes all the time, its own time counts, not that of other programs.
    monkeypatch.setattr(loader.reading.probe, "SECONDS", 60)
    monkeypatch.setattr(loader.reading.probe, "CPU_SECONDS", 1)
    assert "used more than 1 s of CPU time" in problem(HANGS)


def test_a_process_that_computes_for_too_long_is_given_up(trial: Script, tmp_path: Path) -> None:
    trial(
        "import signal, sys; signal.setitimer(signal.ITIMER_PROF, int(sys.argv[3]) / 50)\n"
        "while True: pass"
    )
    assert "used more than 10 s of CPU time" in problem(small(tmp_path))


def test_a_process_that_waits_for_its_disk_is_given_up(
    trial: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader.reading.probe, "SECONDS", 0)
    monkeypatch.setattr(loader.reading.probe, "_PATIENCE_SECONDS", 0.5)
    trial("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
    assert "still busy" in problem(small(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_that_neither_computes_nor_reads_is_given_up_soon(
    trial: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader.reading.probe, "IDLE_SECONDS", 0.2)
    monkeypatch.setattr(loader.reading.probe, "_STEP_SECONDS", 0.1)
    trial("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
    assert "nothing could be read from it for 0.2 s" in problem(small(tmp_path))
    # One that is only slow is not.
    trial(
        "import time\n"
        "for _ in range(20): time.sleep(0.02); open('/dev/zero', 'rb').read(1)\n"
        "print('null')"
    )
    tried(small(tmp_path))


@pytest.mark.parametrize(
    ("ending", "word"),
    [
        ("os.abort()", "SIGABRT"),
        ("os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("os.kill(os.getpid(), 7)", "SIGBUS"),
        ("os._exit(9)", "exit code 9"),
    ],
)
def test_a_file_that_crashes_the_library_is_named(
    ending: str, word: str, trial: Script, tmp_path: Path
) -> None:
    sound = small(tmp_path)
    second = tmp_path / "second.nc"
    second.write_bytes(sound.read_bytes())
    trial(f"import os\nprint('null', flush=True)\n{ending}\n")
    message = problem(sound, second)
    assert message.startswith(str(second))
    assert "crashes the netCDF library" in message
    assert word in message


def test_a_chunk_that_would_inflate_beyond_memory_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.nc"
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("time", None), ("lat", 720), ("lon", 1440)):
            file.createDimension(name, size)
        file.createVariable("time", "i4", ("time",))[:] = [1950]
        variable = file.createVariable(
            "ELUC", "f4", ("time", "lat", "lon"), zlib=True, chunksizes=(800, 720, 1440)
        )
        assert variable.shape[0] == 1
    assert path.stat().st_size < 10**6
    started = time.monotonic()
    message = problem(path)
    assert time.monotonic() - started < 5
    assert message.startswith(f"{path}: ELUC: is stored in chunks of {800 * 720 * 1440 * 4} bytes")
    assert "--memory-limit" in message
    tried(path, largest=4 * 2**30)


def test_a_coordinate_that_would_inflate_beyond_memory_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("lat", 10**6)
        file.createVariable("lat", "f8", ("lat",), zlib=True, chunksizes=(10**6,))
    assert ": lat: is stored in chunks of 8000000 bytes" in problem(path, largest=10**6)


def test_an_unknown_filter_is_named_with_its_variable(tmp_path: Path) -> None:
    path = small(tmp_path)
    with h5py.File(path, "a") as file:
        old = file["ELUC"]
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_chunk((1, 6, 12))
        creation.set_filter(32099, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((2, 6, 12))
        new = h5py.Dataset(
            h5py.h5d.create(file.id, b"packed", h5py.h5t.IEEE_F32LE, space, creation)
        )
        new.id.write_direct_chunk((0, 0, 0), bytes(6 * 12 * 4))
        new.id.write_direct_chunk((1, 0, 0), bytes(6 * 12 * 4))
        for number, axis in enumerate(("time", "lat", "lon")):
            new.dims[number].attach_scale(file[axis])
        assert new.shape == old.shape
    message = problem(path)
    assert message.startswith(f"{path}: packed: ")
    assert "32099" in message
    assert "HDF5_PLUGIN_PATH" in message


@pytest.mark.parametrize("share", [0.999, 0.5])
def test_a_file_cut_short_is_told_by_both_of_its_sizes(share: float, tmp_path: Path) -> None:
    path = small(tmp_path)
    whole = path.stat().st_size
    os.truncate(path, int(whole * share))
    message = problem(path)
    assert f"has {int(whole * share)} bytes" in message
    assert f"requires {whole}" in message


def test_every_version_of_the_superblock_knows_its_end(tmp_path: Path) -> None:
    for number, (low, high) in enumerate((("earliest", "v108"), ("v110", "v110"))):
        path = tmp_path / f"{number}.h5"
        with h5py.File(path, "w", libver=(low, high)) as file:
            file["x"] = np.arange(1000)
        check_header(str(path))
        os.truncate(path, path.stat().st_size - 1)
        with pytest.raises(SourceError, match="its header requires"):
            check_header(str(path))


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Path]:
    """A file that another process keeps open for writing."""
    path = tmp_path / "written.nc"
    code = (
        f"import netCDF4, time\nfile = netCDF4.Dataset({str(path)!r}, 'w')\n"
        "file.createDimension('x', 3)\nfile.sync()\nprint(1, flush=True)\ntime.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield path
    process.kill()
    process.communicate()


def test_a_file_that_is_still_being_written_is_refused(writer: Path) -> None:
    with pytest.raises(SourceBusyError, match="another process is writing it") as caught:
        check_header(str(writer))
    assert caught.value.exit_code == 1


def test_what_is_given_up_leaves_no_process(trial: Script, tmp_path: Path) -> None:
    trial("import time; time.sleep(60)")
    with Probe([str(small(tmp_path))], LARGEST) as probe:
        process = probe._process  # noqa: SLF001
        assert process is not None
    assert process.returncode == -signal.SIGKILL


@pytest.mark.skipif(not HANGS.exists(), reason="the file is kept apart, it stops other programs")
@pytest.mark.slow
def test_the_command_survives_a_file_that_hangs(tmp_path: Path) -> None:
    (tmp_path / "states.nc").write_bytes(HANGS.read_bytes())
    before = hashlib.sha256((tmp_path / "states.nc").read_bytes()).hexdigest()
    done = luc_load("build", "--states", "states.nc", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("luc-load: error: states.nc: cannot be opened as netCDF")
    assert len(done.stderr.splitlines()) == 1
    assert hashlib.sha256((tmp_path / "states.nc").read_bytes()).hexdigest() == before
    assert [path.name for path in tmp_path.iterdir()] == ["states.nc"]


def test_a_large_list_that_nobody_needs_is_not_read(tmp_path: Path) -> None:
    path = small(tmp_path)
    with netCDF4.Dataset(path, "a") as file:
        file.createDimension("station", 10**9)
        file.createVariable("height", "f8", ("station",), chunksizes=(10**8,))
    with Probe([str(path)], 2**26) as probe:
        probe.wait()

"""Files that are not what they must be, as the user meets them: exit code, one line, no trace."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import duckdb
import h5py
import numpy as np
import pytest
from command import COMMAND, environment, luc_load
from files import GRIDS, Content, Form, eluc_content, state_content, write

from loader import OutputError, SourceError, build
from loader.checking.check import check_database
from loader.description import database_info
from loader.errors import BadValueError
from loader.storing.cleaning import clean_output

PLACE = GRIDS["global"]
YEARS = (1950, 1951, 1952)
PLAIN = Form(fill="_FillValue", deflate=False, shuffle=False)
ODD_NAMES = (
    "a b",
    "it's; DROP TABLE eluc; --",
    'quote"s',
    "höhe ½ 日本",
    "#mode=zarr",
    "*[x]{y}",
    "$HOME `id`",
    "%20",
    "~",
    "new\nline",
    "n" * 200,
)


def eluc_file(folder: Path, form: Form = PLAIN) -> Path:
    return write(folder / "eluc.nc", eluc_content(1, PLACE, YEARS), form)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def refused(folder: Path, *arguments: str, code: int = 3) -> str:
    """Run a build over a published one, expect it to fail and to leave every byte as it was."""
    before = digests(folder)
    done = luc_load("build", *arguments, "-o", "out", "--overwrite", cwd=folder)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert done.stderr.startswith("luc-load: error: ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert digests(folder) == before
    return done.stderr


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    (folder / "old").mkdir()
    build(eluc=eluc_file(folder / "old"), out=folder / "out")
    return folder


@pytest.fixture
def work(published: Path, tmp_path: Path) -> Path:
    """A folder with a published build of an older source."""
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)
    return tmp_path


def _tar(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("states.nc"), io.BytesIO())


def _plain_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for name, values in (("lat", PLACE.lat), ("lon", PLACE.lon), ("time", list(YEARS))):
            file[name] = values
        file["ELUC"] = np.zeros((3, 6, 12), dtype="f4")


def _truncated(path: Path) -> None:
    eluc_file(path.parent).rename(path)
    os.truncate(path, path.stat().st_size // 2)


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a tar archive": (_tar, "tar archive"),
    "plain HDF5": (_plain_hdf5, "no names"),
    "half a file": (_truncated, "truncated or damaged"),
    "nothing": (lambda path: path.touch(), "is empty"),
    "a directory": (lambda path: path.mkdir(), "directory"),
    "a pipe": (os.mkfifo, "not a regular file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    "a link to nowhere": (lambda path: path.symlink_to("away.nc"), "away.nc"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "loop.nc"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_command_refuses(name: str, work: Path) -> None:
    make, text = FILES[name]
    path = work / ("loop.nc" if "itself" in name else "source.nc")
    make(path)
    if name == "a pipe":
        # A digest of the folder would wait for someone to write into it.
        done = luc_load("build", "--eluc", path.name, "-o", "out", "--overwrite", cwd=work)
        assert (done.returncode, done.stdout) == (3, "")
        assert text in done.stderr
    else:
        assert text in refused(work, "--eluc", path.name)


def test_a_name_that_is_not_utf_8_is_no_traceback(work: Path) -> None:
    name = os.fsdecode(b"eluc-\xff.nc")
    try:
        eluc_file(work).rename(work / name)
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    done = subprocess.run(
        [*COMMAND, "build", "--eluc", name, "-o", "new"],
        cwd=work,
        env=environment(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert rb"Invalid value for '--eluc': eluc-\udcff.nc is not a UTF-8 name" in done.stderr
    assert b"Traceback" not in done.stderr
    assert not (work / "new").exists()


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root reads every file"
)
def test_a_file_without_permission_is_an_input_error(work: Path) -> None:
    eluc_file(work).chmod(0)
    unprivileged = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    done = subprocess.run(
        [*(unprivileged if os.geteuid() == 0 else ()), *COMMAND, *("build", "--eluc", "eluc.nc")],
        cwd=work,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "eluc.nc: cannot be read" in done.stderr
    assert "Permission denied" in done.stderr


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root writes everywhere"
)
def test_a_folder_without_permission_is_found_before_any_reading(work: Path) -> None:
    eluc_file(work)
    (work / "closed").mkdir(mode=0o500)
    unprivileged = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    for more in ((), ("--dry-run",)):
        done = subprocess.run(
            [
                *(unprivileged if os.geteuid() == 0 else ()),
                *(*COMMAND, "build", "--eluc", "eluc.nc", "-o", "closed/out", *more),
            ],
            cwd=work,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert "closed/out: cannot be written" in done.stderr


def test_an_unpacked_file_may_be_named_as_an_archive(tmp_path: Path) -> None:
    path = eluc_file(tmp_path).rename(tmp_path / "eluc.nc.gz")
    assert build(eluc=path, out=tmp_path / "out").tables[0].rows > 0


@pytest.mark.parametrize("kind", ["eluc", "states"])
def test_years_that_were_never_written_are_refused_by_name(kind: str, tmp_path: Path) -> None:
    """The writer was killed: the header is whole, the last years are all fill."""
    make = eluc_content if kind == "eluc" else state_content
    content = make(1, PLACE, YEARS)
    values = {name: box.copy() for name, box in content.values.items()}
    for box in values.values():
        box[1:] = np.nan
    path = write(tmp_path / "f.nc", Content(PLACE, YEARS, values), PLAIN)
    with pytest.raises(BadValueError, match=r"has no values in 1951, 1952, but about") as caught:
        build(**{kind: path}, out=tmp_path / "out")  # type: ignore[arg-type]
    assert caught.value.exit_code == 3
    assert str(path) in str(caught.value)
    assert not (tmp_path / "out" / "luc.duckdb").exists()
    assert build(**{kind: path}, out=tmp_path / "out", years=":1950").tables[0].rows > 0  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["c16", "object"])
def test_values_that_are_no_real_numbers_are_refused(kind: str, tmp_path: Path) -> None:
    path = eluc_file(tmp_path)
    with h5py.File(path, "a") as file:
        file.move("ELUC", "kept")
        dtype: Any = {"c16": "c16", "object": h5py.string_dtype()}[kind]
        new = file.create_dataset("ELUC", (3, 6, 12), dtype=dtype)
        for number, axis in enumerate(("time", "lat", "lon")):
            new.dims[number].attach_scale(file[axis])
    with pytest.raises(SourceError) as caught:
        build(eluc=path, out=tmp_path / "out")
    assert caught.value.exit_code == 3
    assert str(path) in str(caught.value)
    assert not (tmp_path / "out" / "luc.duckdb").exists()


def test_a_chunk_that_was_zeroed_is_named(tmp_path: Path) -> None:
    path = eluc_file(tmp_path, replace(PLAIN, deflate=True, shuffle=True))
    with h5py.File(path) as file:
        chunk = file["ELUC"].id.get_chunk_info(2)
    with path.open("r+b") as raw:
        raw.seek(chunk.byte_offset)
        raw.write(bytes(chunk.size))
    with pytest.raises(BadValueError, match="ELUC: year 1952 cannot be read"):
        build(eluc=path, out=tmp_path / "out")


@pytest.mark.parametrize("kind", ["NETCDF4", "NETCDF3_CLASSIC"])
@pytest.mark.parametrize(("bit", "finder"), [(30, "build"), (23, "check"), (0, "digest")])
def test_a_bit_that_flips_where_no_checksum_covers_it(
    bit: int,
    finder: str,
    kind: Literal["NETCDF4", "NETCDF3_CLASSIC"],
    tmp_path: Path,
) -> None:
    """What leaves every range is found by the build or by check; the digest tells of all."""
    content = state_content(1, PLACE, YEARS)
    values = {name: np.full_like(box, 0.05) for name, box in content.values.items()}
    values["primf"][1, 2, 3] = 0.7654321
    form = replace(PLAIN, format=kind, chunks=None)
    path = write(tmp_path / "states.nc", Content(PLACE, YEARS, values), form)
    order: Literal["big", "little"] = "big" if kind == "NETCDF3_CLASSIC" else "little"
    word = int(np.float32(0.7654321).view(np.uint32))
    data = path.read_bytes()
    assert data.count(word.to_bytes(4, order)) == 1
    flipped = data.replace(word.to_bytes(4, order), (word ^ 1 << bit).to_bytes(4, order))
    path.write_bytes(flipped)
    out = tmp_path / "out"
    if finder == "build":
        with pytest.raises(BadValueError, match=r"primf: .*1951"):
            build(states=path, out=out)
        return
    build(states=path, out=out)
    (found,) = check_database(out, only=["out_of_range"]).results
    assert found.status == ("failed" if finder == "check" else "ok")
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        ((digest,),) = con.execute("SELECT digest FROM source").fetchall()
    assert hashlib.sha256(flipped).hexdigest() in digest
    assert hashlib.sha256(data).hexdigest() not in digest


@pytest.mark.parametrize(
    "name",
    [
        # Each stands first, in the middle or last in one path; alone in the slow tests.
        *("/".join(ODD_NAMES[start::3][::-1]) for start in range(3)),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ODD_NAMES),
    ],
)
def test_odd_names_work_in_every_path(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    raw, out = Path(name) / "raw", Path(name) / "out"
    raw.mkdir(parents=True)
    source = eluc_file(raw)
    assert build(eluc=source, out=out).outcome == "built"
    assert build(eluc=source, out=out).outcome == "up to date"
    rows = build(eluc=source, out=out, cells="all", overwrite=True).tables[0].rows
    assert database_info(out).parquet == out / "parquet"
    assert clean_output(out) == ()
    with duckdb.connect(str(tmp_path / out / "luc.duckdb"), read_only=True) as con:
        assert con.execute("SELECT path FROM source").fetchall() == [(str(source),)]
        assert con.execute("SELECT count(*) FROM eluc").fetchall() == [(rows,)]
    assert [path.name for path in tmp_path.iterdir()] == [name.partition("/")[0]]


def test_the_command_takes_odd_names_too(tmp_path: Path) -> None:
    name = 'it\'s; DROP TABLE "eluc"; -- #mode=zarr *[x] ½'
    (tmp_path / name).mkdir()
    eluc_file(tmp_path / name)
    done = luc_load("build", "--eluc", f"{name}/eluc.nc", "-o", f"{name}/out", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    info = luc_load("info", f"{name}/out", cwd=tmp_path)
    assert (info.returncode, info.stderr) == (0, "")
    assert "of the same build" in info.stdout
    assert f"    {name}/eluc.nc  " in info.stdout
    clean = luc_load("clean", f"{name}/out", cwd=tmp_path)
    assert clean.stdout == f"{name}/out: nothing to remove\n"


def test_a_database_in_a_folder_of_any_name_can_be_read(tmp_path: Path) -> None:
    build(eluc=eluc_file(tmp_path), out=tmp_path / "out")
    folder = '~x it\'s "q" *?[ä½'
    (tmp_path / "out").rename(tmp_path / folder)
    before = digests(tmp_path / folder)
    for arguments in (
        ("info", folder),
        ("check", folder),
        ("query", "SELECT count(*) FROM eluc", f"{folder}/luc.duckdb"),
        ("export", folder, "--what", "eluc", "-o", f"{folder}/rows.csv"),
        ("export", folder, "--what", "eluc", "-o", f"{folder}/grid.nc"),
    ):
        done = luc_load(*arguments, cwd=tmp_path)
        assert (done.returncode, "error" in done.stderr) == (0, False), done.stderr
    with duckdb.connect(str(tmp_path / folder / "luc.duckdb"), read_only=True) as con:
        ((rows,),) = con.execute("SELECT count(*) FROM eluc").fetchall()
    assert len((tmp_path / folder / "rows.csv").read_text().splitlines()) == rows + 1
    written = {name: (tmp_path / folder / name).exists() for name in ("rows.csv", "grid.nc")}
    assert all(written.values())
    after = digests(tmp_path / folder)
    assert {name: after[name] for name in before} == before
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_pictures_and_reports_of_a_folder_of_any_name(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    build(eluc=eluc_file(tmp_path), out=tmp_path / "out")
    folder = '~x it\'s "q" *?[ä½'
    (tmp_path / "out").rename(tmp_path / folder)
    for arguments in (
        ("plot", "map", folder, "-o", f"{folder}/map.png"),
        ("report", folder, "-o", f"{folder}/report.html"),
    ):
        done = luc_load(*arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / arguments[-1]).stat().st_size > 1000


def test_a_path_that_begins_with_a_dash_is_a_path(tmp_path: Path) -> None:
    eluc_file(tmp_path).rename(tmp_path / "-x.nc")
    done = luc_load("build", "--eluc=-x.nc", "--out=-out", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "-out" / "luc.duckdb").exists()


def test_folders_that_a_pattern_would_match_stay_apart(tmp_path: Path) -> None:
    """Rows of one output never reach another whose name a glob would match."""
    path = eluc_file(tmp_path)
    rows = [
        build(eluc=path, out=tmp_path / name).tables[0].rows for name in ("plain", "aXb", "a*b")
    ]
    assert len(set(rows)) == 1


def test_a_link_at_the_output_is_kept_and_its_target_replaced(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    out = tmp_path / "out"
    path = eluc_file(tmp_path)
    build(eluc=path, out=out)
    (out / "luc.duckdb").rename(elsewhere / "real.duckdb")
    (out / "luc.duckdb").symlink_to(elsewhere / "real.duckdb")
    second = build(eluc=path, out=out, cells="all", overwrite=True)
    assert (out / "luc.duckdb").is_symlink()
    with duckdb.connect(str(elsewhere / "real.duckdb"), read_only=True) as con:
        assert con.execute("SELECT build_id FROM meta.build").fetchall() == [(second.build_id,)]


def test_another_name_of_the_old_file_keeps_the_old_rows(tmp_path: Path) -> None:
    out = tmp_path / "out"
    path = eluc_file(tmp_path)
    first = build(eluc=path, out=out)
    os.link(out / "luc.duckdb", tmp_path / "kept.duckdb")
    build(eluc=path, out=out, cells="all", overwrite=True)
    with duckdb.connect(str(tmp_path / "kept.duckdb"), read_only=True) as con:
        assert con.execute("SELECT build_id FROM meta.build").fetchall() == [(first.build_id,)]


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
def test_a_link_to_another_disk_is_found_before_the_work(tmp_path: Path) -> None:
    other = Path("/dev/shm") / f"luc-load-test-{os.getpid()}.duckdb"
    if other.parent.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system")
    out = tmp_path / "out"
    path = eluc_file(tmp_path)
    build(eluc=path, out=out)
    try:
        shutil.move(out / "luc.duckdb", other)
        (out / "luc.duckdb").symlink_to(other)
        before = other.read_bytes()
        with pytest.raises(OutputError, match="another file system"):
            build(eluc=path, out=out, cells="all", overwrite=True)
        assert other.read_bytes() == before
        assert not (out / ".luc-load").exists()
    finally:
        other.unlink(missing_ok=True)


def test_a_log_that_another_program_left_is_never_dropped(work: Path) -> None:
    wal = work / "out" / "luc.duckdb.wal"
    wal.write_bytes(b"changes of another program")
    eluc_file(work)
    message = refused(work, "--eluc", "eluc.nc", "--cells", "all", code=1)
    assert "luc.duckdb.wal" in message
    assert "open and close" in message
    assert wal.read_bytes() == b"changes of another program"

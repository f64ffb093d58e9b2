"""A netCDF file of any kind opens undecoded; anything else is named."""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from files import FORMATS, GRIDS, Form, eluc_content, write

from loader.errors import SourceError, SourceMissingError
from loader.reading.opening import open_undecoded

FORM = Form(fill="_FillValue", time="years since 850")


def make(folder: Path, **changes: Any) -> Path:  # noqa: ANN401
    content = eluc_content(1, GRIDS["global"], (1950, 1951), missing=0.3)
    return write(folder / "eluc.nc", content, replace(FORM, **changes))


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_is_decoded(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path, format=kind)
    with open_undecoded(str(path)) as dataset:
        assert dataset.time.attrs["units"] == "years since 850-01-01 0:0:0"
        assert dataset.time.to_numpy().tolist() == [1100, 1101]
        assert dataset.ELUC.attrs["_FillValue"] == np.float32(1e20)
        assert (dataset.ELUC.to_numpy() == np.float32(1e20)).any()
        assert not np.isnan(dataset.ELUC.to_numpy()).any()


@pytest.mark.parametrize("kind", ["NETCDF4", "NETCDF3_CLASSIC"])
def test_nothing_is_read_ahead(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path, format=kind)
    with open_undecoded(str(path)) as dataset:
        assert not dataset.ELUC.variable._in_memory  # noqa: SLF001  # xarray has no public name


def test_packed_values_stay_packed(tmp_path: Path) -> None:
    path = make(tmp_path, storage="i2")
    with open_undecoded(str(path)) as dataset:
        assert dataset.ELUC.dtype == np.int16
        assert dataset.ELUC.attrs["scale_factor"] == np.float32(1e-4)


@pytest.mark.parametrize(
    ("start", "text"),
    [
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"BZh91AY", "bzip2"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"GRIB", "GRIB"),
        (b"%PDF-1.7", "PDF"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"\n <!DOCTYPE html>", "HTML"),
        (b"<?xml version='1.0'?>", "HTML or XML"),
        (b"lat,lon,eluc\n", "neither netCDF-3 nor netCDF-4"),
        (b"CDF\x07", "neither netCDF-3 nor netCDF-4"),
    ],
)
def test_what_it_is_instead_is_named(start: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "states.nc"
    path.write_bytes(start + b"\0" * 100)
    with pytest.raises(SourceError, match=text) as caught:
        open_undecoded(str(path))
    assert caught.value.path == str(path)


def test_a_pipe_or_socket_or_device_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.nc"
    os.mkfifo(pipe)
    with pytest.raises(SourceError, match="not a regular file"):
        open_undecoded(str(pipe))
    with pytest.raises(SourceError, match="not a regular file"):
        open_undecoded("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        with pytest.raises(SourceError, match="not a regular file"):
            open_undecoded(str(tmp_path / "s"))


def test_a_link_is_followed(tmp_path: Path) -> None:
    path = make(tmp_path)
    link = tmp_path / "link.nc"
    link.symlink_to(path.name)
    with open_undecoded(str(link)) as dataset:
        assert "ELUC" in dataset


def test_missing_files_and_links_to_nowhere_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="no such file"):
        open_undecoded(str(tmp_path / "none.nc"))
    (tmp_path / "link.nc").symlink_to("away.nc")
    with pytest.raises(SourceMissingError, match=r"away\.nc"):
        open_undecoded(str(tmp_path / "link.nc"))


def test_a_nul_byte_in_a_path_is_no_traceback() -> None:
    with pytest.raises(SourceError):
        open_undecoded("a\0b.nc")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    path = make(tmp_path)
    path.chmod(0)
    with pytest.raises(SourceError, match="cannot be read"):
        open_undecoded(str(path))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [4, 30, 200])
def test_a_file_cut_in_its_header_is_damaged(kind: str, size: int, tmp_path: Path) -> None:
    path = make(tmp_path, format=kind)
    os.truncate(path, size)
    whole_magic = size >= 8 or kind.startswith("NETCDF3")
    text = "damaged" if whole_magic else "neither netCDF-3 nor netCDF-4"
    with pytest.raises(SourceError, match=text) as caught:
        open_undecoded(str(path))
    assert str(path) in str(caught.value)


def test_groups_are_named(tmp_path: Path) -> None:
    path = tmp_path / "grouped.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createGroup("one")
        file.createGroup("two")
    with pytest.raises(SourceError, match="one, two"):
        open_undecoded(str(path))


def test_the_name_of_the_file_does_not_matter(tmp_path: Path) -> None:
    path = make(tmp_path)
    for name in ("states", "states.txt", "#mode=zarr", "a b?.nc4", "-x.nc", "%41.nc"):
        shutil.copy(path, tmp_path / name)
        with open_undecoded(str(tmp_path / name)) as dataset:
            assert dataset.ELUC.shape == (2, 6, 12)

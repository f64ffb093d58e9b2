"""A Zarr store from elsewhere: what is not a regular file in it is named and never opened."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from loader import SourceError
from loader.reading.opening import open_undecoded


@pytest.fixture
def store(tmp_path: Path) -> Path:
    values = xr.DataArray(np.zeros((2, 3), "f4"), dims=("lat", "lon"))
    xr.Dataset({"v": values}).to_zarr(tmp_path / "a.zarr", zarr_format=3, consolidated=False)
    return tmp_path / "a.zarr"


@pytest.mark.parametrize("name", ["v/c/0/0", "v/zarr.json", "zarr.json.tmp"])
@pytest.mark.parametrize("kind", ["pipe", "device", "link to a pipe", "broken link"])
def test_what_is_not_a_file_is_named(kind: str, name: str, store: Path) -> None:
    path = store / name
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to a pipe":
        os.mkfifo(store.parent / "pipe")
        path.symlink_to(store.parent / "pipe")
    else:
        path.symlink_to("/dev/zero" if kind == "device" else "nowhere")
    with pytest.raises(SourceError, match=f"its {name} is not a regular file"):
        open_undecoded(str(store))


def test_a_link_to_a_folder_is_named(store: Path) -> None:
    shutil.rmtree(store / "v")
    (store / "v").symlink_to("/proc/self")
    with pytest.raises(SourceError, match="its v is a link to a folder"):
        open_undecoded(str(store))


def test_links_to_files_are_followed(store: Path) -> None:
    chunk = store / "v" / "c" / "0" / "0"
    chunk.rename(store.parent / "chunk")
    chunk.symlink_to(store.parent / "chunk")
    assert open_undecoded(str(store))["v"].to_numpy().sum() == 0

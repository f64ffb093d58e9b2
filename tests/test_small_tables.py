"""The small tables: dates and totals of any year, and nothing secret in a path."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from loader.building.groupsums import Groups, GroupSums
from loader.building.small_tables import source_table, year_table
from loader.building.totals import Totals
from loader.reading.recognition import open_source
from loader.reading.source import GriddedSource
from loader.schema import SOURCES
from loader.text import shown, without_secrets


def eluc(years: list[int], address: str = "eluc.nc") -> GriddedSource:
    latitude, longitude = np.array([51.5, 50.5]), np.array([0.5, 1.5])
    dataset = xr.Dataset(
        {"ELUC": (("time", "lat", "lon"), np.zeros((len(years), 2, 2), np.float32))},
        {
            "time": ("time", np.array(years) - 1, {"units": "years since 1-01-01"}),
            "lat": ("lat", latitude, {"units": "degrees_north"}),
            "lon": ("lon", longitude, {"units": "degrees_east"}),
        },
    )
    dataset.encoding["source"] = address
    return open_source(SOURCES["eluc"], dataset)


def test_dates_are_those_of_duckdb_in_any_year() -> None:
    years = [-4712, -1, 0, 1, 850, 1582, 1900, 2000, 9999, 10000, 32767]
    table = year_table({"eluc": eluc(years)})
    with duckdb.connect() as con:
        stored = con.from_arrow(table)
        wrong = stored.filter("date <> make_date(year, 1, 1)").fetchall()
        rows = stored.project("year, prev_year, next_year, has_eluc, has_state").fetchall()
    assert wrong == []
    assert [row[0] for row in rows] == years
    assert rows[0] == (-4712, None, -1, True, False)
    assert rows[-1] == (32767, 10000, None, True, False)


def test_totals_of_years_that_lie_far_apart() -> None:
    totals = Totals(np.array([10.0, 20.0]))
    rows = {
        "cell_id": pa.array([0, 1, 0, 1], pa.int32()),
        "year": pa.array([-32768, -32768, 32767, 32767], pa.int16()),
        "eluc": pa.array([1.0, 2.0, 3.0, None], pa.float32()),
    }
    totals.add("eluc", totals.sums_of("eluc", pa.table(rows)))
    table = totals.eluc_table()
    assert table.column("year").to_pylist() == [-32768, 32767]
    assert table.column("emission_mtc").to_pylist() == [50 / 1e6, 30 / 1e6]


def test_a_total_is_missing_only_if_every_row_is() -> None:
    totals = Totals(np.array([10.0, 20.0]))
    for values in ([None, 1.0, None, None], [2.0, None, None, None]):
        rows = {
            "cell_id": pa.array([0, 1, 0, 1], pa.int32()),
            "year": pa.array([2000, 2000, 2001, 2001], pa.int16()),
            "eluc": pa.array(values, pa.float32()),
        }
        totals.add("eluc", totals.sums_of("eluc", pa.table(rows)))
    assert totals.eluc_table().column("emission_mtc").to_pylist() == [40 / 1e6, None]
    assert totals.state_table().num_rows == 0


@given(st.data())
def test_sums_over_groups_are_those_of_a_dense_matrix(data: st.DataObject) -> None:
    """Cells in none, one or several groups, with all or a part of their area."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    cells, count = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 6))
    shares = rng.choice([0, 0, 1, 1, 0.25, 0.6], (cells, count))
    shares[:, 0] = 0
    cell, group = np.nonzero(shares)
    order = rng.permutation(len(cell))
    groups = Groups(
        cell[order].astype(np.int32),
        group[order].astype(np.int32),
        shares[cell, group][order],
        count,
    )
    area_ha = rng.random(cells)
    years = np.array([1850, 1851, 1990], np.int16)
    there = rng.random((3, cells)) < 0.8
    values = np.where(rng.random((3, cells)) < 0.2, np.nan, rng.random((3, cells)))
    values = values.astype(np.float32)
    position, cell_id = np.nonzero(there)
    rows = pa.table(
        {
            "cell_id": pa.array(cell_id, pa.int32()),
            "year": pa.array(years[position]),
            "eluc": pa.array(values[there], pa.float32(), from_pandas=True),
        }
    )
    if not rows.num_rows:
        return
    sums = GroupSums(area_ha, groups).of_rows(rows, {"eluc": ("eluc",)})
    dense = shares.copy()
    dense[:, 0] = 1
    known = there & ~np.isnan(values)
    loaded = np.flatnonzero(there.any(axis=1))
    weighted = np.where(known, values, 0) * area_ha
    assert sums.years == tuple(years[loaded].tolist())
    np.testing.assert_allclose(sums.sums["eluc"], (weighted @ dense)[loaded], rtol=1e-12)
    missing = sums.missing.get("eluc", np.zeros_like(sums.rows))
    absent = there & ~known
    np.testing.assert_array_equal(missing, (absent @ (dense > 0).astype(int))[loaded])
    np.testing.assert_array_equal(sums.rows, (there @ (dense > 0).astype(int))[loaded])


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("raw/states.nc", "raw/states.nc"),
        ("raw/me:key@home?x=1#y.nc", "raw/me:key@home?x=1#y.nc"),
        ("s3://bucket/a@b?c/states.nc", "s3://bucket/a@b?c/states.nc"),
        ("https://example.org/states.nc", "https://example.org/states.nc"),
        ("https://me:key@example.org/a@b/states.nc", "https://example.org/a@b/states.nc"),
        ("http://example.org/s.nc?X-Amz-Signature=key&x=1#y", "http://example.org/s.nc?..."),
        ("simplecache::https://key@example.org/s.nc", "simplecache::https://example.org/s.nc"),
        ("ftp://me:key@example.org/s.nc", "ftp://example.org/s.nc"),
        ("https://me:k@y@example.org/s.nc", "https://example.org/s.nc"),
        ("https://me:k/y@example.org/s.nc", "https://example.org/s.nc"),
        ("http://example.org:8080/@me/s.nc", "http://example.org:8080/@me/s.nc"),
        ("http://[::1]:8080/@me/s.nc", "http://[::1]:8080/@me/s.nc"),
        (
            "abfs://box@me.dfs.core.windows.net/s?sig=key",
            "abfs://box@me.dfs.core.windows.net/s?...",
        ),
        ("token=key.nc", "token=key.nc"),
    ],
)
def test_what_lets_others_in_is_not_stored(address: str, shown: str) -> None:
    assert without_secrets(address) == shown
    table = source_table({"eluc": eluc([2000], address)}, None, (), {}, {})
    assert table.column("path").to_pylist() == [shown]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "https://me:key@example.org/s.nc?sig=key: is gone; name another",
            "https://example.org/s.nc?...: is gone; name another",
        ),
        ("redirects to (http://a.org/x?sig=a.b:c)", "redirects to (http://a.org/x?...)"),
        (
            "see https://doi.org/10.5281/zenodo.1 or a@b",
            "see https://doi.org/10.5281/zenodo.1 or a@b",
        ),
        ("is it s.nc? or t.nc", "is it s.nc? or t.nc"),
        ("--eluc: https://a.org/x#md5=1 is wrong", "--eluc: https://a.org/x#md5=1 is wrong"),
        ("url: /x?X-Amz-Signature=key&a=1 (as", "url: /x?X-Amz-Signature=...&a=1 (as"),
        ("url: /x?sv=1&sig=k%2Fey", "url: /x?sv=1&sig=..."),
        ("ParseResult(netloc='me:key@a.org:80')", "ParseResult(netloc='a.org:80')"),
        ("{'Authorization': 'Basic bWU6a2V5'}", "{'Authorization': 'Basic ...'}"),
        ('{"key": "k", "secret": "s", "anon": true}', '{"key": ..., "secret": ..., "anon": true}'),
        ("secret='key', password=key; done", "secret=..., password=...; done"),
        ("the key=3 of a table", "the key=3 of a table"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("one\ntwo\r\x85\u2028three", "one\\ntwo\\r\\x85\\u2028three"),
        ("exe.\u202egnp\u2066\u200f", "exe.\\u202egnp\\u2066\\u200f"),
        ("höhe über ½ \udcff", "höhe über ½ \\udcff"),
    ],
)
def test_a_message_says_nothing_that_lets_others_in(message: str, said: str) -> None:
    assert shown(message) == said

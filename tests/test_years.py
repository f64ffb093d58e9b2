"""Calendar years of every kind of time axis, against cftime and xarray."""

from __future__ import annotations

from typing import Any

import cftime
import numpy as np
import pytest
import xarray as xr
from files import TIME_FORMS
from hypothesis import given
from hypothesis import strategies as st

from loader.errors import TimeAxisError
from loader.reading.years import calendar_years

CALENDARS = (
    *("standard", "gregorian", "proleptic_gregorian", "julian"),
    *("noleap", "365_day", "360_day", "all_leap", "366_day", None),
)
UNITS = ("days", "hours", "seconds", "minutes")


@pytest.mark.parametrize("form", sorted(TIME_FORMS))
def test_every_form_gives_its_years(form: str) -> None:
    years = [1701, 1850, 1851, 1900, 2000, 2021]
    values, attributes = TIME_FORMS[form](years)
    units, calendar = attributes.get("units"), attributes.get("calendar")
    found = calendar_years(np.asarray(values), units, calendar, "file.nc")
    assert found.dtype == np.int16
    assert found.tolist() == years


@given(
    calendar=st.sampled_from(CALENDARS),
    unit=st.sampled_from(UNITS),
    reference=st.integers(1, 2100),
    years=st.lists(st.integers(850, 2300), min_size=1, max_size=5, unique=True),
    month=st.integers(1, 12),
    day=st.integers(1, 28),
)
def test_any_cf_axis_gives_the_years_of_cftime(
    calendar: str | None, unit: str, reference: int, years: list[int], month: int, day: int
) -> None:
    units = f"{unit} since {reference:04d}-03-01"
    dates = [cftime.datetime(y, month, day, calendar=calendar or "standard") for y in years]
    values = cftime.date2num(dates, units, calendar=calendar or "standard").astype(float)
    assert calendar_years(values, units, calendar, "file.nc").tolist() == years


@pytest.mark.parametrize("calendar", ["noleap", "360_day", "proleptic_gregorian"])
def test_dates_that_xarray_decoded_give_the_same_years(calendar: str) -> None:
    index = xr.date_range("1851-01-01", periods=4, freq="YS", calendar=calendar, use_cftime=True)
    found = calendar_years(np.array(index, dtype=object), None, None, "file.nc")
    assert found.tolist() == [1851, 1852, 1853, 1854]
    modern = xr.date_range("1851-12-31 23:59", periods=4, freq="YE").to_numpy()
    assert calendar_years(modern, None, None, "file.nc").tolist() == [1851, 1852, 1853, 1854]


@pytest.mark.parametrize("resolution", ["ns", "us", "s", "D", "Y"])
def test_datetime64_of_any_resolution_gives_its_year(resolution: str) -> None:
    dates = np.array(["1700-01-01", "1969-12-31", "1970-01-01"], dtype=f"datetime64[{resolution}]")
    assert calendar_years(dates, None, None, "file.nc").tolist() == [1700, 1969, 1970]
    if resolution == "D":
        early = np.array(["0850-01-01"], dtype="datetime64[D]")
        assert calendar_years(early, None, None, "file.nc").tolist() == [850]


def test_a_noleap_axis_read_as_noleap_stays_in_its_year() -> None:
    """A thousand noleap years later, a proleptic reading would be months too early."""
    values = np.arange(0, 1173 * 365, 365)
    found = calendar_years(values, "days since 850-01-01", "noleap", "file.nc")
    assert found.tolist() == list(range(850, 2023))


@pytest.mark.parametrize(
    ("values", "years"),
    [
        ([0, 1, 1172], [850, 851, 2022]),
        ([0.0004, 0.9996, 2], [850, 851, 852]),
        ([0.5, 1.5, 2.5], [850, 851, 852]),
        ([0.9, 1.9, 2.9], [850, 851, 852]),
    ],
)
def test_years_since_are_calendar_years(values: list[float], years: list[int]) -> None:
    found = calendar_years(np.array(values), "years since 850-01-01 0:0:0", "365_day", "file.nc")
    assert found.tolist() == years


def test_order_and_gaps_are_those_of_the_file() -> None:
    found = calendar_years(np.array([1990, 1850, 2021]), None, None, "file.nc")
    assert found.tolist() == [1990, 1850, 2021]


@pytest.mark.parametrize(
    ("values", "units"),
    [
        (np.array([]), None),
        (np.array([[1850]]), None),
        (np.array(["1850"]), None),
        (np.array([True]), None),
        (np.array([object()], dtype=object), None),
        (np.array(["NaT"], dtype="datetime64[ns]"), None),
        (np.array([1850.002]), None),
        (np.array([0.0]), None),
        (np.array([99999.0]), None),
        (np.array([np.nan]), "days since 1850-01-01"),
        (np.array([1e300]), "years since 1850-01-01"),
        (np.array([1850, 1850]), None),
        (np.array([0, 364]), "days since 1850-01-01"),
        (np.array([1.0]), "days since 1850-02-30"),
        (np.array([1.0]), 5.0),
        (np.array([1.0]), "days"),
        (np.array([1.0]), "kelvin"),
    ],
)
def test_what_names_no_years_is_refused(values: Any, units: object) -> None:  # noqa: ANN401
    with pytest.raises(TimeAxisError, match=r"^file\.nc: time: "):
        calendar_years(values, units, "standard", "file.nc")


@pytest.mark.parametrize(
    ("values", "units"),
    [
        ([0, 0, 0], "day as %Y%m%d.%f"),
        ([0], "day as %Y%m%d.%f"),
        ([0, 0], "year as %Y.%f"),
    ],
)
def test_years_that_cdo_lost_are_an_error_that_says_so(values: list[int], units: str) -> None:
    with pytest.raises(TimeAxisError, match=r"years were lost.*cdo settaxis") as caught:
        calendar_years(np.array(values, dtype=np.float64), units, "standard", "f.nc")
    assert "average" not in str(caught.value)

"""Country names as people write them."""

from __future__ import annotations

import duckdb
import pytest

from loader import UsageError
from loader.countries import find_countries
from loader.querying.regions import find_country, find_region

NAMES = {
    "GBR": "UK; U.K.; uk; United Kingdom; Great Britain; england; GB; gbr; 826",
    "USA": "USA; U.S.A.; us; United States; United States of America; the United States; America",
    "RUS": "Russia; RUSSIA; Russian Federation; ru; 643",
    "CIV": "Ivory Coast; Cote d'Ivoire; Côte d'Ivoire; Côte d\u2019Ivoire; COTE D IVOIRE; ci",
    "COD": "DRC; DR Congo; D.R. Congo; Democratic Republic of the Congo; Zaire; "
    "Congo, The Democratic Republic of the; Congo-Kinshasa",
    "COG": "Republic of the Congo; Congo-Brazzaville; Congo (Brazzaville); cog",
    "TUR": "Turkey; Türkiye; turkiye; tr",
    "MMR": "Burma; Myanmar",
    "KOR": "South Korea; Republic of Korea; Korea, Republic of",
    "PRK": "North Korea; DPRK",
    "TZA": "Tanzania; United Republic of Tanzania",
    "VNM": "Vietnam; Viet Nam",
    "SUN": "USSR; Soviet Union; Former Soviet Union; SU; 901",
    "CZE": "Czechia; Czech Republic",
    "LAO": "Laos",
    "IRN": "Iran; Islamic Republic of Iran",
    "BOL": "Bolivia; Plurinational State of Bolivia",
    "MKD": "Macedonia; North Macedonia",
    "SWZ": "Swaziland; Eswatini",
    "LCA": "St. Lucia; st lucia; Saint Lucia",
    "TTO": "Trinidad & Tobago; Trinidad and Tobago",
    "GIN": "Guinea",
    "GNB": "Guinea-Bissau; Guinea Bissau",
    "GNQ": "Equatorial Guinea",
    "NER": "Niger",
    "NGA": "Nigeria",
    "REU": "Reunion; Réunion",
    "NAM": "Namibia; NA; na",
    "XKX": "Kosovo",
}


@pytest.mark.parametrize("iso3", NAMES)
def test_a_country_is_known_by_its_names(iso3: str) -> None:
    for name in NAMES[iso3].split("; "):
        assert [country.iso3 for country in find_countries(name)] == [iso3], name


@pytest.mark.parametrize("name", ["Atlantis", "", "0", "125", "999", "of", "republic"])
def test_what_is_no_country_is_none(name: str) -> None:
    assert find_countries(name) == ()


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE region (region_id INT, layer TEXT, code TEXT, name TEXT, country_code INT)"
    )
    rows = [
        (1, "country", "BRA", "Brazil", 76),
        (2, "country", "SUR", "Suriname", 740),
        (3, "country", "RUS", "Russian Federation", 643),
        (4, "country", "SDN", "Sudan", 729),
        (5, "country", "COG", "Congo", 178),
        (6, "country", "COD", "Congo, The Democratic Republic of the", 180),
        (7, "country", None, "Somaliland", None),
        (8, "country", "FRA", "France", 250),
        (9, "luh2_country", "SUN", "Former Soviet Union", 901),
        (10, "country", "XKX", "Kosovo", None),
        (11, "basins", "A1", "Amazon", None),
        (12, "basins", "A2", "amazon", None),
        (13, "basins", "N/1", "Nile / Blue Nile", None),
        (14, "basins", None, "Empty", None),
        (15, "basins", "D", "Dry", None),
    ]
    con.executemany("INSERT INTO region VALUES (?, ?, ?, ?, ?)", rows)
    # No cell of the grid is in France or in Empty.
    con.execute(
        "CREATE TABLE cell_region AS SELECT region_id FROM region WHERE region_id NOT IN (8, 14)"
    )
    return con


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("BR", 76),
        (" brazil ", 76),
        ("076", 76),
        ("DRC", 180),
        ("sudan", 729),
        ("Russia", 643),
    ],
)
def test_a_country_of_the_database_is_found(
    con: duckdb.DuckDBPyConnection, name: str, code: int
) -> None:
    assert find_country(con, name).country_code == code


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("USSR", "Former Soviet Union is not a country of today.*the layer luh2_country"),
        ("Czechoslovakia", "not a country of today"),
        ("Congo", r"is ambiguous; use COG \(Congo\) or COD"),
        ("korea", r"is ambiguous; use KOR .* or PRK"),
        ("France", "no cell of this database is in France"),
        ("Atlantis", "is not a known country; use an ISO code"),
        ("brasil", r"did you mean Brazil\?"),
        ("Surinam", r"did you mean Suriname\?"),
        (" ", "is empty"),
    ],
)
def test_other_names_say_what_is_wrong(
    con: duckdb.DuckDBPyConnection, name: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        find_country(con, name)
    assert "Suriname" not in str(caught.value) or name == "Surinam"


@pytest.mark.parametrize(
    ("name", "region_id"),
    [
        ("Kosovo", 10),
        ("XKX", 10),
        ("xk", 10),
        ("somaliland", 7),
    ],
)
def test_countries_without_an_iso_number_are_found(
    con: duckdb.DuckDBPyConnection, name: str, region_id: int
) -> None:
    assert find_country(con, name).region_id == region_id


@pytest.mark.parametrize(
    ("name", "region_id"),
    [
        ("country/Brazil", 1),
        (" Country / bra ", 1),
        ("country/UK", None),
        ("luh2_country/USSR", 9),
        ("luh2_country/901", 9),
        ("basins/Amazon", 11),
        ("basins/amazon", 12),
        ("basins/a1", 11),
        ("basins/Nile / Blue Nile", 13),
        ("basins/nile blue nile", 13),
        ("BASINS/N/1", 13),
    ],
)
def test_a_region_is_found_by_layer_and_name(
    con: duckdb.DuckDBPyConnection, name: str, region_id: int | None
) -> None:
    if region_id is None:
        with pytest.raises(UsageError, match="no cell of this database is in United Kingdom"):
            find_region(con, name)
    else:
        assert find_region(con, name).region_id == region_id


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Brazil", r"is not LAYER/NAME; use country/Brazil; the layers .* luh2_country, basins"),
        ("BRA", "use country/Brazil;"),
        ("", "is not LAYER/NAME; use LAYER/NAME, such as country/Brazil"),
        ("basins/", "names no layer and region"),
        ("/Brazil", "names no layer and region"),
        ("states/Ohio", "names no layer and region; use LAYER/NAME"),
        ("basins/AMAZON", "is ambiguous; use one of basins/Amazon, basins/amazon"),
        ("basins/Amazone", r"has no such region; did you mean"),
        ("basins/Ganges", "has no such region; it has Amazon, amazon, Nile / Blue Nile, Empty"),
        ("basins/Empty", "no cell of this database is in Empty"),
        ("country/USSR", "not a country of today.*luh2_country/Former Soviet Union"),
        ("luh2_country/Brazil", "pre-1991 borders, has no Brazil"),
        ("country/Congo", "is ambiguous"),
    ],
)
def test_other_regions_say_what_is_wrong(
    con: duckdb.DuckDBPyConnection, name: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        find_region(con, name)

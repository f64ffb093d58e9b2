"""The files themselves: headers, rendering without raw text, comments, the data dictionary."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from sql_database import CONTEXT, GRID, NASTY, create, random_frames, with_whole_states

import loader.catalog.sqlfiles
from loader.catalog.dictionary import UNKNOWN_UNIT, glossary
from loader.catalog.objects import SchemaContext, create_tables, create_views
from loader.catalog.products import describe_product
from loader.catalog.sqlfiles import (
    HEADER,
    SqlFile,
    creation_order,
    identifier,
    literal,
    read_file,
    read_files,
    render,
)
from loader.errors import DatabaseError, SqlFileError
from loader.schema import Variable

REPOSITORY = Path(__file__).parents[1]
FILES = sorted([*REPOSITORY.glob("sql/**/*.sql"), *REPOSITORY.glob("queries/*.sql")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert all(len(line) <= 120 for line in text.splitlines())
    if path.parent.name == "statements":
        assert text.startswith("-- ")
        assert "-- Title:" not in text
        return
    file = read_file(path)
    assert tuple(file.header) == HEADER
    assert all(len(text) > 2 for text in file.header.values())


def test_headers_name_objects_that_exist() -> None:
    kinds = ("sql/tables", "sql/views", "sql/macros", "sql/parquet")
    objects = {name for kind in kinds for name in read_files(kind)}
    for kind in (*kinds, "sql/checks", "queries"):
        for file in read_files(kind).values():
            assert set(file.needs) <= objects, file.name


@pytest.mark.parametrize("kind", ["tables", "views", "macros"])
def test_the_file_is_named_after_its_object(kind: str) -> None:
    for name, file in read_files(f"sql/{kind}").items():
        words = file.text[file.text.index("CREATE ") :].split()
        created = words[words.index(kind.removesuffix("s").upper()) + 1]
        assert created.split("(")[0].removeprefix("meta.").strip('"') == name


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1;\n",
        "-- Title: a\n-- Purpose: b\n-- Units: c\n-- Caveat: d\n-- Source: e\nSELECT 1;\n",
        "-- Title: a\n-- Purpose:\n-- Units: c\n-- Caveat: d\n-- Source: e\n-- Needs: none\n",
        "-- Purpose: b\n-- Title: a\n-- Units: c\n-- Caveat: d\n-- Source: e\n-- Needs: none\n",
    ],
    ids=["none", "one missing", "one empty", "out of order"],
)
def test_an_incomplete_header_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.sql"
    path.write_text(text)
    with pytest.raises(SqlFileError, match=r"broken\.sql: the header has .* expected Title, "):
        read_file(path)


def test_long_fields_go_on_in_the_next_line(tmp_path: Path) -> None:
    path = tmp_path / "long.sql"
    fields = "".join(f"-- {name}: one\n--   two\n" for name in HEADER[:-1])
    path.write_text(f"{fields}-- Needs: a,\n--   b\n\n-- not: the header\nSELECT 1;\n")
    file = read_file(path)
    assert file.header["Title"] == "one two"
    assert file.needs == ("a", "b")


def sql_file(text: str, needs: str = "none") -> SqlFile:
    return SqlFile("test", {"Needs": needs}, text)


@pytest.mark.parametrize("value", ["text", 1, 1.5, None, True])
def test_nothing_is_written_without_a_filter(value: object) -> None:
    with pytest.raises(SqlFileError, match="without the filter"):
        render(sql_file("SELECT {{ value }}"), {"value": value})


def test_a_file_of_macros_that_is_missing_is_named() -> None:
    with pytest.raises(SqlFileError, match=r"nothing\.jinja"):
        render(sql_file('{% import "nothing.jinja" as nothing %}'))


def test_an_undefined_name_is_refused() -> None:
    with pytest.raises(SqlFileError, match="'value' is undefined"):
        render(sql_file("SELECT {{ value | literal }}"))


@pytest.mark.parametrize("name", ["plain", 'say "hi"', "a b", "select", NASTY, "é", "<&>", "a'b"])
def test_any_name_and_text_goes_through_unchanged(name: str) -> None:
    sql = render(sql_file("SELECT {{ name | literal }} AS {{ name | identifier }}"), {"name": name})
    with duckdb.connect() as con:
        done = con.execute(sql)
        assert done.description[0][0] == name
        assert done.fetchall() == [(name,)]


@pytest.mark.parametrize("value", [None, True, False, 3, -7, 0.1, -89.875, 1e300, 1 / 3, 2.0, ""])
def test_literals_are_exact(value: float | str | None) -> None:
    with duckdb.connect() as con:
        row = con.execute(f"SELECT {literal(value)}, typeof({literal(value)})").fetchall()[0]
    assert row[0] == value
    assert type(row[0]) is type(value)
    if isinstance(value, float):
        assert row[1] == "DOUBLE"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "a\0b", b"bytes", 1j])
def test_what_has_no_literal_is_refused(value: object) -> None:
    with pytest.raises(SqlFileError, match="cannot be written"):
        literal(value)
    for name in ("", "a\0b"):
        with pytest.raises(SqlFileError, match="cannot be a name"):
            identifier(name)


def test_order_follows_needs_and_a_circle_is_refused() -> None:
    files = {"a": sql_file("", "b, x"), "b": sql_file("", "c"), "c": sql_file("")}
    assert creation_order(files) == ("c", "b", "a")
    files["c"] = sql_file("", "a")
    with pytest.raises(SqlFileError, match="in a circle: "):
        creation_order(files)


def test_a_missing_folder_names_both_places(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(loader.catalog.sqlfiles, "files", lambda _: tmp_path / "wheel")
    monkeypatch.setattr(
        loader.catalog.sqlfiles, "__file__", str(tmp_path / "editable/loader/catalog/x.py")
    )
    with pytest.raises(SqlFileError) as caught:
        loader.catalog.sqlfiles.folder("sql")
    assert str(tmp_path / "wheel" / "sql") in str(caught.value)
    assert str(tmp_path / "editable" / "sql") in str(caught.value)
    (tmp_path / "wheel" / "sql").mkdir(parents=True)
    (tmp_path / "editable" / "sql").mkdir(parents=True)
    assert loader.catalog.sqlfiles.folder("sql") == tmp_path / "wheel" / "sql"


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    frames = with_whole_states(random_frames(seed=1))
    create(con, frames, replace(CONTEXT, has_series=True))
    return con


def test_everything_has_a_comment_with_its_unit(con: duckdb.DuckDBPyConnection) -> None:
    tables = con.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
    views = con.execute(
        "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal"
    ).fetchall()
    macros = con.execute(
        "SELECT function_name, comment FROM duckdb_functions() WHERE NOT internal"
    ).fetchall()
    assert {name for name, _ in views} == set(read_files("sql/views"))
    assert {name for name, _ in macros} == set(read_files("sql/macros"))
    for name, comment in (*tables, *views, *macros):
        assert comment, name
        assert "Units: " in comment, name
        # A condition of a template must not leave a space before a comma.
        assert not {" ,", " .", " ;", "  "} & {comment[i : i + 2] for i in range(len(comment))}, (
            name
        )
    comments = dict(views)
    assert "never join it to eluc on year, use luc" in comments["state_diff"]
    assert "legacy of earlier changes" in comments["luc"]
    columns = con.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
    ).fetchall()
    assert len(columns) > 300
    for table, column, comment in columns:
        assert comment, (table, column)
        assert "[unit: " in comment, (table, column)


def test_the_dictionary_has_every_column_once(con: duckdb.DuckDBPyConnection) -> None:
    columns = con.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE schema_name = 'main' AND NOT internal"
    ).fetchall()
    rows = con.execute("SELECT * FROM data_dictionary").fetchall()
    assert sorted(row[:3] for row in rows) == sorted(columns)
    assert all(text for row in rows for text in row)
    units = {row[:2]: row[3] for row in rows}
    assert units["eluc", "eluc"] == units["luc", "eluc"] == "t C ha-1 yr-1"
    assert units["state_diff", "secmb_diff"] == units["state", "secmb"] == "kg m-2"
    assert units["luc", "crop_diff"] == units["state", "primf"] == "1"
    assert units["state_global", "forest_mha"] == "Mha"
    assert units["land_share", "crop_share"] == units["land_change", "changed_share"] == "1"
    assert units["eluc_co2", "emission_tco2"] == "t CO2 yr-1"
    assert units["eluc_cumulative", "cumulative_pgc"] == "Pg C"
    assert units["state", NASTY] == units["state_diff", f"{NASTY}_diff"] == "m"
    assert units["land_state", "index"] == UNKNOWN_UNIT
    assert units["transition", "primf_bioh"] == "kg"
    descriptions = {row[:2]: row[4] for row in rows}
    assert descriptions["state", NASTY] == "it's a trap"


def test_a_state_variable_of_another_meaning_keeps_its_own() -> None:
    clash = Variable("title", "title", "K", "a variable named like a column of source")
    other = Variable("eluc", "eluc", "m", "no emission")
    context = SchemaContext(GRID, {"state": (*CONTEXT.columns["state"][:14], clash, other)})
    with duckdb.connect() as con:
        create_tables(con, context)
        create_views(con, context)
        rows = con.execute("SELECT table_name, column_name, unit FROM data_dictionary").fetchall()
    units = {row[:2]: row[2] for row in rows}
    assert units["state", "title"] == units["land_state", "title"] == "K"
    assert units["source", "title"] == "text"
    assert units["land_state", "eluc"] == units["state_diff", "eluc_diff"] == "m"
    assert units["eluc_state", "eluc"] == units["eluc_diff", "eluc_diff"] == "t C ha-1 yr-1"


def test_what_duckdb_refuses_is_named() -> None:
    with duckdb.connect() as con:
        create_tables(con, CONTEXT)
        with pytest.raises(DatabaseError, match=r"build could not be created: .* already exists"):
            create_tables(con, CONTEXT)


def test_the_glossary_has_no_entry_without_a_column(con: duckdb.DuckDBPyConnection) -> None:
    used = {
        name
        for table, column in con.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        for name in (column, f"{table}.{column}")
    }
    assert set(glossary()) <= used


@pytest.mark.parametrize(
    "entry", ["[a]\nunit = '1'", "[a]\nunit = ''\ndescription = 'b'\nsource = 'c'", "["]
)
def test_a_broken_glossary_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entry: str
) -> None:
    (tmp_path / "columns.toml").write_text(entry)
    monkeypatch.setattr("loader.catalog.dictionary.folder", lambda _: tmp_path)
    with pytest.raises(SqlFileError, match=r"columns\.toml"):
        glossary()


def test_comments_are_true_of_their_own_column() -> None:
    date = Variable("date", "date", "days since 1850-01-01", "a variable named like a column")
    with duckdb.connect() as con:
        context = SchemaContext(GRID, {"state": (*CONTEXT.columns["state"], date)})
        create_tables(con, context)
        create_views(con, context)
        rows = con.execute(
            "SELECT table_name, column_name, description, unit FROM data_dictionary"
        ).fetchall()
    said = {row[:2]: row[2] for row in rows}
    assert said["eluc_map_1deg", "lat"] != said["cell", "lat"]
    assert "square" in said["eluc_map_1deg", "area_ha"]
    assert "mean" in said["eluc_map_1deg", "eluc"]
    assert said["cell", "has_state"].endswith("of the cell")
    assert said["year", "has_state"].endswith("of the year")
    assert said["state_diff", "prev_year"].endswith("any row in state")
    assert "the first" in said["year", "prev_year"]
    assert "sum of the land uses" in said["land_change", "land_ha"]
    assert "NULL without the static file" in said["land_share", "primf_share"]
    assert "ice_water_fraction" in said["land_share", "land_ha"]
    assert "of the country" in said["state_country", "primf_mha"]
    assert "all stored cells" in said["state_global", "primf_mha"]
    # A variable of the states is described where it is shown, and nowhere else.
    assert said["state", "date"] == said["land_state", "date"] == date.long_name
    assert said["eluc_state", "date"] == "1 January of the year"


@pytest.mark.parametrize("kind", ["tables", "views", "macros"])
def test_no_comment_states_a_count_of_the_real_data(kind: str) -> None:
    for file in read_files(f"sql/{kind}").values():
        header = file.text[: file.text.index("CREATE ")]
        assert not re.search(r"\b\d{1,3}(,\d{3})+\b|\b12\b", header), file.name


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("BLUE_LUH2-GCB2022_ELUC_gridded_net_1850-2021.nc", "0.7 Pg C a year"),
        ("LUCE_GCB2024_net.nc", "this model alone does not show"),
    ],
)
def test_the_global_emissions_state_their_uncertainty(path: str, words: str) -> None:
    with duckdb.connect() as con:
        context = SchemaContext(GRID, product=describe_product(path))
        create_tables(con, context)
        create_views(con, context)
        (comment,) = con.execute(
            "SELECT comment FROM duckdb_views() WHERE view_name = 'eluc_global'"
        ).fetchall()[0]
    assert "one standard deviation" in comment
    assert words in comment


@pytest.mark.parametrize("text", ["a\nDROP TABLE cell;", "a\r\n\x00b", "a\u2028b\x85c", "{{ x }}"])
def test_text_in_a_header_cannot_end_its_comment(text: str) -> None:
    written = render(sql_file("-- Source: {{ text | comment }}\nSELECT 1;"), {"text": text})
    assert len(written.splitlines()) == 2
    with duckdb.connect() as con:
        assert con.execute(written).fetchall() == [(1,)]

"""`luc-load report`: one page, what it says, and how it stands in a browser."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pytest
from command import luc_load

from loader import ExtraMissingError, OutputError, UsageError, build, write_sample
from loader.exporting.selection import Selection
from loader.page.contents import Contents, report_contents
from loader.page.page import render_report, write_report
from loader.page.story import tell_story
from loader.reporting import Progress, Silent

pytest.importorskip("matplotlib")

from matplotlib.colors import to_rgb
from PIL import Image

from loader.plotting.colours import MISSING, SEA

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    sources = ["eluc", "states", "static"]
    write_sample(folder / "raw", years=(2010, 2012), resolution=2, only=sources)
    build(raw=folder / "raw", static=next(folder.glob("raw/static*")), out=folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def contents(database: Path) -> Contents:
    return report_contents(database)


@pytest.fixture(scope="module")
def page(contents: Contents) -> str:
    return render_report(contents)


class Page(HTMLParser):
    """What a page is made of: its elements with attributes, its texts, and whether they close."""

    EMPTY = frozenset({"meta", "link", "img", "br", "source"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "script"}:
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_needs_nothing_from_outside(page: str) -> None:
    found = Page(page)
    assert not found.open
    for _, attributes in found.elements:
        for name in ("src", "href", "srcset"):
            assert (attributes.get(name) or "data:").startswith("data:")
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert len(page) < 2_000_000


def test_only_the_page_s_own_script_may_run(page: str) -> None:
    data, script = Page(page).all("script")
    assert data["type"] == "application/json"
    assert script == {}
    body = page[page.rindex("<script>") + len("<script>") : page.rindex("</script>")]
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_the_pictures_are_whole_and_described(page: str) -> None:
    found = Page(page)
    assert len(found.all("img")) == 3
    for image in found.all("img"):
        assert len(image["alt"] or "") > 30
        kind, coded = (image["src"] or "").split(";base64,")
        assert kind == "data:image/png"
        assert base64.b64decode(coded).startswith(b"\x89PNG")


def numbers(page: str) -> dict[str, Any]:
    """Return what the charts show."""
    text = page[page.index('id="data">') + len('id="data">') :]
    found: dict[str, Any] = json.loads(text[: text.index("</script>")])
    return found


def test_the_charts_have_the_numbers_of_the_database(database: Path, page: str) -> None:
    data = numbers(page)
    with duckdb.connect(str(database / "luc.duckdb"), read_only=True) as con:
        world = con.execute("SELECT year, emission_pgc FROM eluc_global ORDER BY year").fetchall()
        brazil = con.execute(
            "SELECT forest_mha FROM state_country WHERE country = 'Brazil' ORDER BY year"
        ).fetchall()
    assert data["years"] == [2010, 2011, 2012, 2013]
    everywhere, *countries = data["places"]
    assert everywhere["name"] == "World"
    assert everywhere["emissions"][3] is None
    for (_, expected), drawn in zip(world, everywhere["emissions"], strict=False):
        assert drawn == pytest.approx(expected, rel=1e-3)
    drawn = next(place["forest"] for place in countries if place["name"] == "Brazil")
    assert drawn == [pytest.approx(value, rel=1e-3) for (value,) in brazil]
    assert data["published"] == [[2010, 2010, 1.642], [2010, 2019, 1.62]]
    assert [use["name"] for use in data["uses"]][:2] == ["primary forest", "secondary forest"]


def test_it_begins_with_what_happened(database: Path, contents: Contents) -> None:
    story = tell_story(contents)
    with duckdb.connect(str(database / "luc.duckdb"), read_only=True) as con:
        ((pgc,),) = con.execute("SELECT emission_pgc FROM eluc_global WHERE year = 2012").fetchall()
        ((name, mtc),) = con.execute(
            "SELECT country, emission_mtc FROM eluc_country WHERE year = 2012 "
            "AND country_code IS NOT NULL ORDER BY emission_mtc DESC LIMIT 1"
        ).fetchall()
        ((forest,),) = con.execute(
            "SELECT max_by(forest_mha, year) - min_by(forest_mha, year) FROM state_global"
        ).fetchall()
    text = " ".join(story.sentences)
    carbon = f"In 2012, land-use change released {pgc:.1f} ± 0.7 billion tonnes of carbon, net, or "
    assert text.startswith(f"{carbon}{pgc * 3.664:.1f} ± 2.6 billion tonnes of CO₂.")
    largest = f"({mtc:,.0f} million tonnes of carbon, {mtc / pgc / 1000:.0%} of the net total)"
    assert f"The largest sources were {name} {largest}, " in text
    assert f"forest {'grew' if forest > 0 else 'shrank'} by {abs(forest):,.0f} million" in text
    assert [fact.label for fact in story.facts][:2] == ["Net emissions 2012", "The same as CO₂"]


def test_a_sink_and_a_region_are_told_as_such(contents: Contents) -> None:
    assert contents.series is not None
    sink = replace(contents.series, emissions=-contents.series.emissions)
    story = tell_story(replace(contents, series=sink, is_global=False, countries=()))
    text = " ".join(story.sentences)
    assert "land-use change took up " in text
    assert "±" not in text
    assert "largest" not in text
    assert "\N{MINUS SIGN}" in story.facts[0].value


def test_progress_is_reported_check_by_check(database: Path) -> None:
    class Watcher(Silent):
        texts: ClassVar[list[str]] = []

        def progress(self, state: Progress) -> None:
            self.texts.append(state.text())

    contents = report_contents(database, reporter=Watcher())
    assert contents.checks is not None
    assert Watcher.texts[:2] == ["reading the database", "checks: reading every value"]
    assert len(Watcher.texts) == 2 + len(contents.checks.results)
    assert Watcher.texts[2] == f"checks: 1 done, the last one {contents.checks.results[0].name}"


def test_the_tables_have_the_numbers_of_the_database(database: Path, page: str) -> None:
    text = html.unescape(re.sub(r"<[^>]*>", " ", page))
    with duckdb.connect(str(database / "luc.duckdb"), read_only=True) as con:
        rows = con.execute("SELECT count(*) FROM state").fetchall()[0][0]
        ((country, last, total),) = con.execute(
            "SELECT country, max_by(emission_mtc, year), sum(emission_mtc) AS t FROM eluc_country "
            "WHERE country_code IS NOT NULL GROUP BY ALL ORDER BY t DESC LIMIT 1"
        ).fetchall()
        of_year = con.execute("SELECT emission_pgc FROM eluc_global WHERE year = 2011").fetchall()
        urban = con.execute("SELECT urban_mha FROM state_global WHERE year = 2011").fetchall()
    assert f"{rows:,}" in text
    assert re.search(rf"{re.escape(country)}\s+{last:,.1f}\s+{total:,.0f}\s", text)
    row = re.search(r"\b2011\s+(\d\.\d{3})\s+\d\.\d{3}\s+([\d,]+)", text)
    assert row
    assert row[1] == f"{of_year[0][0]:.3f}"
    assert f"{urban[0][0]:,.0f}" in text[row.start() : row.start() + 400]
    assert "SYNTHETIC DATA" in text
    assert "All checks hold" in text
    assert "Net emissions from land-use change, 2012" in text
    assert "Forest, change from 1 January 2010 to 1 January 2013" in text


def test_names_in_sources_stay_text(contents: Contents) -> None:
    nasty = '<script>alert("x")</script><img src=x onerror=alert(1)>'
    sources = tuple(replace(s, title=nasty, path=nasty) for s in contents.info.sources)
    rows = tuple(replace(row, name=nasty) for row in contents.countries[:2])
    page = render_report(
        replace(contents, info=replace(contents.info, sources=sources), countries=rows, maps=())
    )
    found = Page(page)
    assert len(found.all("script")) == 2
    assert not found.all("img")
    # Titles and paths of sources; countries in the table and in the sentence on the largest ones.
    assert "".join(found.texts).count(nasty) >= 2 * len(sources) + len(rows)
    assert [place["name"] for place in numbers(page)["places"]][1:] == [nasty] * len(rows)


def test_the_same_database_gives_the_same_page(contents: Contents, page: str) -> None:
    assert render_report(contents) == page


def test_failed_checks_are_told_in_words(contents: Contents) -> None:
    assert contents.checks is not None
    first, *others = contents.checks.results
    failed = replace(first, status="failed", summary="3 rows are <bad>")
    page = render_report(
        replace(contents, checks=replace(contents.checks, results=(failed, *others)), maps=())
    )
    assert "checks failed: do not rely on these numbers" in page
    assert "3 rows are &lt;bad&gt;" in page


def test_what_is_not_loaded_is_said(tmp_path: Path) -> None:
    write_sample(tmp_path / "raw", years=(2010, 2011), resolution=2, only=["eluc", "states"])
    build(states=tmp_path / "raw" / "states.nc", out=tmp_path / "states")
    build(eluc=next(tmp_path.glob("raw/BLUE*")), out=tmp_path / "eluc")
    states, eluc = (report_contents(tmp_path / name, checks=False) for name in ("states", "eluc"))
    assert [len(contents.maps) for contents in (states, eluc)] == [2, 1]
    only_states, only_eluc = (render_report(replace(one, maps=())) for one in (states, eluc))
    assert states.without_countries in html.unescape(only_states)
    assert "The checks were not run" in only_states
    assert numbers(only_states)["places"][0]["emissions"] is None
    assert numbers(only_eluc)["uses"] == []
    with pytest.raises(UsageError, match="--year is 2010; the database has no emissions"):
        report_contents(tmp_path / "states", 2010, checks=False)


def test_bad_input_is_refused_before_anything_is_written(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=r"--year is 1999; .* emissions of 2010-2012"):
        write_report(database, tmp_path / "a.html", year=1999, checks=False)
    with pytest.raises(UsageError, match=r"the suffix is not supported; use \.html"):
        write_report(database, tmp_path / "a.pdf")
    other = tmp_path / "mine.html"
    other.write_text("<!doctype html><title>mine</title>")
    with pytest.raises(OutputError, match="was not made by luc-load"):
        write_report(database, other)
    assert other.read_text().endswith("mine</title>")
    monkeypatch.setattr("loader.plotting.extra.find_spec", lambda _: None)
    with pytest.raises(ExtraMissingError, match=r"luc-load report needs matplotlib: pip install"):
        write_report(database, tmp_path / "a.html")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.html"]


def test_the_command_replaces_its_own_page(database: Path, tmp_path: Path, page: str) -> None:
    (tmp_path / "r.html").write_text(page, encoding="utf-8")
    done = luc_load("report", str(database), "--no-checks", "-o", "r.html", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "r.html\n", "")
    assert "The checks were not run" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


FRAME = """<!doctype html><meta charset="utf-8"><body style="margin:0">
<iframe id="f" style="border:0;width:{width}px;height:900px" srcdoc="{page}"></iframe>
<script>
onload = () => {{
  const d = document.getElementById("f").contentDocument, e = d.documentElement;
  const images = [...d.images]
    .map(i => [i.complete, i.naturalWidth, i.getBoundingClientRect().width]);
  const charts = [...d.querySelectorAll(".chart svg")].map(s => s.querySelectorAll("rect").length);
  const select = d.getElementById("place");
  select.value = "1";
  select.onchange();
  const lines = d.querySelectorAll("#uses path").length;
  const head = d.querySelector("table.sortable button");
  head.click();
  const first = d.querySelector("table.sortable tbody th").textContent;
  const texts = [...d.querySelectorAll("h1,h2,p,figcaption,dd,li")]
    .filter(x => x.getBoundingClientRect().right > e.clientWidth + 1).length;
  document.title = JSON.stringify({{
    scroll: e.scrollWidth, client: e.clientWidth, images, texts, charts, lines, first,
  }});
}};
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [390, 1400])
def test_a_browser_shows_it_without_scrolling_sideways(
    page: str, tmp_path: Path, width: int
) -> None:
    (tmp_path / "frame.html").write_text(FRAME.format(width=width, page=html.escape(page)))
    flags = (
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1500,1000", "--dump-dom"),
        *("--enable-logging=stderr", "--virtual-time-budget=5000"),
    )
    done = subprocess.run(
        [str(CHROMIUM), *flags, f"file://{tmp_path / 'frame.html'}"],
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title, done.stderr[-2000:]
    found = json.loads(html.unescape(title[1]))
    assert found["scroll"] <= found["client"] <= width
    assert found["texts"] == 0
    assert len(found["images"]) == 3
    # Three years of emissions, eight land uses in four years; then forest and crops of a country.
    assert found["charts"] == [3, 32]
    assert found["lines"] == 2
    assert found["first"] == min(place["name"] for place in numbers(page)["places"][1:])
    for complete, natural, shown in found["images"]:
        assert complete
        assert natural > 100
        assert shown > width / 4
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not complaints


def test_sea_and_land_without_data_keep_their_colours(database: Path) -> None:
    contents = report_contents(database, selection=Selection(countries=("Brazil",)), checks=False)
    (picture, *_) = re.findall(r'src="data:image/png;base64,([^"]+)"', render_report(contents))
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        painted = image.convert("RGBA")
        colours = {colour for _, colour in painted.getcolors(2**20) or []}
        assert painted.getpixel((0, painted.height - 1)) == (255, 255, 255, 0), "outside the map"
    for name in (SEA, MISSING):
        assert (*(round(255 * part) for part in to_rgb(name)), 255) in colours

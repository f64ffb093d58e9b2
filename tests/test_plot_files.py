"""`luc-load plot` as its users meet it: files, labels, errors, what is replaced and what is not."""

from __future__ import annotations

import io
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from command import environment, luc_load

from loader import (
    ExtraMissingError,
    OutputError,
    SourceMissingError,
    UsageError,
    build,
    write_sample,
)
from loader.plotting.files import MAKER, checked_target, publish_file
from loader.plotting.plot import plot_change, plot_map, plot_series

pytest.importorskip("matplotlib")

from PIL import Image


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    write_sample(folder / "raw", years=(2010, 2011), resolution=2, only=["eluc", "states"])
    build(raw=folder / "raw", out=folder / "out")
    return folder / "out"


def texts(svg: Path) -> str:
    """Return the texts of an SVG, which matplotlib keeps as comments beside their outlines."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    root = ET.parse(svg, parser).getroot()
    return "\n".join(element.text or "" for element in root.iter(ET.Comment))  # type: ignore[arg-type]  # typeshed's


@pytest.mark.parametrize("projection", ["equal-area", "flat", "globe"])
def test_a_map_says_what_it_shows(database: Path, tmp_path: Path, projection: str) -> None:
    out = plot_map(database, tmp_path / "eluc.svg", year=2010, projection=projection)
    shown = texts(out)
    for expected in (
        "Net emissions from land-use change, 2010",
        "t C ha⁻¹ yr⁻¹ (positive: source to the atmosphere)",
        "SYNTHETIC DATA",
        "Source: BLUE net emissions from land-use change, GCB2022",
        "98% quantile",
        "values range from",
    ):
        assert expected in shown
    assert ("60°E" in shown) == (projection != "globe")


def test_change_and_series_say_what_they_show(database: Path, tmp_path: Path) -> None:
    change = plot_change(database, tmp_path / "c.svg", column="forest", years=(2010, 2012))
    assert "Forest, change from 1 January 2010 to 1 January 2012" in texts(change)
    assert "share of the cell" in texts(change)
    series = texts(plot_series(database, tmp_path / "s.svg", at=(-3, -60)))
    for expected in ("Cell at 3° S 59° W, 2010-2012", "primary forest", "1 January", "SYNTHETIC"):
        assert expected in series, series
    title = "A title of many words, which is as long as the user likes it to be " * 2
    drawn = texts(plot_series(database, tmp_path / "t.svg", column="forest_diff", title=title))
    assert " ".join(drawn.split()).count(title.strip()) == 1
    assert "Changes are those during the year." in drawn
    assert "1 January" not in drawn


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_picture_has_the_same_bytes(database: Path, tmp_path: Path, kind: str) -> None:
    first = plot_map(database, tmp_path / f"a.{kind}", year=2010).read_bytes()
    assert plot_map(database, tmp_path / f"b.{kind}", year=2010).read_bytes() == first
    assert plot_map(database, tmp_path / f"c.{kind}", year=2011).read_bytes() != first
    made = plot_series(database, tmp_path / f"d.{kind}").read_bytes()
    assert plot_series(database, tmp_path / f"d.{kind}").read_bytes() == made
    if kind == "png":
        picture = Image.open(io.BytesIO(first))
        picture.verify()
        assert picture.format == "PNG"
        assert picture.info["Software"] == MAKER
    else:
        assert ET.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"
        assert b"<dc:date>" not in first


def test_settings_of_the_user_s_do_not_matter(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = plot_map(database, tmp_path / "a.png").read_bytes()
    import matplotlib as mpl  # noqa: PLC0415

    with mpl.rc_context({"font.size": 20, "savefig.dpi": 30, "image.origin": "lower"}):
        assert plot_map(database, tmp_path / "b.png").read_bytes() == first
    assert not list(tmp_path.glob(".*")), "no temporary file is left"


def test_only_pictures_of_its_own_are_replaced(database: Path, tmp_path: Path) -> None:
    ours = plot_map(database, tmp_path / "map.png", year=2010)
    before = ours.read_bytes()
    assert plot_map(database, ours, year=2011).read_bytes() != before
    foreign = tmp_path / "photo.png"
    Image.new("RGB", (9, 9)).save(foreign)
    for other in (foreign, tmp_path / "text.svg", tmp_path / "folder.png"):
        if other.suffix == ".svg":
            other.write_text("<dc:title>luc-load 0.1.0: no, only a text</dc:title>")
        elif not other.exists():
            other.mkdir()
        content = other.read_bytes() if other.is_file() else b""
        with pytest.raises(OutputError, match="was not made by luc-load"):
            plot_map(database, other)
        assert other.is_dir() or other.read_bytes() == content


def test_a_link_stays_a_link(database: Path, tmp_path: Path) -> None:
    real, link = tmp_path / "real.png", tmp_path / "link.png"
    link.symlink_to(real)
    assert plot_map(database, link) == link
    assert link.is_symlink()
    assert real.read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_fails_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.png"
    publish_file(target, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputError, match=r"a\.png: cannot be written \(No space left"):
        publish_file(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_names_that_cannot_be_written_are_refused(database: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"a\.pdf: the suffix is not supported; use \.png or \.svg"
    ):
        plot_map(database, tmp_path / "a.pdf")
    with pytest.raises(OutputError, match="there is no folder"):
        plot_map(database, tmp_path / "nowhere" / "a.png")
    with pytest.raises(SourceMissingError, match="there is no such database"):
        plot_map(tmp_path / "nowhere", tmp_path / "a.png")
    assert checked_target(tmp_path / "A.PNG", (".png",)).name == "A.PNG"
    assert not list(tmp_path.iterdir())


def test_options_without_meaning_are_refused(database: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--centre is 95 0"):
        plot_map(database, tmp_path / "a.png", projection="globe", centre=(95, 0))
    with pytest.raises(UsageError, match="a lower and a higher number"):
        plot_map(database, tmp_path / "a.png", limits=(2, 1))
    for wrong in ({"projection": "cube"}, {"dpi": 5}, {"scale": "log"}, {"bbox": "1,2,3"}):
        (name,) = wrong
        with pytest.raises(UsageError, match=f"--{name} is"):
            plot_map(database, tmp_path / "a.png", **wrong)
    with pytest.raises(UsageError, match="--style is 'dots'"):
        plot_series(database, tmp_path / "a.png", style="dots")
    for text in ("1990:", ":2020", "x", slice(1990, None)):
        with pytest.raises(UsageError, match="--years is"):
            plot_change(database, tmp_path / "a.png", years=text)
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_the_extra_is_named(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loader.plotting.extra.find_spec", lambda _: None)
    for plot in (plot_map, plot_series):
        with pytest.raises(ExtraMissingError, match=r'pip install "luc-load\[plot\]"'):
            plot(database, tmp_path / "a.png")


def test_the_modules_that_only_read_need_no_matplotlib() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import loader.plotting.plot, loader.plotting.series, loader.page.page"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=environment(), timeout=60)


def test_the_commands_draw_and_print_the_name(database: Path, tmp_path: Path) -> None:
    db = str(database)
    done = luc_load("plot", "map", db, "--column", "crop + urban", "-o", "a.svg", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "a.svg\n", "")
    change = ("plot", "change", db, "--years", "2010:2012", "--range", "-0.1", "0.1")
    done = luc_load(*change, "-o", "b.png", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "b.png\n", "")
    done = luc_load("plot", "series", db, "--at", "-3", "-60", "-o", "c.png", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "c.png\n", "")
    done = luc_load(
        "plot", "map", db, "--column", "crop;", "-o", "d.png", "--year", "1", cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stderr.startswith("luc-load: error: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svg", "b.png", "c.png"]

"""The bundle in the newest Superset and the sources in dbt: run by `make test-bi`.

Each program is in a virtual environment of its own, which the make target installs and names in an
environment variable; without it the tests are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loader import build
from loader.sampling import write_sample
from tools.bi.__main__ import pack
from tools.bi.catalog import ROOT
from tools.bi.charts import CHARTS
from tools.bi.superset import DASHBOARD

# Absolute, because the programs are started in other folders.
SUPERSET, DBT = (
    Path(os.environ[name]).absolute() if name in os.environ else None
    for name in ("LUC_TEST_SUPERSET", "LUC_TEST_DBT")
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (SUPERSET or DBT), reason="run by make test-bi"),
]

CONFIG = """
import os
SECRET_KEY = "a secret of the test, long enough for Superset"
SQLALCHEMY_DATABASE_URI = "sqlite:///" + os.environ["SUPERSET_HOME"] + "/superset.db"
# The browser is not logged in.
AUTH_ROLE_PUBLIC = "Admin"
TALISMAN_ENABLED = False
WTF_CSRF_ENABLED = False
"""
DRAWN = (
    f"document.querySelectorAll('[data-test=\"slice-container\"]').length >= {len(CHARTS)}"
    " && !document.querySelector('.loading, [data-test=\"loading-indicator\"]')"
)
"""JavaScript: all charts are on the page and none is loading."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bi")
    write_sample(folder, years=(1980, 2021), resolution=1, only=["eluc", "states"])
    build(raw=folder, out=folder / "luc-data")
    return folder / "luc-data" / "luc.duckdb"


class Server:
    """A Superset that runs, with the bundle imported."""

    def __init__(self, address: str) -> None:
        self.address = address
        login = {"username": "admin", "password": "admin", "provider": "db"}
        self._token: str = self.call("security/login", login)["access_token"]

    def call(self, path: str, content: object = None) -> dict[str, Any]:
        """Return the answer of the API."""
        headers = {"Content-Type": "application/json"} if content else {}
        if hasattr(self, "_token"):
            headers["Authorization"] = f"Bearer {self._token}"
        data = json.dumps(content).encode() if content else None
        request = urllib.request.Request(f"{self.address}/api/v1/{path}", data, headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return dict(json.load(answer))


@pytest.fixture(scope="module")
def superset(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not SUPERSET:
        pytest.skip("LUC_TEST_SUPERSET is not set; make test-bi sets it")
    home = tmp_path_factory.mktemp("superset")
    (home / "superset_config.py").write_text(CONFIG)
    bundle = home / "luc.zip"
    pack(database, bundle)
    program = SUPERSET / "bin" / "superset"
    environment = {
        **os.environ,
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(home / "superset_config.py"),
        "FLASK_APP": "superset",
    }
    names = ("--firstname", "a", "--lastname", "b", "--email", "a@example.org")
    steps = (
        ("db", "upgrade"),
        ("fab", "create-admin", "--username", "admin", "--password", "admin", *names),
        ("init",),
        ("import-dashboards", "-p", str(bundle), "-u", "admin"),
    )
    for step in steps:
        run([program, *step], environment)
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (home / "server.log").open("w") as log:
        command = [str(program), "run", "-p", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/health")
        yield Server(address)
    finally:
        process.terminate()
        process.wait()


def run(command: list[str | Path], environment: Mapping[str, str], cwd: Path | None = None) -> str:
    """Return the output of a command that must succeed."""
    done = subprocess.run(
        command, env=environment, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


def wait_for(url: str) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(url).close()
        except urllib.error.URLError:
            assert time.monotonic() < end, f"{url} does not answer"
            time.sleep(0.5)
        else:
            return


def test_superset_answers_every_chart(superset: Server) -> None:
    charts = superset.call("chart/?q=(page_size:100)")["result"]
    assert {chart["slice_name"] for chart in charts} == {chart.title for chart in CHARTS}
    for chart in charts:
        (answer,) = superset.call(f"chart/{chart['id']}/data/")["result"]
        assert answer["error"] is None, chart["slice_name"]
        assert answer["rowcount"] > 0, chart["slice_name"]
        for name, values in _columns(answer["data"]).items():
            assert any(value is not None for value in values), (chart["slice_name"], name)


def test_superset_shows_the_numbers_of_the_database(superset: Server, database: Path) -> None:
    charts = {c["slice_name"]: c["id"] for c in superset.call("chart/?q=(page_size:100)")["result"]}
    (answer,) = superset.call(f"chart/{charts['Emissions of the latest year']}/data/")["result"]
    with duckdb.connect(str(database), read_only=True) as con:
        expected = con.execute("SELECT emission_pgc * 3664 FROM eluc_global ORDER BY year")
        numbers = [row[0] for row in expected.fetchall()]
    found = sorted((row["date"], row["emissions_mtco2"]) for row in answer["data"])
    assert [number for _, number in found] == pytest.approx(numbers, rel=1e-9)


def test_superset_filters_by_date(superset: Server, database: Path) -> None:
    datasets = superset.call("dataset/?q=(page_size:100)")["result"]
    (dataset,) = [each["id"] for each in datasets if each["table_name"] == "luc"]
    query = {
        "datasource": {"id": dataset, "type": "table"},
        "queries": [
            {
                "columns": ["year"],
                "metrics": ["rows"],
                "filters": [
                    {"col": "date", "op": "TEMPORAL_RANGE", "val": "2000-01-01 : 2003-01-01"}
                ],
                "row_limit": 100,
            }
        ],
    }
    (answer,) = superset.call("chart/data", query)["result"]
    with duckdb.connect(str(database), read_only=True) as con:
        rows = con.execute(
            "SELECT year, count(*) FROM luc WHERE year IN (2000, 2001, 2002) GROUP BY 1"
        )
        expected = sorted(rows.fetchall())
    assert sorted((row["year"], row["rows"]) for row in answer["data"]) == expected


def test_superset_describes_columns(superset: Server) -> None:
    datasets = superset.call("dataset/?q=(page_size:100)")["result"]
    (dataset,) = [each["id"] for each in datasets if each["table_name"] == "luc"]
    columns = superset.call(f"dataset/{dataset}")["result"]["columns"]
    assert all(column["description"] for column in columns)


@pytest.mark.parametrize("table", ["eluc_state", "luc"])
def test_superset_lists_columns_that_it_reads_itself(superset: Server, table: str) -> None:
    (source,) = superset.call("database/")["result"]
    found = superset.call(f"database/{source['id']}/table_metadata/?name={table}&schema=main")
    names = [column["name"] for column in found["columns"]]
    assert names[:3] == ["cell_id", "lat", "lon"]
    assert "date" in names


def test_the_dashboard_is_drawn(superset: Server, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("there is no Chromium on the path")
    picture = tmp_path / "dashboard.png"
    url = f"{superset.address}/superset/dashboard/land-use-change/?standalone=1"
    assert SUPERSET
    script = ROOT / "tools" / "bi" / "screenshot.py"
    python = SUPERSET / "bin" / "python"
    text = run([python, script, chromium, url, DRAWN, picture], os.environ)
    if kept := os.environ.get("LUC_TEST_PICTURE"):
        shutil.copy(picture, kept)
    for line in (DASHBOARD, *(chart.title for chart in CHARTS)):
        assert line in text
    assert "error" not in text.lower()
    assert picture.stat().st_size > 100_000


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.fixture(scope="module")
def project(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not DBT:
        pytest.skip("LUC_TEST_DBT is not set; make test-bi sets it")
    folder = tmp_path_factory.mktemp("dbt") / "project"
    shutil.copytree(ROOT / "dashboards" / "dbt", folder)
    environment = {
        **os.environ,
        "LUC_DATABASE": str(database),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    for command in (["build"], ["docs", "generate"]):
        run([DBT / "bin" / "dbt", *command, "--profiles-dir", "."], environment, folder)
    return folder


def test_dbt_builds_on_the_sources(project: Path, database: Path) -> None:
    script = "import duckdb; con = duckdb.connect('land_use_change.duckdb', read_only=True); "
    script += "print(con.execute('SELECT sum(emission_mtc) FROM country_decade').fetchall()[0][0])"
    assert DBT
    output = run([DBT / "bin" / "python", "-c", script], os.environ, project)
    with duckdb.connect(str(database), read_only=True) as con:
        ((expected,),) = con.execute("SELECT sum(emission_pgc) * 1e3 FROM eluc_global").fetchall()
    assert float(output) == pytest.approx(expected, rel=1e-9)


def test_dbt_documents_every_source(project: Path) -> None:
    catalog = json.loads((project / "target" / "catalog.json").read_text())
    manifest = json.loads((project / "target" / "manifest.json").read_text())
    assert not catalog["errors"]
    assert catalog["sources"].keys() == manifest["sources"].keys()
    for name, source in manifest["sources"].items():
        assert source["description"]
        columns = {column.lower() for column in catalog["sources"][name]["columns"]}
        assert columns == source["columns"].keys()
        assert all(column["description"] for column in source["columns"].values())

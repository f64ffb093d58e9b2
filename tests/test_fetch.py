"""`luc-load fetch` against a server that cuts, stalls, redirects, lies, and changes its file."""

from __future__ import annotations

import email.utils
import hashlib
import io
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from bad_server import Reply, Server, serving
from command import COMMAND, environment, luc_load
from files import GRIDS, Form, state_content, write

from loader import OutputError, ServiceError, SourceError, UsageError, fetch
from loader.errors import OutputBusyError, SourceMissingError
from loader.fetching import space
from loader.fetching.addresses import choose, usual_remotes
from loader.fetching.partial import Partial
from loader.fetching.progress import Transfers
from loader.fetching.redirects import CarefulSession
from loader.reporting import Progress
from loader.schema import SOURCES, Download

STATES = "/states.nc"


@pytest.fixture(scope="module")
def netcdf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A real netCDF-4 file of some hundred kilobytes that does not compress."""
    path = tmp_path_factory.mktemp("real") / "states.nc"
    content = state_content(3, GRIDS["finer"], range(2000, 2030))
    return write(path, content, Form(deflate=False)).read_bytes()


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Another version of the file, of the same size."""
    path = tmp_path_factory.mktemp("other") / "states.nc"
    content = state_content(4, GRIDS["finer"], range(2000, 2030))
    return write(path, content, Form(deflate=False)).read_bytes()


@pytest.fixture
def server(netcdf: bytes) -> Iterator[Server]:
    with serving() as server:
        server.files[STATES] = netcdf
        yield server


class Told:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def detail(self, text: str) -> None:
        pass

    def progress(self, state: Progress) -> None:
        pass

    def finished(self) -> None:
        pass


def get(server: Server, raw: Path, *, told: Told | None = None, fragment: str = "") -> Path:
    """Fetch the states, quickly, and check what is promised of every success."""
    report = fetch(
        raw=raw,
        only="states",
        states=server.url + STATES + fragment,
        retries=3,
        timeout=1,
        backoff=0.01,
        reporter=told,
    )
    (file,) = report.files
    assert file.path == raw / "states.nc"
    assert file.size == file.path.stat().st_size
    assert sorted(path.name for path in raw.iterdir()) == ["states.nc"]
    if file.outcome == "downloaded":
        assert file.md5 == hashlib.md5(file.path.read_bytes()).hexdigest()
    return file.path


def test_a_file_is_fetched_once(server: Server, netcdf: bytes, tmp_path: Path) -> None:
    assert get(server, tmp_path).read_bytes() == netcdf
    assert get(server, tmp_path).read_bytes() == netcdf
    assert server.starts(STATES) == [0]


def test_a_cut_costs_only_what_was_not_sent(server: Server, netcdf: bytes, tmp_path: Path) -> None:
    cuts = [Reply(cut=120_000), Reply(cut=90_000), Reply(cut=1), Reply()]
    server.plans[STATES] = list(cuts)
    assert get(server, tmp_path).read_bytes() == netcdf
    starts = server.starts(STATES)
    assert starts[0] == 0
    assert len(starts) == len(cuts)
    # Not every byte before a cut reaches the reader, but most do, and none is asked for twice.
    assert 0 < starts[1] <= 120_000
    assert starts[1] < starts[2] <= starts[1] + 90_000
    assert starts == sorted(starts)


def test_a_rest_is_asked_for_with_the_validator(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    server.plans[STATES] = [Reply(cut=100_000)]
    get(server, tmp_path)
    first, second = server.seen
    assert first.if_range is None
    assert second.if_range == server.etag(netcdf)


def test_a_chunked_answer_may_be_cut_too(server: Server, netcdf: bytes, tmp_path: Path) -> None:
    server.plans[STATES] = [Reply(chunked=True, cut=200_000), Reply(chunked=True)]
    assert get(server, tmp_path).read_bytes() == netcdf


def test_a_stall_is_a_cut(server: Server, netcdf: bytes, tmp_path: Path) -> None:
    server.plans[STATES] = [Reply(cut=100_000, stall=5)]
    began = time.monotonic()
    assert get(server, tmp_path).read_bytes() == netcdf
    assert time.monotonic() - began < 4


def test_a_server_that_ignores_ranges_is_not_appended(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    server.plans[STATES] = [Reply(cut=100_000), Reply(ignore_range=True)]
    told = Told()
    assert get(server, tmp_path, told=told).read_bytes() == netcdf
    assert any("from the beginning" in notice for notice in told.notices)


def test_a_range_that_is_another_than_asked_for_is_not_appended(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    wrong = {"Content-Range": f"bytes 5-{len(netcdf) - 1}/{len(netcdf)}"}
    server.plans[STATES] = [Reply(cut=100_000), Reply(headers={**wrong})]
    assert get(server, tmp_path).read_bytes() == netcdf


def test_a_file_that_changes_between_attempts_is_never_mixed(
    server: Server, other: bytes, tmp_path: Path
) -> None:
    server.plans[STATES] = [Reply(cut=200_000)]

    class Change(Told):
        def notice(self, text: str) -> None:
            server.files[STATES] = other

    assert get(server, tmp_path, told=Change()).read_bytes() == other


def test_a_change_that_the_server_hides_is_found_by_the_digest(
    server: Server, netcdf: bytes, other: bytes, tmp_path: Path
) -> None:
    server.etag = lambda data: '"always the same"'
    server.plans[STATES] = [Reply(cut=200_000, body=netcdf)]
    server.files[STATES] = other
    told = Told()
    digest = hashlib.sha256(other).hexdigest()
    assert get(server, tmp_path, told=told, fragment=f"#sha256={digest}").read_bytes() == other
    assert any("again from the beginning" in notice for notice in told.notices)


def test_without_a_validator_nothing_is_resumed(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    server.etag = lambda data: None
    server.plans[STATES] = [Reply(cut=200_000)]
    assert get(server, tmp_path).read_bytes() == netcdf
    assert server.starts(STATES) == [0, 0]


def test_a_weak_etag_is_no_validator(server: Server, netcdf: bytes, tmp_path: Path) -> None:
    server.etag = lambda data: 'W/"1"'
    server.plans[STATES] = [Reply(cut=200_000)]
    assert get(server, tmp_path).read_bytes() == netcdf
    assert server.starts(STATES) == [0, 0]


def test_a_published_digest_is_as_good_as_a_validator(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    server.etag = lambda data: None
    server.plans[STATES] = [Reply(cut=200_000)]
    digest = hashlib.md5(netcdf).hexdigest()
    assert get(server, tmp_path, fragment=f"#md5={digest}").read_bytes() == netcdf
    assert server.starts(STATES)[1] > 0


def test_the_next_run_goes_on_where_the_last_one_gave_up(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    server.plans[STATES] = [Reply(cut=300_000), *[Reply(status=503)] * 4]
    with pytest.raises(ServiceError, match=r"no progress in 4 attempts .*503.* bytes are kept"):
        get(server, tmp_path)
    assert not (tmp_path / "states.nc").exists()
    kept = (tmp_path / "states.nc.part").stat().st_size
    assert 0 < kept <= 300_000
    assert get(server, tmp_path).read_bytes() == netcdf
    assert server.starts(STATES)[-1] == kept


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(pace=0.02), "sends too slowly"),
        (Reply(header_pace=0.02), "did not answer within"),
        (Reply(cut=0, stall=5), "timed out"),
    ],
    ids=["body", "headers", "silence"],
)
def test_a_server_that_never_comes_to_an_end_is_given_up(
    reply: Reply, message: str, server: Server, tmp_path: Path
) -> None:
    server.plans[STATES] = [reply] * 2
    began = time.monotonic()
    with pytest.raises(ServiceError, match=rf"no progress in 1 attempt .*{message}"):
        fetch(raw=tmp_path, only="states", states=server.url + STATES, retries=0, timeout=0.3)
    assert time.monotonic() - began < 5


def test_a_slow_attempt_is_no_progress(server: Server, netcdf: bytes, tmp_path: Path) -> None:
    """Each attempt brings some bytes, but the download would never end."""
    server.plans[STATES] = [Reply(pace=0.02)] * 9
    with pytest.raises(ServiceError, match="no progress in 3 attempts"):
        fetch(
            raw=tmp_path,
            only="states",
            states=server.url + STATES,
            retries=2,
            timeout=0.2,
            backoff=0.01,
        )
    assert len(server.starts(STATES)) == 3
    server.plans[STATES] = []
    assert get(server, tmp_path).read_bytes() == netcdf


SIGNED = "?X-Amz-Credential=AKIASECRET&X-Amz-Signature=S1GNATURE"


def signed(server: Server, path: str = STATES) -> str:
    return server.url.replace("http://", "http://me:PASSW0RD@") + path + SIGNED


def test_a_download_that_failed_keeps_no_secret(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    server.files[STATES + SIGNED] = netcdf
    server.plans[STATES + SIGNED] = [Reply(cut=300_000), *[Reply(status=503)] * 2]
    address = signed(server)
    with pytest.raises(ServiceError):
        fetch(raw=tmp_path, only="states", states=address, retries=1, backoff=0.01)
    note = tmp_path / "states.nc.part.json"
    assert note.stat().st_mode & 0o777 == 0o600
    kept = (tmp_path / "states.nc.part").stat().st_size
    assert kept > 0
    for secret in ("PASSW0RD", "AKIASECRET", "S1GNATURE"):
        assert secret not in note.read_text()
    # Signed again, the address means the same bytes as long as their strong ETag does.
    again = address.replace("S1GNATURE", "AN0THER")
    server.files[STATES + SIGNED.replace("S1GNATURE", "AN0THER")] = netcdf
    fetch(raw=tmp_path, only="states", states=again)
    assert server.seen[-1].start == kept
    assert (tmp_path / "states.nc").read_bytes() == netcdf
    assert [p.name for p in tmp_path.iterdir()] == ["states.nc"]


@pytest.mark.parametrize("path", ["/gone", "/short"])
def test_no_traceback_and_no_error_shows_a_secret(
    path: str, server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    """With -vv the causes are shown too, and those are of libraries that know no secrets."""
    server.files["/short" + SIGNED] = netcdf
    server.plans["/short" + SIGNED] = [Reply(cut=300_000), Reply(status=503)]
    options = ("--only", "states", "--states", signed(server, path), "--retries", "0")
    done = luc_load("fetch", "-vv", *options, cwd=tmp_path)
    assert "Traceback" in done.stderr
    said = done.stdout + done.stderr
    for secret in ("PASSW0RD", "AKIASECRET", "S1GNATURE"):
        assert secret not in said


def test_a_link_in_the_place_of_a_part_is_not_followed(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    raw = tmp_path / "raw"
    raw.mkdir()
    note = {"made_by": "luc-load fetch", "url": server.url + STATES, "synced": 0}
    (raw / "states.nc.part.json").write_text(json.dumps(note))
    for link in (Path.symlink_to, Path.hardlink_to):
        link(raw / "states.nc.part", victim)
        with pytest.raises(OutputError, match=r"states\.nc\.part: cannot be written"):
            fetch(raw=raw, only="states", states=server.url + STATES)
        (raw / "states.nc.part").unlink()
    assert victim.read_bytes() == b"precious"


def test_what_came_from_another_address_is_dropped(
    server: Server, netcdf: bytes, other: bytes, tmp_path: Path
) -> None:
    server.plans[STATES] = [Reply(cut=300_000), *[Reply(status=503)] * 4]
    with pytest.raises(ServiceError):
        get(server, tmp_path)
    server.files["/other.nc"] = other
    fetch(raw=tmp_path, only="states", states=f"{server.url}/other.nc")
    assert server.starts("/other.nc") == [0]
    assert (tmp_path / "states.nc").read_bytes() == other


def test_bytes_that_were_not_durable_do_not_count(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    """After a power failure a file may have its length and not its bytes."""
    server.plans[STATES] = [Reply(cut=300_000), *[Reply(status=503)] * 4]
    with pytest.raises(ServiceError):
        get(server, tmp_path)
    with (tmp_path / "states.nc.part").open("ab") as file:
        file.write(bytes(50_000))
    assert get(server, tmp_path).read_bytes() == netcdf


def test_a_whole_file_that_was_not_named_yet_is_not_fetched_again(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    partial = Partial(tmp_path / "states.nc", server.url + STATES)
    partial.begin(server.url + STATES, server.etag(netcdf), len(netcdf))
    partial.append(netcdf)
    partial.sync()
    partial.close()
    assert get(server, tmp_path).read_bytes() == netcdf
    assert server.seen == []


@pytest.mark.parametrize("total", [None, 10**6])
def test_a_file_that_shrank_is_fetched_anew(
    server: Server, netcdf: bytes, tmp_path: Path, total: int | None
) -> None:
    """The server answers 416 to the rest of a file that has no rest."""
    server.etag = lambda data: '"always the same"'
    partial = Partial(tmp_path / "states.nc", server.url + STATES)
    partial.begin(server.url + STATES, '"always the same"', total)
    partial.append(netcdf + b"more")
    partial.sync()
    partial.close()
    assert get(server, tmp_path).read_bytes() == netcdf
    assert server.starts(STATES) == [len(netcdf) + 4, 0]


def test_a_length_that_is_too_great_is_never_believed(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    server.plans[STATES] = [Reply(length=len(netcdf) + 1000, headers={"ETag": None})] * 10
    with pytest.raises(ServiceError, match="no progress"):
        get(server, tmp_path)
    assert not (tmp_path / "states.nc").exists()


def test_a_length_that_is_too_small_is_found(server: Server, netcdf: bytes, tmp_path: Path) -> None:
    server.plans[STATES] = [Reply(length=len(netcdf) // 2)] * 10
    with pytest.raises(SourceError, match=r"truncated|damaged"):
        get(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_close_without_a_length_is_no_proof_of_the_end(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    server.plans[STATES] = [Reply(cut=300_000, headers={"Content-Length": None})]
    with pytest.raises(SourceError, match=r"truncated|damaged"):
        get(server, tmp_path)
    assert list(tmp_path.iterdir()) == []
    server.plans[STATES] = [Reply(headers={"Content-Length": None})]
    assert get(server, tmp_path).read_bytes() == netcdf


def test_a_redirect_is_followed_with_the_range(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    server.files["/moved.nc"] = netcdf
    there = {"Location": "/moved.nc"}
    server.plans[STATES] = [Reply(status=302, headers={**there}) for _ in range(3)]
    server.plans["/moved.nc"] = [Reply(cut=100_000)]
    assert get(server, tmp_path).read_bytes() == netcdf
    assert server.starts("/moved.nc")[1] > 0


def test_redirects_without_end_are_given_up(server: Server, tmp_path: Path) -> None:
    server.plans[STATES] = [Reply(status=301, headers={"Location": STATES}) for _ in range(40)]
    with pytest.raises(ServiceError, match="redirects without end"):
        get(server, tmp_path)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        *((url, "not on the web") for url in ("file:///etc/passwd", "ftp://127.0.0.1/x")),
        ("data:application/x-netcdf,CDF", "not on the web"),
        ("http://169.254.169.254/latest/meta-data/", "not a public address"),
        ("http://[fe80::1]/x", "not a public address"),
    ],
)
def test_a_redirect_to_elsewhere_is_not_followed(
    target: str, words: str, server: Server, tmp_path: Path
) -> None:
    server.plans[STATES] = [Reply(status=302, headers={"Location": target})]
    with pytest.raises(SourceError, match=words):
        get(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "target", "is_followed"),
    [
        ("8.8.8.8", "1.1.1.1", True),
        ("8.8.8.8", "10.0.0.1", False),
        ("8.8.8.8", "127.0.0.1", False),
        ("8.8.8.8", "[::ffff:127.0.0.1]", False),
        ("8.8.8.8", "0.0.0.0", False),
        ("8.8.8.8", "2130706433", False),
        ("10.0.0.1", "192.168.1.1", True),
        ("10.0.0.1", "127.0.0.1", False),
        ("127.0.0.1", "8.8.8.8", True),
    ],
)
def test_a_redirect_leads_no_nearer_to_this_machine(
    source: str, target: str, is_followed: bool
) -> None:
    response = requests.Response()
    response.status_code, response.url = 302, f"http://{source}/a"
    response.headers["Location"] = f"http://{target}/b"
    response.raw = io.BytesIO()
    session = CarefulSession()
    if is_followed:
        assert session.get_redirect_target(response) == f"http://{target}/b"
    else:
        with pytest.raises(SourceError, match="use that address itself"):
            session.get_redirect_target(response)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(
    server: Server, netcdf: bytes, tmp_path: Path, status: int
) -> None:
    server.plans[STATES] = [Reply(status=status)] * 3
    assert get(server, tmp_path).read_bytes() == netcdf


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_time_to_wait_is_kept(server: Server, netcdf: bytes, tmp_path: Path, form: str) -> None:
    later = email.utils.formatdate(time.time() + 2, usegmt=True)
    wait = "1" if form == "seconds" else later
    server.plans[STATES] = [Reply(status=503, headers={"Retry-After": wait})]
    began = time.monotonic()
    get(server, tmp_path)
    assert 0.9 < time.monotonic() - began < 4


def test_who_asks_for_too_long_a_wait_is_given_up(server: Server, tmp_path: Path) -> None:
    server.plans[STATES] = [Reply(status=503, headers={"Retry-After": "86400"})]
    with pytest.raises(ServiceError, match="requests a wait of 86400 s"):
        get(server, tmp_path)


@pytest.mark.parametrize("status", [404, 410])
def test_a_file_that_is_gone(server: Server, tmp_path: Path, status: int) -> None:
    server.plans[STATES] = [Reply(status=status)]
    with pytest.raises(SourceMissingError, match=f"no such file .*{status}.*another address"):
        get(server, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [401, 403, 400, 451])
def test_a_refusal(server: Server, tmp_path: Path, status: int) -> None:
    server.plans[STATES] = [Reply(status=status)]
    with pytest.raises(SourceError, match=str(status)):
        get(server, tmp_path)
    assert len(server.seen) == 1


PAGE = b"<!DOCTYPE html>\n<html><head><title>Please &amp; log in</title></head></html>"


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        (PAGE, "text/html", r"web page \(Please & log in\)"),
        (PAGE, "application/x-netcdf", r"web page \(Please & log in\)"),
        (b"Service is down for maintenance", "text/html; charset=utf-8", "web page"),
        (b"", "application/octet-stream", "empty file"),
        (b"CDF", "", "begins with b'CDF'"),
        (b"\x1f\x8b\x08 compressed", "application/gzip", "begins with"),
    ],
)
def test_what_is_no_netcdf(
    server: Server, tmp_path: Path, body: bytes, content_type: str, said: str
) -> None:
    server.plans[STATES] = [Reply(body=body, headers={"Content-Type": content_type})]
    with pytest.raises(SourceError, match=said) as caught:
        get(server, tmp_path)
    assert caught.value.exit_code == 3
    assert list(tmp_path.iterdir()) == []


def test_a_page_does_not_cost_what_was_fetched_before(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    page = Reply(body=PAGE, ignore_range=True, headers={"Content-Type": "text/html"})
    server.plans[STATES] = [Reply(cut=300_000), page]
    with pytest.raises(SourceError, match="web page"):
        get(server, tmp_path)
    assert (tmp_path / "states.nc.part").stat().st_size > 0
    assert get(server, tmp_path).read_bytes() == netcdf
    assert server.starts(STATES)[-1] > 0


def test_an_encoded_answer_is_refused(server: Server, tmp_path: Path) -> None:
    server.plans[STATES] = [Reply(headers={"Content-Encoding": "gzip"})]
    with pytest.raises(SourceError, match="gzip-encoded"):
        get(server, tmp_path)


def test_a_wrong_digest_is_refused(server: Server, netcdf: bytes, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"md5 .*; expected 0{32}.*the download was deleted"):
        get(server, tmp_path, fragment=f"#md5={'0' * 32}")
    assert list(tmp_path.iterdir()) == []
    digest = hashlib.md5(netcdf).hexdigest()
    assert get(server, tmp_path, fragment=f"#md5={digest}").exists()


def test_the_digest_that_the_server_says_counts(server: Server, tmp_path: Path) -> None:
    server.etag = lambda data: f'"md5:{"1" * 32}"'
    with pytest.raises(SourceError, match="stated by the server"):
        get(server, tmp_path)
    server.etag = lambda data: f'"md5:{hashlib.md5(data).hexdigest()}"'
    assert get(server, tmp_path).exists()


def test_a_published_size_is_checked_before_the_bytes_come(
    server: Server, netcdf: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.url + STATES
    published = replace(SOURCES["states"], download=Download(url, len(netcdf) + 1))
    monkeypatch.setitem(SOURCES, "states", published)
    with pytest.raises(SourceError, match=f"has {len(netcdf):,} bytes; expected"):
        fetch(raw=tmp_path, only="states")
    assert list(tmp_path.iterdir()) == []


def test_no_server_there(tmp_path: Path) -> None:
    with serving() as gone:
        pass
    began = time.monotonic()
    with pytest.raises(ServiceError, match=r"no progress in 4 attempts.*refused"):
        get(gone, tmp_path)
    assert time.monotonic() - began < 10


def test_an_unknown_host_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"no-such-host\.invalid"):
        fetch(raw=tmp_path, only="eluc", eluc="http://no-such-host.invalid/x.nc", retries=0)


# What lies there already


def test_a_file_of_another_size_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "states.nc"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"4 bytes, but .* 6,657,587,367"):
        fetch(raw=tmp_path, only="states")
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_is_left_alone(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "states.nc")
    with pytest.raises(OutputError, match="not a regular file"):
        fetch(raw=tmp_path, only="states")


def test_a_file_that_is_no_netcdf_is_left_alone(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "states.nc"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already, but"):
        get(server, tmp_path)
    assert path.read_bytes() == b"mine"


def test_a_file_with_another_digest_is_left_alone(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "states.nc"
    path.write_bytes(netcdf)
    with pytest.raises(OutputError, match="exists already, but its md5"):
        get(server, tmp_path, fragment=f"#md5={'0' * 32}")
    assert path.read_bytes() == netcdf
    assert server.seen == []


def test_a_sample_is_not_taken_for_the_real_file(tmp_path: Path) -> None:
    made = luc_load(
        *("sample", "-o", "raw", "--resolution", "2", "--years", "2020:2020", "--only", "eluc"),
        cwd=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    done = luc_load("fetch", "--only", "eluc", "--eluc", "http://127.0.0.1:9/x.nc", cwd=tmp_path)
    assert done.returncode == 1
    assert "synthetic sample" in done.stderr


def test_a_file_that_appears_meanwhile_is_left_alone(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    server.plans[STATES] = [Reply(cut=100_000)]

    class Appear(Told):
        def notice(self, text: str) -> None:
            (tmp_path / "states.nc").write_bytes(b"mine")

    with pytest.raises(OutputError, match="was created during the download"):
        get(server, tmp_path, told=Appear())
    assert (tmp_path / "states.nc").read_bytes() == b"mine"
    assert (tmp_path / "states.nc.part").read_bytes() == netcdf


def test_a_part_that_is_not_ours_is_left_alone(server: Server, tmp_path: Path) -> None:
    part = tmp_path / "states.nc.part"
    part.write_bytes(b"mine")
    with pytest.raises(OutputError, match="was not made by luc-load fetch"):
        get(server, tmp_path)
    assert part.read_bytes() == b"mine"
    assert server.seen == []


def test_two_at_once_do_not_mix(server: Server, tmp_path: Path) -> None:
    first = Partial(tmp_path / "states.nc", server.url + STATES)
    with pytest.raises(OutputBusyError, match="another process is downloading this file"):
        get(server, tmp_path)
    first.close()
    assert get(server, tmp_path).exists()


def test_a_disk_that_is_too_small_is_said_before_the_bytes_come(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100_000))
    with pytest.raises(OutputError, match=r"has 100 kB free, but states needs about"):
        get(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_claims_on_the_disk_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100))
    room = space.Space(tmp_path)
    room.claim("a", 60)
    room.claim("a", 50)
    with pytest.raises(OutputError, match="b, with 50 B for other files, needs about 101 B"):
        room.claim("b", 51)
    room.claim("b", 50)
    room.release("a")
    room.claim("b", 100)


def test_a_folder_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be created"):
        fetch(raw=tmp_path / "file" / "raw", only="states", states=server.url + STATES)


# Several files


def test_files_come_side_by_side(server: Server, netcdf: bytes, tmp_path: Path) -> None:
    names = [name for name in usual_remotes() if name != "eluc"]
    given: dict[str, Any] = {name: f"{server.url}/{name}" for name in names}
    server.files.update(dict.fromkeys((f"/{name}" for name in names), netcdf))
    server.plans.update({f"/{name}": [Reply(cut=100_000, stall=0.6)] for name in names})
    began = time.monotonic()
    report = fetch(raw=tmp_path, only=names, backoff=0.01, **given)
    assert time.monotonic() - began < 2
    assert [file.name for file in report.files] == names
    assert {file.path.name for file in report.files} == {
        usual_remotes()[name].file for name in names
    }
    for file in report.files:
        assert file.path.read_bytes() == netcdf


def test_one_that_fails_does_not_keep_the_others_from_coming(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    with pytest.raises(SourceMissingError, match="/gone"):
        fetch(
            raw=tmp_path,
            only="states,management",
            states=f"{server.url}/gone",
            management=server.url + STATES,
        )
    assert (tmp_path / "management.nc").read_bytes() == netcdf


# What is fetched, and from where


def test_the_names_are_those_that_build_looks_for() -> None:
    for name, source in SOURCES.items():
        assert usual_remotes()[name].file == source.file


def test_the_real_static_file_has_the_published_digest() -> None:
    path = Path(__file__).parent.parent.parent / "shared" / "data" / usual_remotes()["static"].file
    if not path.exists():
        pytest.skip("the real static grid is not here")
    data = path.read_bytes()
    assert len(data) == usual_remotes()["static"].size
    assert f"md5:{hashlib.md5(data).hexdigest()}" == usual_remotes()["static"].digest


def names(only: str | None = None, *, everything: bool = False, **given: str) -> list[str]:
    return [remote.name for remote in choose(given, only, everything=everything)]


def test_what_is_chosen() -> None:
    assert names() == ["eluc", "states", "static"]
    assert names(everything=True) == list(usual_remotes())
    assert names("static, states") == ["states", "static"]
    assert names(management="http://a/b") == ["eluc", "states", "management", "static"]


def test_another_address_has_no_published_size() -> None:
    (remote,) = choose({"states": "https://example.org/s.nc"}, "states", everything=False)
    assert (remote.size, remote.digest, remote.file) == (None, None, "states.nc")


def test_committed_emissions_keep_their_name() -> None:
    url = "https://example.org/BLUE_LUH2-GCB2022_ELUC-committed_gridded_net_1850-2021.nc"
    (remote,) = choose({"eluc": url}, "eluc", everything=False)
    assert "committed" in remote.file


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"only": "nonsense"}, "nonsense"),
        ({"only": " , "}, "nothing"),
        ({"states": "states.nc"}, "http or https"),
        ({"states": "ftp://example.org/states.nc"}, "http or https"),
        ({"states": "file:///etc/passwd"}, "http or https"),
        ({"states": "http:///states.nc"}, "http or https"),
        ({"states": "http://[::1/states.nc"}, "http or https"),
        ({"states": "http://a/b#md5=12"}, "digest"),
        ({"states": "http://a/b#part"}, "digest"),
        ({"workers": 0}, "--workers"),
        ({"retries": -1}, "--retries"),
        ({"timeout": 0}, "--timeout"),
    ],
)
def test_options_without_a_meaning(tmp_path: Path, option: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        fetch(raw=tmp_path / "raw", **option)  # type: ignore[arg-type]
    assert not (tmp_path / "raw").exists()


def test_a_bundle_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "bundle.pem").write_text("no certificate")
    with pytest.raises(UsageError, match=r"--ca-bundle: .*bundle\.pem"):
        fetch(raw=tmp_path, only="states", ca_bundle=tmp_path / "bundle.pem")


# Certificates


def openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root, an intermediate and a server's certificate, as files of a folder."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl program to make certificates")
    folder = tmp_path_factory.mktemp("authority")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    is_authority = ("-addext", "basicConstraints=critical,CA:TRUE")
    openssl(
        *("req", "-x509", *key, "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=root"),
        *("-days", "2", *is_authority),
        cwd=folder,
    )
    for name, issuer, extension in (
        ("middle", "root", "basicConstraints=critical,CA:TRUE"),
        ("server", "middle", "subjectAltName=DNS:localhost"),
    ):
        (folder / "extension").write_text(f"{extension}\n")
        openssl(
            *("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"),
            cwd=folder,
        )
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", f"{issuer}.pem", "-CAkey"),
            *(f"{issuer}.key", "-CAcreateserial", "-days", "2", "-out", f"{name}.pem"),
            *("-extfile", "extension"),
            cwd=folder,
        )
    both = (folder / "server.pem").read_text() + (folder / "server.key").read_text()
    (folder / "served.pem").write_text(both)
    chain = (folder / "middle.pem").read_text() + (folder / "root.pem").read_text()
    (folder / "chain.pem").write_text(chain)
    return folder


def test_a_certificate_that_does_not_verify_is_explained(
    authority: Path, netcdf: bytes, tmp_path: Path
) -> None:
    with serving(authority / "served.pem") as server:
        server.files[STATES] = netcdf
        with pytest.raises(ServiceError, match=r"certificate cannot be verified.*--ca-bundle"):
            get(server, tmp_path)
        assert server.seen == []
        assert list(tmp_path.iterdir()) == []


def test_a_missing_link_of_the_chain_may_be_given(
    authority: Path, netcdf: bytes, tmp_path: Path
) -> None:
    """The server sends its own certificate alone; the root is trusted, the one between is given."""
    with serving(authority / "served.pem") as server:
        server.files[STATES] = netcdf
        url = server.url + STATES
        fetch(raw=tmp_path, only="states", states=url, ca_bundle=authority / "chain.pem")
        assert (tmp_path / "states.nc").read_bytes() == netcdf
        with pytest.raises(ServiceError, match="certificate"):
            fetch(
                raw=tmp_path / "other",
                only="states",
                states=url.replace("localhost", "127.0.0.1"),
                ca_bundle=authority / "chain.pem",
            )


def test_encryption_is_not_lost_on_the_way(
    authority: Path, server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    with serving(authority / "served.pem") as safe:
        safe.files[STATES] = netcdf
        safe.plans[STATES] = [Reply(status=302, headers={"Location": server.url + STATES})]
        with pytest.raises(SourceError, match="not encrypted"):
            fetch(
                raw=tmp_path,
                only="states",
                states=safe.url + STATES,
                ca_bundle=authority / "chain.pem",
            )
    assert list(tmp_path.iterdir()) == []


# The command


def test_the_command_says_what_it_fetched(server: Server, netcdf: bytes, tmp_path: Path) -> None:
    done = luc_load("fetch", "--only", "states", "--states", server.url + STATES, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[0] == "raw/states.nc"
    assert f"downloaded  md5 {hashlib.md5(netcdf).hexdigest()}" in done.stdout


@pytest.mark.parametrize(
    ("reply", "code"), [(Reply(status=404), 3), (Reply(body=PAGE), 3), (Reply(status=500), 1)]
)
def test_the_exit_code(server: Server, tmp_path: Path, reply: Reply, code: int) -> None:
    server.plans[STATES] = [reply] * 3
    done = luc_load(
        *("fetch", "--only", "states", "--states", server.url + STATES, "--retries", "0"),
        cwd=tmp_path,
    )
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.startswith("luc-load: error: http://127.0.0.1")
    assert "Traceback" not in done.stderr


def test_a_dry_run_asks_nobody(tmp_path: Path) -> None:
    dead = environment(http_proxy="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9")
    done = luc_load("fetch", "--all", "--dry-run", cwd=tmp_path, env=dead)
    assert done.returncode == 0
    assert done.stdout.count("to download") == len(usual_remotes())
    assert "6.66 GB" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_fetch_that_is_stopped_goes_on(
    server: Server, netcdf: bytes, tmp_path: Path, number: signal.Signals
) -> None:
    server.plans[STATES] = [Reply(cut=300_000, stall=30)]
    command = ("fetch", "--only", "states", "--states", server.url + STATES)
    process = subprocess.Popen(
        [*COMMAND, *command], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    part = tmp_path / "raw" / "states.nc.part"
    give_up = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size > 200_000):
        assert time.monotonic() < give_up
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=10)
    expected = -number if number == signal.SIGKILL else 128 + number
    assert process.returncode == expected
    assert "Traceback" not in said
    assert not (tmp_path / "raw" / "states.nc").exists()
    done = luc_load(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "raw" / "states.nc").read_bytes() == netcdf
    assert sorted(path.name for path in (tmp_path / "raw").iterdir()) == ["states.nc"]


def test_what_a_part_is_the_beginning_of_is_written_beside_it(
    server: Server, netcdf: bytes, tmp_path: Path
) -> None:
    server.plans[STATES] = [Reply(cut=300_000), *[Reply(status=503)] * 4]
    with pytest.raises(ServiceError):
        get(server, tmp_path)
    note = json.loads((tmp_path / "states.nc.part.json").read_text())
    assert note["validator"] == server.etag(netcdf)
    assert note["total"] == len(netcdf)
    assert note["synced"] == (tmp_path / "states.nc.part").stat().st_size


# Progress


def test_rate_and_time_left() -> None:
    now = [100.0]
    transfers = Transfers(lambda: now[0])
    assert transfers.line() == ""
    transfers.advanced("states", 4_000_000, 10_000_000)
    now[0] += 2
    transfers.advanced("states", 8_000_000, 10_000_000)
    assert transfers.line() == "states  80% of 10 MB  2 MB/s  1.0 s left"
    transfers.advanced("eluc", 0, None)
    assert transfers.line() == "states  80% of 10 MB  eluc 0 B  2 MB/s"


def test_what_lay_there_already_and_what_is_begun_anew_is_no_rate() -> None:
    now = [0.0]
    transfers = Transfers(lambda: now[0])
    transfers.advanced("states", 9_000_000, 10_000_000)
    now[0] += 5
    transfers.advanced("states", 0, 10_000_000)
    transfers.advanced("states", 1_000_000, 10_000_000)
    now[0] += 5
    assert transfers.line() == "states  10% of 10 MB  100 kB/s  90.0 s left"


def test_a_stall_shows_in_the_rate() -> None:
    now = [0.0]
    transfers = Transfers(lambda: now[0])
    for _ in range(10):
        now[0] += 1
        transfers.advanced("states", int(now[0]) * 10**6, 10**9)
    fast = transfers.line()
    now[0] += 60
    assert "MB/s" in fast
    assert "MB/s" not in transfers.line()

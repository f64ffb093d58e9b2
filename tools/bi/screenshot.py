"""Draw a web page in headless Chromium, once a condition holds, and save a picture of it.

Run by a Python that has `websocket-client`: python screenshot.py CHROMIUM URL CONDITION PNG.
CONDITION is JavaScript that is evaluated until it is true. Prints the text of the page.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import websocket

SIZE = "1500,2600"
"""Window in pixels: as tall as the dashboard, because Superset draws only charts in view."""

PATIENCE_S = 240


class Page:
    """A page of a browser, driven by the DevTools protocol."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket
        self._count = 0

    def call(self, method: str, **parameters: object) -> dict[str, object]:
        """Return the result of a command, whatever events come before it."""
        self._count += 1
        request = {"id": self._count, "method": method, "params": parameters}
        self._socket.send(json.dumps(request))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._count:
                return dict(answer["result"])

    def evaluate(self, script: str) -> object:
        """Return the value of an expression; None if it has none."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        result = answer["result"]
        return result.get("value") if isinstance(result, dict) else None


@contextmanager
def browser(chromium: str) -> Iterator[str]:
    """Start Chromium and yield the address of its DevTools."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        # Port 0 is any free one, which the browser writes into its profile.
        place = ["--remote-debugging-port=0", f"--user-data-dir={profile}", f"--window-size={SIZE}"]
        command = [chromium, *options, *place, "--remote-allow-origins=*", "about:blank"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            active = Path(profile, "DevToolsActivePort")
            wait_until(active.is_file, 60, "Chromium did not start")
            yield f"http://127.0.0.1:{active.read_text().split()[0]}"
        finally:
            process.terminate()
            process.wait()


def wait_until(condition: Callable[[], object], seconds: float, failure: str) -> None:
    """Try a condition until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(failure)
        time.sleep(0.5)


def main(chromium: str, url: str, condition: str, target: str) -> None:
    """Open the page, wait, save its picture and print its text."""
    with browser(chromium) as address:
        with urllib.request.urlopen(f"{address}/json/list") as answer:
            tab = next(each for each in json.load(answer) if each["type"] == "page")
        with closing(websocket.create_connection(tab["webSocketDebuggerUrl"])) as socket:
            page = Page(socket)
            page.call("Page.enable")
            page.call("Page.navigate", url=url)
            wait_until(lambda: page.evaluate(condition), PATIENCE_S, f"{url} did not finish")
            # Charts fade in, and large ones are drawn in steps.
            time.sleep(10)
            picture = page.call("Page.captureScreenshot", format="png")
            Path(target).write_bytes(base64.b64decode(str(picture["data"])))
            print(page.evaluate("document.body.innerText"))  # noqa: T201  # the result


if __name__ == "__main__":
    main(*sys.argv[1:])

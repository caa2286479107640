"""A headless Chromium that opens pages as files and does what a reader does: point, press, type, print.

It is spoken to through its own pipe (the DevTools protocol, messages that end in a zero byte on
descriptors 3 and 4), so that nothing but the browser is needed.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_PATIENCE_SECONDS = 60.0
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}


class BrowserError(Exception):
    """The browser ended, said no, or was silent for a minute."""


@dataclass
class Chromium:
    """A running browser; events that come between answers are kept in ``events``."""

    read: int
    write: int
    count: int = 0
    waiting: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """The answer to one command of the protocol."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") != self.count:
                self.events.append(answer)
            elif "error" in answer:
                raise BrowserError(f"{method}: {answer['error']}")
            else:
                result: dict[str, Any] = answer["result"]
                return result

    def wait_for(self, event: str, session: str) -> None:
        """Until ``event`` has come."""
        while not any(e["method"] == event and e.get("sessionId") == session for e in self.events):
            self.events.append(self._next())

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.waiting:
            if not select.select([self.read], [], [], _PATIENCE_SECONDS)[0]:
                raise BrowserError(f"no word from the browser for {_PATIENCE_SECONDS:.0f} seconds")
            received = os.read(self.read, 1 << 16)
            if not received:
                raise BrowserError("the browser has ended")
            self.waiting += received
        message, _, self.waiting = self.waiting.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed


@contextmanager
def chromium(profile: Path) -> Iterator[Chromium]:
    """A browser with a new ``profile`` (an empty folder), ended afterwards."""
    assert BROWSER is not None
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # Away from 3 and 4, so that giving one of them its number does not close the other.
    inner_in, inner_out = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (theirs_in, theirs_out))
    process = os.posix_spawn(
        BROWSER,
        [BROWSER, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, inner_in, 3),
            (os.POSIX_SPAWN_DUP2, inner_out, 4),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
        setpgroup=0,
    )
    for end in (theirs_in, theirs_out, inner_in, inner_out):
        os.close(end)
    browser = Chromium(ours_in, ours_out)
    try:
        yield browser
        browser.call("Browser.close")
    finally:
        _end(process)
        os.close(ours_in)
        os.close(ours_out)


def _end(process: int) -> None:
    """Wait for the browser to close its profile; one that does not is ended with all its children."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if os.waitpid(process, os.WNOHANG)[0]:
            return
        time.sleep(0.02)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)


@dataclass
class Page:
    """A page as a reader has it before them. Positions are in CSS pixels of the window."""

    browser: Chromium
    session: str
    target: str

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol to this page."""
        return self.browser.call(method, self.session, **parameters)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives, also one that has to be waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait for a JavaScript expression to become true."""
        look = f"() => ({expression}) ? done() : setTimeout(look, 20)"
        self.value(f"new Promise(done => {{ const look = {look}; look(); }})")

    def happened(self, method: str) -> list[dict[str, Any]]:
        """Parameters of all events of this kind so far."""
        self.value("new Promise(done => setTimeout(done, 50))")
        events = self.browser.events
        return [e["params"] for e in events if e["method"] == method and e.get("sessionId") == self.session]

    def requests(self) -> list[str]:
        """Addresses that were asked for."""
        return [event["request"]["url"] for event in self.happened("Network.requestWillBeSent")]

    def complaints(self) -> list[str]:
        """Console errors and warnings, exceptions, and what the browser logs by itself."""
        consoled = [e for e in self.happened("Runtime.consoleAPICalled") if e["type"] in ("error", "warning")]
        thrown = self.happened("Runtime.exceptionThrown")
        return [json.dumps(e) for e in (*consoled, *thrown, *self.happened("Log.entryAdded"))]

    def middle(self, expression: str) -> tuple[float, float]:
        """Where the middle of an element is, after it was scrolled to the middle of the window."""
        self.value(f"({expression}).scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = self.value(f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
                         f"(({expression}).getBoundingClientRect())")  # fmt: skip
        return box[0], box[1]

    def point_at(self, expression: str) -> None:
        """Move the mouse onto an element."""
        x, y = self.middle(expression)
        self.mouse("mouseMoved", x, y)

    def press(self, expression: str) -> None:
        """Click on an element."""
        x, y = self.middle(expression)
        self.mouse("mouseMoved", x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", clickCount=1)

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """A mouse event at a place of the window."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def tap(self, expression: str) -> None:
        """Touch an element with a finger."""
        x, y = self.middle(expression)
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def type_key(self, key: str, shift: bool = False) -> None:
        """Press a key by its name."""
        common = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key], "modifiers": 8 * shift}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def picture(self, path: Path) -> None:
        """Write what the window shows as a PNG file."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        """Close its tab and forget what happened in it."""
        self.browser.call("Target.closeTarget", targetId=self.target)
        self.browser.events.clear()

    def printed(self) -> bytes:
        """The page on paper, as PDF."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])


@dataclass(frozen=True)
class Reader:
    """How a page is looked at: width of the window in CSS pixels, light or dark, with scripts or without."""

    width: int = 1200
    height: int = 900
    dark: bool = False
    scripts: bool = True
    touch: bool = False


class Open(Protocol):
    """Opens a file for a reader."""

    def __call__(self, path: Path, reader: Reader | None = None) -> Page:
        """The loaded page."""


def open_page(browser: Chromium, path: Path, reader: Reader) -> Page:
    """The file at ``path``, loaded."""
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    page = Page(browser, session, target)
    for domain in ("Page", "Runtime", "Network", "Log"):
        page.call(f"{domain}.enable")
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=reader.width,
        height=reader.height,
        deviceScaleFactor=1,
        mobile=reader.touch,
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if reader.dark else "light"}
    page.call("Emulation.setEmulatedMedia", features=[scheme])
    page.call("Emulation.setScriptExecutionDisabled", value=not reader.scripts)
    page.call("Emulation.setTouchEmulationEnabled", enabled=reader.touch)
    page.call("Emulation.setFocusEmulationEnabled", enabled=True)
    page.call("Page.navigate", url=path.resolve().as_uri())
    browser.wait_for("Page.loadEventFired", session)
    return page

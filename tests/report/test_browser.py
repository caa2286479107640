"""The page in a real browser: nothing fetched, nothing complained about, no wider than a telephone."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from attendnets.report import network_svg, render
from tests.report import records

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium: apt-get install chromium")

# Measures the page in frames of several widths, as scripts of the page itself may not exist.
RULER = """<!doctype html><link rel="icon" href="data:,"><body><script>
addEventListener("load", () => {
  const lines = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, root = page.documentElement;
    const style = frame.contentWindow.getComputedStyle(page.querySelector("h1"));
    const stops = [...page.querySelectorAll("a[href],summary,[tabindex='0']")].filter(e => e.tabIndex >= 0);
    return `${frame.width}: ${root.scrollWidth} wide, ${root.scrollHeight > 2000}, ${stops.length > 20}, ` +
      `${page.images.length} images, ${[...page.images].every(i => i.naturalWidth > 0)}, ${style.color}`;
  });
  document.body.textContent = lines.join("\\n");
});
</script>FRAMES</body>"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and remembers what was asked for."""

    asked: list[str]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The folder's address, and the paths that were asked for so far."""
    handler = type("Handler", (Quiet,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def browse(address: str, profile: Path, *options: str) -> tuple[str, str]:
    """The document after loading, and what the browser logged."""
    assert BROWSER is not None
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    quiet += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    quiet += ["--enable-logging=stderr"]
    command = [BROWSER, *quiet, f"--user-data-dir={profile}", *options, "--dump-dom", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    measured = records.measurement(((412, 41), (68, 135)))
    mistakes = records.pictures(tmp_path_factory.mktemp("images"), measured)
    (folder / "page.html").write_text(render(records.finished(mistakes=mistakes)), encoding="utf-8")
    frames = "".join(f'<iframe src="page.html" width="{w}" height="900"></iframe>' for w in (400, 800, 1200))
    (folder / "ruler.html").write_text(RULER.replace("FRAMES", frames), encoding="utf-8")
    return folder


def test_the_page_fits_every_width_and_fetches_nothing(folder: Path, tmp_path: Path) -> None:
    with served(folder) as (address, asked):
        document, log = browse(f"{address}/ruler.html", tmp_path / "profile")
        assert set(asked) == {"/ruler.html", "/page.html"}
    lines = re.findall(r"(\d+): (\d+) wide, true, true, 12 images, true", document)
    assert [int(width) for width, _ in lines] == [400, 800, 1200]
    assert all(int(scrolled) <= int(width) for width, scrolled in lines)
    assert not [line for line in log.splitlines() if "CONSOLE" in line]


def test_the_page_is_dark_where_the_reader_prefers_it(folder: Path, tmp_path: Path) -> None:
    with served(folder) as (address, _):
        dark, _ = browse(
            f"{address}/ruler.html", tmp_path / "profile", "--blink-settings=preferredColorScheme=0"
        )
    assert "rgb(232, 234, 240)" in dark


def test_the_network_is_a_picture_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "network.svg").write_text(network_svg(records.network()), encoding="utf-8")
    (tmp_path / "ruler.html").write_text(
        '<!doctype html><link rel="icon" href="data:,"><img src="network.svg"><p></p><script>'
        'addEventListener("load", () => { document.querySelector("p").textContent = '
        '`${document.images[0].naturalWidth} wide`; });</script>',
        encoding="utf-8",
    )  # fmt: skip
    with served(tmp_path) as (address, _):
        document, _ = browse(f"{address}/ruler.html", tmp_path / "profile")
    assert re.search(r"<p>[1-9]\d{2,3} wide</p>", document)

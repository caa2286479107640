"""The page in a real browser, as those read it who point, tap, tab, print, or have no scripts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from attendnets.report import ReportInput, network_svg, render
from tests.report import records
from tests.report.chromium import Open, Page, Reader

MARKUP = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "\"' onmouseover=alert(3) '\"",
    "a\u2028b &lt;i&gt; {{ 7 * 7 }} ${7 * 7}",
)
PANEL = "document.getElementById('inspector')"
STOPS = """[...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")]
    .filter(e => e.tabIndex >= 0 && e.checkVisibility())"""
CONTRASTS = Path(__file__).with_name("contrasts.js").read_text(encoding="utf-8")


def rebuilt(record: ReportInput) -> ReportInput:
    """With a command for each network."""
    assert record.study is not None
    return replace(record, rebuild={c.digest: command(c.digest) for c in record.study.candidates})


def command(digest: str) -> str:
    return f"attendnets build 'my cells' --network runs/demo#{digest} --require 'top1>=75%' --out runs/new"


def dot(number: int, chart: int = 0) -> str:
    """The sign of a candidate in the first or second chart."""
    charts = "document.querySelectorAll('#exploration svg.chart[role=group]')"
    return f"{charts}[{chart}].querySelector('a[data-number=\"{number}\"] .sign')"


def shown(page: Page) -> str | None:
    """What the panel says, None while it is closed."""
    text = page.value(f"{PANEL}.hidden ? null : {PANEL}.innerText")
    return None if text is None else re.sub(r"\s+", " ", text)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> ReportInput:
    measured = records.measurement(((412, 41), (68, 135)))
    return rebuilt(records.finished(mistakes=records.pictures(tmp_path_factory.mktemp("images"), measured)))


@pytest.fixture(scope="module")
def file(record: ReportInput, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report page.html"
    path.write_text(render(record), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chosen(record: ReportInput) -> int:
    assert record.study is not None
    return next(c.number for c in record.study.candidates if c.digest == record.study.chosen)


def test_nothing_is_complained_about_and_nothing_leaves_the_file(look: Open, file: Path, chosen: int) -> None:
    page = look(file)
    page.point_at(dot(chosen))
    page.press(dot(chosen))
    page.press(f"{PANEL}.querySelector('.copy')")
    assert page.complaints() == []
    assert {a for a in page.requests() if not a.startswith("data:image/png;base64,")} == {file.as_uri()}
    assert page.value("[...document.images].map(i => i.naturalWidth > 0)") == [True] * 12


def test_a_script_could_not_fetch_anything(look: Open, file: Path) -> None:
    page = look(file)
    refused = """new Promise(done => {
      addEventListener("securitypolicyviolation", event => done(event.effectiveDirective));
      CALL;
    })"""
    assert (
        page.value(refused.replace("CALL", "fetch('http://127.0.0.1:9/').catch(() => {})")) == "connect-src"
    )
    assert page.value(refused.replace("CALL", "new Image().src = 'http://127.0.0.1:9/a.png'")) == "img-src"
    other = "document.body.append(Object.assign(document.createElement('script'), {text: 'alert(1)'}))"
    assert page.value(refused.replace("CALL", other)) == "script-src-elem"


@pytest.mark.parametrize("width", [400, 800, 1200])
def test_the_page_is_no_wider_than_the_window(look: Open, file: Path, chosen: int, width: int) -> None:
    page = look(file, Reader(width=width))
    wide = "document.documentElement.scrollWidth <= innerWidth"
    assert page.value(wide)
    page.value("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    page.press(dot(chosen))
    assert shown(page) and page.value(wide)
    left, right = page.value(f"(({{left, right}}) => [left, right])({PANEL}.getBoundingClientRect())")
    assert left >= 0 and right <= width


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1200])
def test_every_text_stands_out_from_what_is_behind_it(look: Open, file: Path, width: int, dark: bool) -> None:
    page = look(file, Reader(width=width, height=60_000, dark=dark))
    assert page.value("getComputedStyle(document.body).color") == (
        "rgb(232, 234, 240)" if dark else "rgb(23, 26, 33)"
    )
    texts, found, weak = page.value(CONTRASTS)
    assert found > 0.8 * texts > 800
    assert weak == []


def test_no_text_becomes_too_small_on_a_telephone(look: Open, file: Path) -> None:
    page = look(file, Reader(width=400))
    smallest = """Math.min(...[...document.querySelectorAll("main *")]
      .filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
      .map(e => parseFloat(getComputedStyle(e).fontSize) * (e.getScreenCTM?.().a ?? 1)))"""
    assert page.value(smallest) >= 10


def test_a_keyboard_reaches_everything_and_sees_where_it_is(look: Open, file: Path) -> None:
    page = look(file)
    page.value("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    stops = page.value(f"{STOPS}.map((e, i) => e.dataset.stop = i).length")
    focus = """(e => [e.dataset.stop, getComputedStyle(e).outlineStyle !== 'none'
        && parseFloat(getComputedStyle(e).outlineWidth) >= 2])(document.activeElement)"""
    visited = []
    for _ in range(stops):
        page.type_key("Tab")
        visited.append(page.value(focus))
    assert visited == [[str(number), True] for number in range(stops)]
    assert stops > 60


def test_pointing_at_a_network_shows_what_it_is_made_of(
    look: Open, file: Path, record: ReportInput, chosen: int
) -> None:
    page = look(file)
    assert shown(page) is None
    page.point_at(dot(chosen))
    text = shown(page)
    assert text is not None and record.study is not None
    assert f"Network {chosen} chosen {record.study.chosen}" in text
    for words in ("on 315 validation images, 95 % interval", "trained for 27 epochs", "MACs 525.06 K"):
        assert words in text.replace("\u00a0", " ")
    for words in ("weights 10.5 KB", "arena, predicted", "1×64×64 pixels in; 5 blocks in 3 stages"):
        assert words in text
    assert "stage 1 visual condenser 8 condenser 8 16×16" in text
    assert "attendnets build" not in text
    assert page.value("document.querySelectorAll('a.lit').length") == 2
    page.mouse("mouseMoved", 5, 5)
    assert shown(page) is None


def test_the_network_nearest_to_the_pointer_is_meant(look: Open, file: Path, chosen: int) -> None:
    page = look(file)
    x, y = page.middle(dot(chosen))
    page.mouse("mouseMoved", x, y - 15)
    assert f"Network {chosen} " in str(shown(page))
    page.mouse("mouseMoved", x, y - 60)
    assert shown(page) is None


def test_pressing_a_network_shows_the_command_that_rebuilds_it(
    look: Open, file: Path, record: ReportInput
) -> None:
    page = look(file)
    page.browser.call(
        "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
    )
    assert record.study is not None
    failed = next(c for c in record.study.candidates if c.state == "failed")
    page.press(dot(failed.number, chart=1))
    text = str(shown(page))
    assert f"Network {failed.number} " in text and "its short training failed" in text
    assert page.value(f"{PANEL}.querySelector('pre').textContent") == command(failed.digest)
    page.value(f"getSelection().selectAllChildren({PANEL}.querySelector('pre'))")
    assert page.value("getSelection().toString()") == command(failed.digest)
    page.press(f"{PANEL}.querySelector('.copy')")
    page.until(f"{PANEL}.querySelector('.copy').textContent === 'Copied'")
    assert page.value("navigator.clipboard.readText()") == command(failed.digest)
    page.press("document.querySelector('#exploration .lead')")
    assert shown(page) is None


def test_a_command_that_may_not_be_copied_is_left_selected(look: Open, file: Path, chosen: int) -> None:
    page = look(file)
    page.value("navigator.clipboard.writeText = () => Promise.reject(new DOMException('no'))")
    page.press(dot(chosen))
    page.press(f"{PANEL}.querySelector('.copy')")
    page.until(f"{PANEL}.querySelector('.copy').textContent === 'Selected: press Ctrl+C'")
    assert page.value("getSelection().toString()").startswith("attendnets build 'my cells' --network")


def test_enter_opens_a_network_and_escape_goes_back_to_it(look: Open, file: Path, chosen: int) -> None:
    page = look(file)
    page.value(f"{dot(chosen)}.closest('a').focus()")
    assert f"Network {chosen} " in str(shown(page))
    active = "document.activeElement"
    described = f"{active}.getAttribute('aria-describedby')"
    assert page.value(described) == "inspector" and page.value(f"{PANEL}.getAttribute('role')") == "tooltip"
    page.type_key("Enter")
    assert "attendnets build" in str(shown(page))
    assert page.value(f"{active} === {PANEL}") and page.value(f"{PANEL}.getAttribute('role')") == "dialog"
    page.type_key("Tab")
    assert page.value(f"{active}.className") == "close"
    page.type_key("Tab")
    assert page.value(f"{active}.className") == "copy"
    page.type_key("Escape")
    assert shown(page) is None
    assert page.value(f"{active}.dataset.number") == str(chosen)
    page.type_key("ArrowRight")
    assert f"Network {chosen} " not in str(shown(page))
    page.type_key("ArrowLeft")
    assert f"Network {chosen} " in str(shown(page))
    page.type_key("Escape")
    assert shown(page) is None


def test_a_finger_opens_a_network_and_still_sees_its_point(look: Open, file: Path, chosen: int) -> None:
    page = look(file, Reader(width=400, height=860, touch=True))
    page.tap(dot(chosen))
    assert "attendnets build" in str(shown(page))
    page.until(f"{dot(chosen)}.getBoundingClientRect().bottom < {PANEL}.getBoundingClientRect().top")


def test_each_point_has_a_name_of_its_own(look: Open, file: Path, record: ReportInput) -> None:
    page = look(file)
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    links = [n["name"]["value"] for n in tree if n.get("role", {}).get("value") == "link"]
    named = [name for name in links if re.match(r"Network \d+: .* weights, .* MACs", name)]
    assert record.study is not None
    assert len(named) == 2 * len(record.study.candidates) and len(set(named)) == len(named) / 2


def test_without_scripts_a_point_leads_to_its_network_and_command(
    look: Open, file: Path, record: ReportInput, chosen: int
) -> None:
    page = look(file, Reader(scripts=False))
    card = f"document.getElementById('network-{chosen}')"
    assert not page.value(f"{card}.checkVisibility()")
    page.press(dot(chosen))
    page.browser.wait_for("Page.navigatedWithinDocument", page.session)
    assert record.study is not None
    assert page.value(f"{card}.checkVisibility()")
    assert command(record.study.chosen) in page.value(f"{card}.innerText")
    assert page.value("document.querySelectorAll('button.copy').length") == 0
    assert page.value(f"{PANEL}.checkVisibility()") is False


def test_it_prints_on_white_paper_without_what_only_a_screen_needs(
    look: Open, file: Path, chosen: int
) -> None:
    page = look(file, Reader(dark=True))
    page.press(dot(chosen))
    printed = page.printed()
    assert printed.startswith(b"%PDF-") and 3 < len(re.findall(rb"/Type\s*/Page\b", printed)) < 14
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    page.call("Emulation.setEmulatedMedia", media="print", features=[dark])
    assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(253, 253, 252)"
    for name in ("nav", "#inspector", "button.copy"):
        assert page.value(f"getComputedStyle(document.querySelector('{name}')).display") == "none"


@pytest.mark.parametrize("evil", MARKUP)
def test_markup_in_names_is_shown_as_text(look: Open, tmp_path: Path, evil: str) -> None:
    classes = (evil, "fine")
    measured = records.measurement(((30, 5), (4, 40)))
    mistakes = tuple(
        replace(m, name=evil, label=evil, predicted=evil) for m in records.pictures(tmp_path, measured)
    )
    record = records.finished(classes, ((30, 5), (4, 40)), mistakes=mistakes)
    assert record.study is not None
    first = record.study.candidates[0]
    record = replace(
        record,
        title=evil,
        data=replace(record.data, name=evil, notes=(evil,)),
        rebuild={first.digest: evil},
        versions={evil: evil},
    )
    (tmp_path / "page.html").write_text(render(record), encoding="utf-8")
    page = look(tmp_path / "page.html")
    page.press(dot(first.number))
    assert page.value(f"{PANEL}.querySelector('pre').textContent") == evil
    assert page.value("document.querySelector('h1').textContent") == evil
    assert evil in page.value("document.querySelector('#data').textContent")
    assert page.value(f"[...document.images].every(i => i.alt === {json.dumps(evil)})")
    assert page.value("[document.scripts.length, document.images.length, document.querySelector('i')]") == [
        1,
        len(mistakes),
        None,
    ]
    assert page.happened("Page.javascriptDialogOpening") == [] and page.complaints() == []


def test_a_page_without_an_exploration_is_quiet(look: Open, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(render(records.bare()), encoding="utf-8")
    page = look(tmp_path / "page.html")
    assert page.complaints() == []
    assert page.value("document.querySelectorAll('button.copy').length") == 1


def test_the_network_is_a_picture_of_its_own(look: Open, tmp_path: Path) -> None:
    (tmp_path / "network.svg").write_text(network_svg(records.network()), encoding="utf-8")
    (tmp_path / "page.html").write_text('<!doctype html><img src="network.svg">', encoding="utf-8")
    assert 100 < look(tmp_path / "page.html").value("document.images[0].naturalWidth") < 2000

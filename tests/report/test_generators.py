"""The page shows what the generator had learned, and the exploration as it was at any network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attendnets.exploration.record import GeneratorRecord, StudyRecord
from attendnets.report import ReportInput, render
from attendnets.report.generators import Generators, generators
from tests.report import records
from tests.report.chromium import Open, Page, Reader

SLIDER = "document.getElementById('moment')"
TOLD = "document.querySelector('.told').textContent"
LEARNED = "document.querySelector('.learned')"
KNOWN = (
    "[...document.querySelectorAll('#exploration a[data-number]')].filter(a => a.checkVisibility()).length"
)
FRONT = "document.querySelector('#exploration path.front').getAttribute('d')"


def of(study: StudyRecord) -> Generators:
    found = generators(study)
    assert found is not None
    return found


def without_generators(study: StudyRecord) -> StudyRecord:
    return replace(study, candidates=tuple(replace(c, generator=None) for c in study.candidates))


def explored(study: StudyRecord) -> ReportInput:
    return replace(records.finished(), study=study)


def widths(page: Page, decision: str) -> list[float]:
    """Of the pieces of a decision's bar, in percent."""
    row = f"[...document.querySelectorAll('.chances li')].find(li => li.innerText.includes('{decision}'))"
    found: list[float] = page.value(
        f"[...{row}.querySelectorAll('.pieces span')].map(s => parseFloat(s.style.width))"
    )
    return found


def move(page: Page, place: int) -> None:
    page.value(f"{SLIDER}.value = {place}; {SLIDER}.dispatchEvent(new Event('input'))")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(render(records.finished()), encoding="utf-8")
    return path


def test_each_network_is_a_step_with_what_was_known_then() -> None:
    study = records.study()
    steps = of(study).steps
    assert [step.number for step in steps] == [c.number for c in study.candidates]
    for place, step in enumerate(steps):
        known = study.candidates[: place + 1]
        assert step.best == max(c.validation_top1_percent or 0.0 for c in known)
        newest = known[-1].generator
        assert step.entropy == (newest.entropy if newest else None)
    assert [step.moment for step in steps[:5]] == [None] * records.PROTOTYPES + [0]


@pytest.mark.parametrize("count", [5, 10, 40, 300])
def test_chances_are_told_at_twelve_moments_at_most_with_the_first_and_the_last(count: int) -> None:
    found = of(records.study(count))
    told = count - records.PROTOTYPES
    assert len(set(found.moments)) == len(found.moments) == min(12, told)
    assert found.moments[0] == records.PROTOTYPES and found.moments[-1] == count - 1
    assert all(len(d.percents) == len(found.moments) for d in (*found.settled, *found.others))


def test_the_surest_decisions_come_first_and_those_with_one_value_are_none() -> None:
    study = records.study()
    found = of(study)
    names = [d.decision for d in (*found.settled, *found.others)]
    assert len(found.settled) == 12 and len(names) == len(records.CHOICES) - 1
    assert names[0] == "number of stages" and names[-1] == "stage 3: width" and "image size" not in names
    assert found.settled[0].likeliest.value == "4"


def test_a_decision_that_is_settled_for_certain_is_drawn() -> None:
    study = replace(records.study(), choices={"gate3_0": ("sigmoid", "relu6")})
    sure = GeneratorRecord(0.0, {"gate3_0": (0.0, 1.0)})
    candidates = (*study.candidates[:-1], replace(study.candidates[-1], generator=sure))
    page = render(explored(replace(study, candidates=candidates)))
    assert "relu6 at 100&nbsp;%" in page


def test_an_exploration_without_generators_shows_nothing_of_them(look: Open, tmp_path: Path) -> None:
    study = without_generators(records.study())
    assert generators(study) is None
    (tmp_path / "page.html").write_text(render(explored(study)), encoding="utf-8")
    page = look(tmp_path / "page.html")
    assert page.value(f"{SLIDER}") is None and page.complaints() == []
    assert "What the generator learned" not in page.value("document.body.innerText")
    assert page.value(KNOWN) == 2 * len(study.candidates)


def test_one_generator_is_enough(look: Open, tmp_path: Path) -> None:
    study = records.study(records.PROTOTYPES + 1)
    (tmp_path / "page.html").write_text(render(explored(study)), encoding="utf-8")
    page = look(tmp_path / "page.html")
    assert page.complaints() == [] and "entropy is 0.960" in page.value(TOLD)


def test_the_page_opens_at_the_last_moment(look: Open, file: Path) -> None:
    page = look(file)
    assert "40 of 40 networks: the best has 74.5" in page.value(TOLD)
    assert "entropy is 0.610" in page.value(TOLD) and page.value(KNOWN) == 80
    assert widths(page, "number of stages") == [25, 75]
    assert page.complaints() == []


def test_the_slider_goes_back_to_what_was_known(look: Open, file: Path) -> None:
    page = look(file)
    whole = page.value(FRONT)
    move(page, 14)
    assert page.value(KNOWN) == 30
    assert "15 of 40 networks: the best has 72.3" in page.value(TOLD)
    assert "(network 0)" in page.value(TOLD) and "entropy is 0.860" in page.value(TOLD)
    assert widths(page, "number of stages") == [37, 63]
    assert "when network 14 was proposed" in page.value(f"{LEARNED}.innerText")
    assert page.value(FRONT) != whole
    move(page, 39)
    assert (page.value(KNOWN), page.value(FRONT)) == (80, whole)
    assert page.complaints() == []


def test_before_the_first_generator_there_are_no_chances(look: Open, file: Path) -> None:
    page = look(file)
    move(page, 2)
    assert "3 of 40 networks" in page.value(TOLD) and "there is no generator yet" in page.value(TOLD)
    assert page.value(f"getComputedStyle({LEARNED}).visibility") == "hidden"
    move(page, 4)
    assert page.value(f"getComputedStyle({LEARNED}).visibility") == "visible"


def test_the_keyboard_moves_the_slider_and_it_says_where_it_is(look: Open, file: Path) -> None:
    page = look(file)
    page.value(f"{SLIDER}.focus()")
    page.type_key("ArrowLeft")
    assert page.value(KNOWN) == 78
    page.type_key("Home")
    assert page.value(KNOWN) == 2
    tree: list[dict[str, Any]] = page.call("Accessibility.getFullAXTree")["nodes"]
    (slider,) = (n for n in tree if n.get("role", {}).get("value") == "slider")
    assert slider["name"]["value"] == "Back in time: the exploration up to network 0"
    assert page.value(f"{SLIDER}.getAttribute('aria-valuetext')") == "network 0"


def test_points_of_later_networks_cannot_be_met(look: Open, file: Path) -> None:
    page = look(file)
    dot = "document.querySelector('#exploration a[data-number=\"30\"] .sign')"
    x, y = page.middle(dot)
    move(page, 0)
    page.mouse("mouseMoved", x, y)
    panel = "document.getElementById('inspector')"
    assert page.value(f"{panel}.hidden || {panel}.innerText.includes('Network 0 ')")
    page.value("document.querySelector('#exploration a[data-number=\"0\"]').focus()")
    page.type_key("ArrowRight")
    assert page.value("document.activeElement.dataset.number") == "0"


def test_without_scripts_the_last_moment_stands_and_no_slider(look: Open, file: Path) -> None:
    page = look(file, Reader(scripts=False))
    assert page.value(f"{SLIDER}.checkVisibility()") is False
    assert page.value(KNOWN) == 80 and widths(page, "number of stages") == [25, 75]
    assert "when network 39 was proposed" in page.value(f"{LEARNED}.innerText")


def test_names_and_values_of_users_are_text(look: Open, tmp_path: Path) -> None:
    evil = "</script><i>\"'${7 * 7}"
    study = replace(records.study(), choices={evil: (evil, "plain")})
    generator = GeneratorRecord(0.5, {evil: (0.7, 0.3)})
    told = replace(study, candidates=tuple(replace(c, generator=generator) for c in study.candidates))
    (tmp_path / "page.html").write_text(render(explored(told)), encoding="utf-8")
    page = look(tmp_path / "page.html")
    move(page, 3)
    row = "document.querySelector('.chances li')"
    assert page.value(f"{row}.querySelector('.decision').textContent") == evil
    assert page.value(f"{row}.querySelector('.likeliest').textContent") == f"{evil} at 70\u00a0%"
    assert page.value(f"{row}.querySelector('.pieces span').title === {json.dumps(evil)}")
    assert page.value("document.querySelector('i')") is None and page.complaints() == []

"""The page says which decisions mattered, how surely, and where that comes from."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from attendnets.exploration.record import Influence
from attendnets.report import render
from attendnets.report.influences import influence_rows
from tests.report import records


def page(*influences: Influence) -> str:
    record = records.finished()
    assert record.study is not None
    return render(replace(record, study=replace(record.study, influences=influences)))


def test_a_decision_is_told_with_its_values_its_gain_and_its_error() -> None:
    (row,) = influence_rows([Influence("kind3", "visual_condenser", "pepe", 0.8, 0.2)])
    assert (row.decision, row.values) == ("stage 4: kind", "visual condenser over pepe")
    assert row.gain == "+0.80 ± 0.20" and not row.undecided


@pytest.mark.parametrize(("gain", "undecided"), [(0.3, False), (0.19, True), (-0.1, True)])
def test_a_gain_below_its_error_is_undecided(gain: float, undecided: bool) -> None:
    (row,) = influence_rows([Influence("size", 96, 64, gain, 0.2)])
    assert row.undecided is undecided
    assert ("gain slate" in row.bar) is undecided


def test_at_most_ten_are_shown_those_that_matter_most_first() -> None:
    rows = influence_rows([Influence(f"width{k}", 16, 8, 1 - 0.05 * k, 0.1) for k in range(14)])
    assert [row.decision for row in rows] == [f"stage {k}: width" for k in range(1, 11)]


def test_bars_share_a_scale_that_holds_every_whisker() -> None:
    rows = influence_rows([Influence("size", 96, 64, 2.0, 0.5), Influence("stages", 4, 3, 1.0, 1.5)])
    widths = [float(re.findall(r'<rect[^>]* width="([\d.]+)"', row.bar)[0]) for row in rows]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)
    ends = [float(end) for row in rows for end in re.findall(r"[MH](-?[\d.]+)", row.bar)]
    assert min(ends) >= 0 and max(ends) <= 420


def test_the_page_says_what_the_numbers_are() -> None:
    found = page(Influence("gate2_0", "relu6", "sigmoid", 0.1, 0.3))
    assert "in standard deviations of merit over all candidates, and the whisker one standard error" in found
    assert "from the inquisitor's model of this exploration, not from trainings of their own" in found
    assert "relu6 over sigmoid (undecided)" in found


def test_an_exploration_without_influences_shows_nothing_of_them() -> None:
    assert "Which decisions mattered" not in page()


def test_names_and_values_of_users_are_text() -> None:
    found = page(Influence("<i>a", "<b>x</b>", "<script>", 0.5, 0.1))
    assert "&lt;i&gt;a" in found and "&lt;b&gt;x&lt;/b&gt; over &lt;script&gt;" in found
    assert "<b>x</b>" not in found

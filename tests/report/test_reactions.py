"""The page says what each block of the chosen network is worth beside what it costs."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from attendnets.exploration.record import Reaction, StudyRecord
from attendnets.report import render
from attendnets.report.reactions import reaction_rows
from tests.report import records


def study(*reactions: Reaction) -> StudyRecord:
    told = records.study()
    return replace(
        told,
        candidates=tuple(
            replace(c, reactions=reactions if c.digest == told.chosen else ()) for c in told.candidates
        ),
    )


def page(*reactions: Reaction) -> str:
    return render(replace(records.finished(), study=study(*reactions)))


def test_a_block_is_told_with_its_costs_and_what_the_network_loses_without_it() -> None:
    (row,) = reaction_rows(
        study(
            Reaction("stages.0.0", "ablate", 0.21, 0.03, 0.42, 0.004),
            Reaction("stages.0.0", "halve", 0.05, 0.01, 0.42, 0.004),
        )
    )
    assert (row.block, row.kind) == ("stages.0.0", "visual condenser")
    assert row.costs == "42\u00a0% of the multiply-adds, 0.4\u00a0% of the parameters"
    assert (row.change, row.halved) == ("+0.210 ± 0.030", "+0.050 ± 0.010")
    assert not row.undecided


def test_a_block_with_nothing_round_it_is_told_halved() -> None:
    (row,) = reaction_rows(study(Reaction("stages.0.0", "halve", 0.05, 0.01, 0.4, 0.1)))
    assert (row.change, row.halved) == ("+0.050 ± 0.010, halved", "")


@pytest.mark.parametrize(("change", "undecided"), [(0.05, False), (0.02, True), (-0.1, True)])
def test_a_rise_below_its_error_is_undecided(change: float, undecided: bool) -> None:
    (row,) = reaction_rows(study(Reaction("stages.0.0", "ablate", change, 0.03, 0.4, 0.1)))
    assert row.undecided is undecided
    assert ("gain slate" in row.bar) is undecided


def test_bars_share_their_scales_and_stay_within_the_drawing() -> None:
    rows = reaction_rows(
        study(
            Reaction("stages.0.0", "ablate", 0.4, 0.1, 0.6, 0.1),
            Reaction("stages.1.0", "ablate", -0.2, 0.3, 0.3, 0.1),
        )
    )
    losses, shares = zip(
        *(map(float, re.findall(r' width="([\d.]+)" height="[95]"', r.bar)) for r in rows), strict=True
    )
    assert losses[0] == pytest.approx(2 * losses[1], abs=0.2)
    assert shares[0] == pytest.approx(2 * shares[1], abs=0.2)
    assert shares[0] == pytest.approx(0.6 * 412, abs=0.2)
    ends = [float(end) for row in rows for end in re.findall(r"[MH](-?[\d.]+)", row.bar)]
    assert min(ends) >= 0 and max(ends) <= 420


def test_the_page_tells_the_blocks_of_the_chosen_network() -> None:
    found = render(records.finished())
    assert "What the blocks of the chosen network are worth" in found
    assert "stages.0.0: visual condenser" in found


def test_a_study_that_probed_nothing_shows_nothing_of_it() -> None:
    assert "What the blocks of the chosen network are worth" not in page()


def test_names_of_blocks_are_text() -> None:
    found = page(Reaction("<script>x", "ablate", 0.1, 0.01, 0.5, 0.5))
    assert "&lt;script&gt;x" in found and "<script>x" not in found

"""Which decisions mattered."""

from __future__ import annotations

import random
from functools import partial

from attendnets.exploration.decision_levels import Encoding
from attendnets.exploration.decisions import Decisions
from attendnets.exploration.excess import learned
from attendnets.exploration.influence import DRIVERS_TOLD, drivers, influences
from attendnets.exploration.screening import Screen
from attendnets.exploration.space import DesignSpace
from attendnets.exploration.space_levels import Finished, SpaceLevels
from attendnets.requirements import Requirements

SPACE = DesignSpace(channels=1, classes=2, sizes=(48, 64))


def best_first(points: list[Decisions]) -> list[Finished]:
    """Pooling alone decides, and a little the size of the image."""

    def merit(index: int) -> float:
        size = points[index]["size"]
        assert isinstance(size, int)
        return 5.0 * (points[index]["downsample"] == "max") + size / 64

    order = sorted(range(len(points)), key=merit, reverse=True)
    return [Finished(points[index], str(index), index) for index in order]


def test_the_decision_that_mattered_comes_first_with_its_best_and_worst_value() -> None:
    rng = random.Random(0)
    found = influences(SpaceLevels(SPACE), best_first([SPACE.draw(rng) for _ in range(120)]))
    assert found[0].decision == "downsample"
    assert found[0].best == "max"
    assert found[0].gain > 3 * found[0].error > 0
    assert found[1].decision == "size"
    assert found[1].gain < 0.8 * found[0].gain
    assert found[2].gain < 0.5 * found[1].gain


def test_more_candidates_make_it_surer() -> None:
    rng = random.Random(1)
    points = [SPACE.draw(rng) for _ in range(80)]
    few, many = (
        next(i for i in influences(SpaceLevels(SPACE), best_first(part)) if i.decision == "downsample")
        for part in (points[:12], points)
    )
    assert many.error < few.error


def test_decisions_that_were_never_varied_are_not_spoken_of() -> None:
    rng = random.Random(2)
    points = [SPACE.draw(rng) | {"size": 48} for _ in range(20)]
    assert "size" not in {item.decision for item in influences(SpaceLevels(SPACE), best_first(points))}


def test_a_handful_of_candidates_tells_nothing() -> None:
    assert influences(SpaceLevels(SPACE), best_first([SPACE.smallest()] * 3)) == ()


def test_what_drives_requirements_to_being_broken_is_told_of_each() -> None:
    screen = Screen(
        Requirements.parse(["weights<=20KB", "macs<=1M"]), constraints=("anti_aliased_downsampling",)
    )
    levels = SpaceLevels(SPACE)
    model = learned(Encoding(levels.of_each), partial(levels.excesses, screen=screen))
    found = drivers(levels, model, screen.gates)
    of_each = {gate: [item for item in found if item.requirement == gate] for gate in screen.gates}
    assert all(1 <= len(items) <= DRIVERS_TOLD for items in of_each.values())
    width = next(item for item in of_each["weights"] if item.decision == "width3")
    assert (width.least, width.most) == (32, 256)
    assert width.excess > 0.5
    aliased = of_each["anti_aliased_downsampling"][0]
    assert (aliased.decision, aliased.least) == ("downsample", "average")
    for items in of_each.values():
        assert [item.excess for item in items] == sorted((item.excess for item in items), reverse=True)


def test_where_nothing_is_required_nothing_drives() -> None:
    assert drivers(SpaceLevels(SPACE), None, ()) == ()

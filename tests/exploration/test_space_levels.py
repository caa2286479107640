"""Points of a design space as rows of levels."""

from __future__ import annotations

from collections import defaultdict

from attendnets.exploration.space import DesignSpace
from attendnets.exploration.space_levels import SpaceLevels

LEVELS = SpaceLevels(DesignSpace(channels=1, classes=2))


def test_decisions_among_the_same_values_are_a_family() -> None:
    families: dict[str, list[str]] = defaultdict(list)
    for name, decision in zip(LEVELS.choices, LEVELS.of_each, strict=True):
        families[decision.family].append(name)
    members = [names for names in families.values() if len(names) > 1]
    assert ["kind0", "kind1", "kind2", "kind3"] in members
    assert [len(names) for names in members if names[0] == "ratio0_0"] == [16]
    # Widths differ from stage to stage, and stages are not depths.
    alone = {names[0] for names in families.values() if len(names) == 1}
    assert {"size", "stages", "width0", "width1", "width2", "width3"} <= alone


def test_names_are_unordered_and_numbers_ordered() -> None:
    ordered = dict(zip(LEVELS.choices, (decision.ordered for decision in LEVELS.of_each), strict=True))
    assert ordered["width0"] and ordered["ratio0_0"]
    assert not ordered["kind0"] and not ordered["downsample"]

"""Decisions and their values are told in words where they have some."""

from __future__ import annotations

import pytest

from attendnets.exploration.space import DesignSpace
from attendnets.report.decision_words import decision_words, value_words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("size", "image size"),
        ("width2", "stage 3: width"),
        ("kind0", "stage 1: kind"),
        ("ratio2_0", "stage 3, block 1: ratio"),
        ("embedding3_1", "stage 4, block 2: embedding"),
        ("stages.1.blocks.0.width", "stages.1.blocks.0.width"),
        ("width", "width"),
        ("kindness2", "kindness2"),
    ],
)
def test_a_decision_has_a_readable_name_and_a_users_own_stays(name: str, words: str) -> None:
    assert decision_words(name) == words


def test_each_decision_of_the_built_in_space_has_words_of_its_own() -> None:
    names = list(DesignSpace(channels=1, classes=2).choices())
    words = [decision_words(name) for name in names]
    assert len(set(words)) == len(names) and not any("_" in text for text in words)


@pytest.mark.parametrize(
    ("value", "words"), [("visual_condenser", "visual condenser"), (0.5, "0.5"), (2.0, "2"), (128, "128")]
)
def test_a_value_is_a_word_or_a_plain_number(value: float | str, words: str) -> None:
    assert value_words(value) == words

"""Searches in our own design space with made-up merits."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.own_space_ablation import LEVELS, REQUIREMENTS, landscape, searched


def test_random_points_of_a_landscape_have_mean_0_and_deviation_1() -> None:
    rng = np.random.default_rng(3)
    points = np.stack([rng.integers(decision.levels, size=4000) for decision in LEVELS.of_each], axis=1)
    merits = landscape(0)(points)
    assert merits.mean() == pytest.approx(0.0, abs=0.1)
    assert merits.std() == pytest.approx(1.0, abs=0.1)


def test_a_search_proposes_what_requirements_allow_and_its_best_never_falls() -> None:
    found = searched("generative_synthesis", REQUIREMENTS[0], 0, 12)
    assert len(found.best) == 12
    assert list(found.best) == sorted(found.best)
    assert found.not_found == 0
    assert found.screened >= 1.0

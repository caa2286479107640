"""Generator and inquisitor in turn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from attendnets.errors import UsageError
from attendnets.exploration.decision_levels import Decision, Levels
from attendnets.exploration.inquisitor import BROAD, Inquisitor
from attendnets.exploration.synthesis import Synthesis, SynthesisOptions, _different

DECISIONS = tuple(Decision(5, ordered=False) for _ in range(6))
TARGET = np.array([1, 4, 0, 2, 3, 1])


def anything(_: Levels) -> bool:
    return True


def merit(point: Levels) -> float:
    """Right decisions, of which the first two only count together."""
    right = point == TARGET
    return float(right[2:].sum() + 2 * (right[0] and right[1]))


def search(
    evaluations: int,
    acceptable: Callable[[Levels], bool] = anything,
    seed: int = 0,
    options: SynthesisOptions | None = None,
) -> Levels:
    synthesis = Synthesis(DECISIONS, options or SynthesisOptions())
    tried: list[Levels] = []
    seen: set[bytes] = set()

    def new(point: Levels) -> bool:
        return point.tobytes() not in seen and acceptable(point)

    for number in range(evaluations):
        point = synthesis.propose(
            np.array(tried, dtype=np.int64).reshape(-1, len(DECISIONS)),
            np.array([merit(point) for point in tried]),
            new,
            np.random.default_rng([seed, number]),
        )
        assert point is not None
        tried.append(point)
        seen.add(point.tobytes())
    return np.array(tried)


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_one_network_in_fifteen_thousand(seed: int) -> None:
    tried = search(120, seed=seed)
    assert max(merit(point) for point in tried) == merit(TARGET)


def test_the_same_history_gives_the_same_proposal_in_a_new_process() -> None:
    tried = search(40)
    merits = np.array([merit(point) for point in tried])
    proposals = [
        Synthesis(DECISIONS).propose(tried, merits, anything, np.random.default_rng(7)) for _ in range(2)
    ]
    assert proposals[0] is not None and proposals[1] is not None
    assert (proposals[0] == proposals[1]).all()


def test_what_is_not_acceptable_is_never_proposed() -> None:
    tried = search(60, acceptable=lambda point: point[0] != TARGET[0])
    assert (tried[:, 0] != TARGET[0]).all()


def test_where_nothing_is_acceptable_nothing_is_proposed() -> None:
    tried = search(20)
    merits = np.array([merit(point) for point in tried])
    synthesis = Synthesis(DECISIONS)
    assert synthesis.propose(tried, merits, lambda _: False, np.random.default_rng(0)) is None
    assert synthesis.propose(tried[:3], merits[:3], lambda _: False, np.random.default_rng(0)) is None


def test_a_space_of_one_network_proposes_it() -> None:
    synthesis = Synthesis((Decision(1, ordered=False), Decision(1, ordered=True)))
    tried = np.zeros((15, 2), dtype=np.int64)
    proposed = synthesis.propose(tried, np.zeros(15), anything, np.random.default_rng(0))
    assert proposed is not None and proposed.tolist() == [0, 0]


def test_successive_generators_settle() -> None:
    synthesis, tried = Synthesis(DECISIONS), search(80)
    merits = np.array([merit(point) for point in tried])
    entropies = [
        synthesis.generator(synthesis.inquisitor(tried[:count], merits[:count])).entropy for count in (15, 80)
    ]
    assert entropies[1] < entropies[0] < 1.0


def test_the_generator_prefers_what_the_inquisitor_found_good() -> None:
    synthesis, tried = Synthesis(DECISIONS), search(80)
    merits = np.array([merit(point) for point in tried])
    chances = synthesis.generator(synthesis.inquisitor(tried, merits)).chances
    assert [int(np.argmax(chance)) for chance in chances[2:]] == TARGET[2:].tolist()


def test_every_fourth_proposal_after_the_twentieth_is_by_the_broad_view() -> None:
    synthesis, tried = Synthesis(DECISIONS), search(36)
    merits = np.array([merit(point) for point in tried])
    assert [number for number in range(33) if synthesis.is_broad(number)] == [20, 24, 28, 32]

    def proposed(number: int | None) -> bytes:
        point = synthesis.propose(tried, merits, anything, np.random.default_rng(7), number)
        assert point is not None
        return point.tobytes()

    # Who proposes follows from the number, not from how many others have ended by then.
    assert proposed(None) == proposed(36) == proposed(40) == proposed(80)
    assert proposed(37) == proposed(41)
    expected = Inquisitor(synthesis.encoding, tried, merits, view=BROAD)
    drawn = np.unique(synthesis.generator(expected).draw(500, np.random.default_rng(7)), axis=0)
    assert proposed(36) == drawn[np.argmax(expected.improvement(drawn))].tobytes()


def test_repeats_take_their_share() -> None:
    options = SynthesisOptions(repeats=0.5)
    tried = search(120, options=options)
    assert len(np.unique(tried[:50], axis=0)) == 50
    assert len(np.unique(tried, axis=0)) == 120 - 35


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"first": 1}, "first"),
        ({"broad": 0}, "broad"),
        ({"temperature": 0.0}, "temperature"),
        ({"repeats": 1.0}, "repeats"),
    ],
)
def test_wrong_options_are_named(wrong: dict[str, float], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        SynthesisOptions(**wrong)  # type: ignore[arg-type]


def test_what_is_drawn_twice_is_kept_once_in_the_order_of_levels() -> None:
    rng = np.random.default_rng(0)
    points = rng.integers(0, 300, (500, 2)) // 100
    assert (_different(points) == np.unique(points, axis=0)).all()
    many = rng.integers(0, 100_000, (200, 5))
    assert (_different(many) == np.unique(many, axis=0)).all()

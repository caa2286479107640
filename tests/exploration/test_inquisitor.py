"""What the inquisitor learns from what was tried."""

from __future__ import annotations

import numpy as np
import pytest

from attendnets.exploration.decision_levels import Decision, Encoding
from attendnets.exploration.inquisitor import BROAD, CLOSE, MOST_POINTS, Inquisitor, normal_ranks

ENCODING = Encoding((Decision(5, ordered=False), Decision(4, ordered=True), Decision(3, ordered=False)))
EFFECTS = np.array([0.0, 3.0, 1.0, -2.0, 0.5])


def merit(points: np.ndarray) -> np.ndarray:
    """The first decision acts most, the second by its size, the third not at all."""
    return np.asarray(EFFECTS[points[:, 0]] + 0.5 * points[:, 1])


@pytest.fixture(scope="module")
def everything() -> np.ndarray:
    return np.stack(np.meshgrid(*(np.arange(d.levels) for d in ENCODING.decisions)), -1).reshape(-1, 3)


@pytest.fixture(scope="module")
def inquisitor(everything: np.ndarray) -> Inquisitor:
    tried = everything[np.random.default_rng(0).permutation(60)[:30]]
    return Inquisitor(ENCODING, tried, merit(tried))


def test_only_the_order_of_merits_counts() -> None:
    merits = np.array([0.1, 5.0, 3.0, 3.0])
    assert np.allclose(normal_ranks(merits), normal_ranks(np.array([-1e9, 9.0, 4.0, 4.0])))
    assert np.allclose(normal_ranks(merits)[[2, 3]], normal_ranks(merits)[2])
    assert np.argmax(normal_ranks(merits)) == 1


def test_points_tried_again_take_up_one_rank() -> None:
    once = normal_ranks(np.array([1.0, 2.0, 3.0, 4.0]))
    again = normal_ranks(np.array([1.0, 2.0, 3.0, 4.0, 4.0, 4.0]), np.array([1, 1, 1, 1 / 3, 1 / 3, 1 / 3]))
    assert np.allclose(again[:4], once)


def test_how_often_the_best_was_tried_moves_no_other() -> None:
    tried = np.array([[0, 0, 0], [1, 1, 1], [2, 2, 2], [3, 3, 0]])
    merits = np.array([1.0, 2.0, 4.0, 3.0])
    more, same = np.concatenate([tried, tried[[2, 2, 2]]]), np.append(merits, [4.0, 4.0, 4.0])
    expected = [
        Inquisitor(ENCODING, points, values, repeated=True).expected[0][:2]
        for points, values in ((tried, merits), (more, same))
    ]
    assert np.allclose(expected[0], expected[1], atol=0.1)
    counted = Inquisitor(ENCODING, more, same).expected[0][:2]
    assert (counted < expected[1] - 0.2).all()


def test_it_expects_most_of_what_is_best(inquisitor: Inquisitor, everything: np.ndarray) -> None:
    expected, deviation = inquisitor.expect(everything)
    assert np.corrcoef(expected, normal_ranks(merit(everything)))[0, 1] > 0.9
    assert merit(everything[[np.argmax(expected)]])[0] >= 4.0
    assert (deviation > 0).all()


def test_what_is_expected_of_tried_points_needs_no_solving(inquisitor: Inquisitor) -> None:
    assert np.allclose(inquisitor.fitted, inquisitor.expected[0])
    assert inquisitor.best == pytest.approx(inquisitor.expected[0].max())


def test_it_is_surer_of_what_was_tried(inquisitor: Inquisitor, everything: np.ndarray) -> None:
    tried = {tuple(point) for point in inquisitor.tried}
    new = np.array([point for point in everything if tuple(point) not in tried])
    assert inquisitor.expect(inquisitor.tried)[1].mean() < inquisitor.expect(new)[1].mean()


def test_reactions_tell_which_decisions_matter(inquisitor: Inquisitor) -> None:
    reactions = inquisitor.probe(inquisitor.tried)
    assert [len(reaction) for reaction in reactions] == [5, 4, 3]
    spreads = [float(np.ptp(reaction)) for reaction in reactions]
    assert spreads[0] > spreads[1] > spreads[2]
    assert int(np.argmax(reactions[0])) == 1
    assert int(np.argmin(reactions[0])) == 3


def test_what_a_family_learned_in_one_place_it_expects_in_another() -> None:
    tried = np.array([[0, 1], [1, 1], [2, 1], [0, 0], [1, 0], [2, 0]])
    merits = np.array([0.0, 2.0, 9.0, 1.0, 3.0, 8.0])
    expected = {}
    for family in ("", "kind"):
        encoding = Encoding(tuple(Decision(3, ordered=False, family=family) for _ in range(2)))
        [expected[family]], _ = Inquisitor(encoding, tried, merits).expect(np.array([[0, 2]]))
    # That 2 is good was only seen in the first place.
    assert expected["kind"] > expected[""]


def test_probing_sets_one_decision_and_keeps_the_others(everything: np.ndarray) -> None:
    family = Encoding(
        (Decision(5, ordered=False, family="kind"), *ENCODING.decisions[1:], Decision(5, False, "kind"))
    )
    tried = np.concatenate([everything, everything[:, :1]], axis=1)[::3]
    inquisitor = Inquisitor(family, tried, merit(tried))
    references = np.array([[1, 3, 0, 2], [4, 0, 2, 2]])
    for decision, reaction in enumerate(inquisitor.probe(references)):
        for level, expected in enumerate(reaction):
            changed = references.copy()
            changed[:, decision] = level
            assert expected == pytest.approx(inquisitor.expect(changed)[0].mean())


def test_improvement_is_never_negative_and_least_where_nothing_is_left(
    inquisitor: Inquisitor, everything: np.ndarray
) -> None:
    gain = inquisitor.improvement(everything)
    assert (gain >= 0).all()
    assert merit(everything[[np.argmax(gain)]])[0] > merit(everything).mean()


def test_the_best_are_kept_of_a_long_study() -> None:
    rng = np.random.default_rng(1)
    tried = np.stack([rng.integers(d.levels, size=1000) for d in ENCODING.decisions], axis=1)
    merits = rng.normal(size=1000)
    merits[3] = 10.0
    inquisitor = Inquisitor(ENCODING, tried, merits)
    assert len(inquisitor.tried) == MOST_POINTS
    assert (inquisitor.tried == tried[3]).all(1).any()


def test_the_best_half_and_the_newest_are_kept_in_their_order() -> None:
    merits = np.random.default_rng(2).integers(40, size=1000).astype(float)
    best = set(sorted(range(1000), key=lambda number: (-merits[number], number))[: MOST_POINTS // 2])
    newest = [number for number in range(1000) if number not in best][-MOST_POINTS // 2 :]
    encoding = Encoding((Decision(1000, ordered=False),))
    kept = Inquisitor(encoding, np.arange(1000)[:, None], merits).tried[:, 0]
    assert kept.tolist() == sorted([*best, *newest])


def test_of_a_long_study_only_what_is_kept_is_read() -> None:
    class Counted:
        read = 0

        def __len__(self) -> int:
            return 1000

        def __getitem__(self, places: np.ndarray) -> np.ndarray:
            self.read += len(places)
            return np.zeros((len(places), 3), dtype=np.int64)

    tried = Counted()
    Inquisitor(ENCODING, tried, np.arange(1000.0))
    assert tried.read == MOST_POINTS


def test_ranks_are_the_same_when_only_some_are_asked_for() -> None:
    merits = np.array([0.5, 3.0, 1.0, 1.0, -2.0])
    places, weights = np.array([2, 4, 1]), np.array([1.0, 0.5, 0.5, 1.0, 1.0])
    assert (normal_ranks(merits)[places] == normal_ranks(merits, None, places)).all()
    assert (normal_ranks(merits, weights)[places] == normal_ranks(merits, weights, places)).all()


def test_a_point_tried_several_times_is_expected_at_their_middle() -> None:
    tried = np.array([[0, 0, 0]] * 3 + [[1, 1, 1], [2, 2, 2], [3, 3, 0]])
    merits = np.array([9.0, 1.0, 2.0, 5.0, 6.0, 7.0])
    expected, _ = Inquisitor(ENCODING, tried, merits).expect(tried)
    assert normal_ranks(merits)[1] < expected[0] < normal_ranks(merits)[0]


def test_the_broad_view_sees_how_often_something_is_chosen_and_the_close_one_where() -> None:
    encoding = Encoding(tuple(Decision(4, ordered=False, family="kind") for _ in range(4)))
    permuted = np.array([[1, 3, 3, 3], [3, 1, 3, 3]])
    close, broad = (
        Inquisitor(encoding, np.array([[3, 3, 3, 1], [0, 1, 2, 0]]), np.array([1.0, 0.0]), view=view)
        for view in (CLOSE, BROAD)
    )
    assert (broad.expect(permuted)[0] > close.expect(permuted)[0] + 0.05).all()

"""Proposals of the study: prototypes, then generative synthesis within what costs allow."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

import numpy as np

from attendnets.cost import cost
from attendnets.exploration.decisions import Decisions, Value
from attendnets.exploration.proposer import Proposal, SynthesisProposer
from attendnets.exploration.prototypes import prototypes, synthesis_from_prototypes
from attendnets.exploration.screening import Screen
from attendnets.exploration.space import DesignSpace
from attendnets.exploration.space_levels import Finished, SpaceLevels
from attendnets.requirements import Requirements
from attendnets.spec import digest

SPACE = DesignSpace(channels=1, classes=2, sizes=(48, 64))
LIMITS = Screen(Requirements.parse(["weights<=60KB", "arena<=200KB"]))


def merit(decisions: Mapping[str, Value]) -> float:
    """A landscape: condensers in the last row, averages before strides, and the more work the better."""
    point = SPACE.canonical(decisions)
    macs = cost(SPACE.network(point)).macs
    return (
        3.0 * (point["kind3"] == "visual_condenser")
        + 2.0 * (point["downsample"] == "average")
        + 2.0 * math.log10(macs / 1e6)
    )


def searched(proposer: SynthesisProposer, count: int, seed: int, screen: Screen = LIMITS) -> list[Proposal]:
    """What is proposed in turn where ``merit`` is what trainings find."""
    found: list[Proposal] = []
    for number in range(count):
        order = sorted(range(len(found)), key=lambda index: -merit(found[index].decisions))
        finished = [Finished(found[i].decisions, digest(SPACE.network(found[i].decisions)), i) for i in order]
        seen = frozenset(item.digest for item in finished)
        proposal = proposer.propose(finished, seen, screen, random.Random(f"{seed}/{number}"))
        assert proposal is not None
        found.append(proposal)
    return found


def at_random(count: int, seed: int) -> list[Decisions]:
    rng = random.Random(seed)
    points: list[Decisions] = []
    while len(points) < count:
        point = SPACE.draw(rng)
        if LIMITS(SPACE.network(point)):
            points.append(point)
    return points


def test_prototypes_are_tried_first_and_in_their_order() -> None:
    proposer = synthesis_from_prototypes(SPACE, LIMITS)
    first = [proposal.decisions for proposal in searched(proposer, 4, seed=0)]
    assert first == [SPACE.canonical(point) for point in prototypes(SPACE, LIMITS)]


def test_every_proposal_is_new_and_meets_the_counted_requirements() -> None:
    networks = [SPACE.network(p.decisions) for p in searched(synthesis_from_prototypes(SPACE, LIMITS), 20, 1)]
    assert len({digest(network) for network in networks}) == 20
    assert all(LIMITS(network) for network in networks)


def test_the_same_history_and_seed_give_the_same_proposals() -> None:
    one = searched(synthesis_from_prototypes(SPACE, LIMITS), 10, seed=2)
    other = searched(synthesis_from_prototypes(SPACE, LIMITS), 10, seed=2)
    assert one == other
    assert one != searched(synthesis_from_prototypes(SPACE, LIMITS), 10, seed=3)


def test_what_was_tried_is_learned_from() -> None:
    ours = [
        max(merit(p.decisions) for p in searched(SynthesisProposer(SPACE), 30, seed)) for seed in range(3)
    ]
    drawn = [max(merit(point) for point in at_random(30, seed)) for seed in range(3)]
    assert sum(ours) > sum(drawn) + 1.0


def test_the_generator_comes_with_the_proposal_and_settles() -> None:
    generators = [p.generator for p in searched(synthesis_from_prototypes(SPACE, LIMITS), 30, 4)]
    assert generators[:4] == [None] * 4
    known = [generator for generator in generators if generator is not None]
    assert known[-1].entropy < known[0].entropy <= 1.0
    assert list(known[0].chances) == list(SPACE.choices())
    assert all(abs(sum(chances) - 1.0) < 0.01 for chances in known[-1].chances.values())


def test_a_generator_of_the_broad_view_has_no_place_among_the_successive_ones() -> None:
    found = searched(synthesis_from_prototypes(SPACE, LIMITS), 30, 6)
    without = [number for number, proposal in enumerate(found) if proposal.generator is None]
    assert without == [0, 1, 2, 3, 20, 24, 28]
    assert len({digest(SPACE.network(proposal.decisions)) for proposal in found}) == 30


def test_the_generator_keeps_requirements_and_says_which_press() -> None:
    screen = Screen(Requirements.parse(["weights<=20KB", "arena<=2MB"]))
    proposer = synthesis_from_prototypes(SPACE, screen)
    for_prototypes = screen.screened
    found = searched(proposer, 12, 5, screen)
    last = found[-1].generator
    assert last is not None
    assert last.multipliers["weights"] > 0.5
    assert last.multipliers["arena"] == 0.0
    # Of what an undecided generator draws hundreds are refused for each that passes.
    assert screen.screened - for_prototypes < 3 * len(found)


def test_what_drives_the_requirements_is_told() -> None:
    proposer = synthesis_from_prototypes(SPACE, Screen(Requirements.parse(["weights<=20KB"])))
    assert {item.requirement for item in proposer.drivers} == {"weights"}
    assert SynthesisProposer(SPACE).drivers == ()


def test_requirements_that_hardly_any_network_meets_are_still_met() -> None:
    screen = Screen(Requirements.parse(["weights<=5.2KB"]))
    proposer = SynthesisProposer(SPACE, screen=screen)
    finished: list[Finished] = []
    for number in range(2):
        seen = frozenset(item.digest for item in finished)
        proposal = proposer.propose(finished, seen, screen, random.Random(number))
        assert proposal is not None
        network = SPACE.network(proposal.decisions)
        assert cost(network).weights_bytes <= 5200
        finished.append(Finished(proposal.decisions, digest(network), number))


def test_when_nothing_new_is_left_there_is_no_proposal() -> None:
    assert SynthesisProposer(SPACE).propose([], frozenset(), lambda _: False, random.Random(0)) is None


def test_points_and_rows_of_levels_are_the_same_thing() -> None:
    levels = SpaceLevels(SPACE)
    best, first = (SPACE.canonical(SPACE.draw(random.Random(seed))) for seed in range(2))
    tried, merits = levels.history([Finished(best, "a", 1), Finished(first, "b", 0)])
    assert [levels.decisions(row) for row in tried[np.arange(2)]] == [first, best]
    assert merits.tolist() == [-1.0, 0.0]

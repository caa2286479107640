"""The design space: every point is a network, and points of data follow the data."""

import random

from hypothesis import given
from hypothesis import strategies as st

from attendnets.cost import cost
from attendnets.exploration.decisions import Decisions
from attendnets.exploration.space import CHANNEL_STEP, DesignSpace
from attendnets.spec import CondenserSpec, PepeSpec, VisualCondenserSpec, from_json, to_json

SPACE = DesignSpace(channels=1, classes=4)


@given(st.integers(0, 2**32))
def test_every_drawn_point_is_a_network_that_can_be_costed_and_written(seed: int) -> None:
    network = SPACE.network(SPACE.draw(random.Random(seed)))
    assert cost(network).parameters > 0
    assert from_json(to_json(network)) == network
    assert len(network.stages) in SPACE.stages
    assert all(block.width % CHANNEL_STEP == 0 for block in network.blocks)


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_a_mutation_changes_as_many_decisions_as_asked_and_stays_in_the_space(
    seed: int, changes: int
) -> None:
    rng = random.Random(seed)
    point = SPACE.draw(rng)
    other = SPACE.mutate(point, rng, changes)
    assert sum(point[name] != other[name] for name in point) == changes
    assert all(other[name] in values for name, values in SPACE.choices().items())


@given(st.integers(0, 2**32))
def test_the_canonical_point_is_the_same_network_and_its_own_canonical_point(seed: int) -> None:
    point = SPACE.draw(random.Random(seed))
    canonical = SPACE.canonical(point)
    assert SPACE.network(canonical) == SPACE.network(point)
    assert SPACE.canonical(canonical) == canonical


def test_idle_decisions_make_no_other_point() -> None:
    point = SPACE.smallest() | {"stages": 3, "kind1": "convolution", "depth1": 1}
    idle: Decisions = {
        "kind0": "convolution",
        "ratio1_0": 3.0,
        "gate1_0": "relu6",
        "groups1_1": 4,
        "embedding1_2": 1.0,
    }
    assert SPACE.canonical(point | idle) == SPACE.canonical(point)
    assert SPACE.canonical(point | {"groups1_0": 4}) != SPACE.canonical(point)


def test_each_block_has_inner_widths_of_its_own() -> None:
    point = SPACE.smallest() | {"stages": 3, "kind3": "visual_condenser", "depth3": 2, "width3": 64}
    first, second = SPACE.network(point | {"ratio3_0": 0.5, "ratio3_1": 2.0}).stages[-1].blocks
    assert isinstance(first, VisualCondenserSpec)
    assert isinstance(second, VisualCondenserSpec)
    assert (first.mixing, second.mixing) == (32, 128)


def test_each_block_has_groups_a_gate_and_a_kernel_of_its_own() -> None:
    point = SPACE.smallest() | {"stages": 3, "depth2": 2, "depth3": 2, "kind2": "pepe", "kind3": "condenser"}
    own: Decisions = {
        "groups3_0": 4,
        "groups3_1": 1,
        "gate3_0": "relu6",
        "gate3_1": "sigmoid",
        "kernel2_0": 5,
        "kernel2_1": 3,
    }
    first, second, third, fourth = SPACE.network(point | own).blocks[-4:]
    assert isinstance(first, PepeSpec)
    assert isinstance(second, PepeSpec)
    assert isinstance(third, CondenserSpec)
    assert isinstance(fourth, CondenserSpec)
    assert (first.kernel, second.kernel) == (5, 3)
    assert [(block.groups, block.gate) for block in (third, fourth)] == [(4, "relu6"), (1, "sigmoid")]


def test_a_stage_has_shortcuts_or_none() -> None:
    point = SPACE.smallest() | {"stages": 3, "depth3": 2, "shortcut2": False, "shortcut3": True}
    second, third = SPACE.network(point).stages[1:]
    assert not any(block.shortcut for block in second.blocks)
    assert all(block.shortcut for block in third.blocks)


@given(st.integers(0, 2**32))
def test_no_drawn_point_is_cheaper_in_weights_than_the_smallest(seed: int) -> None:
    smallest = cost(SPACE.network(SPACE.smallest()))
    assert cost(SPACE.network(SPACE.draw(random.Random(seed)))).weights_bytes >= smallest.weights_bytes


def test_every_halving_but_the_first_is_anti_aliased_where_the_point_says_average() -> None:
    rng = random.Random(0)
    point = SPACE.draw(rng) | {"downsample": "average"}
    network = SPACE.network(point)
    assert all(b.downsample == "average" for b in network.blocks)
    assert [stage.blocks[0].stride for stage in network.stages[1:]] == [2] * (len(network.stages) - 1)


@given(st.integers(0, 2**32))
def test_decisions_of_a_stage_that_is_not_there_make_no_other_network(seed: int) -> None:
    point = SPACE.draw(random.Random(seed))
    canonical = SPACE.canonical(point)
    assert SPACE.network(canonical) == SPACE.network(point)
    assert SPACE.canonical(canonical) == canonical


def test_sizes_do_not_exceed_the_images() -> None:
    space = DesignSpace.for_data({"300x300": 10, "100x90": 30}, 3, 2)
    assert max(space.sizes) <= 90


def test_tiny_images_keep_their_size_and_their_grid_in_the_stem() -> None:
    space = DesignSpace.for_data({"32x32": 100}, 3, 10)
    assert space.sizes == (32,)
    network = space.network(space.draw(random.Random(1)))
    assert network.stem.stride == 1

"""A prototype's space: the open cells are its decisions, what is written stays, every point is a network."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendnets.cost import cost
from attendnets.errors import InfeasibleError, SpecError
from attendnets.exploration.evaluation import InProcess, ShortTraining
from attendnets.exploration.journal import JournalFile
from attendnets.exploration.open_space import OpenSpace
from attendnets.exploration.prototypes import prototypes, synthesis_from_prototypes
from attendnets.exploration.screening import Screen, require_feasible
from attendnets.exploration.study import ExploreOptions, explore
from attendnets.prototype import Prototype
from attendnets.requirements import Requirements
from attendnets.spec import (
    ConvolutionSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    VisualCondenserSpec,
    digest,
    from_json,
    to_json,
)

VALUES: dict[str, Any] = {
    "input": {"size": "?"},
    "stem": {"width": "?"},
    "stages": [
        {"blocks": [{"kind": "convolution", "width": 16, "groups": 4}]},
        {
            "blocks": [
                {"kind": "?", "width": "16..40 step 8", "stride": 2, "downsample": "?", "repeat": "1..3"}
            ]
        },
        {
            "blocks": [
                {"kind": "pepe", "width": 48, "projection": "?", "second_projection": 24, "stride": "?"},
                {"kind": "convolution", "width": {"one_of": [30, 48]}, "groups": {"one_of": [1, 4]}},
            ]
        },
    ],
    "head": {"features": "?"},
}
SIZES = (48, 64, 80, 96)
SPACE = OpenSpace(Prototype.of(VALUES), channels=1, classes=3, sizes=SIZES)


def one_block(block: dict[str, Any], **changes: Any) -> OpenSpace:
    values = {"stem": {"width": 16}, "stages": [{"blocks": [block]}], **changes}
    return OpenSpace(Prototype.of(values, "mine.yaml"), channels=1, classes=3, sizes=SIZES)


def test_the_decisions_are_the_open_cells_by_their_places() -> None:
    names = list(SPACE.choices())
    assert names[:2] == ["input.size", "stem.width"] and names[-1] == "head.features"
    assert not any(name.startswith("stages.0") for name in names)
    assert [name for name in names if name.startswith("stages.2")] == [
        "stages.2.blocks.0.stride",
        "stages.2.blocks.0.projection",
        "stages.2.blocks.1.width",
        "stages.2.blocks.1.groups",
    ]
    assert SPACE.choices()["input.size"] == SIZES
    assert SPACE.choices()["stages.1.blocks.0.repeat"] == (1, 2, 3)
    assert all(2 <= len(values) <= 32 for values in SPACE.choices().values())


@given(st.integers(0, 2**32))
def test_every_drawn_point_and_its_neighbours_are_networks_that_can_be_written(seed: int) -> None:
    rng = random.Random(seed)
    drawn = SPACE.draw(rng)
    for point in (drawn, SPACE.mutate(drawn, rng, 3)):
        network = SPACE.network(point)
        assert cost(network).parameters > 0
        assert from_json(to_json(network)) == network
        assert all(point[name] in values for name, values in SPACE.choices().items())


@given(st.integers(0, 2**32))
def test_what_is_written_stays_as_it_is(seed: int) -> None:
    network = SPACE.network(SPACE.draw(random.Random(seed)))
    assert network.stages[0] == StageSpec(blocks=(ConvolutionSpec(width=16, groups=4),))
    pepe = network.stages[2].blocks[0]
    assert isinstance(pepe, PepeSpec) and (pepe.width, pepe.second_projection) == (48, 24)
    assert (network.input.channels, network.classes) == (1, 3)
    assert len(network.stages) == 3


@given(st.integers(0, 2**32))
def test_a_repeated_block_halves_the_grid_once(seed: int) -> None:
    point = SPACE.draw(random.Random(seed))
    blocks = SPACE.network(point).stages[1].blocks
    assert len(blocks) == point["stages.1.blocks.0.repeat"]
    assert [block.stride for block in blocks] == [2] + [1] * (len(blocks) - 1)
    assert len({type(block) for block in blocks}) == len({block.width for block in blocks}) == 1


def test_inner_widths_are_shares_of_the_block_in_multiples_of_8() -> None:
    block = {"kind": "visual_condenser", "width": 40, "mixing": "?", "embedding": "?"}
    space = one_block(block, input={"size": 48})
    place = "stages.0.blocks.0"
    network = space.network({f"{place}.mixing": 1.5, f"{place}.embedding": 0.25})
    assert network.blocks == (VisualCondenserSpec(width=40, mixing=64, embedding=16),)


@given(st.integers(0, 2**32))
def test_a_decision_that_does_not_matter_makes_no_other_network(seed: int) -> None:
    point = SPACE.draw(random.Random(seed))
    canonical = SPACE.canonical(point)
    assert SPACE.network(canonical) == SPACE.network(point)
    assert SPACE.canonical(canonical) == canonical
    kind = point["stages.1.blocks.0.kind"]
    for field, kinds in (
        ("projection", {"pepe"}),
        ("mixing", {"visual_condenser"}),
        ("embedding", {"visual_condenser", "condenser"}),
        ("inner", {"double_condenser"}),
    ):
        if kind not in kinds:
            name = f"stages.1.blocks.0.{field}"
            assert canonical[name] == SPACE.choices()[name][0]


def test_values_that_do_not_fit_together_are_left_out() -> None:
    rng = random.Random(0)
    pairs = {
        (point["stages.2.blocks.1.width"], point["stages.2.blocks.1.groups"])
        for point in (SPACE.draw(rng) for _ in range(100))
    }
    assert pairs == {(30, 1), (48, 1), (48, 4)}
    assert not Screen(Requirements())(
        SPACE.network({**SPACE.smallest(), "stages.2.blocks.1.width": 30, "stages.2.blocks.1.groups": 4})
    )


@pytest.mark.parametrize(
    ("block", "changes", "message"),
    [
        (
            {"kind": "convolution", "width": {"one_of": [16, 32]}, "groups": 3},
            {},
            "groups of 3 do not divide",
        ),
        ({"kind": "convolution", "width": 16, "groups": {"one_of": [3, 5]}}, {}, "stages.0.0.*groups of 5"),
        ({"kind": "convolution", "width": "?"}, {"classes": 5}, "classes: 5, but the images have 3"),
        (
            {"kind": "convolution", "width": "?"},
            {"input": {"channels": 3}},
            "input.channels: 3, but .* have 1",
        ),
    ],
)
def test_a_prototype_that_cannot_be_filled_for_these_images_is_refused(
    block: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError, match=f"mine.yaml: .*{message}"):
        one_block(block, **changes)


def test_classes_and_size_come_from_the_images_or_agree_with_them() -> None:
    block = {"kind": "convolution", "width": "?"}
    images = {"300x200": 10}, 3, 7
    values = {"stem": {"width": 16}, "stages": [{"blocks": [block]}]}
    for written, sides in (
        ({}, (96, 96)),
        ({"input": {"size": 50}}, (50, 50)),
        ({"input": {"height": 40, "width": 90}, "classes": 7}, (40, 90)),
    ):
        space = OpenSpace.for_data(Prototype.of({**values, **written}), *images)
        network = space.network(space.smallest())
        assert (network.input.height, network.input.width) == sides
        assert (network.input.channels, network.classes) == (3, 7)


def test_exploration_starts_from_points_spread_over_the_space() -> None:
    screen = Screen(Requirements.parse(["macs<=3M", "weights<=60KB"]))
    points = prototypes(SPACE, screen)
    networks = [SPACE.network(point) for point in points]
    assert len({digest(network) for network in networks}) >= 4
    assert all(screen(network) for network in networks)
    assert points[-1] == SPACE.smallest()
    macs = [cost(network).macs for network in networks]
    assert macs[-1] == min(macs) < 0.5 * max(macs)
    assert len({type(network.stages[1].blocks[0]) for network in networks}) >= 3


def landscape(spec: NetworkSpec, epochs: int) -> ShortTraining:
    top1 = 60 + cost(spec).macs / 1e6
    return ShortTraining(top1, 400, loss=2 - top1 / 100, loss_error=0.01, seconds=0.01)


def test_a_study_of_a_prototype_is_kept_by_the_places_of_its_cells(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    screen = Screen(Requirements.parse(["weights<=60KB"]))
    record = explore(
        SPACE,
        screen,
        synthesis_from_prototypes(SPACE, screen),
        InProcess(landscape),
        options=ExploreOptions(trials=9, rung_epochs=(1, 3)),
        place=JournalFile(journal),
        context="a",
    )
    assert len({candidate.digest for candidate in record.candidates}) == 9
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(journal)))
    trials = optuna.load_study(study_name="attendnets", storage=storage).trials
    assert [SPACE.network(trial.params) for trial in trials] == [c.spec for c in record.candidates]
    assert set(trials[0].params) == set(SPACE.choices())


def test_constraints_bind_and_are_named_where_nothing_can_keep_them() -> None:
    require_feasible(SPACE, Screen(Requirements(), constraints=("anti_aliased_downsampling",)), seed=0)
    with pytest.raises(
        InfeasibleError, match=r"keeps columnar; the binding constraint is columnar.*stages\.2"
    ):
        require_feasible(SPACE, Screen(Requirements(), constraints=("columnar",)), seed=0)

"""Each rule says what is broken and where, on networks that break just that."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from attendnets.errors import SpecError, UsageError
from attendnets.exploration.prototypes import prototypes
from attendnets.exploration.space import DesignSpace
from attendnets.networks.catalogue import network_spec
from attendnets.networks.constraints import (
    CONSTRAINTS,
    Violation,
    at_most_parameters,
    constraint,
    constraint_name,
    frozen,
    frozen_parts,
    is_constraint,
    violations,
)
from attendnets.spec import ConvolutionSpec, DoubleCondenserSpec, NetworkSpec, StageSpec, StemSpec

KEPT = network_spec("attendnext")


def with_block(block: Any, stem: StemSpec = KEPT.stem) -> NetworkSpec:
    stages = (*KEPT.stages[:1], StageSpec(blocks=(block, *KEPT.stages[1].blocks[1:])), *KEPT.stages[2:])
    return msgspec.structs.replace(KEPT, stem=stem, stages=stages)


def strided(**changes: Any) -> DoubleCondenserSpec:
    return DoubleCondenserSpec(width=84, inner=84, stride=2, **changes)


def broken(spec: NetworkSpec) -> set[tuple[str, str]]:
    return {(found.rule, found.where) for found in violations(spec)}


def test_a_network_that_keeps_all_rules_has_no_violation() -> None:
    assert violations(KEPT) == ()
    assert broken(with_block(strided())) == set()


def test_a_strided_pointwise_convolution_is_named() -> None:
    spec = with_block(strided(downsample="stride"))
    assert ("no_strided_pointwise", "stages.1.0.project") in broken(spec)
    (found,) = CONSTRAINTS["no_strided_pointwise"](spec)
    assert "1x1 convolution with stride 2" in found.what


def test_a_strided_pointwise_convolution_is_found_at_any_image_size() -> None:
    spec = with_block(strided(downsample="stride"))
    small = msgspec.structs.replace(spec, input=msgspec.structs.replace(spec.input, height=1, width=1))
    assert CONSTRAINTS["no_strided_pointwise"](small) == CONSTRAINTS["no_strided_pointwise"](spec)


@pytest.mark.parametrize("downsample", ["stride", "max"])
def test_aliased_halving_is_named(downsample: str) -> None:
    found = CONSTRAINTS["anti_aliased_downsampling"](with_block(strided(downsample=downsample)))
    assert [violation.where for violation in found] == ["stages.1.0"]
    assert downsample in found[0].what


def test_max_pooling_in_the_stem_is_named() -> None:
    stem = StemSpec(width=32, second_groups=4, pool="max", activation="silu")
    assert broken(with_block(strided(), stem)) == {("anti_aliased_downsampling", "stem.pool")}


@pytest.mark.parametrize("groups", [1, 2])
def test_another_number_of_columns_is_named(groups: int) -> None:
    assert broken(with_block(strided(groups=groups))) == {
        ("columnar", "stages.1.0.embed.0"),
        ("columnar", "stages.1.0.embed.1"),
    }


def test_a_network_without_columns_is_not_columnar() -> None:
    spec = msgspec.structs.replace(
        KEPT, stem=StemSpec(width=8), stages=(StageSpec(blocks=(ConvolutionSpec(width=8),)),)
    )
    assert [found.where for found in CONSTRAINTS["columnar"](spec)] == ["network"]


@pytest.mark.parametrize("part", ["stem", "head", "stages.0", "stages.1", "stages.1.0", "stages.1.1"])
def test_what_is_frozen_is_kept_by_the_network_itself(part: str) -> None:
    assert frozen(part, KEPT)(KEPT) == ()


@pytest.mark.parametrize(
    ("part", "where"),
    [
        ("stages.1", ["stages.1.0.inner", "stages.1.0.width"]),
        ("stages.1.0", ["stages.1.0.inner", "stages.1.0.width"]),
        ("stages.1.1", []),
        ("stages.0", []),
        ("stem", []),
        ("head", []),
    ],
)
def test_every_field_of_a_frozen_part_that_differs_is_named(part: str, where: list[str]) -> None:
    first = KEPT.stages[1].blocks[0]
    changed = msgspec.structs.replace(first, width=88, inner=44)
    found = frozen(part, KEPT)(with_block(changed))
    assert [violation.where for violation in found] == where
    assert {violation.rule for violation in found} <= {f"frozen:{part}"}
    if found:
        assert found[1].what == f"88 where {first.width} is frozen"


def test_another_kind_of_block_and_another_depth_break_what_is_frozen() -> None:
    assert ("stages.1.0.kind", "convolution where double_condenser is frozen") in [
        found[1:] for found in frozen("stages.1.0", KEPT)(with_block(ConvolutionSpec(width=84, stride=2)))
    ]
    last = KEPT.stages[-1]
    number, depth = len(KEPT.stages) - 1, len(last.blocks)
    shallow = msgspec.structs.replace(KEPT, stages=(*KEPT.stages[:-1], StageSpec(blocks=last.blocks[:-1])))
    assert {found.where.rsplit(".", 1)[0] for found in frozen(f"stages.{number}", KEPT)(shallow)} == {
        f"stages.{number}.{depth - 1}"
    }
    assert {found.where.rsplit(".", 1)[0] for found in frozen(f"stages.{number}", shallow)(KEPT)} == {
        f"stages.{number}.{depth - 1}"
    }
    fewer = msgspec.structs.replace(KEPT, stages=KEPT.stages[:-1])
    assert frozen(f"stages.{number}", KEPT)(fewer) == (
        Violation(f"frozen:stages.{number}", f"stages.{number}", "it is frozen, and not there"),
    )


@pytest.mark.parametrize("part", ["stages.9", "stages.0.99"])
def test_what_is_not_there_cannot_be_frozen(part: str) -> None:
    with pytest.raises(SpecError, match=f"{part} cannot be frozen: the network has no such part"):
        frozen(part, KEPT)
    with pytest.raises(SpecError, match=f"{part} cannot be frozen: there is no network"):
        constraint(f"frozen:{part}")


def test_a_rule_of_each_name_is_there() -> None:
    names = (*CONSTRAINTS, "frozen:stem", "frozen:stages.1.0")
    assert all(is_constraint(name) and constraint(name, KEPT)(KEPT) == () for name in names)
    assert not is_constraint("weights")
    assert frozen_parts(names) == ("stem", "stages.1.0")


def test_too_many_parameters_are_counted() -> None:
    assert at_most_parameters(4_000_000)(KEPT) == ()
    assert at_most_parameters(3_000_000)(KEPT) == (
        Violation("at_most_parameters", "network", "3,917,344 parameters of under 3,000,000"),
    )


def test_the_rules_decide_what_an_exploration_may_propose() -> None:
    space = DesignSpace(channels=3, classes=10)
    rng = random.Random(0)
    drawn = [space.network(space.draw(rng)) for _ in range(300)]
    rule = CONSTRAINTS["anti_aliased_downsampling"]
    kept = [spec for spec in drawn if not rule(spec)]
    assert 0 < len(kept) < len(drawn)
    assert all(block.downsample == "average" for spec in kept for block in spec.blocks if block.stride == 2)
    points = prototypes(space, lambda spec: not rule(spec))
    assert points
    assert all(not rule(space.network(point)) for point in points)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("columnar", "columnar"),
        ("anti-aliased", "anti_aliased_downsampling"),
        ("no_strided_pointwise", "no_strided_pointwise"),
        ("No-Strided", "no_strided_pointwise"),
        ("frozen:stem", "frozen:stem"),
        (" Frozen:Stages.0.12", "frozen:stages.0.12"),
    ],
)
def test_a_constraint_is_named_by_its_beginning(text: str, name: str) -> None:
    assert constraint_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "column4",
        "aliased",
        "at_most_parameters",
        "frozen",
        "frozen:",
        "frozen:stages",
        "frozen:input",
        "frozen:stages.01",
        "frozen:stages.1.00",
    ],
)
def test_what_is_no_constraint_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(UsageError, match=f"--constraint {text}: .* anti-aliased-downsampling, columnar"):
        constraint_name(text)

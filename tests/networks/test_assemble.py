"""A specification becomes a module of raw pixels."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from attendnets.cost import cost
from attendnets.errors import SpecError
from attendnets.networks.assemble import assemble, trace_network
from attendnets.spec import (
    ConvolutionSpec,
    HeadSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def small(**changes: Any) -> NetworkSpec:
    fields: dict[str, Any] = {
        "input": InputSpec(channels=3, height=32, width=24),
        "stem": StemSpec(width=8),
        "stages": (
            StageSpec(blocks=(VisualCondenserSpec(width=8, mixing=8, embedding=4),)),
            StageSpec(blocks=(PepeSpec(width=12, projection=8, second_projection=8, stride=2),)),
        ),
        "classes": 5,
    }
    return NetworkSpec(**(fields | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"input": InputSpec(channels=1, height=17, width=31)},
        {"stem": StemSpec(width=8, kernel=7, pool="max")},
        {"stem": StemSpec(width=8, kernel=5, stride=1, second_groups=2, pool="average", activation="silu")},
        {"head": HeadSpec(features=20, dropout=0.5)},
        {"head": HeadSpec(features=20, activation="silu")},
        {"classes": 1},
    ],
)
def test_module_and_cost_agree_on_stem_and_head(changes: dict[str, Any]) -> None:
    spec = small(**changes)
    network = assemble(spec).eval()
    counted = cost(spec)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        logits = network(torch.rand(2, *counted.rows[0].in_shape) * 255)
    assert logits.shape == (2, spec.classes)
    assert counted.parameters == sum(p.numel() for p in network.parameters())
    assert 2 * 2 * counted.macs == counter.get_total_flops()


def test_features_are_those_of_the_last_stage() -> None:
    spec = small()
    network = assemble(spec)
    assert network.forward_features(torch.zeros(2, 3, 32, 24)).shape[1:] == cost(spec).rows[-2].out_shape


def test_pixels_are_divided_by_255_inside() -> None:
    network = assemble(small()).eval()
    pixels = torch.randint(0, 256, (2, 3, 32, 24)).float()
    with torch.no_grad():
        by_hand = network.head(network.stages(network.stem(pixels / 255)))
        torch.testing.assert_close(network(pixels), by_hand)


def test_folding_takes_the_division_in_and_leaves_the_original_alone() -> None:
    network = assemble(small()).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    folded = network.fold()
    assert folded.pixel_scale == 1
    assert network.training and not folded.training
    assert network.pixel_scale == 1 / 255
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(isinstance(m, nn.BatchNorm2d) for m in folded.modules())
    assert folded.spec == network.spec


def test_folding_twice_is_folding_once() -> None:
    network = assemble(small())
    pixels = torch.rand(2, 3, 32, 24) * 255
    with torch.no_grad():
        network.train()(pixels)
        once = network.fold()
        torch.testing.assert_close(once.fold()(pixels), once(pixels))


def test_zero_padding_stays_exact_when_the_division_is_folded() -> None:
    """The border of a black image is as black as its middle."""
    network = assemble(small()).fold()
    with torch.no_grad():
        stem = network.stem(torch.zeros(1, 3, 32, 24))
    torch.testing.assert_close(stem, stem[..., :1, :1].expand_as(stem))


def test_folded_networks_hold_only_operations_with_an_8_bit_form() -> None:
    network = assemble(small()).fold()
    program = torch.export.export(network, (torch.rand(1, 3, 32, 24),), strict=False)
    called = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    operators = {name.split(".")[1] for name in called if name.startswith("aten.")}
    assert operators <= {
        "conv2d",
        "relu",
        "max_pool2d",
        "avg_pool2d",
        "upsample_nearest2d",
        "sigmoid",
        "mul",
        "add",
        "mean",
        "dropout",
        "linear",
    }
    assert not [name for name in called if "batch_norm" in name]


def test_first_predictions_are_undecided() -> None:
    torch.manual_seed(0)
    network = assemble(small()).train()
    logits = network(torch.rand(64, 3, 32, 24) * 255)
    loss = nn.functional.cross_entropy(logits, torch.arange(64) % 5)
    assert loss.item() == pytest.approx(math.log(5), abs=0.05)


def test_the_same_seed_makes_the_same_network() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(assemble(small()).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"classes": 0}, "$.classes"),
        ({"stem": StemSpec(width=0)}, "$.stem.width"),
        ({"stem": StemSpec(width=10, second_groups=4)}, "stem.second: groups of 4"),
        ({"stages": ()}, "$.stages"),
        (
            {"stages": (StageSpec(blocks=(ConvolutionSpec(width=8), ConvolutionSpec(width=9, groups=2))),)},
            "stages.0.1.convs.0: groups of 2 do not divide 8 input and 9 output channels",
        ),
        (
            {
                "input": InputSpec(height=2, width=2),
                "stages": (StageSpec(blocks=(ConvolutionSpec(width=8, stride=2, downsample="blur"),)),),
            },
            "stages.0.0.down.pad: a grid of 1x1 is too small",
        ),
    ],
)
def test_networks_that_cannot_exist_are_refused_alike_by_all(changes: dict[str, Any], names: str) -> None:
    spec = small(**changes)
    for refuse in (assemble, cost, trace_network):
        with pytest.raises(SpecError) as refusal:
            refuse(spec)
        assert names in str(refusal.value)

"""A specification becomes a module of raw pixels; the released DC-AC network comes out to the digit."""

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
    DoubleCondenserSpec,
    HeadSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def released(
    classes: int = 1000, depths: tuple[int, ...] = (2, 2, 3, 1), attention: bool = True
) -> NetworkSpec:
    """The network of Cancer-Net-SCa-DC-AC: widths 40, 84, 176, 372, late stages expanded by 2."""
    stages = []
    for number, (inner, depth) in enumerate(zip((40, 84, 176, 372), depths, strict=True)):
        late = number >= 2
        stages.append(
            StageSpec(
                blocks=tuple(
                    DoubleCondenserSpec(
                        width=2 * inner if late else inner,
                        inner=inner,
                        form="bottleneck" if late else "basic",
                        stride=2 if number and first else 1,
                        attention=attention and first,
                    )
                    for first in (position == 0 for position in range(depth))
                )
            )
        )
    return NetworkSpec(
        input=InputSpec(channels=3, height=224, width=224),
        stem=StemSpec(width=32, second_groups=4, pool="average", activation="silu"),
        stages=tuple(stages),
        classes=classes,
    )


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
    ("classes", "parameters", "macs"),
    [
        (1000, 2_376_600, 319_695_780),
        (50, 1_668_850, 318_988_980),
        (10, 1_639_050, 318_959_220),
        (1, 1_632_345, 318_952_524),
    ],
)
def test_the_released_dc_ac_network_to_the_digit(classes: int, parameters: int, macs: int) -> None:
    counted = cost(released(classes))
    assert (counted.parameters, counted.macs) == (parameters, macs)


def test_the_released_dc_ac_network_row_by_row() -> None:
    rows = [
        (r.name, r.out_shape.channels, r.out_shape.height, r.parameters, r.macs)
        for r in cost(released()).rows
    ]
    assert rows == [
        ("stem", 32, 56, 3_296, 39_739_392),
        ("stages.0.0", 40, 56, 8_000, 24_335_360),
        ("stages.0.1", 40, 56, 7_360, 22_579_200),
        ("stages.1.0", 84, 28, 27_300, 21_008_064),
        ("stages.1.1", 84, 28, 32_088, 24_893_568),
        ("stages.2.0", 352, 14, 178_112, 43_188_992),
        ("stages.2.1", 352, 14, 195_008, 37_945_600),
        ("stages.2.2", 352, 14, 195_008, 37_945_600),
        ("stages.3.0", 744, 7, 985_428, 67_316_004),
        ("head", 1000, 1, 745_000, 744_000),
    ]


def test_the_released_dc_ac_module_is_what_was_counted() -> None:
    with torch.device("meta"):
        network = assemble(released()).eval()
        with FlopCounterMode(display=False) as counter:
            logits = network(torch.empty(1, 3, 224, 224))
    assert logits.shape == (1, 1000)
    assert sum(p.numel() for p in network.parameters()) == 2_376_600
    assert counter.get_total_flops() == 2 * 319_695_780


def test_the_released_module_strides_only_its_first_convolution() -> None:
    with torch.device("meta"):
        convs = [m for m in assemble(released()).modules() if isinstance(m, nn.Conv2d)]
    assert [c.stride for c in convs if c.stride != (1, 1)] == [(2, 2)]
    assert convs[0].stride == (2, 2)
    assert all(c.groups == 4 for c in convs[1:] if c.kernel_size == (3, 3))


@pytest.mark.parametrize(
    ("depths", "parameters", "macs"),
    [((3, 4, 7, 3), 4_963_920, 628_604_716), ((4, 4, 7, 3), 4_971_280, 651_183_916)],
)
def test_its_deeper_relatives_without_attention(depths: tuple[int, ...], parameters: int, macs: int) -> None:
    counted = cost(released(depths=depths, attention=False))
    assert (counted.parameters, counted.macs) == (parameters, macs)


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

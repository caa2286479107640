"""A module's costs by running it without data: sums done by hand, and our own networks counted twice."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.utils.flop_counter import FlopCounterMode

from attendnets.cost import cost
from attendnets.errors import SpecError
from attendnets.graph import Shape
from attendnets.networks.assemble import assemble
from attendnets.networks.counting import count
from attendnets.spec import (
    BlockSpec,
    CondenserSpec,
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


def network(block: BlockSpec) -> NetworkSpec:
    return NetworkSpec(
        input=InputSpec(channels=3, height=30, width=22),
        stem=StemSpec(width=8),
        stages=(StageSpec(blocks=(block, ConvolutionSpec(width=12))), StageSpec(blocks=(block,))),
        head=HeadSpec(features=16),
        classes=5,
    )


BLOCKS = [
    ConvolutionSpec(width=12, stride=2, groups=2),
    CondenserSpec(width=12, embedding=8, stride=2),
    VisualCondenserSpec(width=12, mixing=8, embedding=8, expansion=True),
    DoubleCondenserSpec(width=12, inner=8, form="bottleneck", stride=2),
    PepeSpec(width=12, projection=8, multiplier=2, second_projection=4, stride=2, downsample="stride"),
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: type(block).__name__)
def test_our_own_networks_cost_the_same_counted_on_the_module(block: BlockSpec) -> None:
    spec = network(block)
    priced, counted = cost(spec), count(assemble(spec), (3, 30, 22))
    assert (counted.parameters, counted.macs) == (priced.parameters, priced.macs)
    assert [(row.name, row.in_shape, row.out_shape, row.parameters, row.macs) for row in counted.rows] == [
        (row.name, row.in_shape, row.out_shape, row.parameters, row.macs) for row in priced.rows
    ]


@pytest.mark.parametrize("bits", [4, 8, 32])
def test_weights_are_counted_as_ours_are(bits: int) -> None:
    spec = network(ConvolutionSpec(width=12, stride=2))
    assert count(assemble(spec), (3, 30, 22), bits).weights_bytes == cost(spec, bits).weights_bytes


@pytest.mark.parametrize("block", [BLOCKS[0], BLOCKS[4]], ids=lambda block: type(block).__name__)
def test_the_peak_of_activations_is_that_of_the_folded_network(block: BlockSpec) -> None:
    spec = network(block)
    assert count(assemble(spec).fold(), (3, 30, 22)).activation_bytes == cost(spec).activation_bytes


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(x)) + x)


def test_a_small_module_by_hand() -> None:
    """2x6x6, 3x3 of stride 2 to 4x3x3, a 3x3 with a shortcut, the average, 3 classes."""
    stem = nn.Sequential(nn.Conv2d(2, 4, 3, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
    counted = count(
        nn.Sequential(stem, Residual(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)), (2, 6, 6)
    )
    assert counted.parameters == (72 + 8) + (144 + 8) + (12 + 3)
    assert counted.macs == 9 * 72 + 9 * 144 + 12
    assert counted.product_macs == 0
    assert counted.weights_bytes == 72 + 144 + 12 + 4 * (4 + 4 + 3)
    # The input and the stem's output; the shortcut waits while the convolution's output is added to it.
    assert counted.activation_bytes == max(72 + 36, 3 * 36)
    rows = [(row.name, row.kind, row.parameters, row.macs, row.weights_bytes) for row in counted.rows]
    assert rows == [
        ("0.0", "Conv2d", 72, 648, 72 + 16),
        ("0.1", "BatchNorm2d", 8, 0, 0),
        ("1", "Residual", 152, 1296, 144 + 16),
        ("4", "Linear", 15, 12, 12 + 12),
    ]
    assert counted.rows[2].in_shape == counted.rows[2].out_shape == Shape(4, 3, 3)
    assert counted.rows[3].out_shape == Shape(3, 1, 1)


def test_groups_and_upsampling_convolutions_are_counted_a_use_of_each_weight() -> None:
    grouped = nn.Conv2d(8, 12, 3, padding=1, groups=4)
    assert count(grouped, (8, 5, 7)).macs == grouped.weight.numel() * 5 * 7
    upsampling = nn.ConvTranspose2d(8, 4, 2, 2)
    assert count(upsampling, (8, 5, 7)).macs == upsampling.weight.numel() * 5 * 7


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(18, 6))
        self.project = nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)
        query, key, value = linear(tokens, self.weight).chunk(3, -1)
        share = (query @ key.transpose(1, 2)).softmax(-1)
        out: Tensor = self.project(share @ value)
        return out


def test_products_of_activations_are_counted_apart() -> None:
    counted = count(Attention(), (6, 4, 5))
    assert counted.macs == 20 * 6 * 18 + 20 * 6 * 6
    assert counted.product_macs == 2 * 20 * 20 * 6
    with FlopCounterMode(display=False) as flops:
        Attention()(torch.zeros(1, 6, 4, 5))
    assert counted.macs + counted.product_macs == flops.get_total_flops() // 2


def test_the_module_stays_as_it_was() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    count(module, (3, 8, 8))
    assert module.training and not module[0]._forward_hooks and not module[0]._forward_pre_hooks
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_an_image_that_cannot_pass_is_named() -> None:
    with pytest.raises(SpecError, match=r"image of 3x2x9 .* cannot pass"):
        count(nn.Conv2d(3, 4, 5), (3, 2, 9))

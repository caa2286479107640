"""The plain convolution block: ResNet's basic block where it has two layers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from attendnets.blocks import build_block, trace_block
from attendnets.blocks.convolution import ConvolutionBlock
from attendnets.graph import Graph, Shape
from attendnets.spec import ConvolutionSpec

pytestmark = pytest.mark.usefixtures("one_thread")


def test_two_layers_with_a_shortcut_are_resnets_basic_block() -> None:
    block = build_block(8, ConvolutionSpec(width=16, stride=2, downsample="stride")).eval()
    assert isinstance(block, ConvolutionBlock)
    x = torch.randn(2, 8, 9, 9)
    first, second, way_round = (m for m in block.modules() if isinstance(m, torch.nn.Conv2d))
    norm = (1 + 1e-5) ** -0.5  # a norm that has seen nothing: mean 0, variance 1
    y = F.relu(F.conv2d(x, first.weight, stride=2, padding=1) * norm)
    y = F.conv2d(y, second.weight, padding=1) * norm
    expected = F.relu(y + F.conv2d(x, way_round.weight, stride=2) * norm)
    torch.testing.assert_close(block(x), expected)


def test_a_single_layer_without_shortcut_is_a_convolution() -> None:
    spec = ConvolutionSpec(width=8, layers=1, shortcut=False, kernel=5, groups=4)
    block = build_block(8, spec).eval()
    (conv,) = (m for m in block.modules() if isinstance(m, torch.nn.Conv2d))
    x = torch.randn(2, 8, 6, 6)
    expected = F.relu(F.conv2d(x, conv.weight, padding=2, groups=4) * (1 + 1e-5) ** -0.5)
    torch.testing.assert_close(block(x), expected)


def test_the_activation_comes_after_the_addition() -> None:
    block = build_block(4, ConvolutionSpec(width=4, activation="relu6"))
    out = block(torch.randn(2, 4, 8, 8) * 20)
    assert out.min() >= 0 and out.max() <= 6


def test_costs_worked_out_by_hand() -> None:
    """8 channels on 10x10, averaged to 5x5, two 3x3 layers of 16 in 2 groups, 1x1 shortcut."""
    graph = Graph(Shape(8, 10, 10))
    trace_block(ConvolutionSpec(width=16, stride=2, groups=2), graph, 0)
    first, second, way_round = (8 // 2) * 16 * 9, (16 // 2) * 16 * 9, 8 * 16
    assert (first, second, way_round) == (576, 1152, 128)
    assert sum(o.weights for o in graph.operations) == 1856
    assert sum(o.parameters for o in graph.operations) == 1856 + 3 * 2 * 16
    assert sum(o.macs for o in graph.operations) == 25 * 1856
    assert sum(o.biases for o in graph.operations) == 48
    x, pooled, wide = 8 * 100, 8 * 25, 16 * 25
    assert graph.live_bytes() == [
        x + pooled,
        pooled + wide,
        pooled + wide + wide,  # the pooled input waits for the shortcut
        pooled + wide + wide,
        wide + wide + wide,
    ]

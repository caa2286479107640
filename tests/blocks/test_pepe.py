"""PEPE: pointwise projection, widening depthwise convolution, projection, expansion."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from attendnets.blocks import build_block, trace_block
from attendnets.graph import Graph, Shape
from attendnets.spec import PepeSpec

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_four_layers_are_those_of_the_paper() -> None:
    block = build_block(12, PepeSpec(width=12, projection=6, multiplier=3, second_projection=4)).eval()
    convs = [m for m in block.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [tuple(c.weight.shape) for c in convs] == [
        (6, 12, 1, 1),
        (18, 1, 3, 3),  # depthwise: three filters a channel
        (4, 18, 1, 1),
        (12, 4, 1, 1),
    ]
    x = torch.randn(2, 12, 7, 7)
    norm = (1 + 1e-5) ** -0.5
    y = F.relu(F.conv2d(x, convs[0].weight) * norm)
    y = F.relu(F.conv2d(y, convs[1].weight, padding=1, groups=6) * norm)
    y = F.relu(F.conv2d(y, convs[2].weight) * norm)
    y = F.conv2d(y, convs[3].weight) * norm
    torch.testing.assert_close(block(x), x + y)


def test_the_depthwise_convolution_takes_the_stride() -> None:
    spec = PepeSpec(width=12, projection=6, second_projection=4, stride=2, downsample="stride")
    strides = [m.stride for m in build_block(12, spec).modules() if isinstance(m, torch.nn.Conv2d)]
    assert strides == [(1, 1), (2, 2), (1, 1), (1, 1), (2, 2)]


@pytest.mark.parametrize("downsample", ["average", "blur", "max"])
def test_no_pointwise_convolution_is_strided_where_downsampling_is_anti_aliased(downsample: str) -> None:
    spec = PepeSpec(width=8, projection=8, second_projection=8, stride=2, downsample=downsample)  # type: ignore[arg-type]
    convs = [m for m in build_block(12, spec).modules() if isinstance(m, torch.nn.Conv2d)]
    assert {c.stride for c in convs} == {(1, 1)}


def test_costs_worked_out_by_hand() -> None:
    """16 channels on 4x4: 16 -> 8 -> (x2) 16 -> 4 -> 16."""
    graph = Graph(Shape(16, 4, 4))
    trace_block(PepeSpec(width=16, projection=8, multiplier=2, second_projection=4), graph, 0)
    weights = 16 * 8 + 16 * 9 + 16 * 4 + 4 * 16
    assert weights == 400
    assert sum(o.weights for o in graph.operations) == weights
    assert sum(o.parameters for o in graph.operations) == weights + 2 * (8 + 16 + 4 + 16)
    assert sum(o.macs for o in graph.operations) == 16 * weights
    # The input of 256 bytes waits for the addition all along.
    assert graph.live_bytes() == [256 + 128, 256 + 128 + 256, 256 + 256 + 64, 256 + 64 + 256, 256 + 256 + 256]


def test_costs_of_a_strided_block_worked_out_by_hand() -> None:
    """The first projection and nothing else runs on the input's 4x4 grid; the rest on 2x2."""
    graph = Graph(Shape(8, 4, 4))
    spec = PepeSpec(width=16, projection=8, second_projection=4, stride=2, downsample="stride")
    trace_block(spec, graph, 0)
    assert sum(o.macs for o in graph.operations) == 16 * (8 * 8) + 4 * (8 * 9 + 8 * 4 + 4 * 16 + 8 * 16)

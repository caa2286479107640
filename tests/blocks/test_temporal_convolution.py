"""The convolution along one axis: no weight of it meets nothing but padding."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from attendnets.blocks import build_block, trace_block
from attendnets.graph import Graph, Shape
from attendnets.spec import TemporalConvolutionSpec

pytestmark = pytest.mark.usefixtures("one_thread")


def test_it_is_a_convolution_over_time() -> None:
    block = build_block(6, TemporalConvolutionSpec(width=8, kernel=5, groups=2, shortcut=False)).eval()
    (conv,) = (m for m in block.modules() if isinstance(m, torch.nn.Conv2d))
    signal = torch.randn(2, 6, 20)
    expected = F.relu(F.conv1d(signal, conv.weight[..., 0], padding=2, groups=2) * (1 + 1e-5) ** -0.5)
    torch.testing.assert_close(block(signal[..., None])[..., 0], expected)


def test_columns_do_not_see_each_other() -> None:
    block = build_block(4, TemporalConvolutionSpec(width=4)).eval()
    x = torch.randn(1, 4, 9, 3)
    together = block(x)
    apart = torch.cat([block(x[..., i : i + 1]) for i in range(3)], dim=3)
    torch.testing.assert_close(together, apart)


def test_costs_worked_out_by_hand() -> None:
    """6 channels, 10 frames averaged to 5; 3 weights for each pair of channels, a 1x1 shortcut."""
    graph = Graph(Shape(6, 10, 1))
    trace_block(TemporalConvolutionSpec(width=8, stride=2), graph, 0)
    assert sum(o.weights for o in graph.operations) == 6 * 8 * 3 + 6 * 8
    assert sum(o.macs for o in graph.operations) == 5 * (144 + 48)
    assert sum(o.parameters for o in graph.operations) == 144 + 48 + 2 * 2 * 8
    assert [o.window for o in graph.operations if o.kind == "convolution"] == ["3×1", "1×1"]


def test_a_strided_one_pads_along_time_alone() -> None:
    spec = TemporalConvolutionSpec(width=4, stride=2, downsample="stride", shortcut=False)
    block = build_block(4, spec).eval()
    assert block(torch.zeros(1, 4, 9, 1)).shape == (1, 4, 5, 1)
    assert [m.padding for m in block.modules() if isinstance(m, torch.nn.Conv2d)] == [(1, 0)]

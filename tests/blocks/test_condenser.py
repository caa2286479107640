"""The attention condenser on its own: the block's input attended, normed, and added."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attendnets.blocks import build_block, trace_block
from attendnets.blocks.condenser import CondenserBlock
from attendnets.errors import SpecError
from attendnets.graph import Graph, Shape
from attendnets.spec import CondenserSpec

pytestmark = pytest.mark.usefixtures("one_thread")
NORM = (1 + 1e-5) ** -0.5


def test_it_computes_tinyspeechs_equations() -> None:
    block = build_block(8, CondenserSpec(width=8, embedding=4)).eval()
    grouped, pointwise = (m.weight for m in block.modules() if isinstance(m, nn.Conv2d))
    v = torch.randn(2, 8, 6, 6)
    k = F.relu(F.conv2d(F.max_pool2d(v, 2), grouped, padding=1, groups=4) * NORM)
    k = F.relu(F.conv2d(k, pointwise) * NORM)
    a = torch.sigmoid(F.interpolate(k, size=(6, 6), mode="nearest"))
    torch.testing.assert_close(block(v), F.relu(v + v * a * NORM))


def test_its_norm_folds_into_one_value_a_channel() -> None:
    block = build_block(8, CondenserSpec(width=8, embedding=4))
    assert isinstance(block, CondenserBlock)
    block.fold()
    assert isinstance(block.norm, nn.Conv2d)
    assert block.norm.weight.shape == (8, 1, 1, 1)
    assert block.attend.scale is None


def test_folding_keeps_the_kind_of_number() -> None:
    block = build_block(8, CondenserSpec(width=8, embedding=4)).double()
    assert isinstance(block, CondenserBlock)
    block.fold()
    assert {p.dtype for p in block.parameters()} == {
        torch.float64
    } or block.norm.weight.dtype == torch.float64


@pytest.mark.parametrize("spec", [CondenserSpec(width=8, embedding=8, pool="average", unpool="indices")])
def test_an_average_has_no_position_to_unpool_to(spec: CondenserSpec) -> None:
    with pytest.raises(SpecError, match=r'stages\.1\.2\.attention: unpool "indices" needs pool "max"'):
        trace_block(spec, Graph(Shape(8, 6, 6), where="stages.1.2"), 0)
    with pytest.raises(SpecError, match="indices"):
        build_block(8, spec)


def test_costs_worked_out_by_hand() -> None:
    """12 channels on 5x5, pooled to 3x3 (rounded up); 3x3 in 4 groups to 8, 1x1 back to 12."""
    graph = Graph(Shape(12, 5, 5))
    trace_block(CondenserSpec(width=12, embedding=8), graph, 0)
    grouped, pointwise = (12 // 4) * 8 * 9, 8 * 12
    assert (grouped, pointwise) == (216, 96)
    assert sum(o.parameters for o in graph.operations) == 216 + 96 + 2 * (8 + 12) + 1 + 2 * 12
    assert sum(o.macs for o in graph.operations) == 9 * (216 + 96)
    # Weights in the file: the norm after the condenser becomes one factor a channel, the scale none.
    assert sum(o.weights for o in graph.operations) == 216 + 96 + 12
    assert sum(o.biases for o in graph.operations) == 8 + 12 + 12
    v, q, k = 12 * 25, 12 * 9, 8 * 9
    assert graph.live_bytes() == [v + q, v + q + k, v + k + q, v + q + v] + [3 * v] * 4


@pytest.mark.parametrize(("scale", "parameters"), [("learned", 1), ("channel", 12), ("one", 0)])
@pytest.mark.parametrize(("combine", "kept"), [("product", False), ("sum", True), ("residual_product", True)])
def test_a_scale_costs_weights_only_where_it_cannot_be_folded(
    scale: str, parameters: int, combine: str, kept: bool
) -> None:
    def weights_and_parameters(scale: str) -> tuple[int, int]:
        graph = Graph(Shape(12, 6, 6))
        spec = CondenserSpec(width=12, embedding=8, scale=scale, combine=combine)  # type: ignore[arg-type]
        trace_block(spec, graph, 0)
        return sum(o.weights for o in graph.operations), sum(o.parameters for o in graph.operations)

    weights, counted = weights_and_parameters(scale)
    without_weights, without = weights_and_parameters("one")
    assert counted - without == parameters
    assert weights - without_weights == (parameters if kept else 0)

"""VAC: the equations of AttendNets, section 2.1, one by one."""

from __future__ import annotations

from typing import Final

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attendnets.blocks import build_block, trace_block
from attendnets.blocks.visual_condenser import VisualCondenserBlock
from attendnets.graph import Graph, Shape
from attendnets.spec import VisualCondenserSpec

pytestmark = pytest.mark.usefixtures("one_thread")
NORM = (1 + 1e-5) ** -0.5


def built(in_channels: int, spec: VisualCondenserSpec) -> VisualCondenserBlock:
    block = build_block(in_channels, spec).eval()
    assert isinstance(block, VisualCondenserBlock)
    return block


def test_it_computes_the_papers_equations() -> None:
    block = built(12, VisualCondenserSpec(width=12, mixing=8, embedding=4))
    scale = block.attend.scale
    assert scale is not None and scale.numel() == 1
    with torch.no_grad():
        scale.fill_(1.7)
    down, grouped, pointwise, up = (m.weight for m in block.modules() if isinstance(m, nn.Conv2d))
    v = torch.randn(2, 12, 6, 6)
    v1 = F.relu(F.conv2d(v, down) * NORM)  # V' = M(V)
    q = F.max_pool2d(v1, 2)  # Q = C(V')
    k = F.relu(F.conv2d(q, grouped, padding=1, groups=4) * NORM)
    k = F.relu(F.conv2d(k, pointwise) * NORM)  # K = E(Q)
    a = torch.sigmoid(k.repeat_interleave(2, 2).repeat_interleave(2, 3))  # A = X(K)
    v2 = v1 * a * 1.7  # V'' = F(V', A, S)
    v3 = F.conv2d(v2, up) * NORM  # V''' = M'(V'')
    torch.testing.assert_close(block(v), F.relu(v + v3))


def test_odd_grids_are_unpooled_to_their_own_size() -> None:
    block = built(8, VisualCondenserSpec(width=8, mixing=8, embedding=4))
    attention = block.attend.attention(torch.randn(1, 8, 7, 7))
    assert attention.shape == (1, 8, 7, 7)
    assert torch.equal(attention[..., 0], attention[..., 1])


def test_unpooling_by_indices_puts_values_where_the_maxima_were() -> None:
    block = built(4, VisualCondenserSpec(width=4, mixing=4, embedding=4, unpool="indices", gate="none"))
    v = torch.arange(64.0).reshape(1, 4, 4, 4) + 1  # the maximum of each window is its last pixel
    attention = block.attend.attention(v)
    embedded = block.attend.pointwise(block.attend.grouped(F.max_pool2d(v, 2)))
    assert torch.equal(attention[..., 1::2, 1::2], embedded)
    assert attention[..., ::2, :].abs().max() == attention[..., ::2].abs().max() == 0


def test_each_way_to_combine_is_its_formula() -> None:
    v = torch.randn(1, 8, 6, 6)
    for combine in ("product", "sum", "residual_product"):
        attend = built(8, VisualCondenserSpec(width=8, mixing=8, embedding=4, combine=combine)).attend
        assert attend.scale is not None
        with torch.no_grad():
            attend.scale.fill_(0.6)
        a = attend.attention(v)
        formulas = {"product": v * a * 0.6, "sum": v * 0.6 + a, "residual_product": v + 0.6 * v * a}
        torch.testing.assert_close(attend(v), formulas[combine])


def test_the_hard_gate_is_a_sigmoid_in_straight_pieces() -> None:
    attend = built(4, VisualCondenserSpec(width=4, mixing=4, embedding=4, gate="relu6")).attend
    attention = attend.attention(torch.randn(1, 4, 8, 8) * 30)
    assert attention.min() >= 0.5  # after a ReLU
    assert attention.max() <= 1


def test_a_linear_embedding_lets_the_gate_close() -> None:
    v = torch.randn(1, 8, 8, 8)
    values = {
        linear: built(8, VisualCondenserSpec(width=8, mixing=8, embedding=8, linear_embedding=linear))
        .attend.attention(v)
        .min()
        for linear in (False, True)
    }
    assert values[True] < 0.5 <= values[False]


def test_folding_leaves_no_scale_where_it_can_be_folded() -> None:
    folded = built(8, VisualCondenserSpec(width=8, mixing=8, embedding=4))
    folded.fold()
    assert folded.attend.scale is None
    kept = built(8, VisualCondenserSpec(width=8, mixing=8, embedding=4, combine="sum"))
    kept.fold()
    assert kept.attend.scale is not None


def test_costs_worked_out_by_hand() -> None:
    """12 channels on 6x6, mixed to 8; pooled to 3x3, embedded by 3x3 in 4 groups to 8, and 1x1."""
    graph = Graph(Shape(12, 6, 6))
    trace_block(VisualCondenserSpec(width=12, mixing=8, embedding=8), graph, 0)
    down, grouped, pointwise, up = 12 * 8, (8 // 4) * 8 * 9, 8 * 8, 8 * 12
    assert (down, grouped, pointwise, up) == (96, 144, 64, 96)
    norms, scale = 2 * (8 + 8 + 8 + 12), 1
    assert sum(o.parameters for o in graph.operations) == 400 + norms + scale
    assert sum(o.macs for o in graph.operations) == 36 * (96 + 96) + 9 * (144 + 64)
    # The input of 432 bytes waits for the shortcut's addition, V' of 288 for the product.
    x, v, q = 12 * 36, 8 * 36, 8 * 9
    assert graph.live_bytes() == [
        x + v,
        x + v + q,
        x + v + q + q,
        x + v + q + q,
        x + v + q + v,  # unpooled
        x + v + v + v,  # gated
        x + v + v + v,  # V''
        x + v + x,  # mixed up
        x + x + x,  # added
    ]


def test_the_papers_closed_form() -> None:
    """Section 4 of the arithmetic: C m + m e k^2 / g + e m + m u, and two a channel for the norms."""
    c, m, e, u, g = 24, 12, 8, 20, 2
    k: Final = 5
    spec = VisualCondenserSpec(width=u, mixing=m, embedding=e, kernel=k, groups=g, shortcut=False)
    graph = Graph(Shape(c, 10, 8))
    trace_block(spec, graph, 0)
    weights = c * m + m * e * k * k // g + e * m + m * u
    assert sum(o.weights for o in graph.operations) == weights
    assert sum(o.parameters for o in graph.operations) == weights + 2 * (m + e + m + u) + 1
    assert sum(o.macs for o in graph.operations) == 80 * (c * m + m * u) + 20 * (m * e * k * k // g + e * m)

"""TinySpeech's block: two condensers' embeddings in series attend to the block's input."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attendnets.blocks import build_block, trace_block
from attendnets.blocks.speech_condenser import SpeechCondenserBlock
from attendnets.graph import Graph, Shape
from attendnets.spec import SpeechCondenserSpec

pytestmark = pytest.mark.usefixtures("one_thread")
NORM = (1 + 1e-5) ** -0.5


def built(spec: SpeechCondenserSpec, in_channels: int | None = None) -> SpeechCondenserBlock:
    block = build_block(in_channels or spec.width, spec).eval()
    assert isinstance(block, SpeechCondenserBlock)
    return block


def test_it_computes_its_equations() -> None:
    block = built(SpeechCondenserSpec(width=7, embedding=3, activation="none"))
    with torch.no_grad():
        block.scale.fill_(1.7)
    a, b, c, d = (m.weight for m in block.modules() if isinstance(m, nn.Conv2d))
    v = torch.randn(2, 7, 6, 4)
    k = F.relu(F.conv2d(F.max_pool2d(v, 2), a, groups=7) * NORM)
    k = F.relu(F.conv2d(k, b) * NORM)
    k = F.relu(F.conv2d(k, c, groups=3) * NORM)
    k = F.relu(F.conv2d(k, d) * NORM)
    attention = torch.sigmoid(F.interpolate(k, size=(6, 4), mode="nearest"))
    torch.testing.assert_close(block(v), (v + 1.7 * v * attention) * NORM)


def test_the_firsts_expansion_and_the_seconds_condensation_cancel() -> None:
    """Why one condensed grid serves both: the maximum of four equal values is the value."""
    embedded = torch.randn(2, 3, 5, 4)
    expanded = F.interpolate(embedded, scale_factor=2, mode="nearest")
    assert torch.equal(F.max_pool2d(expanded, 2), embedded)


@pytest.mark.parametrize(
    ("width", "pair", "weights"),
    [
        # TinySpeech-Z: (14, 3 | 6, 7) and (14, 11 | 22, 7); -M: (18, 9 | 18, 9)
        (7, 3, 14 + 14 * 3 + 6 + 6 * 7),
        (7, 11, 14 + 14 * 11 + 22 + 22 * 7),
        (9, 9, 18 + 18 * 9 + 18 + 18 * 9),
    ],
)
def test_a_grouped_layer_has_one_weight_an_output_channel(width: int, pair: int, weights: int) -> None:
    graph = Graph(Shape(width, 8, 6))
    trace_block(SpeechCondenserSpec(width=width, embedding=pair), graph, 0)
    assert sum(o.weights for o in graph.operations if o.kind == "convolution") == weights


def test_costs_worked_out_by_hand() -> None:
    """7 channels on 5x4, pooled to 3x2 (rounded up): 14, 3, 6 and 7 channels there."""
    graph = Graph(Shape(7, 5, 4))
    trace_block(SpeechCondenserSpec(width=7, embedding=3), graph, 0)
    convolutions = 14 + 14 * 3 + 6 + 6 * 7
    assert convolutions == 104
    assert sum(o.macs for o in graph.operations) == 6 * 104
    norms, scale = 2 * (14 + 3 + 6 + 7) + 2 * 7, 1
    assert sum(o.parameters for o in graph.operations) == 104 + norms + scale
    # The file keeps S, and of the norm after the addition one factor a channel.
    assert sum(o.weights for o in graph.operations) == 104 + 1 + 7
    v, on_condensed = 7 * 20, 6
    assert graph.live_bytes() == [
        v + 7 * on_condensed,
        v + (7 + 14) * on_condensed,
        v + (14 + 3) * on_condensed,
        v + (3 + 6) * on_condensed,
        v + (6 + 7) * on_condensed,
        v + 7 * on_condensed + v,  # unpooled
        3 * v,  # gated
        3 * v,  # the product, while V waits for the addition
        3 * v,
        2 * v,  # normed
    ]


def test_a_chain_of_blocks_keeps_the_signals_size() -> None:
    torch.manual_seed(0)
    spec = SpeechCondenserSpec(width=8, embedding=6, activation="none")
    chain = nn.Sequential(*(build_block(8, spec) for _ in range(8))).train()
    with torch.no_grad():
        assert chain(torch.rand(8, 8, 12, 12)).var().item() == pytest.approx(1, abs=0.05)

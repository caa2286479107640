"""TinySpeech-Z and -M have the papers' weights to the digit; their multiply-adds are stated both ways."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from attendnets.cost import cost
from attendnets.graph import Operation
from attendnets.networks.assemble import assemble, trace_network
from attendnets.networks.entry import Entry
from attendnets.networks.tinyspeech import COEFFICIENTS, ENTRIES, FRAMES
from attendnets.spec import NetworkSpec

pytestmark = pytest.mark.usefixtures("one_thread")
BY_NAME = {entry.name: entry for entry in ENTRIES}


def published(name: str) -> NetworkSpec:
    return BY_NAME[name].spec(classes=12, channels=1, image_size=FRAMES)


def published_1d(name: str) -> NetworkSpec:
    return BY_NAME[name].spec(classes=12, channels=COEFFICIENTS, image_size=FRAMES)


def weighted(name: str, *kinds: str) -> list[Operation]:
    return [o for o in trace_network(published(name)).operations if o.kind in kinds]


@pytest.mark.parametrize(("name", "weights"), [("tinyspeech_z", 2_712), ("tinyspeech_m", 4_729)])
def test_weights_to_the_digit(name: str, weights: int) -> None:
    """Weights of convolutions and the linear layer: no biases, no batch norms, no scales; 12 words."""
    assert sum(o.weights for o in weighted(name, "convolution", "linear")) == weights
    layers = [m for m in assemble(published(name)).modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert sum(layer.weight.numel() for layer in layers) == weights


def test_the_weights_of_z_worked_out_by_hand() -> None:
    """Stem, blocks (14, b | 2b, 7), last 3x3, words."""
    blocks = [14 + 14 * b + 2 * b + 2 * b * 7 for b in (3, 3, 2, 11, 14, 10)]
    assert blocks == [104, 104, 74, 344, 434, 314]
    assert 7 * 9 + sum(blocks) + 7 * 17 * 9 + 17 * 12 == 2_712


def test_the_weights_of_m_worked_out_by_hand() -> None:
    """Stem, blocks (18, b | 2b, 9), last 3x3, words."""
    blocks = [18 + 18 * b + 2 * b + 2 * b * 9 for b in (6, 9, 8)]
    assert blocks == [246, 360, 322]
    assert 9 * 9 + sum(blocks) + 9 * 40 * 9 + 40 * 12 == 4_729


@pytest.mark.parametrize(
    ("name", "without_pooling", "printed"),
    [("tinyspeech_z", 2_608_524, 2.6), ("tinyspeech_m", 4_419_440, 4.4)],
)
def test_printed_multiply_adds_are_every_weight_at_every_position(
    name: str, without_pooling: int, printed: float
) -> None:
    """2.61 M and 4.42 M on 40x26, as if the condensers' embeddings ran on the whole grid."""
    positions = FRAMES * COEFFICIENTS
    assert positions == 1_040
    convolutions = sum(o.weights for o in weighted(name, "convolution"))
    words = sum(o.weights for o in weighted(name, "linear"))
    assert convolutions * positions + words == without_pooling
    assert round(without_pooling / 1e6, 1) == printed


@pytest.mark.parametrize(
    ("name", "parameters", "macs"), [("tinyspeech_z", 3_372, 1_536_804), ("tinyspeech_m", 5_196, 3_695_600)]
)
def test_counts_of_the_module_as_it_runs(name: str, parameters: int, macs: int) -> None:
    """Embeddings at a quarter of the positions; parameters with norms, scales and the words' biases."""
    network = assemble(published(name)).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        logits = network(torch.zeros(1, 1, FRAMES, COEFFICIENTS))
    counted = cost(published(name))
    assert logits.shape == (1, 12)
    assert (counted.parameters, counted.macs) == (parameters, macs)
    assert parameters == sum(p.numel() for p in network.parameters())
    assert 2 * macs == counter.get_total_flops()
    embeddings = sum(o.weights for o in weighted(name, "convolution") if "embed" in o.name)
    full = embeddings * FRAMES * COEFFICIENTS
    words = sum(o.weights for o in weighted(name, "linear"))
    outside = sum(o.weights for o in weighted(name, "convolution") if "embed" not in o.name)
    assert macs == full // 4 + outside * FRAMES * COEFFICIENTS + words


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        # Stem 26 -> w, 3x1 w -> w, the blocks, last 3x1, words.
        ("tinyspeech_z_1d", 26 * 7 + 7 * 7 * 3 + 1_374 + 7 * 17 * 3 + 17 * 12),
        ("tinyspeech_m_1d", 26 * 9 + 9 * 9 * 3 + 928 + 9 * 40 * 3 + 40 * 12),
    ],
)
def test_along_time_alone_no_weight_is_idle(name: str, weights: int) -> None:
    """Each learns from a signal of one axis: a square kernel's outer columns would not."""
    spec = published_1d(name)
    network = assemble(spec).train()
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert sum(layer.weight.numel() for layer in layers) == weights
    assert f"{weights:,} weights" in BY_NAME[name].summary
    logits = network(torch.rand(8, COEFFICIENTS, FRAMES, 1) * 255)
    assert logits.shape == (8, 12)
    (logits * torch.randn_like(logits)).sum().backward()
    for layer in layers:
        assert layer.weight.grad is not None and layer.weight.grad.any()
    temporal = [m for m in layers if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 1)]
    assert len(temporal) == 2
    for layer in temporal:
        assert layer.weight.grad is not None
        assert layer.weight.grad.abs().sum((0, 1)).gt(0).all()


@pytest.mark.parametrize("name", ["tinyspeech_z_1d", "tinyspeech_m_1d"])
def test_counts_along_time_alone(name: str) -> None:
    spec = published_1d(name)
    network = assemble(spec).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, COEFFICIENTS, FRAMES, 1))
    counted = cost(spec)
    assert counted.parameters == sum(p.numel() for p in network.parameters())
    assert 2 * counted.macs == counter.get_total_flops()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_signal_keeps_its_size_through_the_depth(entry: Entry) -> None:
    torch.manual_seed(0)
    spec = entry.spec(classes=entry.classes, channels=entry.channels, image_size=entry.image_size)
    network = assemble(spec).train()
    with torch.no_grad():
        x = network.stem(torch.rand(32, spec.input.channels, spec.input.height, spec.input.width))
        start = x.var()
        for stage in network.stages:
            assert isinstance(stage, nn.Sequential)
            for block in stage:
                x = block(x)
                assert 0.1 < x.var() / start < 10

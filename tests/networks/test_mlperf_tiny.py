"""ResNet-8 has MLPerf Tiny's multiply-adds to the digit, and its parameters but for what folding removes."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from attendnets.cost import cost
from attendnets.networks.assemble import assemble, trace_network
from attendnets.networks.mlperf_tiny import ENTRIES
from attendnets.spec import NetworkSpec

pytestmark = pytest.mark.usefixtures("one_thread")
(ENTRY,) = ENTRIES
TRAINABLE = 78_186
TRAINABLE_WITHOUT_CONVOLUTION_BIASES = 77_850
WITH_RUNNING_STATISTICS = 78_666
CONVOLUTION_CHANNELS = 3 * 16 + 3 * 32 + 3 * 64
"""Stem, stack 1, and in stacks 2 and 3 two convolutions and a shortcut."""
SHORTCUT_CHANNELS = 32 + 64


def published() -> NetworkSpec:
    return ENTRY.spec(classes=10, channels=3, image_size=32)


def test_multiply_adds_to_the_digit() -> None:
    network = assemble(published()).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 3, 32, 32))
    assert cost(published()).macs == 12_501_632
    assert counter.get_total_flops() == 2 * 12_501_632


def test_parameters_are_the_published_ones_and_two_norms_more() -> None:
    """77,850 trainable ones without biases before norms; ours has norms on both shortcuts: 2 a channel."""
    counted = cost(published())
    assert counted.parameters == TRAINABLE_WITHOUT_CONVOLUTION_BIASES + 2 * SHORTCUT_CHANNELS == 78_042
    assert counted.parameters == sum(p.numel() for p in assemble(published()).parameters())


def test_each_published_count_follows_from_ours() -> None:
    """Biases before norms add one a convolution's channel; running statistics two a norm's channel."""
    ours = cost(published()).parameters - 2 * SHORTCUT_CHANNELS
    assert ours + CONVOLUTION_CHANNELS == TRAINABLE
    normed = CONVOLUTION_CHANNELS - SHORTCUT_CHANNELS
    assert ours + CONVOLUTION_CHANNELS + 2 * normed == WITH_RUNNING_STATISTICS


def test_folded_it_is_the_published_network() -> None:
    """Norms gone, one bias an output channel: 77,360 weights and 346 biases, in the Keras file as here."""
    published_norms = 2 * (CONVOLUTION_CHANNELS - SHORTCUT_CHANNELS)
    published_folded = TRAINABLE - published_norms
    operations = trace_network(published()).operations
    weights, biases = sum(o.weights for o in operations), sum(o.biases for o in operations)
    assert (weights, biases) == (77_360, CONVOLUTION_CHANNELS + 10)
    assert weights + biases == published_folded
    folded = assemble(published()).fold()
    assert sum(p.numel() for p in folded.parameters()) == published_folded


def test_the_layers_are_those_of_the_description() -> None:
    layers = [
        (m.in_channels, m.out_channels, m.kernel_size[0], m.stride[0])
        for m in assemble(published()).modules()
        if isinstance(m, nn.Conv2d)
    ]
    assert layers == [
        (3, 16, 3, 1),
        (16, 16, 3, 1),
        (16, 16, 3, 1),
        (16, 32, 3, 2),
        (32, 32, 3, 1),
        (16, 32, 1, 2),
        (32, 64, 3, 2),
        (64, 64, 3, 1),
        (32, 64, 1, 2),
    ]
    assert [row.out_shape for row in cost(published()).rows[1:-1]] == [(16, 32, 32), (32, 16, 16), (64, 8, 8)]

"""TB-Net is a reconstruction: totals and figure are the paper's, channel numbers are ours."""

from __future__ import annotations

from dataclasses import astuple

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from attendnets.cost import cost
from attendnets.networks.assemble import Network, assemble, trace_network
from attendnets.networks.tbnet import ENTRIES, NUMBERS
from attendnets.spec import NetworkSpec, PepeSpec, VisualCondenserSpec

pytestmark = pytest.mark.usefixtures("one_thread")
(ENTRY,) = ENTRIES


def published() -> NetworkSpec:
    return ENTRY.spec(classes=2, channels=3, image_size=224)


def meta_network() -> Network:
    with torch.device("meta"):
        return assemble(published()).eval()


def test_its_totals_are_the_papers_within_the_print() -> None:
    """4.24 M parameters and 0.42 G multiply-adds, 224 pixels, 2 classes."""
    counted = cost(published())
    assert 4.235e6 <= counted.parameters < 4.245e6
    assert 0.415e9 <= counted.macs < 0.425e9


def test_counts_are_those_of_the_module() -> None:
    network = meta_network()
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 3, 224, 224, device="meta"))
    counted = cost(published())
    assert (counted.parameters, counted.macs) == (4_242_351, 420_178_608)
    assert counted.parameters == sum(p.numel() for p in network.parameters())
    assert 2 * counted.macs == counter.get_total_flops()


def test_thirteen_vacs_come_first_then_three_pepes_in_resnet_50s_stages() -> None:
    spec = published()
    assert [type(block) for block in spec.blocks] == [VisualCondenserSpec] * 13 + [PepeSpec] * 3
    assert [len(stage.blocks) for stage in spec.stages] == [3, 4, 6, 3]
    assert (spec.stem.kernel, spec.stem.stride) == (7, 2)


def test_every_module_has_a_shortcut_and_four_of_them_are_convolutions() -> None:
    """Fig. 2: 1x1 convolutions stem -> VAC2, VAC3 -> VAC5, VAC7 -> VAC9 and VAC13 -> PEPE2.

    A shortcut that ends at the input of a module goes round the one before it: VAC1, VAC4, VAC8, PEPE1.
    """
    graph = trace_network(published())
    added = [op for op in graph.operations if op.kind == "add"]
    assert len(added) == 16
    blocks = [name for name, module in meta_network().named_modules() if hasattr(module, "spec_type")]
    projected = {
        blocks.index(name.removesuffix(".shortcut.project")) + 1
        for name, module in meta_network().named_modules()
        if name.endswith("shortcut.project") and not isinstance(module, torch.nn.Identity)
    }
    assert projected == {1, 4, 8, 14}


def test_no_pointwise_convolution_is_strided() -> None:
    convolutions = [m for m in meta_network().modules() if isinstance(m, torch.nn.Conv2d)]
    assert {c.kernel_size for c in convolutions if c.stride != (1, 1)} == {(7, 7)}


def test_channel_numbers_are_multiples_of_eight() -> None:
    numbers = [n for part in astuple(NUMBERS) for n in (part if isinstance(part, tuple) else (part,))]
    assert all(number % 8 == 0 for number in numbers)


def test_it_is_marked_as_a_reconstruction() -> None:
    assert ENTRY.origin == "reconstruction"
    assert "reconstructed" in ENTRY.summary

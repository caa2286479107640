"""AttendNet-micro keeps its budget, its order of blocks, and 8 bits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from attendnets.cost import cost
from attendnets.data import PixelTable
from attendnets.export.litert import LEFTOVERS, export_litert
from attendnets.export.onnx import export_onnx
from attendnets.export.parity import check_parity
from attendnets.networks.assemble import assemble
from attendnets.networks.attendnet_micro import ENTRIES
from attendnets.quantize import quantize_post_training
from attendnets.runtimes import describe_file
from attendnets.spec import NetworkSpec, PepeSpec, VisualCondenserSpec
from tests.exported_network import CLASSES, fit_last_layer, waves

pytestmark = pytest.mark.usefixtures("one_thread")
(ENTRY,) = ENTRIES


def at(side: int, classes: int = 10, channels: int = 3) -> NetworkSpec:
    return ENTRY.spec(classes=classes, channels=channels, image_size=side)


def test_its_budget_is_that_of_resnet_8() -> None:
    counted = cost(at(32))
    assert counted.parameters < 80_000
    assert counted.macs < 12.5e6


@pytest.mark.parametrize(("side", "macs"), [(32, 11_613_120), (64, 11_613_120), (96, 26_128_320)])
def test_counts_are_those_of_the_module(side: int, macs: int) -> None:
    counted = cost(at(side))
    assert (counted.parameters, counted.macs) == (78_830, macs)
    network = assemble(at(side)).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        logits = network(torch.zeros(1, 3, side, side))
    assert logits.shape == (1, 10)
    assert counted.parameters == sum(p.numel() for p in network.parameters())
    assert 2 * macs == counter.get_total_flops()


def test_condensers_come_early_and_pepes_late() -> None:
    assert [type(block) for block in at(32).blocks] == [VisualCondenserSpec] * 4 + [PepeSpec] * 2


def test_no_convolution_but_the_stem_is_strided() -> None:
    strided = [n for n, m in assemble(at(64)).named_modules() if getattr(m, "stride", 1) == (2, 2)]
    assert strided == ["stem.conv.conv"]


def test_channel_numbers_are_multiples_of_eight() -> None:
    channels = {m.out_channels for m in assemble(at(32)).modules() if isinstance(m, nn.Conv2d)}
    assert all(number % 8 == 0 for number in channels)


@pytest.mark.parametrize("side", [32, 64, 96])
def test_the_signal_keeps_its_size_through_the_depth(side: int) -> None:
    torch.manual_seed(0)
    network = assemble(at(side)).train()
    with torch.no_grad():
        x = network.stem(torch.rand(16, 3, side, side))
        start = x.var()
        for stage in network.stages:
            assert isinstance(stage, nn.Sequential)
            for block in stage:
                x = block(x)
                assert 0.1 < x.var() / start < 10


def test_it_runs_in_8_bits_from_end_to_end_and_computes_the_same_everywhere(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = assemble(at(32, classes=len(CLASSES)))
    table = PixelTable(*waves(64, seed=1))
    fit_last_layer(network, table)
    quantized = quantize_post_training(network, table)
    tflite, onnx = tmp_path / "micro.tflite", tmp_path / "micro.onnx"
    export_litert(quantized, tflite)
    export_onnx(quantized, onnx)

    described = describe_file(tflite)
    assert described.float_operators == ()
    operators = Counter(operator.name for operator in described.operators)
    assert not set(operators) & LEFTOVERS
    assert operators["LOGISTIC"] == operators["MUL"] == 4  # one gate and one product a condenser

    pixels, _ = waves(40, seed=2)
    check_parity(quantized.run, tflite, onnx, pixels, reference_images=10).require()

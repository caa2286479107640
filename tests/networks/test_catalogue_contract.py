"""What every network of the catalogue honours. A family joins by its entries: nothing here changes."""

from __future__ import annotations

import importlib
import pkgutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

import attendnets.blocks
from attendnets.cost import cost
from attendnets.data import PixelTable
from attendnets.errors import SpecError
from attendnets.export.litert import export_litert
from attendnets.export.onnx import export_onnx
from attendnets.export.parity import check_parity
from attendnets.networks.assemble import assemble, trace_network
from attendnets.networks.catalogue import ENTRIES, create, network_spec
from attendnets.networks.features import Backbone, FeatureNetwork
from attendnets.networks.levels import total_stride
from attendnets.quantize import quantize_post_training
from attendnets.runtimes import describe_file
from attendnets.spec import NetworkSpec, from_json, to_json
from tests.contract.test_vela_counts import compiled_rows, weighted_macs
from tests.exported_network import waves

pytestmark = pytest.mark.usefixtures("one_thread", "seeded")
every_network = pytest.mark.parametrize("name", ENTRIES)
CLASSES = 5


@pytest.fixture
def seeded() -> None:
    torch.manual_seed(0)


def backbone(name: str, **options: Any) -> Backbone:
    network = create(name, num_classes=CLASSES, **options)
    assert isinstance(network, Backbone)
    return network


def pixels(network: Backbone, size: tuple[int, int], images: int = 2) -> Tensor:
    return torch.rand(images, network.in_chans, *size) * 255


def gates(spec: NetworkSpec) -> set[str]:
    attending = [block for block in spec.blocks if getattr(block, "attention", True)]
    return {str(gate) for block in attending if (gate := getattr(block, "gate", None)) is not None}


def extractor_of(name: str) -> FeatureNetwork:
    network = create(name, features_only=True)
    assert isinstance(network, FeatureNetwork)
    return network.eval()


@every_network
@pytest.mark.parametrize("channels", [1, 3])
def test_it_takes_images_of_other_sizes_and_channels(name: str, channels: int) -> None:
    network = backbone(name, in_channels=channels).eval()
    stride = total_stride(network.spec)
    for size in ((2 * stride, 2 * stride), (3 * stride, 2 * stride), (2 * stride + 3, 3 * stride - 1)):
        with torch.no_grad():
            logits = network(pixels(network, size))
        assert logits.shape == (2, CLASSES)
        assert torch.isfinite(logits).all()


@every_network
def test_an_image_smaller_than_its_stride_is_refused_before_anything_is_computed(name: str) -> None:
    network = backbone(name)
    stride = total_stride(network.spec)
    if stride == 1:
        pytest.skip("no image is smaller than a stride of 1")
    with pytest.raises(SpecError, match=f"stride of {stride}"):
        network(pixels(network, (stride, stride - 1)))
    with pytest.raises(SpecError, match=f"image_size: {stride - 1} pixels"):
        network_spec(name, image_size=stride - 1)


@every_network
def test_its_cost_is_that_of_the_module(name: str) -> None:
    spec = network_spec(name)
    counted = cost(spec)
    with torch.device("meta"):
        network = create(name).eval()
        with FlopCounterMode(display=False) as counter:
            logits = network(torch.empty(1, spec.input.channels, spec.input.height, spec.input.width))
    assert logits.shape == (1, ENTRIES[name].classes)
    assert counted.parameters == sum(p.numel() for p in network.parameters())
    assert 2 * counted.macs == counter.get_total_flops()


@every_network
def test_its_specification_survives_json(name: str) -> None:
    spec = network_spec(name)
    assert from_json(to_json(spec)) == spec


@every_network
def test_a_gradient_reaches_every_parameter(name: str) -> None:
    network = backbone(name).train()
    stride = total_stride(network.spec)
    logits = network(pixels(network, (2 * stride, 2 * stride), images=4))
    (logits * torch.randn_like(logits)).sum().backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name
        assert parameter.grad.abs().max() > 0, parameter_name


def passed(network: Backbone, images: Tensor) -> list[tuple[str, Tensor, Tensor]]:
    """Name, input and output of every block."""
    seen: list[tuple[str, Tensor, Tensor]] = []
    for number, stage in enumerate(network.stages):
        for position, block in enumerate(stage.children()):
            block.register_forward_hook(
                lambda _, given, made, where=f"stages.{number}.{position}": seen.append(
                    (where, given[0], made)
                )
            )
    with torch.no_grad():
        network(images)
    return seen


@every_network
def test_no_block_is_the_identity(name: str) -> None:
    network = backbone(name).train()
    stride = total_stride(network.spec)
    for where, given, made in passed(network, pixels(network, (2 * stride, 2 * stride))):
        assert given.shape != made.shape or not torch.allclose(given, made, rtol=1e-3), where


@every_network
def test_the_signal_keeps_its_size_through_the_whole_depth(name: str) -> None:
    """From block to block, and from the first block's output on.

    The published softmax over C channels does shrink it, to about 1 / C of the value path, until the next
    batch norm: that is the form as released, and its sigmoid form keeps the size.
    """
    gate = "sigmoid" if "softmax" in gates(network_spec(name)) else None
    network = backbone(name, gate=gate).train()
    stride = total_stride(network.spec)
    blocks = passed(network, pixels(network, (3 * stride, 3 * stride), images=8))
    start = blocks[0][2].var()
    for where, given, made in blocks:
        assert 0.1 < made.var() / given.var() < 10, where
        assert 0.1 < made.var() / start < 10, where


@every_network
def test_attention_does_something(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attention values that are the same everywhere in the image change the last features."""
    network = backbone(name).train()
    if not gates(network.spec):
        pytest.skip("it has no attention")
    stride = total_stride(network.spec)
    images = pixels(network, (4 * stride, 4 * stride))
    with torch.no_grad():
        selective = network.forward_features(images)
        for module in pkgutil.iter_modules(attendnets.blocks.__path__):
            imported = importlib.import_module(f"attendnets.blocks.{module.name}")
            gate = getattr(imported, "apply_gate", None)
            if gate is not None:

                def even(kind: Any, values: Tensor, gate: Any = gate) -> Tensor:
                    attention: Tensor = gate(kind, values)
                    return attention.mean((2, 3), keepdim=True).expand_as(attention)

                monkeypatch.setattr(imported, "apply_gate", even)
        ablated = network.forward_features(images)
    change = (selective - ablated).square().mean() / selective.square().mean()
    assert change > 1e-3, f"relative change {change:.2g}"


@every_network
def test_mixed_precision_stays_finite(name: str) -> None:
    network = backbone(name).train()
    stride = total_stride(network.spec)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = network(pixels(network, (2 * stride, 2 * stride), images=4))
    logits.float().sum().backward()
    assert torch.isfinite(logits).all()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


@every_network
def test_features_come_at_every_stride(name: str) -> None:
    network = backbone(name).eval()
    stride = total_stride(network.spec)
    extractor = extractor_of(name)
    images = pixels(network, (2 * stride, 2 * stride))
    with torch.no_grad():
        features = extractor(images)
        last, intermediates = network.forward_intermediates(images)
        torch.testing.assert_close(last, network.forward_features(images))
    assert [f.shape for f in features] == [i.shape for i in intermediates]
    reductions = extractor.feature_info.reduction()
    assert [f.shape[1] for f in features] == extractor.feature_info.channels()
    assert [2 * stride // f.shape[2] for f in features] == reductions
    assert reductions == sorted(set(reductions))
    assert reductions[-1] == stride


@every_network
def test_it_exports(name: str) -> None:
    network = backbone(name).eval()
    stride = total_stride(network.spec)
    images = pixels(network, (2 * stride, 2 * stride), images=1)
    program = torch.export.export(network, (images,), strict=False)
    with torch.no_grad():
        torch.testing.assert_close(program.module()(images), network(images))


@every_network
def test_its_default_classes_and_image_are_what_it_makes(name: str) -> None:
    entry = ENTRIES[name]
    spec = network_spec(name)
    assert (spec.classes, spec.input.channels) == (entry.classes, entry.channels)
    assert entry.image_size == spec.input.height
    other = network_spec(name, 7, 1, 3 * total_stride(spec))
    assert (other.classes, other.input.channels) == (7, 1)
    assert msgspec.structs.replace(other, classes=entry.classes) != spec


@pytest.mark.slow
@every_network
def test_it_compiles(name: str) -> None:
    network = backbone(name).eval()
    stride = total_stride(network.spec)
    images = pixels(network, (2 * stride, 2 * stride))
    with torch.no_grad():
        torch.testing.assert_close(torch.compile(network)(images), network(images), rtol=1e-3, atol=1e-4)


def table_for(spec: NetworkSpec, images: int = 24) -> PixelTable:
    """Stripes of any direction, width and colour, in the images' size."""
    channels, height, width = spec.input.channels, spec.input.height, spec.input.width
    pictures, labels = waves(images, seed=1, side=max(height, width))
    pictures = np.tile(pictures, (1, 1, 1, -(-channels // 3)))[:, :height, :width, :channels]
    return PixelTable(np.ascontiguousarray(pictures), labels)


@pytest.mark.slow
@every_network
def test_it_exports_to_8_bits_with_parity_and_without_a_float_operator(name: str, tmp_path: Path) -> None:
    """At its own image size, and in its 8-bit form where the published one cannot be held in 8 bits.

    Arm's compiler finds in the file the multiply-adds that are counted here.
    """
    spec = network_spec(name, CLASSES, int8=True)
    network = assemble(spec)
    table = table_for(spec)
    with torch.no_grad():
        # Batch norms have to see images before their statistics mean anything.
        for _ in range(10):
            network.train()(torch.from_numpy(table.pixels).permute(0, 3, 1, 2).float())
    network.head.linear.weight.data.normal_(0, 0.2)
    quantized = quantize_post_training(network.eval(), table)
    export_litert(quantized, tmp_path / "network.tflite")
    export_onnx(quantized, tmp_path / "network.onnx")
    for path in tmp_path.iterdir():
        assert describe_file(path).float_operators == ()
    report = check_parity(
        quantized.run,
        tmp_path / "network.tflite",
        tmp_path / "network.onnx",
        table.pixels,
        reference_images=2,
    )
    report.require()
    if find_spec("ethosu") is not None:
        # A batch norm without a convolution before it is a layer of the file's, and costs nothing in ours.
        norms = sum(o.shape.elements for o in trace_network(spec).operations if o.kind == "affine")
        rows = compiled_rows(tmp_path / "network.tflite", tmp_path)
        assert weighted_macs(rows) == cost(spec).macs + norms

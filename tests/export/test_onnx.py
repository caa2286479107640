"""The .onnx file takes raw float pixels, is int8 inside, and computes what the quantized program computes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, numpy_helper
from torch import nn

from attendnets.data import PixelTable
from attendnets.errors import ExportError
from attendnets.export.onnx import export_onnx, nearest_factor
from attendnets.networks.assemble import assemble
from attendnets.quantize import QuantizedNetwork, quantize_post_training
from attendnets.runtimes import describe_file
from tests.quantize.networks import EveryOperator, every_operator, spec_of

if TYPE_CHECKING:
    from tests.exported_network import ExportedNetwork

pytestmark = pytest.mark.usefixtures("one_thread")


class Made:
    """The network of every operator, quantized and exported."""

    def __init__(self, folder: Path) -> None:
        network, table = every_operator()
        self.pixels = table.pixels
        self.quantized = quantize_post_training(network, table)
        self.path = folder / "network.onnx"
        self.described = export_onnx(self.quantized, self.path)
        self.model = onnx.load(self.path)
        self.constants = {i.name: numpy_helper.to_array(i) for i in self.model.graph.initializer}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("every_operator"))


def run(path: Path, pixels: np.ndarray) -> Any:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"pixels": pixels.transpose(0, 3, 1, 2).astype(np.float32)})[0]


def test_every_operator_stands_between_int8_tensors(made: Made) -> None:
    assert made.described.float_operators == ()
    counts = Counter(node.op_type for node in made.model.graph.node)
    del counts["QuantizeLinear"], counts["DequantizeLinear"]
    assert counts == {
        "Add": 3,
        "AveragePool": 4,
        "Conv": 11,
        "Flatten": 1,
        "Gemm": 1,
        "GlobalAveragePool": 1,
        "MaxPool": 2,
        "Mul": 4,
        "Pad": 1,
        "Resize": 2,
        "Sigmoid": 1,
        "Sub": 1,
    }


def test_raw_pixels_go_in_and_the_first_grid_is_pixel_less_128(made: Made) -> None:
    (image,), (logits,) = made.model.graph.input, made.model.graph.output
    shape = image.type.tensor_type.shape.dim
    assert (image.name, logits.name) == ("pixels", "logits")
    assert image.type.tensor_type.elem_type == TensorProto.FLOAT
    assert [d.dim_param or d.dim_value for d in shape] == ["batch", 1, 56, 56]
    first = next(node for node in made.model.graph.node if "pixels" in node.input)
    assert first.op_type == "QuantizeLinear"
    scale, zero_point = (made.constants[name] for name in first.input[1:])
    assert (scale, zero_point, zero_point.dtype) == (1.0, -128, np.int8)


def test_weights_are_int8_an_output_channel_and_biases_int32(made: Made) -> None:
    producers = {node.output[0]: node for node in made.model.graph.node}
    layers = [node for node in made.model.graph.node if node.op_type in {"Conv", "Gemm"}]
    assert len(layers) == 12
    for layer in layers:
        source, weight, bias = (producers[name] for name in layer.input)
        integers, scales = (made.constants[name] for name in weight.input[:2])
        assert integers.dtype == np.int8 and scales.shape == (len(integers),)
        assert np.abs(integers.astype(int)).max() == 127
        integers, steps = (made.constants[name] for name in bias.input[:2])
        assert integers.dtype == np.int32
        np.testing.assert_allclose(steps, made.constants[source.input[1]] * scales, rtol=1e-6)


def test_logits_are_those_of_the_quantized_program_within_two_steps(made: Made) -> None:
    expected = made.quantized.run(made.pixels)
    difference = np.abs(run(made.path, made.pixels) - expected) / made.described.output.scale
    assert np.ptp(expected) / made.described.output.scale > 100
    assert difference.max() < 2.01


def test_any_number_of_images_fits(made: Made) -> None:
    together = run(made.path, made.pixels[:5])
    one_by_one = [run(made.path, made.pixels[k : k + 1])[0] for k in range(5)]
    np.testing.assert_allclose(together, one_by_one, atol=1.01 * made.described.output.scale)


@given(rows=st.integers(1, 400), odd=st.booleans())
def test_upsampling_has_a_factor_that_gives_the_same_rows_in_any_precision(rows: int, odd: bool) -> None:
    wanted = 2 * rows - odd
    factor = nearest_factor(rows, wanted)
    for kind in ("float32", "float64"):
        in_kind = np.array(factor, dtype=kind)
        assert int(rows * in_kind) == wanted
        copied = np.floor(np.divide(np.arange(wanted, dtype=kind), in_kind))
        np.testing.assert_array_equal(copied, np.arange(wanted) * rows // wanted)


def test_a_network_with_odd_sizes_is_upsampled_as_in_pytorch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = assemble(spec_of(50, 1, 4)).eval()
    pixels = np.random.default_rng(0).integers(0, 256, (8, 50, 50, 1), dtype=np.uint8)
    quantized = quantize_post_training(network, PixelTable(pixels, np.zeros(8, np.int64)))
    described = export_onnx(quantized, tmp_path / "network.onnx")
    difference = np.abs(run(tmp_path / "network.onnx", pixels) - quantized.run(pixels))
    assert difference.max() < 2.01 * described.output.scale


def test_the_described_output_is_that_of_the_tflite_file(exported: ExportedNetwork) -> None:
    ours, theirs = describe_file(exported.onnx), describe_file(exported.tflite)
    assert ours.output.scale == pytest.approx(theirs.output.scale)
    assert ours.output.zero_point == theirs.output.zero_point
    assert (ours.input.scale, ours.input.zero_point) == (theirs.input.scale, theirs.input.zero_point)


def test_nothing_but_the_network_is_in_the_file(made: Made) -> None:
    graph = made.model.graph
    stored = sum(constant.nbytes for constant in made.constants.values())
    assert not made.model.metadata_props and not graph.metadata_props and not graph.value_info
    assert all(not node.metadata_props and not node.doc_string for node in graph.node)
    assert made.path.stat().st_size < stored + 160 * (len(graph.node) + len(graph.initializer))
    content = made.path.read_bytes()
    assert b"torch" not in content and b".py" not in content


def test_exporting_again_gives_the_same_bytes(made: Made, tmp_path: Path) -> None:
    export_onnx(made.quantized, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == made.path.read_bytes()


def float_network(*layers: nn.Module) -> QuantizedNetwork:
    """A network that claims to be quantized but has no grids."""
    program: Any = torch.export.export(nn.Sequential(*layers).eval(), (torch.zeros(2, 1, 56, 56),)).module(
        check_guards=False
    )
    return QuantizedNetwork(EveryOperator.spec, "ptq", program, program)


def test_a_float_layer_is_refused_by_name(tmp_path: Path) -> None:
    network = float_network(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(ExportError, match=r"conv2d.* is float"):
        export_onnx(network, tmp_path / "network.onnx")


def test_float_operators_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    network = float_network(nn.Sigmoid(), nn.MaxPool2d(28), nn.Flatten())
    with pytest.raises(ExportError, match="compute in float: Flatten, MaxPool, Sigmoid"):
        export_onnx(network, tmp_path / "network.onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_operator_without_a_form_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="gelu"):
        export_onnx(float_network(nn.GELU(), nn.Flatten()), tmp_path / "network.onnx")

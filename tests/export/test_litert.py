"""The .tflite file is int8 throughout, holds exactly the quantized weights, and loses nothing by slimming."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from torch import nn

from attendnets.errors import ExportError
from attendnets.export.litert import LEFTOVERS, export_litert, to_tflite
from attendnets.export.onnx import export_onnx
from attendnets.export.parity import check_parity
from attendnets.export.slim import slim
from attendnets.quantize import QuantizedNetwork, quantize_post_training
from attendnets.quantize.annotator import Int8Quantizer
from attendnets.quantize.pt2e import prepare_qat_pt2e
from attendnets.runtimes import describe_file, open_session
from attendnets.runtimes.tflite_file import read_tflite
from tests.quantize.networks import EveryOperator, every_operator

if TYPE_CHECKING:
    from tests.exported_network import ExportedNetwork

pytestmark = pytest.mark.usefixtures("one_thread")


class Made:
    """The network of every operator, quantized, as the converter wrote it and as it is after slimming."""

    def __init__(self, folder: Path) -> None:
        network, table = every_operator()
        put_between_steps(network.last)
        self.pixels = table.pixels
        self.quantized = quantize_post_training(network, table)
        self.converted, self.slimmed = folder / "converted.tflite", folder / "slimmed.tflite"
        self.converted.write_bytes(to_tflite(self.quantized))
        self.slimmed.write_bytes(slim(self.converted.read_bytes()))


def put_between_steps(layer: nn.Conv2d) -> None:
    """Weights halfway between two steps of their grid, where the last bit of the arithmetic decides."""
    with torch.no_grad():
        largest = layer.weight.abs().amax((1, 2, 3), keepdim=True)
        step = largest / 127
        between = ((layer.weight / step).floor() + 0.5) * step
        layer.weight.copy_(
            torch.where(layer.weight.abs() < largest, between.clamp(-largest, largest), layer.weight)
        )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("every_operator"))


def test_every_operator_is_int8_and_none_only_changes_layout_or_type(made: Made) -> None:
    described = describe_file(made.slimmed)
    assert described.float_operators == ()
    assert Counter(operator.name for operator in described.operators) == {
        "ADD": 3,
        "AVERAGE_POOL_2D": 4,
        "CONV_2D": 8,
        "DEPTHWISE_CONV_2D": 3,
        "FULLY_CONNECTED": 1,
        "LOGISTIC": 1,
        "MAX_POOL_2D": 2,
        "MEAN": 1,
        "MIRROR_PAD": 1,
        "MUL": 4,
        "PAD": 2,
        "RESIZE_NEAREST_NEIGHBOR": 2,
        "SUB": 1,
    }
    for operator in described.operators:
        assert operator.outputs == ("int8",)
        assert operator.inputs[0] == "int8" and set(operator.inputs) <= {"int8", "int32"}


def test_pixels_go_in_channels_last_as_int8_and_logits_come_out_as_int8(exported: ExportedNetwork) -> None:
    described = describe_file(exported.tflite)
    assert (described.input.shape, described.input.dtype) == ((1, 32, 32, 3), "int8")
    assert (described.input.scale, described.input.zero_point) == (1.0, -128)
    assert (described.output.shape, described.output.dtype) == ((1, 4), "int8")
    assert not {operator.name for operator in described.operators} & LEFTOVERS


@pytest.mark.parametrize("runtime", ["litert", "litert_reference", "tflite_micro"])
def test_runtimes_compute_what_the_quantized_program_computes(made: Made, runtime: str) -> None:
    session = open_session(made.slimmed, runtime)
    steps = session.run(made.pixels).astype(int)
    expected = session.output.quantize(made.quantized.run(made.pixels)).astype(int)
    assert np.ptp(expected) > 100
    assert np.abs(steps - expected).max() <= 4


def integers(program: torch.fx.GraphModule) -> Counter[bytes]:
    """The int8 weights of a converted program in TFLite's order of dimensions."""
    found: Counter[bytes] = Counter()
    for node in program.graph.nodes:
        if node.op == "call_function" and "dequantize_per_channel" in str(node.target):
            weight = getattr(program, node.args[0].target).numpy()
            if weight.ndim == 4:
                depthwise = weight.shape[1] == 1
                weight = weight.transpose(1, 2, 3, 0) if depthwise else weight.transpose(0, 2, 3, 1)
            found[np.ascontiguousarray(weight).tobytes()] += 1
    return found


def test_the_file_holds_the_program_s_integers_bit_for_bit(made: Made) -> None:
    file = read_tflite(made.slimmed)
    layers = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
    stored = Counter(
        bytes(file.constant(int(operator.inputs[1])))
        for index, operator in enumerate(file.graph.operators)
        if file.operator_name(index) in layers
    )
    assert sum(stored.values()) == 12
    assert stored == integers(made.quantized.program)


@pytest.mark.parametrize("runtime", ["litert", "litert_reference", "tflite_micro"])
def test_slimming_changes_no_output_bit_in_any_runtime(made: Made, runtime: str) -> None:
    before = open_session(made.converted, runtime).run(made.pixels)
    after = open_session(made.slimmed, runtime).run(made.pixels)
    np.testing.assert_array_equal(after, before)


def test_slimming_leaves_a_fifth_of_the_file_out_and_every_constant_in(made: Made) -> None:
    before, after = describe_file(made.converted), describe_file(made.slimmed)
    assert after.file_bytes < 0.8 * before.file_bytes
    assert after.operators == before.operators
    assert (after.input, after.output) == (before.input, before.output)
    # Equal constants are stored once.
    assert before.weights_bytes - 200 <= after.weights_bytes <= before.weights_bytes
    content = made.slimmed.read_bytes()
    assert slim(content) == content


def test_slimming_keeps_xnnpack_s_kernels(made: Made) -> None:
    def delegated(path: Path) -> int:
        interpreter = Interpreter(model_path=str(path))
        interpreter.allocate_tensors()
        return sum(details["op_name"] == "DELEGATE" for details in interpreter._get_ops_details())

    assert delegated(made.slimmed) == delegated(made.converted) >= 1


def test_nothing_of_the_machine_is_in_the_file(exported: ExportedNetwork) -> None:
    content = exported.tflite.read_bytes()
    assert b"/" not in b"".join(word for word in content.split(b"\0") if len(word) > 12 and word.isascii())
    for word in (b"torch", b"python", b"MLIR", b".py"):
        assert word not in content


class Nowhere(Int8Quantizer):
    """Puts no grid anywhere."""

    def annotate(self, model: torch.fx.GraphModule) -> torch.fx.GraphModule:
        return model


class Bessel(nn.Module):
    """An operator that no converter knows."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = torch.special.bessel_j0(x)
        return out


def float_network(*layers: nn.Module) -> QuantizedNetwork:
    """A network that claims to be quantized but has no grids."""
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    exported: Any = torch.export.export(network, (torch.zeros(2, 1, 56, 56),)).module(check_guards=False)
    return QuantizedNetwork.of(prepare_qat_pt2e(exported, Nowhere()), EveryOperator.spec, "ptq")


def test_a_file_with_float_operators_is_not_written_and_they_are_named(tmp_path: Path) -> None:
    network = float_network(nn.Conv2d(1, 4, 3), nn.Sigmoid())
    with pytest.raises(ExportError, match=r"compute in float: .*CONV_2D, LOGISTIC"):
        export_litert(network, tmp_path / "network.tflite")
    assert list(tmp_path.iterdir()) == []


def test_what_the_converter_cannot_convert_is_said_in_its_own_words(tmp_path: Path) -> None:
    network = float_network(Bessel())
    with pytest.raises(ExportError, match="converter failed"):
        export_litert(network, tmp_path / "network.tflite")


def test_exporting_prints_nothing(exported: ExportedNetwork, tmp_path: Path, capfd: Any) -> None:
    export_litert(exported.quantized, tmp_path / "again.tflite")
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "again.tflite").read_bytes() == exported.tflite.read_bytes()


@pytest.mark.parametrize("largest", [0.0, 1e-5])
def test_a_layer_that_is_all_but_silent_is_taken_by_every_runtime(largest: float, tmp_path: Path) -> None:
    """No value above ``largest`` after its rectifier on any image: a grid of just that range is refused."""
    network, table = every_operator()
    seen: list[torch.Tensor] = []
    hook = network.mixing.register_forward_hook(lambda _, given, made: seen.append(made.detach()))
    with torch.no_grad():
        network(torch.from_numpy(table.pixels).permute(0, 3, 1, 2).float())
        hook.remove()
        assert network.mixing.bias is not None
        network.mixing.bias.sub_(float(seen[0].max()) - largest if largest else 1e3)
    quantized = quantize_post_training(network, table)
    export_litert(quantized, tmp_path / "network.tflite")
    export_onnx(quantized, tmp_path / "network.onnx")
    check_parity(
        quantized.run,
        tmp_path / "network.tflite",
        tmp_path / "network.onnx",
        table.pixels,
        reference_images=2,
    ).require()

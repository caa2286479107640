"""A trained network keeps at 8 bits what it learned, repeatably, and comes back from plain tensors."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from attendnets.data import PixelTable
from attendnets.data.augmentation import Augmentation
from attendnets.errors import QuantizationError, UsageError
from attendnets.networks.assemble import Network, assemble
from attendnets.quantize import (
    QuantizationOptions,
    QuantizedNetwork,
    prepare,
    quantize,
    quantize_aware,
    quantize_post_training,
    restore,
)
from attendnets.training import accuracy, predict_logits
from tests.quantize.networks import every_operator, spec_of, stripes, trained, unbalanced

pytestmark = pytest.mark.usefixtures("one_thread")
SHORT = QuantizationOptions(steps=40)


@pytest.fixture(scope="module")
def learned() -> tuple[Network, PixelTable, PixelTable]:
    return trained()


@pytest.fixture(scope="module")
def quantized(learned: tuple[Network, PixelTable, PixelTable]) -> QuantizedNetwork:
    network, table, _ = learned
    return quantize_post_training(network, table, images=256)


def test_eight_bits_cost_a_trained_network_less_than_a_point(
    learned: tuple[Network, PixelTable, PixelTable],
) -> None:
    network, table, validation = learned
    before = copy.deepcopy(network.state_dict())
    quantized, record = quantize(network, table, validation)
    assert record.method == quantized.method == "ptq"
    assert record.qat_epochs == 0 and record.qat_validation_top1_percent is None
    assert record.float_validation_top1_percent == accuracy(network, validation).top1_percent
    assert record.validation_top1_percent == accuracy(quantized.program, validation).top1_percent
    assert record.float_validation_top1_percent - record.validation_top1_percent <= 1
    assert (record.images, record.calibration_images) == (300, 512)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_logits_of_pixels_are_those_of_the_program(quantized: QuantizedNetwork) -> None:
    table = stripes(150, seed=3)
    logits = quantized.run(table.pixels)
    assert logits.shape == (150, 4) and logits.dtype == np.float32
    np.testing.assert_array_equal(logits, predict_logits(quantized.program, table, batch_size=150))
    assert quantized.run(table.pixels[:0]).shape == (0, 4)


def test_the_input_is_the_pixel_less_128_and_weights_are_int8(quantized: QuantizedNetwork) -> None:
    calls = [node for node in quantized.program.graph.nodes if node.op == "call_function"]
    first = next(node for node in calls if "quantize_per_tensor" in str(node.target))
    assert first.args[1:5] == (1.0, -128, -128, 127)
    weights = [n for n in calls if "dequantize_per_channel" in str(n.target)]
    layers = [n for n in calls if "conv2d" in str(n.target) or "linear" in str(n.target)]
    assert len(weights) == len(layers) > 10
    for node in weights:
        assert getattr(quantized.program, node.args[0].target).dtype == torch.int8


def test_a_network_restored_from_safetensors_is_the_same_to_the_bit(
    quantized: QuantizedNetwork, tmp_path: Path
) -> None:
    save_file(quantized.observed, tmp_path / "observed.safetensors")
    state = torch.random.get_rng_state()
    restored = restore(quantized.spec, load_file(tmp_path / "observed.safetensors"), quantized.method)
    assert torch.equal(state, torch.random.get_rng_state())
    pixels = stripes(64, seed=4).pixels
    np.testing.assert_array_equal(restored.run(pixels), quantized.run(pixels))
    assert restored.method == "ptq"
    observed = restored.observed
    assert observed.keys() == quantized.observed.keys()
    assert all(torch.equal(observed[name], value) for name, value in quantized.observed.items())


def test_the_state_of_another_network_is_refused(quantized: QuantizedNetwork) -> None:
    other = spec_of(32, 1, 4, gate="relu6")
    with pytest.raises(QuantizationError, match="another network"):
        restore(other, quantized.observed, "ptq")
    with pytest.raises(QuantizationError, match=r"another network: .*\(5, 32\)"):
        restore(spec_of(32, 1, 5), quantized.observed, "ptq")


def test_quantizing_twice_gives_the_same_bits(learned: tuple[Network, PixelTable, PixelTable]) -> None:
    network, table, validation = learned
    network = unbalanced(network, 2.5)
    one, first = quantize(network, table, validation, options=SHORT, seed=5)
    two, second = quantize(network, table, validation, options=SHORT, seed=5)
    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)
    assert all(torch.equal(two.observed[name], value) for name, value in one.observed.items())


def test_fine_tuning_follows_where_more_than_a_point_is_lost_and_regains_it(
    learned: tuple[Network, PixelTable, PixelTable],
) -> None:
    network, table, validation = learned
    told: list[tuple[str, int, int]] = []
    quantized, record = quantize(
        unbalanced(network, 3.0),
        table,
        validation,
        augmentation=Augmentation(),
        options=SHORT,
        progress=lambda *step: told.append(step),
    )
    assert record.float_validation_top1_percent - record.ptq_validation_top1_percent > 5
    assert record.method == quantized.method == "qat" and record.qat_epochs == 5
    assert record.float_validation_top1_percent - record.validation_top1_percent < 2
    assert record.validation_top1_percent == record.qat_validation_top1_percent
    assert record.validation_top1_percent == accuracy(quantized.program, validation).top1_percent
    assert told[0] == ("calibrating", 0, 1) and told[-1] == ("quantized", 1, 1)
    assert [step[1:] for step in told if step[0].startswith("fine-tuning, ")] == [(k, 5) for k in range(1, 6)]
    pixels = validation.pixels[:32]
    again = restore(quantized.spec, quantized.observed, quantized.method)
    np.testing.assert_array_equal(again.run(pixels), quantized.run(pixels))


def test_fine_tuning_can_be_forbidden(learned: tuple[Network, PixelTable, PixelTable]) -> None:
    network, table, validation = learned
    options = QuantizationOptions(fine_tune="never")
    _, record = quantize(unbalanced(network, 2.5), table, validation, options=options)
    assert record.method == "ptq" and record.qat_epochs == 0


def test_fine_tuning_that_does_not_help_is_not_kept(learned: tuple[Network, PixelTable, PixelTable]) -> None:
    network, table, validation = learned
    ruinous = QuantizationOptions(fine_tune="always", epochs=1, rate=3.0)
    _, record = quantize(network, table, validation, options=ruinous)
    assert record.qat_epochs == 1 and record.method == "ptq"
    assert record.qat_validation_top1_percent is not None
    assert record.validation_top1_percent == record.ptq_validation_top1_percent


def test_fine_tuning_by_the_clock_plans_whole_epochs(
    learned: tuple[Network, PixelTable, PixelTable],
) -> None:
    network, table, validation = learned
    told: list[tuple[str, int, int]] = []
    quantized = quantize_aware(
        network,
        table,
        validation,
        options=QuantizationOptions(seconds=0.01),
        progress=lambda *s: told.append(s),
    )
    assert quantized.method == "qat"
    assert [step[1:] for step in told] == [(1, 1)]


@pytest.mark.parametrize(
    ("field", "value"), [("gate", "softmax"), ("activation", "silu"), ("unpool", "indices")]
)
def test_operators_without_an_int8_form_are_refused_by_name(field: str, value: str) -> None:
    network = assemble(spec_of(32, 1, 4, **{field: value}))
    names = {"softmax": "softmax", "silu": "silu", "indices": "max_pool2d_with_indices|max_pool2d"}
    with pytest.raises(QuantizationError, match=f"({names[value]}).*no int8 form"):
        prepare(network)


def test_hardtanh_to_one_is_refused_because_it_would_become_float() -> None:
    network, table = every_operator()
    network.set_submodule("stem", torch.nn.Sequential(network.stem, torch.nn.Hardtanh(0.0, 1.0)))
    with pytest.raises(QuantizationError, match="hardtanh"):
        quantize_post_training(network, table)


def test_no_images_are_refused(learned: tuple[Network, PixelTable, PixelTable]) -> None:
    network, table, validation = learned
    nothing = table.select([])
    with pytest.raises(QuantizationError, match="training images"):
        quantize(network, nothing, validation)
    with pytest.raises(QuantizationError, match="validation images"):
        quantize(network, table, nothing)


@pytest.mark.parametrize(
    "options", [{"epochs": 0}, {"rate": 0.0}, {"epochs": 1, "seconds": 1.0}, {"tolerated_drop": -1.0}]
)
def test_impossible_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="QuantizationOptions"):
        QuantizationOptions(**options)  # type: ignore[arg-type]

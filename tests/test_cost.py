"""Costs from the specification alone: the papers' totals, a second counter, and sums done by hand."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import torch
from fvcore.nn import FlopCountAnalysis
from torch import nn

from attendnets.cost import cost
from attendnets.errors import SpecError
from attendnets.networks.assemble import assemble, trace_network
from attendnets.spec import (
    BlockSpec,
    CondenserSpec,
    ConvolutionSpec,
    DoubleCondenserSpec,
    HeadSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
)

pytestmark = pytest.mark.usefixtures("one_thread")
IMAGENET = InputSpec(channels=3, height=224, width=224)


def one_block(block: BlockSpec, **changes: Any) -> NetworkSpec:
    fields: dict[str, Any] = {
        "input": InputSpec(channels=1, height=12, width=12),
        "stem": StemSpec(width=8),
        "stages": (StageSpec(blocks=(block,)),),
        "classes": 3,
    }
    return NetworkSpec(**(fields | changes))


@pytest.mark.parametrize(
    ("classes", "parameters", "macs"),
    [(1000, 11_689_512, 1_814_073_344), (50, 11_202_162, 1_813_586_944), (10, 11_181_642, 1_813_566_464)],
)
def test_resnet_18_to_the_digit(classes: int, parameters: int, macs: int) -> None:
    stages = tuple(
        StageSpec(
            blocks=(
                ConvolutionSpec(width=width, stride=1 if width == 64 else 2, downsample="stride"),
                ConvolutionSpec(width=width),
            )
        )
        for width in (64, 128, 256, 512)
    )
    stem = StemSpec(width=64, kernel=7, pool="max")
    counted = cost(NetworkSpec(input=IMAGENET, stem=stem, stages=stages, classes=classes))
    assert (counted.parameters, counted.macs) == (parameters, macs)


@pytest.mark.parametrize(
    ("widths", "mixing", "embedding", "pepe", "parameters", "macs"),
    [
        ((88, 152, 208, 616), (32, 72, 80), (16, 52, 80), (128, 1, 224), 1_386_743, 276_989_776),
        ((56, 160, 304, 384), (16, 52, 56), (12, 24, 28), (144, 2, 48), 783_567, 191_256_400),
    ],
)
def test_feasible_reconstructions_of_attendnets_totals(
    widths: tuple[int, ...],
    mixing: tuple[int, ...],
    embedding: tuple[int, ...],
    pepe: tuple[int, int, int],
    parameters: int,
    macs: int,
) -> None:
    """Invented widths that an independent closed form counted; they lie within the printed totals' rounding.

    The authors' channel numbers are unknown: 3, 4, 6 VACs and 3 PEPEs at 56, 28, 14, 7 pixels, 50 classes.
    """
    stages: list[StageSpec] = []
    for number, depth in enumerate((3, 4, 6, 3)):
        blocks: list[BlockSpec] = []
        for position in range(depth):
            stride: Any = 2 if number and position == 0 else 1
            if number < 3:
                blocks.append(
                    VisualCondenserSpec(
                        width=widths[number],
                        stride=stride,
                        mixing=mixing[number],
                        embedding=embedding[number],
                    )
                )
            else:
                projection, multiplier, second = pepe
                blocks.append(
                    PepeSpec(
                        width=widths[number],
                        stride=stride,
                        projection=projection,
                        multiplier=multiplier,
                        second_projection=second,
                    )
                )
        stages.append(StageSpec(blocks=tuple(blocks)))
    stem = StemSpec(width=24, kernel=7, pool="max")
    counted = cost(NetworkSpec(input=IMAGENET, stem=stem, stages=tuple(stages), classes=50))
    assert (counted.parameters, counted.macs) == (parameters, macs)


@pytest.mark.parametrize(
    "block",
    [
        ConvolutionSpec(width=12, stride=2, groups=2),
        CondenserSpec(width=12, embedding=8, stride=2),
        VisualCondenserSpec(width=12, mixing=8, embedding=8, expansion=True),
        DoubleCondenserSpec(width=12, inner=8, form="bottleneck", stride=2),
        PepeSpec(width=12, projection=8, multiplier=2, second_projection=4, stride=2, downsample="stride"),
    ],
    ids=lambda block: type(block).__name__,
)
def test_a_second_counter_agrees(block: BlockSpec) -> None:
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    spec = one_block(block, head=HeadSpec(features=16), input=InputSpec(channels=3, height=30, width=22))
    counter = FlopCountAnalysis(assemble(spec).eval(), torch.zeros(1, 3, 30, 22))
    counter.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    by_operator = counter.by_operator()
    assert by_operator["conv"] + by_operator["linear"] == cost(spec).macs


def test_a_whole_network_by_hand() -> None:
    """1x12x12 pixels, 3x3 stem to 8 channels at 6x6, one 3x3 layer with a shortcut, 3 classes."""
    counted = cost(one_block(ConvolutionSpec(width=8, layers=1)))
    stem, block, head = 1 * 8 * 9, 8 * 8 * 9, 8 * 3
    assert (stem, block, head) == (72, 576, 24)
    assert counted.parameters == (72 + 16) + (576 + 16) + (24 + 3)
    assert counted.macs == 36 * 72 + 36 * 576 + 24
    assert counted.weights_bytes == 72 + 576 + 24 + 4 * (8 + 8 + 3)
    # Stem: 144 + 288. Block: its input waits for the addition: 3 x 288. Head: 288 + 8, then 8 + 3.
    assert [row.activation_bytes for row in counted.rows] == [432, 864, 296]
    assert counted.activation_bytes == 864


def test_rows_add_up_and_follow_each_other() -> None:
    spec = one_block(VisualCondenserSpec(width=12, mixing=8, embedding=8, stride=2))
    counted = cost(spec)
    assert [row.name for row in counted.rows] == ["stem", "stages.0.0", "head"]
    assert [row.kind for row in counted.rows] == ["stem", "visual_condenser", "head"]
    for before, after in zip(counted.rows, counted.rows[1:], strict=False):
        assert before.out_shape == after.in_shape
    assert counted.rows[0].in_shape == (1, 12, 12)
    assert counted.rows[-1].out_shape == (3, 1, 1)
    for quantity in ("parameters", "macs", "weights_bytes"):
        assert getattr(counted, quantity) == sum(getattr(row, quantity) for row in counted.rows)
    assert counted.activation_bytes == max(row.activation_bytes for row in counted.rows)
    assert counted.activation_bytes == max(trace_network(spec).live_bytes())
    assert counted.arena_bytes >= counted.activation_bytes


def test_the_same_block_in_two_places_is_costed_in_both() -> None:
    block = ConvolutionSpec(width=8)
    spec = one_block(block, stages=(StageSpec(blocks=(block,)), StageSpec(blocks=(block, block))))
    rows = cost(spec).rows
    assert [row.name for row in rows] == ["stem", "stages.0.0", "stages.1.0", "stages.1.1", "head"]
    assert rows[1]._replace(name="") == rows[2]._replace(name="") == rows[3]._replace(name="")


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16, 32])
def test_weights_take_their_bits_and_biases_four_bytes(bits: int) -> None:
    spec = one_block(ConvolutionSpec(width=8, layers=1))
    assert cost(spec, bits).weights_bytes == (72 + 576 + 24) * bits // 8 + 4 * 19
    assert cost(spec, bits).activation_bytes == cost(spec).activation_bytes


@pytest.mark.parametrize("bits", [0, 3, 64])
def test_a_precision_that_is_none_is_refused(bits: int) -> None:
    with pytest.raises(SpecError, match=f"bits: {bits}"):
        cost(one_block(ConvolutionSpec(width=8)), bits)


def test_requirements_find_the_quantities_under_their_names() -> None:
    counted = cost(one_block(ConvolutionSpec(width=8)))
    assert counted.figures() == {
        "bits": 8,
        "parameters": counted.parameters,
        "macs": counted.macs,
        "weights": counted.weights_bytes,
        "activations": counted.activation_bytes,
        "file": counted.file_bytes,
        "arena": counted.arena_bytes,
    }


def test_counting_makes_no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("a weight was made")

    monkeypatch.setattr(nn.Module, "__init__", refuse)
    monkeypatch.setattr(torch, "empty", refuse)
    block = VisualCondenserSpec(width=4096, mixing=4096, embedding=4096)
    assert cost(one_block(block)).parameters > 50_000_000


def test_the_layer_of_a_refused_network_is_named_also_after_its_neighbours_were_cached() -> None:
    right = ConvolutionSpec(width=8, groups=2)
    wrong = CondenserSpec(width=8, embedding=6)
    cost(one_block(right))
    spec = one_block(right, stages=(StageSpec(blocks=(right, right)), StageSpec(blocks=(wrong,))))
    for _ in range(2):
        with pytest.raises(SpecError, match=r"stages\.1\.0\.attention\.grouped: groups of 4 do not divide 8"):
            cost(spec)

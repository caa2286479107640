"""Trained networks are probed block by block, and are afterwards what they were."""

from __future__ import annotations

import copy
from typing import cast

import msgspec
import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from attendnets.blocks import Block
from attendnets.blocks.pepe import PepeBlock
from attendnets.blocks.visual_condenser import VisualCondenserBlock
from attendnets.cost import cost
from attendnets.data import PixelTable
from attendnets.errors import DataError
from attendnets.exploration.evaluation import ShortTraining
from attendnets.exploration.probing import affordable_images, probe
from attendnets.networks.assemble import Network, assemble
from attendnets.spec import (
    BlockSpec,
    CondenserSpec,
    ConvolutionSpec,
    DoubleCondenserSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    SpeechCondenserSpec,
    StageSpec,
    StemSpec,
    TemporalConvolutionSpec,
    VisualCondenserSpec,
)
from attendnets.training import predict_logits

PEPE = PepeSpec(width=16, projection=16, second_projection=8)
VAC = VisualCondenserSpec(width=16, mixing=8, embedding=8, linear_embedding=True)
DC_AC = DoubleCondenserSpec(width=16, inner=8, gate="sigmoid", activation="relu")
BLOCKS: tuple[BlockSpec, ...] = (
    ConvolutionSpec(width=16),
    ConvolutionSpec(width=16, layers=1),
    TemporalConvolutionSpec(width=16),
    CondenserSpec(width=16, embedding=8),
    SpeechCondenserSpec(width=16, embedding=4),
    VAC,
    DC_AC,
    DoubleCondenserSpec(width=16, inner=8, attention=False),
    PEPE,
)
ROUNDING = 2e-6


def network_of(block: BlockSpec) -> Network:
    """Two stages of two blocks, with weights and statistics as a training might leave them."""
    strided = msgspec.structs.replace(block, stride=2, width=24)
    spec = NetworkSpec(
        input=InputSpec(channels=1, height=16, width=16),
        stem=StemSpec(width=8, stride=1),
        stages=(
            StageSpec(blocks=(block, block)),
            StageSpec(blocks=(strided, msgspec.structs.replace(strided, stride=1))),
        ),
        classes=3,
    )
    torch.manual_seed(1)
    network = assemble(spec)
    torch.nn.init.normal_(network.head.get_parameter("linear.weight"))
    for norm in (module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias)
    for _ in range(5):
        network(torch.rand(16, 1, 16, 16) * 255)
    return network


def images(count: int = 48) -> PixelTable:
    rng = np.random.default_rng(2)
    pixels = rng.integers(256, size=(count, 16, 16, 1), dtype=np.uint8)
    return PixelTable(pixels, rng.integers(3, size=count))


def loss(network: Network, table: PixelTable) -> float:
    logits = torch.from_numpy(predict_logits(network, table))
    return float(cross_entropy(logits, torch.from_numpy(table.labels)))


def block_of(network: Network, stage: int, position: int) -> Block:
    return cast("Block", cast("torch.nn.Sequential", network.stages[stage])[position])


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: type(block).__name__)
def test_blocks_of_every_kind_are_probed_and_left_as_they_were(block: BlockSpec) -> None:
    network, table = network_of(block), images()
    before, logits = copy.deepcopy(network.state_dict()), predict_logits(network, table)
    reactions = probe(network, table, seed=0)
    assert [(r.part, r.stimulus) for r in reactions] == [
        (f"stages.{stage}.{position}", stimulus)
        for stage in (0, 1)
        for position in (0, 1)
        for stimulus in ("ablate", "halve")
    ]
    assert all(r.loss_change != 0 and r.error > 0 for r in reactions if r.stimulus == "ablate")
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert np.array_equal(predict_logits(network, table), logits)
    assert network.training and all(module.training for module in network.modules())
    assert not any(module._forward_hooks for module in network.modules())
    assert probe(network, table, seed=0) == reactions


def test_an_ablated_block_is_the_one_whose_branch_gives_zeros() -> None:
    network, table = network_of(VAC), images()
    told = probe(network, table, seed=0)
    before = loss(network, table)
    for number, (stage, position) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        removed = copy.deepcopy(network)
        block = cast("VisualCondenserBlock", block_of(removed, stage, position))
        torch.nn.init.zeros_(block.up_mixing.get_parameter("norm.weight"))
        torch.nn.init.zeros_(block.up_mixing.get_parameter("norm.bias"))
        assert told[2 * number].loss_change == pytest.approx(loss(removed, table) - before, abs=ROUNDING)


def test_a_gate_without_its_signal_lets_half_of_the_values_pass() -> None:
    network, table = network_of(DC_AC), images()
    told, before = probe(network, table, seed=0)[0], loss(network, table)
    last = block_of(network, 0, 0).get_submodule("embed.1")
    torch.nn.init.zeros_(last.get_parameter("norm.weight"))
    torch.nn.init.zeros_(last.get_parameter("norm.bias"))
    assert told.loss_change == pytest.approx(loss(network, table) - before, abs=ROUNDING)


def test_the_half_of_the_inner_channels_that_is_silenced_is_the_weaker_one() -> None:
    network, table = network_of(PEPE), images()
    norm = cast("PepeBlock", block_of(network, 0, 1)).branch[1].get_submodule("norm")
    silent = torch.arange(0, 16, 2)
    with torch.no_grad():
        norm.get_parameter("weight")[silent] = 0
        norm.get_parameter("bias")[silent] = 0
    halved = [r for r in probe(network, table, seed=0) if r.stimulus == "halve"]
    assert halved[1].loss_change == 0
    assert halved[0].loss_change != 0


def test_a_block_with_nothing_round_it_is_only_halved() -> None:
    network = network_of(ConvolutionSpec(width=16, shortcut=False))
    assert {r.stimulus for r in probe(network, images(), seed=0)} == {"halve"}


def test_shares_are_those_that_the_block_costs() -> None:
    network = network_of(PEPE)
    price = cost(network.spec)
    reaction = next(r for r in probe(network, images(), seed=0) if r.part == "stages.1.0")
    row = next(row for row in price.rows if row.name == "stages.1.0")
    assert reaction.macs_share == pytest.approx(row.macs / price.macs, abs=1e-6)
    assert reaction.parameters_share == pytest.approx(row.parameters / price.parameters, abs=1e-6)


def test_the_error_is_that_of_the_change_over_images() -> None:
    network, table = network_of(PEPE), images(400)
    few, many = (probe(network, table, seed=0, images=count)[0] for count in (40, 256))
    assert few != many
    assert few.error / many.error == pytest.approx((256 / 40) ** 0.5, rel=0.4)
    assert abs(few.loss_change - many.loss_change) < 4 * few.error


def test_few_images_are_probed_after_a_short_training_and_at_most_256_after_a_long_one() -> None:
    network = network_of(PEPE)
    counts = [affordable_images(network, seen) for seen in (0, 5_000, 10_000, 1_000_000)]
    assert counts[0] == 32 and counts[3] == 256
    assert counts[1] * 2 == pytest.approx(counts[2], abs=2)


def test_without_images_there_is_nothing_to_probe_with() -> None:
    with pytest.raises(DataError, match="no images to probe with"):
        probe(network_of(PEPE), images(0), seed=0)


def test_a_training_that_was_kept_before_networks_were_probed_is_read() -> None:
    old = {"top1_percent": 80.0, "images": 400, "loss": 0.5, "loss_error": 0.02, "seconds": 1.0}
    assert msgspec.convert(old, ShortTraining).reactions == ()

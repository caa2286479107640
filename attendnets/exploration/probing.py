"""Probing of trained networks: what the loss says when a block is removed, or half of it.

The papers' inquisitor stimulates parts of generated networks and reads their reactions (arXiv 1809.05989);
which parts, how and how long was never published. Here: every block of every stage, on validation images,
by removing what it does (:meth:`Block.removable`) and by silencing the weaker half of its inner channels
(:meth:`Block.inner`). Weights are not touched: layers' outputs are.

Letters: B blocks, N images.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from attendnets.blocks import Block
from attendnets.cost import cost
from attendnets.data import PixelTable, evaluation_batches
from attendnets.errors import DataError
from attendnets.exploration.record import Reaction
from attendnets.networks.assemble import Network

MOST_IMAGES, LEAST_IMAGES = 256, 32
COST_SHARE = 0.03
"""Of a training's multiply-adds; few images are probed where the training was short."""
_PASSES = 3
"""Passes of a training step, in forward passes."""
_BATCH = 32
_DIGITS = 6


@dataclass(frozen=True)
class _Stimulus:
    """``factor`` multiplies what ``layer``, of block number ``block``, gives: ``(channels,)`` of 0 and 1."""

    block: int
    kind: Literal["ablate", "halve"]
    layer: nn.Module
    factor: Tensor


def affordable_images(network: Network, trained_images: int) -> int:
    """How many images :func:`probe` may take after a training on ``trained_images``, all epochs counted.

    As many as cost 3 % of its multiply-adds, within 32 to 256.
    """
    macs = [row.macs for row in cost(network.spec).rows]
    whole = sum(macs)
    stimuli = [1 if block.removable() is None else 2 for block in _blocks(network)]
    # A disturbed block is followed by all that comes after it; what comes before is the same for all.
    from_block = list(itertools.accumulate(reversed(macs[1:])))[:0:-1]
    image = whole + sum(times * rest for times, rest in zip(stimuli, from_block, strict=True))
    affordable = int(COST_SHARE * _PASSES * whole * trained_images / image)
    return min(max(affordable, LEAST_IMAGES), MOST_IMAGES)


def probe(
    network: Network, validation: PixelTable, seed: int, images: int = MOST_IMAGES
) -> tuple[Reaction, ...]:
    """Reactions of the blocks of ``network`` in their order, on a part of ``validation`` drawn by ``seed``.

    Parts of one seed contain one another. Blocks with nothing round them cannot be ablated. A change that
    is no number is left out. Network and gradients are left as they were. Raises DataError for no images.
    """
    if len(validation) == 0:
        raise DataError("There are no images to probe with: give at least one.")
    order = np.random.default_rng(seed).permutation(len(validation))[:images]
    table = validation.select(order)
    with torch.inference_mode(), _evaluating(network):
        stimuli = _stimuli(network, table)
        undisturbed, disturbed = _losses(network, stimuli, table)
    changes = disturbed - undisturbed
    means, errors = changes.mean(1), changes.std(1, correction=0) / changes.shape[1] ** 0.5
    price = cost(network.spec)
    return tuple(
        Reaction(
            part=price.rows[1 + stimulus.block].name,
            stimulus=stimulus.kind,
            loss_change=round(float(mean), _DIGITS),
            error=round(float(error), _DIGITS),
            macs_share=round(price.rows[1 + stimulus.block].macs / price.macs, _DIGITS),
            parameters_share=round(price.rows[1 + stimulus.block].parameters / price.parameters, _DIGITS),
        )
        for stimulus, mean, error in zip(stimuli, means, errors, strict=True)
        if math.isfinite(mean)
    )


def _blocks(network: Network) -> list[Block]:
    return [cast("Block", block) for stage in network.stages for block in cast("nn.Sequential", stage)]


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _stimuli(network: Network, table: PixelTable) -> list[_Stimulus]:
    """Of each block in turn. Its weaker channels are told by their mean square on the first batch."""
    blocks = _blocks(network)
    squares: dict[nn.Module, Tensor] = {}

    def remember(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        squares[layer] = output.double().square().mean((0, 2, 3))

    handles = [block.inner().register_forward_hook(remember) for block in blocks]
    try:
        network(next(evaluation_batches(table, _BATCH))[0])
    finally:
        for handle in handles:
            handle.remove()
    stimuli = []
    for number, block in enumerate(blocks):
        removable = block.removable()
        if removable is not None:
            stimuli.append(_Stimulus(number, "ablate", removable, torch.zeros(1)))
        strength = squares[block.inner()]
        kept = torch.ones(len(strength))
        kept[strength.argsort(stable=True)[: len(strength) // 2]] = 0.0
        stimuli.append(_Stimulus(number, "halve", block.inner(), kept))
    return stimuli


def _losses(network: Network, stimuli: Sequence[_Stimulus], table: PixelTable) -> tuple[Tensor, Tensor]:
    """Cross-entropies of the images, undisturbed ``(N,)`` and under each stimulus ``(stimuli, N)``."""
    blocks = _blocks(network)
    undisturbed, disturbed = [], []
    for pixels, labels in evaluation_batches(table, _BATCH):
        x = network.stem(pixels * network.pixel_scale)
        rows = []
        for number, block in enumerate(blocks):
            for stimulus in stimuli:
                if stimulus.block == number:
                    with _applied(stimulus):
                        y = block(x)
                    y = nn.Sequential(*blocks[number + 1 :], network.head)(y)
                    rows.append(cross_entropy(y, labels, reduction="none"))
            x = block(x)
        undisturbed.append(cross_entropy(network.head(x), labels, reduction="none"))
        disturbed.append(torch.stack(rows))
    return torch.cat(undisturbed).double(), torch.cat(disturbed, dim=1).double()


@contextmanager
def _applied(stimulus: _Stimulus) -> Iterator[None]:
    factor = stimulus.factor.reshape(1, -1, 1, 1)

    def disturb(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return output * factor

    handle = stimulus.layer.register_forward_hook(disturb)
    try:
        yield
    finally:
        handle.remove()

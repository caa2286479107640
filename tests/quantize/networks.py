"""Networks to quantize: one with every operator that has an int8 form, and one that has learned something."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attendnets.data import PixelTable
from attendnets.data.augmentation import Augmentation
from attendnets.networks.assemble import Network, assemble
from attendnets.spec import (
    ConvolutionSpec,
    HeadSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
)
from attendnets.training import Budget, Recipe, train


def spec_of(side: int, channels: int, classes: int, **condenser: Any) -> NetworkSpec:
    """A network of three block kinds; ``condenser`` are fields of its VAC."""
    return NetworkSpec(
        input=InputSpec(channels=channels, height=side, width=side),
        stem=StemSpec(width=8),
        stages=(
            StageSpec(blocks=(VisualCondenserSpec(width=16, mixing=8, embedding=8, **condenser),)),
            StageSpec(blocks=(ConvolutionSpec(width=16, stride=2, groups=4),)),
            StageSpec(blocks=(PepeSpec(width=24, projection=8, multiplier=2, second_projection=8),)),
        ),
        head=HeadSpec(features=32, dropout=0.1),
        classes=classes,
    )


class EveryOperator(nn.Module):
    """56 x 56 grey pixels to 4 logits by each operator form that folded networks consist of."""

    spec = spec_of(56, 1, 4)

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3, 2, 1)
        self.grouped = nn.Conv2d(16, 24, 3, 1, 1, groups=4)
        self.mixing = nn.Conv2d(24, 16, 1)
        self.expansion = nn.Conv2d(16, 24, 1)
        self.scale = nn.Parameter(torch.ones(1) * 1.1)
        self.multiplied = nn.Conv2d(24, 48, 3, 1, 1, groups=24)
        self.pointwise = nn.Conv2d(48, 32, 1)
        self.strided = nn.Conv2d(32, 32, 3, 2, 1, groups=32)
        self.gate = nn.Conv2d(32, 32, 1)
        self.branch = nn.Conv2d(32, 40, 1)
        self.main = nn.Conv2d(32, 40, 1)
        self.last = nn.Conv2d(40, 40, 3, 1, 1)
        self.dropout = nn.Dropout(0.5)
        self.linear = nn.Linear(40, 4)
        with torch.no_grad():
            # Raw pixels have no mean of 0: what a folded network's first weights would make of them.
            self.stem.weight.sub_(self.stem.weight.mean((2, 3), keepdim=True)).div_(64)
            self.linear.weight.mul_(20)

    def forward(self, pixels: Tensor) -> Tensor:
        x = F.relu(self.stem(pixels))  # 28 x 28
        v = F.relu6(self.grouped(x))
        y = F.relu(self.mixing(F.max_pool2d(v, 2, 2, ceil_mode=True)))  # 14 x 14
        y = F.interpolate(self.expansion(y), size=v.shape[2:], mode="nearest")
        x = F.relu(v * torch.sigmoid(y) * self.scale + v)
        x = self.pointwise(F.relu(self.multiplied(x)))
        x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), 2, 1)  # 29 x 29
        x = F.avg_pool2d(x, 2, 2)  # 14 x 14
        x = F.relu(self.strided(x))  # 7 x 7
        y = self.gate(F.max_pool2d(x, 2, 2, ceil_mode=True))  # 4 x 4
        gate = F.interpolate(F.relu6(y + 3.0) * (1.0 / 6.0), size=(7, 7), mode="nearest")
        x = x * gate
        y = self.branch(F.avg_pool2d(x, 3, 1, 1, count_include_pad=False))
        x = F.relu(self.main(x) - y)
        x = F.relu(self.last(x) + x)
        x = F.avg_pool2d(x, 2, 2, ceil_mode=True, count_include_pad=False)  # 4 x 4
        logits: Tensor = self.linear(self.dropout(x.mean((2, 3))))
        return logits

    def fold(self) -> nn.Module:
        return copy.deepcopy(self)


def every_operator() -> tuple[EveryOperator, PixelTable]:
    """The network with random weights, and 32 images."""
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (32, 8, 8, 1)).repeat(7, 1).repeat(7, 2)
    pixels = np.clip(coarse + random.normal(0, 10, coarse.shape), 0, 255).astype(np.uint8)
    return EveryOperator().eval(), PixelTable(pixels, np.zeros(32, np.int64))


def stripes(images: int, seed: int, side: int = 32) -> PixelTable:
    """Stripes in four directions, which are the classes, of random width and phase, under noise."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, images)
    y, x = np.mgrid[:side, :side]
    angle = (labels * np.pi / 4 + random.uniform(-0.25, 0.25, images))[:, None, None]
    width, phase = random.uniform((0.4, 0), (1.0, 6), (images, 2)).T[:, :, None, None]
    wave = np.sin(width * (np.cos(angle) * x + np.sin(angle) * y) + phase)
    pixels = 128 + 40 * wave + random.normal(0, 45, wave.shape)
    return PixelTable(pixels.clip(0, 255).astype(np.uint8)[..., None], labels.astype(np.int64))


def trained() -> tuple[Network, PixelTable, PixelTable]:
    """A network that has learned the stripes, with its training and validation images."""
    torch.manual_seed(0)
    network, table, validation = assemble(spec_of(32, 1, 4)), stripes(600, 1), stripes(300, 2)
    train(
        network,
        table,
        validation,
        recipe=Recipe(warmup_steps=10, bfloat16=False),
        budget=Budget(epochs=6),
        augmentation=Augmentation(),
        seed=0,
        checkpoint=None,
        progress=None,
    )
    return network, table, validation


def unbalanced(network: Network, spread: float) -> Network:
    """The same function with channels of very different ranges, which one grid serves badly."""
    network = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for module in network.modules():
            if getattr(module, "spec_type", None) is PepeSpec:
                branch: Any = module.branch
                _, depthwise, pointwise, _ = branch
                factor = torch.exp(spread * torch.randn(len(depthwise.norm.weight), generator=generator))
                depthwise.norm.weight.mul_(factor)
                depthwise.norm.bias.mul_(factor)
                pointwise.conv.weight.div_(factor[None, :, None, None])
    return network

"""Halving the grid: anti-aliased (average, binomial blur), by maximum, or left to a strided convolution.

Anti-aliased downsampling (AADS) puts a low-pass filter before the subsampling (Zhang, "Making
convolutional networks shift-invariant again", arXiv 1904.11486). "average" is the released DC-AC
network's cheap form, a 2x2 box; "blur" is the 3x3 binomial filter with reflected borders.
"""

from __future__ import annotations

from typing import Protocol

import torch.nn.functional as F
from torch import Tensor, nn

from attendnets.graph import Graph, TensorId
from attendnets.spec import Downsample


class Halving(Protocol):
    """The two fields of a block's spec that decide how it halves the grid."""

    @property
    def stride(self) -> int:
        """1 or 2."""

    @property
    def downsample(self) -> Downsample:
        """How."""


def average2x2(x: Tensor) -> Tensor:
    """(B, C, H, W) to (B, C, ceil(H / 2), ceil(W / 2)); at an odd border the mean is over what is there.

    Asked for only where a side is odd: the rounding up of an even side has no 8-bit operator.
    """
    odd = bool(x.shape[-1] % 2 or x.shape[-2] % 2)
    return F.avg_pool2d(x, 2, 2, ceil_mode=odd, count_include_pad=not odd)


class AveragePool(nn.Module):
    """:func:`average2x2` as a module."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, ceil(H / 2), ceil(W / 2))."""
        return average2x2(x)


class BlurPool(nn.Module):
    """Binomial [1, 2, 1] x [1, 2, 1] / 16 filter with reflected borders, then every second pixel.

    Written as two 2x2 averages, of stride 1 and 2, which is the same filter without any weights.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, ceil(H / 2), ceil(W / 2))."""
        x = F.pad(x, (1, 1, 1, 1), mode="reflect")
        return F.avg_pool2d(F.avg_pool2d(x, 2, 1), 2, 2)


def pool2x2(kind: Downsample) -> nn.Module:
    """The pooling of a name; odd sizes round up; "stride" is the identity."""
    if kind == "average":
        return AveragePool()
    if kind == "max":
        return nn.MaxPool2d(2, 2, ceil_mode=True)
    if kind == "blur":
        return BlurPool()
    return nn.Identity()


def downsample(spec: Halving) -> nn.Module:
    """The pooling at a block's entrance; identity at stride 1 or where a convolution strides instead."""
    return pool2x2(spec.downsample) if spec.stride == 2 else nn.Identity()


def trace_downsample(spec: Halving, graph: Graph, x: TensorId, name: str = "down") -> TensorId:
    """Operations of :func:`downsample`."""
    if spec.stride == 1 or spec.downsample == "stride":
        return x
    if spec.downsample == "blur":
        x = graph.pad(x, 1, name=f"{name}.pad")
        x = graph.window(x, 2, name=f"{name}.average")
        return graph.window(x, 2, name=name, stride=2)
    return graph.pool(x, name=name)

"""The block of TinySpeech's networks (arXiv 2008.04245): two attention condensers, one within the other.

::

    Q = C(V)   K1 = E1(Q)   K = E2(K1)   A = X(K)   V' = norm(V + V * A * S)

The figure gives a block four channel numbers (a, b | c, d): embedding layers of two condensers, the second
of which starts from the first's b channels. A of b channels has no product with V; what the numbers and the
published totals leave is this: the first condenser's expansion and the second's condensation cancel (a 2x2
maximum of equal values), so both embeddings run in series on the condensed grid, and A has V's channels
again. Norms, gate, the learned S and the added V are readings of public re-implementations; the norm comes
after the addition, so that a chain of blocks, each of which adds to a V that is never negative, keeps the
signal's size.
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attendnets.blocks.activation import activation, apply_gate
from attendnets.blocks.block import Block
from attendnets.blocks.conv_norm_act import ConvNormAct, affine_of, trace_activation, trace_convolution
from attendnets.blocks.downsample import downsample, pool2x2, trace_downsample
from attendnets.blocks.shortcut import Shortcut
from attendnets.graph import Graph, TensorId
from attendnets.spec import Activation, SpeechCondenserSpec


def _embedding(spec: SpeechCondenserSpec) -> tuple[tuple[int, int, int, int, Activation], ...]:
    """The four layers: input channels, output channels, kernel, groups, activation."""
    width, between, times = spec.width, spec.embedding, spec.multiplier
    return (
        (width, times * width, spec.kernel, width, "relu"),
        (times * width, between, 1, 1, "relu"),
        (between, times * between, spec.kernel, between, "relu"),
        (times * between, width, 1, 1, "none" if spec.linear_embedding else "relu"),
    )


class SpeechCondenserBlock(Block):
    """Two condensers' embeddings in series attend to the block's input; residual shortcut, batch norm.

    They keep width and grid, so a 1x1 convolution before them brings the input to ``width`` where they
    differ.
    """

    spec_type: ClassVar = SpeechCondenserSpec

    def __init__(self, in_channels: int, spec: SpeechCondenserSpec) -> None:
        super().__init__(in_channels, spec)
        self.spec = spec
        strided = spec.stride == 2 and spec.downsample == "stride"
        self.down = downsample(spec)
        self.enter: nn.Module = nn.Identity()
        if in_channels != spec.width or strided:
            self.enter = ConvNormAct(
                in_channels, spec.width, 1, stride=2 if strided else 1, act=spec.activation
            )
        self.condense = pool2x2(spec.pool)
        self.embed = nn.Sequential(
            *(
                ConvNormAct(channels, width, kernel, groups=groups, act=act)
                for channels, width, kernel, groups, act in _embedding(spec)
            )
        )
        self.scale = nn.Parameter(torch.ones(1))
        self.norm: nn.Module = nn.BatchNorm2d(spec.width)
        self.shortcut = Shortcut(in_channels, spec)
        self.act = activation(spec.activation)

    def attention(self, v: Tensor) -> Tensor:
        """Gated self-attention values, of the shape of ``v`` (B, C, H, W)."""
        height, width = v.shape[-2:]
        expanded = F.interpolate(self.embed(self.condense(v)), size=(height, width), mode="nearest")
        return apply_gate(self.spec.gate, expanded)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, width, H / stride, W / stride)."""
        x = self.down(x)
        v = self.enter(x)
        attended = v * self.attention(v) * self.scale
        out: Tensor = self.act(self.norm(self.shortcut(x, attended)))
        return out

    def inner(self) -> nn.Module:
        """See :class:`Block`."""
        return self.embed[1]

    def removable(self) -> nn.Module | None:
        """See :class:`Block`; it leaves the gate of 0."""
        return self.embed

    def fold(self) -> None:
        """Turn the batch norm into one depthwise 1x1 convolution with bias."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.norm = affine_of(self.norm)

    @staticmethod
    def trace(spec: SpeechCondenserSpec, graph: Graph, x: TensorId) -> TensorId:
        """See :class:`Block`."""
        strided = spec.stride == 2 and spec.downsample == "stride"
        x = trace_downsample(spec, graph, x)
        v = x
        if graph.shape(x).channels != spec.width or strided:
            v = trace_convolution(
                graph, x, spec.width, 1, name="enter", stride=2 if strided else 1, act=spec.activation
            )
        a = graph.pool(v, name="attention.pool")
        for number, (_, width, kernel, groups, act) in enumerate(_embedding(spec)):
            a = trace_convolution(
                graph, a, width, kernel, name=f"attention.embed.{number}", groups=groups, act=act
            )
        a = graph.resize(a, v, name="attention.unpool")
        if spec.gate != "none":
            a = graph.gate(a, name="attention.gate")
        y = graph.multiply(v, a, name="attention.combine", parameters=1, weights=1)
        y = graph.affine(Shortcut.trace(spec, graph, x, y), name="norm")
        return trace_activation(graph, y, spec.activation, "act")

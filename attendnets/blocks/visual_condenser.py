"""Visual attention condenser, VAC (AttendNets, arXiv 2009.14385, section 2.1 and Fig. 1)::

    V' = M(V)   Q = C(V')   K = E(Q)   A = X(K)   V'' = F(V', A, S)   V''' = M'(V'')

M and M' are pointwise convolutions: down-mixing to ``mixing`` channels and up-mixing to ``width``.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attendnets.blocks.activation import activation
from attendnets.blocks.block import Block
from attendnets.blocks.condenser import SelectiveAttention
from attendnets.blocks.conv_norm_act import ConvNormAct, trace_activation, trace_convolution
from attendnets.blocks.downsample import downsample, trace_downsample
from attendnets.blocks.shortcut import Shortcut
from attendnets.graph import Graph, TensorId
from attendnets.spec import VisualCondenserSpec


class VisualCondenserBlock(Block):
    """Down-mixing, attention condenser, up-mixing, residual shortcut."""

    spec_type: ClassVar = VisualCondenserSpec

    def __init__(self, in_channels: int, spec: VisualCondenserSpec) -> None:
        super().__init__(in_channels, spec)
        strided = spec.stride == 2 and spec.downsample == "stride"
        self.down = downsample(spec)
        self.down_mixing = ConvNormAct(
            in_channels, spec.mixing, 1, stride=2 if strided else 1, act=spec.activation
        )
        self.attend = SelectiveAttention(spec.mixing, spec)
        self.up_mixing = ConvNormAct(spec.mixing, spec.width, 1, act="none")
        self.shortcut = Shortcut(in_channels, spec)
        self.act: nn.Module = activation(spec.activation)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, width, H / stride, W / stride)."""
        x = self.down(x)
        y = self.up_mixing(self.attend(self.down_mixing(x)))
        out: Tensor = self.act(self.shortcut(x, y))
        return out

    def inner(self) -> nn.Module:
        """See :class:`Block`."""
        return self.down_mixing

    def removable(self) -> nn.Module | None:
        """See :class:`Block`."""
        return self.up_mixing if self.shortcut.present else None

    def fold(self) -> None:
        """Fold S into the up-mixing weights: the product before them is linear in it."""
        scale = self.attend.take_scale()
        if scale is not None:
            with torch.no_grad():
                self.up_mixing.conv.weight.mul_(scale[None, :, None, None])

    @staticmethod
    def trace(spec: VisualCondenserSpec, graph: Graph, x: TensorId) -> TensorId:
        """See :class:`Block`."""
        strided = spec.stride == 2 and spec.downsample == "stride"
        x = trace_downsample(spec, graph, x)
        y = trace_convolution(
            graph, x, spec.mixing, 1, name="down_mixing", stride=2 if strided else 1, act=spec.activation
        )
        y = SelectiveAttention.trace(spec, graph, y)
        y = trace_convolution(graph, y, spec.width, 1, name="up_mixing", act="none")
        y = Shortcut.trace(spec, graph, x, y)
        return trace_activation(graph, y, spec.activation, "act")

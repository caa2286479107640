"""Projection, expansion, projection, expansion, PEPE (AttendNets, arXiv 2009.14385, section 3).

Pointwise projection, depthwise convolution that may widen by an integer multiplier, pointwise projection,
pointwise expansion. Activations after the first three and a linear last layer are our reading.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from attendnets.blocks.block import Block
from attendnets.blocks.conv_norm_act import ConvNormAct, trace_convolution
from attendnets.blocks.downsample import downsample, trace_downsample
from attendnets.blocks.shortcut import Shortcut
from attendnets.graph import Graph, TensorId
from attendnets.spec import PepeSpec


class PepeBlock(Block):
    """Four convolutions and a residual shortcut; with "stride" the depthwise convolution halves the grid."""

    spec_type: ClassVar = PepeSpec

    def __init__(self, in_channels: int, spec: PepeSpec) -> None:
        super().__init__(in_channels, spec)
        strided = 2 if spec.stride == 2 and spec.downsample == "stride" else 1
        expansion = spec.projection * spec.multiplier
        self.down = downsample(spec)
        self.branch = nn.Sequential(
            ConvNormAct(in_channels, spec.projection, 1, act=spec.activation),
            ConvNormAct(
                spec.projection,
                expansion,
                spec.kernel,
                stride=strided,
                groups=spec.projection,
                act=spec.activation,
            ),
            ConvNormAct(expansion, spec.second_projection, 1, act=spec.activation),
            ConvNormAct(spec.second_projection, spec.width, 1, act="none"),
        )
        self.shortcut = Shortcut(in_channels, spec)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, width, H / stride, W / stride)."""
        x = self.down(x)
        out: Tensor = self.shortcut(x, self.branch(x))
        return out

    def inner(self) -> nn.Module:
        """See :class:`Block`."""
        return self.branch[1]

    def removable(self) -> nn.Module | None:
        """See :class:`Block`."""
        return self.branch if self.shortcut.present else None

    @staticmethod
    def trace(spec: PepeSpec, graph: Graph, x: TensorId) -> TensorId:
        """See :class:`Block`."""
        strided = 2 if spec.stride == 2 and spec.downsample == "stride" else 1
        act = spec.activation
        x = trace_downsample(spec, graph, x)
        y = trace_convolution(graph, x, spec.projection, 1, name="branch.0", act=act)
        y = trace_convolution(
            graph,
            y,
            spec.projection * spec.multiplier,
            spec.kernel,
            name="branch.1",
            stride=strided,
            groups=spec.projection,
            act=act,
        )
        y = trace_convolution(graph, y, spec.second_projection, 1, name="branch.2", act=act)
        y = trace_convolution(graph, y, spec.width, 1, name="branch.3", act="none")
        return Shortcut.trace(spec, graph, x, y)

"""A convolution along one axis: for signals over time, which are images of width 1 here.

A square kernel on such an image would hold weights that only ever meet padding; this one has none of them.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from attendnets.blocks.activation import activation
from attendnets.blocks.block import Block
from attendnets.blocks.conv_norm_act import ConvNormAct, trace_activation, trace_convolution
from attendnets.blocks.downsample import downsample, trace_downsample
from attendnets.blocks.shortcut import Shortcut
from attendnets.graph import Graph, TensorId
from attendnets.spec import TemporalConvolutionSpec


class TemporalConvolutionBlock(Block):
    """A convolution of k x 1, the input added by the shortcut, activation."""

    spec_type: ClassVar = TemporalConvolutionSpec

    def __init__(self, in_channels: int, spec: TemporalConvolutionSpec) -> None:
        super().__init__(in_channels, spec)
        strided = spec.stride == 2 and spec.downsample == "stride"
        self.down = downsample(spec)
        self.conv = ConvNormAct(
            in_channels,
            spec.width,
            (spec.kernel, 1),
            stride=2 if strided else 1,
            groups=spec.groups,
            act="none",
        )
        self.shortcut = Shortcut(in_channels, spec)
        self.act = activation(spec.activation)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, width, H / stride, W / stride)."""
        x = self.down(x)
        out: Tensor = self.act(self.shortcut(x, self.conv(x)))
        return out

    def inner(self) -> nn.Module:
        """See :class:`Block`."""
        return self.conv

    def removable(self) -> nn.Module | None:
        """See :class:`Block`."""
        return self.conv if self.shortcut.present else None

    @staticmethod
    def trace(spec: TemporalConvolutionSpec, graph: Graph, x: TensorId) -> TensorId:
        """See :class:`Block`."""
        strided = spec.stride == 2 and spec.downsample == "stride"
        x = trace_downsample(spec, graph, x)
        y = trace_convolution(
            graph,
            x,
            spec.width,
            (spec.kernel, 1),
            name="conv",
            stride=2 if strided else 1,
            groups=spec.groups,
            act="none",
        )
        return trace_activation(graph, Shortcut.trace(spec, graph, x, y), spec.activation, "act")

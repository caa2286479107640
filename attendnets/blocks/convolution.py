"""The plain convolution block."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from attendnets.blocks.activation import activation
from attendnets.blocks.block import Block
from attendnets.blocks.conv_norm_act import ConvNormAct, trace_activation, trace_convolution
from attendnets.blocks.downsample import downsample, trace_downsample
from attendnets.blocks.shortcut import Shortcut
from attendnets.graph import Graph, TensorId
from attendnets.spec import Activation, ConvolutionSpec


class ConvolutionBlock(Block):
    """One or two k x k convolutions, with a residual shortcut: ResNet's basic block at ``layers`` 2."""

    spec_type: ClassVar = ConvolutionSpec

    def __init__(self, in_channels: int, spec: ConvolutionSpec) -> None:
        super().__init__(in_channels, spec)
        strided = spec.stride == 2 and spec.downsample == "stride"
        self.down = downsample(spec)
        last_act: Activation = "none" if spec.shortcut else spec.activation
        widths = [in_channels] + [spec.width] * spec.layers
        self.convs = nn.Sequential(
            *(
                ConvNormAct(
                    widths[i],
                    widths[i + 1],
                    spec.kernel,
                    stride=2 if strided and i == 0 else 1,
                    groups=spec.groups,
                    act=last_act if i == spec.layers - 1 else spec.activation,
                )
                for i in range(spec.layers)
            )
        )
        self.shortcut = Shortcut(in_channels, spec)
        self.act = activation(spec.activation if spec.shortcut else "none")

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, width, H / stride, W / stride)."""
        x = self.down(x)
        out: Tensor = self.act(self.shortcut(x, self.convs(x)))
        return out

    def inner(self) -> nn.Module:
        """See :class:`Block`."""
        return self.convs[0]

    def removable(self) -> nn.Module | None:
        """See :class:`Block`."""
        return self.convs if self.shortcut.present else None

    @staticmethod
    def trace(spec: ConvolutionSpec, graph: Graph, x: TensorId) -> TensorId:
        """See :class:`Block`."""
        strided = spec.stride == 2 and spec.downsample == "stride"
        x = trace_downsample(spec, graph, x)
        y = x
        for i in range(spec.layers):
            last = i == spec.layers - 1
            act: Activation = "none" if last and spec.shortcut else spec.activation
            y = trace_convolution(
                graph,
                y,
                spec.width,
                spec.kernel,
                name=f"convs.{i}",
                stride=2 if strided and i == 0 else 1,
                groups=spec.groups,
                act=act,
            )
        if spec.shortcut:
            y = Shortcut.trace(spec, graph, x, y)
            y = trace_activation(graph, y, spec.activation, "act")
        return y

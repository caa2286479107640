"""The way round a block: the identity, or a 1x1 convolution where the shape changes."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from attendnets.blocks.conv_norm_act import ConvNormAct
from attendnets.graph import Graph, TensorId
from attendnets.spec import Downsample


class Residual(Protocol):
    """The fields of a block's spec that decide its shortcut."""

    @property
    def width(self) -> int:
        """Output channels."""

    @property
    def stride(self) -> int:
        """1 or 2."""

    @property
    def downsample(self) -> Downsample:
        """How the grid is halved."""

    @property
    def shortcut(self) -> bool:
        """Whether there is one."""


class Shortcut(nn.Module):
    """Adds the block's input to its output; where the shape changes, through a 1x1 convolution and norm."""

    def __init__(self, in_channels: int, spec: Residual) -> None:
        super().__init__()
        self.present = spec.shortcut
        strided = spec.stride == 2 and spec.downsample == "stride"
        self.project: nn.Module = nn.Identity()
        if spec.shortcut and (in_channels != spec.width or strided):
            self.project = ConvNormAct(in_channels, spec.width, 1, stride=2 if strided else 1, act="none")

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """``x``: the block's (pooled) input; ``y``: what the block made of it."""
        if not self.present:
            return y
        out: Tensor = y + self.project(x)
        return out

    @staticmethod
    def trace(spec: Residual, graph: Graph, x: TensorId, y: TensorId) -> TensorId:
        """Operations of the shortcut, after those of the block's own branch."""
        if not spec.shortcut:
            return y
        strided = spec.stride == 2 and spec.downsample == "stride"
        if graph.shape(x).channels != spec.width or strided:
            x = graph.convolution(x, spec.width, 1, name="shortcut", stride=2 if strided else 1)
        return graph.add(y, x, name="add")

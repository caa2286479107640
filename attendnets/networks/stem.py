"""The first layers of a network: from raw pixels to the grid of the first stage."""

from __future__ import annotations

from torch import Tensor, nn

from attendnets.blocks.conv_norm_act import ConvNormAct, trace_convolution
from attendnets.graph import Graph, TensorId
from attendnets.spec import StemSpec


class Stem(nn.Module):
    """Convolution, optional second (grouped) 3x3 convolution, optional 3x3 pooling of stride 2."""

    def __init__(self, in_channels: int, spec: StemSpec) -> None:
        super().__init__()
        self.conv = ConvNormAct(in_channels, spec.width, spec.kernel, stride=spec.stride, act=spec.activation)
        self.second: nn.Module = nn.Identity()
        if spec.second_groups:
            self.second = ConvNormAct(
                spec.width, spec.width, 3, groups=spec.second_groups, act=spec.activation
            )
        self.pool: nn.Module = nn.Identity()
        if spec.pool == "max":
            self.pool = nn.MaxPool2d(3, 2, 1)
        elif spec.pool == "average":
            self.pool = nn.AvgPool2d(3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) to (B, width, H', W')."""
        out: Tensor = self.pool(self.second(self.conv(x)))
        return out


def trace_stem(spec: StemSpec, graph: Graph, x: TensorId) -> TensorId:
    """Operations of a :class:`Stem`."""
    act = spec.activation
    x = trace_convolution(graph, x, spec.width, spec.kernel, name="conv", stride=spec.stride, act=act)
    if spec.second_groups:
        x = trace_convolution(graph, x, spec.width, 3, name="second", groups=spec.second_groups, act=act)
    if spec.pool != "none":
        x = graph.pool(x, name="pool")
    return x

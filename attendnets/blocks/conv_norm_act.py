"""Convolution, batch norm, activation: the layer that all blocks are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attendnets.blocks.activation import FUSED_ACTIVATIONS, activation
from attendnets.graph import Graph, TensorId
from attendnets.spec import Activation


class ConvNormAct(nn.Module):
    """Convolution without bias, padded by (kernel - 1) / 2, batch norm, activation."""

    def __init__(
        self,
        in_channels: int,
        width: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        act: Activation = "relu",
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, width, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False
        )
        self.norm: nn.Module = nn.BatchNorm2d(width)
        self.act = activation(act)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) to (B, width, H / stride, W / stride)."""
        out: Tensor = self.act(self.norm(self.conv(x)))
        return out

    def fold(self) -> None:
        """Fold the batch norm into the convolution, which gets a bias; the function in eval mode stays."""
        norm = self.norm
        if not isinstance(norm, nn.BatchNorm2d):
            return
        assert norm.running_mean is not None and norm.running_var is not None
        with torch.no_grad():
            factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            self.conv.weight.mul_(factor[:, None, None, None])
            self.conv.bias = nn.Parameter(norm.bias - norm.running_mean * factor)
        self.norm = nn.Identity()


def trace_activation(graph: Graph, x: TensorId, act: Activation, name: str) -> TensorId:
    """Record an activation that no runtime fuses; the others are free."""
    return x if act in FUSED_ACTIVATIONS else graph.gate(x, name=name)


def trace_convolution(
    graph: Graph,
    x: TensorId,
    width: int,
    kernel: int,
    *,
    name: str,
    stride: int = 1,
    groups: int = 1,
    act: Activation = "relu",
) -> TensorId:
    """Operations of a :class:`ConvNormAct`."""
    x = graph.convolution(x, width, kernel, name=name, stride=stride, groups=groups)
    return trace_activation(graph, x, act, f"{name}.act")

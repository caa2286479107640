"""Convolution, batch norm, activation: the layer that all blocks are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attendnets.blocks.activation import FUSED_ACTIVATIONS, activation
from attendnets.graph import Graph, TensorId
from attendnets.spec import Activation


class ConvNormAct(nn.Module):
    """Convolution without bias, padded by (kernel - 1) / 2, batch norm, activation.

    ``kernel``: the edge of a square window, or its (height, width).
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        groups: int = 1,
        act: Activation = "relu",
    ) -> None:
        super().__init__()
        high, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (high - 1) // 2, (wide - 1) // 2
        self.conv = nn.Conv2d(in_channels, width, (high, wide), stride, padding, groups=groups, bias=False)
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


def affine_of(norm: nn.BatchNorm2d, scale: Tensor | None = None) -> nn.Conv2d:
    """A batch norm in eval mode of ``scale`` (one value, or one a channel) times its input, as a convolution.

    Depthwise, 1x1, with bias.
    """
    assert norm.running_mean is not None and norm.running_var is not None
    channels = norm.num_features
    affine = nn.Conv2d(channels, channels, 1, groups=channels, device=norm.weight.device)
    affine = affine.to(norm.weight.dtype)
    with torch.no_grad():
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = factor if scale is None else factor * scale
        affine.weight.copy_(weight[:, None, None, None])
        assert affine.bias is not None
        affine.bias.copy_(norm.bias - norm.running_mean * factor)
    return affine


def trace_activation(graph: Graph, x: TensorId, act: Activation, name: str) -> TensorId:
    """Record an activation that no runtime fuses; the others are free."""
    return x if act in FUSED_ACTIVATIONS else graph.gate(x, name=name)


def trace_convolution(
    graph: Graph,
    x: TensorId,
    width: int,
    kernel: int | tuple[int, int],
    *,
    name: str,
    stride: int = 1,
    groups: int = 1,
    act: Activation = "relu",
) -> TensorId:
    """Operations of a :class:`ConvNormAct`."""
    x = graph.convolution(x, width, kernel, name=name, stride=stride, groups=groups)
    return trace_activation(graph, x, act, f"{name}.act")

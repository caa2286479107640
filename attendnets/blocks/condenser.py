"""Attention condenser: condense, embed, expand, attend selectively.

TinySpeech (arXiv 2008.04245), as restated by AttendNets (arXiv 2009.14385), section 2.1::

    Q = C(V)   K = E(Q)   A = X(K)   V' = F(V, A, S)

C is a 2x2 pooling, E a grouped then a pointwise convolution, X unpooling. What the papers leave open
is a switch of the spec; gate and learnable scale are our reading of public re-implementations.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attendnets.blocks.activation import activation, apply_gate
from attendnets.blocks.block import Block
from attendnets.blocks.conv_norm_act import ConvNormAct, affine_of, trace_activation, trace_convolution
from attendnets.blocks.downsample import average2x2, downsample, trace_downsample
from attendnets.blocks.shortcut import Shortcut
from attendnets.errors import SpecError
from attendnets.graph import Graph, TensorId
from attendnets.spec import Activation, CondenserSpec, VisualCondenserSpec

AttentionSpec: TypeAlias = CondenserSpec | VisualCondenserSpec


def _last_embedding_activation(spec: AttentionSpec) -> Activation:
    return "none" if spec.linear_embedding else "relu"


def _require_positions(spec: AttentionSpec, where: str) -> None:
    if spec.unpool == "indices" and spec.pool != "max":
        raise SpecError(
            f'{where}: unpool "indices" needs pool "max", for an average has no position; use "nearest".'
        )


class SelectiveAttention(nn.Module):
    """F(V, A, S) with A = X(E(C(V))): (B, channels, H, W) to the same shape."""

    def __init__(self, channels: int, spec: AttentionSpec) -> None:
        super().__init__()
        _require_positions(spec, "attention")
        self.spec = spec
        self.grouped = ConvNormAct(channels, spec.embedding, spec.kernel, groups=spec.groups)
        self.pointwise = ConvNormAct(spec.embedding, channels, 1, act=_last_embedding_activation(spec))
        self.expansion: nn.Module = nn.Identity()
        if spec.expansion:
            self.expansion = ConvNormAct(channels, channels, 1, act=_last_embedding_activation(spec))
        shape = (1, channels, 1, 1) if spec.scale == "channel" else (1,)
        self.scale: nn.Parameter | None = None
        if spec.scale != "one":
            self.scale = nn.Parameter(torch.ones(shape))

    def attention(self, v: Tensor) -> Tensor:
        """Gated self-attention values, of the shape of ``v`` (B, C, H, W)."""
        size = v.shape[-2:]
        indices: Tensor | None = None
        if self.spec.unpool == "indices":
            condensed, indices = F.max_pool2d(v, 2, 2, ceil_mode=True, return_indices=True)
        elif self.spec.pool == "max":
            condensed = F.max_pool2d(v, 2, 2, ceil_mode=True)
        else:
            condensed = average2x2(v)
        embedded = self.pointwise(self.grouped(condensed))
        if indices is not None:
            expanded = F.max_unpool2d(embedded, indices, (2, 2), (2, 2), output_size=size)
        else:
            expanded = F.interpolate(embedded, size=(size[0], size[1]), mode="nearest")
        return apply_gate(self.spec.gate, self.expansion(expanded))

    def _scaled(self, x: Tensor) -> Tensor:
        return x if self.scale is None else x * self.scale

    def forward(self, v: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H, W)."""
        a = self.attention(v)
        if self.spec.combine == "product":
            return self._scaled(v * a)
        if self.spec.combine == "sum":
            return self._scaled(v) + a
        return v + self._scaled(v * a)

    def take_scale(self) -> Tensor | None:
        """S of a "product", to be folded into the layer that follows; from then on it is 1 here."""
        if self.spec.combine != "product" or self.scale is None:
            return None
        scale = self.scale.detach().reshape(-1)
        self.scale = None
        return scale

    @staticmethod
    def trace(spec: AttentionSpec, graph: Graph, v: TensorId) -> TensorId:
        """Operations; the pooled grid is rounded up."""
        _require_positions(spec, f"{graph.where}.attention")
        channels = graph.shape(v).channels
        last = _last_embedding_activation(spec)
        a = graph.pool(v, name="attention.pool")
        a = trace_convolution(
            graph, a, spec.embedding, spec.kernel, name="attention.grouped", groups=spec.groups
        )
        a = trace_convolution(graph, a, channels, 1, name="attention.pointwise", act=last)
        a = graph.resize(a, v, name="attention.unpool")
        if spec.expansion:
            a = trace_convolution(graph, a, channels, 1, name="attention.expansion", act=last)
        if spec.gate != "none":
            a = graph.gate(a, name="attention.gate")
        scales = {"learned": 1, "channel": channels, "one": 0}[spec.scale]
        if spec.combine == "sum":
            return graph.add(v, a, name="attention.combine", parameters=scales, weights=scales)
        kept = 0 if spec.combine == "product" else scales
        x = graph.multiply(v, a, name="attention.combine", parameters=scales, weights=kept)
        return graph.add(v, x, name="attention.residual") if spec.combine == "residual_product" else x


class CondenserBlock(Block):
    """Attention condenser on the block's input, batch norm after it, residual shortcut.

    A condenser keeps width and grid, so a 1x1 convolution before it brings the input to ``width`` where
    they differ; batch norm after the condenser as the public readings have it.
    """

    spec_type: ClassVar = CondenserSpec

    def __init__(self, in_channels: int, spec: CondenserSpec) -> None:
        super().__init__(in_channels, spec)
        strided = spec.stride == 2 and spec.downsample == "stride"
        self.down = downsample(spec)
        self.enter: nn.Module = nn.Identity()
        if in_channels != spec.width or strided:
            self.enter = ConvNormAct(
                in_channels, spec.width, 1, stride=2 if strided else 1, act=spec.activation
            )
        self.attend = SelectiveAttention(spec.width, spec)
        self.norm: nn.Module = nn.BatchNorm2d(spec.width)
        self.shortcut = Shortcut(in_channels, spec)
        self.act = activation(spec.activation)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, width, H / stride, W / stride)."""
        x = self.down(x)
        out: Tensor = self.act(self.shortcut(x, self.norm(self.attend(self.enter(x)))))
        return out

    def inner(self) -> nn.Module:
        """See :class:`Block`."""
        return self.attend.grouped

    def removable(self) -> nn.Module | None:
        """See :class:`Block`."""
        return self.norm if self.shortcut.present else None

    def fold(self) -> None:
        """Turn scale and batch norm into one depthwise 1x1 convolution with bias."""
        norm = self.norm
        if not isinstance(norm, nn.BatchNorm2d):
            return
        self.norm = affine_of(norm, self.attend.take_scale())

    @staticmethod
    def trace(spec: CondenserSpec, graph: Graph, x: TensorId) -> TensorId:
        """See :class:`Block`."""
        strided = spec.stride == 2 and spec.downsample == "stride"
        x = trace_downsample(spec, graph, x)
        v = x
        if graph.shape(x).channels != spec.width or strided:
            v = trace_convolution(
                graph, x, spec.width, 1, name="enter", stride=2 if strided else 1, act=spec.activation
            )
        y = graph.affine(SelectiveAttention.trace(spec, graph, v), name="norm")
        y = Shortcut.trace(spec, graph, x, y)
        return trace_activation(graph, y, spec.activation, "act")

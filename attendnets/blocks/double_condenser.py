"""Double-condensing attention condenser, DC-AC, as in the released network (AttendNeXt, arXiv 2208.06980)::

    y = act( gate(F(x)) * D(x) )   with attention        y = act( F(x) + D(x) )   without

F is the embedding path, in ``groups`` columns; D the condensed value path: anti-aliased downsampling and
a 1x1 convolution, or the identity of a block without attention that keeps its shape.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from attendnets.blocks.activation import activation, apply_gate
from attendnets.blocks.block import Block
from attendnets.blocks.conv_norm_act import ConvNormAct, trace_activation, trace_convolution
from attendnets.blocks.downsample import downsample, trace_downsample
from attendnets.graph import Graph, TensorId
from attendnets.spec import DoubleCondenserSpec


def _projects(in_channels: int, spec: DoubleCondenserSpec) -> bool:
    changes = in_channels != spec.width or spec.stride == 2
    return spec.attention or (spec.shortcut and changes)


def _strides(spec: DoubleCondenserSpec) -> int:
    return 2 if spec.stride == 2 and spec.downsample == "stride" else 1


class DoubleCondenserBlock(Block):
    """Embedding path F and value path D meet in the condensed domain."""

    spec_type: ClassVar = DoubleCondenserSpec

    def __init__(self, in_channels: int, spec: DoubleCondenserSpec) -> None:
        super().__init__(in_channels, spec)
        self.spec = spec
        strided, inner, width = _strides(spec), spec.inner, spec.width
        self.down = downsample(spec)
        self.reduce: nn.Module = nn.Identity()
        if spec.form == "basic":
            self.embed = nn.Sequential(
                ConvNormAct(in_channels, inner, 3, stride=strided, groups=spec.groups, act=spec.activation),
                ConvNormAct(inner, width, 3, groups=spec.groups, act="none"),
            )
        else:
            self.reduce = ConvNormAct(in_channels, inner, 1, act=spec.activation)
            self.embed = nn.Sequential(
                ConvNormAct(inner, inner, 3, stride=strided, groups=spec.groups, act=spec.activation),
                ConvNormAct(inner, width, 1, act="none"),
            )
        self.project: nn.Module = nn.Identity()
        if _projects(in_channels, spec):
            self.project = ConvNormAct(in_channels, width, 1, stride=strided, act="none")
        self.act = activation(spec.activation)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, width, H / stride, W / stride)."""
        if self.spec.form == "bottleneck":
            embedded = self.embed(self.down(self.reduce(x)))
            condensed = self.down(x)
        else:
            condensed = self.down(x)
            embedded = self.embed(condensed)
        if self.spec.attention:
            merged = apply_gate(self.spec.gate, embedded) * self.project(condensed)
        elif self.spec.shortcut:
            merged = embedded + self.project(condensed)
        else:
            merged = embedded
        out: Tensor = self.act(merged)
        return out

    def inner(self) -> nn.Module:
        """See :class:`Block`."""
        return self.embed[0]

    def removable(self) -> nn.Module | None:
        """See :class:`Block`; of attention it leaves the gate of 0."""
        return self.embed if self.spec.attention or self.spec.shortcut else None

    @staticmethod
    def trace(spec: DoubleCondenserSpec, graph: Graph, x: TensorId) -> TensorId:
        """See :class:`Block`."""
        strided, act = _strides(spec), spec.activation
        projects = _projects(graph.shape(x).channels, spec)
        if spec.form == "basic":
            condensed = trace_downsample(spec, graph, x)
            y = trace_convolution(
                graph, condensed, spec.inner, 3, name="embed.0", stride=strided, groups=spec.groups, act=act
            )
            y = trace_convolution(graph, y, spec.width, 3, name="embed.1", groups=spec.groups, act="none")
        else:
            y = trace_convolution(graph, x, spec.inner, 1, name="reduce", act=act)
            y = trace_downsample(spec, graph, y, "down.embedding")
            y = trace_convolution(
                graph, y, spec.inner, 3, name="embed.0", stride=strided, groups=spec.groups, act=act
            )
            y = trace_convolution(graph, y, spec.width, 1, name="embed.1", act="none")
            condensed = trace_downsample(spec, graph, x) if spec.attention or spec.shortcut else x
        if spec.attention and spec.gate != "none":
            y = graph.gate(y, name="gate")
        if spec.attention or spec.shortcut:
            if projects:
                condensed = graph.convolution(condensed, spec.width, 1, name="project", stride=strided)
            merge = graph.multiply if spec.attention else graph.add
            y = merge(y, condensed, name="merge")
        return trace_activation(graph, y, act, "act")

"""The last layers of a classifier: from features to one logit a class."""

from __future__ import annotations

from torch import Tensor, nn

from attendnets.blocks.conv_norm_act import ConvNormAct, trace_convolution
from attendnets.graph import Graph, TensorId
from attendnets.spec import HeadSpec


class Head(nn.Module):
    """Optional 1x1 convolution, global average, dropout, linear layer."""

    def __init__(self, in_channels: int, spec: HeadSpec, classes: int) -> None:
        super().__init__()
        self.features: nn.Module = nn.Identity()
        if spec.features:
            self.features = ConvNormAct(in_channels, spec.features, 1, act=spec.activation)
        self.dropout = nn.Dropout(spec.dropout)
        self.linear = nn.Linear(spec.features or in_channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to logits (B, classes)."""
        out: Tensor = self.linear(self.dropout(self.features(x).mean((2, 3))))
        return out


def trace_head(spec: HeadSpec, classes: int, graph: Graph, x: TensorId) -> TensorId:
    """Operations of a :class:`Head`."""
    if spec.features:
        x = trace_convolution(graph, x, spec.features, 1, name="features", act=spec.activation)
    return graph.linear(graph.mean(x, name="mean"), classes, name="linear")

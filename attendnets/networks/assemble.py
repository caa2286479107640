"""A specification to a module."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from attendnets.blocks import build_block, trace_block
from attendnets.graph import Graph, Shape
from attendnets.networks.head import Head, trace_head
from attendnets.networks.stem import Stem, trace_stem
from attendnets.spec import NetworkSpec, validate

PIXEL_RANGE = 255.0


def input_shape(spec: NetworkSpec) -> Shape:
    """(channels, height, width) of the pixels that a network takes."""
    return Shape(spec.input.channels, spec.input.height, spec.input.width)


def trace_network(spec: NetworkSpec) -> Graph:
    """All operations of a network in their order of execution.

    Raises SpecError naming the field or layer where a network of this specification cannot exist.
    """
    validate(spec)
    graph = Graph(input_shape(spec), "stem")
    x = trace_stem(spec.stem, graph, 0)
    for number, stage in enumerate(spec.stages):
        for position, block in enumerate(stage.blocks):
            graph.where = f"stages.{number}.{position}"
            x = trace_block(block, graph, x)
    graph.where = "head"
    trace_head(spec.head, spec.classes, graph, x)
    return graph


class Network(nn.Module):
    """A classifier of raw pixels: float (B, C, H, W) of 0..255 in, logits (B, classes) out.

    The division by 255 is part of the network; it has no mean to subtract, so that zero padding stays
    exact when it is folded into the first convolution, whose batch norm takes the mean's place.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        trace_network(spec)
        self.spec = spec
        self.pixel_scale = 1.0 / PIXEL_RANGE
        self.stem = Stem(spec.input.channels, spec.stem)
        width = spec.stem.width
        stages = []
        for stage in spec.stages:
            blocks = []
            for block in stage.blocks:
                blocks.append(build_block(width, block))
                width = block.width
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.head = Head(width, spec.head, spec.classes)
        self.apply(_initialise)

    def forward_features(self, pixels: Tensor) -> Tensor:
        """Pixels (B, C, H, W) to the last stage's features (B, width, H', W')."""
        x = pixels if self.pixel_scale == 1.0 else pixels * self.pixel_scale
        out: Tensor = self.stages(self.stem(x))
        return out

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (B, C, H, W) of 0..255 to logits (B, classes)."""
        out: Tensor = self.head(self.forward_features(pixels))
        return out

    def fold(self) -> Network:
        """A copy in eval mode with pixel scale, batch norms and condenser scales folded into convolutions.

        Computes the same function as this network in eval mode, with fewer operations, all of which
        have an 8-bit form.
        """
        folded = copy.deepcopy(self).eval()
        for module in list(folded.modules()):
            fold = getattr(module, "fold", None)
            if fold is not None and module is not folded:
                fold()
        with torch.no_grad():
            folded.stem.conv.conv.weight.mul_(folded.pixel_scale)
        folded.pixel_scale = 1.0
        return folded


def _initialise(module: nn.Module) -> None:
    """He initialisation for rectified networks; a small classifier, so that first losses are log(classes)."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
        nn.init.zeros_(module.bias)


def assemble(spec: NetworkSpec) -> Network:
    """The module of ``spec``, randomly initialised from torch's generator.

    Raises SpecError naming the layer where the specification describes no network.
    """
    return Network(spec)

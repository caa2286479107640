"""ResNet-8 of the MLPerf Tiny benchmark (image classification), rebuilt from its description.

CIFAR-10 pixels to a 3x3 stem of 16 channels, three residual stacks of two 3x3 convolutions (16, 32 and 64
channels, the latter two strided, with strided 1x1 shortcuts), global average, linear layer. The published
Keras file has biases before its batch norms and no batch norm on the two shortcuts; here convolutions have
none of the former and each of the latter, as all networks here do. Folded for 8 bits, both are the same
network: the same weights, and one bias for each output channel.
"""

from __future__ import annotations

from attendnets.networks.entry import Entry
from attendnets.spec import ConvolutionSpec, InputSpec, NetworkSpec, StageSpec, StemSpec

WIDTHS = (16, 32, 64)


def resnet8(*, classes: int, channels: int, image_size: int) -> NetworkSpec:
    """The network for square images of ``image_size`` pixels; MLPerf Tiny's are of 32."""
    return NetworkSpec(
        input=InputSpec(channels=channels, height=image_size, width=image_size),
        stem=StemSpec(width=WIDTHS[0], stride=1),
        stages=tuple(
            StageSpec(blocks=(ConvolutionSpec(width=width, stride=2 if number else 1, downsample="stride"),))
            for number, width in enumerate(WIDTHS)
        ),
        classes=classes,
    )


ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="resnet8",
        summary="ResNet-8 of MLPerf Tiny rebuilt: the usual rival on CIFAR-10, 78 K parameters, 12.5 M MACs",
        origin="published",
        source="MLPerf Tiny, image classification (mlcommons/tiny, benchmark/training/image_classification)",
        classes=10,
        channels=3,
        image_size=32,
        spec=resnet8,
    ),
)

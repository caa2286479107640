"""Cancer-Net SCa-DC-AC (arXiv 2311.11656): the one released network of double-condensing condensers.

Rebuilt from the released configuration (repository catai9/Cancer-Net-SCa-DC-AC, ``DarwinNet_XA_325MF``) and
equal to it in every row of its layer table: 2,376,600 parameters and 319,695,780 multiply-adds at 1000
classes and 224x224. The first block of each stage attends, by a softmax over channels; the others add.

:func:`from_released` gives the tensors of a released checkpoint our names. N is the stage, B the block, both
from 0, in both networks::

    released                              here
    stem.conv1, stem.bn1                  stem.conv.conv, stem.conv.norm
    stem.conv2, stem.bn2                  stem.second.conv, stem.second.norm
    blocks.N.B.conv1, .bn1                stages.N.B.embed.0   (stages 0 and 1: basic)
                                          stages.N.B.reduce    (stages 2 and 3: bottleneck)
    blocks.N.B.conv2, .bn2                stages.N.B.embed.1   (basic)
                                          stages.N.B.embed.0   (bottleneck)
    blocks.N.B.conv3, .bn3                stages.N.B.embed.1   (bottleneck)
    blocks.N.0.downsample.0, .1           stages.N.0.project   (stage 0: convolution, norm)
    blocks.N.0.downsample.1, .2           stages.N.0.project   (later stages: .0 is their pooling)
    head.fc                               head.linear

The released network takes pixels that are normalised by a mean and a deviation: create ours with
``pixel_range=1.0``, so that it divides by nothing, and normalise before it in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from torch import Tensor

from attendnets.errors import UsageError
from attendnets.networks.entry import Entry
from attendnets.spec import DoubleCondenserSpec, InputSpec, NetworkSpec, StageSpec, StemSpec

INNER: Final = (40, 84, 176, 372)
"""Width of the 3x3 convolutions in each stage; bottlenecks put out twice as much."""
BASIC_STAGES: Final = 2
COLUMNS: Final = 4


def dc_ac_network(
    depths: tuple[int, ...], *, classes: int, channels: int, image_size: int, attention: bool = True
) -> NetworkSpec:
    """A member of the released family: ``depths`` blocks in the four stages, all else as released.

    Without ``attention`` every block adds, as in the family's older members.
    """
    stages = []
    for number, (inner, depth) in enumerate(zip(INNER, depths, strict=True)):
        bottleneck = number >= BASIC_STAGES
        blocks = [
            DoubleCondenserSpec(
                width=2 * inner if bottleneck else inner,
                inner=inner,
                form="bottleneck" if bottleneck else "basic",
                groups=COLUMNS,
                stride=2 if first and number else 1,
                attention=attention and first,
            )
            for first in (position == 0 for position in range(depth))
        ]
        stages.append(StageSpec(blocks=tuple(blocks)))
    return NetworkSpec(
        input=InputSpec(channels=channels, height=image_size, width=image_size),
        stem=StemSpec(width=32, second_groups=COLUMNS, pool="average", activation="silu"),
        stages=tuple(stages),
        classes=classes,
    )


def cancernet_sca_dcac(*, classes: int, channels: int, image_size: int) -> NetworkSpec:
    """The released network: depths 2, 2, 3, 1."""
    return dc_ac_network((2, 2, 3, 1), classes=classes, channels=channels, image_size=image_size)


_STEM: Final = {"conv1": "conv.conv", "bn1": "conv.norm", "conv2": "second.conv", "bn2": "second.norm"}
_BLOCKS: Final = {
    "basic": {"conv1": "embed.0.conv", "bn1": "embed.0.norm", "conv2": "embed.1.conv", "bn2": "embed.1.norm"},
    "bottleneck": {
        "conv1": "reduce.conv",
        "bn1": "reduce.norm",
        "conv2": "embed.0.conv",
        "bn2": "embed.0.norm",
        "conv3": "embed.1.conv",
        "bn3": "embed.1.norm",
    },
}
_NAME: Final = re.compile(
    r"(?:stem\.(?P<stem>\w+)|blocks\.(?P<stage>[0-3])\.(?P<block>\d+)\.(?P<layer>downsample\.\d|\w+)"
    r"|head\.(?P<head>fc))\.(?P<tensor>\w+)"
)


def from_released(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of the released layout under our names, for ``load_state_dict`` of this network.

    Only names change. Raises UsageError for a name that the released network does not have.
    """
    return {_our_name(name): tensor for name, tensor in state.items()}


def _our_name(released: str) -> str:
    found = _NAME.fullmatch(released)
    layer = None if found is None else _our_layer(found)
    if found is None or layer is None:
        raise UsageError(
            f"{released!r} is no tensor of the released DC-AC network: give its state dict as it is."
        )
    return f"{layer}.{found['tensor']}"


def _our_layer(found: re.Match[str]) -> str | None:
    if found["head"]:
        return "head.linear"
    if found["stem"]:
        layer = _STEM.get(found["stem"])
        return None if layer is None else f"stem.{layer}"
    stage = int(found["stage"])
    if found["layer"].startswith("downsample"):
        # Stages that halve the grid have their pooling first.
        place = int(found["layer"][-1]) - (1 if stage else 0)
        layer = {0: "project.conv", 1: "project.norm"}.get(place)
    else:
        layer = _BLOCKS["basic" if stage < BASIC_STAGES else "bottleneck"].get(found["layer"])
    return None if layer is None else f"stages.{stage}.{found['block']}.{layer}"


ENTRIES: Final[tuple[Entry, ...]] = (
    Entry(
        name="cancernet_sca_dcac",
        summary="Cancer-Net SCa-DC-AC: double-condensing attention condensers as released",
        origin="released",
        source="arXiv 2311.11656; catai9/Cancer-Net-SCa-DC-AC",
        classes=1000,
        channels=3,
        image_size=224,
        spec=cancernet_sca_dcac,
    ),
)

"""AttendNeXt (arXiv 2208.06980): a reconstruction in the released block family.

Known, from the abstract: double-condensing attention condensers; "over 1.37x" fewer parameters than
MobileNetV3-L, whose printed figure is 5.4 M, so fewer than 3.94 M; faster than FBNet-C. The released
network of the family (``cancernet``) gives blocks, widths and columns. Depths and layer table are unknown.

Found here: of all depths with the released widths whose ratio to 5.4 M is cut off to 1.37, depths 2, 2, 2,
3 need the fewest multiply-adds (366.5 M), and are the only ones below FBNet-C's 385.0 M. They are not the
authors'. The rules that the authors' exploration imposed, as far as known, are checkers in ``constraints``.
"""

from __future__ import annotations

from typing import Final

from attendnets.networks.cancernet import dc_ac_network
from attendnets.networks.entry import Entry
from attendnets.spec import NetworkSpec

PARAMETER_LIMIT: Final = 3_940_000
"""MobileNetV3-L's printed 5.4 M over 1.37, at 1000 classes."""
DEPTHS: Final = (2, 2, 2, 3)


def attendnext(*, classes: int, channels: int, image_size: int) -> NetworkSpec:
    """Basic DC-AC stages at 1/4 and 1/8 of the image, bottleneck ones at 1/16 and 1/32."""
    return dc_ac_network(DEPTHS, classes=classes, channels=channels, image_size=image_size)


ENTRIES: Final[tuple[Entry, ...]] = (
    Entry(
        name="attendnext",
        summary="AttendNeXt: columns of double-condensing attention condensers",
        origin="reconstruction",
        source="arXiv 2208.06980, abstract",
        classes=1000,
        channels=3,
        image_size=224,
        spec=attendnext,
    ),
)

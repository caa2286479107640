"""A network with a name: where it comes from, and its specification for any classes and images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from attendnets.spec import NetworkSpec

Origin: TypeAlias = Literal["released", "published", "reconstruction", "ours"]


class MakeSpec(Protocol):
    """The specification for a number of classes, input channels and a side in pixels."""

    def __call__(self, *, classes: int, channels: int, image_size: int) -> NetworkSpec:
        """Raises SpecError where no such network can exist."""
        ...


@dataclass(frozen=True)
class Entry:
    """One network of the catalogue.

    ``origin``: "released" (its authors' code, rebuilt and counted to the digit), "published" (from the
    paper's own numbers), "reconstruction" (from what the paper says, its open numbers found here) or
    "ours". ``source`` names the paper and section. ``classes``, ``channels`` and ``image_size`` (pixels)
    are the defaults.
    """

    name: str
    summary: str
    origin: Origin
    source: str
    classes: int
    channels: int
    image_size: int
    spec: MakeSpec

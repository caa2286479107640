"""The list of all networks that have a name, with what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attendnets.cost import cost
from attendnets.errors import UsageError
from attendnets.networks import rivals
from attendnets.networks.catalogue import ENTRIES, network_spec
from attendnets.report.table import aligned

_HEADS = ("name", "origin", "classes", "parameters", "MACs", "source")
_LEFT = 2


@dataclass(frozen=True)
class NetworkLine:
    """One network at its own number of classes and image size.

    ``origin`` as of :class:`attendnets.networks.entry.Entry`, or "timm" for a rival, whose counts are None
    where timm is not installed.
    """

    name: str
    origin: str
    classes: int
    image_size: int
    parameters: int | None
    macs: int | None
    source: str
    summary: str


def network_lines() -> tuple[NetworkLine, ...]:
    """All networks in the catalogue's order, rivals last."""
    lines = []
    for name, entry in ENTRIES.items():
        price = cost(network_spec(name))
        lines.append(
            NetworkLine(
                name=name,
                origin=entry.origin,
                classes=entry.classes,
                image_size=entry.image_size,
                parameters=price.parameters,
                macs=price.macs,
                source=entry.source,
                summary=entry.summary,
            )
        )
    return (*lines, *map(_rival, rivals.RIVALS))


def networks_table(lines: Sequence[NetworkLine]) -> str:
    """Plain text: a line a network."""
    body = [
        (
            line.name,
            line.origin,
            f"{line.classes}",
            "-" if line.parameters is None else f"{line.parameters:,}",
            "-" if line.macs is None else f"{line.macs:,}",
        )
        for line in lines
    ]
    columns = aligned([_HEADS[:-1], *body], left=_LEFT)
    ends = [_HEADS[-1], *(line.source for line in lines)]
    return "\n".join(f"{left}  {source}" for left, source in zip(columns, ends, strict=True))


def _rival(rival: rivals.Rival) -> NetworkLine:
    parameters: int | None
    macs: int | None
    try:
        count = rivals.describe(rival.name)
        parameters, macs = count.parameters, count.macs
    except UsageError:
        parameters = macs = None
    return NetworkLine(
        name=rival.name,
        origin="timm",
        classes=1000,
        image_size=rival.image_size,
        parameters=parameters,
        macs=macs,
        source=rival.source,
        summary=rival.summary,
    )

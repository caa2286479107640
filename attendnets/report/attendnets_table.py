"""Table 1 of the AttendNets paper (arXiv 2009.14385), with what is counted here beside it.

Figures of the paper and counts stand in rows of their own: the networks here are not trained, so a top-1, and
the NetScore that follows from one, is always the paper's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from attendnets.cost import cost
from attendnets.errors import UsageError
from attendnets.exploration.objective import netscore
from attendnets.networks import rivals
from attendnets.networks.catalogue import find, network_spec
from attendnets.report.table import aligned

CLASSES = 50
IMAGE_SIZE = 224
REFERENCE = "MobileNet-V1"
REFERENCE_BITS = 32
HEADS = (
    "network",
    "figures of",
    "top-1 %",
    "parameters",
    "mult-adds",
    "bits",
    "weights",
    "parameters",
    "mult-adds",
    "weights",
    "NetScore",
)
_LEFT = 2
_TIMM = "timm"


@dataclass(frozen=True)
class Published:
    """A row of the paper; ``name`` is that of the network here. ``bits`` are those of a weight."""

    network: str
    name: str
    top1_percent: float
    parameters: int
    macs: int
    bits: int


TABLE_1 = (
    Published("MobileNet-V1", "mobilenetv1_100", 64.5, 3_260_000, 567_500_000, 32),
    Published("MobileNet-V2", "mobilenetv2_100", 68.7, 2_290_000, 299_700_000, 32),
    Published("AttoNet-A", "attonet_a", 73.0, 2_970_000, 424_800_000, 32),
    Published("AttoNet-B", "attonet_b", 71.1, 1_870_000, 277_500_000, 32),
    Published("AttendNet-A", "attendnet_a", 73.2, 1_386_000, 276_800_000, 8),
    Published("AttendNet-B", "attendnet_b", 71.7, 782_000, 191_300_000, 8),
)


@dataclass(frozen=True)
class TableRow:
    """One network, by the paper or as counted here, where ``network`` is its name here.

    ``origin``: "paper"; what the catalogue says of ours ("reconstruction"); "timm".
    ``weight_bytes`` are ``parameters`` of ``bits`` each, as the paper has it. ``fewer_*``: how many times
    this figure is in MobileNet-V1's, the paper's in the paper's; None where that was not counted.
    """

    network: str
    origin: str
    top1_percent: float | None
    parameters: int
    macs: int
    bits: int
    weight_bytes: int
    fewer_parameters: float | None
    fewer_macs: float | None
    fewer_weight_bytes: float | None
    netscore: float | None


@dataclass(frozen=True)
class AttendnetsTable:
    """``missing`` says what could not be counted and what installs it; empty where all was."""

    classes: int
    image_size: int
    rows: tuple[TableRow, ...]
    missing: str


def attendnets_table() -> AttendnetsTable:
    """Count all networks of the paper's table in their setting: 50 classes, 224 x 224 pixels."""
    missing = ""
    counts: dict[str, _Figures] = {}
    for line in TABLE_1:
        if line.name not in rivals.names():
            counts[line.network] = _ours(line.name)
            continue
        try:
            counts[line.network] = _of_timm(line.name)
        except UsageError as error:
            missing = str(error)
    rows = []
    paper = {line.network: _Figures("paper", line.parameters, line.macs) for line in TABLE_1}
    for line in TABLE_1:
        rows.append(_row(line, line.network, paper, line.top1_percent))
        if line.network in counts:
            rows.append(_row(line, line.name, counts, None))
    return AttendnetsTable(CLASSES, IMAGE_SIZE, tuple(rows), missing)


class _Figures(NamedTuple):
    origin: str
    parameters: int
    macs: int


def _ours(name: str) -> _Figures:
    price = cost(network_spec(name, classes=CLASSES, image_size=IMAGE_SIZE))
    return _Figures(find(name).origin, price.parameters, price.macs)


def _of_timm(name: str) -> _Figures:
    counted = rivals.describe(name, CLASSES, image_size=IMAGE_SIZE)
    return _Figures(_TIMM, counted.parameters, counted.macs)


def _row(
    line: Published, network: str, figures: Mapping[str, _Figures], top1_percent: float | None
) -> TableRow:
    origin, parameters, macs = figures[line.network]
    reference = figures.get(REFERENCE)
    return TableRow(
        network=network,
        origin=origin,
        top1_percent=top1_percent,
        parameters=parameters,
        macs=macs,
        bits=line.bits,
        weight_bytes=parameters * line.bits // 8,
        fewer_parameters=reference.parameters / parameters if reference else None,
        fewer_macs=reference.macs / macs if reference else None,
        fewer_weight_bytes=reference.parameters * REFERENCE_BITS / (parameters * line.bits)
        if reference
        else None,
        netscore=None if top1_percent is None else netscore(top1_percent, parameters, macs),
    )


def attendnets_table_text(table: AttendnetsTable) -> str:
    """Plain text: a line a row, and what the columns mean."""
    body = aligned([HEADS, *(row_cells(row) for row in table.rows)], left=_LEFT)
    return "\n".join([body[0], "─" * len(body[0]), *body[1:], "", *table_notes(table)])


def table_notes(table: AttendnetsTable) -> tuple[str, ...]:
    """What the columns mean, a sentence each."""
    return (
        f"{table.classes} classes, {table.image_size} x {table.image_size} pixels; weights are parameters "
        "times their bits.",
        f"x: so many times fewer than {REFERENCE}'s, the paper's than the paper's, a count than a count.",
        "Top-1 (on ImageNet50) and NetScore are the paper's: the networks counted here are not trained.",
        "A reconstruction has the paper's totals; the authors' channel numbers are not published.",
        *((f"The MobileNets were not counted. {table.missing}",) if table.missing else ()),
    )


def row_cells(row: TableRow) -> tuple[str, ...]:
    """In the order of :data:`HEADS`, "-" where there is no figure."""
    return (
        row.network,
        row.origin,
        _figure(row.top1_percent, ".1f"),
        f"{row.parameters:,}",
        f"{row.macs:,}",
        str(row.bits),
        f"{row.weight_bytes / 1e6:.3f} MB",
        _figure(row.fewer_parameters, ".2f", "x"),
        _figure(row.fewer_macs, ".2f", "x"),
        _figure(row.fewer_weight_bytes, ".1f", "x"),
        _figure(row.netscore, ".2f"),
    )


def _figure(value: float | None, form: str, unit: str = "") -> str:
    return "-" if value is None else f"{value:{form}}{unit}"

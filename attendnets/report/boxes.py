"""What the papers' figures write into the box of a block: its name, its channel numbers, its shortcut.

All of it is read off the operations that blocks record for their costs, so that a new kind of block has
a box as it is; only the letters that the papers give to their layers are known here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from attendnets.graph import Graph, Operation, Shape, TensorId, halved
from attendnets.report.drawing import COLOURS, Row
from attendnets.spec import InputSpec

NUMBER_SIZE = 11.0
NAME_SIZE = 12.0
LINE_HEIGHT = 14.0
_PADDING = 8.0

PAPER_NAMES = {
    "visual_condenser": "VAC",
    "condenser": "AC",
    "speech_condenser": "TinySpeech",
    "double_condenser": "DC-AC",
    "pepe": "PEPE",
    "convolution": "conv",
    "temporal_convolution": "conv 1-D",
}
_WITHOUT_ATTENTION = "columns"
_LETTERS = {
    "visual_condenser": {
        "down_mixing": "m",
        "attention.grouped": "e1",
        "attention.pointwise": "e2",
        "attention.expansion": "x",
        "up_mixing": "u",
    },
    "condenser": {
        "enter": "1×1",
        "attention.grouped": "e1",
        "attention.pointwise": "e2",
        "attention.expansion": "x",
    },
    "speech_condenser": {"enter": "1×1"}
    | {f"attention.embed.{n}": letter for n, letter in enumerate("abcd")},
    "pepe": {"branch.0": "p1", "branch.1": "e1", "branch.2": "p2", "branch.3": "e2"},
}
_MEANINGS = {
    "VAC": "VAC: m and u down- and up-mixing, e1 and e2 embedding",
    "AC": "AC: e1 and e2 embedding",
    "TinySpeech": "TinySpeech: a, b and c, d the embeddings of two condensers",
    "PEPE": "PEPE: p1 and p2 projections, e1 and e2 expansions",
    "DC-AC": "DC-AC: the gated embedding times (×) the projected input",
    _WITHOUT_ATTENTION: "columns: a block of the DC-AC family without attention",
}
_SIGNS = {
    r"(g(\d+))": "{0}: in {1} groups",
    r"(dw)": "{0}: depthwise",
    r"(÷2)": "{0}: halves the grid",
}


@dataclass(frozen=True)
class Line:
    """A layer in a box: what it is, and its output channels where it has weights."""

    label: str
    number: str = ""


@dataclass(frozen=True)
class Arc:
    """A way round a block. ``projects``: through a 1x1 convolution; ``sign``: "+" or, for a gate, "×".

    ``halves``: its grid is half of the block's input, by a pooling or a stride.
    """

    projects: bool
    sign: str
    halves: bool = False

    @property
    def label(self) -> str:
        """What is written on it; nothing on an identity."""
        return " ".join(["1×1"] * self.projects + ["÷2"] * self.halves)


@dataclass(frozen=True)
class Box:
    """One block as it is drawn; ``row`` is None for the image that comes in."""

    name: str
    colour: str
    lines: tuple[Line, ...]
    arc: Arc | None = None
    row: Row | None = None

    @property
    def width(self) -> float:
        """Units that its longest line needs."""
        needs = [text_width(self.name, NAME_SIZE, bold=True)]
        for line in self.lines:
            needs.append(text_width(line.label, NUMBER_SIZE))
            if line.number:
                needs[-1] += 8 + text_width(line.number, NUMBER_SIZE, bold=True)
        return max(needs) + 2 * _PADDING

    @property
    def height(self) -> float:
        """Units from its upper to its lower edge."""
        return 2 * _PADDING + 13 + LINE_HEIGHT * len(self.lines)


def meanings(boxes: Sequence[Box]) -> list[str]:
    """What the letters and signs in and around ``boxes`` mean."""
    names = {each.name for each in boxes}
    arcs = [each.arc for each in boxes if each.arc]
    labels = " ".join([*(line.label for each in boxes for line in each.lines), *(arc.label for arc in arcs)])
    said = [meaning for name, meaning in _MEANINGS.items() if name in names]
    for sign, meaning in _SIGNS.items():
        if found := re.search(f" {sign}", labels):
            said.append(meaning.format(*found.groups()))
    if arcs:
        way = ", through a 1×1 convolution where it says so" if any(arc.projects for arc in arcs) else ""
        said.append(f"arc: shortcut{way}")
    return said


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Room for ``text`` in the widest of the fonts that may be there."""
    return len(text) * size * (0.70 if bold else 0.64)


def image_box(image: InputSpec) -> Box:
    """The box of the pixels that come in."""
    sides = (Line("channels", str(image.channels)), Line("height", str(image.height)))
    return Box("image", "slate", (*sides, Line("width", str(image.width))))


def box(row: Row) -> Box:
    """The box of a stem, block or head."""
    operations = row.graph.operations
    arc, inside = _shortcut(row.graph) if row.is_block else (None, operations)
    name = PAPER_NAMES.get(row.kind, row.kind.replace("_", " "))
    colour = COLOURS.get(row.kind, "green")
    if row.kind == "double_condenser" and not any(operation.kind == "multiply" for operation in operations):
        name = _WITHOUT_ATTENTION
    lines = [_line(row, operation) for operation in inside]
    return Box(name, colour, tuple(line for line in lines if line is not None), arc, row)


def _shortcut(graph: Graph) -> tuple[Arc | None, list[Operation]]:
    """The arc round a block, if it has one, and the operations that are not on it alone."""
    merges = [operation for operation in graph.operations if operation.kind in ("add", "multiply")]
    if not merges:
        return None, graph.operations
    merge = merges[-1]
    around = _back(graph, merge.inputs[1])
    projections = [operation for operation in around if operation.kind == "convolution"]
    plain = all(operation.kind in ("pool", "pad", "convolution") for operation in around)
    if not plain or len(projections) > 1 or any(operation.kernel > 1 for operation in projections):
        return None, graph.operations
    within = {operation.output for operation in _back(graph, merge.inputs[0])}
    inside = [o for o in graph.operations if o.output in within or o.output >= merge.output]
    halves = _halves(graph.shape(0), graph.shape(merge.inputs[1]))
    return Arc(bool(projections), "+" if merge.kind == "add" else "×", halves), inside


def _back(graph: Graph, tensor: TensorId) -> list[Operation]:
    """All operations that ``tensor`` is made by, from the block's input on."""
    makers = {operation.output: operation for operation in graph.operations}
    found: dict[TensorId, Operation] = {}
    waiting = [tensor]
    while waiting:
        maker = makers.get(waiting.pop())
        if maker is not None and maker.output not in found:
            found[maker.output] = maker
            waiting += maker.inputs
    return [found[output] for output in sorted(found)]


def _line(row: Row, operation: Operation) -> Line | None:
    before = row.graph.shape(operation.inputs[0])
    halves = _halves(before, operation.shape)
    sign = " ÷2" if halves else ""
    if operation.kind == "convolution":
        label = _LETTERS.get(row.kind, {}).get(operation.name) or _layer(operation, before.channels)
        return Line(f"{label}{sign}", str(operation.shape.channels))
    if operation.kind == "linear":
        return Line("linear", str(operation.shape.channels))
    if operation.kind == "mean":
        return Line("average")
    # The pooling inside a condenser is undone there; any other stays.
    if operation.kind == "pool" and halves and not operation.name.startswith("attention."):
        return Line(f"pool{sign}")
    return None


def _halves(before: Shape, after: Shape) -> bool:
    return after.height <= halved(before.height) < before.height


def _layer(operation: Operation, in_channels: int) -> str:
    label = operation.window
    if operation.groups == 1:
        return label
    return f"{label} dw" if operation.groups == in_channels else f"{label} g{operation.groups}"


def pieces(count: int, most: int) -> list[range]:
    """``count`` blocks in as few runs of at most ``most`` as there must be, of about equal length."""
    runs = -(-count // most)
    ends = [round(count * run / runs) for run in range(runs + 1)]
    return [range(start, stop) for start, stop in pairwise(ends)]

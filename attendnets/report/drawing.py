"""The inside of a network's blocks as drawings: each layer with its channel number.

A panel a stage, a row a block; rows and panels are read like lines of text. Everything is drawn from the
operations that blocks record for their costs, so that a new kind of block is drawn as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from attendnets.blocks import trace_block
from attendnets.graph import Graph, Operation, Shape
from attendnets.networks.assemble import input_shape
from attendnets.networks.head import trace_head
from attendnets.networks.stem import trace_stem
from attendnets.report.layout import Branch, Layout, Node, arrange
from attendnets.report.marks import LABEL_ROOM, arrow, half_height, mark
from attendnets.report.svg import drawing, element, join, title
from attendnets.spec import NetworkSpec

PANEL_WIDTH = 348.0
_MARGIN = 12.0
_ROW_HEAD = 20.0
_ROW_GAP = 16.0
_PANEL_HEAD = 30.0
_COLUMN = (22.0, 44.0)

#: Colour class of each kind of block; kinds that are not listed share the last colour.
COLOURS = {
    "stem": "slate",
    "head": "slate",
    "convolution": "blue",
    "temporal_convolution": "blue",
    "pepe": "amber",
    "visual_condenser": "violet",
    "condenser": "teal",
    "speech_condenser": "teal",
    "double_condenser": "rose",
}


@dataclass(frozen=True)
class Row:
    """One stem, block or head with its operations; ``name`` is that of its row in the costs."""

    name: str
    kind: str
    graph: Graph

    @property
    def is_block(self) -> bool:
        """Stem and head stand alone under a heading that says what they are."""
        return self.kind != self.name

    @property
    def in_shape(self) -> Shape:
        """Shape of what comes in."""
        return self.graph.shape(0)

    @property
    def out_shape(self) -> Shape:
        """Shape of what goes out."""
        return self.graph.operations[-1].shape


@dataclass(frozen=True)
class Panel:
    """What stands on one grid."""

    heading: str
    rows: tuple[Row, ...]


def panels(spec: NetworkSpec) -> tuple[Panel, ...]:
    """The network's parts in their order of execution: stem, stages, head."""
    graph = Graph(input_shape(spec), "stem")
    trace_stem(spec.stem, graph, 0)
    rows = [Row("stem", "stem", graph)]
    made = [Panel("Stem", (rows[-1],))]
    for number, stage in enumerate(spec.stages):
        rows = []
        for position, block in enumerate(stage.blocks):
            previous = rows[-1] if rows else made[-1].rows[-1]
            name, kind = f"stages.{number}.{position}", str(type(block).__struct_config__.tag)
            graph = Graph(previous.out_shape, name)
            trace_block(block, graph, 0)
            rows.append(Row(name, kind, graph))
        made.append(Panel(f"Stage {number + 1}", tuple(rows)))
    graph = Graph(made[-1].rows[-1].out_shape, "head")
    trace_head(spec.head, spec.classes, graph, 0)
    return (*made, Panel("Head", (Row("head", "head", graph),)))


def draw_panels(spec: NetworkSpec) -> tuple[Markup, ...]:
    """One drawing a panel, each 348 units wide, to be set side by side or one below the other."""
    parts = panels(spec)
    widest = widest_convolution(parts)
    drawn = []
    for panel in parts:
        content, height = draw_panel(panel, widest)
        label = f"{panel.heading}: {'; '.join(_described(row) for row in panel.rows)}"
        drawn.append(drawing(PANEL_WIDTH, height, content, label=label, class_="network", interactive=True))
    return tuple(drawn)


def operations(spec: NetworkSpec) -> tuple[tuple[Operation, Shape], ...]:
    """All operations with the shape of their first input, in order of execution."""
    rows = [row for panel in panels(spec) for row in panel.rows]
    return tuple((o, row.graph.shape(o.inputs[0])) for row in rows for o in row.graph.operations)


def widest_convolution(parts: tuple[Panel, ...]) -> int:
    """Channels of the widest convolution: the tallest bar."""
    return max(
        operation.shape.channels
        for panel in parts
        for row in panel.rows
        for operation in row.graph.operations
        if operation.kind == "convolution"
    )


def draw_panel(panel: Panel, widest: int) -> tuple[Markup, float]:
    """The content of a panel, 348 units wide, and its height; ``widest`` channels give the tallest bar."""
    first, last = panel.rows[0].in_shape, panel.rows[-1].out_shape
    grid = f"{last.height} × {last.width}" if last.height > 1 else f"{last.channels} logits"
    if panel.rows[0].name == "stem":
        grid = f"{first.channels} × {first.height} × {first.width} pixels → {grid}"
    elif (first.height, first.width) != (last.height, last.width):
        grid = f"{first.height} × {first.width} → {grid}"
    inside: list[Markup] = []
    y = _PANEL_HEAD
    for row in panel.rows:
        content, height = _row(row, widest)
        inside.append(element("g", content, transform=f"translate({_MARGIN:g} {y:g})"))
        y += height + _ROW_GAP
    heading = (
        element("text", panel.heading, x=_MARGIN, y=20, class_="heading"),
        element("text", grid, x=PANEL_WIDTH - _MARGIN, y=20, class_="end soft"),
    )
    frame = element("rect", x=0.5, y=0.5, width=PANEL_WIDTH - 1, height=y - 5, rx=8, class_="panel")
    return join((frame, *heading, *inside)), y - 4


def _row(row: Row, widest: int) -> tuple[Markup, float]:
    layout = arrange(row.graph.operations)
    space = PANEL_WIDTH - 2 * _MARGIN
    column = min(_COLUMN[1], max(_COLUMN[0], (space - 18) / (layout.columns + 1)))
    heights, bottom = _lane_heights(layout, widest, _ROW_HEAD if row.is_block else 0.0)

    def x(place: float) -> float:
        return 4 + place * column

    ends = x(layout.columns) + column * 0.8
    lines = [element("path", d=f"M{x(0):g} {heights[0]:g}H{ends:g}", class_="flow"), arrow(ends, heights[0])]
    for branch in layout.branches:
        leaves = x(branch.start) + (0.5 * column if branch.start else 6)
        lines.append(_branch(branch, leaves, x(branch.end), heights))
    marks = []
    for node in layout.nodes:
        in_shape = row.graph.shape(node.operation.inputs[0])
        marks.append(mark(node.operation, in_shape, x(node.column), heights[node.lane], widest))
    colour = COLOURS.get(row.kind, "green")
    head = (
        element("rect", x=0, y=1, width=10, height=10, rx=2, class_=colour),
        element("text", row.kind.replace("_", " "), x=16, y=10.5, class_="kind"),
        element("text", _size(row.out_shape), x=space, y=10.5, class_="end soft"),
    )
    group = element(
        "g",
        title(_described(row)),
        *(head if row.is_block else ()),
        *lines,
        *marks,
        class_=f"row {colour}",
        role="img",
        aria_label=_described(row),
    )
    return group, bottom


def _lane_heights(layout: Layout, widest: int, y: float) -> tuple[dict[int, float], float]:
    """The y of each lane below ``y``, and that of the row's lower end."""
    heights = {}
    for lane in layout.lanes():
        half = max((half_height(node.operation, widest) for node in layout.on(lane)), default=2.0)
        heights[lane] = y + half + 4
        y = heights[lane] + half + (_labels(layout.on(lane)) or 4)
    return heights, y


def _labels(nodes: list[Node]) -> float:
    return LABEL_ROOM if any(node.operation.kind in ("convolution", "linear") for node in nodes) else 0.0


def _branch(branch: Branch, leaves: float, ends: float, heights: dict[int, float]) -> Markup:
    """A line that leaves the flow at x ``leaves``, runs along its lane and comes back at x ``ends``."""
    begin, along, finish = heights[branch.from_lane], heights[branch.lane], heights[branch.to_lane]
    turn = 5.0 if along > begin else -5.0
    back = -5.0 if finish < along else 5.0
    path = (
        f"M{leaves:g} {begin:g}V{along - turn:g}q0 {turn:g} 5 {turn:g}H{ends - 5:g}q5 0 5 {back:g}V{finish:g}"
    )
    return element("path", d=path, class_="flow")


def _size(shape: Shape) -> str:
    if shape.height == shape.width == 1:
        return str(shape.channels)
    return f"{shape.channels} × {shape.height} × {shape.width}"


def _described(row: Row) -> str:
    parameters = sum(operation.parameters for operation in row.graph.operations)
    macs = sum(operation.macs for operation in row.graph.operations)
    return (
        f"{row.name}, {row.kind.replace('_', ' ')}: {_size(row.in_shape)} to {_size(row.out_shape)}, "
        f"{parameters:,} parameters, {macs:,} MACs"
    )

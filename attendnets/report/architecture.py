"""A network as one picture in the manner of the papers' figures.

Above, the blocks in their order of execution, as boxes with their channel numbers, stage by stage, with an
arc for each shortcut; long networks go on in the next line, as text does. Below, the inside of one block of
each kind. Everything is drawn from the operations that the blocks are costed by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from attendnets.cost import cost
from attendnets.data import printable
from attendnets.graph import Shape
from attendnets.networks.assemble import input_shape
from attendnets.report.boxes import (
    LINE_HEIGHT,
    NAME_SIZE,
    NUMBER_SIZE,
    Box,
    box,
    image_box,
    meanings,
    pieces,
    text_width,
)
from attendnets.report.drawing import PANEL_WIDTH, Panel, draw_panel, operations, panels, widest_convolution
from attendnets.report.marks import arrow, key
from attendnets.report.style import style
from attendnets.report.svg import element, join, shortened, title
from attendnets.spec import NetworkSpec

MOST_IN_A_LINE = 10
_MARGIN = 20.0
_GAP = 40.0
_LEAD = 16.0
_BAND_HEAD = 42.0
_ARC_ROOM = 34.0
_BAND_FOOT = 14.0
_BETWEEN_LINES = 34.0
_TOP = 62.0
_NOTE = 17.0


@dataclass(frozen=True)
class Band:
    """Blocks of one stage that stand in one line, and what is written above them."""

    heading: str
    detail: str
    boxes: tuple[Box, ...]

    def width(self, box_width: float) -> float:
        """Units from edge to edge, with boxes of ``box_width``."""
        return len(self.boxes) * (box_width + _GAP) - 4

    @property
    def least_box_width(self) -> float:
        """Units that boxes need for what is in them and for what is written above."""
        head = max(text_width(self.heading, 13.5, bold=True), text_width(self.detail, 12)) + 20
        return max(*(b.width for b in self.boxes), (head + 4) / len(self.boxes) - _GAP)


def network_svg(spec: NetworkSpec, name: str = "Network", notes: Sequence[str] = ()) -> str:
    """The picture of ``spec`` as a file of its own, for light and dark surroundings.

    ``name`` is written above it, and each of ``notes`` on a line below its costs: where it comes from.
    Raises SpecError where the specification describes no network.
    """
    price = cost(spec)
    name = shortened(printable(name), 80)
    described = (
        f"{price.parameters:,} parameters, {price.macs:,} MACs, "
        f"{_size(input_shape(spec))} pixels to {spec.classes} classes"
    )
    under = (described, *notes)
    lines = _lines(bands(spec))
    flowing, right, y = _flowing(lines, _TOP + _NOTE * len(notes))
    widest = max(text_width(name, 18, bold=True), *(text_width(words, NAME_SIZE) for words in under))
    width = max(right, _MARGIN + 2 * PANEL_WIDTH + 12, _MARGIN + widest) + _MARGIN
    inside, y = _insides(spec, y, width)
    signs, y = _key(spec, y, width)
    letters, y = _meanings([each for line in lines for band in line for each in band.boxes], y + 20)
    height = y + _MARGIN
    story = "; ".join(f"{band.heading}: {_told(band)}" for line in lines for band in line)
    picture = element(
        "svg",
        element("title", name, id="title"),
        element("desc", f"{'. '.join(under)}. {story}.", id="description"),
        element("style", style("palette", "figures", "architecture")),
        element("rect", width=width, height=height, class_="ground"),
        element("text", name, x=_MARGIN, y=30, class_="top"),
        *(
            element("text", words, x=_MARGIN, y=49 + _NOTE * n, class_="soft")
            for n, words in enumerate(under)
        ),
        flowing,
        inside,
        signs,
        letters,
        xmlns="http://www.w3.org/2000/svg",
        class_="network architecture",
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        role="group",
        aria_labelledby="title",
        aria_describedby="description",
    )
    return str(picture)


def bands(spec: NetworkSpec) -> tuple[Band, ...]:
    """Image, stem, stages and head; a stage too long for a line in several pieces."""
    made = [Band("Image", _size(input_shape(spec)), (image_box(spec.input),))]
    for panel in panels(spec):
        boxes = tuple(box(row) for row in panel.rows)
        out = panel.rows[-1].out_shape
        detail = f"{spec.classes} classes" if panel.rows[0].name == "head" else _size(out)
        for number, piece in enumerate(pieces(len(boxes), MOST_IN_A_LINE)):
            heading = f"{panel.heading}, continued" if number else panel.heading
            made.append(Band(heading, detail, boxes[piece.start : piece.stop]))
    return tuple(made)


def _lines(made: Sequence[Band]) -> list[list[Band]]:
    """Bands in as few lines as hold them, about equally full."""
    least = len(_filled(made, MOST_IN_A_LINE))
    fewest = next(most for most in range(1, MOST_IN_A_LINE + 1) if len(_filled(made, most)) == least)
    return _filled(made, fewest)


def _filled(made: Sequence[Band], most: int) -> list[list[Band]]:
    lines: list[list[Band]] = [[]]
    for band in made:
        if lines[-1] and sum(len(b.boxes) for b in lines[-1]) + len(band.boxes) > most:
            lines.append([])
        lines[-1].append(band)
    return lines


def _flowing(lines: Sequence[Sequence[Band]], y: float) -> tuple[Markup, float, float]:
    """The blocks in their lines below ``y``: their drawing, its right end, and the y of what follows."""
    box_width = max(band.least_box_width for line in lines for band in line)
    drawn: list[Markup] = []
    ends: list[tuple[float, float]] = []
    for line in lines:
        blocks, height, flow = _line(line, y, box_width)
        if ends:
            drawn.append(_connector(*ends[-1], y - _BETWEEN_LINES / 2, flow))
        drawn.append(blocks)
        ends.append((_MARGIN + sum(band.width(box_width) for band in line) - 4, flow))
        y += height + _BETWEEN_LINES
    drawn.append(arrow(ends[-1][0] + 6, ends[-1][1]))
    return join(drawn), max(end for end, _ in ends), y


def _line(line: Sequence[Band], y: float, box_width: float) -> tuple[Markup, float, float]:
    """Bands beside each other below ``y``: their drawing, its height, and the y along which they flow."""
    tallest = max(b.height for band in line for b in band.boxes)
    height = _BAND_HEAD + _ARC_ROOM + tallest + _BAND_FOOT
    flow = y + _BAND_HEAD + _ARC_ROOM + tallest / 2
    drawn: list[Markup] = []
    x = _MARGIN
    for band in line:
        width = band.width(box_width)
        frame = element("rect", x=x, y=y, width=width - 4, height=height, rx=8, class_="panel")
        heading = element("text", band.heading, x=x + 10, y=y + 20, class_="heading")
        detail = element("text", band.detail, x=x + 10, y=y + 36, class_="soft")
        drawn.append(join((frame, heading, detail)))
        x += width
    drawn.append(element("path", d=f"M{_MARGIN:g} {flow:g}H{x:g}", class_="flow"))
    x = _MARGIN
    for band in line:
        for number, each in enumerate(band.boxes):
            left = x + _LEAD + number * (box_width + _GAP)
            drawn.append(_box(each, left, flow, box_width))
        x += band.width(box_width)
    return join(drawn), height, flow


def _box(each: Box, left: float, flow: float, width: float) -> Markup:
    top, right = flow - each.height / 2, left + width
    parts: list[Markup] = [title(f"{each.row.name}: {_inside(each)}")] if each.row else []
    parts.append(arrow(left, flow))
    if each.arc:
        parts += _arc(each, left - 9, right + 10, top - 14, flow)
    parts.append(element("rect", x=left, y=top, width=width, height=each.height, rx=5, class_="box"))
    parts.append(element("rect", x=left, y=top, width=width, height=5, rx=2.5, class_="lid"))
    y = top + 20
    parts.append(element("text", each.name, x=left + width / 2, y=y, class_="name"))
    for line in each.lines:
        y += LINE_HEIGHT
        parts.append(element("text", line.label, x=left + 8, y=y, class_="layer"))
        if line.number:
            parts.append(element("text", line.number, x=right - 8, y=y, class_="channels"))
    return element("g", *parts, class_=f"block {each.colour}", role="img", aria_label=_inside(each))


def _arc(each: Box, start: float, end: float, along: float, flow: float) -> Iterator[Markup]:
    assert each.arc is not None
    path = f"M{start:g} {flow:g}V{along + 9:g}q0 -9 9 -9H{end - 9:g}q9 0 9 9V{flow - 7:g}"
    yield element("path", d=path, class_="arc")
    if each.arc.label:
        middle, half = (start + end) / 2, text_width(each.arc.label, NUMBER_SIZE) / 2 + 6
        yield element(
            "rect", x=middle - half, y=along - 9, width=2 * half, height=18, rx=3, class_="projection"
        )
        yield element("text", each.arc.label, x=middle, y=along + 4, class_="on-arc")
    yield element("circle", cx=end, cy=flow, r=7, class_="joint")
    sign = f"M{end - 4:g} {flow:g}h8m-4 -4v8"
    if each.arc.sign == "×":
        sign = f"M{end - 3:g} {flow - 3:g}l6 6m-6 0l6 -6"
    yield element("path", d=sign, class_="sign")


def _connector(x: float, flow: float, between: float, next_flow: float) -> Markup:
    """From the end of a line back to the beginning of the next."""
    left = _MARGIN - 12
    path = (
        f"M{x:g} {flow:g}h4q6 0 6 6V{between - 6:g}q0 6 -6 6"
        f"H{left + 6:g}q-6 0 -6 6V{next_flow - 6:g}q0 6 6 6H{_MARGIN:g}"
    )
    return element("path", d=path, class_="flow")


def _insides(spec: NetworkSpec, y: float, width: float) -> tuple[Markup, float]:
    """The inside of the first block of each name and number of layers, in columns below ``y``.

    And the y of what follows.
    """
    parts = panels(spec)
    widest = widest_convolution(parts)
    shown: dict[tuple[str, int], Panel] = {}
    for panel in parts:
        for row in panel.rows:
            if row.is_block:
                drawn_as = box(row)
                layers = sum(bool(line.number) for line in drawn_as.lines)
                heading = f"{drawn_as.name}, in {panel.heading.lower()}"
                shown.setdefault((drawn_as.name, layers), Panel(heading, (row,)))
    columns = max(1, min(len(shown), int((width - 2 * _MARGIN + 12) // (PANEL_WIDTH + 12))))
    heights = [0.0] * columns
    drawn = [element("text", "Inside the blocks", x=_MARGIN, y=y + 4, class_="heading")]
    for panel in shown.values():
        column = heights.index(min(heights))
        content, height = draw_panel(panel, widest)
        x = _MARGIN + column * (PANEL_WIDTH + 12)
        drawn.append(element("g", content, transform=f"translate({x:g} {y + 16 + heights[column]:g})"))
        heights[column] += height + 12
    return join(drawn), y + 30 + max(heights)


def _key(spec: NetworkSpec, y: float, width: float) -> tuple[Markup, float]:
    """What the signs inside the blocks mean, in lines below ``y``; and where they end."""
    drawn = []
    x = _MARGIN
    for sign, words in key(operations(spec)):
        room = 30 + text_width(words, NAME_SIZE) + 14
        if x > _MARGIN and x + room > width - _MARGIN:
            x, y = _MARGIN, y + 28
        drawn.append(element("g", sign, transform=f"translate({x:g} {y:g})"))
        drawn.append(element("text", words, x=x + 30, y=y + 16, class_="soft"))
        x += room
    return join(drawn), y + 24


def _meanings(boxes: Sequence[Box], y: float) -> tuple[Markup, float]:
    """What letters and signs in the boxes mean, a line each below ``y``; and where they end."""
    said = meanings(boxes)
    lines = [
        element("text", words, x=_MARGIN + 6, y=y + 18 * n, class_="soft") for n, words in enumerate(said)
    ]
    return join(lines), y + 18 * (len(said) - 1) + 6


def _told(band: Band) -> str:
    return ", ".join(_inside(each) for each in band.boxes)


def _inside(each: Box) -> str:
    layers = " ".join(f"{line.label} {line.number}".strip() for line in each.lines)
    arc = ""
    if each.arc:
        way = "1×1 convolution" if each.arc.projects else "identity"
        arc = f", round it the {way}{' on half the grid' if each.arc.halves else ''} ({each.arc.sign})"
    return f"{each.name} ({layers}{arc})"


def _size(shape: Shape) -> str:
    return f"{shape.channels} × {shape.height} × {shape.width}"

"""The frame of a chart: grid, ticks, names of the axes, lines at bounds."""

from __future__ import annotations

import math
from collections.abc import Callable

from markupsafe import Markup

from attendnets.report.svg import Scale, drawing, element, join

WIDTH, HEIGHT = 420.0, 284.0
LEFT, RIGHT, TOP, BOTTOM = 42.0, 408.0, 40.0, 240.0
#: Width of a letter of a tick, at the size that charts have on narrow screens.
_LETTER = 7.2


def frame(
    x: Scale,
    y: Scale,
    *,
    x_name: str,
    y_name: str,
    x_text: Callable[[float], str],
    y_text: Callable[[float], str] = "{:g}".format,
) -> Markup:
    """Horizontal grid lines, ticks below, and what the axes show: y above the chart, x below it.

    Ticks of x whose text is empty, or would touch the one before, are left out.
    """
    drawn: list[Markup] = []
    for value in y.ticks(5):
        drawn.append(element("path", d=f"M{LEFT} {y(value):.1f}H{RIGHT}", class_="grid"))
        drawn.append(element("text", y_text(value), x=LEFT - 7, y=y(value) + 4, class_="end soft"))
    taken = -math.inf
    for value in filter(x_text, x.ticks(5)):
        half = _LETTER * len(x_text(value)) / 2
        if x(value) - half < taken:
            continue
        taken = x(value) + half + _LETTER
        drawn.append(element("path", d=f"M{x(value):.1f} {BOTTOM}v4", class_="axis"))
        drawn.append(element("text", x_text(value), x=x(value), y=BOTTOM + 17, class_="middle soft"))
    drawn.append(element("path", d=f"M{LEFT} {BOTTOM}H{RIGHT}", class_="axis"))
    drawn.append(element("text", y_name, x=4, y=13, class_="name"))
    drawn.append(element("text", x_name, x=RIGHT, y=HEIGHT - 8, class_="end name"))
    return join(drawn)


def vertical(x: float, text: str, *, class_: str = "bound") -> Markup:
    """A line from top to bottom; its text above the chart, on the side where there is room."""
    anchor, shift = ("end", -5) if x > (LEFT + RIGHT) / 2 else ("start", 5)
    return join(
        (
            element("path", d=f"M{x:.1f} {TOP - 18}V{BOTTOM}", class_=class_),
            element("text", text, x=x + shift, y=TOP - 9, class_=f"{anchor} {class_}"),
        )
    )


def horizontal(y: float, text: str, *, class_: str = "bound") -> Markup:
    """A line from left to right with its text above it."""
    return join(
        (
            element("path", d=f"M{LEFT} {y:.1f}H{RIGHT}", class_=class_),
            element("text", text, x=LEFT + 4, y=y - 5, class_=f"start {class_}"),
        )
    )


def polyline(points: list[tuple[float, float]], class_: str) -> Markup:
    """A line through points."""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return element("path", d=f"M{path}", class_=f"line {class_}")


def chart(*parts: str, label: str, interactive: bool = False) -> Markup:
    """A chart of the usual size."""
    return drawing(WIDTH, HEIGHT, *parts, label=label, class_="chart", interactive=interactive)

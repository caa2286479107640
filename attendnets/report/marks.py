"""The signs of a network drawing, one a kind of operation.

A convolution is a bar: its height grows with its output channels, its width with its kernel; depthwise
ones are hollow, grouped ones cut. Poolings narrow, unpoolings widen; gates, products and sums are discs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from markupsafe import Markup

from attendnets.graph import Operation, Shape
from attendnets.report.svg import drawing, element, title

LABEL_ROOM = 15.0
_TALLEST = 34.0
_SHORTEST = 9.0
_DISC = 7.0


def half_height(operation: Operation, widest: int) -> float:
    """How far a sign reaches above and below its lane; ``widest`` channels give the tallest bar."""
    if operation.kind in ("gate", "multiply", "add"):
        return _DISC
    share = min(1.0, operation.shape.channels / widest)
    return (_SHORTEST + (_TALLEST - _SHORTEST) * math.sqrt(share)) / 2


def mark(operation: Operation, in_shape: Shape, x: float, y: float, widest: int) -> Markup:
    """The sign of ``operation`` centred on (x, y), with its channel number where it has weights."""
    half = half_height(operation, widest)
    if operation.kind in ("convolution", "linear", "affine"):
        drawn = _bar(operation, in_shape, x, y, half)
    elif operation.kind in ("pool", "resize", "mean"):
        drawn = [_funnel(operation.kind, x, y, half)]
    elif operation.kind == "pad":
        drawn = [element("rect", x=x - 4, y=y - half, width=8, height=2 * half, class_="hollow dashed")]
    else:
        drawn = _disc(operation.kind, x, y)
    return element("g", title(explain(operation, in_shape)), *drawn)


def arrow(x: float, y: float) -> Markup:
    """The end of a flow that goes to the right."""
    return element("path", d=f"M{x:g} {y:g}l-5 -3.5v7z", class_="tip")


def explain(operation: Operation, in_shape: Shape) -> str:
    """One operation in words."""
    shape = operation.shape
    changed = f"{in_shape.channels} → " if in_shape.channels != shape.channels else ""
    where = f"{changed}{shape.channels} channels on {shape.height} × {shape.width}"
    if operation.kind == "linear":
        return f"{operation.name}: linear, {in_shape.elements} → {shape.channels}, {operation.macs:,} MACs"
    if operation.kind != "convolution":
        return f"{operation.name}: {operation.kind}, {where}"
    groups = ""
    if operation.groups > 1:
        depthwise = operation.groups == in_shape.channels
        groups = " depthwise" if depthwise else f" in {operation.groups} groups"
    stride = ", stride 2" if _strided(operation, in_shape) else ""
    kernel = operation.window
    return f"{operation.name}: {kernel} convolution{groups}{stride}, {where}, {operation.macs:,} MACs"


def key(operations: Iterable[tuple[Operation, Shape]]) -> tuple[tuple[Markup, str], ...]:
    """The signs that ``operations`` (each with its input's shape) need, small, with their meaning."""
    signs = []
    for words, operation, shape in _firsts(operations):
        sign = mark(operation, shape, 12, 12, 6 * operation.shape.channels)
        signs.append((drawing(24, 24, sign, label=words, class_="network slate"), words))
    return tuple(signs)


def _firsts(found: Iterable[tuple[Operation, Shape]]) -> Iterator[tuple[str, Operation, Shape]]:
    seen = set()
    for operation, shape in found:
        words = _meaning(operation, shape)
        if words not in seen:
            seen.add(words)
            # One channel number for all bars of the key, and no strides: they are about kind alone.
            like = Shape(operation.shape.channels, shape.height, shape.width)
            yield words, replace(operation, shape=like), shape


def _meaning(operation: Operation, shape: Shape) -> str:
    if operation.kind == "convolution":
        groups = ""
        if operation.groups > 1:
            groups = ", depthwise" if operation.groups == shape.channels else ", grouped"
        return f"{operation.window} convolution{groups}"
    return {
        "pool": "pooling",
        "resize": "unpooling",
        "gate": "gate or activation",
        "multiply": "product",
        "add": "sum",
        "mean": "global average",
        "linear": "linear layer",
        "affine": "batch norm",
        "pad": "border",
    }[operation.kind]


def _strided(operation: Operation, in_shape: Shape) -> bool:
    return operation.shape.height < in_shape.height


def _bar(operation: Operation, in_shape: Shape, x: float, y: float, half: float) -> list[Markup]:
    width = {"linear": 8.0, "affine": 3.0}.get(operation.kind, 4.0 + 2.5 * operation.kernel)
    depthwise = operation.kernel > 0 and operation.groups == in_shape.channels > 1
    shape = "hollow" if depthwise or operation.kind == "linear" else "solid"
    drawn = [element("rect", x=x - width / 2, y=y - half, width=width, height=2 * half, rx=1.5, class_=shape)]
    if operation.groups > 1 and not depthwise:
        cuts = "".join(f"M{x - width / 2 - 1:g} {y + half * at:g}h{width + 2:g}" for at in (-0.4, 0.4))
        drawn.append(element("path", d=cuts, class_="cut"))
    if operation.kind != "affine":
        drawn.append(element("text", str(operation.shape.channels), x=x, y=y + half + 11, class_="number"))
    if operation.kind == "convolution" and _strided(operation, in_shape):
        drawn.append(element("text", "/2", x=x + width / 2 + 2, y=y - 5, class_="small soft"))
    return drawn


def _funnel(kind: str, x: float, y: float, half: float) -> Markup:
    left, right = (half * 0.5, half) if kind == "resize" else (half, half * 0.5)
    if kind == "mean":
        right = 0.5
    points = f"{x - 6:g},{y - left:g} {x + 6:g},{y - right:g} {x + 6:g},{y + right:g} {x - 6:g},{y + left:g}"
    return element("polygon", points=points, class_="hollow")


def _disc(kind: str, x: float, y: float) -> list[Markup]:
    sign = {
        "multiply": f"M{x - 3:g} {y - 3:g}l6 6m-6 0l6 -6",
        "add": f"M{x - 4:g} {y:g}h8m-4 -4v8",
    }.get(kind, f"M{x - 4:g} {y + 3:g}c5 0 3 -6 8 -6")
    return [
        element("circle", cx=x, cy=y, r=_DISC, class_="hollow"),
        element("path", d=sign, class_="sign"),
    ]

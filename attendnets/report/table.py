"""Tables for a terminal: what a network costs row by row, and how requirements were met."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from attendnets.cost import Cost, CostRow
from attendnets.graph import Shape
from attendnets.networks.counting import ModuleCount, ModuleRow
from attendnets.requirements import QUANTITIES, Judgement, Verdict, format_value

_COST_HEADS = ("row", "block", "in", "out", "parameters", "MACs", "weights B", "activations B")
_COST_LEFT = 4
_VERDICT_HEADS = ("", "requirement", "measured", "how")


@dataclass(frozen=True)
class CostLine:
    """One row of the costs, in the words and numbers of a table."""

    name: str
    kind: str
    in_shape: str
    out_shape: str
    parameters: int
    macs: int
    weights_bytes: int
    activation_bytes: int

    @classmethod
    def of(cls, row: CostRow | ModuleRow) -> CostLine:
        """From a row of a cost or of a module's count."""
        return cls(
            name=row.name,
            kind=row.kind.replace("_", " "),
            in_shape=shape_text(row.in_shape),
            out_shape=shape_text(row.out_shape),
            parameters=row.parameters,
            macs=row.macs,
            weights_bytes=row.weights_bytes,
            activation_bytes=row.activation_bytes,
        )

    def cells(self) -> tuple[str, ...]:
        """In the order of the columns."""
        numbers = (self.parameters, self.macs, self.weights_bytes, self.activation_bytes)
        return (self.name, self.kind, self.in_shape, self.out_shape, *(f"{number:,}" for number in numbers))


def cost_table(cost: Cost | ModuleCount) -> str:
    """Plain text: a line a row of ``cost``, and their totals; activations total to their peak.

    Shapes are channels x height x width; bytes are those of 8 bits, or as the cost was asked for.
    """
    lines = [CostLine.of(row).cells() for row in cost.rows]
    totals = (cost.parameters, cost.macs, cost.weights_bytes, cost.activation_bytes)
    total = ("total", "", "", "", *(f"{number:,}" for number in totals))
    body = aligned([_COST_HEADS, *lines, total], left=_COST_LEFT)
    rule = "─" * max(len(line) for line in body)
    note = []
    if isinstance(cost, ModuleCount) and cost.product_macs:
        note = [f"Attention multiplies activations {cost.product_macs:,} times more, which MACs leave out."]
    return "\n".join([body[0], rule, *body[1:-1], rule, body[-1] + " (peak)", *note])


def verdict_table(verdict: Verdict) -> str:
    """Plain text: every requirement beside its measurement, with how far off it is where it is not met."""
    if not verdict.rows:
        return "No requirements were given."
    rows = [("met" if row.met else "NOT MET", *_judged(row)) for row in verdict.rows]
    return "\n".join(line.rstrip() for line in aligned([_VERDICT_HEADS, *rows], left=4))


def shape_text(shape: Shape) -> str:
    """Channels x height x width, or the channels alone of a vector."""
    if shape.height == shape.width == 1:
        return str(shape.channels)
    return f"{shape.channels}×{shape.height}×{shape.width}"


def measured_text(row: Judgement) -> str:
    """The figure for people, "none" where there is none."""
    return "none" if math.isnan(row.measured) else format_value(row.quantity, row.measured)


def shortfall_text(row: Judgement) -> str:
    """How far a figure is from its bound: "4.2 points short", "12.0 KB over"; empty where it is met."""
    if row.met:
        return ""
    if math.isnan(row.measured):
        return "no figure"
    missing = abs(row.measured - row.bound)
    if QUANTITIES[row.quantity].dimension == "percent":
        return f"{missing:.1f} points short"
    return f"{format_value(row.quantity, missing)} over"


def aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Lines of columns, the first ``left`` of them flush left, the others flush right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _judged(row: Judgement) -> tuple[str, str, str]:
    measured = measured_text(row)
    detail = "; ".join(part for part in (shortfall_text(row), row.detail) if part)
    return row.requirement, measured, detail

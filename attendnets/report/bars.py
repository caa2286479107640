"""Rows of figures on one scale: accuracies with their intervals, and distances from a bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from attendnets.report.svg import Scale, around, drawing, element, shortened, title
from attendnets.report.words import counted, interval, percent
from attendnets.requirements import QUANTITIES, Judgement
from attendnets.statistics import wilson_interval

_WIDTH = 420.0
_ROW = 36.0


@dataclass(frozen=True)
class Share:
    """An accuracy that is drawn with its interval: ``correct`` of ``images``, drawn in ``colour``."""

    name: str
    correct: int
    images: int
    colour: str = "blue"

    @classmethod
    def of_percent(cls, name: str, percent: float, images: int, colour: str = "blue") -> Share:
        """From an accuracy in percent and its number of images."""
        return cls(name, round(percent * images / 100), images, colour)

    @property
    def percent(self) -> float:
        """The accuracy."""
        return 100.0 * self.correct / self.images

    @property
    def interval_percent(self) -> tuple[float, float]:
        """Wilson's interval at 95 %."""
        return wilson_interval(self.correct, self.images)

    def __str__(self) -> str:
        return f"{percent(self.percent)} ({interval(self.interval_percent)}, {counted(self.images, 'image')})"


@dataclass(frozen=True)
class Reference:
    """An accuracy to compare with, drawn upright through all rows; "bound" where it was required."""

    text: str
    percent: float
    kind: Literal["bound", "reference"] = "reference"


def interval_chart(shares: Sequence[Share], references: Sequence[Reference], label: str) -> Markup:
    """One row an accuracy: a dot for the figure, a line for its 95 % interval."""
    ends = [end for share in shares for end in share.interval_percent]
    marked = [reference.percent for reference in references]
    x = around([*ends, *marked], 8, _WIDTH - 12, least=5, within=(0, 100))
    top = 12.0 + 15 * len(references)
    bottom = top + _ROW * len(shares) + 6
    drawn: list[Markup] = []
    for value in x.ticks(6):
        drawn.append(element("path", d=f"M{x(value):.1f} {top}V{bottom}", class_="grid"))
        drawn.append(element("text", f"{value:g}", x=x(value), y=bottom + 15, class_="middle soft"))
    for row, reference in enumerate(references):
        drawn += _reference(reference, x(reference.percent), 12.0 + 15 * row, top, len(shares))
    for row, share in enumerate(shares):
        drawn += _interval(share, x, top + _ROW * row)
    return drawing(_WIDTH, bottom + 22, *drawn, label=label, class_="chart")


def _reference(reference: Reference, x: float, y: float, top: float, rows: int) -> list[Markup]:
    """Its text above the rows, and a piece of its line in each of them, clear of the names."""
    anchor, shift = ("end", -5) if x > _WIDTH / 2 else ("start", 5)
    pieces = "".join(f"M{x:.1f} {top + _ROW * row + 19:.1f}v16" for row in range(rows))
    return [
        element("path", d=f"M{x:.1f} {y - 9}V{top + 2}{pieces}", class_=f"upright {reference.kind}"),
        element("text", reference.text, x=x + shift, y=y, class_=f"{anchor} {reference.kind}"),
    ]


def _interval(share: Share, x: Scale, y: float) -> list[Markup]:
    low, high = share.interval_percent
    line = y + 27
    return [
        element("text", shortened(share.name, 44), x=8, y=y + 15, class_="halo"),
        element("text", percent(share.percent), x=_WIDTH - 12, y=y + 15, class_="end halo number"),
        element(
            "g",
            title(f"{share.name}: {share}"),
            element("path", d=f"M{x(low):.1f} {line}H{x(high):.1f}", class_=f"whisker {share.colour}"),
            element("circle", cx=x(share.percent), cy=line, r=4.5, class_=f"mark {share.colour}"),
        ),
    ]


def margin_bar(judgement: Judgement) -> Markup:
    """A figure beside its bound: the bar is what was measured, the upright line what was required."""
    percent = QUANTITIES[judgement.quantity].dimension == "percent"
    measured = judgement.measured if judgement.measured == judgement.measured else 0.0
    x = Scale(0, 100 if percent else max(measured, judgement.bound) * 1.08, 0, 160)
    colour = "met" if judgement.met else "missed"
    words = f"{judgement.measured:g} measured, {judgement.bound:g} required"
    return drawing(
        160,
        18,
        element("rect", x=0, y=4, width=160, height=10, rx=3, class_="track"),
        element("rect", x=0, y=4, width=max(1.0, x(measured)), height=10, rx=3, class_=colour),
        element("path", d=f"M{x(judgement.bound):.1f} 0v18", class_="bound"),
        label=words,
        class_="margin",
    )

"""Rows of figures on one scale: accuracies with their intervals, times, and distances from a bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from attendnets.report.svg import Scale, around, drawing, element, shortened, title
from attendnets.requirements import QUANTITIES, Judgement
from attendnets.statistics import wilson_interval

_WIDTH = 460.0
_ROW = 26.0


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
        low, high = self.interval_percent
        return f"{self.percent:.1f} % ({low:.1f} to {high:.1f} %, {self.images} images)"


def interval_chart(shares: Sequence[Share], marks: Sequence[tuple[str, float]], label: str) -> Markup:
    """One row an accuracy: a dot for the figure, a line for its 95 % interval.

    ``marks``: upright lines with a text, such as a required accuracy.
    """
    ends = [end for share in shares for end in share.interval_percent]
    x = around([*ends, *(value for _, value in marks)], 8, _WIDTH - 12, within=(0, 100))
    top = 12.0 + 15 * len(marks)
    bottom = top + _ROW * 1.35 * len(shares) + 4
    drawn: list[Markup] = []
    for value in x.ticks(6):
        drawn.append(element("path", d=f"M{x(value):.1f} {top}V{bottom}", class_="grid"))
        drawn.append(element("text", f"{value:g}", x=x(value), y=bottom + 15, class_="middle soft"))
    for row, (text, value) in enumerate(marks):
        anchor, shift = ("end", -5) if x(value) > _WIDTH / 2 else ("start", 5)
        height = 12.0 + 15 * row
        drawn.append(element("path", d=f"M{x(value):.1f} {height - 8}V{bottom}", class_="bound"))
        drawn.append(element("text", text, x=x(value) + shift, y=height, class_=f"{anchor} bound"))
    for row, share in enumerate(shares):
        drawn += _interval(share, x, top + _ROW * 1.35 * row)
    return drawing(_WIDTH, bottom + 22, *drawn, label=label, class_="chart")


def _interval(share: Share, x: Scale, y: float) -> list[Markup]:
    low, high = share.interval_percent
    line = y + 26
    return [
        element("text", shortened(share.name, 44), x=8, y=y + 15, class_="halo"),
        element("text", f"{share.percent:.1f} %", x=_WIDTH - 12, y=y + 15, class_="end halo number"),
        element(
            "g",
            title(f"{share.name}: {share}"),
            element("path", d=f"M{x(low):.1f} {line}H{x(high):.1f}", class_=f"whisker {share.colour}"),
            element("circle", cx=x(share.percent), cy=line, r=4.5, class_=f"mark {share.colour}"),
        ),
    ]


def time_bars(times: Sequence[tuple[str, float]], limit: int = 60) -> Markup:
    """Milliseconds of each operator in order of execution; beyond ``limit`` the shortest are summed up."""
    rows = list(enumerate(times, start=1))
    if len(rows) > limit:
        kept = sorted(sorted(rows, key=lambda row: -row[1][1])[: limit - 1])
        rest = sum(milliseconds for _, (_, milliseconds) in rows) - sum(row[1][1] for row in kept)
        rows = [*kept, (0, (f"{len(rows) - len(kept)} shorter ones", rest))]
    total = sum(milliseconds for _, (_, milliseconds) in rows) or 1.0
    x = Scale(0, max(milliseconds for _, (_, milliseconds) in rows) or 1.0, 214, _WIDTH - 96)
    drawn = []
    for place, (number, (name, milliseconds)) in enumerate(rows):
        y = place * 19.0
        words = f"{number}. {name}" if number else name
        share = 100 * milliseconds / total
        drawn += [
            element("text", title(words), shortened(words, 32), x=206, y=y + 13, class_="end"),
            element(
                "rect",
                title(f"{words}: {milliseconds:.4f} ms, {share:.1f} %"),
                x=214,
                y=y + 3,
                width=max(1.0, x(milliseconds) - 214),
                height=12,
                rx=2,
                class_="bar blue",
            ),
            element(
                "text",
                f"{milliseconds:.3f} ms  {share:.0f} %",
                x=max(215.0, x(milliseconds)) + 6,
                y=y + 13,
                class_="soft",
            ),
        ]
    label = f"Time of {len(times)} operators, {total:.3f} ms together"
    return drawing(_WIDTH, 19.0 * len(rows) + 4, *drawn, label=label, class_="chart")


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

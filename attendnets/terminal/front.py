"""Accuracy against size in characters: every network that was tried, and which of them nothing beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from attendnets.pipeline import CandidateTrained
from attendnets.requirements import format_value

BEST, OTHER = "◆", "○"
_LEAST_WIDTH, _LEAST_ROWS = 50, 7


@dataclass(frozen=True)
class Point:
    """A trained candidate, as far as it has come."""

    number: int
    top1_percent: float
    weights_bytes: int
    macs: int


def point(candidate: CandidateTrained) -> Point | None:
    """None where the training failed."""
    top1 = candidate.validation_top1_percent
    if top1 is None:
        return None
    return Point(candidate.number, top1, candidate.weights_bytes, candidate.macs)


def front(points: Sequence[Point]) -> list[Point]:
    """Those that no smaller network equals or beats, smallest first."""
    best: list[Point] = []
    for p in sorted(points, key=lambda p: (p.weights_bytes, -p.top1_percent, p.number)):
        if not best or p.top1_percent > best[-1].top1_percent:
            best.append(p)
    return best


def front_lines(points: Sequence[Point], width: int, rows: int) -> list[Text]:
    """At most ``rows`` lines of at most ``width`` characters; none where that is too little to say anything.

    A plot where there is room, else a list of the front.
    """
    if not points or rows < 2:
        return []
    roomy = width >= _LEAST_WIDTH and rows >= _LEAST_ROWS
    lines = _plot(points, width, rows) if roomy else _listed(points, rows)
    for line in lines:
        line.truncate(width)
    return lines


def _listed(points: Sequence[Point], rows: int) -> list[Text]:
    best = front(points)[::-1]
    return [
        Text("best for their size:"),
        *(
            Text(f"{p.top1_percent:5.1f} %  {format_value('weights', p.weights_bytes):>8}  no. {p.number}")
            for p in best[: rows - 1]
        ),
    ]


def _plot(points: Sequence[Point], width: int, rows: int) -> list[Text]:
    height, left = rows - 3, 9
    columns = width - left - 2
    low, high = _around([p.top1_percent for p in points], least=1.0, most=100.0)
    small, large = _around([float(p.weights_bytes) for p in points], least=100.0)
    best = front(points)
    cells: dict[tuple[int, int], str] = {}
    for p in sorted(points, key=lambda p: p in best):
        row = height - 1 - round((p.top1_percent - low) / (high - low) * (height - 1))
        column = round((p.weights_bytes - small) / (large - small) * (columns - 1))
        cells[row, column] = BEST if p in best else OTHER
    lines = [
        Text(f"validation accuracy by weights, {len(points)} tried; {BEST} best for its size", style="dim")
    ]
    for row in range(height):
        label = f"{high:.1f} %" if row == 0 else f"{low:.1f} %" if row == height - 1 else ""
        text = f"{label:>{left - 2}} │" + "".join(cells.get((row, c), " ") for c in range(columns))
        line = Text(text.rstrip())
        line.highlight_words([BEST], "bold green")
        lines.append(line)
    lines.append(Text(" " * (left - 1) + "└" + "─" * columns, style="dim"))
    first, last = format_value("weights", small), format_value("weights", large)
    lines.append(Text(" " * left + first + last.rjust(columns - len(first)), style="dim"))
    return lines


def _around(values: Sequence[float], least: float, most: float = float("inf")) -> tuple[float, float]:
    low, high = min(values), max(values)
    if high - low >= least:
        return low, high
    high = min(most, max(least, (low + high + least) / 2))
    return high - least, high

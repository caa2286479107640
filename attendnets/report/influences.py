"""Which decisions mattered in an exploration: what each is expected to gain, with its error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from attendnets.report.decision_words import decision_words, value_words
from attendnets.report.svg import Scale, drawing, element

if TYPE_CHECKING:
    from attendnets.exploration.record import Influence

_SHOWN = 10
_WIDTH, _HEIGHT = 420.0, 14.0


@dataclass(frozen=True)
class InfluenceRow:
    """One decision in words; ``undecided`` where its gain is below its error."""

    decision: str
    values: str
    gain: str
    undecided: bool
    bar: Markup


def influence_rows(influences: Sequence[Influence]) -> tuple[InfluenceRow, ...]:
    """At most ten of ``influences``, in their order, their bars on one scale."""
    shown = influences[:_SHOWN]
    ends = [0.0, *(i.gain + side * i.error for i in shown for side in (-1, 1))]
    x = Scale(min(ends), max(ends), 4, _WIDTH - 4)
    return tuple(_row(influence, x) for influence in shown)


def _row(influence: Influence, x: Scale) -> InfluenceRow:
    undecided = influence.gain < influence.error
    gain = f"{influence.gain:+.2f} ± {influence.error:.2f}"
    return InfluenceRow(
        decision=decision_words(influence.decision),
        values=f"{value_words(influence.best)} over {value_words(influence.worst)}",
        gain=gain,
        undecided=undecided,
        bar=_bar(influence, x, "slate" if undecided else "blue", gain),
    )


def _bar(influence: Influence, x: Scale, colour: str, words: str) -> Markup:
    middle = _HEIGHT / 2
    start, end = sorted((x(0), x(influence.gain)))
    low, high = x(influence.gain - influence.error), x(influence.gain + influence.error)
    whisker = f"M{low:.1f} {middle}H{high:.1f}M{low:.1f} 3v8M{high:.1f} 3v8"
    return drawing(
        _WIDTH,
        _HEIGHT,
        element(
            "rect", x=start, y=2, width=max(1.0, end - start), height=_HEIGHT - 4, class_=f"gain {colour}"
        ),
        element("path", d=whisker, class_="error"),
        element("path", d=f"M{x(0):.1f} 0V{_HEIGHT:g}", class_="axis"),
        label=words,
        class_="influence",
    )

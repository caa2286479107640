"""Inline SVG and the axes of charts: marked-up text in which everything that is not markup is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

Attribute = str | int | float | None


def element(name: str, *children: str, **attributes: Attribute) -> Markup:
    """``<name ...>children</name>``; children and values that are not Markup are escaped.

    ``class_`` is written class, other underscores become hyphens, and None leaves an attribute out.
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _number_or_text(value))
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, join(children))


def join(parts: Iterable[str]) -> Markup:
    """The parts one after the other, escaped where they are not Markup."""
    return Markup("").join(parts)


def drawing(
    width: float, height: float, *parts: str, label: str, class_: str = "", interactive: bool = False
) -> Markup:
    """An ``<svg>`` of that many units; ``label`` says to those who cannot see it what it shows.

    An ``interactive`` drawing keeps its parts reachable; any other is one image to a screen reader.
    """
    return element(
        "svg",
        *parts,
        class_=class_ or None,
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        role="group" if interactive else "img",
        aria_label=label,
    )


def title(text: str) -> Markup:
    """What a pointer, or a screen reader, is told about the element that this is the first child of."""
    return element("title", text)


def shortened(text: str, characters: int) -> str:
    """``text``, cut in its middle where it is too long for a label."""
    if len(text) <= characters:
        return text
    kept = characters - 1
    return f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"


@dataclass(frozen=True)
class Scale:
    """Values ``low``..``high`` onto ``start``..``end`` of the drawing, evenly or by their logarithm."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Position of ``value``; values beyond the ends lie beyond the ends."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        if high == low:
            return (self.start + self.end) / 2
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self, count: int = 5) -> list[float]:
        """Round values within the ends: about ``count``, but at least two on a logarithmic scale if any."""
        return _logarithmic_ticks(self.low, self.high, count) if self.logarithmic else self._even(count)

    def _even(self, count: int) -> list[float]:
        step = _round_step((self.high - self.low) / max(1, count))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [index * step for index in range(first, last + 1)]


def around(
    values: Iterable[float],
    start: float,
    end: float,
    *,
    least: float,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> Scale:
    """An even scale from a round value below all ``values`` to one above, inside ``within``.

    It spans at least ``least``, so that small differences do not look large.
    """
    numbers = list(values)
    low, high = min(numbers), max(numbers)
    missing = max(0.0, least - (high - low))
    low, high = low - missing / 2, high + missing / 2
    step = _round_step((high - low) / 4)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return Scale(max(low, within[0]), min(high, within[1]), start, end)


def around_logarithmic(values: Iterable[float], start: float, end: float) -> Scale:
    """A logarithmic scale with a little room on both sides of positive ``values``."""
    numbers = list(values)
    room = max((max(numbers) / min(numbers)) ** 0.06, 1.08)
    return Scale(min(numbers) / room, max(numbers) * room, start, end, logarithmic=True)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(max(least, 1e-12)))
    return next((power * factor for factor in (1, 2, 5) if power * factor >= least * 0.999), power * 10)


def _logarithmic_ticks(low: float, high: float, count: int) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5, 7), tuple(i / 2 for i in range(2, 20))):
        ticks = [f * 10.0**p for p in powers for f in factors if low <= f * 10.0**p <= high]
        if len(ticks) >= min(3, count):
            return ticks[:: max(1, math.ceil(len(ticks) / (2 * count)))]
    return Scale(low, high, 0, 1).ticks(4)


def _number_or_text(value: str | float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

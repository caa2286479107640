"""What was taken for what: the confusion matrix as a heat map, and its largest mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from attendnets.report.svg import drawing, element, shortened, title
from attendnets.report.words import percent

#: With more classes the cells hold no numbers and the chart keeps its size on narrow screens.
NUMBERED = 16
_NAMED = 100
_SIDE = 360.0
#: Depths at which white text on a cell turns black on dark paper, and black text white on light paper:
#: there, and with the colours of palette.css, both have the contrast that is asked for (4.5).
_TURNS = {"right": (0.645, 0.905), "wrong": (0.625, 0.88)}


@dataclass(frozen=True)
class Mixing:
    """``images`` of class ``label`` were taken for ``predicted``; ``of`` images have that label."""

    label: str
    predicted: str
    images: int
    of: int


def confusion_chart(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> Markup:
    """Rows are labels, columns are answers; shades grow with the share of the row, numbers are images."""
    count = len(classes)
    cell = max(13.0, min(76.0, _SIDE / count))
    characters = max((len(name) for name in classes), default=0)
    letters = min(characters, 18)
    font = 12.0 if count <= NUMBERED else 10.0
    left = 26 + letters * font * 0.56 if count <= _NAMED else 26.0
    turned = count > 3 or characters * font * 0.56 > cell
    top = 24 + (letters * font * 0.42 + 8 if turned else 16) if count <= _NAMED else 24.0
    edge = count * cell
    drawn = [
        element("rect", x=left, y=top, width=edge - 1, height=edge - 1, rx=3, class_="ground"),
        element("text", "answer →", x=left, y=12, class_="name"),
        element("text", "label ↓", x=left - 8, y=top - 6, class_="end name"),
    ]
    for row, name in enumerate(classes):
        images = sum(confusion[row])
        y = top + row * cell
        if count <= _NAMED:
            drawn += _names(shortened(name, 18), left, top, row, cell, font, turned)
        for column, other in enumerate(classes):
            drawn += _cell(
                confusion[row][column], images, (name, other), left + column * cell, y, cell, row == column
            )
    width = left + count * cell + (letters * font * 0.42 if turned and count <= _NAMED else 4)
    kind = "confusion" if count <= NUMBERED else "confusion wide"
    label = f"Confusion matrix of {sum(map(sum, confusion))} images in {count} classes"
    return drawing(width, top + count * cell + 2, *drawn, label=label, class_=kind)


def largest_mixings(
    confusion: Sequence[Sequence[int]], classes: Sequence[str], limit: int = 8
) -> tuple[Mixing, ...]:
    """The pairs of label and wrong answer with the most images, most first."""
    pairs = [
        Mixing(classes[row], classes[column], images, sum(counts))
        for row, counts in enumerate(confusion)
        for column, images in enumerate(counts)
        if images and row != column
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.images, pair.label, pair.predicted))[:limit])


def _names(
    name: str, left: float, top: float, row: int, cell: float, font: float, turned: bool
) -> list[Markup]:
    middle = row * cell + cell / 2
    x, y = left + middle, top - 6
    above = (
        element("text", name, transform=f"translate({x + 3:.1f} {y:.1f}) rotate(-45)", font_size=font)
        if turned
        else element("text", name, x=x, y=y, font_size=font, class_="middle")
    )
    beside = element("text", name, x=left - 8, y=top + middle + font * 0.35, font_size=font, class_="end")
    return [above, beside]


def _cell(
    images: int, of: int, names: tuple[str, str], x: float, y: float, size: float, right: bool
) -> list[Markup]:
    if not images:
        return []
    share = images / of
    # Rare mistakes are the point of this drawing: they are to be seen beside the many right answers.
    depth = share**0.6
    words = f"{names[0]} taken for {names[1]}: {images} of {of} images ({percent(100 * share)})"
    drawn = [
        element(
            "rect",
            title(words),
            x=x,
            y=y,
            width=size - 1,
            height=size - 1,
            rx=min(3, size / 8),
            class_="right" if right else "wrong",
            fill_opacity=round(depth, 3),
        ),
    ]
    if size >= _SIDE / NUMBERED:
        middle_depth, deep = _TURNS["right" if right else "wrong"]
        on = "on-deep" if depth > deep else "on-middle" if depth > middle_depth else "on-pale"
        middle = x + size / 2 - 0.5
        font = 14 if size > 40 else 10.5
        height = y + size / 2 + (0 if size > 60 else font * 0.35)
        drawn.append(element("text", str(images), x=middle, y=height, font_size=font, class_=f"middle {on}"))
        if size > 60:
            below = percent(100 * share)
            drawn.append(element("text", below, x=middle, y=height + 16, font_size=11, class_=f"middle {on}"))
    return drawn

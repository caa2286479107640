"""Everything that was explored, accuracy against cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from markupsafe import Markup

from attendnets.report.axes import BOTTOM, LEFT, RIGHT, TOP, chart, frame, horizontal, polyline, vertical
from attendnets.report.svg import Scale, around, around_logarithmic, element, join, title
from attendnets.report.words import percent
from attendnets.requirements import format_value

if TYPE_CHECKING:
    from attendnets.exploration.record import Candidate, StudyRecord

_NAMES = {"weights": "weights at 8 bits", "macs": "MACs for one image", "parameters": "parameters"}
#: Radius of a candidate's dot by how far its short training went.
_RADII = (3.2, 4.6, 6.0)


def front_chart(study: StudyRecord, quantity: str, bounds: Mapping[str, float]) -> Markup:
    """Validation accuracy over ``quantity`` (a key of the candidates' figures), one dot a candidate.

    ``bounds``: quantity to the bound that was required. The line is the best accuracy seen up to a cost;
    dots link to the candidates' cards, which the page's script shows beside them; failed trainings are
    crosses on the axis.
    """
    trained = [c for c in study.candidates if c.validation_top1_percent is not None]
    costs = [c.figures[quantity] for c in study.candidates]
    bound = bounds.get(quantity)
    x = around_logarithmic([*costs, *([bound] if bound else [])], LEFT, RIGHT)
    accuracies = [c.validation_top1_percent or 0.0 for c in trained] or [0.0, 100.0]
    # A required accuracy far above all that was seen would press the dots together: it is left out.
    top1 = bounds.get("top1")
    spread = max(accuracies) - min(accuracies)
    near = top1 is not None and top1 <= max(accuracies) + max(5.0, spread)
    y = around([*accuracies, *([top1] if top1 and near else [])], BOTTOM, TOP, least=5, within=(0, 100))
    front = _front(trained, quantity)
    parts = [
        frame(
            x,
            y,
            x_name=f"{_NAMES.get(quantity, quantity)}, logarithmic",
            y_name="top-1 on validation, %",
            x_text=lambda value: _short(quantity, value),
        )
    ]
    if bound:
        parts.append(vertical(x(bound), f"required ≤ {_short(quantity, bound)}"))
    if top1 and near:
        parts.append(horizontal(y(top1), f"required ≥ {top1:g}\u00a0% (on test)"))
    if front:
        steps = [(x(c.figures[quantity]), y(c.validation_top1_percent or 0.0)) for c in front]
        parts.append(polyline(_stairs(steps), "front"))
    reachable = {c.number for c in front} | {c.number for c in study.candidates if c.digest == study.chosen}
    ordered = sorted(study.candidates, key=lambda c: (c.digest == study.chosen, c.number in reachable))
    parts += [_dot(c, study, x(c.figures[quantity]), y, c.number in reachable) for c in ordered]
    label = f"{len(trained)} trained candidates, validation accuracy over {_NAMES.get(quantity, quantity)}"
    return chart(*parts, label=label, interactive=True)


def explain(candidate: Candidate) -> str:
    """A candidate in one line."""
    figures = ", ".join(
        f"{format_value(name, candidate.figures[name])} {'MACs' if name == 'macs' else name}"
        for name in ("weights", "macs", "arena")
        if name in candidate.figures
    )
    if candidate.validation_top1_percent is None:
        return f"Network {candidate.number}: {candidate.state}; {figures}"
    return (
        f"Network {candidate.number}: {percent(candidate.validation_top1_percent)} on validation after "
        f"{candidate.epochs} epochs; {figures}"
    )


def _front(trained: Iterable[Candidate], quantity: str) -> list[Candidate]:
    """Those that no other beats at the same cost or less, by cost."""
    best = -1.0
    front = []
    for candidate in sorted(
        trained, key=lambda c: (c.figures[quantity], -(c.validation_top1_percent or 0.0))
    ):
        if (candidate.validation_top1_percent or 0.0) > best:
            best = candidate.validation_top1_percent or 0.0
            front.append(candidate)
    return front


def _stairs(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    stairs = points[:1]
    for x, y in points[1:]:
        stairs += [(x, stairs[-1][1]), (x, y)]
    return [*stairs, (RIGHT, stairs[-1][1])]


def _dot(candidate: Candidate, study: StudyRecord, x: float, y: Scale, reachable: bool) -> Markup:
    chosen = candidate.digest == study.chosen
    described = explain(candidate) + (" (chosen)" if chosen else "")
    words = title(described)
    if candidate.validation_top1_percent is None:
        path = f"M{x - 4:.1f} {BOTTOM - 9}l8 8m-8 0l8 -8"
        sign = element("path", words, d=path, class_="failed sign")
    else:
        height = y(candidate.validation_top1_percent)
        radius = _RADII[min(max(candidate.rung, 0), len(_RADII) - 1)]
        kind = "within" if candidate.violation == 0 else "beyond"
        sign = element("circle", words, cx=x, cy=height, r=radius, class_=f"dot sign {kind}")
        if chosen:
            anchor, shift = ("end", -13) if x > RIGHT - 70 else ("start", 13)
            ring = element("circle", cx=x, cy=height, r=10, class_="ring")
            name = element("text", "chosen", x=x + shift, y=height + 4, class_=f"{anchor} chosen")
            sign = join((ring, sign, name))
    # Hundreds of stops would bar the way of a keyboard: it visits the front; the table has them all.
    stop = None if reachable else -1
    return element(
        "a",
        sign,
        href=f"#network-{candidate.number}",
        data_number=candidate.number,
        tabindex=stop,
        aria_label=described,
    )


def _short(quantity: str, value: float) -> str:
    """A tick: "50 KB", "1.5 M"."""
    unit = "B" if quantity in ("weights", "arena", "activations", "file") else ""
    for letter, size in (("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if value >= size:
            return f"{value / size:g} {letter}{unit}"
    return f"{value:g} {unit}".rstrip()

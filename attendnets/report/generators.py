"""The successive generators of an exploration, and what was known when each network was proposed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from attendnets.report.axes import BOTTOM, LEFT, RIGHT, TOP, chart, frame, polyline
from attendnets.report.decision_words import decision_words, value_words
from attendnets.report.svg import Scale, around, element

if TYPE_CHECKING:
    from attendnets.exploration.record import Candidate, GeneratorRecord, StudyRecord

_MOMENTS = 12
_FIRST_SHOWN = 12


@dataclass(frozen=True)
class ValueChance:
    """One value of a decision and its chance in percent; ``most`` where no other has a larger one."""

    value: str
    percent: int
    most: bool


@dataclass(frozen=True)
class DecisionChances:
    """A decision in words, its values' chances at the last moment, and those in percent at each moment."""

    decision: str
    values: tuple[ValueChance, ...]
    percents: tuple[tuple[int, ...], ...]

    @property
    def likeliest(self) -> ValueChance:
        """The first of the values with the largest chance."""
        return next(value for value in self.values if value.most)


@dataclass(frozen=True)
class Step:
    """What was known when network ``number`` was proposed.

    ``best`` is the best accuracy up to it and ``best_number`` the network that has it. ``entropy`` is the
    newest generator's, ``moment`` the place of the newest whose chances the page holds, ``x`` where the
    network stands in the chart of the entropy. All but number and x are None as long as there is none.
    """

    number: int
    best_number: int | None
    best: float | None
    entropy: float | None
    moment: int | None
    x: float

    def row(self) -> tuple[float | None, ...]:
        """For the page's script, in the order of the fields."""
        best = None if self.best is None else round(self.best, 1)
        return (self.number, self.best_number, best, self.entropy, self.moment, round(self.x, 1))


@dataclass(frozen=True)
class Generators:
    """An exploration's generators. ``moments`` are the numbers of the networks whose chances are told.

    ``settled`` are the decisions that the last generator is surest of, ``others`` the rest.
    """

    chart: Markup
    steps: tuple[Step, ...]
    moments: tuple[int, ...]
    settled: tuple[DecisionChances, ...]
    others: tuple[DecisionChances, ...]

    @property
    def rows(self) -> tuple[tuple[float | None, ...], ...]:
        """The steps as the page's script reads them."""
        return tuple(step.row() for step in self.steps)


def generators(study: StudyRecord) -> Generators | None:
    """What ``study`` tells of its generators; None where it has none."""
    candidates = sorted(study.candidates, key=lambda candidate: candidate.number)
    told = [(c.number, c.generator) for c in candidates if c.generator is not None]
    if not told:
        return None
    moments = _spread(told)
    x = Scale(candidates[0].number, candidates[-1].number, LEFT + 8, RIGHT - 8)
    steps = tuple(_steps(candidates, [number for number, _ in moments], x))
    decisions = [
        (_certainty(moments[-1][1].chances[name]), _chances(name, values, moments))
        for name, values in study.choices.items()
        if len(values) > 1
    ]
    decisions.sort(key=lambda pair: -pair[0])
    ordered = tuple(decision for _, decision in decisions)
    return Generators(
        chart=_chart(told, x),
        steps=steps,
        moments=tuple(number for number, _ in moments),
        settled=ordered[:_FIRST_SHOWN],
        others=ordered[_FIRST_SHOWN:],
    )


def _spread(told: Sequence[tuple[int, GeneratorRecord]]) -> list[tuple[int, GeneratorRecord]]:
    """At most twelve of them, evenly, with the first and the last."""
    if len(told) <= _MOMENTS:
        return list(told)
    return [told[round(i * (len(told) - 1) / (_MOMENTS - 1))] for i in range(_MOMENTS)]


def _steps(candidates: Iterable[Candidate], moments: Sequence[int], x: Scale) -> Iterable[Step]:
    best: Candidate | None = None
    entropy: float | None = None
    for candidate in candidates:
        top1 = candidate.validation_top1_percent
        if top1 is not None and (best is None or top1 > (best.validation_top1_percent or 0.0)):
            best = candidate
        if candidate.generator is not None:
            entropy = candidate.generator.entropy
        passed = sum(number <= candidate.number for number in moments)
        yield Step(
            number=candidate.number,
            best_number=best.number if best else None,
            best=best.validation_top1_percent if best else None,
            entropy=entropy,
            moment=passed - 1 if passed else None,
            x=x(candidate.number),
        )


def _chances(
    name: str, values: Sequence[float | str], moments: Sequence[tuple[int, GeneratorRecord]]
) -> DecisionChances:
    percents = tuple(
        tuple(round(100 * chance) for chance in generator.chances[name]) for _, generator in moments
    )
    last = percents[-1]
    shown = (
        ValueChance(value_words(value), percent, place == last.index(max(last)))
        for place, (value, percent) in enumerate(zip(values, last, strict=True))
    )
    return DecisionChances(decision_words(name), tuple(shown), percents)


def _certainty(chances: Sequence[float]) -> float:
    """0 where all values are as likely, 1 where one is certain."""
    bits = -sum(chance * math.log(chance) for chance in chances if chance > 0)
    return 1 - bits / math.log(len(chances))


def _chart(told: Sequence[tuple[int, GeneratorRecord]], x: Scale) -> Markup:
    y = around([generator.entropy for _, generator in told], BOTTOM, TOP, least=0.05, within=(0, 1))
    points = [(x(number), y(generator.entropy)) for number, generator in told]
    first, last = told[0][1].entropy, told[-1][1].entropy
    return chart(
        frame(
            x, y, x_name="network", y_name="entropy of the generator", x_text=_whole, y_text="{:.2f}".format
        ),
        element("path", d=f"M0 {TOP}V{BOTTOM}", class_="now", transform=f"translate({x(x.high):.1f})"),
        polyline(points, "blue"),
        element("circle", cx=points[-1][0], cy=points[-1][1], r=3.5, class_="mark blue"),
        label=f"Entropy of {len(told)} successive generators, from {first:.3f} to {last:.3f}",
    )


def _whole(value: float) -> str:
    return f"{value:g}" if float(value).is_integer() else ""

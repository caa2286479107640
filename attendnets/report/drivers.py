"""Which decisions drive the requirements that costs tell, and which of these pressed on the generator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from attendnets.networks.constraints import is_constraint
from attendnets.report.decision_words import decision_words, value_words
from attendnets.report.svg import Scale, drawing, element

if TYPE_CHECKING:
    from attendnets.exploration.record import Driver, StudyRecord

_SHOWN = 4
_WIDTH, _HEIGHT, _EDGE = 420.0, 14.0, 4.0
_WORDS = {"macs": "MACs", "time": "time to train"}


@dataclass(frozen=True)
class DriverRow:
    """One decision in words; ``factor`` such as "× 4.1", empty for constraints."""

    decision: str
    values: str
    factor: str
    bar: Markup


@dataclass(frozen=True)
class DrivenRequirement:
    """A requirement or constraint with the decisions that drive it most.

    ``pressure``: its multiplier for the last generator; 0 where it did not bind, None where it is unknown.
    """

    name: str
    pressure: float | None
    rows: tuple[DriverRow, ...]


def driven_requirements(study: StudyRecord) -> tuple[DrivenRequirement, ...]:
    """In the order of the record, at most four decisions each, their bars on one scale."""
    of_each: dict[str, list[Driver]] = {}
    for driver in study.drivers:
        of_each.setdefault(driver.requirement, []).append(driver)
    shown = {name: drivers[:_SHOWN] for name, drivers in of_each.items()}
    longest = max((driver.excess for drivers in shown.values() for driver in drivers), default=1.0)
    x = Scale(0.0, longest, _EDGE, _WIDTH - _EDGE)
    return tuple(
        DrivenRequirement(
            _WORDS.get(name, name.replace("_", " ")), study.pressures.get(name), _rows(drivers, x, name)
        )
        for name, drivers in shown.items()
    )


def _rows(drivers: Sequence[Driver], x: Scale, requirement: str) -> tuple[DriverRow, ...]:
    return tuple(
        DriverRow(
            decision_words(driver.decision),
            f"{value_words(driver.most)} over {value_words(driver.least)}",
            "" if is_constraint(requirement) else f"× {math.exp(driver.excess):.1f}",
            _bar(driver, x),
        )
        for driver in drivers
    )


def _bar(driver: Driver, x: Scale) -> Markup:
    return drawing(
        _WIDTH,
        _HEIGHT,
        element(
            "rect",
            x=x(0.0),
            y=2,
            width=max(1.0, x(driver.excess) - x(0.0)),
            height=_HEIGHT - 4,
            class_="gain blue",
        ),
        element("path", d=f"M{x(0.0):.1f} 0V{_HEIGHT:g}", class_="axis"),
        label=f"{driver.excess:.2f} in the logarithm",
        class_="influence",
    )

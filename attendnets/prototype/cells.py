"""What stands in one place of a prototype: a value, or several of which the machine chooses one.

``"?"`` leaves the values to us, ``{one_of: [16, 24, 32]}`` names them, ``8..64 step 8`` is a range.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from attendnets.errors import SpecError

Value: TypeAlias = bool | int | float | str

OPEN: Final = "?"
ONE_OF: Final = "one_of"
MOST_VALUES: Final = 32
_LONGEST: Final = 60
_NUMBER: Final = r"\d{1,9}(?:\.\d{1,9})?"
_RANGE: Final = re.compile(
    rf"\s*(?P<low>{_NUMBER})\s*\.\.\s*(?P<high>{_NUMBER})(?:\s+step\s+(?P<step>{_NUMBER}))?\s*"
)


@dataclass(frozen=True)
class Place:
    """Where something stands in a prototype: ``source`` is its file, ``path`` such as "stem.width"."""

    source: str
    path: str = ""

    def at(self, key: str | int) -> Place:
        """A place within."""
        return Place(self.source, f"{self.path}.{key}" if self.path else str(key))

    def wrong(self, what: str) -> SpecError:
        """The error to raise, naming file and field."""
        return SpecError(f"{self.source}: {self.path}: {what}" if self.path else f"{self.source}: {what}")


@dataclass(frozen=True)
class Open:
    """A cell that the machine fills: ``decision`` is its name, ``values`` are sorted, the cheapest first.

    ``is_share``: the values are shares of another width. No ``values``: the sizes of the images.
    """

    decision: str
    values: tuple[Value, ...]
    is_share: bool = False


Cell: TypeAlias = Value | Open


def shown(value: object) -> str:
    """``value`` as a message shows it: a file may hold a long one."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def named_values(cell: object, place: Place, step: int) -> tuple[object, ...] | None:
    """The values that ``cell`` names, or None where it is a value itself. ``step``: a range's own.

    Raises SpecError for a choice or a range that is malformed.
    """
    if isinstance(cell, list):
        raise place.wrong(f"a list is no cell; a choice is written {{{ONE_OF}: {shown(cell)}}}.")
    if isinstance(cell, dict):
        return _choice(cell, place)
    if isinstance(cell, str) and ".." in cell:
        return _range(cell, place, step)
    return None


def _choice(cell: dict[str, object], place: Place) -> tuple[object, ...]:
    values = cell.get(ONE_OF)
    if len(cell) != 1 or not isinstance(values, list) or not values:
        raise place.wrong(
            f"{shown(cell)} cannot stand here; a choice of one or more is {{{ONE_OF}: [16, 24, 32]}}."
        )
    if len(values) > MOST_VALUES:
        raise place.wrong(f"{ONE_OF} has {len(values)} values; name at most {MOST_VALUES}.")
    return tuple(values)


def _range(cell: str, place: Place, step: int) -> tuple[object, ...]:
    found = _RANGE.fullmatch(cell)
    if found is None:
        raise place.wrong(f"{shown(cell)} is no range; write, for example, 8..64 step 8.")
    low, high, width = Decimal(found["low"]), Decimal(found["high"]), Decimal(found["step"] or step)
    if high < low:
        raise place.wrong(f"{cell!r} runs backwards; write {found['high']}..{found['low']}.")
    if width == 0:
        raise place.wrong(f"{cell!r} has a step of 0; give one above 0.")
    count = int((high - low) / width) + 1
    if count > MOST_VALUES:
        raise place.wrong(
            f"{cell!r} has {count} values, at most {MOST_VALUES} are taken; give a larger step."
        )
    numbers = [low + number * width for number in range(count)]
    whole = all(number == number.to_integral_value() for number in numbers)
    return tuple(int(number) if whole else float(number) for number in numbers)

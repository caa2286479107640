"""What a network must do: "weights<=100KB" parsed, and how far a figure is from it.

A requirement bounds one quantity from the side that can hurt: costs from above, accuracy from below.
Bounds and figures are in base units: bytes, counts, percent, milliseconds. KB is 1000 bytes, KiB 1024.
``<`` and ``>`` are read as ``<=`` and ``>=``. "macs<=0.5x" is relative to a network: see :func:`absolute`.

>>> requirements = Requirements.parse(["top1>=75", "weights<=100KB"])
>>> requirements.judge({"top1": 82.5, "weights": 97_600}).met
True
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias

from attendnets.errors import UsageError

Comparison: TypeAlias = Literal["<=", ">="]
Dimension: TypeAlias = Literal["bytes", "count", "percent", "time"]
Price: TypeAlias = Literal["counted", "predicted", "trained", "measured"]

PRICES: tuple[Price, ...] = ("counted", "predicted", "trained", "measured")
"""How dearly a first figure is got, cheapest first: exactly from the spec, by a model of the runtime or file
format, by training, by running the exported file. The verdict is about measured figures in any case."""

# The first unit is the base unit; it is what a bare number means, except for times.
_UNITS: dict[Dimension, dict[str, float]] = {
    "bytes": {"B": 1, "KB": 1000, "KiB": 1024, "MB": 1000**2, "MiB": 1024**2},
    "count": {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3},
    "percent": {"%": 1},
    "time": {"ms": 1, "us": 0.001, "s": 1000},
}
_NUMBER_AND_UNIT = re.compile(
    r"(?P<number>[+-]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf(?:inity)?))"
    r"\s*(?P<unit>[A-Za-zµ%]*)",
    re.IGNORECASE,
)
_PARTS = re.compile(r"\s*(?P<name>[^<>=]*?)\s*(?P<comparison><=|>=|==|=<|=>|<|>|=)\s*(?P<bound>.*?)\s*")
_RATIO = re.compile(r"(?P<ratio>\d+(?:\.\d*)?|\.\d+)\s*x", re.IGNORECASE)
_COMPARISONS: dict[str, Comparison] = {"<=": "<=", "<": "<=", "=<": "<=", ">=": ">=", ">": ">=", "=>": ">="}


@dataclass(frozen=True)
class Quantity:
    """Something that a requirement can bound. ``comparison`` is the only direction that bounds anything."""

    name: str
    description: str
    dimension: Dimension
    price: Price
    comparison: Comparison


QUANTITIES: dict[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        Quantity("top1", "accuracy of the exported file", "percent", "trained", ">="),
        Quantity("bits", "bits of a weight in the exported file", "count", "counted", "<="),
        Quantity("parameters", "learned numbers", "count", "counted", "<="),
        Quantity("macs", "multiply-accumulates for one image", "count", "counted", "<="),
        Quantity("weights", "bytes of constants at 8 bits", "bytes", "counted", "<="),
        Quantity("activations", "peak bytes of live activations", "bytes", "counted", "<="),
        Quantity("arena", "bytes of working memory under tflite-micro", "bytes", "predicted", "<="),
        Quantity("file", "bytes of the exported file", "bytes", "predicted", "<="),
        Quantity("latency", "median time for one image", "time", "measured", "<="),
    )
}

_ALIASES = {"params": "parameters", "top-1": "top1"}
# What people call these quantities elsewhere: suggested, not taken, for they may mean something else.
_MEANT = {
    "accuracy": "top1",
    "acc": "top1",
    "flash": "weights",
    "flops": "macs",
    "memory": "arena",
    "precision": "bits",
    "ram": "arena",
    "size": "file",
    "sram": "arena",
    "time": "latency",
}


@dataclass(frozen=True)
class Requirement:
    """One bound, in base units. ``text`` is what the user wrote; it takes no part in equality."""

    quantity: str
    comparison: Comparison
    bound: float
    text: str = field(compare=False, default="")

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read "weights<=100KB", "top1>=75%", "arena < 256 KiB".

        Raises UsageError that says what is wrong with it and what to write.
        """
        parts = _PARTS.fullmatch(text.replace("≤", "<=").replace("≥", ">="))
        if parts is None:
            raise _no_comparison(text)
        quantity = _quantity(parts["name"], text)
        comparison = _COMPARISONS.get(parts["comparison"])
        instead = f"Write {quantity.name}{quantity.comparison}{parts['bound']}."
        if comparison is None:
            raise UsageError(f"Requirement {text!r}: {parts['comparison']!r} is no bound. {instead}")
        if comparison != quantity.comparison:
            side = "an upper" if comparison == "<=" else "a lower"
            raise UsageError(
                f"Requirement {text!r}: {side} bound on {quantity.name} ({quantity.description}) "
                f"would exclude only better networks. {instead}"
            )
        return cls(quantity.name, comparison, _bound(parts["bound"], quantity, text), text.strip())

    def __str__(self) -> str:
        """The shortest exact text that parses to this requirement."""
        return f"{self.quantity}{self.comparison}{_exact(QUANTITIES[self.quantity], self.bound)}"

    def violation(self, value: float) -> float:
        """0 when ``value`` (base unit) meets the bound, else its distance from it relative to the bound.

        A figure that is not a number meets nothing: its violation is infinite.
        """
        if math.isnan(value):
            return math.inf
        excess = value - self.bound if self.comparison == "<=" else self.bound - value
        return max(0.0, excess / self.bound)

    def relaxed_to(self, value: float) -> Requirement:
        """The tightest bound of three digits that ``value`` (base unit, above 0) meets."""
        step = 10.0 ** (math.floor(math.log10(value)) - 2)
        steps = math.ceil(value / step) if self.comparison == "<=" else math.floor(value / step)
        return Requirement(self.quantity, self.comparison, float(f"{steps * step:.3g}"))


@dataclass(frozen=True)
class Judgement:
    """One requirement beside its measurement; ``bound`` and ``measured`` are in base units.

    ``violation`` is 0 when met, else relative to the bound; ``detail`` is how the figure was got, in words.
    """

    requirement: str
    quantity: str
    bound: float
    measured: float
    violation: float
    met: bool
    detail: str


@dataclass(frozen=True)
class Verdict:
    """Every requirement beside its measurement; ``met`` when each of them is."""

    rows: tuple[Judgement, ...]
    met: bool

    @property
    def shortfalls(self) -> tuple[Judgement, ...]:
        """The requirements that are not met."""
        return tuple(row for row in self.rows if not row.met)


@dataclass(frozen=True)
class Requirements:
    """All requirements of a job, at most one a quantity, in the order given."""

    items: tuple[Requirement, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Requirements:
        """One requirement a text.

        Raises UsageError for the first one that cannot be read, or that bounds a quantity a second time.
        """
        items: dict[str, Requirement] = {}
        for text in texts:
            requirement = Requirement.parse(text)
            earlier = items.setdefault(requirement.quantity, requirement)
            if earlier is not requirement:
                raise UsageError(
                    f"Requirements {earlier.text!r} and {requirement.text!r} both bound "
                    f"{requirement.quantity}. Keep one of them."
                )
        return cls(tuple(items.values()))

    def of_price(self, *prices: Price) -> Requirements:
        """Those whose quantity has one of ``prices``."""
        return Requirements(tuple(item for item in self.items if QUANTITIES[item.quantity].price in prices))

    def violation(self, figures: Mapping[str, float]) -> float:
        """Sum of the violations; 0 when all are met. ``figures``: quantity to value in base units.

        Raises UsageError when a required quantity has no figure.
        """
        return sum((item.violation(_figure(figures, item)) for item in self.items), 0.0)

    def judge(self, figures: Mapping[str, float], details: Mapping[str, str] | None = None) -> Verdict:
        """Each requirement beside its figure. ``details``: quantity to how its figure was got.

        Raises UsageError when a required quantity has no figure.
        """
        rows = tuple(_judgement(item, _figure(figures, item), details or {}) for item in self.items)
        return Verdict(rows, all(row.met for row in rows))


def is_relative(text: str) -> bool:
    """Whether a requirement's bound is a share of another network's figure, as in "macs<=0.5x"."""
    parts = _PARTS.fullmatch(text.replace("≤", "<="))
    return parts is not None and _RATIO.fullmatch(parts["bound"]) is not None


def absolute(texts: Iterable[str], figures: Mapping[str, float]) -> tuple[str, ...]:
    """``texts`` with relative bounds as plain ones: so many times the figure (base units) of that quantity.

    Bounds are rounded down to whole bytes and counts; texts that are not relative stay as they are. Raises
    UsageError for a quantity that has no figure.
    """
    return tuple(_absolute(text, figures) if is_relative(text) else text for text in texts)


def format_value(quantity: str, value: float) -> str:
    """A figure for people: "82.6 %", "97.6 KB", "8.41 M", "1.84 ms".

    Raises UsageError when ``quantity`` is not one of QUANTITIES.
    """
    dimension = _quantity(quantity, quantity).dimension
    if dimension == "percent":
        return f"{value:.1f} %"
    if dimension == "time":
        return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.2f} ms"
    if dimension == "bytes":
        if value < 1000:
            return f"{value:.0f} B"
        return f"{value / 1000:.1f} KB" if value < 10_000_000 else f"{value / 1_000_000:.2f} MB"
    for unit, size in (("G", 1000**3), ("M", 1000**2), ("K", 1000)):
        if value >= size:
            return f"{value / size:.2f} {unit}"
    return f"{value:.0f}"


def _quantity(name: str, text: str) -> Quantity:
    lowered = name.lower()
    found = QUANTITIES.get(_ALIASES.get(lowered, lowered))
    if found is not None:
        return found
    close = difflib.get_close_matches(lowered, [*QUANTITIES, *_ALIASES], n=1)
    meant = _MEANT.get(lowered) or (_ALIASES.get(close[0], close[0]) if close else None)
    hint = f"Did you mean {meant!r}? " if meant else ""
    raise UsageError(
        f"Requirement {text!r}: there is no quantity {name!r}. {hint}Quantities: {', '.join(QUANTITIES)}."
    )


def _bound(given: str, quantity: Quantity, text: str) -> float:
    match = _NUMBER_AND_UNIT.fullmatch(given)
    if match is None:
        raise UsageError(
            f"Requirement {text!r}: {given!r} is not a number with a unit. "
            f"Write, for example, {_example(quantity)}."
        )
    bound = float(match["number"]) * _unit(match["unit"], given, quantity, text)
    if not math.isfinite(bound) or bound <= 0:
        raise UsageError(
            f"Requirement {text!r}: a bound is a number above 0. Write, for example, {_example(quantity)}."
        )
    if quantity.dimension == "percent" and bound > 100:
        raise UsageError(f"Requirement {text!r}: no accuracy is above 100 %; lower the bound.")
    if quantity.dimension == "percent" and bound <= 1 and not match["unit"]:
        raise UsageError(
            f"Requirement {text!r}: accuracy is in percent. "
            f"Write {quantity.name}>={bound * 100:g}, or {quantity.name}>={bound:g}% if that is meant."
        )
    return bound


def _absolute(text: str, figures: Mapping[str, float]) -> str:
    parts = _PARTS.fullmatch(text.replace("≤", "<="))
    ratio = None if parts is None else _RATIO.fullmatch(parts["bound"])
    assert parts is not None and ratio is not None
    quantity = _quantity(parts["name"], text)
    if quantity.name not in figures:
        raise UsageError(
            f"Requirement {text!r}: {quantity.name} is not known of the network that is shrunk before it is "
            f"trained and exported. Write, for example, {_example(quantity)}."
        )
    bound = math.floor(Fraction(ratio["ratio"]) * Fraction(figures[quantity.name]))
    return f"{quantity.name}{parts['comparison']}{bound}"


def _unit(unit: str, given: str, quantity: Quantity, text: str) -> float:
    units = _UNITS[quantity.dimension]
    if not unit and quantity.dimension != "time":
        return next(iter(units.values()))
    folded = {name.lower(): size for name, size in units.items()}
    size = folded.get(unit.lower().replace("µ", "u"))
    if size is None and unit.lower() == "x":
        raise UsageError(
            f"Requirement {text!r}: {given} is relative to a network that is shrunk. Name it with --shrink, "
            f"or write, for example, {_example(quantity)}."
        )
    if size is None:
        problem = f"{unit!r} is no unit of {quantity.name}" if unit else f"{given!r} has no unit"
        named = ", ".join(name for name in units if name)
        raise UsageError(
            f"Requirement {text!r}: {problem} (units: {named}). Write, for example, {_example(quantity)}."
        )
    return size


def _no_comparison(text: str) -> UsageError:
    name = text.strip().split(" ")[0]
    quantity = QUANTITIES.get(_ALIASES.get(name.lower(), name.lower()), QUANTITIES["weights"])
    return UsageError(
        f"Requirement {text!r} has no comparison. Write, for example, {_example(quantity)}, "
        "in quotes: a shell takes a bare < or > for a redirection."
    )


def _example(quantity: Quantity) -> str:
    examples = {"bytes": "100KB", "count": "10M", "percent": "75", "time": "5ms"}
    bound = "8" if quantity.name == "bits" else examples[quantity.dimension]
    return f'"{quantity.name}{quantity.comparison}{bound}"'


def _exact(quantity: Quantity, bound: float) -> str:
    texts = []
    for unit, size in _UNITS[quantity.dimension].items():
        number = f"{bound / size!r}".removesuffix(".0")
        if float(number) * size == bound:
            texts.append((bound < size, len(number + unit), number + unit))
    return min(texts)[2]


def _figure(figures: Mapping[str, float], requirement: Requirement) -> float:
    if requirement.quantity not in figures:
        raise UsageError(
            f"Requirement {str(requirement)!r} cannot be judged: no figure for {requirement.quantity}. "
            f"Figures given: {', '.join(figures) or 'none'}."
        )
    return figures[requirement.quantity]


def _judgement(requirement: Requirement, measured: float, details: Mapping[str, str]) -> Judgement:
    violation = requirement.violation(measured)
    return Judgement(
        requirement=str(requirement),
        quantity=requirement.quantity,
        bound=requirement.bound,
        measured=measured,
        violation=violation,
        met=violation == 0.0,
        detail=details.get(requirement.quantity, ""),
    )

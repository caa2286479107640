"""What the page tells of each network of the exploration: its parts, its figures, how to build it anew."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from attendnets.cost import Cost, CostRow, cost
from attendnets.report.drawing import COLOURS
from attendnets.report.svg import element
from attendnets.report.table import shape_text
from attendnets.report.words import counted, interval, percent
from attendnets.requirements import format_value
from attendnets.spec import NetworkSpec
from attendnets.statistics import wilson_interval

if TYPE_CHECKING:
    from attendnets.exploration.record import Candidate, StudyRecord

_BAR, _GAP, _STAGE_GAP = 9.0, 2.0, 9.0
_TALLEST, _SHORTEST = 28.0, 4.0
_FIGURES = ("weights", "macs", "arena", "parameters", "file", "activations")
_NAMES = {"macs": "MACs", "arena": "arena, predicted", "file": "file, predicted"}


@dataclass(frozen=True)
class Blocks:
    """``count`` equal blocks in a row; ``colour`` is their class in the drawings."""

    kind: str
    colour: str
    width: int
    count: int


@dataclass(frozen=True)
class Part:
    """The stem, a stage or the head: its blocks, and the grid ("32×32") or vector that it gives."""

    name: str
    grid: str
    blocks: tuple[Blocks, ...]


@dataclass(frozen=True)
class Card:
    """One candidate. ``accuracy`` is empty where its training failed, ``command`` where none is known."""

    number: int
    digest: str
    chosen: bool
    state: str
    accuracy: str
    accuracy_note: str
    figures: tuple[tuple[str, str], ...]
    input_shape: str
    depth: str
    silhouette: Markup
    parts: tuple[Part, ...]
    command: str


def cards(
    study: StudyRecord, candidates: Iterable[Candidate], rebuild: Mapping[str, str]
) -> tuple[Card, ...]:
    """A card for each of ``candidates``, in their order; ``rebuild``: digest to the command to build it."""
    priced = [(candidate, cost(candidate.spec)) for candidate in candidates]
    widest = max((row.out_shape.channels for _, price in priced for row in _blocks(price)), default=1)
    return tuple(_card(study, candidate, price, widest, rebuild) for candidate, price in priced)


def accuracy_words(candidate: Candidate, images: int) -> tuple[str, str]:
    """The accuracy of a short training, and what it stands on; both empty where there is none."""
    top1 = candidate.validation_top1_percent
    if top1 is None:
        return "", ""
    ends = wilson_interval(round(top1 * images / 100), images)
    return percent(top1), f"on {counted(images, 'validation image')}, 95\u00a0% interval {interval(ends)}"


def _card(
    study: StudyRecord, candidate: Candidate, price: Cost, widest: int, rebuild: Mapping[str, str]
) -> Card:
    accuracy, note = accuracy_words(candidate, study.validation_images)
    figures = tuple(
        (_NAMES.get(name, name), format_value(name, candidate.figures[name]))
        for name in _FIGURES
        if name in candidate.figures
    )
    return Card(
        number=candidate.number,
        digest=candidate.digest,
        chosen=candidate.digest == study.chosen,
        state=_state(candidate),
        accuracy=accuracy,
        accuracy_note=note,
        figures=figures,
        input_shape=shape_text(price.rows[0].in_shape),
        depth=_depth(candidate.spec),
        silhouette=_silhouette(price, widest),
        parts=_parts(price),
        command=rebuild.get(candidate.digest, ""),
    )


def _depth(spec: NetworkSpec) -> str:
    return f"{counted(len(spec.blocks), 'block')} in {counted(len(spec.stages), 'stage')}"


def _state(candidate: Candidate) -> str:
    """How far its training went, and whether it keeps the requirements."""
    if candidate.state == "failed":
        return "its short training failed" + (f": {candidate.error}" if candidate.error else "")
    trained = f"trained for {counted(candidate.epochs, 'epoch')}"
    stopped = ", then stopped" if candidate.state == "stopped" else ""
    kept = "within the requirements" if candidate.violation == 0 else "short of a requirement so far"
    return f"{trained}{stopped}; {kept}"


def _blocks(price: Cost) -> list[CostRow]:
    """All rows but the head, whose channels are logits."""
    return [row for row in price.rows if row.name != "head"]


def _parts(price: Cost) -> tuple[Part, ...]:
    found = []
    for name, rows in groupby(price.rows, key=lambda row: _part_of(row.name)):
        inside = list(rows)
        last = inside[-1].out_shape
        grid = f"{last.channels} logits" if name == "head" else f"{last.height}×{last.width}"
        found.append(Part(name, grid, tuple(_runs(inside)) if name.startswith("stage") else _plain(inside)))
    return tuple(found)


def _plain(rows: list[CostRow]) -> tuple[Blocks, ...]:
    """A stem's channels; a head has no width of its own to tell."""
    return tuple(Blocks("channels", "slate", r.out_shape.channels, 1) for r in rows if r.name == "stem")


def _runs(rows: list[CostRow]) -> Iterable[Blocks]:
    for (kind, width), same in groupby(rows, key=lambda row: (row.kind, row.out_shape.channels)):
        yield Blocks(kind.replace("_", " "), COLOURS.get(kind, "green"), width, len(list(same)))


def _part_of(name: str) -> str:
    """ "stages.0.1" is of "stage 1"; stem and head are parts of their own."""
    return f"stage {int(name.split('.')[1]) + 1}" if name.startswith("stages.") else name


def _silhouette(price: Cost, widest: int) -> Markup:
    """A bar a block, its height by its channels: networks are told apart at a glance.

    ``widest`` channels give the tallest bar, the same in all cards, so that cards can be compared.
    """
    drawn = []
    x, before = 0.0, "stem"
    for row in _blocks(price):
        part = _part_of(row.name)
        x += _STAGE_GAP if part != before else 0.0
        height = max(_SHORTEST, _TALLEST * math.sqrt(row.out_shape.channels / widest))
        colour = COLOURS.get(row.kind, "green")
        drawn.append(element("rect", x=x, y=_TALLEST - height, width=_BAR, height=height, class_=colour))
        x, before = x + _BAR + _GAP, part
    return element(
        "svg",
        *drawn,
        class_="network silhouette",
        viewBox=f"0 0 {x - _GAP:g} {_TALLEST:g}",
        width=x - _GAP,
        height=_TALLEST,
        aria_hidden="true",
    )

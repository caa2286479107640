"""How the chosen network reacted to its blocks being disturbed, beside what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from attendnets.cost import cost
from attendnets.report.decision_words import value_words
from attendnets.report.svg import Scale, drawing, element

if TYPE_CHECKING:
    from attendnets.exploration.record import Reaction, StudyRecord

_WIDTH, _HEIGHT, _EDGE = 420.0, 22.0, 4.0
_LOSS, _SHARE = (2.0, 9.0), (14.0, 5.0)


@dataclass(frozen=True)
class ReactionRow:
    """One block in words; ``undecided`` where the loss changes by less than its error."""

    block: str
    kind: str
    costs: str
    change: str
    halved: str
    undecided: bool
    bar: Markup


def reaction_rows(study: StudyRecord) -> tuple[ReactionRow, ...]:
    """The blocks of the chosen network in their order; none where it was not probed."""
    chosen = next((c for c in study.candidates if c.digest == study.chosen), None)
    if chosen is None or not chosen.reactions:
        return ()
    blocks: dict[str, dict[str, Reaction]] = {}
    for reaction in chosen.reactions:
        blocks.setdefault(reaction.part, {})[reaction.stimulus] = reaction
    kinds = {row.name: row.kind for row in cost(chosen.spec).rows}
    told = [reactions.get("ablate", reactions.get("halve")) for reactions in blocks.values()]
    ends = [0.0, *(r.loss_change + side * r.error for r in told if r for side in (-1, 1))]
    x = Scale(min(ends), max(ends), _EDGE, _WIDTH - _EDGE)
    return tuple(
        _row(part, value_words(kinds.get(part, "")), reactions, x) for part, reactions in blocks.items()
    )


def _row(part: str, kind: str, reactions: dict[str, Reaction], x: Scale) -> ReactionRow:
    halved = reactions.get("halve")
    shown = reactions.get("ablate") or reactions["halve"]
    undecided = shown.loss_change < shown.error
    macs, parameters = _percent(shown.macs_share), _percent(shown.parameters_share)
    costs = f"{macs} of the multiply-adds, {parameters} of the parameters"
    return ReactionRow(
        block=part,
        kind=kind,
        costs=costs,
        change=_change(shown) if "ablate" in reactions else f"{_change(shown)}, halved",
        halved=_change(halved) if halved is not None and "ablate" in reactions else "",
        undecided=undecided,
        bar=_bar(shown, x, "slate" if undecided else "blue", f"{_change(shown)} nats; {costs}"),
    )


def _change(reaction: Reaction) -> str:
    return f"{reaction.loss_change:+.3f} ± {reaction.error:.3f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\u00a0%" if share >= 0.01 else f"{100 * share:.1f}\u00a0%"


def _bar(reaction: Reaction, x: Scale, colour: str, words: str) -> Markup:
    top, height = _LOSS
    start, end = sorted((x(0), x(reaction.loss_change)))
    low, high = x(reaction.loss_change - reaction.error), x(reaction.loss_change + reaction.error)
    whisker = f"M{low:.1f} {top + height / 2}H{high:.1f}M{low:.1f} 3v7M{high:.1f} 3v7"
    return drawing(
        _WIDTH,
        _HEIGHT,
        element("rect", x=start, y=top, width=max(1.0, end - start), height=height, class_=f"gain {colour}"),
        element("path", d=whisker, class_="error"),
        element(
            "rect",
            x=_EDGE,
            y=_SHARE[0],
            width=max(1.0, min(1.0, reaction.macs_share) * (_WIDTH - 2 * _EDGE)),
            height=_SHARE[1],
            class_="worth",
        ),
        element("path", d=f"M{x(0):.1f} 0V13", class_="axis"),
        label=words,
        class_="influence",
    )

"""U, the performance function of a network: NetScore (arXiv 1806.05512) unless another one is asked for."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass

from attendnets.errors import UsageError

NETSCORE_ACCURACY = 2.0
NETSCORE_PARAMETERS = 0.5
NETSCORE_MACS = 0.5


def netscore(top1_percent: float, parameters: int, macs: int) -> float:
    """20 log10( a^2 / (p^0.5 m^0.5) ) in decibels: a in percent, p in millions, m in billions of MACs.

    A network that gets nothing right scores minus infinity.
    """
    if top1_percent <= 0.0:
        return -math.inf
    return 20.0 * (
        NETSCORE_ACCURACY * math.log10(top1_percent)
        - NETSCORE_PARAMETERS * math.log10(parameters / 1e6)
        - NETSCORE_MACS * math.log10(macs / 1e9)
    )


@dataclass(frozen=True)
class Objective:
    """A performance function U. ``merit`` takes top-1 in percent, parameters and MACs; higher is better.

    ``name`` is what a job and a study's record call it, ``title`` what a merit is called, and ``words`` say
    what wins.
    """

    name: str
    title: str
    words: str
    merit: Callable[[float, int, int], float]


def _accuracy(top1_percent: float, parameters: int, macs: int) -> float:
    return top1_percent


def _parameters(top1_percent: float, parameters: int, macs: int) -> float:
    return -parameters


def _macs(top1_percent: float, parameters: int, macs: int) -> float:
    return -macs


NETSCORE = Objective("netscore", "NetScore", "the highest NetScore", netscore)
OBJECTIVES: dict[str, Objective] = {
    objective.name: objective
    for objective in (
        NETSCORE,
        Objective("accuracy", "top-1, %", "the highest accuracy", _accuracy),
        Objective("parameters", "-parameters", "the fewest parameters", _parameters),
        Objective("macs", "-MACs", "the fewest MACs", _macs),
    )
}

# What people call these elsewhere: suggested, not taken, for they may mean something else.
_MEANT = {"acc": "accuracy", "top-1": "accuracy", "top1": "accuracy", "flops": "macs", "mult-adds": "macs"}


def objective_named(text: str) -> Objective:
    """The objective called ``text``, in any case. Raises UsageError where there is none, with the nearest."""
    name = text.strip().lower()
    if name in OBJECTIVES:
        return OBJECTIVES[name]
    close = difflib.get_close_matches(name, OBJECTIVES, n=1)
    meant = _MEANT.get(name) or (close[0] if close else None)
    hint = f" Did you mean {meant!r}?" if meant else ""
    raise UsageError(
        f"--objective {text}: there is no such objective.{hint} Objectives: {', '.join(OBJECTIVES)}."
    )

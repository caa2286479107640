"""What measured networks say of cheap knowledge: correlations with full training, and the table of them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.comparison_tables import Figures, Rows
from benchmarks.rank_correlation import Reals, bootstrapped, spearman, within

SCORES = ("parameters", "multiply-adds", "blocks", "gradient norm", "SynFlow", "NASWOT")
"""Of a network that was never trained, the more the better."""
COUNTS = SCORES[:2]
STARTS = ("new", "from_full", "from_short")


def drawn_rows(
    networks: Sequence[Mapping[str, Any]], epochs: Sequence[int], seed: int
) -> list[dict[str, Any]]:
    """A score or a rung a row: its correlation with the last rung's loss, 1 for the same order.

    ``beside`` of a score that is no count: its correlation less that of the better count.
    """
    full = _merits([network["trained"][str(epochs[-1])] for network in networks])
    scores = {name: np.array([n["scores"][name]["value"] for n in networks]) for name in SCORES}
    rows = []
    for name in SCORES:
        row: dict[str, Any] = {
            "score": name,
            "correlation": _correlation(scores[name], full, seed),
            "seconds": statistics.median(n["scores"][name]["seconds"] for n in networks),
        }
        if name not in COUNTS:
            row["beside"] = _beside(scores[name], [scores[count] for count in COUNTS], full, seed)
        rows.append(row)
    for rung in epochs[:-1]:
        trained = [network["trained"][str(rung)] for network in networks]
        rows.append(
            {
                "score": f"{rung} epochs",
                "correlation": _correlation(_merits(trained), full, seed),
                "seconds": statistics.median(result["seconds"] for result in trained),
            }
        )
    return rows


def neighbour_rows(
    children: Sequence[Mapping[str, Any]],
    networks: Sequence[Mapping[str, Any]],
    epochs: Sequence[int],
    seed: int,
) -> dict[str, Any]:
    """A start of the children's short training a row, held against their own full training; their scores too.

    ``siblings``: the correlation among children of one parent; ``parents``: with the full training of the
    parent instead of the child's own. ``ahead_percent``: in how many pairs of a child and a drawn network on
    the lowest rung the child has the lower loss; fully trained, it is ``full_ahead_percent``.
    """
    full = _merits([child["full"] for child in children])
    families = np.array([child["parent"] for child in children])
    ancestors = _merits([networks[child["parent"]]["trained"][str(epochs[-1])] for child in children])
    lowest = _merits([network["trained"][str(epochs[0])] for network in networks])
    highest = _merits([network["trained"][str(epochs[-1])] for network in networks])
    starts = {start: _merits([child[start] for child in children]) for start in STARTS}

    def siblings(merits: Reals) -> dict[str, Any]:
        return bootstrapped(
            lambda rows: spearman(within(families[rows], merits[rows]), within(families[rows], full[rows])),
            len(full),
            seed,
        )

    rows = []
    for start, merits in starts.items():
        row: dict[str, Any] = {
            "start": start,
            "correlation": _correlation(merits, full, seed),
            "siblings": siblings(merits),
            "parents": _correlation(merits, ancestors, seed),
            "ahead_percent": _ahead_percent(merits, lowest),
            "loss_mean": -float(merits.mean()),
            "inherited_share": statistics.mean(child[start]["inherited_share"] for child in children),
            "seconds": statistics.median(child[start]["seconds"] for child in children),
        }
        if start != "new":
            row["beside"] = _beside(merits, [starts["new"]], full, seed)
        rows.append(row)
    values = {name: np.array([child["scores"][name]["value"] for child in children]) for name in SCORES}
    return {
        "rows": rows,
        "scores": [
            {"score": name, "correlation": _correlation(score, full, seed), "siblings": siblings(score)}
            for name, score in values.items()
        ],
        "children": len(children),
        "parents": len(set(families.tolist())),
        "full_ahead_percent": _ahead_percent(full, highest),
        "full_parents": _correlation(full, ancestors, seed),
        "full_loss_mean": -float(full.mean()),
    }


def cheap_knowledge_rows(figures: Figures) -> Rows:
    """A score, a rung or a start a row."""
    setting, neighbours = figures["setting"], figures["neighbours"]
    first, last = setting["epochs"][0], setting["epochs"][-1]
    by_start = {row["start"]: row for row in neighbours["rows"]}
    beside = {row["score"]: row for row in neighbours["scores"]} | {f"{first} epochs": by_start["new"]}
    rows: list[tuple[str, ...]] = [
        (
            row["score"],
            _interval(row["correlation"]),
            *(
                _interval(beside[row["score"]][kind]) if row["score"] in beside else "-"
                for kind in ("correlation", "siblings")
            ),
            _seconds(row["seconds"]),
        )
        for row in figures["rows"]
    ]
    rows += [
        (
            f"{first} epochs from a parent's weights after {after}",
            "-",
            _interval(by_start[start]["correlation"]),
            _interval(by_start[start]["siblings"]),
            _seconds(by_start[start]["seconds"]),
        )
        for start, after in (("from_full", last), ("from_short", first))
    ]
    head = (
        f"rank correlation with {last} epochs (95 % interval)",
        f"{setting['networks']} drawn networks",
        f"{neighbours['children']} neighbours of {neighbours['parents']} of them",
        "neighbours of one parent, among themselves",
        "seconds a network",
    )
    longest = [network["trained"][str(last)]["seconds"] for network in figures["networks"]]
    requirements = ", ".join(f"`{each}`" for each in setting["requirements"])
    ahead = {start: f"{by_start[start]['ahead_percent']:.0f} %" for start in STARTS}
    how = (
        f"Networks of {requirements} drawn from the design space at {setting['side']} pixels, at most "
        f"{setting['largest_macs'] / 1e6:g} M MACs; {setting['training_images']} images of elpv to learn "
        f"from, {setting['validation_images']} to measure cross-entropy on. {last} epochs take "
        f"{_seconds(statistics.median(longest))} of one core (median). Neighbours differ in one or two "
        f"decisions. With the *parent's* {last} epochs, neighbours' {first} epochs correlate by "
        f"{_interval(by_start['from_full']['parents'])} from the parent's weights after {last}, by "
        f"{_interval(by_start['from_short']['parents'])} from those after {first}, by "
        f"{_interval(by_start['new']['parents'])} from new ones. In pairs of a neighbour with inherited "
        f"weights and a drawn network with new ones, both after {first} epochs, the neighbour is ahead in "
        f"{ahead['from_full']} (parent's weights after {last} epochs) and {ahead['from_short']} (after "
        f"{first}); with new weights in {ahead['new']}, both fully trained in "
        f"{neighbours['full_ahead_percent']:.0f} %. Intervals: bootstrap over networks."
    )
    return head, rows, how


def _merits(results: Sequence[Mapping[str, Any]]) -> Reals:
    """Losses with their sign turned: higher is better."""
    return -np.array([result["loss"] for result in results], dtype=np.float64)


def _correlation(score: Reals, full: Reals, seed: int) -> dict[str, Any]:
    return bootstrapped(lambda rows: spearman(score[rows], full[rows]), len(full), seed)


def _beside(score: Reals, others: Sequence[Reals], full: Reals, seed: int) -> dict[str, Any]:
    """How much more ``score`` correlates with ``full`` than the best of ``others``."""

    def difference(rows: Any) -> Reals:
        best = np.max([spearman(other[rows], full[rows]) for other in others], axis=0)
        return np.asarray(spearman(score[rows], full[rows]) - best)

    return bootstrapped(difference, len(full), seed)


def _ahead_percent(ours: Reals, others: Reals) -> float:
    return 100.0 * float((ours[:, None] > others[None, :]).mean())


def _interval(found: Mapping[str, Any]) -> str:
    low, high = found["interval"]
    return f"{found['value']:.2f} ({low:.2f} to {high:.2f})"


def _seconds(seconds: float) -> str:
    return "< 0.01 s" if seconds < 0.01 else f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"

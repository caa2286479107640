"""Rows of the tables on searches, from their records."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.comparison_tables import Figures, Rows

METHODS = {
    "generative_synthesis": "**generative synthesis**",
    "generative_synthesis_undecided_generator": "a generator that learns nothing of U",
    "generative_synthesis_no_excess": "a generator that learns nothing of 1_r",
    "generative_synthesis_nothing_shared": "each decision on its own: families share nothing",
    "generative_synthesis_no_repeats": "no point is tried again",
    "generative_synthesis_no_broad_view": "no broad view: all proposals by the close one",
    "random": "random",
    "regularized_evolution": "regularized evolution",
    "local_search": "local search",
    "bananas_like": "like BANANAS",
    "tpe": "Optuna's TPE, its newest default (multivariate)",
    "tpe_independent": "Optuna's TPE, one parameter at a time",
    "gp": "Optuna's GP",
    "nsga2": "Optuna's NSGA-II",
    "cma_es": "Optuna's CMA-ES",
}
_SHOWN = ("50", "100", "200", "300")


@dataclass(frozen=True)
class SearchTable:
    """How a record of searches is shown. ``head`` takes the moments, ``column`` a set's title and optimum."""

    sets: dict[str, str]
    head: str
    column: str
    figure: str
    near: str
    near_title: str
    how: str
    digits: int = 2

    def rows(self, figures: Figures) -> Rows:
        """One line a method: figures at some moments for each set, and evaluations until near the optimum."""
        sets: dict[str, Any] = figures["sets"]
        shape = f",.{self.digits}f"
        moments = [m for m in _SHOWN if int(m) <= figures["evaluations"]]
        head = (
            self.head.format(" / ".join(moments)),
            *(self.column.format(self.sets[name], part["optimum"]) for name, part in sets.items()),
            f"evaluations until {self.near_title}: "
            + " / ".join(self.sets[name] for name in sets)
            + ", mean over the sets",
        )
        rows: list[tuple[str, ...]] = []
        for method, shown in METHODS.items():
            parts = [part["methods"][method] for part in sets.values() if method in part["methods"]]
            if len(parts) < len(sets):
                continue
            near = [part[f"evaluations_to_{self.near}"]["mean"] for part in parts]
            rows.append(
                (
                    shown,
                    *(
                        " / ".join(
                            f"{part[self.figure][m]:{shape}} ±{part['half_width'][m]:{shape}}"
                            for m in moments
                        )
                        for part in parts
                    ),
                    " / ".join(f"{n:.0f}" for n in near) + f", **{sum(near) / len(near):.0f}**",
                )
            )
        how = (
            f"{figures['seeds']} seeds; ± is 1.96 standard errors. {self.how} A search that never comes "
            f"near counts as {figures['evaluations'] + 1}. Our settings were chosen on other seeds of these "
            "sets."
        )
        if commits := set(figures.get("earlier", {}).values()):
            how += f" Some were searched at earlier commits, {', '.join(sorted(commits))}, with these seeds."
        return head, rows, how


_CELLS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet": "ImageNet16-120"}

NAS_BENCH_201 = SearchTable(
    sets=_CELLS,
    head="returned after {} evaluations, % on validation",
    column="{} (best {:.2f})",
    figure="mean",
    near="within_half_a_point",
    near_title="within 0.5 points",
    how="An evaluation is one training, drawn from the two or three in the table; what is shown is the mean "
    "over them of the network that a search would return: ours what it expects most of, the others what they "
    "saw best.",
)
NAS_BENCH_201_LIMITED = replace(
    NAS_BENCH_201,
    how="As above, for networks of at most 0.4 M parameters: sizes are counted and cost no evaluation; "
    "Optuna's samplers are told of a larger one as of a trial that failed, NSGA-II as of one that breaks a "
    "constraint, the GP, which would propose it again, as of the worst result so far.",
)
NAS_BENCH_201_PARETO = SearchTable(
    sets=_CELLS,
    head="% of the true front's hypervolume after {} evaluations",
    column="{}",
    figure="mean",
    near="within_one_percent",
    near_title="within 1 %",
    how="An evaluation is one training's accuracy, drawn from the two or three in the table, and the number "
    "of parameters. The hypervolume is that of all that a search evaluated, by mean accuracies, above the "
    "true front's worst accuracy and below its largest size.",
)
HPOLIB = SearchTable(
    sets={
        "naval_propulsion": "naval propulsion",
        "parkinsons_telemonitoring": "Parkinson's telemonitoring",
        "protein_structure": "protein structure",
        "slice_localization": "slice localization",
    },
    head="loss returned after {} evaluations, % above the least in the table",
    column="{}",
    figure="regret",
    near="best_thousandth",
    near_title="among the best 62 of 62,208",
    how="An evaluation is one of the table's four trainings; what is shown is the mean validation loss over "
    "them of the settings that a search would return: ours what it expects most of, the others what they saw "
    "best.",
    digits=1,
)


def ablation_rows(figures: Figures) -> Rows:
    """One line a form: what it returns less than the whole does, search by search."""
    sets: dict[str, Any] = figures["sets"]
    moments = [m for m in _SHOWN if int(m) <= figures["evaluations"]]
    head = (
        f"left out: behind the whole after {' / '.join(moments)} evaluations, points",
        *(_CELLS[name] for name in sets),
        "evaluations until within 0.5 points, mean over the sets",
    )
    rows: list[tuple[str, ...]] = []
    for method, shown in METHODS.items():
        parts = [part["methods"][method] for part in sets.values() if method in part["methods"]]
        if len(parts) < len(sets):
            continue
        near = statistics.mean(part["evaluations_to_within_half_a_point"]["mean"] for part in parts)
        later = statistics.mean(part["behind"]["later"] for part in parts)
        # Searches of one seed on different sets have nothing in common: their variances add up.
        error = sum(part["behind"]["later_half_width"] ** 2 for part in parts) ** 0.5 / len(parts)
        if method == "generative_synthesis":
            cells = (" / ".join(f"{part['mean'][m]:.2f} %" for m in moments) for part in parts)
            rows.append((f"{shown}: nothing", *cells, f"**{near:.1f}**"))
            continue
        cells = (
            " / ".join(
                f"{part['behind']['mean'][m]:+.2f} ±{part['behind']['half_width'][m]:.2f}" for m in moments
            )
            for part in parts
        )
        rows.append((shown, *cells, f"{near:.1f} ({later:+.1f} ±{error:.1f})"))
    how = (
        f"{figures['seeds']} seeds, each part left out in turn; positive differences are what it brings. ± "
        "is 1.96 standard errors of differences between searches of one seed. A search that never comes near "
        f"counts as {figures['evaluations'] + 1}. Our settings were chosen on other seeds."
    )
    return head, rows, how


def proposal_rows(figures: Figures) -> Rows:
    """One line a length of the study."""
    rows: list[tuple[str, ...]] = [
        (
            f"`{'`, `'.join(row['requirements'])}`" if row["requirements"] else "none",
            f"{row['finished']:,}",
            *(f"{row[name]:.0f} ms" for name in ("median_ms", "most_ms", "first_ms")),
        )
        for row in figures["rows"]
    ]
    head = (
        "requirements",
        "finished trials",
        "a proposal, median",
        "the longest",
        "the first, which reads the history",
    )
    how = (
        f"{figures['decisions']} decisions, those of our own design space; {figures['proposals']} proposals."
    )
    return head, rows, how


def own_space_rows(figures: Figures) -> Rows:
    """One line a form of generative synthesis and list of requirements."""
    moments = list(figures["rows"][0]["best"])
    rows: list[tuple[str, ...]] = [
        (
            f"`{'`, `'.join(row['requirements'])}`",
            METHODS[row["form"]],
            " / ".join(f"{row['best'][m]:.2f}" for m in moments),
            "" if row["form"] == "generative_synthesis" else _behind(row, moments[-1]),
            f"{row['screened']:,.1f}",
            f"{row['not_found']:,}",
        )
        for row in figures["rows"]
    ]
    head = (
        *("requirements", "form", f"best made-up merit after {' / '.join(moments)} candidates"),
        f"behind the whole after {moments[-1]}, on the same landscapes",
        *("networks screened for each proposal", "times that none was found"),
    )
    seeds = [row["seeds"] for row in figures["rows"]]
    how = (
        f"{figures['decisions']} decisions, made-up merits in standard deviations over random points, "
        f"{max(seeds)} landscapes, {min(seeds)} of them for the generator that learns nothing of 1_r; ± is "
        f"1.96 standard errors. To learn 1_r, {figures['probed']:,} networks are costed before the first "
        "proposal."
    )
    return head, rows, how


def _behind(row: Figures, moment: str) -> str:
    return f"{row['behind'][moment]:.2f} ±{row['behind_half_width'][moment]:.2f}"


def probing_rows(figures: Figures) -> Rows:
    """One line a reading of the reactions and kind of change."""
    changes = {"all": "all changes", "depth": "a block less", "width": "narrower"}
    rows: list[tuple[str, ...]] = [
        (
            f"{changes[row['changes']]} ({row['pairs']})",
            row["reading"],
            _correlation(row["spearman"]),
            _correlation(row["spearman_within_networks"]),
        )
        for row in figures["rows"]
    ]
    head = (
        "changes that were really made",
        "foretold by the block's",
        "Spearman's correlation with the loss that they cost (95 % interval)",
        "the same within each network",
    )
    percents = figures["probing_percent_of_training"]
    how = (
        f"{figures['networks']} networks of the design space at {figures['image_pixels']} pixels, "
        f"{figures['training_images']:,} training images of {figures['data']}, {figures['epochs']} epochs "
        f"each, {figures['minutes']:.0f} minutes of one core; cross-entropy on "
        f"{figures['validation_images']} validation images. A change costs {_nats(figures['pairs'])} nats in "
        f"the middle half, another seed of the same network changes {figures['seed_loss_deviation']:.3f} "
        f"(standard deviation). Probing takes {min(percents):.1f} to {max(percents):.1f} % of a training's "
        f"time, on {min(figures['probed_images'])} to {max(figures['probed_images'])} images."
    )
    return head, rows, how


def _correlation(found: Figures) -> str:
    ends = found["interval"]
    return f"{found['value']:+.2f}" + ("" if ends is None else f" ({ends[0]:+.2f} to {ends[1]:+.2f})")


def _nats(pairs: Sequence[Figures]) -> str:
    low, _, high = statistics.quantiles((pair["loss_change"] for pair in pairs), n=4)
    return f"{low:+.3f} to {high:+.3f}"

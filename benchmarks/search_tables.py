"""Rows of the tables on searches, from their records."""

from __future__ import annotations

from typing import Any

from benchmarks.comparison_tables import Figures, Rows

SETS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet": "ImageNet16-120"}
METHODS = {
    "generative_synthesis": "**generative synthesis**",
    "random": "random",
    "regularized_evolution": "regularized evolution",
    "local_search": "local search",
    "bananas_like": "like BANANAS",
    "tpe": "Optuna's TPE, its default",
    "tpe_multivariate": "Optuna's TPE, multivariate and grouped",
    "gp": "Optuna's GP",
    "nsga2": "Optuna's NSGA-II",
    "cma_es": "Optuna's CMA-ES",
}
_SHOWN = ("50", "100", "200", "300")


def search_rows(figures: Figures) -> Rows:
    """One line a method: accuracies at some moments for each set, and evaluations until near the optimum."""
    sets: dict[str, Any] = figures["sets"]
    moments = [m for m in _SHOWN if int(m) <= figures["evaluations"]]
    head = (
        "returned after " + " / ".join(moments) + " evaluations, % on validation",
        *(f"{SETS[name]} (best {part['optimum']:.2f})" for name, part in sets.items()),
        "evaluations until within 0.5 points: "
        + " / ".join(SETS[name] for name in sets)
        + ", mean over the sets",
    )
    rows: list[tuple[str, ...]] = []
    for method, shown in METHODS.items():
        parts = [part["methods"][method] for part in sets.values() if method in part["methods"]]
        if len(parts) < len(sets):
            continue
        near = [part["evaluations_to_within_half_a_point"]["mean"] for part in parts]
        rows.append(
            (
                shown,
                *(
                    " / ".join(f"{part['mean'][m]:.2f} ±{part['half_width'][m]:.2f}" for m in moments)
                    for part in parts
                ),
                " / ".join(f"{n:.0f}" for n in near) + f", **{sum(near) / len(near):.0f}**",
            )
        )
    never = figures["evaluations"] + 1
    how = (
        f"{figures['seeds']} seeds; ± is 1.96 standard errors. An evaluation is one training, drawn from "
        "the two or three in the table; what is shown is the mean over them of the network that a search "
        "would return: ours what it expects most of, the others what they saw best. A search that never "
        f"comes near counts as {never}. Our settings were chosen on other seeds."
    )
    return head, rows, how


def proposal_rows(figures: Figures) -> Rows:
    """One line a length of the study."""
    rows: list[tuple[str, ...]] = [
        (f"{row['finished']:,}", f"{row['median_ms']:.0f} ms", f"{row['most_ms']:.0f} ms")
        for row in figures["rows"]
    ]
    head = ("finished trials", "a proposal, median", "the longest")
    how = (
        f"{figures['decisions']} decisions, those of our own design space; {figures['proposals']} proposals."
    )
    return head, rows, how

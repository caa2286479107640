"""What each part of generative synthesis brings in our own design space, where requirements rule most out.

    python -m benchmarks.own_space_ablation --seeds 60 --candidates 100 --slow-seeds 3

Nothing is trained: merits are made up, so that many searches fit into minutes. A landscape gives each
decision a weight, most of them small, each level a worth, smooth along numbers, and some pairs of decisions a
worth of their own; observed merits have noise. What costs rule out is screened as in a build. Told are the
true merit of the best network so far, in standard deviations over random points, by how much that is behind
the whole search's on the same landscapes, and how many networks were screened for each that was proposed.
``--slow-seeds``: landscapes for the form that draws blindly, which screens hundreds of times as many.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from attendnets.exploration.blas import one_thread
from attendnets.exploration.decision_levels import Levels, Reals
from attendnets.exploration.excess import PROBED
from attendnets.exploration.excess import ROUNDS as ROUNDS_OF_PROBES
from attendnets.exploration.prototypes import prototypes
from attendnets.exploration.screening import Screen
from attendnets.exploration.space_levels import Finished, SpaceLevels
from attendnets.exploration.synthesis import Synthesis, SynthesisOptions
from attendnets.requirements import Requirements
from attendnets.spec import digest
from benchmarks.proposal_speed import SPACE
from benchmarks.record import write_record
from benchmarks.search_ablation import NothingShared, UndecidedGenerator

REQUIREMENTS = (
    ("weights<=60KB", "arena<=128KB", "macs<=1M"),
    ("weights<=20KB", "arena<=64KB", "macs<=500K"),
)


class NoExcess(Synthesis):
    """The generator learns nothing of 1_r: what costs forbid is drawn all the same, and refused."""

    @property
    def excess(self) -> None:
        return None


FORMS: dict[str, type[Synthesis]] = {
    "generative_synthesis": Synthesis,
    "generative_synthesis_undecided_generator": UndecidedGenerator,
    "generative_synthesis_no_excess": NoExcess,
    "generative_synthesis_nothing_shared": NothingShared,
}
WHOLE, SLOW = "generative_synthesis", "generative_synthesis_no_excess"
LEVELS = SpaceLevels(SPACE)
MOMENTS = (10, 20, 40, 60, 100)
PAIRS, NOISE, ROUNDS = 60, 0.3, 6


@dataclass(frozen=True)
class Found:
    """Of one search: the ``best`` true merit after each candidate, networks ``screened`` for each that was
    proposed, on average, and how often none was found.
    """

    best: tuple[float, ...]
    screened: float
    not_found: int


def landscape(seed: int) -> Callable[[Levels], Reals]:
    """A made-up merit of points ``(N, D)``: mean 0 and deviation 1 over random ones."""
    rng = np.random.default_rng([seed, 1])
    decisions = LEVELS.of_each
    weights = rng.exponential(size=len(decisions)) ** 2
    worths = [
        rng.normal() * place + 0.7 * rng.normal() * place**2
        if decision.ordered
        else rng.normal(size=len(place))
        for decision in decisions
        for place in [np.linspace(-1.0, 1.0, decision.levels)]
    ]
    pairs = [rng.choice(len(decisions), 2, replace=False) for _ in range(PAIRS)]
    both = [rng.normal(size=(decisions[a].levels, decisions[b].levels)) for a, b in pairs]

    def raw(points: Levels) -> Reals:
        total = np.zeros(len(points))
        for d, worth in enumerate(worths):
            total += weights[d] * worth[points[:, d]]
        for (a, b), worth in zip(pairs, both, strict=True):
            total += 0.5 * np.sqrt(weights[a] * weights[b]) * worth[points[:, a], points[:, b]]
        return total

    drawn = np.stack([rng.integers(decision.levels, size=20_000) for decision in decisions], axis=1)
    values = raw(drawn)
    mean, deviation = values.mean(), values.std()

    def merit(points: Levels) -> Reals:
        scaled: Reals = (raw(points) - mean) / deviation
        return scaled

    return merit


def searched(form: str, requirements: Sequence[str], seed: int, candidates: int) -> Found:
    """One search, from the prototypes on, as a build proposes."""
    merit, noise = landscape(seed), np.random.default_rng([seed, 2])
    screen = Screen(Requirements.parse(requirements))
    given = prototypes(SPACE, screen)
    # It keeps rows of networks that it has seen: searches of one process share nothing.
    levels = SpaceLevels(SPACE)
    synthesis = FORMS[form](
        levels.of_each, SynthesisOptions(first=len(given)), partial(levels.excesses, screen=screen)
    )
    seen: set[str] = set()
    tried, observed, best, screened = np.zeros((0, len(LEVELS.of_each)), np.int64), np.zeros(0), [-np.inf], []

    def acceptable(point: Levels) -> bool:
        network = SPACE.network(levels.decisions(point))
        return digest(network) not in seen and screen(network)

    for number in range(candidates):
        before = screen.screened
        turns = (
            synthesis.propose(tried, observed, acceptable, np.random.default_rng([seed, number, turn]))
            for turn in range(ROUNDS if number >= len(given) else 0)
        )
        point = next((point for point in turns if point is not None), None)
        if number >= len(given):
            screened.append(screen.screened - before)
        if number < len(given) or point is not None:
            decisions = given[number] if point is None else levels.decisions(point)
            name = digest(SPACE.network(decisions))
            seen.add(name)
            row = levels.rows([Finished(decisions, name, 0)])
            value = float(merit(row)[0])
            tried = np.concatenate([tried, row])
            observed = np.append(observed, value + NOISE * noise.normal())
            best.append(max(best[-1], value))
        else:
            best.append(best[-1])
    return Found(tuple(best[1:]), statistics.mean(screened), candidates - len(tried))


def _one_thread_search(form: str, requirements: Sequence[str], seed: int, candidates: int) -> Found:
    with one_thread():
        return searched(form, requirements, seed, candidates)


def over_seeds(found: Sequence[Found], whole: Sequence[Found]) -> dict[str, Any]:
    """Means over the searches of one form, and by how much they are behind ``whole`` on the same seeds.

    Half widths are 1.96 standard errors.
    """
    best = np.array([one.best for one in found])
    behind = np.array([one.best for one in whole[: len(found)]]) - best
    moments = [moment for moment in MOMENTS if moment <= best.shape[1]]

    def told(values: Reals) -> tuple[dict[str, float], dict[str, float]]:
        spread = 1.96 * values.std(0, ddof=1) / len(values) ** 0.5
        return (
            {str(moment): float(values[:, moment - 1].mean()) for moment in moments},
            {str(moment): float(spread[moment - 1]) for moment in moments},
        )

    means, half_widths = told(best)
    lacks, half_widths_of_lacks = told(behind)
    return {
        "seeds": len(found),
        "best": means,
        "half_width": half_widths,
        "behind": lacks,
        "behind_half_width": half_widths_of_lacks,
        "screened": statistics.mean(one.screened for one in found),
        "not_found": sum(one.not_found for one in found),
    }


def main() -> None:
    """Search, and write results/own_space_ablation.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--slow-seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    rows = []
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        for requirements in REQUIREMENTS:
            whole: list[Found] = []
            for form in FORMS:
                count = given.slow_seeds if form == SLOW else given.seeds
                tasks = [
                    (form, requirements, given.first_seed + seed, given.candidates) for seed in range(count)
                ]
                found = pool.starmap(_one_thread_search, tasks, chunksize=1)
                whole = found if form == WHOLE else whole
                rows.append({"requirements": requirements, "form": form, **over_seeds(found, whole)})
                print(rows[-1], flush=True)
    path = write_record(
        "own_space_ablation",
        "what each part of generative synthesis brings in our own design space, under requirements",
        {
            "candidates": given.candidates,
            "decisions": len(LEVELS.of_each),
            "probed": ROUNDS_OF_PROBES * PROBED,
            "rows": rows,
        },
        commands=[
            f"python -m benchmarks.own_space_ablation --seeds {given.seeds} --candidates {given.candidates} "
            f"--slow-seeds {given.slow_seeds}"
            + (f" --first-seed {given.first_seed}" if given.first_seed else "")
        ],
        seed=given.first_seed,
    )
    print(path)


if __name__ == "__main__":
    main()

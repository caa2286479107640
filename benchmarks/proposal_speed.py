"""How long a proposal takes after 100 to 100,000 finished trials.

python -m benchmarks.proposal_speed

All that a study does to propose: what is finished, best first, becomes rows, the inquisitor learns from
it, the generator is recorded and draws, and the first network that is new and meets the requirements is
taken; without any, and with three that one network in thousands meets. Random points of the design space in
a random order of merit: nothing is there to learn, so nothing is saved. The median of some proposals, each
after one more trial.
"""

from __future__ import annotations

import argparse
import bisect
import random
import statistics
import time
from collections.abc import Sequence
from typing import Any

from attendnets.exploration.proposer import SynthesisProposer
from attendnets.exploration.screening import Screen
from attendnets.exploration.space import DesignSpace
from attendnets.exploration.space_levels import Finished
from attendnets.requirements import Requirements
from benchmarks.record import write_record

FINISHED = (100, 1_000, 10_000, 100_000)
PROPOSALS = 20
SEED = 0
REQUIREMENTS: tuple[tuple[str, ...], ...] = ((), ("weights<=60KB", "arena<=128KB", "macs<=1M"))
SPACE = DesignSpace(channels=1, classes=2)
"""For large grey images of two classes."""


def proposal_ms(finished: int, requirements: Sequence[str]) -> dict[str, Any]:
    """Milliseconds of the proposals after ``finished`` trials."""
    rng = random.Random(SEED)
    screen = Screen(Requirements.parse(requirements))
    proposer = SynthesisProposer(SPACE, screen=screen)
    ranked: list[tuple[float, Finished]] = []
    times = []
    for number in range(finished + PROPOSALS):
        if number >= finished:
            best_first = [item for _, item in ranked]
            seen = frozenset(item.digest for item in best_first)
            started = time.perf_counter()
            proposer.propose(best_first, seen, screen, random.Random(number))
            times.append(1e3 * (time.perf_counter() - started))
        item = Finished(SPACE.canonical(SPACE.draw(rng)), str(number), number, 50.0)
        bisect.insort(ranked, (rng.random(), item), key=lambda pair: pair[0])
    # The first one reads the whole history and learns what drives requirements, as in a study taken up again.
    return {
        "requirements": list(requirements),
        "finished": finished,
        "first_ms": times[0],
        "median_ms": statistics.median(times[1:]),
        "most_ms": max(times[1:]),
    }


def main() -> None:
    """Measure, and write results/proposal_speed.json."""
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
    rows = [proposal_ms(finished, required) for required in REQUIREMENTS for finished in FINISHED]
    path = write_record(
        "proposal_speed",
        "a proposal takes less than 20 ms after 1,000 trials, and grows no faster than linearly to 100,000",
        {"decisions": len(SPACE.choices()), "proposals": PROPOSALS, "rows": rows},
        commands=["python -m benchmarks.proposal_speed"],
        seed=SEED,
    )
    print(path.read_text())


if __name__ == "__main__":
    main()

"""How long a proposal takes after 100 to 100,000 finished trials.

python -m benchmarks.proposal_speed

Points at random in a space of our networks' decisions, with random merits: nothing is there to learn, so
nothing is saved. The median of some proposals, each after one more trial; fits of theta_I fall among them
as often as they would.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from attendnets.exploration.decision_levels import Decision
from attendnets.exploration.space import DesignSpace
from attendnets.exploration.synthesis import Synthesis
from benchmarks.record import write_record

FINISHED = (100, 1_000, 10_000, 100_000)
PROPOSALS = 20
SEED = 0


def decisions() -> tuple[Decision, ...]:
    """Those of the design space for large grey images of two classes."""
    values = DesignSpace(channels=1, classes=2).choices().values()
    return tuple(Decision(len(levels), not isinstance(levels[0], str)) for levels in values)


def proposal_ms(finished: int) -> dict[str, Any]:
    """Milliseconds of the proposals after ``finished`` trials."""
    rng = np.random.default_rng(SEED)
    space = decisions()
    total = finished + PROPOSALS
    tried = np.stack([rng.integers(decision.levels, size=total) for decision in space], axis=1)
    merits = rng.normal(size=total)
    synthesis = Synthesis(space)
    times = []
    for count in range(finished, total):
        started = time.perf_counter()
        synthesis.propose(tried[:count], merits[:count], lambda _: True, np.random.default_rng(count))
        times.append(1e3 * (time.perf_counter() - started))
    return {"finished": finished, "median_ms": statistics.median(times), "most_ms": max(times)}


def main() -> None:
    """Measure, and write results/proposal_speed.json."""
    rows = [proposal_ms(finished) for finished in FINISHED]
    path = write_record(
        "proposal_speed",
        "a proposal takes less than 20 ms after 1,000 trials, and grows no faster than linearly to 100,000",
        {"decisions": len(decisions()), "proposals": PROPOSALS, "rows": rows},
        commands=["python -m benchmarks.proposal_speed"],
        seed=SEED,
    )
    print(path.read_text())


if __name__ == "__main__":
    main()

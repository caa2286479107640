"""How fast candidates are judged on cost alone, on one core, and how fast the command line answers.

python -m benchmarks.screening
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import time
from typing import Any

from attendnets.cost import cost
from attendnets.exploration.screening import Screen
from attendnets.exploration.space import DesignSpace
from attendnets.requirements import Requirements
from benchmarks.record import write_record

REQUIREMENTS = ("top1>=75", "weights<=100KB", "arena<=256KB")


def screening_figures(candidates: int, seed: int) -> dict[str, Any]:
    """Draw, build and screen ``candidates`` points of the default space; then cost them once more, cached."""
    space = DesignSpace(channels=1, classes=2)
    screen = Screen(Requirements.parse(REQUIREMENTS))
    rng = random.Random(seed)
    started = time.perf_counter()
    networks = []
    for _ in range(candidates):
        network = space.network(space.draw(rng))
        networks.append(network)
        screen(network)
    seconds = time.perf_counter() - started
    cached_ms = []
    for network in networks:
        began = time.perf_counter()
        cost(network)
        cached_ms.append(1000 * (time.perf_counter() - began))
    return {
        "candidates": candidates,
        "distinct": len(set(networks)),
        "refused": screen.refused,
        "seconds": seconds,
        "candidates_per_minute": 60 * candidates / seconds,
        "cost_ms_median": statistics.median(cached_ms),
        "cost_ms_p95": sorted(cached_ms)[int(0.95 * len(cached_ms))],
    }


def help_seconds(repeats: int) -> list[float]:
    """Wall seconds of ``attendnets --help``, each in a process of its own, after one to warm the disk."""
    command = [sys.executable, "-m", "attendnets", "--help"]
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - started)
    return seconds[1:]


def main() -> None:
    """Measure, and write results/screening.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--candidates", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    figures = screening_figures(arguments.candidates, arguments.seed)
    figures["help_seconds_median"] = statistics.median(help_seconds(repeats=9))
    path = write_record(
        "screening",
        "10,000 candidates a minute are judged on cost alone on one core; --help answers in a second",
        figures,
        commands=["python -m benchmarks.screening"],
        seed=arguments.seed,
    )
    print(path.read_text())


if __name__ == "__main__":
    main()

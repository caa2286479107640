"""How far predictions of arena and file size lie from what exported files need and weigh.

Random networks of the design space, untrained: neither figure depends on what a network has learned.

python -m benchmarks.arena
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from attendnets.cost import cost
from attendnets.data import PixelTable
from attendnets.exploration.space import DesignSpace
from attendnets.export.litert import export_litert
from attendnets.networks.assemble import assemble
from attendnets.quantize import quantize_post_training
from attendnets.runtimes.arena import measure_arena
from attendnets.spec import NetworkSpec, digest
from benchmarks.record import write_record

CALIBRATION_IMAGES = 8
CLASSES = 10


@dataclass(frozen=True)
class Comparison:
    """One network: what was predicted from its specification, what its .tflite file was measured at."""

    network: str
    channels: int
    side: int
    weights_bytes: int
    macs: int
    predicted_arena_bytes: int
    arena_bytes: int
    predicted_file_bytes: int
    file_bytes: int

    @property
    def arena_error_percent(self) -> float:
        """Predicted over measured, less 100 %."""
        return 100 * (self.predicted_arena_bytes / self.arena_bytes - 1)

    @property
    def file_error_percent(self) -> float:
        """Predicted over measured, less 100 %."""
        return 100 * (self.predicted_file_bytes / self.file_bytes - 1)


def draw_networks(
    space: DesignSpace, rng: random.Random, *, weights_bytes: int, macs: int
) -> Iterator[NetworkSpec]:
    """Networks of the space drawn uniformly, without those above either bound; endless."""
    while True:
        spec = space.network(space.draw(rng))
        price = cost(spec)
        if price.weights_bytes <= weights_bytes and price.macs <= macs:
            yield spec


def compare(spec: NetworkSpec, path: Path) -> Comparison:
    """Predict a network's figures, write it to ``path`` as .tflite with random weights, and measure that."""
    pixels = np.random.default_rng(0).integers(
        0, 256, (CALIBRATION_IMAGES, spec.input.height, spec.input.width, spec.input.channels), np.uint8
    )
    torch.manual_seed(0)
    table = PixelTable(pixels, np.zeros(CALIBRATION_IMAGES, np.int64))
    export_litert(quantize_post_training(assemble(spec), table), path)
    predicted = cost(spec)
    return Comparison(
        network=digest(spec),
        channels=spec.input.channels,
        side=spec.input.height,
        weights_bytes=predicted.weights_bytes,
        macs=predicted.macs,
        predicted_arena_bytes=predicted.arena_bytes,
        arena_bytes=measure_arena(path).arena_bytes,
        predicted_file_bytes=predicted.file_bytes,
        file_bytes=path.stat().st_size,
    )


def arena_figures(networks: int, seed: int, weights_bytes: int, macs: int) -> dict[str, Any]:
    """Errors over ``networks`` networks, grey and colour ones in turn."""
    rng = random.Random(seed)
    kinds = [
        draw_networks(DesignSpace(channels, CLASSES), rng, weights_bytes=weights_bytes, macs=macs)
        for channels in (1, 3)
    ]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(networks):
            row = compare(next(kinds[number % len(kinds)]), Path(folder) / "network.tflite")
            print(
                f"{number + 1} of {networks}: {row.network}, arena {row.arena_error_percent:+.1f} %, "
                f"file {row.file_error_percent:+.1f} %"
            )
            rows.append(row)
    return {
        "networks": networks,
        "largest_weights_bytes": weights_bytes,
        "largest_macs": macs,
        **_errors("arena", [row.arena_error_percent for row in rows]),
        **_errors("file", [row.file_error_percent for row in rows]),
        "rows": [
            asdict(row)
            | {
                "arena_error_percent": row.arena_error_percent,
                "file_error_percent": row.file_error_percent,
            }
            for row in rows
        ],
    }


def _errors(name: str, percent: list[float]) -> dict[str, float]:
    """Mean with its sign, and mean and largest of the magnitudes."""
    magnitudes = [abs(error) for error in percent]
    return {
        f"{name}_error_percent_bias": statistics.fmean(percent),
        f"{name}_error_percent_mean": statistics.fmean(magnitudes),
        f"{name}_error_percent_largest": max(magnitudes),
    }


def main() -> None:
    """Measure, and write results/arena.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--networks", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--largest-weights", type=int, default=150_000, help="bytes")
    parser.add_argument("--largest-macs", type=float, default=20e6)
    given = parser.parse_args()
    if given.networks < 1:
        parser.error("--networks: at least 1")
    path = write_record(
        "arena",
        "arena and file size are predicted before a network exists, within a few percent of the measured",
        arena_figures(given.networks, given.seed, given.largest_weights, int(given.largest_macs)),
        commands=[" ".join(["python -m benchmarks.arena", *sys.argv[1:]])],
        seed=given.seed,
    )
    print(path.read_text())


if __name__ == "__main__":
    main()

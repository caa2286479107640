"""Do reactions of a trained network foretell what it loses when it is really made smaller?

    python -m benchmarks.probing     # some six minutes on one core

Small networks of the design space are trained shortly on elpv and probed. Then single decisions are really
changed (a block less, a narrower stage, a narrower inside of a block) and the smaller networks trained as
the first ones were. Each change has a reaction: of the block that goes, or of the blocks that get narrower.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

import numpy as np
import torch
from scipy.stats import spearmanr

from attendnets.cost import cost
from attendnets.data import Augmentation, DataSet, PixelCache, open_data_set
from attendnets.exploration.decisions import Decisions
from attendnets.exploration.probing import affordable_images, probe
from attendnets.exploration.record import Reaction
from attendnets.exploration.short_training import ShortTrainer, initialised, preprocessing_of
from attendnets.exploration.space import DesignSpace
from attendnets.spec import NetworkSpec, digest
from attendnets.training import Recipe
from benchmarks.record import write_record

IMAGE_PIXELS = 48
MACS = (150_000, 700_000)
TRAINING_IMAGES = 800
SEED = 0


@dataclass(frozen=True)
class Change:
    """One decision of a network at its next smaller value, and the blocks and stimulus that foretell it."""

    decision: str
    kind: Literal["depth", "width"]
    point: Decisions
    parts: tuple[str, ...]
    stimulus: Literal["ablate", "halve"]


@dataclass(frozen=True)
class Pair:
    """A change's reaction, and what came of it. Losses in nats; shares of the multiply-adds, from 0 to 1."""

    network: int
    decision: str
    kind: str
    reaction: float
    macs_share: float
    saved_share: float
    loss_change: float


def changes(space: DesignSpace, point: Decisions) -> Iterator[Change]:
    """All single steps down from ``point`` that make its network another one."""
    base = digest(space.network(point))
    for change in _steps_down(space, point):
        if digest(space.network(change.point)) != base:
            yield change


def _steps_down(space: DesignSpace, point: Decisions) -> Iterator[Change]:
    stages = max(space.stages)
    count = cast("int", point["stages"])
    for row in range(stages - count, stages):
        place, depth = row - (stages - count), cast("int", point[f"depth{row}"])
        blocks = tuple(f"stages.{place}.{position}" for position in range(depth))
        if smaller := _smaller(space, point, f"depth{row}"):
            yield Change(f"depth{row}", "depth", smaller, blocks[-1:], "ablate")
        if point[f"kind{row}"] in ("pepe", "visual_condenser"):
            for position, block in enumerate(blocks):
                if smaller := _smaller(space, point, name := f"ratio{row}_{position}"):
                    yield Change(name, "width", smaller, (block,), "halve")
        elif smaller := _smaller(space, point, f"width{row}"):
            yield Change(f"width{row}", "width", smaller, blocks, "halve")


def _smaller(space: DesignSpace, point: Decisions, name: str) -> Decisions | None:
    values = space.choices()[name]
    at = values.index(point[name])
    return {**point, name: values[at - 1]} if at else None


def bases(space: DesignSpace, count: int, each: int) -> list[tuple[Decisions, list[Change]]]:
    """``count`` networks of fitting size, each with ``each`` changes, half of them of depth where it can."""
    rng = random.Random(SEED)
    found: list[tuple[Decisions, list[Change]]] = []
    while len(found) < count:
        point = space.draw(rng)
        possible = list(changes(space, point))
        if MACS[0] <= cost(space.network(point)).macs <= MACS[1] and len(possible) >= each:
            rng.shuffle(possible)
            depths = [change for change in possible if change.kind == "depth"][: each // 2]
            others = [change for change in possible if change not in depths]
            found.append((point, [*depths, *others[: each - len(depths)]]))
    return found


def measured(data: DataSet, networks: int, each: int, epochs: int) -> dict[str, Any]:
    """Train the networks, twice, and their smaller ones once; figures for the record."""
    space = DesignSpace(channels=data.channels, classes=len(data.classes), sizes=(IMAGE_PIXELS,))
    recipe = Recipe.for_images(len(data.learning.train), data.learning.orientation_free)
    cache = PixelCache(None)
    augmentation = Augmentation.orientation_free()
    train, again = (
        ShortTrainer(data.learning, cache, recipe, augmentation, seed, TRAINING_IMAGES)
        for seed in (SEED, SEED + 1)
    )
    pairs: list[Pair] = []
    spreads, shares, images = [], [], []
    # Processor time: one thread, and whatever else runs beside it.
    started = time.process_time()
    for number, (point, possible) in enumerate(bases(space, networks, each)):
        spec = space.network(point)
        first = train(spec, epochs)
        begun = time.process_time()
        second = again(spec, epochs)
        print(number, f"{time.process_time() - started:.0f} s", len(first.reactions), flush=True)
        spent = time.process_time() - begun
        seconds, count = _probing(train, spec, epochs)
        spreads.append(first.loss - second.loss)
        shares.append(100 * seconds / (spent - seconds))
        images.append(count)
        for change in possible:
            smaller = space.network(change.point)
            loss = train(smaller, epochs).loss
            reaction, share = _foretold(change, first.reactions)
            saved = 1 - cost(smaller).macs / cost(spec).macs
            actual = loss - (first.loss + second.loss) / 2
            pairs.append(Pair(number, change.decision, change.kind, reaction, share, saved, actual))
            print(number, f"{time.process_time() - started:.0f} s", pairs[-1], flush=True)
    return {
        "data": "elpv",
        "training_images": TRAINING_IMAGES,
        "validation_images": len(data.learning.validation),
        "image_pixels": IMAGE_PIXELS,
        "networks": networks,
        "epochs": epochs,
        "minutes": (time.process_time() - started) / 60,
        "probed_images": images,
        "probing_percent_of_training": shares,
        "seed_loss_deviation": math.sqrt(statistics.fmean(s * s for s in spreads) / 2),
        "rows": [
            row(name, pairs, foretold, kind)
            for kind in ("all", "depth", "width")
            for name, foretold in READINGS.items()
        ],
        "pairs": [asdict(pair) for pair in pairs],
    }


def _probing(trainer: ShortTrainer, spec: NetworkSpec, epochs: int) -> tuple[float, int]:
    """Seconds of probing after a training, and its images: weights do not matter for either."""
    training, validation = trainer.tables(preprocessing_of(spec))
    network = initialised(spec, SEED)
    images = affordable_images(network, epochs * len(training))
    started = time.process_time()
    probe(network, validation, SEED, images)
    return time.process_time() - started, images


def _foretold(change: Change, reactions: Sequence[Reaction]) -> tuple[float, float]:
    """Sum of the reactions that belong to ``change``, and of their blocks' shares of multiply-adds."""
    mine = [r for r in reactions if r.part in change.parts and r.stimulus == change.stimulus]
    return sum(r.loss_change for r in mine), sum(r.macs_share for r in mine)


READINGS: dict[str, Callable[[Pair], float]] = {
    "loss change per share of multiply-adds": lambda pair: pair.reaction / pair.macs_share,
    "loss change": lambda pair: pair.reaction,
    "share of multiply-adds alone, without probing": lambda pair: pair.macs_share,
}


def row(name: str, pairs: Sequence[Pair], foretold: Callable[[Pair], float], kind: str) -> dict[str, Any]:
    """Spearman's correlation over all pairs, and of what is left when each network's mean is taken away."""
    chosen = [pair for pair in pairs if kind in ("all", pair.kind)]
    told, actual = [foretold(pair) for pair in chosen], [pair.loss_change for pair in chosen]
    networks = [pair.network for pair in chosen]
    return {
        "reading": name,
        "changes": kind,
        "pairs": len(chosen),
        "spearman": correlation(told, actual, len(chosen)),
        "spearman_within_networks": correlation(
            _centred(told, networks), _centred(actual, networks), len(chosen) - len(set(networks)) + 1
        ),
    }


def correlation(first: Sequence[float], second: Sequence[float], freedom: int) -> dict[str, Any]:
    """Spearman's correlation and its 95 % interval: Fisher's z with the variance of Bonett and Wright (2000).

    ``freedom``: pairs that are independent of each other. Fewer than five have no interval.
    """
    value = float(spearmanr(first, second).statistic)
    if freedom < 5 or not abs(value) < 1:
        return {"value": value, "interval": None}
    half = 1.96 * math.sqrt((1 + value * value / 2) / (freedom - 3))
    return {"value": value, "interval": [math.tanh(math.atanh(value) + side * half) for side in (-1, 1)]}


def _centred(values: Sequence[float], groups: Sequence[int]) -> list[float]:
    members: dict[int, list[float]] = defaultdict(list)
    for value, group in zip(values, groups, strict=True):
        members[group].append(value)
    return [value - float(np.mean(members[group])) for value, group in zip(values, groups, strict=True)]


def main() -> None:
    """Measure, and write results/probing.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--networks", type=int, default=7)
    parser.add_argument("--changes", type=int, default=4, help="of each network")
    parser.add_argument("--epochs", type=int, default=9)
    given = parser.parse_args()
    torch.set_num_threads(1)
    figures = measured(open_data_set("elpv"), given.networks, given.changes, given.epochs)
    command = f"--networks {given.networks} --changes {given.changes} --epochs {given.epochs}"
    path = write_record(
        "probing",
        "how well reactions of trained blocks foretell what a smaller network loses",
        figures,
        commands=[f"python -m benchmarks.probing {command}"],
        seed=SEED,
    )
    print(path)
    for line in figures["rows"]:
        print(line)


if __name__ == "__main__":
    main()

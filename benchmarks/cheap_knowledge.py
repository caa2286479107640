"""What can be known of a network before it is fully trained? Rank correlations with full training, on elpv.

    python -m benchmarks.cheap_knowledge --runs KEPT     # about twenty minutes on one core

Small networks drawn from the design space are trained on the study's three rungs; scores of their untrained
selves, and the lower rungs, are held against the highest. Neighbours of some of them are trained from new
weights and from their parent's. Trainings are kept in KEPT: the same command goes on after a break, and one
that asks for more networks goes on from there.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from attendnets import atomic
from attendnets.cost import cost
from attendnets.data import Augmentation, DataSet, PixelCache, PixelTable, TrainingBatches, open_data_set
from attendnets.errors import UsageError
from attendnets.exploration.decisions import Decisions
from attendnets.exploration.evaluation import ShortTraining
from attendnets.exploration.screening import Screen
from attendnets.exploration.short_training import initialised, preprocessing_of, train_from
from attendnets.exploration.space import DesignSpace
from attendnets.requirements import Requirements
from attendnets.spec import NetworkSpec, digest
from attendnets.training import Recipe
from benchmarks.inheritance import inherit
from benchmarks.knowledge_figures import SCORES, drawn_rows, neighbour_rows
from benchmarks.record import write_record
from benchmarks.zero_cost import gradient_norm, naswot, synflow

REQUIREMENTS = ("weights<=60KB",)
CHANGES = 2
COUNTED = ("networks", "parents", "children")
SEED = 0


@dataclass(frozen=True)
class Plan:
    """How much is measured: ``networks`` are drawn, the first ``parents`` of them have ``children`` each.

    ``epochs``: the rungs, the last of them counts as full training.
    ``training_images`` of the training split are learned from; the others up to ``validation_images`` join
    the validation split, since what is measured there is what everything is compared with.
    """

    networks: int = 20
    parents: int = 5
    children: int = 3
    epochs: tuple[int, ...] = (3, 9, 27)
    training_images: int = 800
    validation_images: int = 800
    side: int = 48
    depths: tuple[int, ...] = (1, 2)
    largest_macs: float = 1e6
    batch: int = 64


@dataclass(frozen=True)
class Child:
    """A neighbour of drawn network ``parent``: the decisions that differ, and its network."""

    parent: int
    changed: tuple[str, ...]
    spec: NetworkSpec


def drawn(space: DesignSpace, accept: Callable[[NetworkSpec], bool], count: int) -> list[Decisions]:
    """Points of ``count`` networks, all different, that ``accept`` lets pass."""
    rng, seen, points = random.Random(f"networks/{SEED}"), set[str](), list[Decisions]()
    while len(points) < count:
        point = space.draw(rng)
        network = space.network(point)
        if accept(network) and digest(network) not in seen:
            seen.add(digest(network))
            points.append(point)
    return points


def children(
    space: DesignSpace, accept: Callable[[NetworkSpec], bool], points: list[Decisions], plan: Plan
) -> list[Child]:
    """Networks beside the first ``plan.parents`` points: one or two decisions that matter there differ."""
    seen, found = {digest(space.network(point)) for point in points[: plan.parents]}, list[Child]()
    for parent, number in itertools.product(range(plan.parents), range(plan.children)):
        # A plan of more networks has all of a smaller one's.
        rng = random.Random(f"children/{SEED}/{parent}/{number}")
        origin = space.canonical(points[parent])
        while True:
            point = space.canonical(space.mutate(origin, rng, 1 + rng.randrange(CHANGES)))
            network = space.network(point)
            if digest(network) not in seen and accept(network):
                break
        seen.add(digest(network))
        found.append(Child(parent, tuple(name for name in point if point[name] != origin[name]), network))
    return found


@dataclass(frozen=True)
class Trainings:
    """Trains, and keeps what came out in ``folder``."""

    folder: Path
    training: PixelTable
    validation: PixelTable
    recipe: Recipe

    def __call__(
        self, spec: NetworkSpec, epochs: int, parent: NetworkSpec | None = None, parent_epochs: int = 0
    ) -> dict[str, Any]:
        """``ShortTraining`` as a dictionary, its seconds those of the processor.

        With ``parent`` from the weights that this had after ``parent_epochs``; what share was inherited.
        """
        origin = "new" if parent is None else f"{digest(parent)}_{parent_epochs}"
        path = self.folder / f"{digest(spec)}_{epochs}_{origin}.json"
        if not path.exists():
            network = initialised(spec, SEED)
            share = 0.0
            if parent is not None:
                share = inherit(network, load_file(self._weights(parent, parent_epochs)))
            started = time.process_time()
            augmentation = Augmentation.orientation_free()
            result = train_from(
                network, epochs, self.training, self.validation, self.recipe, augmentation, SEED
            )
            # Of the processor: other work of the machine does not count.
            result = replace(result, seconds=time.process_time() - started)
            tensors = {name: value.contiguous() for name, value in network.state_dict().items()}
            if parent is None:
                atomic.write_bytes(self._weights(spec, epochs), save(tensors))
            atomic.write_json(path, {**asdict(result), "inherited_share": share})
            _told(spec, epochs, origin, result)
        found: dict[str, Any] = msgspec.json.decode(path.read_bytes())
        return found

    def _weights(self, spec: NetworkSpec, epochs: int) -> Path:
        return self.folder / f"{digest(spec)}_{epochs}.safetensors"


def _told(spec: NetworkSpec, epochs: int, origin: str, result: ShortTraining) -> None:
    print(
        f"{digest(spec)} {epochs} epochs from {origin}: {result.loss:.4f} (error {result.loss_error:.4f}), "
        f"{result.top1_percent:.1f} %, {result.seconds:.1f} s",
        flush=True,
    )


def untrained_scores(spec: NetworkSpec, pixels: Tensor, labels: Tensor) -> dict[str, dict[str, float]]:
    """Every score of ``SCORES``: its value, and the processor's seconds (the best of three)."""
    price = cost(spec)
    of: dict[str, Callable[[], float]] = {
        "parameters": lambda: price.parameters,
        "multiply-adds": lambda: price.macs,
        "blocks": lambda: sum(len(stage.blocks) for stage in spec.stages),
        "gradient norm": lambda: gradient_norm(initialised(spec, SEED), pixels, labels),
        "SynFlow": lambda: synflow(initialised(spec, SEED), pixels),
        "NASWOT": lambda: naswot(initialised(spec, SEED), pixels),
    }
    found = {}
    for name in SCORES:
        seconds = []
        for _ in range(3):
            started = time.process_time()
            value = float(of[name]())
            seconds.append(time.process_time() - started)
        found[name] = {"value": value, "seconds": min(seconds)}
    return found


def tables(data: DataSet, plan: Plan, folder: Path) -> tuple[PixelTable, PixelTable]:
    """Images to learn from and to measure on, ``plan`` says how many; none of the test split."""
    learning = data.learning
    order = np.random.default_rng(SEED).permutation(len(learning.train))
    train = tuple(learning.train[i] for i in sorted(order[: plan.training_images]))
    more = max(0, plan.validation_images - len(learning.validation))
    joined = order[plan.training_images : plan.training_images + more]
    validation = (*learning.validation, *(learning.train[i] for i in sorted(joined)))
    spec = DesignSpace(data.channels, len(data.classes), sizes=(plan.side,))
    preprocessing = preprocessing_of(spec.network(spec.smallest()))
    cache = PixelCache(folder)
    return cache.table(train, preprocessing), cache.table(validation, preprocessing)


def measured(plan: Plan, folder: Path) -> dict[str, Any]:
    """All trainings and scores, and the rows that follow. ``folder`` keeps what is finished.

    Raises UsageError for a folder of another plan.
    """
    data = open_data_set("elpv", seed=SEED)
    folder.mkdir(parents=True, exist_ok=True)
    training, validation = tables(data, plan, folder)
    recipe = Recipe.for_images(len(training), orientation_free=data.learning.orientation_free)
    setting = _setting(plan, data, training, validation, recipe)
    _belongs(folder / "setting.json", {name: setting[name] for name in setting if name not in COUNTED})
    # The space of the data, with networks small enough that dozens are trained in minutes.
    whole = DesignSpace.for_data(data.check.sizes, data.channels, len(data.classes))
    space = replace(whole, sizes=(plan.side,), depths=plan.depths)
    screen = Screen(Requirements.parse(REQUIREMENTS), plan.largest_macs)
    points = drawn(space, screen, plan.networks)
    specs = [space.network(point) for point in points]
    neighbours = children(space, screen, points, plan)
    train = Trainings(folder, training, validation, recipe)
    pixels, labels = next(TrainingBatches(training, plan.batch, Augmentation(), SEED).epoch(1))
    networks = [
        {
            "network": digest(spec),
            "kinds": [type(stage.blocks[0]).__name__.removesuffix("Spec") for stage in spec.stages],
            "scores": untrained_scores(spec, pixels, labels),
            "trained": {str(epochs): train(spec, epochs) for epochs in plan.epochs},
        }
        for spec in specs
    ]
    first, last = plan.epochs[0], plan.epochs[-1]
    offspring = [
        {
            "network": digest(child.spec),
            "parent": child.parent,
            "changed": child.changed,
            "scores": untrained_scores(child.spec, pixels, labels),
            "full": train(child.spec, last),
            "new": train(child.spec, first),
            "from_full": train(child.spec, first, specs[child.parent], last),
            "from_short": train(child.spec, first, specs[child.parent], first),
        }
        for child in neighbours
    ]
    return {
        "setting": setting,
        "rows": drawn_rows(networks, plan.epochs, SEED),
        "neighbours": neighbour_rows(offspring, networks, plan.epochs, SEED),
        "networks": networks,
        "children": offspring,
    }


def _setting(
    plan: Plan, data: DataSet, training: PixelTable, validation: PixelTable, recipe: Recipe
) -> dict[str, Any]:
    """All that decides the outcome, as it is read back from a file."""
    decided = {
        **asdict(plan),
        "data": data.digest,
        "requirements": REQUIREMENTS,
        "training_images": len(training),
        "validation_images": len(validation),
        "threads": torch.get_num_threads(),
        "recipe": recipe,
        "seed": SEED,
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(decided))
    return plain


def _belongs(path: Path, setting: Mapping[str, Any]) -> None:
    if not path.exists():
        atomic.write_json(path, setting)
    elif msgspec.json.decode(path.read_bytes()) != setting:
        raise UsageError(f"{path} is of other networks or trainings: give another folder to --runs.")


def main() -> None:
    """Measure, and write results/cheap_knowledge.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, help="where finished trainings are kept")
    for name in COUNTED:
        parser.add_argument(f"--{name}", type=int, default=getattr(Plan, name))
    given = parser.parse_args()
    plan = Plan(**{name: getattr(given, name) for name in COUNTED})
    asked = "".join(f" --{name} {getattr(plan, name)}" for name in COUNTED)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        figures = measured(plan, given.runs or Path(temporary))
    path = write_record(
        "cheap_knowledge",
        "how far scores of untrained networks, short trainings and inherited weights order networks as full "
        "training does",
        figures,
        commands=[f"python -m benchmarks.cheap_knowledge{asked}"],
        seed=SEED,
    )
    for row in (*figures["rows"], *figures["neighbours"]["rows"], *figures["neighbours"]["scores"]):
        print(row)
    print(path)


if __name__ == "__main__":
    main()

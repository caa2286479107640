"""Trainings of small networks under one recipe, one a seed, and what their accuracies say together."""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from attendnets.data import Augmentation
from attendnets.errors import AttendnetsError, UsageError
from attendnets.exploration.short_training import initialised
from attendnets.spec import NetworkSpec, digest
from attendnets.statistics import wilson_interval
from attendnets.training import Budget, Recipe, predict_logits, train
from benchmarks.image_subset import Part, Tables, load
from benchmarks.record import read_record, write_record

Run: TypeAlias = dict[str, Any]
"""One training: "name", "seed", "seconds", "top1_percent" and what else its comparison measures."""

AUGMENTATION = Augmentation(horizontal_flip=True, translate=0.1)

# Student's t at 97.5 %, by degrees of freedom.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
MOST_SEEDS = 1 + len(_T)
"""Of which an interval is known."""


def trained(spec: NetworkSpec, seed: int, tables: Tables, epochs: int) -> tuple[nn.Module, Run]:
    """The network after ``epochs`` from the weights of ``seed``, and its run: figures of the test images.

    ``right`` holds a bit an image, as hexadecimal digits: which of the test images it got right.
    """
    network = initialised(spec, seed)
    started = time.perf_counter()
    record = train(
        network,
        tables.train,
        tables.validation,
        recipe=Recipe.for_images(len(tables.train)),
        budget=Budget(epochs=epochs),
        augmentation=AUGMENTATION,
        seed=seed,
    )
    seconds = time.perf_counter() - started
    right = predict_logits(network, tables.test).argmax(1) == tables.test.labels
    return network, {
        "network": digest(spec),
        "seed": seed,
        "best_epoch": record.best_epoch,
        "validation_top1_percent": record.validation_top1_percent,
        "seconds": seconds,
        **accuracy_figures(right),
    }


def accuracy_figures(right: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Accuracy on the test images, its Wilson interval, and the images themselves as bits."""
    return {
        "top1_percent": 100 * int(right.sum()) / len(right),
        "top1_interval_percent": list(wilson_interval(int(right.sum()), len(right))),
        "right": np.packbits(right).tobytes().hex(),
    }


def right_of(run: Mapping[str, Any], images: int) -> npt.NDArray[np.bool_]:
    """Which of the ``images`` test images a run got right."""
    packed = np.frombuffer(bytes.fromhex(run["right"]), np.uint8)
    return np.unpackbits(packed, count=images).astype(np.bool_)


def over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """Mean and its 95 % interval by Student's t: how much another draw of seeds may change it.

    One value alone has no interval. Raises UsageError for no values or more than ten.
    """
    if not 1 <= len(values) <= MOST_SEEDS:
        raise UsageError(f"{len(values)} seeds: give 1 to {MOST_SEEDS}.")
    mean = statistics.fmean(values)
    if len(values) == 1:
        return {"mean": mean, "interval": None}
    half = _T[len(values) - 2] * statistics.stdev(values) / math.sqrt(len(values))
    return {"mean": mean, "interval": [mean - half, mean + half]}


def setting(tables: Tables, epochs: int, seeds: int, networks: Mapping[str, NetworkSpec]) -> dict[str, Any]:
    """All that decides the outcome of the runs, as it is read back from a record."""
    decided = {
        **tables.facts,
        "epochs": epochs,
        "seeds": seeds,
        "threads": torch.get_num_threads(),
        "recipe": Recipe.for_images(len(tables.train)),
        "augmentation": AUGMENTATION,
        "networks": {name: digest(spec) for name, spec in networks.items()},
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(decided))
    return plain


@dataclass(frozen=True)
class Comparison:
    """Networks under names, trained alike on seeds; ``name`` and ``claim`` are those of the record.

    ``run`` is one training (specification, seed, tables, epochs), ``rows`` what runs say, a row a network.
    """

    name: str
    claim: str
    run: Callable[[NetworkSpec, int, Tables, int], dict[str, Any]]
    rows: Callable[[Mapping[str, NetworkSpec], Sequence[Run], int], list[dict[str, Any]]]

    def __call__(
        self,
        networks: Mapping[str, NetworkSpec],
        tables: Tables,
        *,
        epochs: int,
        seeds: int,
        command: str,
        progress: Callable[[str], None] = print,
    ) -> dict[str, Any]:
        """Train, seed by seed, what the record does not hold yet; it is written after each training."""
        decided = setting(tables, epochs, seeds, networks)
        record = read_record(self.name)
        kept = record is not None and record.figures["setting"] == decided
        runs: list[Run] = list(record.figures["runs"]) if record is not None and kept else []
        done = {(run["name"], run["seed"]) for run in runs}
        for seed, (name, spec) in itertools.product(range(seeds), networks.items()):
            if (name, seed) not in done:
                runs.append({"name": name, **self.run(spec, seed, tables, epochs)})
                found = self._figures(decided, networks, runs)
                write_record(self.name, self.claim, found, commands=[command], seed=0)
                progress(f"{name}, seed {seed}: {runs[-1]['top1_percent']:.2f} %")
        return self._figures(decided, networks, runs)

    def _figures(
        self, decided: Mapping[str, Any], networks: Mapping[str, NetworkSpec], runs: Sequence[Run]
    ) -> dict[str, Any]:
        trained_names = {run["name"] for run in runs}
        begun = {name: spec for name, spec in networks.items() if name in trained_names}
        return {
            "setting": dict(decided),
            "finished": len(runs) == len(networks) * decided["seeds"],
            "minutes": sum(run["seconds"] for run in runs) / 60,
            "rows": self.rows(begun, runs, decided["test_images"]),
            "runs": list(runs),
        }


def from_command_line(
    comparison: Comparison, networks: Callable[[Tables, int], Mapping[str, NetworkSpec]], about: str | None
) -> None:
    """Run ``comparison`` as its command says; ``networks`` makes them for tables and parameters."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="train/ and test/ with a folder a class")
    sizes = {
        "seeds": (3, "trainings of each network"),
        "epochs": (12, "of each training"),
        "classes": (Part.classes, "the first of the folder"),
        "images": (Part.training, "training images a class"),
        "test-images": (Part.test, "a class"),
        "side": (Part.side, "pixels"),
        "parameters": (70_000, "of each network"),
    }
    for name, (default, told) in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{told} (default {default})")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    part = Part(classes=given.classes, training=given.images, test=given.test_images, side=given.side)
    asked = "".join(f" --{name} {getattr(given, name.replace('-', '_'))}" for name in sizes)
    try:
        tables = load(given.folder, part)
        found = comparison(
            networks(tables, given.parameters),
            tables,
            epochs=given.epochs,
            seeds=given.seeds,
            command=f"python -m benchmarks.{comparison.name} {given.folder.resolve().name}{asked}",
        )
    except AttendnetsError as error:
        raise SystemExit(str(error)) from error
    print(f"{found['minutes']:.1f} minutes of training")

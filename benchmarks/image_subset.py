"""A seeded part of a folder of images with splits, as tables of pixels: what minutes are enough for."""

from __future__ import annotations

import random
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attendnets.data import IMAGE_SUFFIXES, PixelCache, PixelTable, Preprocessing, open_data_set
from attendnets.data.dataset import Split
from attendnets.data.split_names import SPLIT_NAMES
from attendnets.errors import DataError
from attendnets.spec import InputSpec


@dataclass(frozen=True)
class Part:
    """How much of a folder is used: the first ``classes``, and images a class; ``side`` in pixels."""

    classes: int = 10
    training: int = 500
    validation: int = 100
    test: int = 500
    side: int = 32
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Tables:
    """Decoded images of each split; ``facts`` says for a record what they are."""

    image: InputSpec
    classes: tuple[str, ...]
    train: PixelTable
    validation: PixelTable
    test: PixelTable
    facts: dict[str, Any]


def load(folder: Path, part: Part) -> Tables:
    """``part`` of ``folder``, which has train and test folders with a folder a class in each.

    Where there is no validation folder, its images come out of train. Raises DataError where folders or
    classes are missing, and as :func:`attendnets.data.open_data_set`.
    """
    with tempfile.TemporaryDirectory() as name:
        copied = Path(name) / folder.resolve().name
        copy_part(folder, copied, part)
        data = open_data_set(copied)
        pixels = Preprocessing(channels=data.channels, height=part.side, width=part.side)
        cache = PixelCache(None)
        train, validation, test = (
            cache.table(samples, pixels)
            for samples in (data.learning.train, data.learning.validation, data.test.open())
        )
    image = InputSpec(channels=data.channels, height=part.side, width=part.side)
    facts = {
        "data": folder.resolve().name,
        "data_digest": data.digest,
        "classes": list(data.classes),
        "training_images": len(train),
        "validation_images": len(validation),
        "test_images": len(test),
        "image_pixels": part.side,
        "subset_seed": part.seed,
    }
    return Tables(image, data.classes, train, validation, test, facts)


def copy_part(folder: Path, target: Path, part: Part) -> None:
    """Copy ``part`` of ``folder`` to ``target``, with the splits train, validation and test."""
    splits = _splits(folder)
    for missing in {"train", "test"} - splits.keys():
        raise DataError(f"{folder} has no {missing} folder: give one with train and test folders.")
    classes = sorted(path.name for path in splits["train"].iterdir() if path.is_dir())[: part.classes]
    if len(classes) < 2:
        raise DataError(f"{splits['train']} has {len(classes)} class folders: two at least are needed.")
    wanted: dict[Split, int] = {"train": part.training, "validation": part.validation, "test": part.test}
    for name in classes:
        drawn = {split: _drawn(place / name, f"{part.seed}/{name}") for split, place in splits.items()}
        if "validation" not in drawn:
            drawn["validation"] = drawn["train"][part.training :]
        for split, count in wanted.items():
            if not drawn[split]:
                raise DataError(f"{folder}: class {name} has no {split} images: give a folder that has some.")
            place = target / split / name
            place.mkdir(parents=True)
            for file in drawn[split][:count]:
                shutil.copyfile(file, place / file.name)


def _splits(folder: Path) -> dict[Split, Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder: give one with train and test folders.")
    places = sorted(path for path in folder.iterdir() if path.is_dir() and path.name.lower() in SPLIT_NAMES)
    return {SPLIT_NAMES[path.name.lower()]: path for path in places}


def _drawn(folder: Path, seed: str) -> list[Path]:
    """All images of a class in the order of a seeded draw."""
    if not folder.is_dir():
        return []
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    return random.Random(seed).sample(files, len(files))

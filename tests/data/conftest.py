"""Small image sets, drawn with numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MakeFolder = Callable[..., Path]


def noise_image(seed: int, colour: bool = True, side: int = 12) -> Image.Image:
    """Random pixels: no two seeds give the same file."""
    shape = (side, side, 3) if colour else (side, side)
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Make a folder from {"train/cat": 5, ...}: that many different PNG images each; returns the folder."""
    made = 0

    def make(images: Mapping[str, int], name: str = "pets", colour: bool = True) -> Path:
        nonlocal made
        root = tmp_path / name
        for folder, count in images.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            for number in range(count):
                made += 1
                noise_image(made, colour).save(root / folder / f"{number:03d}.png")
        return root

    return make

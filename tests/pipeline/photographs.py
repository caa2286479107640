"""Small colour pictures of three kinds that a small network can tell apart, made from a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

KINDS = ("discs", "squares", "stripes")


def write_photographs(folder: Path, per_class: int = 40, side: int = 48, seed: int = 0) -> Path:
    """Class folders of PNG files of ``side`` pixels; returns ``folder``."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    for kind in KINDS:
        (folder / kind).mkdir(parents=True)
        for number in range(per_class):
            centre, radius = rng.uniform(side * 0.35, side * 0.65, 2), rng.uniform(side * 0.15, side * 0.3)
            y, x = rows - centre[0], columns - centre[1]
            if kind == "discs":
                mask = y**2 + x**2 < radius**2
            elif kind == "squares":
                mask = np.maximum(abs(y), abs(x)) < radius
            else:
                mask = np.sin(x * 2 * np.pi / radius) > 0
            background, colour = rng.uniform(20, 110, 3), rng.uniform(140, 235, 3)
            pixels = np.where(mask[..., None], colour, background) + rng.normal(0, 12, (side, side, 3))
            image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            image.save(folder / kind / f"{number:03d}.png")
    return folder

"""Pictures with structure at every scale, as photographs have it, drawn with numpy."""

from __future__ import annotations

import numpy as np
from PIL import Image


def scene(seed: int, width: int = 200, height: int = 160) -> Image.Image:
    """Coloured clouds over coarse and fine shapes: no two seeds look alike."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float64)
    for side, strength in ((3, 60), (6, 40), (12, 30), (24, 20), (48, 12)):
        grains = Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8))
        large = np.asarray(grains.resize((width, height), Image.Resampling.BICUBIC), np.float64)
        picture += strength * (large / 127.5 - 1)
    return Image.fromarray(np.clip(picture + 128, 0, 255).astype(np.uint8))


def solar_cell(seed: int, side: int = 200) -> Image.Image:
    """A bright plate with the same dark edge and bars for every seed, and faint grain of its own."""
    rng = np.random.default_rng(seed)
    plate = 190 + rng.normal(0, 5, (side, side))
    plate[: side // 20] = plate[-side // 20 :] = 60
    for bar in (side // 4, side // 2, 3 * side // 4):
        plate[bar : bar + side // 40] = 40
    blemish = Image.fromarray(rng.integers(0, 12, (10, 10), dtype=np.uint8))
    plate -= np.asarray(blemish.resize((side, side), Image.Resampling.BICUBIC), np.float64)
    return Image.fromarray(np.clip(plate, 0, 255).astype(np.uint8))

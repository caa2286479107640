"""What a picture looks like, in a kilobyte: small grey pixels and a 64-bit hash of their coarse shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

#: Side of the small grey picture that hashes and first comparisons are made of.
SIDE = 32
_FREQUENCIES = 8


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """A picture stretched to 32x32 grey pixels, uint8 ``(32, 32)``, and its perceptual hash."""

    pixels: npt.NDArray[np.uint8]
    hash: int


def thumbnail(image: Image.Image) -> Thumbnail:
    """The thumbnail of an upright "L" or "RGB" image."""
    small = np.array(shrink(image, SIDE))
    return Thumbnail(small, perceptual_hash(small))


def shrink(image: Image.Image, side: int) -> Image.Image:
    """Grey, ``side`` x ``side`` pixels: areas averaged where it gets smaller."""
    # Made small before it is made grey, as that is less to convert.
    box = Image.Resampling.BOX if min(image.size) >= side else Image.Resampling.BILINEAR
    return image.resize((side, side), box).convert("L")


def perceptual_hash(pixels: npt.NDArray[np.uint8]) -> int:
    """64 bits, most of which two versions of one picture have in common; pixels are uint8 ``(32, 32)``.

    Each bit says whether one of the 8 x 8 lowest frequencies of the cosine transform lies above their
    median (pHash). Brightness and contrast hardly matter to it, size and compression neither.
    """
    low = _COSINES @ pixels.astype(np.float64) @ _COSINES.T
    low[0, 0] = 0.0
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")


def _cosines() -> npt.NDArray[np.float64]:
    frequency, place = np.mgrid[0:_FREQUENCIES, 0:SIDE]
    return np.asarray(np.cos(np.pi * frequency * (2 * place + 1) / (2 * SIDE)), np.float64)


_COSINES = _cosines()

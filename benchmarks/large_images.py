"""Sound images just under the limits of size, of the formats and modes that take most memory to decode."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from attendnets.data.decode import LARGEST_IMAGE_PIXELS

_SIDE = int(LARGEST_IMAGE_PIXELS**0.5) - 8
# WebP has a lower limit of its own.
_WEBP_SIDE = 6920
_BESIDE_SIDE = 2820
_TURNED = 6


def write_large_images(folder: Path) -> tuple[str, ...]:
    """Write them to ``folder``; returns their names.

    There are two of each, and beside each an image that is just not large (for which no thread waits), so
    that two threads meet whatever may come together.
    """
    folder.mkdir(parents=True)
    turned = Image.Exif()
    turned[274] = _TURNED
    colour = _canvas("RGB", _SIDE)
    colour.save(folder / "turned.jpg", exif=turned)
    colour.convert("CMYK").save(folder / "progressive-cmyk.jpg", progressive=True, subsampling=0)
    colour.putalpha(100)
    # One strip, packed: the decoder holds it whole; and unpacked, as large as a file may be.
    colour.save(folder / "one-strip.tif", compression="tiff_deflate", tiffinfo={278: _SIDE})
    colour.save(folder / "turned-unpacked.tif", exif=turned)
    colour.save(folder / "turned.png", compress_level=1, exif=turned)
    colour.save(folder / "alpha.bmp")
    del colour
    _canvas("RGBA", _WEBP_SIDE).save(folder / "alpha.webp", lossless=True, method=0, quality=0)
    palette = _canvas("P", _SIDE)
    palette.save(folder / "palette.gif")
    palette.save(folder / "palette.png", transparency=bytes(range(256)))
    wide = np.asarray(palette).astype(np.uint16) * 257
    del palette
    Image.fromarray(wide).save(folder / "wide.png", compress_level=1)
    Image.fromarray(wide).save(folder / "wide.pgm")
    Image.fromarray(wide.astype(np.int32)).save(folder / "wide.tif")
    names = sorted(path.name for path in folder.iterdir())
    beside = folder / "beside.webp"
    _canvas("RGBA", _BESIDE_SIDE).save(beside, lossless=True, method=0, quality=0)
    for name in names:
        # Other names of the same bytes cost no disk and are read again.
        (folder / f"again-{name}").hardlink_to(folder / name)
        (folder / f"{name}-beside.webp").hardlink_to(beside)
    return tuple(sorted(path.name for path in folder.iterdir()))


def _canvas(mode: str, side: int) -> Image.Image:
    image = Image.new(mode, (side, side))
    patch = Image.effect_noise((512, 512), 60).convert("RGB").convert(mode)
    for top in range(0, side, 2048):
        for left in range(0, side, 2048):
            image.paste(patch, (left, top))
    return image

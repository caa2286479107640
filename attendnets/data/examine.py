"""One pass over the files of a data set: every file is read, hashed and decoded once, and then let go."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image

from attendnets.data.decode import (
    BadImage,
    Fault,
    flatten,
    load,
    open_file,
    open_image,
    quiet_pillow,
    upright,
    upright_size,
)
from attendnets.data.folder import Record
from attendnets.data.perceptual_hash import Thumbnail, thumbnail
from attendnets.data.pixels import DECODING_THREADS

# JPEGs are decoded for the check at no less than this size: all their data is read and colour shows, but
# large photographs take a fraction of the time.
_DRAFT_SIZE = (256, 256)
_BAND_ROWS = 512


@dataclass(frozen=True)
class Examined:
    """A usable image: what is kept of it, about a kilobyte and a half.

    ``content`` is the SHA-256 of its bytes, ``format`` and ``mode`` are Pillow's names, ``size`` is (width,
    height) of the upright picture. ``turned`` says that EXIF data turns it, ``frames`` that there are more
    than the first, ``grey`` that no pixel has a colour.
    """

    record: Record
    content: str
    format: str
    mode: str
    size: tuple[int, int]
    turned: bool
    frames: bool
    grey: bool
    thumbnail: Thumbnail


@dataclass(frozen=True)
class Unusable:
    """An image that cannot be used, and why: for programs and for people."""

    record: Record
    kind: Fault
    reason: str


def examine(
    records: Sequence[Record], progress: Callable[[int, int], None] | None = None
) -> tuple[tuple[Examined, ...], tuple[Unusable, ...]]:
    """Read every file once: the usable images and the others, each in the records' order.

    ``progress`` is called with (files done, files in all).
    """
    usable: list[Examined] = []
    unusable: list[Unusable] = []
    with quiet_pillow(), ThreadPoolExecutor(DECODING_THREADS) as pool:
        for done, result in enumerate(pool.map(_examine_one, records), 1):
            if isinstance(result, Examined):
                usable.append(result)
            else:
                unusable.append(result)
            if progress is not None and (done % 64 == 0 or done == len(records)):
                progress(done, len(records))
    return tuple(usable), tuple(unusable)


def _examine_one(record: Record) -> Examined | Unusable:
    try:
        # All of it inside: while a large image is open, no other is.
        with open_file(record.path) as (data, image):
            size = upright_size(image)
            mode, file_format = image.mode, image.format or ""
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) in range(2, 9)
            image.draft(None, _DRAFT_SIZE)
            flat = flatten(upright(load(image)))
            return Examined(
                record,
                hashlib.sha256(data).hexdigest(),
                file_format,
                mode,
                size,
                turned,
                _has_more_frames(data, file_format),
                _is_grey(flat),
                thumbnail(flat),
            )
    except BadImage as error:
        return Unusable(record, error.kind, str(error))


def _has_more_frames(data: bytes, file_format: str) -> bool:
    if file_format not in ("GIF", "TIFF", "WEBP", "PNG"):
        return False
    # Opened again, as looking for a second frame moves the place in the file.
    try:
        return bool(getattr(open_image(data), "is_animated", False))
    except (BadImage, OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError):
        # What comes after the first frame is never used; that it is broken matters to nobody.
        return True


def _is_grey(image: Image.Image) -> bool:
    """Whether an "L" or "RGB" image has no colour anywhere."""
    if image.mode == "L":
        return True
    # A coarse look first: nearly every colour picture ends here. Then in bands, as copies take memory.
    step = max(1, min(image.size) // 16)
    if not _all_grey(np.asarray(image.resize((image.width // step, image.height // step), 0))):
        return False
    return all(
        _all_grey(np.asarray(image.crop((0, top, image.width, min(top + _BAND_ROWS, image.height)))))
        for top in range(0, image.height, _BAND_ROWS)
    )


def _all_grey(values: np.ndarray) -> bool:
    first = values[..., 0]
    return bool((first == values[..., 1]).all() and (first == values[..., 2]).all())

"""From an image file to the pixels that a network takes: one way, said in words, for every mode of file."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from attendnets.errors import DataError

Pixels = npt.NDArray[np.uint8]

#: Extensions (lower case) of the files that are taken for images.
IMAGE_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm",
     ".pbm", ".pnm")
)  # fmt: skip

#: An image that declares more pixels than this is refused before it is decoded.
LARGEST_IMAGE_PIXELS = 100_000_000

# Named, because Pillow's other plugins start programs (EPS) or open what nobody photographs with.
_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "GIF", "TIFF", "WEBP", "PPM")

# What Pillow's decoders are known to raise on broken files.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError,
    struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class Preprocessing:
    """How an image file becomes ``channels`` x ``height`` x ``width`` pixels (1 channel: grey, 3: RGB)."""

    channels: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise DataError(f"preprocessing: channels is {self.channels}; it must be 1 (grey) or 3 (RGB)")
        if self.height < 1 or self.width < 1:
            raise DataError(
                f"preprocessing: {self.width}x{self.height} pixels (width x height) is no size; use 1 or more"
            )

    def describe(self) -> str:
        """The steps in words, for whoever has to repeat them on a device."""
        colour = (
            "Convert to grey by ITU-R 601: (19595 R + 38470 G + 7471 B + 32768) / 65536, rounded down."
            if self.channels == 1
            else "Use RGB order; grey images repeat their value in the three channels."
        )
        return (
            "Apply the file's EXIF rotation. Scale 16-bit values to 8 bits (divide by 257, round). "
            f"Compose transparent pixels over white. {colour} "
            f"Stretch the whole image to {self.width} x {self.height} pixels (width x height), without "
            "cropping or keeping the aspect ratio, by a triangle filter whose support grows with the "
            "reduction (Pillow's Image.resize with Resampling.BILINEAR; not OpenCV's INTER_LINEAR). "
            "Give the network these values from 0 to 255 as they are: it normalises inside."
        )


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence Pillow's warnings: metadata that no pixel depends on, and sizes below our own limit.

    Warning filters belong to the process, so this goes around a pool of decoding threads, not inside.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL(\.|$)")
        yield


def load_pixels(path: Path, preprocessing: Preprocessing) -> Pixels:
    """Read one image file as ``preprocessing`` says.

    Returns uint8 ``(height, width, channels)``. Raises :class:`DataError` naming the file where it is
    missing, broken, too large (over 100 megapixels) or of a kind whose values have no defined range.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {reading_failure(error)}; correct the path or its permissions") from error
    try:
        image = flatten(upright(load(open_image(data))))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return to_array(image, preprocessing)


def reading_failure(error: OSError) -> str:
    """Why a file could not be read, in a few words."""
    return "no such file" if isinstance(error, FileNotFoundError) else error.strerror or "unreadable"


def open_image(data: bytes) -> Image.Image:
    """Read the header of a file: format, mode and size are known, pixels not yet decoded (:func:`load`).

    Raises :class:`DataError` with the reason, without a file name.
    """
    if not data:
        raise DataError("the file is empty (zero bytes)")
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise DataError(_too_large("far more pixels")) from error
    except UnidentifiedImageError as error:
        raise DataError("not an image that can be read (PNG, JPEG, BMP, GIF, TIFF, WebP, PNM)") from error
    except _DECODER_ERRORS as error:
        raise DataError(f"broken image ({error})") from error
    width, height = image.size
    if width * height > LARGEST_IMAGE_PIXELS:
        raise DataError(_too_large(f"{width}x{height} pixels"))
    return image


def load(image: Image.Image) -> Image.Image:
    """Decode all pixels of an opened image (of its first frame), or raise :class:`DataError`."""
    try:
        image.load()
    except _DECODER_ERRORS as error:
        raise DataError(f"broken or truncated image ({error})") from error
    return image


def _too_large(size: str) -> str:
    return f"declares {size}, over the limit of {LARGEST_IMAGE_PIXELS // 1_000_000} megapixels; not decoded"


def upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF orientation says. May change ``image``."""
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except _DECODER_ERRORS as error:
        raise DataError(f"broken EXIF data ({error}); save the image again without it") from error
    return image


def upright_size(image: Image.Image) -> tuple[int, int]:
    """(width, height) of an opened image as its EXIF orientation will turn it."""
    width, height = image.size
    try:
        lies = image.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
    except _DECODER_ERRORS as error:
        raise DataError(f"broken EXIF data ({error}); save the image again without it") from error
    return (height, width) if lies else (width, height)


def flatten(image: Image.Image) -> Image.Image:
    """An 8-bit image without transparency: mode "L" for grey modes, "RGB" for the others.

    Raises :class:`DataError` for floating-point, wide-integer and LAB images, whose range or colours
    Pillow does not define.
    """
    if image.mode.startswith("I"):
        return _from_wide(image)
    if image.mode in ("L", "RGB") and not image.has_transparency_data:
        return image
    if image.has_transparency_data and image.mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        layered = image.convert("RGBA")
        seen = layered.getchannel("R") if image.mode in ("1", "L", "LA") else layered.convert("RGB")
        white = Image.new(seen.mode, seen.size, "white")
        return Image.composite(seen, white, layered.getchannel("A"))
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("P", "CMYK", "YCbCr", "HSV", "RGBX"):
        return image.convert("RGB")
    raise DataError(f"pixel mode {image.mode} has no defined way to 8 bits; save it as 8-bit grey or RGB")


def _from_wide(image: Image.Image) -> Image.Image:
    wide = np.asarray(image)
    # Pillow reads 16-bit files as "I;16", or as "I" with the same range (PGM); other "I" files have none.
    if image.mode == "I" and (wide.min() < 0 or wide.max() > 65535):
        raise DataError("32-bit pixel values have no defined way to 8 bits; save it as 8- or 16-bit grey")
    narrow = ((wide.astype(np.uint32) + 128) // 257).astype(np.uint8)
    key = image.info.get("transparency")
    if isinstance(key, int):
        narrow[wide == key] = 255
    return Image.fromarray(narrow)


def to_array(image: Image.Image, preprocessing: Preprocessing) -> Pixels:
    """Grey or RGB, stretched to the size asked for: uint8 ``(height, width, channels)``.

    ``image`` is what :func:`flatten` returns.
    """
    if preprocessing.channels == 1 and image.mode != "L":
        image = image.convert("L")
    size = (preprocessing.width, preprocessing.height)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=None)
    if preprocessing.channels == 3 and image.mode != "RGB":
        image = image.convert("RGB")
    return np.array(image, dtype=np.uint8).reshape(preprocessing.height, preprocessing.width, -1)

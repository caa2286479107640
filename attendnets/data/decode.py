"""From an image file to the pixels that a network takes: one way, said in words, for every mode of file."""

from __future__ import annotations

import io
import logging
import os
import stat
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from attendnets.data.bombs import bomb, scans, tag_bomb
from attendnets.errors import DataError

Pixels = npt.NDArray[np.uint8]

#: What is wrong with an image file, for programs.
Fault: TypeAlias = Literal[
    "missing_file", "not_a_file", "unreadable", "empty_file", "not_an_image", "truncated", "broken",
    "too_large", "unsupported_mode",
]  # fmt: skip

#: Extensions (lower case) of the files that are taken for images.
IMAGE_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm",
     ".pbm", ".pnm")
)  # fmt: skip

#: An image that declares more pixels than this is refused before it is decoded.
LARGEST_IMAGE_PIXELS = 64_000_000
#: Nor may a side be longer: work is done in bands of rows, which must stay small.
LONGEST_SIDE = 65_535
#: A larger file is refused before it is read.
LARGEST_FILE_BYTES = 4 * LARGEST_IMAGE_PIXELS

# Beyond this a file is read and decoded while no other such file is: the limits above are for one at a time.
_LARGE_BYTES = 16_000_000
_LARGE_PIXELS = 8_000_000
_one_large_image = threading.RLock()

# Each scan of a JPEG file goes over all its pixels, and takes few bytes where it changes nothing.
_MOST_SCANNED_PIXELS = 50 * LARGEST_IMAGE_PIXELS

# Decoders that take more memory or time for a pixel than the others, by name: they get fewer pixels.
_DEAR_DECODERS = {"WEBP": 48_000_000, "ppm": 8_000_000, "ppm_plain": 8_000_000}

# Pixels that are brought to 8 bits at a time: copies in several modes are needed for each.
_BAND_PIXELS = 1 << 20

# Named, because Pillow's other plugins start programs (EPS) or open what nobody photographs with.
_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "GIF", "TIFF", "WEBP", "PPM")
_SIGNATURES = {
    b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"BM": "BMP", b"GIF8": "GIF", b"II*\0": "TIFF",
    b"MM\0*": "TIFF", b"RIFF": "WebP",
}  # fmt: skip

# Whatever Pillow's decoders raise on broken files; it promises no common base.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, AttributeError,
    AssertionError, RuntimeError, MemoryError, BufferError, struct.error, zlib.error,
    Image.DecompressionBombError,
)  # fmt: skip

# Pillow logs what it also raises; with no handler that would go to standard error.
logging.getLogger("PIL").addHandler(logging.NullHandler())

# Larger than what malloc keeps for later: with Pillow's 16 MiB each thread would hold on to the remains of
# every large image, and memory would grow from one to the next.
Image.core.set_block_size(64 << 20)  # type: ignore[attr-defined]

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class BadImage(DataError):
    """An image file cannot be used. ``kind`` says why to programs, the message to people."""

    def __init__(self, kind: Fault, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


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

    Returns uint8 ``(height, width, channels)``. Raises :class:`BadImage` naming the file where it is
    missing, no regular file, broken, over the limits of size, or of a kind whose values have no defined
    range.
    """
    try:
        with open_file(path) as (_, image):
            return to_array(flatten(upright(load(image))), preprocessing)
    except BadImage as error:
        raise BadImage(error.kind, f"{path}: {error}") from error


def reading_failure(error: OSError) -> str:
    """Why a file could not be read, in a few words."""
    return "no such file" if isinstance(error, FileNotFoundError) else error.strerror or "unreadable"


@contextmanager
def open_file(path: Path) -> Iterator[tuple[bytes, Image.Image]]:
    """The bytes of an image file, and the image with its header read and its pixels not (:func:`load`).

    While a large image is open, other threads wait before they open another: the memory for one is there.
    Only regular files are opened, as reading others may never end. Raises :class:`BadImage` with the
    reason, without the file's name.
    """
    with ExitStack() as turn:
        data = _read(path, turn)
        image = open_image(data)
        if image.width * image.height > _LARGE_PIXELS:
            turn.enter_context(_one_large_image)
        yield data, image


def _read(path: Path, turn: ExitStack) -> bytes:
    try:
        # Before it is opened: opening a device may already do something.
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadImage("not_a_file", "not a regular file (a folder, a device, a pipe)")
        # Not waiting for a writer, should the name belong to a pipe by now.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:
            size_bytes = os.fstat(file.fileno()).st_size
            if size_bytes > _LARGE_BYTES:
                turn.enter_context(_one_large_image)
            # Not more than its size was, as a file may grow, and some claim to be empty.
            data = b"" if size_bytes > LARGEST_FILE_BYTES else file.read(size_bytes + 1)
    except FileNotFoundError as error:
        raise BadImage("missing_file", "no such file; correct the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadImage("unreadable", f"cannot be read ({reason}); check its permissions") from error
    if size_bytes > LARGEST_FILE_BYTES:
        raise BadImage(
            "too_large",
            f"the file has {size_bytes / 1e6:,.0f} MB, over the limit of {LARGEST_FILE_BYTES / 1e6:.0f} MB; "
            "not read",
        )
    return data


def open_image(data: bytes) -> Image.Image:
    """Read the header of a file: format, mode and size are known, pixels not yet decoded (:func:`load`).

    Raises :class:`BadImage` with the reason, without a file name.
    """
    if not data:
        raise BadImage("empty_file", "the file is empty (zero bytes)")
    _refuse(bomb(data))
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large("far more pixels", LARGEST_IMAGE_PIXELS) from error
    except UnidentifiedImageError as error:
        for signature, name in _SIGNATURES.items():
            if data.startswith(signature):
                raise BadImage(
                    "broken", f"begins as a {name} file does, but its header cannot be read; replace the file"
                ) from error
        raise BadImage(
            "not_an_image", "not an image that can be read (PNG, JPEG, BMP, GIF, TIFF, WebP, PNM)"
        ) from error
    except _DECODER_ERRORS as error:
        raise _undecodable(error) from error
    width, height = image.size
    limit = _limit(image)
    if width * height > limit:
        raise _too_large(f"{width}x{height} pixels", limit)
    if max(width, height) > LONGEST_SIDE:
        raise BadImage(
            "too_large",
            f"declares {width}x{height} pixels, with a side over the limit of {LONGEST_SIDE:,}; not decoded: "
            "make it smaller",
        )
    if image.format == "JPEG" and scans(data) * width * height > _MOST_SCANNED_PIXELS:
        _refuse(f"{scans(data):,} scans of {width}x{height} pixels")
    exif = image.info.get("exif")
    if isinstance(exif, bytes):
        _refuse(tag_bomb(exif))
    return image


def _refuse(found: str | None) -> None:
    if found is not None:
        raise BadImage("too_large", f"has {found}, far more than a picture needs; not decoded: save it again")


def _limit(image: ImageFile.ImageFile) -> int:
    decoder = image.tile[0].codec_name if image.tile else image.format or ""
    return _DEAR_DECODERS.get(decoder, LARGEST_IMAGE_PIXELS)


def load(image: Image.Image) -> Image.Image:
    """Decode all pixels of an opened image (of its first frame), or raise :class:`BadImage`."""
    try:
        image.load()
    except _DECODER_ERRORS as error:
        raise _undecodable(error) from error
    return image


def _undecodable(error: Exception) -> BadImage:
    text = str(error) or type(error).__name__
    if "MAX_TEXT" in text:
        return BadImage(
            "too_large", "a text or colour profile in it unpacks to more than 1 MB; save the image without it"
        )
    if isinstance(error, EOFError) or "truncated" in text.lower():
        return BadImage("truncated", f"truncated image ({text}); replace the file")
    return BadImage("broken", f"broken image ({text}); replace the file")


def _too_large(size: str, limit: int) -> BadImage:
    return BadImage(
        "too_large",
        f"declares {size}, over the limit of {limit // 1_000_000} megapixels; not decoded: make it smaller",
    )


def upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF orientation says. Changes ``image``: two copies might not fit."""
    turn = _TURNS.get(_orientation(image))
    if turn is not None:
        image.im = image.im.transpose(turn)
        image._size = image.im.size
        del image.getexif()[ExifTags.Base.Orientation]
    return image


def upright_size(image: Image.Image) -> tuple[int, int]:
    """(width, height) of an opened image as its EXIF orientation will turn it."""
    width, height = image.size
    return (height, width) if _orientation(image) in (5, 6, 7, 8) else (width, height)


def _orientation(image: Image.Image) -> int:
    if image.format == "PNG":
        # Its EXIF data may stand behind the pixels: reading the one reads the other.
        load(image)
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except _DECODER_ERRORS as error:
        raise BadImage("broken", f"broken EXIF data ({error}); save the image again without it") from error
    return orientation if isinstance(orientation, int) else 1


def flatten(image: Image.Image) -> Image.Image:
    """An 8-bit image without transparency: mode "L" for grey modes, "RGB" for the others.

    Raises :class:`BadImage` for floating-point, wide-integer and LAB images, whose range or colours
    Pillow does not define.
    """
    if image.mode in ("L", "RGB") and not image.has_transparency_data:
        return image
    flat: Image.Image | None = None
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        band = _flatten_band(image.crop((0, top, image.width, min(top + rows, image.height))))
        flat = flat or Image.new(band.mode, image.size, None)
        flat.paste(band, (0, top))
    if flat is None:
        raise BadImage("broken", "the image has no pixels; replace the file")
    return flat


def _flatten_band(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _from_wide(image)
    if image.has_transparency_data and image.mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        layered = image.convert("RGBA")
        seen = layered.getchannel("R") if image.mode in ("1", "L", "LA") else layered.convert("RGB")
        white = Image.new(seen.mode, seen.size, "white")
        return Image.composite(seen, white, layered.getchannel("A"))
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("P", "CMYK", "YCbCr", "HSV", "RGBX"):
        return image.convert("RGB")
    raise BadImage(
        "unsupported_mode",
        f"pixel mode {image.mode} has no defined way to 8 bits; save it as 8-bit grey or RGB",
    )


def _from_wide(image: Image.Image) -> Image.Image:
    wide = np.asarray(image)
    # Pillow reads 16-bit files as "I;16", or as "I" with the same range (PGM); other "I" files have none.
    if image.mode == "I" and (wide.min() < 0 or wide.max() > 65535):
        raise BadImage(
            "unsupported_mode",
            "32-bit pixel values have no defined way to 8 bits; save it as 8- or 16-bit grey",
        )
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

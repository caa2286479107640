"""Small image files that make an unguarded decoder take minutes or gigabytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache

from PIL import Image

from benchmarks.image_bytes import bomb, exif, png, png_chunk, saved, tiff

_ROWS = (b"\0" + bytes(12)) * 4


def decoder_bombs() -> Iterator[tuple[str, str, bytes]]:
    """(family, suffix, bytes) of files that are to be refused as too large."""
    packed = bomb(300)
    tile = {"tile width": (322, 4, 1, 40_000), "tile length": (323, 4, 1, 40_000)}
    rest = [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1)]
    place = [(324, 4, 1, 8 + 2 + 12 * 10 + 4), (325, 4, 1, len(packed))]
    yield "tiff-giant-tile", ".tif", tiff([*rest, *tile.values(), *place], packed)
    yield "tiff-same-bytes-in-many-tags", ".tif", _tags_of_one_region()
    region = [(40_000 + number, 7, 50_000, 8) for number in range(900)]
    yield "exif-same-bytes-in-many-tags", ".jpg", _jpeg(exif=exif(region) + bytes(50_000))
    yield "png-100000-chunks", ".png", png(4, 4, _ROWS, before=[png_chunk(b"abCd", b"")] * 110_000)
    plain = _jpeg()
    yield "jpeg-segments", ".jpg", plain[:2] + b"\xff\xe5\0\2" * 200_000 + plain[2:]
    yield "jpeg-padding", ".jpg", plain[:2] + b"\xff" * 2_000_000 + plain[2:]
    yield "jpeg-scans", ".jpg", _scanned_again(60)
    gif = saved(Image.new("L", (8, 8)), "GIF")
    start = 13 + (3 << ((gif[10] & 7) + 1))
    yield (
        "gif-long-comment",
        ".gif",
        gif[:start] + b"\x21\xfe" + (b"\xff" + bytes(255)) * 8_000 + b"\0" + gif[start:],
    )
    yield "gif-nothing-between", ".gif", gif[:start] + bytes(2_000_000) + gif[start:]
    yield "webp-100000-frames", ".webp", _webp_frames(100_000)
    yield "pnm-long-comment", ".ppm", b"P6 #" + b"x" * 2_000_000 + b"\n4 4 255\n" + bytes(48)


def _jpeg(**options: object) -> bytes:
    return saved(Image.new("L", (8, 8)), "JPEG", **options)


def _tags_of_one_region() -> bytes:
    region = {f"tag {number}": (40_000 + number, 7, 2_000_000, 8) for number in range(150)}
    sound = [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    return tiff(
        [*sound, (277, 3, 1, 1), (278, 4, 1, 16), (279, 4, 1, 256), *region.values()], bytes(2_001_000)
    )


@cache
def _scanned_again(times: int) -> bytes:
    """A large progressive image of one grey, whose last scan comes again and again."""
    whole = saved(Image.new("L", (7_900, 7_900), 128), "JPEG", progressive=True)
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + scan * times + b"\xff\xd9"


def _webp_frames(count: int) -> bytes:
    extended = b"VP8X" + struct.pack("<IB", 10, 2) + bytes(9)
    frame = struct.pack("<4sI", b"ANMF", 16) + bytes(16)
    body = b"WEBP" + extended + b"ANIM" + struct.pack("<I", 6) + bytes(6) + frame * count
    return b"RIFF" + struct.pack("<I", len(body)) + body

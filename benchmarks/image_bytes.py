"""Image files put together byte by byte, and the places in them where a header field begins."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Iterable, Iterator

from PIL import Image

PNG_START = b"\x89PNG\r\n\x1a\n"
_BMP_FIELDS = (1, 2, 6, 8, 10, 14, 18, 22, 26, 28, 30, 34, 38, 42, 46, 50, 54)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """The file that Pillow writes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    """A chunk with its checksum; ``length`` is what it claims to hold, if not the truth."""
    claimed = len(data) if length is None else length
    return struct.pack(">I", claimed) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int,
    height: int,
    rows: bytes,
    *,
    depth: int = 8,
    colour: int = 2,
    before: Iterable[bytes] = (),
    compressed: bytes | None = None,
) -> bytes:
    """A PNG whose header claims ``width`` x ``height``; ``rows`` is what the data unpacks to.

    ``colour`` is the PNG colour type; ``before`` are whole chunks that stand before the data.
    """
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress(rows) if compressed is None else compressed
    chunks = (png_chunk(b"IHDR", header), *before, png_chunk(b"IDAT", data), png_chunk(b"IEND", b""))
    return PNG_START + b"".join(chunks)


def bomb(megabytes: int) -> bytes:
    """Zeros, compressed a thousandfold."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(1_000_000)) for _ in range(megabytes)]
    return b"".join([*parts, packer.flush()])


def tiff(entries: Iterable[tuple[int, int, int, int]], data: bytes = b"", next_folder: int = 0) -> bytes:
    """A TIFF of one folder of (tag, type, count, value or offset), followed by ``data``."""
    rows = sorted(entries)
    body = struct.pack("<H", len(rows)) + b"".join(struct.pack("<HHII", *row) for row in rows)
    return b"II*\0" + struct.pack("<I", 8) + body + struct.pack("<I", next_folder) + data


def tiff_image(width: int, height: int, /, **changed: tuple[int, int, int]) -> bytes:
    """An uncompressed 8-bit grey TIFF; ``changed`` replaces entries: name to (type, count, value)."""
    names = {
        "width": 256, "height": 257, "bits": 258, "compression": 259, "photometric": 262, "offsets": 273,
        "samples": 277, "rows": 278, "counts": 279, "icc": 34675, "exif": 34665, "sub": 330,
    }  # fmt: skip
    fields = {
        "width": (4, 1, width), "height": (4, 1, height), "bits": (3, 1, 8), "compression": (3, 1, 1),
        "photometric": (3, 1, 1), "offsets": (4, 1, 0), "samples": (3, 1, 1), "rows": (4, 1, height),
        "counts": (4, 1, 16 * 16),
    }  # fmt: skip
    fields["offsets"] = (4, 1, 8 + 2 + 12 * len(fields | changed) + 4)
    return tiff(((names[name], *field) for name, field in (fields | changed).items()), bytes(range(256)))


def exif(entries: Iterable[tuple[int, int, int, int]], next_folder: int = 0) -> bytes:
    """EXIF data of one folder, as it stands in a JPEG."""
    return b"Exif\0\0" + tiff(entries, next_folder=next_folder)


def fields_of(kind: str, data: bytes) -> list[int]:
    """Offsets at which header fields of a file begin or end, and one within the pixels."""
    offsets = sorted({place for place in _FIELDS[kind](data) if 0 < place < len(data)})
    return [*offsets, *([(offsets[-1] + len(data)) // 2] if offsets else [])]


def _png_fields(data: bytes) -> Iterator[int]:
    at = len(PNG_START)
    yield from (4, at, 16 + 4, 16 + 8, 16 + 9, 16 + 10, 16 + 11, 16 + 12)
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield from (at, at + 4, at + 8, at + 8 + length // 2, at + 8 + length)
        at += 12 + length


def _jpeg_fields(data: bytes) -> Iterator[int]:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield from (at, at + 1, at + 2, at + 4, at + 2 + length // 2, at + 2 + length)
        if data[at + 1] == 0xDA:
            return
        at += 2 + length


def _bmp_fields(data: bytes) -> Iterator[int]:
    yield from _BMP_FIELDS


def _gif_fields(data: bytes) -> Iterator[int]:
    yield from (3, 6, 8, 10, 11, 12, 13)
    palette = 3 * 2 ** ((data[10] & 7) + 1) if data[10] & 0x80 else 0
    yield from (13 + palette // 2, 13 + palette)
    yield from (13 + palette + step for step in (1, 2, 3, 5, 7, 9, 10, 11, 12, 16))


def _tiff_fields(data: bytes) -> Iterator[int]:
    (folder,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, folder)
    yield from (2, 4, 8, folder, folder + 2)
    for entry in range(count):
        yield from (folder + 2 + 12 * entry + step for step in (2, 4, 8, 12))
    yield folder + 6 + 12 * count


def _webp_fields(data: bytes) -> Iterator[int]:
    yield from (4, 8)
    at = 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield from (at, at + 4, at + 8, at + 8 + 3, at + 8 + 6, at + 8 + length // 2)
        at += 8 + length + length % 2


def _pnm_fields(data: bytes) -> Iterator[int]:
    spaces = (place for place, byte in enumerate(data[:64]) if byte in b" \n")
    for place in itertools.islice(spaces, 4):
        yield from (place, place + 1)


_FIELDS = {
    "png": _png_fields,
    "jpg": _jpeg_fields,
    "bmp": _bmp_fields,
    "gif": _gif_fields,
    "tif": _tiff_fields,
    "webp": _webp_fields,
    "ppm": _pnm_fields,
}

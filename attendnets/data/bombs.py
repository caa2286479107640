"""Small files that would keep a decoder busy or fill the memory: found by their bytes, before it starts.

A decoder believes what a header says of tiles, tags and blocks. Here only lengths are read and added up.
"""

from __future__ import annotations

import struct

_MOST_PNG_CHUNKS = 100_000
_MOST_JPEG_SEGMENTS = 1_000
_MOST_WEBP_FRAMES = 10_000
_LONGEST_GIF_COMMENT_BYTES = 1_000_000
_LONGEST_PNM_HEADER_BYTES = 65_536
_LARGEST_TIFF_TILE_PIXELS = 16_000_000
# Some writers let small values share their place.
_SHARED_TAG_BYTES = 65_536
_TIFF_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8,
                    17: 8, 18: 8}  # fmt: skip
_TILE_WIDTH, _TILE_LENGTH = 322, 323


def bomb(data: bytes) -> str | None:
    """What in an image file would take far more time or memory than its pixels need; None in most."""
    if data.startswith(b"\x89PNG"):
        return _png(data)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data.startswith(b"GIF8"):
        return _gif(data)
    if data.startswith((b"II", b"MM")):
        return _tiff(data) or tag_bomb(data)
    if data.startswith(b"RIFF"):
        frames = data.count(b"ANMF")
        return f"{frames:,} frames" if frames > _MOST_WEBP_FRAMES else None
    if data.startswith(b"P") and len(data) > _LONGEST_PNM_HEADER_BYTES:
        return _pnm(data)
    return None


def scans(data: bytes) -> int:
    """How often a JPEG file goes over all its pixels: a progressive one does up to twenty times."""
    # Within compressed data this marker cannot occur; a thumbnail adds its own.
    return data.count(b"\xff\xda")


def tag_bomb(data: bytes) -> str | None:
    """Whether tags of a TIFF file, or of EXIF data, use the same bytes over and over."""
    claimed = sum(
        min(size, max(0, len(data) - offset)) for _, size, offset in _tags(data.removeprefix(b"Exif\0\0"))
    )
    return f"tags of {claimed:,} bytes" if claimed > len(data) + _SHARED_TAG_BYTES else None


def _png(data: bytes) -> str | None:
    at = 8
    for _ in range(_MOST_PNG_CHUNKS):
        if at + 8 > len(data):
            return None
        at += 12 + int(struct.unpack_from(">I", data, at)[0])
    return f"more than {_MOST_PNG_CHUNKS:,} chunks"


def _jpeg(data: bytes) -> str | None:
    at, exif = 2, b""
    for _ in range(_MOST_JPEG_SEGMENTS):
        if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] == 0xDA:
            return tag_bomb(exif)
        if data[at + 1] == 0xFF:
            # Padding, one byte at a time.
            at += 1
            continue
        end = at + 2 + int(struct.unpack_from(">H", data, at + 2)[0])
        if data[at + 1] == 0xE1 and data.startswith(b"Exif\0\0", at + 4):
            # Decoders join its pieces.
            exif += data[at + 10 : end]
        at = end
    return f"more than {_MOST_JPEG_SEGMENTS:,} segments"


def _gif(data: bytes) -> str | None:
    """Extensions around the first two frames: they are put together piece by piece."""
    if len(data) < 13:
        return None
    at = 13 + _gif_palette(data[10])
    frames = between = 0
    while at + 2 < len(data) and frames < 2:
        if data[at] == 0x2C and at + 10 < len(data):
            at = _gif_blocks(data, at + 11 + _gif_palette(data[at + 9]))
            frames += 1
            continue
        # What is neither a frame nor an extension is passed over byte by byte, here as there.
        end = _gif_blocks(data, at + 2) if data[at] == 0x21 else at + 1
        between += end - at
        at = end
        if between > _LONGEST_GIF_COMMENT_BYTES:
            return f"more than {_LONGEST_GIF_COMMENT_BYTES:,} bytes between its frames"
    return None


def _gif_palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks(data: bytes, at: int) -> int:
    """Where a chain of blocks that begins at ``at`` ends."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def _tiff(data: bytes) -> str | None:
    sides: dict[int, int] = {}
    order = "<" if data.startswith(b"II") else ">"
    for tag, size, offset in _tags(data):
        if tag in (_TILE_WIDTH, _TILE_LENGTH) and size in (2, 4) and offset + size <= len(data):
            sides[tag] = struct.unpack_from(order + ("H" if size == 2 else "I"), data, offset)[0]
    width, length = sides.get(_TILE_WIDTH, 0), sides.get(_TILE_LENGTH, 0)
    return f"tiles of {width}x{length} pixels" if width * length > _LARGEST_TIFF_TILE_PIXELS else None


def _tags(data: bytes) -> list[tuple[int, int, int]]:
    """(tag, bytes of its value, where they begin) of the first folder of a TIFF file; BigTIFF as well."""
    if len(data) < 16:
        return []
    order = "<" if data.startswith(b"II") else ">"
    big = 43 in data[2:4]
    try:
        (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
        at += 8 if big else 2
        entry, value = (order + "HHQ", 12) if big else (order + "HHI", 8)
        length, inline = (20, 8) if big else (12, 4)
        tags = []
        for place in range(at, min(at + length * count, len(data) - length + 1), length):
            tag, kind, number = struct.unpack_from(entry, data, place)
            size = number * _TIFF_TYPE_BYTES.get(kind, 0)
            offset = place + value
            if size > inline:
                (offset,) = struct.unpack_from(order + ("Q" if big else "I"), data, offset)
            tags.append((tag, size, offset))
    except struct.error:
        # A folder beyond the end of the file: the decoder says what is wrong.
        return []
    return tags


def _pnm(data: bytes) -> str | None:
    """A header is read byte by byte; without its comments it has at most four words."""
    words, at = 0, 0
    while words < 4 and at < _LONGEST_PNM_HEADER_BYTES:
        end = next(
            (place for place in range(at, min(at + 32, len(data))) if data[place] in b" \t\r\n\v\f"), at + 32
        )
        if data[at : at + 1] == b"#":
            lines = [place for place in (data.find(b"\n", at), data.find(b"\r", at)) if place >= 0]
            end = min(lines, default=len(data))
        elif end > at:
            words += 1
        at = end + 1
    return (
        f"a header of more than {_LONGEST_PNM_HEADER_BYTES:,} bytes"
        if at >= _LONGEST_PNM_HEADER_BYTES
        else None
    )

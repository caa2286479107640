"""A seeded generator of files that an image tool should survive: broken, lying, bombs, no images at all."""

from __future__ import annotations

import os
import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.decoder_bombs import decoder_bombs
from benchmarks.image_bytes import bomb, exif, fields_of, png, png_chunk, saved, tiff, tiff_image

#: What becomes of a file that is read as it is.
USABLE = "usable"
_ANY: tuple[str, ...] = ()
_BROKEN = ("truncated", "broken", "not_an_image")


@dataclass(frozen=True)
class HostileFile:
    """A file of the set: its path relative to the folder, its family, and what a check may say of it.

    ``expected`` are kinds of findings, or :data:`USABLE`; empty where damage by chance decides.
    """

    name: str
    family: str
    expected: tuple[str, ...]


@dataclass(frozen=True)
class _Case:
    family: str
    suffix: str
    data: bytes
    expected: tuple[str, ...] = _ANY


def write_hostile_images(folder: Path, count: int, seed: int) -> tuple[HostileFile, ...]:
    """Fill ``folder`` with ``count`` hostile files, the same ones for the same seed.

    Files that are no regular ones (pipes, links to devices, a sparse giant) come first, then every made
    case, then a file of each format cut at every field of its header, then flipped bits up to ``count``;
    where ``count`` is too small for them all, made cases and cuts are drawn. Names tell the family.
    """
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    special = _write_special(folder)
    samples = _samples(chance)
    made, cuts = list(_made(chance)), list(_cut(samples))
    room = count - len(special)
    if len(made) + len(cuts) > room * 4 // 5:
        cuts = chance.sample(cuts, min(len(cuts), room // 4))
        made = chance.sample(made, min(len(made), room // 2))
    cases = [*made, *cuts]
    cases += [_flipped(chance, samples) for _ in range(room - len(cases))]
    written = []
    for number, case in enumerate(cases):
        name = f"{number:04d}-{case.family}{case.suffix}"
        (folder / name).write_bytes(case.data)
        written.append(HostileFile(name, case.family, case.expected))
    return (*special, *written)


def picture(chance: random.Random, mode: str = "RGB", side: int = 24) -> Image.Image:
    """Noise over a slope: compresses a little, as photographs do."""
    noise = np.random.default_rng(chance.getrandbits(32)).integers(0, 80, (side, side, 4))
    slope = np.linspace(0, 170, side)[:, None, None]
    return Image.fromarray((noise + slope).astype(np.uint8)).convert("RGB").convert(mode)


def _samples(chance: random.Random) -> list[tuple[str, bytes]]:
    """Sound files of every kind, as (suffix without dot, bytes), to be damaged."""
    rgb, grey = picture(chance), picture(chance, "L")
    turned = Image.Exif()
    turned[274] = 6
    frames = [picture(chance) for _ in range(3)]
    animated = {"save_all": True, "append_images": frames}
    extra = [png_chunk(b"tEXt", b"Title\0x"), png_chunk(b"tRNS", bytes(6)), png_chunk(b"eXIf", exif([])[6:])]
    rows = b"".join(b"\0" + bytes(rgb.crop((0, y, 24, y + 1)).tobytes()) for y in range(24))
    return [
        ("png", png(24, 24, rows, before=extra)),
        ("png", saved(rgb.convert("P"), "PNG", transparency=3)),
        ("jpg", saved(rgb, "JPEG", exif=turned, quality=90)),
        ("jpg", saved(rgb.convert("CMYK"), "JPEG", progressive=True)),
        ("bmp", saved(rgb, "BMP")),
        ("bmp", saved(rgb.convert("P"), "BMP")),
        ("gif", saved(rgb, "GIF", **animated)),
        ("tif", saved(rgb, "TIFF")),
        ("tif", saved(rgb, "TIFF", compression="tiff_lzw", exif=turned)),
        ("webp", saved(rgb, "WEBP", exif=turned)),
        ("webp", saved(rgb, "WEBP", lossless=True, **animated)),
        ("ppm", saved(rgb, "PPM")),
        ("ppm", b"P2\n# plain\n24 24\n255\n" + b" ".join(b"%d" % v for v in grey.tobytes()) + b"\n"),
    ]


def _cut(samples: list[tuple[str, bytes]]) -> Iterator[_Case]:
    first = dict(reversed(samples))
    for kind, data in first.items():
        for place in fields_of(kind, data):
            yield _Case(f"cut-at-{place}", f".{kind}", data[:place], (*_BROKEN, USABLE))


def _flipped(chance: random.Random, samples: list[tuple[str, bytes]]) -> _Case:
    kind, data = chance.choice(samples)
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16, 64))):
        # Every second one in the header, where it hurts.
        reach = min(len(damaged), 128) if chance.random() < 0.5 else len(damaged)
        damaged[chance.randrange(reach)] ^= 1 << chance.randrange(8)
    return _Case("flipped", f".{kind}", bytes(damaged))


def _made(chance: random.Random) -> Iterator[_Case]:
    yield from _no_images(chance)
    yield from _wrong_extensions(chance)
    yield from _lying_sizes(chance)
    yield from _huge()
    yield from _bombs()
    yield from _decoder_bombs()
    yield from _tiff_lies()
    yield from _many_frames(chance)
    yield from _recursive_exif(chance)
    yield from _modes(chance)


def _no_images(chance: random.Random) -> Iterator[_Case]:
    texts = {
        "text": b"hello, I am no picture\n",
        "html": b"<!doctype html><title>404</title><img src=x onerror=alert(1)>",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
        "zip": b"PK\x03\x04" + bytes(60),
        "gzip": b"\x1f\x8b\x08" + bytes(60),
        "program": b"\x7fELF\x02\x01\x01" + bytes(60),
        "zeros": bytes(4096),
        "noise": chance.randbytes(4096),
        "newline": b"\n",
    }
    yield _Case("zero-bytes", ".png", b"", ("empty_file",))
    for name, data in texts.items():
        yield _Case(f"no-image-{name}", chance.choice((".jpg", ".png", ".tif")), data, ("not_an_image",))
    for name, data in {
        "png": b"\x89PNG\r\n\x1a\n",
        "jpg": b"\xff\xd8\xff",
        "gif": b"GIF89a",
        "bmp": b"BM",
    }.items():
        yield _Case("signature-alone", f".{name}", data, _BROKEN)


def _wrong_extensions(chance: random.Random) -> Iterator[_Case]:
    kinds = {
        "PNG": ".jpg",
        "JPEG": ".png",
        "GIF": ".bmp",
        "BMP": ".webp",
        "WEBP": ".gif",
        "TIFF": ".jpg",
        "PPM": ".png",
    }
    for kind, suffix in kinds.items():
        yield _Case("wrong-extension", suffix, saved(picture(chance), kind), (USABLE,))


def _lying_sizes(chance: random.Random) -> Iterator[_Case]:
    rows = b"".join(b"\0" + chance.randbytes(3 * 24) for _ in range(24))
    yield _Case("png-larger-than-data", ".png", png(400, 300, rows), _BROKEN)
    yield _Case("png-smaller-than-data", ".png", png(3, 2, rows), (USABLE, *_BROKEN))
    yield _Case("png-no-width", ".png", png(0, 24, rows), _BROKEN)
    yield _Case("png-bad-depth", ".png", png(24, 24, rows, depth=77), _BROKEN)
    yield _Case("png-bad-colour", ".png", png(24, 24, rows, colour=9), _BROKEN)
    for length in (0x7FFFFFFF, 0xFFFFFFFF, 1_000_000):
        chunk = png_chunk(b"tEXt", b"a\0b", length)
        yield _Case("png-lying-chunk", ".png", png(24, 24, rows, before=[chunk]), _BROKEN)
    bmp = saved(picture(chance), "BMP")
    for offset, value in ((18, 3000), (22, 3000), (22, 0x80000000), (10, 0xFFFFFF00), (14, 0xFFFF), (28, 3)):
        yield _Case("bmp-lying-field", ".bmp", bmp[:offset] + struct.pack("<I", value) + bmp[offset + 4 :])
    gif = saved(picture(chance), "GIF")
    yield _Case("gif-larger-than-data", ".gif", gif[:6] + struct.pack("<HH", 3000, 2000) + gif[10:])
    jpeg = saved(picture(chance), "JPEG")
    frame = jpeg.index(b"\xff\xc0") + 5
    for size in ((3000, 2000), (1, 1), (0, 24)):
        yield _Case("jpeg-lying-size", ".jpg", jpeg[:frame] + struct.pack(">HH", *size) + jpeg[frame + 4 :])
    yield _Case("pnm-larger-than-data", ".ppm", b"P6 3000 2000 255\n" + bytes(500), _BROKEN)
    yield _Case("pnm-plain-without-data", ".ppm", b"P3 2000 2000 255\n1 2 3", _BROKEN)
    yield _Case("pnm-long-number", ".ppm", b"P6 " + b"9" * 4000 + b" 5 255\n", (*_BROKEN, "too_large"))
    yield _Case("pnm-odd-range", ".ppm", b"P6 24 24 4095\n" + chance.randbytes(24 * 24 * 6), (USABLE,))


def _huge() -> Iterator[_Case]:
    for side in (8_100, 60_000, 0x7FFFFFFF):
        yield _Case("png-huge", ".png", png(side, side, bytes(100)), ("too_large", "broken"))
        yield _Case("pnm-huge", ".ppm", b"P6 %d %d 255\n" % (side, side) + bytes(100), ("too_large",))
        yield _Case("tiff-huge", ".tif", tiff_image(side, side), ("too_large", "broken"))
        header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
        yield _Case(
            "bmp-huge", ".bmp", b"BM" + struct.pack("<III", 154, 0, 54) + header + bytes(100), ("too_large",)
        )
    for size in ((60_000_000, 1), (1, 60_000_000)):
        yield _Case("png-one-line", ".png", png(*size, bytes(100)), ("too_large",))
    small = saved(Image.new("RGB", (8, 8)), "JPEG")
    frame = small.index(b"\xff\xc0") + 5
    yield _Case("jpeg-huge", ".jpg", small[:frame] + b"\xff\xff\xff\xff" + small[frame + 4 :], ("too_large",))
    gif = saved(Image.new("L", (8, 8)), "GIF")
    yield _Case("gif-huge", ".gif", gif[:6] + b"\xff\xff\xff\xff" + gif[10:], ("too_large",))
    extended = b"VP8X" + struct.pack("<IB", 10, 0) + b"\0\0\0" + b"\xfe\x3f\0" * 2
    still = saved(Image.new("RGB", (8, 8)), "WEBP")[12:]
    body = b"WEBP" + extended + still
    yield _Case("webp-huge", ".webp", b"RIFF" + struct.pack("<I", len(body)) + body, ("too_large", "broken"))


def _bombs() -> Iterator[_Case]:
    packed, rows = bomb(200), b"\0" + bytes(24 * 3)
    chunks = {
        "iCCP": b"profile\0\0" + packed,
        "zTXt": b"Comment\0\0" + packed,
        "iTXt": b"Comment\0\1\0en\0\0" + packed,
    }
    for name, data in chunks.items():
        chunk = png_chunk(name.encode(), data)
        yield _Case(
            f"bomb-{name}", ".png", png(24, 24, rows * 24, before=[chunk]), ("too_large", "broken", USABLE)
        )
    many = [png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_000_000)))] * 100
    yield _Case("bomb-of-many-texts", ".png", png(24, 24, rows * 24, before=many), ("too_large", "broken"))
    yield _Case("bomb-IDAT", ".png", png(24, 24, b"", compressed=packed), (USABLE, *_BROKEN))
    strip = {"compression": (3, 1, 8), "counts": (4, 1, len(packed))}
    image = tiff_image(24, 24, **strip)
    yield _Case("bomb-tiff-strip", ".tif", image[:-256] + packed, (USABLE, *_BROKEN))


def _decoder_bombs() -> Iterator[_Case]:
    for family, suffix, data in decoder_bombs():
        yield _Case(family, suffix, data, ("too_large",))


def _tiff_lies() -> Iterator[_Case]:
    lies: dict[str, dict[str, tuple[int, int, int]]] = {
        "count-of-offsets": {"offsets": (4, 0xFFFFFFFF, 8)},
        "offset-beyond-end": {"offsets": (4, 1, 0xFFFFFFF0)},
        "offset-of-header": {"offsets": (4, 1, 0)},
        "strip-length": {"counts": (4, 1, 0xFFFFFFFF)},
        "count-of-bits": {"bits": (3, 60_000, 8)},
        "bits": {"bits": (3, 1, 255)},
        "samples": {"samples": (3, 1, 65535)},
        "rows-of-strip": {"rows": (4, 1, 0)},
        "profile-length": {"icc": (7, 0x7FFFFFFF, 8)},
        "type": {"width": (99, 1, 16)},
        "compression": {"compression": (3, 1, 31337)},
        "jpeg-inside": {"compression": (3, 1, 7)},
        "width-as-text": {"width": (2, 4, 0x41414141)},
        "width-as-fraction": {"width": (5, 1, 0xFFFFFF00)},
    }
    for name, changed in lies.items():
        yield _Case(f"tiff-{name}", ".tif", tiff_image(16, 16, **changed))
    yield _Case("tiff-no-entries", ".tif", tiff([]), _BROKEN)
    yield _Case("tiff-65535-entries", ".tif", b"II*\0\x08\0\0\0\xff\xff" + bytes(40), _BROKEN)
    entries = [(256, 4, 1, 16)] * 60_000
    yield _Case("tiff-many-entries", ".tif", tiff(entries), _BROKEN)
    whole = tiff_image(16, 16)
    at = 8 + 2 + 12 * 9
    yield _Case("tiff-folder-loop", ".tif", whole[:at] + struct.pack("<I", 8) + whole[at + 4 :])
    yield _Case("tiff-folder-beyond-end", ".tif", b"II*\0\xf0\xff\xff\xff" + bytes(40), _BROKEN)


def _many_frames(chance: random.Random) -> Iterator[_Case]:
    frames = [Image.new("L", (8, 8), number % 256) for number in range(3000)]
    gif = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], optimize=False)
    yield _Case("gif-3000-frames", ".gif", gif, (USABLE,))
    extensions = b"\x21\xfe\xff" + bytes(255)
    endless = gif[:13] + (extensions + b"\0") * 2000 + gif[13:]
    yield _Case("gif-2000-comments", ".gif", endless, (USABLE, "too_large", *_BROKEN))
    for count in (2, 300):
        pictures = [picture(chance, side=16) for _ in range(count)]
        webp = saved(pictures[0], "WEBP", save_all=True, append_images=pictures[1:], method=0)
        yield _Case(f"webp-{count}-frames", ".webp", webp, (USABLE,))
    pages = [picture(chance, "L", 16) for _ in range(200)]
    yield _Case(
        "tiff-200-pages", ".tif", saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]), (USABLE,)
    )
    apng = saved(pages[0], "PNG", save_all=True, append_images=pages[1:])
    yield _Case("png-200-frames", ".png", apng, (USABLE,))


def _recursive_exif(chance: random.Random) -> Iterator[_Case]:
    rgb = picture(chance)
    turn, loop = (274, 3, 1, 6), (34665, 4, 1, 8)
    blocks = {
        "loop": exif([turn, loop, (34853, 4, 1, 8), (40965, 4, 1, 8)]),
        "next-loop": exif([turn], next_folder=8),
        "beyond-end": exif([turn, (34665, 4, 1, 0xFFFFFF00)]),
        "giant-value": exif([turn, (270, 2, 0x7FFFFFFF, 8)]),
        "turned-by-77": exif([(274, 3, 1, 77)]),
        "turned-by-text": exif([(274, 2, 4, 0x41414141)]),
        "many-entries": b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(30),
        "no-exif": b"Exif\0\0" + chance.randbytes(40),
        "empty": b"Exif\0\0",
    }
    for name, block in blocks.items():
        yield _Case(f"exif-{name}", ".jpg", saved(rgb, "JPEG", exif=block))
        yield _Case(f"exif-{name}", ".webp", saved(rgb, "WEBP", exif=block))
        plain = png_chunk(b"eXIf", block[6:])
        yield _Case(f"exif-{name}", ".png", png(4, 4, (b"\0" + bytes(12)) * 4, before=[plain]))
    yield _Case("exif-loop", ".tif", tiff_image(16, 16, exif=(4, 1, 8), sub=(4, 1, 8)))


def _modes(chance: random.Random) -> Iterator[_Case]:
    rgb, grey = picture(chance), picture(chance, "L")
    alpha = rgb.copy()
    alpha.putalpha(grey)
    wide = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    rows = b"".join(b"\0" + chance.randbytes(24 * 6) for _ in range(24))
    palette = rgb.convert("P")
    usable = {
        "1": (".png", saved(rgb.convert("1"), "PNG")),
        "L": (".png", saved(grey, "PNG")),
        "L-key": (".png", saved(grey, "PNG", transparency=5)),
        "LA": (".png", saved(alpha.convert("LA"), "PNG")),
        "P": (".gif", saved(palette, "GIF")),
        "P-index": (".png", saved(palette, "PNG", transparency=3)),
        "P-alphas": (".png", saved(palette, "PNG", transparency=bytes(range(256)))),
        "P-4bit": (".png", saved(palette.quantize(16), "PNG", bits=4)),
        "PA": (".tif", saved(alpha.convert("PA"), "TIFF")),
        "RGB": (".bmp", saved(rgb, "BMP")),
        "RGB-key": (".png", saved(rgb, "PNG", transparency=(1, 2, 3))),
        "RGB-16bit": (".png", png(24, 24, rows, depth=16)),
        "RGBA": (".webp", saved(alpha, "WEBP", lossless=True)),
        "CMYK": (".jpg", saved(rgb.convert("CMYK"), "JPEG")),
        "CMYK-tiff": (".tif", saved(rgb.convert("CMYK"), "TIFF")),
        "YCbCr": (".tif", saved(rgb.convert("YCbCr"), "TIFF")),
        "I;16": (".tif", saved(wide, "TIFF")),
        "I;16-png": (".png", saved(wide, "PNG")),
        "I;16B": (".tif", saved(wide.convert("I;16B"), "TIFF")),
        "I;16-pgm": (".pgm", saved(wide, "PPM")),
    }
    for name, (suffix, data) in usable.items():
        yield _Case(f"mode-{name}", suffix, data, (USABLE,))
    strange = {
        "RGBa": saved(alpha, "TIFF", tiffinfo={338: 1}),
        "LAB": saved(Image.merge("LAB", [grey, grey, grey]), "TIFF"),
        "I": saved(Image.fromarray(np.asarray(grey).astype(np.int32) * -7), "TIFF"),
        "F": saved(grey.convert("F"), "TIFF"),
        "HSV": tiff_image(16, 16, photometric=(3, 1, 9)),
    }
    for name, data in strange.items():
        yield _Case(f"mode-{name}", ".tif", data, ("unsupported_mode", USABLE, *_BROKEN))


def _write_special(folder: Path) -> list[HostileFile]:
    """What has the name of an image and is no regular file, or not one that can be read."""
    os.mkfifo(folder / "pipe.png")
    links = {
        "zeros": "/dev/zero",
        "dangling": "nowhere.png",
        "loop": "link-loop.png",
        "memory": "/proc/self/mem",
    }
    for name, target in links.items():
        (folder / f"link-{name}.png").symlink_to(target)
    with (folder / "giant.png").open("wb") as file:
        file.truncate(5_000_000_000)
    (folder / "locked.png").write_bytes(saved(Image.new("L", (9, 9), 7), "PNG"))
    (folder / "locked.png").chmod(0)
    (folder / "folder.png").mkdir()
    expected = {
        "pipe.png": ("not_a_file",),
        "link-zeros.png": ("not_a_file",),
        "link-dangling.png": ("missing_file",),
        "link-loop.png": ("unreadable", "missing_file"),
        "link-memory.png": ("unreadable", "empty_file"),
        "giant.png": ("too_large",),
        # Whoever may read everything reads it.
        "locked.png": ("unreadable", USABLE),
    }
    return [HostileFile(name, "special", kinds) for name, kinds in expected.items()]

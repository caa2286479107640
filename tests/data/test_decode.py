"""Every kind of file gives the pixels that a person sees in it."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from PIL import ExifTags, Image

from attendnets.data import Preprocessing, load_pixels
from attendnets.data.decode import BadImage, flatten, quiet_pillow
from attendnets.errors import DataError

Array = npt.NDArray[np.uint8]
GREY = np.array([[0, 1, 127], [128, 254, 255]], np.uint8)
RED, WHITE, NAVY = (255, 0, 0), (255, 255, 255), (0, 0, 128)
COLOUR = np.array([[RED, WHITE, NAVY], [(1, 2, 3), (250, 128, 7), (0, 0, 0)]], np.uint8)
# ITU-R 601 in 16-bit fixed point, written out.
LUMA = ((COLOUR.astype(np.int64) @ np.array([19595, 38470, 7471]) + 0x8000) >> 16).astype(np.uint8)


def as_grey(path: Path) -> Array:
    """The file's own pixels, one channel, no resizing."""
    with Image.open(path) as image:
        width, height = image.size
    return load_pixels(path, Preprocessing(1, height, width))[:, :, 0]


def as_rgb(path: Path) -> Array:
    with Image.open(path) as image:
        width, height = image.size
    return load_pixels(path, Preprocessing(3, height, width))


def png(path: Path, values: npt.NDArray[np.uint16], colour_type: int, *chunks: tuple[bytes, bytes]) -> Path:
    """A 16-bit PNG written byte by byte: Pillow writes grey ones alone."""
    height, width = values.shape[:2]

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    body = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in body))
    return path


def test_grey_stays_as_it_is_and_repeats_in_three_channels(tmp_path: Path) -> None:
    path = tmp_path / "L.png"
    Image.fromarray(GREY).save(path)
    np.testing.assert_array_equal(as_grey(path), GREY)
    np.testing.assert_array_equal(as_rgb(path), np.repeat(GREY[:, :, None], 3, 2))


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "ppm"])
def test_colour_stays_as_it_is_and_becomes_grey_by_itu_r_601(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rgb.{suffix}"
    Image.fromarray(COLOUR).save(path)
    np.testing.assert_array_equal(as_rgb(path), COLOUR)
    np.testing.assert_array_equal(as_grey(path), LUMA)


@pytest.mark.parametrize("suffix", ["png", "tiff", "bmp", "pbm"])
def test_one_bit_is_black_and_white(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"1.{suffix}"
    bits = np.array([[True, False, True], [False, False, True]])
    Image.fromarray(bits).save(path)
    with Image.open(path) as image:
        assert image.mode == "1"
    np.testing.assert_array_equal(as_grey(path), np.where(bits, 255, 0))


def test_grey_with_alpha_lies_on_white(tmp_path: Path) -> None:
    path = tmp_path / "LA.png"
    alpha = np.array([[255, 0, 255], [0, 51, 255]], np.uint8)
    Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(alpha)]).save(path)
    # 254 at 51/255 on white: 254 * 0.2 + 255 * 0.8 = 254.8
    np.testing.assert_array_equal(as_grey(path), [[0, 255, 127], [255, 255, 255]])


def test_colour_with_alpha_lies_on_white(tmp_path: Path) -> None:
    path = tmp_path / "RGBA.png"
    alpha = np.array([[255, 255, 51], [0, 102, 0]], np.uint8)
    Image.fromarray(np.dstack((COLOUR, alpha))).save(path)
    expected = np.round(COLOUR * (alpha[:, :, None] / 255) + 255 * (1 - alpha[:, :, None] / 255))
    np.testing.assert_array_equal(as_rgb(path), expected)
    assert as_rgb(path)[1, 0].tolist() == [255, 255, 255]


def test_a_palette_is_looked_up(tmp_path: Path) -> None:
    path = tmp_path / "P.png"
    image = Image.new("P", (3, 1))
    image.putpalette([*RED, *WHITE, *NAVY])
    image.putdata([2, 0, 1])
    image.save(path)
    np.testing.assert_array_equal(as_rgb(path), [[NAVY, RED, WHITE]])


@pytest.mark.parametrize("transparency", [2, bytes([255, 255, 0])], ids=["index", "alpha table"])
def test_transparent_palette_entries_are_white(tmp_path: Path, transparency: int | bytes) -> None:
    path = tmp_path / "P.png"
    image = Image.new("P", (3, 1))
    image.putpalette([*RED, *WHITE, *NAVY])
    image.putdata([2, 0, 1])
    image.save(path, transparency=transparency)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(as_rgb(path), [[WHITE, RED, WHITE]])


def test_half_transparent_palette_entries_are_mixed_with_white(tmp_path: Path) -> None:
    path = tmp_path / "P.png"
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *NAVY])
    image.putdata([0, 1])
    image.save(path, transparency=bytes([51, 255]))
    np.testing.assert_array_equal(as_rgb(path), [[(255, 204, 204), NAVY]])


@pytest.mark.parametrize(("mode", "key"), [("L", 127), ("RGB", NAVY)])
def test_a_colour_declared_transparent_is_white(
    tmp_path: Path, mode: str, key: int | tuple[int, ...]
) -> None:
    path = tmp_path / f"{mode}.png"
    pixels = GREY if mode == "L" else COLOUR
    Image.fromarray(pixels).save(path, transparency=key)
    expected = pixels.copy()
    expected[0, 2] = 255
    np.testing.assert_array_equal(as_grey(path) if mode == "L" else as_rgb(path), expected)


@pytest.mark.parametrize("suffix", ["tiff", "jpg"])
def test_cmyk_ink_is_light_taken_away(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"cmyk.{suffix}"
    inks = [(0, 0, 0, 0), (0, 255, 255, 0), (255, 255, 0, 127), (0, 0, 0, 255)]
    image = Image.new("CMYK", (64, 16))
    for column, ink in enumerate(inks):
        image.paste(ink, (16 * column, 0, 16 * column + 16, 16))
    if suffix == "jpg":
        image.save(path, quality=100)
    else:
        image.save(path)
    with Image.open(path) as stored:
        assert stored.mode == "CMYK"
    seen = as_rgb(path)[8, 8::16].astype(int)
    np.testing.assert_allclose(seen, [WHITE, RED, NAVY, (0, 0, 0)], atol=0 if suffix == "tiff" else 3)


@pytest.mark.parametrize("suffix", ["png", "tiff", "pgm"])
def test_sixteen_bits_are_scaled_not_cut(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"16.{suffix}"
    wide = np.array([[0, 257, 65535], [128, 129, 25700], [65278, 65406, 65407]], np.uint16)
    Image.fromarray(wide).save(path)
    np.testing.assert_array_equal(as_grey(path), [[0, 1, 255], [0, 1, 100], [254, 254, 255]])
    np.testing.assert_array_equal(as_rgb(path)[:, :, 2], as_grey(path))


def test_a_sixteen_bit_grey_declared_transparent_is_white(tmp_path: Path) -> None:
    wide = np.array([[0, 257, 25700]], np.uint16)
    path = png(tmp_path / "16.png", wide, 0, (b"tRNS", struct.pack(">H", 257)))
    np.testing.assert_array_equal(as_grey(path), [[0, 255, 100]])


def test_sixteen_bit_colour_keeps_its_high_byte(tmp_path: Path) -> None:
    path = png(tmp_path / "16.png", COLOUR.astype(np.uint16) * 257, 2)
    np.testing.assert_array_equal(as_rgb(path), COLOUR)


def test_sixteen_bit_grey_with_alpha_lies_on_white(tmp_path: Path) -> None:
    values = np.array([[[0, 65535], [0, 0], [51 * 257, 65535]]], np.uint16)
    np.testing.assert_array_equal(as_grey(png(tmp_path / "16.png", values, 4)), [[0, 255, 51]])


@pytest.mark.parametrize(
    ("orientation", "seen"),
    [
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (5, lambda a: a.T),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: a[::-1, ::-1].T),
        (8, lambda a: np.rot90(a)),
    ],
)
@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_a_picture_is_turned_as_its_exif_data_says(
    tmp_path: Path, orientation: int, seen: Callable[[Array], Array], suffix: str
) -> None:
    path = tmp_path / f"turned.{suffix}"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(GREY).save(path, exif=exif)
    expected = seen(GREY)
    pixels = load_pixels(path, Preprocessing(1, *expected.shape))
    np.testing.assert_array_equal(pixels[:, :, 0], expected)


def test_of_an_animation_the_first_frame_counts(tmp_path: Path) -> None:
    path = tmp_path / "frames.gif"
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, NAVY)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert as_rgb(path).reshape(-1, 3).tolist() == [list(RED)] * 16


def test_the_whole_image_is_stretched_by_pillows_antialiased_bilinear_filter(tmp_path: Path) -> None:
    path = tmp_path / "noise.png"
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (37, 53), dtype=np.uint8))
    image.save(path)
    pixels = load_pixels(path, Preprocessing(1, 24, 10))
    assert pixels.shape == (24, 10, 1) and pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels[:, :, 0], image.resize((10, 24), Image.Resampling.BILINEAR))


def test_fine_patterns_shrink_to_their_mean_not_to_moire(tmp_path: Path) -> None:
    path = tmp_path / "board.png"
    board = (np.indices((120, 120)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(path)
    shrunk = load_pixels(path, Preprocessing(1, 12, 12)).astype(int)
    assert abs(shrunk - 127.5).max() < 3


@pytest.mark.parametrize(
    ("name", "content", "kind", "reason"),
    [
        ("empty.png", b"", "empty_file", "zero bytes"),
        ("text.jpg", b"hello, I am no picture", "not_an_image", "not an image"),
        ("program.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not_an_image", "not an image"),
        ("head.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 20, "broken", "begins as a PNG file does"),
    ],
)
def test_what_is_no_image_is_named_with_the_reason(
    tmp_path: Path, name: str, content: bytes, kind: str, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadImage, match=reason) as caught:
        load_pixels(path, Preprocessing(1, 8, 8))
    assert str(path) in str(caught.value)
    assert caught.value.kind == kind


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zeros.png").symlink_to("/dev/zero")
    (tmp_path / "folder.png").mkdir()
    for name in ("pipe.png", "zeros.png", "folder.png"):
        with pytest.raises(BadImage, match="not a regular file") as caught:
            load_pixels(tmp_path / name, Preprocessing(1, 8, 8))
        assert caught.value.kind == "not_a_file"


def test_a_file_over_the_limit_of_bytes_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "giant.png").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(BadImage, match=r"1,099,512 MB, over the limit of 256 MB; not read") as caught:
        load_pixels(tmp_path / "giant.png", Preprocessing(1, 8, 8))
    assert caught.value.kind == "too_large"


def test_a_side_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "line.png"
    Image.new("1", (65_536, 2)).save(path)
    with pytest.raises(BadImage, match="side over the limit of 65,535"):
        load_pixels(path, Preprocessing(1, 8, 8))


def test_a_file_that_claims_to_be_empty_gives_no_more_than_its_size() -> None:
    with pytest.raises(BadImage) as caught:
        load_pixels(Path("/proc/self/mem"), Preprocessing(1, 8, 8))
    assert caught.value.kind in ("unreadable", "empty_file")


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK"])
def test_large_images_are_flattened_in_bands_without_a_seam(mode: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1300, 1000, 4), dtype=np.uint8)
    image = Image.fromarray(noise).convert(mode)
    whole = np.asarray(flatten(image))
    rows = [np.asarray(flatten(image.crop((0, row, 1000, row + 1)))) for row in (0, 1047, 1048, 1049, 1299)]
    for row, expected in zip((0, 1047, 1048, 1049, 1299), rows, strict=True):
        np.testing.assert_array_equal(whole[row], expected[0])


def test_a_text_that_unpacks_to_a_bomb_is_refused(tmp_path: Path) -> None:
    path = png(
        tmp_path / "bomb.png",
        np.zeros((1, 1), np.uint16),
        0,
        (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9)),
    )
    with pytest.raises(BadImage, match="unpacks to more than 1 MB") as caught:
        load_pixels(path, Preprocessing(1, 8, 8))
    assert caught.value.kind == "too_large"


@pytest.mark.parametrize("suffix", ["png", "jpg", "tiff", "bmp", "gif", "webp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_files_are_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match=r"cut\."):
        load_pixels(path, Preprocessing(3, 8, 8))


@pytest.mark.parametrize("side", [8_001, 60_000])
def test_bombs_are_refused_by_the_size_that_they_declare(tmp_path: Path, side: int) -> None:
    path = tmp_path / "bomb.png"
    small = png(path, np.zeros((1, 1), np.uint16), 0).read_bytes()
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 16, 0, 0, 0, 0)
    path.write_bytes(small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:])
    with pytest.raises(DataError, match="64 megapixels; not decoded"), quiet_pillow():
        load_pixels(path, Preprocessing(1, 8, 8))


@pytest.mark.parametrize(
    "values",
    [np.array([[0.5]], np.float32), np.array([[70000]], np.int32), np.array([[-1]], np.int32)],
)
def test_values_without_a_defined_range_are_refused_not_guessed(
    tmp_path: Path, values: npt.NDArray[np.float32 | np.int32]
) -> None:
    path = tmp_path / "wide.tiff"
    Image.fromarray(values).save(path)
    with pytest.raises(DataError, match="no defined way to 8 bits"):
        load_pixels(path, Preprocessing(1, 1, 1))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.png: no such file"):
        load_pixels(tmp_path / "gone.png", Preprocessing(1, 8, 8))


@pytest.mark.parametrize(("channels", "height", "width"), [(2, 8, 8), (1, 0, 8), (3, 8, -1)])
def test_impossible_preprocessing_is_refused(channels: int, height: int, width: int) -> None:
    with pytest.raises(DataError, match="preprocessing"):
        Preprocessing(channels, height, width)


def test_preprocessing_speaks_in_words_and_in_json() -> None:
    preprocessing = Preprocessing(1, 96, 128)
    words = preprocessing.describe()
    assert "128 x 96 pixels (width x height)" in words and "ITU-R 601" in words
    assert msgspec.json.decode(msgspec.json.encode(preprocessing), type=Preprocessing) == preprocessing

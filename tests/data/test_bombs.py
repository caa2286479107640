"""Small files that would take a decoder minutes or gigabytes are found before it starts; no other file is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from attendnets.data import Preprocessing, load_pixels
from attendnets.data.bombs import bomb, scans
from attendnets.data.decode import BadImage
from benchmarks.decoder_bombs import decoder_bombs

from .conftest import noise_image

BOMBS = list(decoder_bombs())


@pytest.mark.parametrize(("family", "suffix", "data"), BOMBS, ids=[family for family, _, _ in BOMBS])
def test_bombs_are_refused(tmp_path: Path, family: str, suffix: str, data: bytes) -> None:
    path = tmp_path / f"{family}{suffix}"
    path.write_bytes(data)
    with pytest.raises(BadImage, match="far more than a picture needs") as caught:
        load_pixels(path, Preprocessing(1, 8, 8))
    assert caught.value.kind == "too_large"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("PNG", {"exif": True}),
        ("PNG", {"frames": 30}),
        ("JPEG", {"progressive": True, "exif": True, "icc_profile": bytes(200_000)}),
        ("GIF", {"frames": 30, "comment": b"x" * 5000}),
        ("TIFF", {"compression": "tiff_lzw", "exif": True, "icc_profile": bytes(200_000)}),
        ("TIFF", {"big_tiff": True, "frames": 3}),
        ("WEBP", {"frames": 30}),
        ("BMP", {}),
        ("PPM", {}),
    ],
)
def test_pictures_are_no_bombs(kind: str, options: dict[str, object]) -> None:
    frames = [noise_image(number, side=200) for number in range(int(str(options.pop("frames", 1))))]
    if options.pop("exif", False):
        turned = Image.Exif()
        turned[274], turned[271] = 6, "A maker of cameras"
        options["exif"] = turned
    if len(frames) > 1:
        options |= {"save_all": True, "append_images": frames[1:]}
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, **options)
    assert bomb(buffer.getvalue()) is None


def test_a_progressive_jpeg_has_a_dozen_scans_at_most() -> None:
    buffer = io.BytesIO()
    noise_image(0, side=300).save(buffer, "JPEG", progressive=True)
    assert 3 < scans(buffer.getvalue()) <= 12

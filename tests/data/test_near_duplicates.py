"""Versions of one picture are found; pictures that only resemble each other are left apart."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from attendnets.data import check_data_set, open_data_set
from attendnets.data.examine import examine
from attendnets.data.folder import Record
from attendnets.data.near_duplicates import near_duplicates
from attendnets.data.perceptual_hash import thumbnail

from .scenes import scene, solar_cell

Change = Callable[[Image.Image], Image.Image]


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue()))


def noisy(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.float64)
    grain = np.random.default_rng(0).normal(0, 5, values.shape)
    return Image.fromarray(np.clip(values + grain, 0, 255).astype(np.uint8))


def cropped(image: Image.Image, share: float) -> Image.Image:
    cut = (round(image.width * share), round(image.height * share))
    return image.crop((cut[0], cut[1] // 2, image.width - cut[0] // 2, image.height - cut[1]))


CHANGES: dict[str, Change] = {
    "half": lambda image: image.resize((image.width // 2, image.height // 2)),
    "twice": lambda image: image.resize((image.width * 2, image.height * 2)),
    "stretched": lambda image: image.resize((image.width, image.height * 5 // 4)),
    "quality 95": lambda image: jpeg(image, 95),
    "quality 30": lambda image: jpeg(image, 30),
    "palette": lambda image: image.quantize(128),
    "grey": lambda image: image.convert("L"),
    "transparency": lambda image: image.convert("RGBA"),
    "print": lambda image: image.convert("CMYK"),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.85),
    "harder": lambda image: ImageEnhance.Contrast(image).enhance(1.15),
    "crop of 1 %": lambda image: cropped(image, 0.01),
    "crop of 2 %": lambda image: cropped(image, 0.02),
    "noise": noisy,
    "several": lambda image: jpeg(noisy(image.resize((150, 120))), 50),
}


def write(folder: Path, pictures: list[Image.Image]) -> list[Record]:
    records = []
    for number, picture in enumerate(pictures):
        path = folder / f"{number:03d}.{'tif' if picture.mode == 'CMYK' else 'png'}"
        picture.save(path)
        records.append(Record(path, path.name, 0, None))
    return records


def groups(folder: Path, pictures: list[Image.Image]) -> tuple[tuple[int, ...], ...]:
    return near_duplicates(examine(write(folder, pictures))[0])


@pytest.mark.parametrize("change", CHANGES)
def test_a_version_of_a_picture_is_found_among_others(change: str, tmp_path: Path) -> None:
    others = [scene(seed) for seed in range(1, 8)]
    assert groups(tmp_path, [scene(0), *others, CHANGES[change](scene(0))]) == ((0, 8),)


def test_small_pictures_are_compared_as_they_are(tmp_path: Path) -> None:
    pictures = [scene(seed, 32, 32) for seed in range(6)]
    versions = [jpeg(pictures[0], 75), ImageEnhance.Brightness(pictures[1]).enhance(0.85)]
    assert groups(tmp_path, pictures + versions) == ((0, 6), (1, 7))


def test_different_pictures_are_left_apart(tmp_path: Path) -> None:
    assert groups(tmp_path, [scene(seed) for seed in range(40)]) == ()


def test_what_looks_alike_but_for_fine_marks_is_left_apart(tmp_path: Path) -> None:
    assert groups(tmp_path, [solar_cell(seed) for seed in range(30)]) == ()


def test_a_camera_that_never_moves_does_not_make_all_pictures_one(tmp_path: Path) -> None:
    """The same background with a thing at another place, or a lamp of another colour."""
    things = []
    for number in range(6):
        picture = noisy(scene(0))
        picture.paste((0, 0, 0), (10 + 30 * number, 40, 30 + 30 * number, 60))
        things.append(picture)
    assert groups(tmp_path, things) == ()
    lamps = []
    # Two colours of the same brightness, so that grey pixels do not tell them apart.
    for colour in ((200, 40, 60), (40, 120, 60)):
        picture = scene(1)
        picture.paste(colour, (100, 60, 140, 100))
        lamps.append(picture)
    assert groups(tmp_path, lamps) == ()


def test_plain_pictures_are_like_nothing(tmp_path: Path) -> None:
    plain = [Image.new("RGB", (64, 64), (shade, shade, shade)) for shade in range(200, 210)]
    assert groups(tmp_path, plain) == ()


def test_one_of_each_content_stands_for_its_copies(tmp_path: Path) -> None:
    copy = scene(0)
    assert groups(tmp_path, [copy, copy, jpeg(copy, 80), scene(1)]) == ((0, 2),)


def test_a_film_is_one_group(tmp_path: Path) -> None:
    film = [scene(0).crop((3 * step, 0, 160 + 3 * step, 160)) for step in range(6)]
    assert groups(tmp_path, film) == (tuple(range(6)),)


def test_hashes_hardly_change_with_size_and_brightness() -> None:
    base = thumbnail(scene(5)).hash
    for change in ("half", "brighter", "quality 30"):
        changed = CHANGES[change](scene(5)).convert("RGB")
        assert (base ^ thumbnail(changed).hash).bit_count() <= 6
    assert (base ^ thumbnail(scene(6)).hash).bit_count() > 12


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Twelve pictures of each of two classes; each has a version of itself."""
    for label, name in enumerate("ab"):
        (tmp_path / name).mkdir()
        for number in range(12):
            picture = scene(100 * label + number)
            picture.save(tmp_path / name / f"{number:02d}.png")
            picture.resize((150, 120)).save(tmp_path / name / f"{number:02d}-small.jpg", quality=80)
    return tmp_path


def test_versions_never_cross_a_split_that_is_made(pairs: Path) -> None:
    for seed in range(4):
        data = open_data_set(pairs, seed=seed)
        for part in (data.learning.train, data.learning.validation, data.test.open()):
            pictures = {sample.name.replace("-small.jpg", ".png") for sample in part}
            assert len(part) == 2 * len(pictures)
    assert len(data.check.of_kind("near_duplicates")) == 24
    assert data.check.of_kind("split_leak") == ()


def test_versions_across_given_splits_and_labels_are_named_and_kept(tmp_path: Path) -> None:
    for number, place in enumerate(("train/a", "train/b", "test/a", "test/b") * 4):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        scene(number).save(tmp_path / place / f"{number}.png")
    scene(0).resize((100, 80)).save(tmp_path / "test" / "b" / "again.jpg")
    report = check_data_set(tmp_path)
    names = ("test/b/again.jpg", "train/a/0.png")
    (leak,) = report.of_kind("split_leak")
    (conflict,) = report.of_kind("label_conflict")
    assert leak.names == conflict.names == names
    assert "nearly the same picture in test, " in leak.detail
    assert "under a, b" in conflict.detail
    assert report.images == 17 and report.refusals == ()

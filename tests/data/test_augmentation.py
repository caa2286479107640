"""Every augmentation does what its name says, and no more."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from attendnets.data import Augmentation, augment
from attendnets.errors import UsageError


def random_images(images: int = 1, channels: int = 1, height: int = 24, width: int = 24) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(images, channels, height, width, generator=generator) * 255


def augmented(pixels: Tensor, augmentation: Augmentation, seed: int = 0) -> Tensor:
    return augment(pixels.clone(), augmentation, torch.Generator().manual_seed(seed))


def same(first: Tensor, second: Tensor) -> bool:
    return torch.allclose(first, second, atol=0.02)


def disc(height: int, width: int, radius: float, x: float = 0.0, y: float = 0.0) -> Tensor:
    """A bright disc, (x, y) pixels from the middle."""
    rows = torch.arange(height).view(-1, 1) - (height - 1) / 2
    columns = torch.arange(width).view(1, -1) - (width - 1) / 2
    return (((columns - x) ** 2 + (rows - y) ** 2) < radius**2).float().mul(200)[None, None]


def centre_and_spread(image: Tensor) -> tuple[float, float, float, float]:
    """Centre of brightness (x, y) from the middle, and standard deviation along x and y, in pixels."""
    weights = (image / image.sum()).double().numpy()[0]
    height, width = weights.shape
    x, y = np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2
    along_x, along_y = weights.sum(0), weights.sum(1)
    mean_x, mean_y = float(along_x @ x), float(along_y @ y)
    return (
        mean_x,
        mean_y,
        float((along_x @ (x - mean_x) ** 2) ** 0.5),
        float((along_y @ (y - mean_y) ** 2) ** 0.5),
    )


def test_none_changes_nothing() -> None:
    pixels = random_images(4, 3)
    assert torch.equal(augmented(pixels, Augmentation.none()), pixels)


@pytest.mark.parametrize(
    ("augmentation", "possible"),
    [
        (Augmentation(horizontal_flip=True), [lambda a: a, lambda a: a.flip(-1)]),
        (Augmentation(vertical_flip=True), [lambda a: a, lambda a: a.flip(-2)]),
        (Augmentation(quarter_turns=True), [lambda a, k=k: torch.rot90(a, k, (-2, -1)) for k in range(4)]),
        (
            Augmentation(horizontal_flip=True, vertical_flip=True),
            [lambda a: a, lambda a: a.flip(-1), lambda a: a.flip(-2), lambda a: a.flip(-1, -2)],
        ),
        (
            Augmentation(horizontal_flip=True, vertical_flip=True, quarter_turns=True),
            [
                lambda a, k=k, flip=flip: torch.rot90(a.flip(flip) if flip else a, k, (-2, -1))
                for k, flip in itertools.product(range(4), ((), (-1,)))
            ],
        ),
    ],
    ids=["horizontal", "vertical", "turns", "both flips", "all eight"],
)
def test_flips_and_turns_give_each_position_about_equally_often(
    augmentation: Augmentation, possible: list[Callable[[Tensor], Tensor]]
) -> None:
    image = random_images()
    out = augmented(image.expand(400, -1, -1, -1), augmentation)
    expected = [change(image[0]) for change in possible]
    counts = [0] * len(expected)
    for result in out:
        (which,) = (number for number, candidate in enumerate(expected) if same(result, candidate))
        counts[which] += 1
    assert min(counts) > 0.6 * 400 / len(expected)


def test_on_an_oblong_image_a_quarter_turn_still_fills_the_frame() -> None:
    ramp = torch.linspace(0, 255, 40).expand(1, 1, 20, 40)
    turned = [
        result for result in augmented(ramp.expand(16, -1, -1, -1), Augmentation(quarter_turns=True))
        if result[0, :, 20].std() > 1
    ]  # fmt: skip
    assert turned
    for result in turned:
        assert sorted((round(float(result.min())), round(float(result.max())))) == [3, 252]


@pytest.mark.parametrize("magnification", [0.7, 1.0, 1.6])
def test_scale_magnifies_about_the_middle(magnification: float) -> None:
    image = disc(64, 64, 12)
    _, _, before, _ = centre_and_spread(image[0])
    out = augmented(image, Augmentation(scale=(magnification, magnification)))[0]
    x, y, spread_x, spread_y = centre_and_spread(out)
    assert abs(x) < 0.1 and abs(y) < 0.1
    assert spread_x / before == pytest.approx(magnification, rel=0.02)
    assert spread_y / before == pytest.approx(magnification, rel=0.02)


def test_scale_is_drawn_from_its_whole_range() -> None:
    image = disc(64, 64, 12)
    _, _, before, _ = centre_and_spread(image[0])
    out = augmented(image.expand(200, -1, -1, -1), Augmentation(scale=(0.8, 1.25)))
    factors = [centre_and_spread(result)[2] / before for result in out]
    assert 0.78 < min(factors) < 0.84 and 1.2 < max(factors) < 1.28
    assert 80 < sum(factor < 1 for factor in factors) < 120


def test_translation_shifts_up_to_its_share_of_each_side() -> None:
    image = disc(64, 96, 6)
    out = augmented(image.expand(200, -1, -1, -1), Augmentation(translate=0.1))
    places = [centre_and_spread(result)[:2] for result in out]
    assert 8.5 < max(abs(x) for x, _ in places) < 9.7
    assert 5.5 < max(abs(y) for _, y in places) < 6.5


def test_rotation_keeps_the_shape_on_an_oblong_image() -> None:
    image = disc(64, 96, 6, x=20)
    out = augmented(image.expand(50, -1, -1, -1), Augmentation(rotate_degrees=30))
    angles = []
    for result in out:
        x, y, spread_x, spread_y = centre_and_spread(result)
        assert (x**2 + y**2) ** 0.5 == pytest.approx(20, abs=0.3)
        assert spread_x == pytest.approx(spread_y, rel=0.05)
        angles.append(np.degrees(np.arctan2(y, x)))
    assert -30.5 < min(angles) < -25 and 25 < max(angles) < 30.5


def test_stretching_changes_the_aspect_and_keeps_the_area() -> None:
    image = disc(64, 64, 12)
    _, _, before, _ = centre_and_spread(image[0])
    out = augmented(image.expand(100, -1, -1, -1), Augmentation(stretch=0.3))
    spreads = [centre_and_spread(result)[2:] for result in out]
    ratios = [x / y for x, y in spreads]
    assert 1 / 1.33 < min(ratios) < 0.82 and 1.22 < max(ratios) < 1.33
    for x, y in spreads:
        assert x * y == pytest.approx(before**2, rel=0.03)


def test_what_comes_into_view_is_the_reflection() -> None:
    image = random_images(1, 1, 32, 32)
    out = augmented(image, Augmentation(scale=(0.5, 0.5)))
    # At half size the picture fills the middle; above it lies the same picture, upside down.
    assert same(out[0, 0, :8, 8:24].flip(0), out[0, 0, 8:16, 8:24])


@pytest.mark.parametrize("channels", [1, 3])
def test_brightness_and_contrast_are_one_factor_each_per_image(channels: int) -> None:
    pixels = 100 + random_images(100, channels) / 10
    ratio = augmented(pixels, Augmentation(brightness=0.2)) / pixels
    assert float((ratio.amax((1, 2, 3)) - ratio.amin((1, 2, 3))).max()) < 1e-4
    assert 0.8 <= ratio.min() < 0.83 and 1.17 < ratio.max() <= 1.2

    out = augmented(pixels, Augmentation(contrast=0.2))
    torch.testing.assert_close(out.mean((1, 2, 3)), pixels.mean((1, 2, 3)))
    slope = out.std((1, 2, 3)) / pixels.std((1, 2, 3))
    assert 0.79 < slope.min() < 0.83 and 1.17 < slope.max() < 1.21


def test_values_stay_between_0_and_255() -> None:
    pixels = random_images(50, 3)
    out = augmented(pixels, Augmentation(brightness=0.9, contrast=0.9, saturation=0.9))
    assert out.min() == 0 and out.max() == 255


def test_saturation_moves_colours_about_their_grey() -> None:
    pixels = 100 + random_images(100, 3) / 5
    luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    out = augmented(pixels, Augmentation(saturation=0.5))
    torch.testing.assert_close((out * luma).sum(1), (pixels * luma).sum(1))
    grey = (pixels * luma).sum(1, keepdim=True)
    factor = ((out - grey) / (pixels - grey)).flatten(1).median(1).values
    assert 0.5 <= factor.min() < 0.55 and 1.45 < factor.max() <= 1.5
    grey_image = random_images(3, 1)
    assert torch.equal(augmented(grey_image, Augmentation(saturation=0.5)), grey_image)


def test_erasing_fills_one_rectangle_with_the_mean_in_its_share_of_images() -> None:
    pixels = random_images(400, 3, 40, 40)
    out = augmented(pixels, Augmentation(erase=0.3))
    changed = (out != pixels).any(1)
    images = changed.any((1, 2))
    assert 0.22 < images.float().mean() < 0.38
    for before, after, hole in zip(pixels[images], out[images], changed[images], strict=True):
        rows, columns = hole.any(1).nonzero(), hole.any(0).nonzero()
        height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
        assert int(hole.sum()) == height * width
        assert 0.015 < height * width / 1600 < 0.22
        torch.testing.assert_close(after[:, hole].mean(1), before.mean((1, 2)))


def test_the_two_recipes_say_what_they_assume() -> None:
    photos, cells = Augmentation.for_photos(), Augmentation.orientation_free()
    assert photos.horizontal_flip and not photos.vertical_flip and not photos.quarter_turns
    assert cells.horizontal_flip and cells.vertical_flip and cells.quarter_turns


@pytest.mark.parametrize(
    "wrong",
    [
        {"scale": (0.0, 1.0)}, {"scale": (1.2, 0.8)}, {"translate": -0.1}, {"erase": 1.5},
        {"rotate_degrees": 400.0}, {"brightness": 2.0},
    ],
)  # fmt: skip
def test_impossible_strengths_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        dataclasses.replace(Augmentation.none(), **wrong)

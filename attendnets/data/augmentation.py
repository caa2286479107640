"""Random changes of training images, a whole batch in one tensor operation each.

Letters: B images, C channels, H rows, W columns. Coordinates are those of ``grid_sample``: x to the
right, y downwards, both from -1 to 1 across the image. Measured choices: the grid is made by outer sums
(``affine_grid`` takes more than twice as long as the sampling itself), and values change in place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional

from attendnets.errors import UsageError

#: Smallest and largest share of the image that an erased rectangle covers, and its most extreme aspect.
_ERASED_AREA = (0.02, 0.2)
_ERASED_ASPECT = 2.0

# Rec. 601 luma, as in the grey conversion of decode.py.
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Augmentation:
    """How training images are changed at random.

    - ``horizontal_flip``, ``vertical_flip``: mirror every second image.
    - ``quarter_turns``: turn by 0, 90, 180 or 270 degrees with equal chance.
    - ``scale``: lowest and highest magnification (1.2 shows the picture 1.2 times as large).
    - ``translate``: largest shift, as a share of the side.
    - ``rotate_degrees``: largest rotation either way.
    - ``stretch``: largest change of the aspect ratio (0.2: from 1/1.2 to 1.2).
    - ``brightness``, ``contrast``, ``saturation``: largest relative change (0.2: from 0.8 to 1.2 times);
      contrast is about the image's own mean, saturation about its grey.
    - ``erase``: probability that a rectangle of 2 to 20 % of the image is filled with the image's mean.

    What comes into view from outside the image is its reflection.
    """

    horizontal_flip: bool = False
    vertical_flip: bool = False
    quarter_turns: bool = False
    scale: tuple[float, float] = (1.0, 1.0)
    translate: float = 0.0
    rotate_degrees: float = 0.0
    stretch: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    erase: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.scale[0] <= self.scale[1]:
            raise UsageError(f"augmentation scale is {self.scale}; use (low, high) with 0 < low <= high")
        for field in fields(self):
            value = getattr(self, field.name)
            highest = 360 if field.name == "rotate_degrees" else 1
            if not isinstance(value, tuple) and not 0 <= value <= highest:
                raise UsageError(f"augmentation {field.name} is {value}; use 0 to {highest}")

    @classmethod
    def for_photos(cls) -> Augmentation:
        """For photographs that have an upright: mirrored, never turned over."""
        return cls(
            horizontal_flip=True, scale=(0.85, 1.5), translate=0.1, rotate_degrees=10.0, stretch=0.15,
            brightness=0.2, contrast=0.2, saturation=0.3, erase=0.25,
        )  # fmt: skip

    @classmethod
    def orientation_free(cls) -> Augmentation:
        """For pictures without an upright that fill their frame: cells, tiles, microscopy.

        Weak on purpose beside the eight orientations: what matters in such pictures is fine and faint, and
        magnifying, erasing and stronger changes of brightness hide it.
        """
        return cls(
            horizontal_flip=True, vertical_flip=True, quarter_turns=True, translate=0.02,
            brightness=0.1, contrast=0.1, saturation=0.1,
        )  # fmt: skip

    @classmethod
    def none(cls) -> Augmentation:
        """The images as they are."""
        return cls()

    @property
    def moves(self) -> bool:
        """Whether pixels change place."""
        return (
            self.horizontal_flip or self.vertical_flip or self.quarter_turns or self.scale != (1.0, 1.0)
            or self.translate > 0 or self.rotate_degrees > 0 or self.stretch > 0
        )  # fmt: skip

    @property
    def recolours(self) -> bool:
        """Whether values change in place."""
        return self.brightness > 0 or self.contrast > 0


def augment(pixels: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Change a batch at random.

    ``pixels`` is float32 ``(B, C, H, W)`` in any memory format, 0..255, and may be overwritten; the result
    has its shape and range. All chance comes from ``generator``, in an amount that depends on B alone.
    """
    chance = torch.rand(len(pixels), 16, generator=generator).unbind(1)
    if augmentation.moves:
        height, width = pixels.shape[2:]
        grid = _grid(_affine(augmentation, chance[:8], height, width), height, width)
        pixels = functional.grid_sample(
            pixels, grid, mode="bilinear", padding_mode="reflection", align_corners=False
        )
    if augmentation.saturation > 0 and pixels.shape[1] == 3:
        factor = _around_one(augmentation.saturation, chance[8])
        grey = (pixels * pixels.new_tensor(_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
        pixels = torch.lerp(grey, pixels, factor)
    if augmentation.recolours:
        pixels = _recolour(pixels, augmentation, chance[9], chance[10])
    if augmentation.erase > 0:
        pixels = _erase(pixels, augmentation.erase, chance[11:16])
    return pixels


def _affine(augmentation: Augmentation, chance: tuple[Tensor, ...], height: int, width: int) -> Tensor:
    """Matrices (B, 2, 3) that take a place in the new image to the place in the old one it shows."""
    flip_x, flip_y, turn, scale, stretch, angle, shift_x, shift_y = chance
    one = torch.ones_like(flip_x)
    mirror_x = torch.where(flip_x < 0.5, -one, one) if augmentation.horizontal_flip else one
    mirror_y = torch.where(flip_y < 0.5, -one, one) if augmentation.vertical_flip else one

    low, high = (math.log(bound) for bound in augmentation.scale)
    zoom = torch.exp(low + (high - low) * scale)
    aspect = torch.exp(math.log1p(augmentation.stretch) * (stretch - 0.5))  # half the ratio to either axis
    radians = math.radians(augmentation.rotate_degrees) * (2 * angle - 1)
    cosine, sine = torch.cos(radians), torch.sin(radians)
    # The rotation is one of the picture in pixels: on an oblong image x and y have different units.
    xx, xy = cosine / zoom / aspect, -sine * (height / width) / zoom / aspect
    yx, yy = sine * (width / height) / zoom * aspect, cosine / zoom * aspect

    if augmentation.quarter_turns:
        # Columns of the matrix turned by 0, 90, 180 or 270 degrees: the frame always maps onto itself.
        quarter = torch.floor(turn * 4)
        c, s = torch.cos(quarter * (math.pi / 2)).round(), torch.sin(quarter * (math.pi / 2)).round()
        xx, xy, yx, yy = c * xx - s * yx, c * xy - s * yy, s * xx + c * yx, s * xy + c * yy
    move_x = 2 * augmentation.translate * (2 * shift_x - 1)
    move_y = 2 * augmentation.translate * (2 * shift_y - 1)
    first = torch.stack((mirror_x * xx, mirror_x * xy, move_x), 1)
    second = torch.stack((mirror_y * yx, mirror_y * yy, move_y), 1)
    return torch.stack((first, second), 1)


def _grid(theta: Tensor, height: int, width: int) -> Tensor:
    """Where every pixel of the new images looks in the old ones: (B, H, W, 2) of (x, y)."""
    x, y = _centres(width), _centres(height)
    planes = theta.new_empty(2, len(theta), height, width)
    for axis in (0, 1):
        along, across, shift = theta[:, axis].unsqueeze(2).unbind(1)
        torch.add((along * x)[:, None, :], (across * y + shift)[:, :, None], out=planes[axis])
    return planes.permute(1, 2, 3, 0)


def _centres(length: int) -> Tensor:
    return (2 * torch.arange(length) + 1) / length - 1


def _recolour(pixels: Tensor, augmentation: Augmentation, bright: Tensor, contrast: Tensor) -> Tensor:
    gain = _around_one(augmentation.brightness, bright)
    slope = _around_one(augmentation.contrast, contrast)
    offset = gain * pixels.mean((1, 2, 3), keepdim=True) * (1 - slope)
    return pixels.mul_(gain * slope).add_(offset).clamp_(0, 255)


def _around_one(change: float, chance: Tensor) -> Tensor:
    """Factors from 1 - change to 1 + change, shaped (B, 1, 1, 1)."""
    return (1 + change * (2 * chance - 1)).view(-1, 1, 1, 1)


def _erase(pixels: Tensor, probability: float, chance: tuple[Tensor, ...]) -> Tensor:
    whether, area, aspect, left, top = chance
    chosen = torch.nonzero(whether < probability).squeeze(1)
    height, width = pixels.shape[2:]
    share = _ERASED_AREA[0] + (_ERASED_AREA[1] - _ERASED_AREA[0]) * area[chosen]
    skew = torch.exp(math.log(_ERASED_ASPECT) * (aspect[chosen] - 0.5))
    rows = _span(torch.sqrt(share) * skew, top[chosen], height)
    columns = _span(torch.sqrt(share) / skew, left[chosen], width)
    hole = (rows[:, :, None] & columns[:, None, :])[:, None]
    part = pixels[chosen]
    pixels[chosen] = torch.where(hole, part.mean((2, 3), keepdim=True), part)
    return pixels


def _span(share: Tensor, place: Tensor, length: int) -> Tensor:
    """Boolean (B, length): a run of ``share`` of the length, somewhere inside by ``place``."""
    size = torch.round(share.clamp(max=1.0) * length)
    start = torch.floor(place * (length - size + 1))
    position = torch.arange(length)
    return (position >= start[:, None]) & (position < (start + size)[:, None])

"""Which images show nearly the same picture: scaled, re-encoded, brightened, cropped by a percent or two.

Three steps, each dearer and stricter than the one before. Perceptual hashes propose pairs. A fit on the
thumbnails lets those pass of which one is the other, up to brightness, contrast, a small shift and a small
scaling. What is left is read again and fitted at up to 128 pixels, where only fine structure counts: cells
of one solar module, or planes before a sky, agree in everything coarse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from attendnets.data.decode import BadImage, flatten, load, open_file, quiet_pillow, upright
from attendnets.data.examine import Examined
from attendnets.data.perceptual_hash import shrink
from attendnets.data.pixels import DECODING_THREADS
from attendnets.errors import DataError

Floats = npt.NDArray[np.float32]
Indexes = npt.NDArray[np.int64]

#: Bits of 64 in which the hashes of one picture may differ.
HASH_BITS = 12
#: Shares of the variance of one picture that the other must explain: coarse structure, then fine.
COARSE_SHARE = 0.94
FINE_SHARE = 0.8

# Thumbnails that vary by less, in grey levels, show nothing: one plain picture is like any other.
_PLAIN = 3.0
# Candidates for one image: more lie close where a whole data set looks alike, and the nearest suffice.
_MOST_CANDIDATES = 64
_TILES = {32: 8, 64: 16, 128: 16}
_SIDES = tuple(_TILES)
# Mean square of grey levels that no agreement is asked of.
_NOISE = 0.25
# The same, of what is plain to see, and how much of it each part may leave unexplained.
_VISIBLE = 16.0
_MOST_UNLIKE = 0.25
# Parts a side whose colours are compared, and by how much they may differ: compression alone reaches 24.
_COLOUR_PARTS = 8
_MOST_COLOUR = 30.0
# Contrast of one picture over that of the other, and how far its parts may lie apart: shares of the side.
_GAINS = (0.4, 2.5)
_MOST_MOVED = np.array([0.03, 0.03, 0.06, 0.06])
_HASHES_AT_A_TIME = 256
_PAIRS_AT_A_TIME = 512
_READ_AHEAD = 1024
_PAIRS_COMPARED = 64


def near_duplicates(images: Sequence[Examined]) -> tuple[tuple[int, ...], ...]:
    """Groups of indexes into ``images``, each of two or more; images of the same bytes stand for each other.

    Whoever is nearly the same as one of a group belongs to it: frames of a slow film are one group.
    Mirrored and turned copies are not looked for. Raises :class:`DataError` for a file that has changed
    since it was examined.
    """
    first: dict[str, int] = {}
    for index, image in enumerate(images):
        first.setdefault(image.content, index)
    chosen = [index for index in first.values() if images[index].thumbnail.pixels.std() >= _PLAIN]
    leader = dict.fromkeys(chosen, -1)

    def find(index: int) -> int:
        while leader[index] >= 0:
            index = leader[index]
        return index

    @lru_cache(maxsize=_READ_AHEAD)
    def look(index: int, side: int) -> tuple[Floats, Floats]:
        return _read_again(images[index].record.path, side)

    def agreement(pair: tuple[int, int]) -> float:
        shorter = min(side for index in pair for side in images[index].size)
        # Averaged over two pixels each way, or blurred: single pixels hold what compression left.
        side = max((side for side in _SIDES if 2 * side <= shorter), default=_SIDES[0])
        (one, one_colour), (other, other_colour) = (look(index, side) for index in pair)
        coloured = not any(images[index].grey for index in pair)
        if coloured and not _same_colours(one_colour, other_colour):
            return 0.0
        return fine_agreement(one, other, smooth=2 * side > shorter)

    pairs = list(_alike(images, chosen))
    with quiet_pillow(), ThreadPoolExecutor(DECODING_THREADS) as pool:
        for start in range(0, len(pairs), _PAIRS_COMPARED):
            part = [pair for pair in pairs[start : start + _PAIRS_COMPARED] if find(pair[0]) != find(pair[1])]
            for pair, share in zip(part, pool.map(agreement, part), strict=True):
                one, other = sorted(find(index) for index in pair)
                if share >= FINE_SHARE and one != other:
                    leader[other] = one
    groups: dict[int, list[int]] = {}
    for index in chosen:
        groups.setdefault(find(index), []).append(index)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _read_again(path: Path, side: int) -> tuple[Floats, Floats]:
    """Grey pixels, ``(side, side)``, and the colours of 8 x 8 parts, ``(8, 8, 2)``."""
    try:
        with open_file(path) as (_, image):
            image.draft(None, (2 * side, 2 * side))
            flat = flatten(upright(load(image)))
            small = flat.resize((_COLOUR_PARTS, _COLOUR_PARTS), Image.Resampling.BOX).convert("RGB")
            colours = np.array(small.convert("YCbCr"), np.float32)[..., 1:]
            return np.array(shrink(flat, side), np.float32), colours
    except BadImage as error:
        raise DataError(f"{path}: it has changed while it was checked ({error}); check it again") from error


def _alike(images: Sequence[Examined], chosen: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Pairs of ``chosen`` images whose thumbnails agree, in a fixed order."""
    hashes = np.array([images[index].thumbnail.hash for index in chosen], np.uint64)
    pairs = _close(hashes)
    for start in range(0, len(pairs), _PAIRS_AT_A_TIME):
        part = pairs[start : start + _PAIRS_AT_A_TIME]
        left, right = (
            _smooth(np.stack([images[chosen[row]].thumbnail.pixels for row in side]).astype(np.float32))
            for side in part.T
        )
        agree = np.minimum(coarse_agreement(left, right), coarse_agreement(right, left)) >= COARSE_SHARE
        for one, other in part[agree]:
            yield chosen[one], chosen[other]


def _close(hashes: npt.NDArray[np.uint64]) -> Indexes:
    """Pairs of rows, the smaller first, whose hashes differ in few bits: int64 ``(pairs, 2)``."""
    found: list[Indexes] = [np.empty((0, 2), np.int64)]
    for start in range(0, len(hashes), _HASHES_AT_A_TIME):
        rows = hashes[start : start + _HASHES_AT_A_TIME]
        bits = np.bitwise_count(rows[:, None] ^ hashes[None, start:])
        for row in np.flatnonzero((bits <= HASH_BITS).sum(axis=1) > 1):
            near = np.flatnonzero(bits[row, row + 1 :] <= HASH_BITS) + row + 1
            if len(near) > _MOST_CANDIDATES:
                near = np.sort(near[np.argsort(bits[row, near], kind="stable")[:_MOST_CANDIDATES]])
            found.append(np.stack([np.full(len(near), start + row), start + near], axis=1))
    return np.concatenate(found)


def _same_colours(one: Floats, other: Floats) -> bool:
    """Whether all parts differ by one tint, if at all."""
    differences = one - other
    tint = differences.reshape(-1, 2).mean(axis=0)
    return bool(np.abs(differences - tint).max() <= _MOST_COLOUR)


def fine_agreement(one: Floats, other: Floats, smooth: bool) -> float:
    """How much of the fine structure of ``other`` is that of ``one``, laid upon it: 1 for the same picture.

    Both are grey pixels, ``(S, S)``; S is 32, 64 or 128. Every part of the picture counts about the same,
    however strong its contrasts, so that common frames and backgrounds do not decide; and where one part
    shows something else, they do not agree at all: with a camera that never moves, that is all that differs.
    ``smooth`` blurs more, for pictures whose single pixels are full of compression noise.
    """
    side = len(one)
    shift = np.zeros(4)
    for size in (size for size in _SIDES if size <= side):
        left, right = _resized(one, size), _resized(other, size)
        for _ in range(2 if size == _SIDES[0] else 1):
            weights, _, _ = _explained(_smooth(_moved(left, shift))[None], _smooth(right)[None])
            gain = float(weights[0, 0])
            if not _GAINS[0] <= gain <= _GAINS[1]:
                return 0.0
            # Weights of slopes are pixels; shifts are parts of the side.
            shift = np.clip(shift + weights[0, 2:] / gain / size, -_MOST_MOVED, _MOST_MOVED)
    left = _moved(one, shift)
    weights_of_blur = (1, 4, 6, 4, 1) if smooth else (1, 2, 1)
    left, right = (_smooth(picture, weights_of_blur) for picture in (left, other))
    left, right = (picture - _resized(_resized(picture, side // 4), side) for picture in (left, right))
    _, rest, target = _explained(left[None], right[None])
    tile = _TILES[side]
    unlike, all_of_it = _by_tile(rest[0], tile), _by_tile(target[0], tile)
    if (unlike / (all_of_it + _VISIBLE)).max() > _MOST_UNLIKE:
        return 0.0
    worth = 1 / (all_of_it + _NOISE)
    return 1 - float((worth * unlike).sum()) / max(float((worth * all_of_it).sum()), 1e-6)


def _by_tile(differences: Floats, tile: int) -> Floats:
    """The mean square of each tile of that many pixels a side; what is left over at the end is left out."""
    count = len(differences) // tile
    whole = differences[: count * tile, : count * tile].reshape(count, tile, count, tile)
    return np.asarray(np.square(whole).mean(axis=(1, 3)), np.float32)


def coarse_agreement(ones: Floats, others: Floats) -> Floats:
    """How much of the variance of each of ``others`` its partner in ``ones`` explains: ``(N,)``.

    Both are blurred thumbnails, ``(N, S, S)``.
    """
    _, rest, target = _explained(ones, others)
    variance = np.einsum("nyx,nyx->n", target, target)
    share = 1 - np.einsum("nyx,nyx->n", rest, rest) / np.maximum(variance, 1e-3)
    return np.asarray(share, np.float32)


def _explained(ones: Floats, others: Floats) -> tuple[Floats, Floats, Floats]:
    """Explain each of ``others`` by the picture of the same row in ``ones``: both are ``(N, S, S)``.

    Least squares over contrast, brightness, and what a small shift and scaling of each axis change. Returns
    the six weights in that order, ``(N, 6)``, what stays unexplained, and the differences from the mean
    that were to be explained. The border, which a crop moves out of the picture, is left out of both.
    """
    side = ones.shape[-1]
    margin = max(2, side // 16)
    inside = (slice(None), slice(margin, -margin), slice(margin, -margin))
    down, right = (np.asarray(slopes, np.float32) for slopes in np.gradient(ones, axis=(1, 2)))
    y, x = np.asarray(np.mgrid[0:side, 0:side] / (side - 1) - 0.5, np.float32)
    causes = (ones, np.ones_like(ones), right, down, right * x, down * y)
    design = np.stack([cause[inside].reshape(len(ones), -1) for cause in causes], axis=1)
    target = others[inside]
    flat = target.reshape(len(others), -1, 1)
    mean = np.asarray(target.mean(axis=(1, 2)), np.float32)
    # A trace of damping: a picture without vertical edges says nothing of a shift across.
    products = design @ design.transpose(0, 2, 1) + 1e-2 * np.eye(len(causes), dtype=np.float32)
    weights = np.linalg.solve(products, design @ flat)
    rest = (flat - design.transpose(0, 2, 1) @ weights).reshape(target.shape)
    return weights[:, :, 0], rest, target - mean[:, None, None]


def _smooth(pictures: Floats, weights: Sequence[int] = (1, 4, 6, 4, 1)) -> Floats:
    """Blurred down and across by these weights, an odd number of them."""
    reach = len(weights) // 2
    for axis in (-2, -1):
        width = [(0, 0)] * pictures.ndim
        width[axis] = (reach, reach)
        padded = np.pad(pictures, width, mode="edge")
        size = pictures.shape[axis]
        pictures = np.zeros_like(pictures)
        for start, weight in enumerate(weights):
            part = padded[..., start : start + size, :] if axis == -2 else padded[..., start : start + size]
            pictures += np.float32(weight / sum(weights)) * part
    return pictures


def _resized(picture: Floats, side: int) -> Floats:
    if len(picture) == side:
        return picture
    kind = Image.Resampling.BOX if side < len(picture) else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(picture).resize((side, side), kind))


def _moved(picture: Floats, shift: npt.NDArray[np.float64]) -> Floats:
    """The picture sampled at places shifted and scaled from its middle; shifts are parts of its side."""
    side = len(picture)
    across, down, wider, higher = (float(value) for value in shift)
    middle = side / 2
    terms = (
        1 + wider, 0.0, across * side - wider * middle, 0.0, 1 + higher, down * side - higher * middle
    )  # fmt: skip
    return np.asarray(
        Image.fromarray(picture).transform(
            (side, side), Image.Transform.AFFINE, terms, Image.Resampling.BICUBIC
        )
    )

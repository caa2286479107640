"""Batches of raw pixels for training and evaluation.

Letters: B images, C channels, H rows, W columns.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from attendnets.data.augmentation import Augmentation, augment
from attendnets.data.pixels import PixelCache, PixelTable
from attendnets.errors import UsageError

__all__ = ["Augmentation", "PixelCache", "PixelTable", "TrainingBatches", "evaluation_batches"]


class TrainingBatches:
    """Shuffled, augmented batches of a table.

    ``epoch(number)`` yields float32 ``(B, C, H, W)`` in channels-last memory with values 0..255, and int64
    ``(B,)``. The order and the augmentation of an epoch depend on ``(seed, number)`` alone, so that a
    resumed training meets the same batches. All batches are whole: a short last one is dropped, unless it
    is the only one. ``loading_seconds`` adds up the time spent on making batches.
    """

    def __init__(self, table: PixelTable, batch_size: int, augmentation: Augmentation, seed: int) -> None:
        if batch_size < 1:
            raise UsageError(f"batch size is {batch_size}; it must be at least 1")
        if len(table) == 0:
            raise UsageError("no training images to make batches of")
        self._table = table
        self._batch_size = min(batch_size, len(table))
        self._augmentation = augmentation
        self._seed = seed
        self.loading_seconds = 0.0

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self._table) // self._batch_size

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of epoch ``number``."""
        started = time.perf_counter()
        generator = torch.Generator().manual_seed(_mix(self._seed, number))
        order = torch.randperm(len(self._table), generator=generator).numpy()
        for batch in range(len(self)):
            rows = order[batch * self._batch_size : (batch + 1) * self._batch_size]
            pixels, labels = _gather(self._table, rows)
            pixels = _channels_last(augment(pixels, self._augmentation, generator))
            self.loading_seconds += time.perf_counter() - started
            yield pixels, labels
            started = time.perf_counter()


def evaluation_batches(table: PixelTable, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """All images in the table's order and unchanged, as float32 ``(B, C, H, W)`` 0..255 and int64 ``(B,)``.

    Channels-last memory; the last batch may be short.
    """
    if batch_size < 1:
        raise UsageError(f"batch size is {batch_size}; it must be at least 1")
    for start in range(0, len(table), batch_size):
        yield _gather(table, np.arange(start, min(start + batch_size, len(table))))


def _gather(table: PixelTable, rows: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    # Indexing by rows copies: memory maps and read-only arrays never reach torch.
    pixels_BHWC = torch.from_numpy(table.pixels[rows])
    pixels_BCHW = pixels_BHWC.permute(0, 3, 1, 2).to(torch.float32)
    return _channels_last(pixels_BCHW), torch.from_numpy(table.labels[rows])


def _channels_last(pixels: Tensor) -> Tensor:
    if pixels.shape[1] == 1:
        # With one channel both memory formats hold the same bytes; only the strides tell torch which it is.
        return pixels.contiguous().view(len(pixels), *pixels.shape[2:], 1).permute(0, 3, 1, 2)
    return pixels.contiguous(memory_format=torch.channels_last)


def _mix(seed: int, epoch: int) -> int:
    """One well-mixed seed of the two numbers: neighbouring seeds and epochs share nothing."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{epoch}".encode()).digest()[:8], "big") >> 1

"""Batches: whole, shuffled, repeatable, raw pixels in channels-last memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from attendnets.data import Augmentation, PixelTable, TrainingBatches, evaluation_batches
from attendnets.errors import UsageError


def numbered(images: int, channels: int = 1, side: int = 6) -> PixelTable:
    """Image i has the value i everywhere and the label 1000 + i."""
    pixels = (
        np.zeros((images, side, side, channels), np.uint8)
        + np.arange(images, dtype=np.uint8)[:, None, None, None]
    )
    return PixelTable(pixels, 1000 + np.arange(images))


def labels_of(batches: TrainingBatches, epoch: int) -> list[int]:
    return [int(label) for _, labels in batches.epoch(epoch) for label in labels]


def test_an_epoch_is_whole_batches_of_different_images_in_random_order() -> None:
    batches = TrainingBatches(numbered(50), 16, Augmentation.none(), seed=0)
    assert len(batches) == 3
    seen = labels_of(batches, 0)
    assert len(seen) == len(set(seen)) == 48
    assert seen != sorted(seen)
    assert {labels for epoch in range(8) for labels in labels_of(batches, epoch)} == set(range(1000, 1050))


def test_a_single_short_batch_is_kept() -> None:
    batches = TrainingBatches(numbered(5), 16, Augmentation.none(), seed=0)
    assert len(batches) == 1
    assert sorted(labels_of(batches, 0)) == list(range(1000, 1005))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("augmentation", [Augmentation.none(), Augmentation.for_photos()])
def test_pixels_are_float_channels_last_and_belong_to_their_labels(
    channels: int, augmentation: Augmentation
) -> None:
    table = numbered(40, channels)
    for pixels, labels in TrainingBatches(table, 8, augmentation, seed=1).epoch(0):
        assert pixels.shape == (8, channels, 6, 6) and pixels.dtype == torch.float32
        assert labels.shape == (8,) and labels.dtype == torch.int64
        assert pixels.is_contiguous(memory_format=torch.channels_last)
        assert pixels.stride()[1] == 1
        assert pixels.min() >= 0 and pixels.max() <= 255
        if augmentation == Augmentation.none():
            assert torch.equal(pixels.amax((1, 2, 3)), (labels - 1000).float())


def test_an_epoch_depends_on_seed_and_number_alone() -> None:
    rng = np.random.default_rng(0)
    table = PixelTable(rng.integers(0, 256, (32, 16, 16, 3), dtype=np.uint8), np.arange(32))

    def epoch(seed: int, number: int, after: int = 0) -> torch.Tensor:
        batches = TrainingBatches(table, 8, Augmentation.for_photos(), seed)
        for earlier in range(after):
            for _ in batches.epoch(earlier):
                torch.rand(3)
        return torch.cat([pixels for pixels, _ in batches.epoch(number)])

    assert torch.equal(epoch(5, 2), epoch(5, 2, after=2))
    assert not torch.equal(epoch(5, 2), epoch(5, 3))
    assert not torch.equal(epoch(5, 2), epoch(6, 2))
    assert not torch.equal(epoch(5, 2), epoch(2, 5))


def test_the_global_random_state_is_neither_used_nor_moved() -> None:
    batches = TrainingBatches(numbered(32), 8, Augmentation.for_photos(), seed=0)
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = [pixels for pixels, _ in batches.epoch(0)]
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    assert all(torch.equal(a, b) for a, (b, _) in zip(first, batches.epoch(0), strict=True))


def test_batches_come_from_a_read_only_memory_map_and_leave_it_alone(tmp_path: Path) -> None:
    table = numbered(20, 3)
    np.save(tmp_path / "pixels.npy", table.pixels)
    mapped = PixelTable(np.load(tmp_path / "pixels.npy", mmap_mode="r"), table.labels)
    for augmentation in (Augmentation.none(), Augmentation.for_photos()):
        both = (TrainingBatches(t, 8, augmentation, 0).epoch(0) for t in (table, mapped))
        for (a, _), (b, _) in zip(*both, strict=True):
            assert torch.equal(a, b)
            b.zero_()
    np.testing.assert_array_equal(mapped.pixels, table.pixels)


def test_loading_time_is_that_of_making_batches_not_of_using_them() -> None:
    batches = TrainingBatches(numbered(64), 8, Augmentation.none(), seed=0)
    assert batches.loading_seconds == 0
    for _ in batches.epoch(0):
        torch.linalg.inv(torch.eye(300))
    once = batches.loading_seconds
    assert once > 0
    for _ in batches.epoch(1):
        pass
    assert batches.loading_seconds > once


def test_evaluation_goes_through_everything_in_order_and_unchanged() -> None:
    table = numbered(21, 3)
    batches = list(evaluation_batches(table, 8))
    assert [len(pixels) for pixels, _ in batches] == [8, 8, 5]
    pixels = torch.cat([pixels for pixels, _ in batches])
    assert pixels.dtype == torch.float32
    assert batches[0][0].is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(pixels.permute(0, 2, 3, 1).numpy(), table.pixels)
    assert torch.cat([labels for _, labels in batches]).tolist() == table.labels.tolist()


def test_impossible_batches_are_refused() -> None:
    with pytest.raises(UsageError, match="batch size is 0"):
        TrainingBatches(numbered(4), 0, Augmentation.none(), 0)
    with pytest.raises(UsageError, match="no training images"):
        TrainingBatches(numbered(0), 4, Augmentation.none(), 0)
    with pytest.raises(UsageError, match="batch size is 0"):
        next(evaluation_batches(numbered(4), 0))

"""Images are decoded once, and their pixels are the same from memory and from disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from attendnets.data import LearningData, PixelCache, PixelTable, Preprocessing, load_pixels, open_data_set
from attendnets.errors import DataError

from .conftest import MakeFolder

SMALL = Preprocessing(3, 8, 6)


@pytest.fixture
def learning(make_folder: MakeFolder) -> LearningData:
    return open_data_set(make_folder({"a": 20, "b": 20})).learning


def test_a_table_holds_the_samples_pixels_and_labels_in_their_order(learning: LearningData) -> None:
    table = PixelCache(None).table(learning.train, SMALL)
    assert table.pixels.shape == (len(learning.train), 8, 6, 3)
    assert table.pixels.dtype == np.uint8 and table.labels.dtype == np.int64
    assert table.labels.tolist() == [sample.label for sample in learning.train]
    for row, sample in enumerate(learning.train):
        np.testing.assert_array_equal(table.pixels[row], load_pixels(sample.path, SMALL))


def test_the_same_samples_are_not_decoded_again(learning: LearningData) -> None:
    decoded: list[int] = []
    cache = PixelCache(None)
    first = cache.table(learning.train, SMALL, lambda done, total: decoded.append(done))
    again = cache.table(learning.train, SMALL, lambda done, total: decoded.append(done))
    assert again.pixels is first.pixels
    assert decoded == [len(learning.train)]
    assert cache.table(learning.train, Preprocessing(1, 8, 6)).pixels.shape[3] == 1
    assert cache.table(learning.validation, SMALL).pixels.shape[0] == len(learning.validation)


def test_a_changed_file_is_decoded_again(learning: LearningData) -> None:
    cache = PixelCache(None)
    before = cache.table(learning.train, SMALL).pixels[0].copy()
    learning.train[0].path.write_bytes(learning.train[1].path.read_bytes() + b"\0")
    after = cache.table(learning.train, SMALL).pixels
    assert not np.array_equal(after[0], before)
    np.testing.assert_array_equal(after[0], after[1])


def test_beyond_the_budget_tables_lie_on_disk_with_the_same_pixels(
    learning: LearningData, tmp_path: Path
) -> None:
    in_memory = PixelCache(None).table(learning.train, SMALL).pixels
    folder = tmp_path / "cache"
    on_disk = PixelCache(folder, memory_bytes=in_memory.nbytes - 1).table(learning.train, SMALL).pixels
    assert isinstance(on_disk, np.memmap) and not on_disk.flags.writeable
    np.testing.assert_array_equal(on_disk, in_memory)
    (stored,) = folder.iterdir()

    decoded: list[int] = []
    later = PixelCache(folder, memory_bytes=0)
    again = later.table(learning.train, SMALL, lambda done, total: decoded.append(done)).pixels
    np.testing.assert_array_equal(again, in_memory)
    assert decoded == [] and list(folder.iterdir()) == [stored]


def test_the_budget_is_for_all_tables_together(learning: LearningData, tmp_path: Path) -> None:
    train_bytes = len(learning.train) * 8 * 6 * 3
    cache = PixelCache(tmp_path / "cache", memory_bytes=train_bytes + 10)
    assert not isinstance(cache.table(learning.train, SMALL).pixels, np.memmap)
    assert isinstance(cache.table(learning.validation, SMALL).pixels, np.memmap)


def test_beyond_the_budget_without_a_folder_is_refused_with_both_figures(learning: LearningData) -> None:
    with pytest.raises(DataError, match=r"need 0\.0 MB of a 0\.0 MB cache without a folder"):
        PixelCache(None, memory_bytes=100).table(learning.train, SMALL)


def test_an_image_that_broke_since_the_check_is_named_and_leaves_no_table(
    learning: LearningData, tmp_path: Path
) -> None:
    victim = learning.train[3].path
    victim.write_bytes(victim.read_bytes()[:100])
    cache = PixelCache(tmp_path / "cache", memory_bytes=0)
    with pytest.raises(DataError, match=victim.name):
        cache.table(learning.train, SMALL)
    assert list((tmp_path / "cache").iterdir()) == []
    victim.unlink()
    with pytest.raises(DataError, match="was there when the data set was read and is not now"):
        cache.table(learning.train, SMALL)


def test_tables_cannot_be_written_to(learning: LearningData) -> None:
    with pytest.raises(ValueError, match="read-only"):
        PixelCache(None).table(learning.train, SMALL).pixels[0] = 0


def test_a_selection_is_a_table_of_its_own(learning: LearningData) -> None:
    table = PixelCache(None).table(learning.train, SMALL)
    part = table.select([5, 0])
    assert len(part) == 2
    np.testing.assert_array_equal(part.pixels, table.pixels[[5, 0]])
    np.testing.assert_array_equal(part.labels, table.labels[[5, 0]])


@pytest.mark.parametrize(
    ("pixels", "labels"),
    [
        (np.zeros((2, 4, 4, 1), np.float32), np.zeros(2, np.int64)),
        (np.zeros((2, 4, 4), np.uint8), np.zeros(2, np.int64)),
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros(3, np.int64)),
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros(2, np.int32)),
    ],
)
def test_arrays_of_the_wrong_kind_make_no_table(pixels: np.ndarray, labels: np.ndarray) -> None:
    with pytest.raises(DataError, match="pixel table"):
        PixelTable(pixels, labels)

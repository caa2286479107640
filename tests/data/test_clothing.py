"""A data set as people have them: photographs of many sizes, given splits, one picture under two labels."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from attendnets.data import DataSet, PixelCache, Preprocessing, open_data_set

ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "data" / "clothing.zip"


@pytest.fixture(scope="module")
def clothing(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    if not ARCHIVE.exists():
        pytest.skip("the clothing data set is not beside the repository (../shared/data/clothing.zip)")
    folder = tmp_path_factory.mktemp("clothing")
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(folder)
    return open_data_set(next(path for path in (folder, *folder.iterdir()) if (path / "train").is_dir()))


def test_the_given_splits_are_respected(clothing: DataSet) -> None:
    sizes = len(clothing.learning.train), len(clothing.learning.validation), len(clothing.test)
    assert sizes == (3068, 341, 372)
    assert clothing.check.made_splits == ()
    assert clothing.check.counts["test"]["shoes"] == 73
    assert len(clothing.classes) == 10


def test_what_is_in_it_is_found(clothing: DataSet) -> None:
    report = clothing.check
    assert clothing.channels == 3
    assert report.files("excluded") == 0 and report.of_kind("split_leak", "exact_duplicates") == ()
    (pair,) = report.of_kind("near_duplicates")
    assert [name.split("/")[1] for name in pair.names] == ["shorts", "skirt"]
    assert report.of_kind("label_conflict")[0].names == pair.names
    assert report.distinct_sizes == 223
    assert next(iter(report.sizes.items())) == ("192x256", 2528)


def test_all_of_it_decodes_to_one_size(clothing: DataSet) -> None:
    table = PixelCache(None).table(clothing.learning.validation, Preprocessing(3, 64, 64))
    assert table.pixels.shape == (341, 64, 64, 3)
    assert 60 < float(np.mean(table.pixels)) < 220
    assert np.bincount(table.labels).tolist() == list(clothing.check.counts["validation"].values())

"""The built-in data set."""

from __future__ import annotations

import importlib.util
from collections import Counter

import pytest

from attendnets.data import DataSet, open_data_set
from attendnets.data.elpv import list_elpv
from attendnets.errors import DataError


def test_its_absence_is_answered_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "elpv_dataset" else find_spec(name)
    )
    with pytest.raises(DataError, match="pip install elpv-dataset"):
        open_data_set("elpv")


@pytest.fixture(scope="module")
def elpv() -> DataSet:
    pytest.importorskip("elpv_dataset", reason="elpv-dataset is not installed")
    return open_data_set("elpv")


def test_half_the_votes_make_a_defect(elpv: DataSet) -> None:
    # 1508 cells at 0, 295 at 1/3, 106 at 2/3, 715 at 1, as its publishers count them.
    assert elpv.classes == ("no_defect", "defect")
    labels = Counter(record.label for record in list_elpv().records)
    assert labels == {0: 1508 + 295, 1: 106 + 715}


def test_splits_keep_classes_and_module_types_in_proportion(elpv: DataSet) -> None:
    whole = Counter((record.label, record.stratum) for record in list_elpv().records)
    assert {stratum for _, stratum in whole} == {"mono", "poly"}
    for samples, share in (
        (elpv.test.open(), 0.25),
        (elpv.learning.validation, 0.12),
        (elpv.learning.train, 0.63),
    ):
        part = Counter((sample.label, sample.stratum) for sample in samples)
        for key, count in whole.items():
            # A group of cells that look alike goes to one side whole.
            assert abs(part[key] - share * count) < 1.5 + 4


def test_it_is_grey_sound_and_may_be_turned(elpv: DataSet) -> None:
    assert elpv.channels == 1
    assert elpv.learning.orientation_free
    assert elpv.check.images == 2624
    assert elpv.check.files("excluded") == 0 and elpv.check.of_kind("exact_duplicates") == ()
    assert elpv.check.sizes == {"300x300": 2624}


def test_its_licence_and_its_risk_of_leaking_are_said(elpv: DataSet) -> None:
    notes = " ".join(elpv.notes)
    assert "CC BY-NC-SA 4.0" in notes
    assert "may fall on both sides of a random split" in notes

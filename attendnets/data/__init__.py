"""Reading data: folders, CSV files and the built-in set; checks, splits, decoded pixels, batches.

This module is the only public door of the package. What needs torch is loaded when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from attendnets.data.dataset import DataSet, LearningData, Sample, SealedTest, Split
from attendnets.data.decode import IMAGE_SUFFIXES, Pixels, Preprocessing, load_pixels
from attendnets.data.describe import affected, by_kind, describe_check, printable, summary
from attendnets.data.findings import TITLES, Action, CheckReport, Finding, Kind
from attendnets.data.opening import check_data_set, image_root, open_data_set, open_test_folder
from attendnets.data.pixels import PixelCache, PixelTable

if TYPE_CHECKING:
    from attendnets.data.augmentation import Augmentation, augment
    from attendnets.data.batches import TrainingBatches, evaluation_batches

__all__ = [
    "IMAGE_SUFFIXES",
    "TITLES",
    "Action",
    "Augmentation",
    "CheckReport",
    "DataSet",
    "Finding",
    "Kind",
    "LearningData",
    "PixelCache",
    "PixelTable",
    "Pixels",
    "Preprocessing",
    "Sample",
    "SealedTest",
    "Split",
    "TrainingBatches",
    "affected",
    "augment",
    "by_kind",
    "check_data_set",
    "describe_check",
    "evaluation_batches",
    "image_root",
    "load_pixels",
    "open_data_set",
    "open_test_folder",
    "printable",
    "summary",
]

_NEED_TORCH = {
    "Augmentation": "augmentation",
    "augment": "augmentation",
    "TrainingBatches": "batches",
    "evaluation_batches": "batches",
}


def __getattr__(name: str) -> object:
    if name in _NEED_TORCH:
        return getattr(import_module(f"attendnets.data.{_NEED_TORCH[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

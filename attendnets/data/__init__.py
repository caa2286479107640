"""Reading data: folders, CSV files and the built-in set; checks, splits, decoded pixels, batches.

This module is the only public door of the package. What needs torch is loaded when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from attendnets.data.check import CheckReport, LabelConflict, SplitLeak, Unreadable, describe_check
from attendnets.data.dataset import DataSet, LearningData, Sample, SealedTest, Split
from attendnets.data.decode import IMAGE_SUFFIXES, Pixels, Preprocessing, load_pixels
from attendnets.data.opening import open_data_set, open_test_folder
from attendnets.data.pixels import PixelCache, PixelTable

if TYPE_CHECKING:
    from attendnets.data.augmentation import Augmentation, augment
    from attendnets.data.batches import TrainingBatches, evaluation_batches

__all__ = [
    "IMAGE_SUFFIXES",
    "Augmentation",
    "CheckReport",
    "DataSet",
    "LabelConflict",
    "LearningData",
    "PixelCache",
    "PixelTable",
    "Pixels",
    "Preprocessing",
    "Sample",
    "SealedTest",
    "Split",
    "SplitLeak",
    "TrainingBatches",
    "Unreadable",
    "augment",
    "describe_check",
    "evaluation_batches",
    "load_pixels",
    "open_data_set",
    "open_test_folder",
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

"""timm, which is optional, and the door to it that opens beside every build of torch."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from types import ModuleType
from typing import Any

import torch

from attendnets.errors import UsageError

INSTALL = 'pip install "attendnets[timm]"'


@cache
def load_timm() -> Any:
    """The module ``timm``. Raises UsageError, with what installs it, where it cannot be imported.

    timm imports torchvision, whose wheel on PyPI is made for CUDA; beside a CPU build of torch its compiled
    operators are missing, and it stops at the first of them. None of them is needed here: they are declared
    without being defined, so that only calling one fails.
    """
    try:
        return importlib.import_module("timm")
    except ImportError as error:
        raise UsageError(
            f"This network comes from timm, which cannot be imported ({error}): {INSTALL}"
        ) from error
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise UsageError(f"timm cannot be imported ({error}): {INSTALL}") from error
    _declare_operators()
    _forget("timm", "torchvision")
    return importlib.import_module("timm")


@cache
def _declare_operators() -> torch.library.Library:
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        signature = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        library.define(signature)  # type: ignore[no-untyped-call]
    return library


def _forget(*packages: str) -> None:
    """Modules that a failed import has left behind."""
    left: dict[str, ModuleType] = sys.modules
    for name in [name for name in left if name.partition(".")[0] in packages]:
        del left[name]

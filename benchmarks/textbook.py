"""The training loop of the textbooks, to be faster than: torchvision's, in eager float32."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

WORKERS = 2
RATE = 1e-3


@cache
def torchvision_parts() -> tuple[Any, Any]:
    """torchvision's ``transforms`` and ``ImageFolder``. Raises SystemExit where it is not installed.

    Only its Python is used. Where its compiled operators do not fit this build of torch, loading the
    package fails at them; then the two modules are loaded without it.
    """
    found = importlib.util.find_spec("torchvision")
    if found is None or found.submodule_search_locations is None:
        raise SystemExit(
            "torchvision is missing, which is compared with: pip install --no-deps torchvision==0.28.0"
        )
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        bare = types.ModuleType("torchvision")
        bare.__path__ = list(found.submodule_search_locations)
        bare.__dict__["get_image_backend"] = lambda: "PIL"
        sys.modules["torchvision"] = bare
    return (
        importlib.import_module("torchvision.transforms"),
        importlib.import_module("torchvision.datasets.folder").ImageFolder,
    )


def loader(folder: Path, channels: int, side: int, batch_size: int) -> DataLoader[tuple[Tensor, Tensor]]:
    """Augmented batches of the class folders in ``folder``: what ``Augmentation.orientation_free`` does, by
    torchvision's transforms on each image. Shuffled, short last batch dropped, two workers that stay.
    """
    transforms, image_folder = torchvision_parts()
    steps = [
        *([transforms.Grayscale()] if channels == 1 else []),
        transforms.Resize((side, side)),
        transforms.RandomHorizontalFlip(),
        transforms.RandomVerticalFlip(),
        transforms.RandomAffine(degrees=(-180, 180), translate=(0.02, 0.02)),
        transforms.ColorJitter(brightness=0.1, contrast=0.1),
        transforms.ToTensor(),
    ]
    images = image_folder(str(folder), transforms.Compose(steps))
    return DataLoader(
        images,
        batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=WORKERS,
        persistent_workers=True,
    )


def textbook_step(network: nn.Module) -> Callable[[Tensor, Tensor], float]:
    """A step of AdamW on ``(B, C, H, W)`` from 0 to 255 and ``(B,)``, in float32 and contiguous memory."""
    network = network.to(memory_format=torch.contiguous_format).train()  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), RATE)

    def step(pixels: Tensor, labels: Tensor) -> float:
        loss = cross_entropy(network(pixels), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return float(loss.detach())

    return step

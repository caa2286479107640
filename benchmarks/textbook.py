"""The training loop of the textbooks, to be faster than: torchvision's, in eager float32."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

from attendnets.networks.timm_package import load_timm

WORKERS = 2
RATE = 1e-3


def loader(folder: Path, channels: int, side: int, batch_size: int) -> DataLoader[tuple[Tensor, Tensor]]:
    """Augmented batches of the class folders in ``folder``: what ``Augmentation.orientation_free`` does, by
    torchvision's transforms on each image. Shuffled, short last batch dropped, two workers that stay.
    """
    # timm's door also opens torchvision's, whichever build of torch is here.
    load_timm()
    transforms = importlib.import_module("torchvision.transforms")
    image_folder = importlib.import_module("torchvision.datasets").ImageFolder
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
        multiprocessing_context="fork",
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

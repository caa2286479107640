"""The state of a training at the end of an epoch, in one safetensors file.

Tensors are named ``network/NAME``, ``average/NAME``, ``best/NAME`` (state dictionaries) and
``first/INDEX``, ``second/INDEX`` (AdamW's moments, in order of parameters). All else is JSON in the file's
metadata, so that one rename makes the whole checkpoint appear at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from attendnets.atomic import write_bytes
from attendnets.errors import TrainingError
from attendnets.training.record import EpochRecord

VERSION = 1


@dataclass(frozen=True)
class State:
    """What a checkpoint holds beside tensors. ``job`` tells one training from another."""

    version: int
    job: str
    planned_epochs: int
    steps_done: int
    best_epoch: int
    epochs: tuple[EpochRecord, ...]


def write(
    path: Path,
    state: State,
    network: nn.Module,
    average: nn.Module,
    best: Mapping[str, Tensor],
    optimizer: torch.optim.Optimizer,
) -> None:
    """Write atomically; the folder is made where missing."""
    tensors = {f"network/{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"average/{name}": value for name, value in average.state_dict().items()}
    tensors |= {f"best/{name}": value for name, value in best.items()}
    for index, parameter in enumerate(_parameters(optimizer)):
        if parameter in optimizer.state:
            tensors[f"first/{index}"] = optimizer.state[parameter]["exp_avg"]
            tensors[f"second/{index}"] = optimizer.state[parameter]["exp_avg_sq"]
    path.parent.mkdir(parents=True, exist_ok=True)
    # safetensors takes neither shared storage nor channels-last strides.
    own = {name: value.clone(memory_format=torch.contiguous_format) for name, value in tensors.items()}
    write_bytes(path, save(own, {"state": msgspec.json.encode(state).decode()}))


def read(path: Path) -> tuple[State, dict[str, Tensor]]:
    """State and tensors. Raises TrainingError naming the file where it is no checkpoint of this version."""
    try:
        with safe_open(path, framework="pt") as file:
            state = msgspec.json.decode((file.metadata() or {}).get("state", ""), type=State)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
    except (OSError, SafetensorError, msgspec.DecodeError) as error:
        raise TrainingError(
            f"{path} is not a checkpoint of attendnets: {error}. Delete it to start again."
        ) from error
    if state.version != VERSION:
        raise TrainingError(
            f"{path} is a checkpoint of version {state.version}, this is version {VERSION}. "
            "Delete it to start again."
        )
    return state, tensors


def restore(
    tensors: Mapping[str, Tensor],
    steps_done: int,
    network: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> dict[str, Tensor]:
    """Put the tensors back where they were; returns the best state dictionary.

    Values are copied into existing storage: memory layout decides the order of sums, and results
    are to be equal to the bit.
    """
    network.load_state_dict(_part(tensors, "network/"))
    average.load_state_dict(_part(tensors, "average/"))
    for index, parameter in enumerate(_parameters(optimizer)):
        if f"first/{index}" in tensors:
            optimizer.state[parameter] = {
                "step": torch.tensor(float(steps_done)),
                "exp_avg": torch.zeros_like(parameter).copy_(tensors[f"first/{index}"]),
                "exp_avg_sq": torch.zeros_like(parameter).copy_(tensors[f"second/{index}"]),
            }
    return _part(tensors, "best/")


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _parameters(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]

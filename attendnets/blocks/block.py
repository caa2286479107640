"""What every block offers: a module made from its spec, and the same thing described as operations."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from torch import Tensor, nn

from attendnets.graph import Graph, TensorId
from attendnets.spec import BlockSpec


class Block(nn.Module):
    """Base of all blocks: activations ``(B, C, H, W)`` in, ``(B, width, H', W')`` out.

    A subclass names the class of its spec in ``spec_type``; being defined in a file of this folder is
    all it takes to be found.
    """

    spec_type: ClassVar[type[BlockSpec]]

    @abstractmethod
    def __init__(self, in_channels: int, spec: Any) -> None:
        super().__init__()

    @staticmethod
    @abstractmethod
    def trace(spec: Any, graph: Graph, x: TensorId) -> TensorId:
        """Describe the block's operations in their order of execution; agrees with the module exactly."""

    @abstractmethod
    def inner(self) -> nn.Module:
        """The layer whose output has the block's inner channels; where it has none, those of its branch."""

    @abstractmethod
    def removable(self) -> nn.Module | None:
        """The layer that may give zeros: what goes round it still passes. None where nothing goes round."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to ``(B, width, H', W')``."""

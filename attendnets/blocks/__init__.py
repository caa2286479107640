"""Blocks by their specs. A block is added by one file in this folder and one class in ``spec.py``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from attendnets.blocks.block import Block
from attendnets.errors import SpecError
from attendnets.graph import Graph, TensorId
from attendnets.spec import BlockSpec

__all__ = ["Block", "build_block", "trace_block"]


@cache
def _blocks() -> dict[type, type[Block]]:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return {block.spec_type: block for block in Block.__subclasses__()}


def _block_of(spec: BlockSpec) -> type[Block]:
    try:
        return _blocks()[type(spec)]
    except KeyError:
        raise SpecError(
            f"There is no block for {type(spec).__name__}: define one in attendnets/blocks/."
        ) from None


def build_block(in_channels: int, spec: BlockSpec) -> Block:
    """The module of a spec, randomly initialised, for inputs of ``in_channels`` channels."""
    return _block_of(spec)(in_channels, spec)


def trace_block(spec: BlockSpec, graph: Graph, x: TensorId) -> TensorId:
    """Record the operations of a block on tensor ``x``; returns its output."""
    return _block_of(spec).trace(spec, graph, x)

"""A folded network as an exported program with int8 grids in it, and its state as plain tensors.

Life of a program: :func:`prepare` (float, grids idle) -> calibration and fine-tuning choose grids and
weights, :func:`settle` -> :func:`convert` (int8 arithmetic, simulated in float).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.fx import GraphModule

from attendnets.errors import QuantizationError
from attendnets.quantize.annotator import Int8Quantizer, attribute
from attendnets.quantize.grids import Mode, PerChannelWeightGrid, set_mode
from attendnets.quantize.pt2e import convert_pt2e, prepare_qat_pt2e, quiet
from attendnets.spec import NetworkSpec


class Foldable(Protocol):
    """What quantization needs of a network; :class:`attendnets.networks.assemble.Network` has it."""

    spec: NetworkSpec

    def fold(self) -> nn.Module:
        """A copy without batch norms that takes raw pixels."""


def prepare(network: Foldable) -> GraphModule:
    """The folded network as a trainable program with a grid at every tensor; grids are idle.

    Pixels ``(B, C, H, W)`` float32 of 0..255 to logits ``(B, classes)``, any batch size. Raises
    QuantizationError naming the first operator that has no int8 form.
    """
    pixels = network.spec.input
    module = network.fold().eval()
    for parameter in module.parameters():
        # Training may leave kernels channels-last; the memory layout decides which float kernel runs and so
        # the last bits, which a network restored from stored tensors must share.
        parameter.data = parameter.data.clone(memory_format=torch.contiguous_format)
    example = torch.zeros(2, pixels.channels, pixels.height, pixels.width)
    with quiet():
        exported = torch.export.export(
            module, (example,), dynamic_shapes=({0: torch.export.Dim("batch", min=1)},)
        )
        # The program for fine-tuning serves both methods, so that fine-tuning starts from calibrated grids.
        program: GraphModule = prepare_qat_pt2e(exported.module(check_guards=False), Int8Quantizer())
    set_mode(program, Mode.PASS)
    return program


def settle(program: GraphModule) -> None:
    """Compute every weight's scales from the weights as they are now."""
    set_mode(program, Mode.QUANTIZE)
    for node in program.graph.nodes:
        if node.op == "call_module":
            grid = program.get_submodule(str(node.target))
            if isinstance(grid, PerChannelWeightGrid):
                grid(attribute(program, node.args[0]))


def observe(program: GraphModule) -> dict[str, Tensor]:
    """The state of a prepared program: weights, biases and grids, each once, detached and contiguous."""
    return {name: tensor.detach().clone().contiguous() for name, tensor in _state(program).items()}


def load_observed(program: GraphModule, observed: Mapping[str, Tensor]) -> None:
    """Put a stored state into a freshly prepared program of the same network.

    Raises QuantizationError where names or shapes do not fit.
    """
    state = _state(program)
    if state.keys() != observed.keys():
        strange = sorted(state.keys() ^ observed.keys())[:3]
        raise QuantizationError(
            f"The stored quantization is that of another network: it and this one do not share "
            f"{', '.join(strange)}. Quantize the network again."
        )
    with torch.no_grad():
        for name, target in state.items():
            if _is_grid_scale(program, name):
                target.resize_(observed[name].shape)
            if target.shape != observed[name].shape:
                raise QuantizationError(
                    f"The stored quantization is that of another network: {name} is "
                    f"{tuple(observed[name].shape)} there and {tuple(target.shape)} here. "
                    "Quantize the network again."
                )
            target.copy_(observed[name])


def duplicate(program: GraphModule) -> GraphModule:
    """A copy that shares nothing with ``program``."""
    with quiet():
        return copy.deepcopy(program)


def convert(program: GraphModule, *, fold_weights: bool = True) -> GraphModule:
    """A converted copy of a prepared program whose grids are chosen; ``program`` stays as it is.

    With ``fold_weights`` weights are int8 constants, else float constants that the program quantizes.
    """
    with quiet():
        converted: GraphModule = convert_pt2e(duplicate(program), fold_quantize=fold_weights)
    return converted


def _state(program: GraphModule) -> dict[str, Tensor]:
    buffers = {
        name: buffer
        for name, buffer in program.named_buffers()
        if not name.endswith((".fake_quant_enabled", ".observer_enabled"))
    }
    return dict(program.named_parameters()) | buffers


def _is_grid_scale(program: GraphModule, name: str) -> bool:
    owner, _, leaf = name.rpartition(".")
    return leaf == "scale" and isinstance(program.get_submodule(owner), PerChannelWeightGrid)

"""Which tensors of an exported program get which int8 grid.

Every operator either has a grid of its own for its output (convolution, linear, add, multiply, average),
keeps the grid of its input (maximum pooling, upsampling, reshaping), or has a grid that int8 kernels fix
(sigmoid). An activation that kernels fuse takes the grid in place of the operator before it. Consumers use
their producer's grid, so that nothing is ever requantized between two operators. An operator that is in none
of these groups would stay float in the exported file and is refused.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import GraphModule, Node

from attendnets.errors import QuantizationError
from attendnets.quantize.grids import (
    ACTIVATION_MAX,
    ACTIVATION_MIN,
    WEIGHT_MAX,
    ActivationGrid,
    PerChannelWeightGrid,
)
from attendnets.quantize.pt2e import (
    FixedQParamsQuantizationSpec,
    QuantizationAnnotation,
    QuantizationSpec,
    QuantizationSpecBase,
    Quantizer,
    SharedQuantizationSpec,
)

aten = torch.ops.aten
ANNOTATION = "quantization_annotation"

WEIGHTED = {aten.conv2d.default, aten.linear.default}
BINARY = {aten.add.Tensor, aten.add_.Tensor, aten.sub.Tensor, aten.mul.Tensor, aten.mul_.Tensor}
CLAMPING = {aten.relu.default, aten.relu_.default, aten.relu6.default, aten.relu6_.default}
HARDTANH = {aten.hardtanh.default, aten.hardtanh_.default}
KEEPING = {
    aten.max_pool2d.default,
    aten.avg_pool2d.default,  # its kernels demand one grid on both sides
    aten.upsample_nearest2d.vec,
    aten.flatten.using_ints,
    aten.pad.default,
}
# Nothing at inference.
IDENTITY = {
    aten.dropout.default,
    aten.clone.default,
    aten.contiguous.default,
    aten.detach.default,
    aten.alias.default,
}

ACTIVATION = QuantizationSpec(
    dtype=torch.int8,
    quant_min=ACTIVATION_MIN,
    quant_max=ACTIVATION_MAX,
    qscheme=torch.per_tensor_affine,
    observer_or_fake_quant_ctr=ActivationGrid.with_args(),
)
WEIGHT = QuantizationSpec(
    dtype=torch.int8,
    quant_min=-WEIGHT_MAX,
    quant_max=WEIGHT_MAX,
    qscheme=torch.per_channel_symmetric,
    ch_axis=0,
    observer_or_fake_quant_ctr=PerChannelWeightGrid.with_args(),
)


def _fixed(scale: float, zero_point: int) -> FixedQParamsQuantizationSpec:
    return FixedQParamsQuantizationSpec(
        dtype=torch.int8,
        scale=scale,
        zero_point=zero_point,
        quant_min=ACTIVATION_MIN,
        quant_max=ACTIVATION_MAX,
        qscheme=torch.per_tensor_affine,
    )


PIXELS = _fixed(1.0, -128)
"""Raw pixels 0..255: the integer is the pixel less 128."""
UNIT = _fixed(1 / 256, -128)
"""What int8 sigmoid kernels prescribe for their output."""


_SCALAR = (1, 1, 1, 1)


class Int8Quantizer(Quantizer):  # type: ignore[misc]
    """torchao's interface to the rules of this module, for post-training and quantization-aware programs."""

    def transform_for_annotation(self, model: GraphModule) -> GraphModule:
        """Bring operators to the forms that converters know: see the functions below."""
        for node in list(model.graph.nodes):
            if node.op != "call_function":
                continue
            if node.target in IDENTITY:
                node.replace_all_uses_with(node.args[0])
                model.graph.erase_node(node)
            elif node.target in BINARY:
                _lift_scalars(model, node)
            elif node.target is aten.mean.dim:
                _pool_globally(model, node)
        model.graph.eliminate_dead_code()
        model.recompile()
        return model

    def annotate(self, model: GraphModule) -> GraphModule:
        for node in model.graph.nodes:
            if node.op == "placeholder":
                _annotate(node, {}, PIXELS)
            elif node.op == "call_function" and ANNOTATION not in node.meta:
                _annotate_operator(node)
        return model

    def validate(self, model: GraphModule) -> None:
        """Every rule is checked while annotating."""


def _annotate_operator(node: Node) -> None:
    target = node.target
    if target in WEIGHTED:
        inputs = {node.args[0]: _grid_of(node.args[0]), node.args[1]: WEIGHT}
        _annotate_with_fused(node, inputs)
    elif target in BINARY and not node.kwargs:
        _annotate_with_fused(node, {operand: _grid_of(operand) for operand in _tensors(node.args[:2])})
    elif _clamps(node) or (target is aten.adaptive_avg_pool2d.default and node.args[1] == [1, 1]):
        # Kernels sum in int32 and scale once: a grid of its own gives a narrow average more steps.
        _annotate(node, {node.args[0]: _grid_of(node.args[0])}, ACTIVATION)
    elif target is aten.sigmoid.default:
        _annotate(node, {node.args[0]: _grid_of(node.args[0])}, UNIT)
    elif target in KEEPING:
        _annotate(node, {node.args[0]: _grid_of(node.args[0])}, _grid_of(node.args[0]))
    else:
        raise QuantizationError(
            f"Operator {target} (node {node.name}) has no int8 form here and would stay float in the "
            "exported file. Use convolutions, linear layers, ReLU, ReLU6, sigmoid, add, multiply, pooling "
            "and nearest upsampling; write a hard gate as relu6(x + 3) / 6."
        )


def _annotate_with_fused(node: Node, inputs: dict[Any, QuantizationSpecBase]) -> None:
    """``node`` and the activation after it as one operator with one grid at its end."""
    tail = _fused_tail(node)
    if tail is None:
        _annotate(node, inputs, ACTIVATION)
    else:
        _annotate(node, inputs, None)
        _annotate(tail, {}, ACTIVATION)


def _fused_tail(node: Node) -> Node | None:
    users = list(node.users)
    return users[0] if len(users) == 1 and _clamps(users[0]) else None


def _clamps(node: Node) -> bool:
    """Whether this is an activation that int8 kernels have; hardtanh to 0..1, say, would become float."""
    if node.op != "call_function":
        return False
    return node.target in CLAMPING or (node.target in HARDTANH and node.args[1:] == (0.0, 6.0))


def _annotate(
    node: Node, inputs: dict[Any, QuantizationSpecBase], output: QuantizationSpecBase | None
) -> None:
    node.meta[ANNOTATION] = QuantizationAnnotation(
        input_qspec_map=inputs, output_qspec=output, _annotated=True
    )


def _grid_of(node: Any) -> QuantizationSpecBase:
    """The producer's grid; constants, which have no producer, get one of their own."""
    if node.op == "get_attr":
        return ACTIVATION
    return SharedQuantizationSpec(node)


def _tensors(arguments: Any) -> list[Node]:
    return [argument for argument in arguments if isinstance(argument, Node)]


def _lift_scalars(model: GraphModule, node: Node) -> None:
    """Scalar operands as constants of rank 4: around others the converter leaves transpositions."""
    arguments = list(node.args)
    for position, value in enumerate(arguments[:2]):
        if isinstance(value, (int, float)):
            name = f"scalar_{node.name}_{position}"
            model.register_buffer(name, torch.full(_SCALAR, float(value)))
            with model.graph.inserting_before(node):
                arguments[position] = model.graph.get_attr(name)
        elif isinstance(value, Node) and value.op == "get_attr":
            constant = attribute(model, value)
            if constant.numel() == 1:
                constant.data = constant.data.reshape(_SCALAR)
    node.args = tuple(arguments)


def _pool_globally(model: GraphModule, node: Node) -> None:
    """A mean over rows and columns as global pooling, around which the converter needs no transposition."""
    source, dims, *keep = node.args
    if not isinstance(source, Node) or not isinstance(dims, (list, tuple)):
        return
    value = source.meta["val"]
    if value.dim() != 4 or sorted(int(dim) % 4 for dim in dims) != [2, 3]:  # type: ignore[arg-type]
        return
    with model.graph.inserting_before(node):
        pooled = model.graph.call_function(aten.adaptive_avg_pool2d.default, (source, [1, 1]))
        pooled.meta["val"] = result = aten.adaptive_avg_pool2d.default(value, [1, 1])
        if not (keep and keep[0]):
            pooled = model.graph.call_function(aten.flatten.using_ints, (pooled, 1))
            pooled.meta["val"] = aten.flatten.using_ints(result, 1)
    node.replace_all_uses_with(pooled)
    model.graph.erase_node(node)


def attribute(model: GraphModule, node: Any) -> torch.Tensor:
    """The parameter or buffer that a get_attr node reads."""
    owner, _, name = str(node.target).rpartition(".")
    value: torch.Tensor = getattr(model.get_submodule(owner), name)
    return value

"""What any torch module costs: it is run once without data, and its operations are written down.

For networks that have no :class:`attendnets.spec.NetworkSpec`, by the same convention: one multiply-add a use
of a convolution's or linear layer's weight, batch 1; parameters are the trainable values (no running
statistics); bytes as an 8-bit runtime holds them, with batch norms folded and rectifiers fused.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from attendnets.arena import BIAS_BYTES
from attendnets.errors import SpecError
from attendnets.graph import Shape

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_NORMS = (nn.modules.batchnorm._BatchNorm,)
_LAYERS = (nn.modules.conv._ConvNd, nn.Linear)
_CONVOLUTIONS = frozenset({"convolution", "_convolution"})
_MATRIX_PRODUCTS = {"mm": (0, 1), "addmm": (1, 2), "bmm": (0, 1), "baddbmm": (1, 2)}
# A runtime computes these with the operation before them, in its output.
_FUSED = frozenset(
    {
        "native_batch_norm",
        "_native_batch_norm_legit_no_training",
        "cudnn_batch_norm",
        "_batch_norm_no_update",
        "relu",
        "hardtanh",
        "clamp_min",
    }
)


class ModuleRow(NamedTuple):
    """One part of a module, as :class:`attendnets.cost.CostRow`; ``kind`` is the class of the part."""

    name: str
    kind: str
    in_shape: Shape
    out_shape: Shape
    parameters: int
    macs: int
    weights_bytes: int
    activation_bytes: int


@dataclass(frozen=True)
class ModuleCount:
    """A module's price for one image.

    ``product_macs``: products of two activations (attention), which the convention leaves out of ``macs``.
    ``weights_bytes``: weights at the asked bits and 4 bytes a bias; ``activation_bytes``: the peak over the
    order of execution at 8 bits. ``rows`` have a part's share, without parts that hold no parameter.
    """

    parameters: int
    macs: int
    product_macs: int
    weights_bytes: int
    activation_bytes: int
    rows: tuple[ModuleRow, ...]


def count(module: nn.Module, shape: Sequence[int], bits: int = 8) -> ModuleCount:
    """Count ``module`` in eval mode on one input of ``shape`` (channels, height, width).

    ``module`` itself is left as it is. Raises SpecError where an input of that shape cannot pass through it.
    """
    counted = copy.deepcopy(module).to("meta").eval()
    recorder = _Recorder({_storage(value) for value in (*counted.parameters(), *counted.buffers())})
    parts = dict(_parts(counted))
    for name, part in parts.items():
        part.register_forward_pre_hook(partial(recorder.enter, name))
        part.register_forward_hook(partial(recorder.leave, name))
    image = torch.empty((1, *shape), device="meta")
    try:
        with torch.no_grad(), recorder:
            counted(image)
    except RuntimeError as error:
        text = "x".join(map(str, shape))
        raise SpecError(f"An image of {text} (channels x height x width) cannot pass: {error}") from error

    live = recorder.live_bytes(image)
    taken: set[int] = set()
    rows = []
    for name, part in parts.items():
        parameters = [value for value in part.parameters() if id(value) not in taken]
        taken.update(map(id, parameters))
        if parameters and name in recorder.passed:
            rows.append(_row(name, part, parameters, recorder, live, bits))
    return ModuleCount(
        parameters=sum(value.numel() for value in counted.parameters()),
        macs=sum(step.macs for step in recorder.steps),
        product_macs=sum(step.product_macs for step in recorder.steps),
        weights_bytes=_weights_bytes(counted, bits),
        activation_bytes=max(live, default=0),
        rows=tuple(rows),
    )


def _parts(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The outermost modules that are more than a sequence of others."""
    for name, child in module.named_children():
        if isinstance(child, _CONTAINERS):
            yield from _parts(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", child


def _row(
    name: str,
    part: nn.Module,
    parameters: Sequence[nn.Parameter],
    recorder: _Recorder,
    live: Sequence[int],
    bits: int,
) -> ModuleRow:
    own = [index for index, step in enumerate(recorder.steps) if step.part == name]
    in_shape, out_shape = recorder.passed[name]
    return ModuleRow(
        name=name,
        kind=type(part).__name__,
        in_shape=in_shape,
        out_shape=out_shape,
        parameters=sum(value.numel() for value in parameters),
        macs=sum(recorder.steps[index].macs for index in own),
        weights_bytes=_weights_bytes(part, bits),
        activation_bytes=max((live[index] for index in own), default=0),
    )


def _weights_bytes(module: nn.Module, bits: int) -> int:
    weights = biases = 0
    for part in module.modules():
        if isinstance(part, _NORMS):
            continue
        own = dict(part.named_parameters(recurse=False))
        if isinstance(part, _LAYERS):
            own.pop("bias", None)
            biases += part.out_features if isinstance(part, nn.Linear) else part.out_channels
        weights += sum(value.numel() for value in own.values())
    return math.ceil(weights * bits / 8) + BIAS_BYTES * biases


def _storage(value: Tensor) -> int:
    return int(value.untyped_storage()._cdata)


def _shape(value: Any) -> Shape:
    """Of the first tensor in ``value``: a grid, a vector, or (as height) a sequence of vectors."""
    sizes = next(leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)).shape[1:]
    if len(sizes) == 2:
        return Shape(sizes[1], sizes[0], 1)
    return Shape(*sizes, *(1,) * (3 - len(sizes)))


@dataclass(frozen=True)
class _Step:
    """One operation: the activations that it reads and the one that it makes, by storage."""

    part: str | None
    reads: frozenset[int]
    makes: int | None
    elements: int
    fused: bool
    macs: int
    product_macs: int


@dataclass
class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down what a module executes. ``constants``: the storages of its parameters and buffers."""

    constants: set[int]
    steps: list[_Step] = field(default_factory=list)
    passed: dict[str, tuple[Shape, Shape]] = field(default_factory=dict)
    part: str | None = None
    # A storage's number is used again once it is freed.
    kept: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def enter(self, name: str, module: nn.Module, given: tuple[Any, ...]) -> None:
        """Operations belong to part ``name`` from here."""
        self.part = name

    def leave(self, name: str, module: nn.Module, given: tuple[Any, ...], made: Any) -> None:
        """The end of part ``name``."""
        self.part = None
        self.passed[name] = (_shape(given), _shape(made))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        read = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        # Further outputs (a pooling's places, a norm's statistics) are not kept at inference.
        out = next((leaf for leaf in tree_leaves(made) if isinstance(leaf, Tensor)), None)
        if out is not None:
            self._record(func.overloadpacket.__name__, args, read, out)
        return made

    def _record(self, name: str, args: tuple[Any, ...], read: Sequence[Tensor], out: Tensor) -> None:
        self.kept += (*read, out)
        storages = {_storage(value) for value in read}
        makes = None if _storage(out) in storages else _storage(out)
        macs, product_macs = self._multiply_adds(name, args, out)
        self.steps.append(
            _Step(
                part=self.part,
                reads=frozenset(storages - self.constants),
                makes=makes,
                elements=out.numel(),
                fused=name in _FUSED,
                macs=macs,
                product_macs=product_macs,
            )
        )

    def _multiply_adds(self, name: str, args: tuple[Any, ...], out: Tensor) -> tuple[int, int]:
        """With weights, and of activations with each other."""
        if name in _CONVOLUTIONS:
            transposed, (source, weight) = args[6], args[:2]
            places = source.numel() if transposed else out.numel()
            return places * weight[0].numel(), 0
        if name in _MATRIX_PRODUCTS:
            left, right = (args[index] for index in _MATRIX_PRODUCTS[name])
            products = left.numel() * right.shape[-1]
            weighted = {_storage(left), _storage(right)} & self.constants
            return (products, 0) if weighted else (0, products)
        return 0, 0

    def live_bytes(self, image: Tensor) -> list[int]:
        """As :meth:`attendnets.graph.Graph.live_bytes`: bytes at 8 bits alive during each operation."""
        last_use = {storage: index for index, step in enumerate(self.steps) for storage in step.reads}
        alive = {_storage(image): image.numel()}
        peaks = []
        for index, step in enumerate(self.steps):
            dead = [storage for storage in alive if last_use.get(storage, -1) <= index]
            if step.fused and step.reads & set(dead):
                for storage in dead:
                    del alive[storage]
                dead = []
            if step.makes is not None:
                alive[step.makes] = step.elements
            peaks.append(sum(alive.values()))
            for storage in dead:
                del alive[storage]
        return peaks

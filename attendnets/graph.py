"""A network as a list of operations: shapes, parameters, multiply-adds and live bytes, without weights.

Blocks describe themselves by calling the methods of a :class:`Graph` in their order of execution.
Counting follows the papers' convention: one multiply-add per use of a convolution's or linear layer's
weight, batch 1; bias, norm, activation, pooling, resize and element-wise products count 0. Parameters
are the trainable values (batch norm: 2 per channel). Activations that follow a convolution or an
addition are fused into it, as the 8-bit runtimes do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from attendnets.errors import SpecError

TensorId: TypeAlias = int
OperationKind: TypeAlias = Literal[
    "convolution", "pool", "pad", "resize", "gate", "multiply", "add", "affine", "mean", "linear"
]


class Shape(NamedTuple):
    """Channels, height and width of one activation."""

    channels: int
    height: int
    width: int

    @property
    def elements(self) -> int:
        """Number of values; bytes at 8 bits."""
        return self.channels * self.height * self.width


@dataclass(frozen=True)
class Operation:
    """One step of execution. ``biases`` counts output channels that carry a bias once norms are folded.

    ``kernel`` is the height of a convolution's window, 0 where there is none; ``kernel_width`` its width
    where that is another, else 0.
    """

    kind: OperationKind
    name: str
    inputs: tuple[TensorId, ...]
    output: TensorId
    shape: Shape
    parameters: int = 0
    macs: int = 0
    weights: int = 0
    biases: int = 0
    kernel: int = 0
    groups: int = 1
    kernel_width: int = 0

    @property
    def window(self) -> str:
        """Height x width of a convolution's window, to be read by people."""
        return f"{self.kernel}×{self.kernel_width or self.kernel}"


def halved(size: int, stride: int = 2) -> int:
    """Length of an axis after a stride: rounded up, as a padded strided convolution gives it."""
    return -(-size // stride)


class Graph:
    """Records operations; tensor 0 is the input of shape ``shape``."""

    def __init__(self, shape: Shape, where: str = "network") -> None:
        self.where = where
        self.operations: list[Operation] = []
        self._shapes: list[Shape] = [shape]

    def shape(self, tensor: TensorId) -> Shape:
        """Shape of a recorded tensor."""
        return self._shapes[tensor]

    def _record(
        self,
        kind: OperationKind,
        name: str,
        inputs: tuple[TensorId, ...],
        shape: Shape,
        *,
        parameters: int = 0,
        macs: int = 0,
        weights: int = 0,
        biases: int = 0,
        kernel: int = 0,
        groups: int = 1,
        kernel_width: int = 0,
    ) -> TensorId:
        if shape.height < 1 or shape.width < 1:
            raise SpecError(f"{self.where}.{name}: the grid shrinks to nothing; use a larger image.")
        output = len(self._shapes)
        self._shapes.append(shape)
        self.operations.append(
            Operation(
                kind,
                name,
                inputs,
                output,
                shape,
                parameters,
                macs,
                weights,
                biases,
                kernel,
                groups,
                kernel_width,
            )
        )
        return output

    def convolution(
        self,
        x: TensorId,
        width: int,
        kernel: int | tuple[int, int],
        *,
        name: str,
        stride: int = 1,
        groups: int = 1,
        norm: bool = True,
    ) -> TensorId:
        """Convolution, padded by (kernel - 1) / 2, with batch norm, or else with a bias.

        ``kernel``: the edge of a square window, or its (height, width).
        Raises SpecError where ``groups`` does not divide both channel counts.
        """
        source = self.shape(x)
        if source.channels % groups or width % groups:
            raise SpecError(
                f"{self.where}.{name}: groups of {groups} do not divide {source.channels} input and "
                f"{width} output channels; use channel counts that are multiples of {groups}."
            )
        shape = Shape(width, halved(source.height, stride), halved(source.width, stride))
        high, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
        weights = source.channels // groups * width * high * wide
        return self._record(
            "convolution",
            name,
            (x,),
            shape,
            parameters=weights + (2 * width if norm else width),
            macs=weights * shape.height * shape.width,
            weights=weights,
            biases=width,
            kernel=high,
            groups=groups,
            kernel_width=0 if wide == high else wide,
        )

    def pool(self, x: TensorId, *, name: str, stride: int = 2) -> TensorId:
        """Pooling that divides the grid by ``stride``, rounded up."""
        source = self.shape(x)
        shape = Shape(source.channels, halved(source.height, stride), halved(source.width, stride))
        return self._record("pool", name, (x,), shape)

    def window(self, x: TensorId, size: int, *, name: str, stride: int = 1) -> TensorId:
        """Unpadded pooling window: the grid shrinks by ``size`` - 1, then by ``stride``, rounded down."""
        source = self.shape(x)
        height, width = ((axis - size) // stride + 1 for axis in (source.height, source.width))
        return self._record("pool", name, (x,), Shape(source.channels, height, width))

    def pad(self, x: TensorId, amount: int, *, name: str) -> TensorId:
        """Reflected border of ``amount`` on all four sides.

        Raises SpecError where the grid has too few pixels to be reflected.
        """
        source = self.shape(x)
        if min(source.height, source.width) <= amount:
            raise SpecError(
                f"{self.where}.{name}: a grid of {source.height}x{source.width} is too small to be blurred; "
                "use a larger image, or another downsampling here."
            )
        shape = Shape(source.channels, source.height + 2 * amount, source.width + 2 * amount)
        return self._record("pad", name, (x,), shape)

    def resize(self, x: TensorId, like: TensorId, *, name: str) -> TensorId:
        """Nearest-neighbour resize (or unpooling) to the grid of ``like``."""
        target = self.shape(like)
        shape = Shape(self.shape(x).channels, target.height, target.width)
        return self._record("resize", name, (x,), shape)

    def gate(self, x: TensorId, *, name: str) -> TensorId:
        """Point-wise function that is not fused into its producer (sigmoid, softmax, SiLU)."""
        return self._record("gate", name, (x,), self.shape(x))

    def multiply(
        self, a: TensorId, b: TensorId, *, name: str, parameters: int = 0, weights: int = 0
    ) -> TensorId:
        """Element-wise product; ``parameters`` of a learned scale, ``weights`` of it that folding leaves."""
        return self._record("multiply", name, (a, b), self.shape(a), parameters=parameters, weights=weights)

    def add(self, a: TensorId, b: TensorId, *, name: str, parameters: int = 0, weights: int = 0) -> TensorId:
        """Element-wise sum of two tensors of one shape; scales as in :meth:`multiply`."""
        return self._record("add", name, (a, b), self.shape(a), parameters=parameters, weights=weights)

    def affine(self, x: TensorId, *, name: str) -> TensorId:
        """Batch norm with no convolution before it: a depthwise 1x1 convolution once folded."""
        channels = self.shape(x).channels
        return self._record(
            "affine", name, (x,), self.shape(x), parameters=2 * channels, weights=channels, biases=channels
        )

    def mean(self, x: TensorId, *, name: str) -> TensorId:
        """Global average over height and width."""
        return self._record("mean", name, (x,), Shape(self.shape(x).channels, 1, 1))

    def linear(self, x: TensorId, width: int, *, name: str) -> TensorId:
        """Fully connected layer with bias, on the flattened input."""
        weights = self.shape(x).elements * width
        return self._record(
            "linear",
            name,
            (x,),
            Shape(width, 1, 1),
            parameters=weights + width,
            macs=weights,
            weights=weights,
            biases=width,
        )

    def live_bytes(self) -> list[int]:
        """Bytes at 8 bits that are alive while each operation runs: its inputs, its output, and what waits.

        A tensor is alive from the operation that makes it to the last that reads it.
        """
        last_use = list(range(-1, len(self._shapes) - 1))
        for index, operation in enumerate(self.operations):
            for tensor in operation.inputs:
                last_use[tensor] = max(last_use[tensor], index)
        alive = {0}
        total = self._shapes[0].elements
        bytes_per_operation = []
        for index, operation in enumerate(self.operations):
            alive.add(operation.output)
            total += self._shapes[operation.output].elements
            bytes_per_operation.append(total)
            for tensor in [t for t in alive if last_use[t] <= index]:
                alive.remove(tensor)
                total -= self._shapes[tensor].elements
        return bytes_per_operation

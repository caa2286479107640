"""What a network is, as plain values: the currency that flows through all of attendnets.

A :class:`NetworkSpec` is immutable, compared and hashed by value, and written as canonical JSON;
its :func:`digest` names it in studies, caches and run folders. It holds no weights and imports no torch.
Shapes are ``(channels, height, width)``.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from attendnets.errors import SpecError

SPEC_VERSION: Final = 1

Positive: TypeAlias = Annotated[int, Meta(ge=1)]
NonNegative: TypeAlias = Annotated[int, Meta(ge=0)]
Kernel: TypeAlias = Literal[1, 3, 5, 7]
Stride: TypeAlias = Literal[1, 2]
Activation: TypeAlias = Literal["relu", "relu6", "leaky_relu", "silu", "none"]
Downsample: TypeAlias = Literal["stride", "average", "blur", "max"]
Pool: TypeAlias = Literal["max", "average"]
Unpool: TypeAlias = Literal["nearest", "indices"]
Gate: TypeAlias = Literal["sigmoid", "relu6", "relu", "softmax", "none"]
Scale: TypeAlias = Literal["learned", "channel", "one"]
Combine: TypeAlias = Literal["product", "sum", "residual_product"]


class _Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Immutable value with strict JSON: unknown fields and wrong types are refused."""


class InputSpec(_Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The image that a network takes: ``channels`` x ``height`` x ``width`` pixels of 0..255."""

    channels: Positive = 3
    height: Positive
    width: Positive


class StemSpec(_Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First layers: a strided convolution, an optional second one, an optional pooling.

    ``second_groups`` of 0 means no second convolution; ``pool`` is 3x3, stride 2, padding 1.
    """

    width: Positive
    kernel: Kernel = 3
    stride: Stride = 2
    second_groups: NonNegative = 0
    pool: Literal["none", "max", "average"] = "none"
    activation: Activation = "relu"


class _Block(_Spec, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What all blocks share.

    ``width`` is the number of output channels. With ``stride`` 2 the grid is halved (rounded up) by
    ``downsample``: "stride" strides the block's own convolution, the others put an average 2x2, a
    binomial blur or a max 2x2 pooling before a convolution of stride 1 (anti-aliased downsampling).
    ``shortcut`` adds the input, through a 1x1 convolution where the shape changes.
    """

    width: Positive
    stride: Stride = 1
    downsample: Downsample = "average"
    shortcut: bool = True
    activation: Activation = "relu"


class ConvolutionSpec(_Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="convolution"):
    """``layers`` convolutions of ``kernel`` x ``kernel``, each with batch norm: a residual basic block."""

    kernel: Kernel = 3
    groups: Positive = 1
    layers: Literal[1, 2] = 2


class TemporalConvolutionSpec(
    _Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="temporal_convolution"
):
    """One convolution of ``kernel`` x 1, along the height alone, with batch norm.

    For signals over time: an image of width 1, whose height is time and whose channels are what is measured.
    """

    kernel: Kernel = 3
    groups: Positive = 1


class CondenserSpec(_Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="condenser"):
    """Attention condenser (TinySpeech, arXiv 2008.04245): condense, embed, expand, attend.

    ``embedding`` is the width of the grouped convolution; the pointwise one returns to the block's
    width. Open choices as in AttendNets: see :class:`VisualCondenserSpec`.
    """

    embedding: Positive
    kernel: Kernel = 3
    groups: Positive = 4
    pool: Pool = "max"
    unpool: Unpool = "nearest"
    gate: Gate = "sigmoid"
    combine: Combine = "product"
    scale: Scale = "learned"
    linear_embedding: bool = False
    expansion: bool = False


class SpeechCondenserSpec(
    _Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="speech_condenser"
):
    """A block of the TinySpeech networks (arXiv 2008.04245): two condensers, one starting in the other.

    Four embedding layers (a, b | c, d) on the condensed grid: grouped to a = ``multiplier`` times
    ``width``, pointwise to b = ``embedding``, grouped to c = ``multiplier`` times b, pointwise to
    d = ``width``. Each grouped layer has one group a channel. Open choices: see
    :class:`VisualCondenserSpec`. The product V*A*S is added to the input by ``shortcut``, then normed.
    """

    embedding: Positive
    multiplier: Positive = 2
    kernel: Kernel = 1
    pool: Pool = "max"
    gate: Gate = "sigmoid"
    linear_embedding: bool = False


class VisualCondenserSpec(
    _Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="visual_condenser"
):
    """Visual attention condenser, VAC (AttendNets, arXiv 2009.14385, section 2.1, Fig. 1).

    ``mixing`` is the width of the down-mixing layer (m), ``embedding`` of the grouped convolution (e1);
    e2 = m and u = ``width``. The paper leaves open pool size (2 here), unpooling, kernel, groups, gate
    and the form of the combination; each is a field:

    - ``gate`` on A, and ``combine`` with V': "product" V'*A*S (the text), "sum" V'*S + A,
      "residual_product" V' + S*V'*A;
    - ``scale`` S: one "learned" scalar, initially 1; one per "channel"; or fixed at "one";
    - ``unpool``: "nearest" resize, or "indices" of the maxima (cannot run in 8 bits);
    - ``linear_embedding``: no ReLU after the second embedding layer, so that the gate sees both signs;
    - ``expansion``: one more 1x1 convolution after the unpooling, as some readings have it.
    """

    mixing: Positive
    embedding: Positive
    kernel: Kernel = 3
    groups: Positive = 4
    pool: Pool = "max"
    unpool: Unpool = "nearest"
    gate: Gate = "sigmoid"
    combine: Combine = "product"
    scale: Scale = "learned"
    linear_embedding: bool = False
    expansion: bool = False


class DoubleCondenserSpec(
    _Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="double_condenser"
):
    """Double-condensing attention condenser, DC-AC, as released (AttendNeXt, arXiv 2208.06980).

    ``y = act(gate(F(x)) * D(x))`` with ``attention``, ``act(F(x) + D(x))`` without. "basic": two 3x3
    convolutions in ``groups`` columns, of ``inner`` and ``width`` channels; "bottleneck": 1x1 to
    ``inner``, 3x3 in columns, 1x1 to ``width``. D is the anti-aliased 1x1 projection of the input.
    """

    inner: Positive
    form: Literal["basic", "bottleneck"] = "basic"
    groups: Positive = 4
    attention: bool = True
    gate: Gate = "softmax"
    activation: Activation = "silu"


class PepeSpec(_Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="pepe"):
    """Projection, expansion, projection, expansion (AttendNets, section 3).

    Pointwise to ``projection``, depthwise with integer ``multiplier``, pointwise to
    ``second_projection``, pointwise to ``width``.
    """

    projection: Positive
    multiplier: Positive = 1
    second_projection: Positive
    kernel: Kernel = 3


BlockSpec: TypeAlias = (
    ConvolutionSpec
    | TemporalConvolutionSpec
    | CondenserSpec
    | SpeechCondenserSpec
    | VisualCondenserSpec
    | DoubleCondenserSpec
    | PepeSpec
)


class StageSpec(_Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Blocks on one grid; the first may halve it."""

    blocks: Annotated[tuple[BlockSpec, ...], Meta(min_length=1)]


class HeadSpec(_Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Optional 1x1 convolution to ``features`` channels (0: none), global average, dropout, linear."""

    features: NonNegative = 0
    dropout: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0
    activation: Activation = "relu"


class NetworkSpec(_Spec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole classifier. ``scale`` of the input: pixels are divided by 255 inside the network."""

    version: Literal[1] = SPEC_VERSION
    input: InputSpec
    stem: StemSpec
    stages: Annotated[tuple[StageSpec, ...], Meta(min_length=1)]
    head: HeadSpec = HeadSpec()
    classes: Annotated[int, Meta(ge=1)]

    @property
    def blocks(self) -> tuple[BlockSpec, ...]:
        """All blocks in order of execution."""
        return tuple(block for stage in self.stages for block in stage.blocks)


def to_json(spec: NetworkSpec) -> str:
    """Canonical JSON: fields in order of definition, defaults included; equal specs give equal text."""
    return msgspec.json.encode(spec).decode()


def from_json(text: str | bytes) -> NetworkSpec:
    """The inverse of :func:`to_json`.

    Raises SpecError naming the field, for anything that is not a network of this version.
    """
    try:
        return msgspec.json.decode(text, type=NetworkSpec)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise SpecError(
            f"This is not a network specification of version {SPEC_VERSION}: {error}. "
            "Compare it with a network.json that attendnets wrote."
        ) from error


def validate(spec: NetworkSpec) -> None:
    """Hold a specification that Python code made to what :func:`from_json` demands of a file.

    Raises SpecError naming the field whose type or range is wrong.
    """
    try:
        msgspec.json.decode(msgspec.json.encode(spec, enc_hook=repr), type=NetworkSpec)
    except (msgspec.ValidationError, UnicodeError) as error:
        raise SpecError(
            f"This network specification is wrong: {error}. Give the field a value of its type and range."
        ) from error


def digest(spec: NetworkSpec) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the canonical JSON; names the network everywhere."""
    return hashlib.sha256(to_json(spec).encode()).hexdigest()[:16]

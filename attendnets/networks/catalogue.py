"""All networks that have a name: found by it, described, created.

A family joins by a file in this folder with its ``ENTRIES``, and a mention in ``_FAMILIES``.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from torch import nn

from attendnets.errors import SpecError
from attendnets.networks import (
    attendnet,
    attendnet_micro,
    attendnext,
    attonet,
    cancernet,
    mlperf_tiny,
    rivals,
    tbnet,
    tinyspeech,
)
from attendnets.networks.assemble import PIXEL_RANGE
from attendnets.networks.entry import Entry
from attendnets.networks.features import Backbone, FeatureNetwork
from attendnets.networks.int8_form import int8_form
from attendnets.networks.levels import total_stride
from attendnets.spec import BlockSpec, Gate, NetworkSpec, StageSpec

NEAREST = 3
_FAMILIES = (
    attendnet,
    attendnext,
    cancernet,
    attonet,
    attendnet_micro,
    tinyspeech,
    tbnet,
    mlperf_tiny,
)

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {entry.name: entry for family in _FAMILIES for entry in family.ENTRIES}
)
"""The networks that have a specification, by name."""


def names() -> tuple[str, ...]:
    """All names that :func:`create` knows, rivals last."""
    return (*ENTRIES, *rivals.names())


def is_name(word: str) -> bool:
    """Whether ``word`` is meant as one of :func:`names`: it is one, or no file or folder looks like it."""
    place = Path(word)
    like_a_file = place.exists() or place.suffix or len(place.parts) != 1 or "#" in word
    return word in names() or not like_a_file


def find(name: str) -> Entry:
    """The entry of a name. Raises SpecError: with the three nearest names, or for a rival."""
    if name in ENTRIES:
        return ENTRIES[name]
    if name in rivals.names():
        raise SpecError(
            f"{name} is a module of timm's, without a specification of ours: `attendnets describe` counts "
            "it; for this take a network of another origin in `attendnets networks`."
        )
    nearest = difflib.get_close_matches(name.lower(), names(), NEAREST, cutoff=0.0)
    raise SpecError(
        f"There is no network {name!r}; the nearest are {', '.join(nearest)}. "
        "`attendnets networks` lists all."
    )


def network_spec(
    name: str,
    classes: int | None = None,
    channels: int | None = None,
    image_size: int | None = None,
    *,
    gate: Gate | None = None,
    int8: bool = False,
) -> NetworkSpec:
    """The specification of a named network; None stands for its own default.

    ``image_size``: pixels a side. ``gate``: another gate in every attention block. ``int8``: the form that
    8 bits can hold, see :func:`attendnets.networks.int8_form.int8_form`; the published one is the default.
    Raises SpecError naming the field that is impossible.
    """
    entry = find(name)
    spec = entry.spec(
        classes=whole("classes", entry.classes if classes is None else classes),
        channels=whole("channels", entry.channels if channels is None else channels),
        image_size=whole("image_size", entry.image_size if image_size is None else image_size),
    )
    fits(spec)
    if gate is not None:
        spec = with_gate(spec, gate)
    return int8_form(spec) if int8 else spec


def create(
    name: str,
    num_classes: int | None = None,
    in_channels: int | None = None,
    image_size: int | None = None,
    *,
    features_only: bool = False,
    out_indices: int | Sequence[int] | None = None,
    drop_rate: float | None = None,
    gate: Gate | None = None,
    int8: bool = False,
    pixel_range: float = PIXEL_RANGE,
) -> nn.Module:
    """The module of a named network, randomly initialised from torch's generator.

    None stands for the network's own default. It takes float pixels (B, in_channels, H, W) of
    0..``pixel_range``, of any size that is not below its stride, and gives logits (B, num_classes); with
    ``features_only`` a list of features, one at each stride, or at those of ``out_indices`` (the last n for
    a number). ``image_size`` is the one that costs and exports speak of. ``drop_rate``: dropout before the
    classifier. ``gate`` and ``int8``: see :func:`network_spec`. Give ``pixel_range=1.0`` for pixels of 0..1
    and for normalised ones.

    Rivals come from timm as they are, which takes ``features_only``, ``out_indices`` and ``drop_rate``.
    Raises SpecError naming the argument that is impossible, UsageError for a rival without timm.
    """
    named = {"num_classes": num_classes, "in_channels": in_channels, "image_size": image_size}
    sizes = {field: value for field, value in named.items() if value is not None}
    if name in rivals.names():
        if gate is not None or int8:
            raise SpecError(f"gate, int8: {name} is timm's, its form is not to be chosen; leave them out.")
        options = {"features_only": features_only, "drop_rate": drop_rate, "out_indices": out_indices}
        given: dict[str, Any] = {**sizes, **{key: value for key, value in options.items() if value}}
        return rivals.create(name, **given)
    for field, value in sizes.items():
        whole(field, value)
    spec = network_spec(name, num_classes, in_channels, image_size, gate=gate, int8=int8)
    module = Backbone(spec, pixel_range=pixel_range, drop_rate=drop_rate)
    return FeatureNetwork(module, out_indices) if features_only else module


def changed(
    spec: NetworkSpec, classes: int | None = None, channels: int | None = None, image_size: int | None = None
) -> NetworkSpec:
    """``spec`` for other classes, channels and images; None keeps what it has.

    Raises SpecError naming the field that is impossible.
    """
    image = spec.input
    if channels is not None:
        image = msgspec.structs.replace(image, channels=whole("channels", channels))
    if image_size is not None:
        side = whole("image_size", image_size)
        image = msgspec.structs.replace(image, height=side, width=side)
    spec = msgspec.structs.replace(spec, input=image)
    if image_size is not None:
        fits(spec)
    return spec if classes is None else msgspec.structs.replace(spec, classes=whole("classes", classes))


def whole(field: str, value: object) -> int:
    """``value`` if it is a positive whole number. Raises SpecError naming ``field``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise SpecError(f"{field}: {value!r} is no whole number; give one of at least 1.")
    if value < 1:
        raise SpecError(f"{field}: {value} is too few; give at least 1.")
    return value


def fits(spec: NetworkSpec) -> None:
    """Raises SpecError where the image is smaller than the network's stride."""
    side, stride = min(spec.input.height, spec.input.width), total_stride(spec)
    if side < stride:
        raise SpecError(
            f"image_size: {side} pixels are fewer than the network's stride of {stride}; "
            f"give at least {stride}."
        )


def with_gate(spec: NetworkSpec, gate: Gate) -> NetworkSpec:
    """``spec`` with another gate in every block that has one."""

    def regated(block: BlockSpec) -> BlockSpec:
        return msgspec.structs.replace(block, gate=gate) if hasattr(block, "gate") else block

    stages = tuple(StageSpec(blocks=tuple(map(regated, stage.blocks))) for stage in spec.stages)
    return msgspec.structs.replace(spec, stages=stages)

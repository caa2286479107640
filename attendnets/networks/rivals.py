"""Networks of others to compare with, from timm (``pip install "attendnets[timm]"``), untrained.

They are timm's own modules: pixels are to be normalised before them, as their recipes do, and everything
that timm's users know works on them. What they cost is counted on the module
(:mod:`attendnets.networks.counting`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from attendnets.errors import SpecError
from attendnets.networks.counting import ModuleCount, count
from attendnets.networks.timm_package import load_timm

# The product of the strides, which all of them have in common.
STRIDE = 32


@dataclass(frozen=True)
class Rival:
    """``fuses``: trained with branches that are then fused into single convolutions; the fused form is meant.

    ``image_size`` is the side in pixels that its publication counts at.
    """

    name: str
    summary: str
    source: str
    image_size: int = 224
    fuses: bool = False


RIVALS = (
    Rival("mobilenetv1_100", "MobileNet-V1 1.0: depthwise separable convolutions", "arXiv 1704.04861"),
    Rival("mobilenetv2_100", "MobileNet-V2 1.0: inverted residuals", "arXiv 1801.04381"),
    Rival("mobilenetv3_small_100", "MobileNet-V3 Small 1.0", "arXiv 1905.02244"),
    Rival("mobilenetv3_large_100", "MobileNet-V3 Large 1.0", "arXiv 1905.02244"),
    Rival(
        "mobilenetv4_conv_small",
        "MobileNet-V4 Conv Small: universal inverted bottlenecks",
        "arXiv 2404.10518",
    ),
    Rival("fbnetc_100", "FBNet-C: found by a differentiable search", "arXiv 1812.03443"),
    Rival("mobileone_s0", "MobileOne S0, fused", "arXiv 2206.04040", fuses=True),
    Rival("mobileone_s1", "MobileOne S1, fused", "arXiv 2206.04040", fuses=True),
    Rival("mobilevit_xs", "MobileViT XS: convolutions and transformers", "arXiv 2110.02178", image_size=256),
    Rival("lcnet_100", "PP-LCNet 1.0: made for x86 processors", "arXiv 2109.15099"),
    Rival("efficientnet_lite0", "EfficientNet-Lite0: no squeeze-excitation, ReLU6", "arXiv 1905.11946"),
    Rival("repghostnet_100", "RepGhostNet 1.0, fused", "arXiv 2211.06088", fuses=True),
    Rival("starnet_s1", "StarNet S1: element-wise products", "arXiv 2403.19967"),
    Rival(
        "edgenext_xx_small",
        "EdgeNeXt XXS: split depthwise transposed attention",
        "arXiv 2206.10589",
        image_size=256,
    ),
)
_BY_NAME = {rival.name: rival for rival in RIVALS}


def names() -> tuple[str, ...]:
    """All rivals, whether or not timm is installed."""
    return tuple(_BY_NAME)


def create(
    name: str,
    num_classes: int = 1000,
    in_channels: int = 3,
    image_size: int | None = None,
    *,
    fused: bool = True,
    **options: Any,
) -> nn.Module:
    """timm's module, randomly initialised from torch's generator; ``options`` go to ``timm.create_model``.

    ``image_size`` (pixels a side) is only checked: all take any image of at least 32 x 32. ``fused``: those
    that are fused for use (``Rival.fuses``) come fused; to train one, create it with False and give it to
    :func:`fuse` afterwards. Raises SpecError naming the argument that is none, UsageError without timm.
    """
    rival = _find(name)
    _check(rival, num_classes, in_channels, image_size)
    module: nn.Module = load_timm().create_model(
        name, pretrained=False, num_classes=num_classes, in_chans=in_channels, **options
    )
    return fuse(module) if fused and rival.fuses else module


def fuse(module: nn.Module) -> nn.Module:
    """A copy in which parallel branches are single convolutions: the same function in eval mode."""
    load_timm()
    from timm.utils.model import reparameterize_model

    fused: nn.Module = reparameterize_model(module)
    return fused


def describe(
    name: str,
    num_classes: int = 1000,
    in_channels: int = 3,
    image_size: int | None = None,
    *,
    bits: int = 8,
) -> ModuleCount:
    """What a rival costs in the form of :func:`create`; no weights are made. Raises as :func:`create`."""
    with torch.device("meta"):
        module = create(name, num_classes, in_channels, image_size)
    side = image_size or _find(name).image_size
    return count(module, (in_channels, side, side), bits)


def _find(name: str) -> Rival:
    if name not in _BY_NAME:
        raise SpecError(f"There is no rival {name!r}: {', '.join(_BY_NAME)}.")
    return _BY_NAME[name]


def _check(rival: Rival, num_classes: object, in_channels: object, image_size: object) -> None:
    for field, value, least in (
        ("num_classes", num_classes, 1),
        ("in_channels", in_channels, 1),
        ("image_size", rival.image_size if image_size is None else image_size, STRIDE),
    ):
        if isinstance(value, bool) or not isinstance(value, int):
            raise SpecError(f"{field}: {value!r} is no whole number; give one of at least {least}.")
        if value < least:
            raise SpecError(f"{field}: {value} is too few for {rival.name}; give at least {least}.")

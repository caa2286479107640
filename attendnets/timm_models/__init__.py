"""Importing this module makes timm know all networks of the catalogue::

    import attendnets.timm_models
    model = timm.create_model("attendnet_b", num_classes=50)

They follow timm's conventions: ``num_classes`` (0: pooled features), ``in_chans``, ``drop_rate``,
``features_only`` with ``out_indices``, and pixels of 0..1, as ``ToTensor`` makes them. What the model asks
of its data (``timm.data.resolve_model_data_config``) is therefore mean 0 and deviation 1, and timm's
loaders and training script do that by themselves; pixels that are normalised by another mean do no harm,
since a batch norm follows the first convolution. Raw pixels of 0..255 need ``pixel_range=255.0``.

Scripts that know timm alone, its training script for one, are run by ``python -m attendnets.timm_models``
(``__main__.py``), which imports this first.

The tensors are those of :func:`attendnets.create`, by the same names: what timm has trained on 0..1 loads
there, and computes the same from 0..255. No weights are published: ``pretrained=True`` is an error.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import torch
from torch import nn

from attendnets.errors import UsageError
from attendnets.networks.catalogue import ENTRIES, network_spec
from attendnets.networks.entry import Entry
from attendnets.networks.features import Backbone
from attendnets.networks.levels import levels
from attendnets.networks.timm_package import load_timm
from attendnets.spec import Gate

models: Any = load_timm().models
__all__: list[str] = []


def _build(
    name: str,
    *,
    num_classes: int,
    in_chans: int,
    img_size: int | None = None,
    drop_rate: float = 0.0,
    drop_path_rate: float = 0.0,
    global_pool: str = "avg",
    pixel_range: float = 1.0,
    gate: Gate | None = None,
    int8: bool = False,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> Backbone:
    if drop_path_rate:
        raise UsageError(f"drop_path_rate: {name} has no stochastic depth; leave it at 0.")
    if global_pool != "avg":
        raise UsageError(f"global_pool: {global_pool!r}; features are averaged: avg.")
    classes = 1 if num_classes == 0 else num_classes
    spec = network_spec(name, classes, in_chans, img_size, gate=gate, int8=int8)
    with torch.device(torch.get_default_device() if device is None else device):
        model = Backbone(spec, pixel_range=pixel_range, drop_rate=drop_rate)
    if num_classes == 0:
        model.reset_classifier(0)
    return model if dtype is None else model.to(dtype)


def _default_cfg(entry: Entry) -> dict[str, Any]:
    spec = network_spec(entry.name)
    image, stride = spec.input, levels(spec)[-1].stride
    return {
        "url": "",
        "num_classes": entry.classes,
        "input_size": (image.channels, image.height, image.width),
        "pool_size": (-(-image.height // stride), -(-image.width // stride)),
        "crop_pct": 0.875,
        "interpolation": "bilinear",
        "mean": (0.0,) * image.channels,
        "std": (1.0,) * image.channels,
        "first_conv": "stem.conv.conv",
        "classifier": "head.linear",
        "license": "apache-2.0",
    }


default_cfgs = models.generate_default_cfgs({name: _default_cfg(entry) for name, entry in ENTRIES.items()})


def _register(entry: Entry) -> None:
    def entrypoint(pretrained: bool = False, **options: Any) -> nn.Module:
        if pretrained:
            raise UsageError(
                f"There are no published weights of {entry.name}: leave out pretrained=True and train it."
            )
        # The getter asks the model itself, which scales its pixels; other wrappers call the parts past that.
        if (kind := options.pop("feature_cls", "getter")) != "getter":
            raise UsageError(f"feature_cls: {kind!r}; features of {entry.name} come by its getter.")
        features = {"feature_cls": "getter", "out_indices": range(len(levels(network_spec(entry.name))))}
        model: nn.Module = models.build_model_with_cfg(
            partial(_build, entry.name), entry.name, False, feature_cfg=features, **options
        )
        return model

    entrypoint.__name__ = entrypoint.__qualname__ = entry.name
    entrypoint.__doc__ = f"{entry.summary} ({entry.origin}; {entry.source})."
    # timm lists a module's models in its __all__, and looks there for their functions.
    setattr(sys.modules[__name__], entry.name, entrypoint)
    models.register_model(entrypoint)


for _entry in ENTRIES.values():
    _register(_entry)

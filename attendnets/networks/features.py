"""Networks as users of timm know them: features at several strides, a classifier that can be replaced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import msgspec
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from attendnets.errors import SpecError
from attendnets.networks.assemble import PIXEL_RANGE, Network
from attendnets.networks.levels import levels
from attendnets.spec import NetworkSpec

FeatureRecord = dict[str, Any]


def take_indices(count: int, indices: int | Sequence[int] | None) -> tuple[int, ...]:
    """Which of ``count`` features: all for None, the last n for a number, else those, negative from the end.

    Raises SpecError for one that is not there.
    """
    if indices is None:
        return tuple(range(count))
    if isinstance(indices, int):
        if not 1 <= indices <= count:
            raise SpecError(f"out_indices: the last {indices} of {count} features; give 1 to {count}.")
        return tuple(range(count - indices, count))
    wrong = [index for index in indices if not -count <= index < count]
    if wrong or not indices:
        raise SpecError(f"out_indices: {list(indices)} of {count} features; give some of 0 to {count - 1}.")
    return tuple(index % count for index in indices)


class FeatureInfo:
    """What the features of a :class:`FeatureNetwork` are; methods speak of those that it gives, in order."""

    def __init__(self, records: Sequence[FeatureRecord], out_indices: Sequence[int]) -> None:
        self.info = list(records)
        self.out_indices = tuple(out_indices)

    def channels(self) -> list[int]:
        """Channels of each feature."""
        return self._values("num_chs")

    def reduction(self) -> list[int]:
        """Pixels of the image a step of each feature's grid."""
        return self._values("reduction")

    def module_name(self) -> list[str]:
        """The module whose output each feature is."""
        return self._values("module")

    def get_dicts(self) -> list[FeatureRecord]:
        """All of it: ``num_chs``, ``reduction``, ``module``, ``index``."""
        return [self.info[index] for index in self.out_indices]

    def __len__(self) -> int:
        return len(self.info)

    def __getitem__(self, index: int) -> FeatureRecord:
        return self.info[index]

    def _values(self, key: str) -> list[Any]:
        return [self.info[index][key] for index in self.out_indices]


class Backbone(Network):
    """A classifier whose parts can be had: its features, its head, a new classifier.

    It takes pixels of 0..``pixel_range``: 255 for raw ones, 1 for those that are divided (or normalised)
    before. ``spec`` stays that of the classifier it was made as, but for its classes.
    """

    def __init__(
        self, spec: NetworkSpec, *, pixel_range: float = PIXEL_RANGE, drop_rate: float | None = None
    ) -> None:
        if pixel_range <= 0:
            raise SpecError(f"pixel_range: {pixel_range} is no range; give 255 or 1.")
        if drop_rate is not None:
            spec = msgspec.structs.replace(spec, head=msgspec.structs.replace(spec.head, dropout=drop_rate))
        super().__init__(spec)
        self.pixel_scale = 1.0 / pixel_range
        self.levels = levels(spec)
        self.num_classes = spec.classes
        self.in_chans = spec.input.channels
        self.num_features = self.levels[-1].channels
        self.head_hidden_size = self.head.linear.in_features
        self.grad_checkpointing = False
        self.feature_info: list[FeatureRecord] = [
            {"num_chs": level.channels, "reduction": level.stride, "module": level.module, "index": index}
            for index, level in enumerate(self.levels)
        ]

    def forward_features(self, pixels: Tensor) -> Tensor:
        """Pixels (B, C, H, W) to the last stage's features (B, num_features, H', W').

        Raises SpecError for another number of channels, or an image smaller than the network's stride.
        """
        x: Tensor = self.stem(self._scaled(pixels))
        for stage in self.stages:
            x = self._through(stage, x)
        return x

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """Features of :meth:`forward_features` to logits (B, classes), or to what the classifier reads."""
        pooled: Tensor = self.head.dropout(self.head.features(x).mean((2, 3)))
        if pre_logits:
            return pooled
        logits: Tensor = self.head.linear(pooled)
        return logits

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (B, C, H, W) to logits (B, classes)."""
        return self.forward_head(self.forward_features(pixels))

    @overload
    def forward_intermediates(
        self,
        x: Tensor,
        indices: int | Sequence[int] | None = None,
        norm: bool = False,
        stop_early: bool = False,
        output_fmt: str = "NCHW",
        intermediates_only: Literal[False] = False,
    ) -> tuple[Tensor, list[Tensor]]: ...

    @overload
    def forward_intermediates(
        self,
        x: Tensor,
        indices: int | Sequence[int] | None = None,
        norm: bool = False,
        stop_early: bool = False,
        output_fmt: str = "NCHW",
        *,
        intermediates_only: Literal[True],
    ) -> list[Tensor]: ...

    def forward_intermediates(
        self,
        x: Tensor,
        indices: int | Sequence[int] | None = None,
        norm: bool = False,
        stop_early: bool = False,
        output_fmt: str = "NCHW",
        intermediates_only: bool = False,
    ) -> list[Tensor] | tuple[Tensor, list[Tensor]]:
        """Pixels to the last features and those of the levels ``indices``, from fine to coarse.

        ``stop_early``: run nothing past the last of them. ``norm`` is there for timm's sake: every
        feature has passed its norm. Raises SpecError for an index or a format that there is not.
        """
        if output_fmt != "NCHW":
            raise SpecError(f"output_fmt: {output_fmt!r}; features are NCHW.")
        taken = take_indices(len(self.levels), indices)
        wanted = {self.levels[index].module for index in taken}
        last = self.levels[max(taken)].module
        found: list[Tensor] = []
        x = self._scaled(x)
        for name, part in self._parts():
            x = self._through(part, x)
            if name in wanted:
                found.append(x)
            if name == last and (stop_early or intermediates_only):
                break
        return found if intermediates_only else (x, found)

    def prune_intermediate_layers(
        self, indices: int | Sequence[int] = 1, prune_norm: bool = False, prune_head: bool = True
    ) -> list[int]:
        """Drop what is past the last of the levels ``indices``, and the classifier; gives their numbers."""
        taken = take_indices(len(self.levels), indices)
        last = self.levels[max(taken)]
        kept = int(last.module.rpartition(".")[2]) + 1 if last.module.startswith("stages.") else 0
        pruned = kept < len(self.stages)
        self.stages = nn.Sequential(*list(self.stages.children())[:kept])
        self.levels = self.levels[: max(taken) + 1]
        if pruned:
            self.head.features = nn.Identity()
            self.num_features = self.head_hidden_size = last.channels
        if prune_head or pruned:
            self.reset_classifier(0)
        return list(taken)

    def get_classifier(self) -> nn.Module:
        """The last layer, from :attr:`head_hidden_size` features to logits."""
        classifier: nn.Module = self.head.linear
        return classifier

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """A new classifier, randomly initialised; 0 for none: then the network gives pooled features.

        Raises SpecError for a negative number, or another pooling than the average.
        """
        if global_pool not in (None, "avg", ""):
            raise SpecError(f"global_pool: {global_pool!r}; features are averaged: avg.")
        if num_classes < 0:
            raise SpecError(f"num_classes: {num_classes} is too few; give at least 1, or 0 for none.")
        self.num_classes = num_classes
        if num_classes == 0:
            self.head.add_module("linear", nn.Identity())
            return
        like = self.stem.conv.conv.weight
        linear = nn.Linear(self.head_hidden_size, num_classes, device=like.device, dtype=like.dtype)
        nn.init.normal_(linear.weight, std=0.01)
        nn.init.zeros_(linear.bias)
        self.head.linear = linear
        self.spec = msgspec.structs.replace(self.spec, classes=num_classes)

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Whether stages are computed again in the backward pass rather than kept."""
        self.grad_checkpointing = enable

    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:
        """Patterns that sort parameters by depth, for timm's layer-wise learning rates."""
        blocks = r"^stages\.(\d+)" if coarse else r"^stages\.(\d+)\.(\d+)"
        return {"stem": r"^stem", "blocks": [(blocks, None), (r"^head", (99999,))]}

    def no_weight_decay(self) -> set[str]:
        """Parameters that decay would only hurt: learned scales of attention."""
        return {name for name, _ in self.named_parameters() if name.endswith(".scale")}

    def _parts(self) -> list[tuple[str, nn.Module]]:
        stem = nn.Sequential(self.stem.conv, self.stem.second)
        stages = [(f"stages.{number}", stage) for number, stage in enumerate(self.stages)]
        return [("stem.second", stem), ("stem", self.stem.pool), *stages]

    def _scaled(self, pixels: Tensor) -> Tensor:
        stride = self.levels[-1].stride
        if pixels.ndim != 4 or pixels.shape[1] != self.in_chans:
            raise SpecError(
                f"Pixels are (batch, {self.in_chans}, height, width); these are {tuple(pixels.shape)}."
            )
        if pixels.shape[2] < stride or pixels.shape[3] < stride:
            raise SpecError(
                f"An image of {pixels.shape[2]}x{pixels.shape[3]} is smaller than the network's stride of "
                f"{stride}; give at least {stride}x{stride} pixels."
            )
        return pixels if self.pixel_scale == 1.0 else pixels * self.pixel_scale

    def _through(self, part: nn.Module, x: Tensor) -> Tensor:
        if self.grad_checkpointing and torch.is_grad_enabled() and x.requires_grad:
            kept: Tensor = checkpoint(part, x, use_reentrant=False)
            return kept
        out: Tensor = part(x)
        return out


class FeatureNetwork(nn.Module):
    """Pixels to a list of features, from fine to coarse: a backbone without what is past the last of them.

    ``out_indices`` as in :func:`take_indices`. Raises SpecError for one that is not there.
    """

    def __init__(self, backbone: Backbone, out_indices: int | Sequence[int] | None = None) -> None:
        super().__init__()
        records = backbone.feature_info
        taken = sorted(set(take_indices(len(records), out_indices)))
        backbone.prune_intermediate_layers(taken)
        self.spec = backbone.spec
        self.feature_info = FeatureInfo(records, taken)
        self.backbone = backbone

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """(B, C, H, W) to tensors (B, channels, H / reduction, W / reduction), rounded up."""
        return self.backbone.forward_intermediates(
            pixels, self.feature_info.out_indices, intermediates_only=True
        )

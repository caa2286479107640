"""How a network is trained, and for how long: plain values, without torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from attendnets.errors import UsageError


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome of a training beside network, data, seed and length.

    Muon for kernels and AdamW for the rest (``optimizer.py``) at one rate. It rises linearly over
    ``warmup_steps`` (at most a fifth of the training) to ``rate``, then falls to 0 along half a cosine
    ("cosine") or stays ("constant": a training that can be continued to more epochs later, because no
    step depends on how many follow). What is validated and kept is a running average of the weights and
    of the batch norms' statistics over about the last ``averaging`` of the steps so far.
    ``weight_decay`` acts on matrices and kernels, never on biases and batch norms.
    ``class_weights`` weighs classes by ``count ** -0.5`` where the largest is more than
    ``imbalance`` times the smallest. ``mixup`` is the alpha of its beta distribution, 0 for none.
    ``clip_norm`` bounds the norm of the whole gradient. ``bfloat16`` computes forward and backward
    passes in bfloat16, weights and sums in float32; None does so where the processor has instructions
    for it (without them it is slower than float32). A budget in seconds plans at most ``most_epochs``:
    beyond, small sets are learned by heart.
    """

    batch_size: int = 32
    rate: float = 1e-2
    weight_decay: float = 0.05
    warmup_steps: int = 50
    schedule: Literal["cosine", "constant"] = "cosine"
    label_smoothing: float = 0.1
    averaging: float = 0.1
    class_weights: bool = True
    imbalance: float = 4.0
    mixup: float = 0.0
    clip_norm: float = 2.0
    bfloat16: bool | None = None
    most_epochs: int = 300

    def __post_init__(self) -> None:
        bounds = (
            ("batch_size", self.batch_size >= 2, "at least 2: batch norm needs two images"),
            ("rate", 0 < self.rate < math.inf, "above 0"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("warmup_steps", self.warmup_steps >= 0, "0 or more"),
            ("label_smoothing", 0 <= self.label_smoothing < 1, "from 0 to below 1"),
            ("averaging", 0 <= self.averaging < 1, "from 0 to below 1"),
            ("imbalance", self.imbalance >= 1, "1 or more"),
            ("mixup", self.mixup >= 0, "0 or more"),
            ("clip_norm", self.clip_norm > 0, "above 0"),
            ("most_epochs", self.most_epochs >= 1, "at least 1"),
        )
        for field, good, rule in bounds:
            if not good:
                raise UsageError(f"Recipe: {field} is {getattr(self, field)!r}; it must be {rule}.")

    @classmethod
    def for_images(cls, images: int, orientation_free: bool = False) -> Recipe:
        """The recipe for this many training images: the fewer there are, the smaller the batches.

        A small set needs many steps an epoch, a large one fast epochs. Pictures without an upright are
        augmented weakly (``Augmentation.orientation_free``), so that fewer epochs are enough.
        """
        return cls(
            batch_size=32 if images <= 6_000 else 64 if images <= 24_000 else 128,
            most_epochs=90 if orientation_free else 300,
        )

    def for_short_trainings(self) -> Recipe:
        """The same recipe at a constant rate: trained to 3 epochs today, it continues to 9 tomorrow."""
        return replace(self, schedule="constant")

    def rate_at(self, step: int, steps: int) -> float:
        """Learning rate of step ``step`` (from 0) out of ``steps``."""
        warmup = self.warmup_steps
        if self.schedule == "cosine":
            warmup = min(warmup, steps // 5)
        if step < warmup:
            return self.rate * (step + 1) / (warmup + 1)
        if self.schedule == "constant":
            return self.rate
        return self.rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


@dataclass(frozen=True)
class Budget:
    """How long to train: ``epochs``, or ``seconds`` from which a whole number of epochs is planned.

    The plan is made from timed steps before training starts and is written to the record, so that
    ``Budget(epochs=...)`` repeats the training exactly on a machine of another speed.
    """

    epochs: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if (self.epochs is None) == (self.seconds is None):
            raise UsageError(
                f"Budget: epochs is {self.epochs} and seconds is {self.seconds}; give exactly one of them."
            )
        if self.epochs is not None and self.epochs < 1:
            raise UsageError(f"Budget: epochs is {self.epochs}; it must be at least 1.")
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise UsageError(f"Budget: seconds is {self.seconds}; it must be above 0.")

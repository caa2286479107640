"""A training that diverges goes back to its last good epoch at a lower rate, three times at most."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from attendnets.errors import TrainingError
from attendnets.training import Progress, Rollback
from tests.training.small_training import Small, assert_equal_to_the_bit, curves, run

pytestmark = pytest.mark.usefixtures("one_thread")


class Poisoned(Small):
    """Gives no numbers from a number of training passes on, as often as it is told to."""

    def __init__(self, at: int, times: int) -> None:
        super().__init__()
        self.passes, self.at, self.times = 0, at, times

    def forward(self, pixels: Tensor) -> Tensor:
        logits = super().forward(pixels)
        if self.training:
            self.passes += 1
            if self.passes >= self.at and self.times > 0:
                self.times -= 1
                return logits * math.nan
        return logits


def poisoned(at: int, times: int) -> Poisoned:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Poisoned(at, times)


def test_a_loss_that_is_no_number_takes_training_back_to_the_last_epoch_at_a_third_of_the_rate() -> None:
    network = poisoned(at=8, times=1)
    heard: list[Rollback] = []
    record = run(network, on_rollback=heard.append)
    assert [(r.epoch, r.step, r.what) for r in heard] == [(2, 2, "the loss is nan")]
    assert record.rollbacks == tuple(heard)
    untouched = run(poisoned(at=8, times=0))
    assert [epoch.epoch for epoch in record.epochs] == [1, 2, 3, 4]
    assert curves(record)[0] == curves(untouched)[0]
    assert record.epochs[1].rate == pytest.approx(untouched.epochs[1].rate / 3)


def test_a_rollback_within_the_first_epoch_starts_again_from_the_first_weights() -> None:
    record = run(poisoned(at=3, times=1))
    assert record.rollbacks[0].epoch == 1 and len(record.epochs) == 4


def test_a_fourth_divergence_ends_the_training_with_epoch_step_and_rate() -> None:
    with pytest.raises(TrainingError, match=r"epoch 2, step 1 of 6 .* after going back 3 times"):
        run(poisoned(at=8, times=4))


def test_an_interruption_after_a_rollback_changes_nothing(tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(progress: Progress) -> None:
        if progress.epoch == 2 and progress.step == progress.steps:
            raise Interrupted

    whole = poisoned(at=8, times=1)
    expected = run(whole, checkpoint=tmp_path / "whole.safetensors")
    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Interrupted):
        run(poisoned(at=8, times=1), checkpoint=path, progress=interrupt)
    resumed = poisoned(at=8, times=0)
    record = run(resumed, checkpoint=path)
    assert curves(record) == curves(expected) and record.rollbacks == expected.rollbacks
    assert_equal_to_the_bit(whole, resumed)

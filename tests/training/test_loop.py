"""Training learns, repeats itself to the bit, survives interruption, and says what it did."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from attendnets.data.augmentation import Augmentation
from attendnets.errors import DataError, TrainingError, UsageError
from attendnets.training import (
    Budget,
    Progress,
    Recipe,
    accuracy,
    predict_logits,
    train,
)
from tests.training.small_training import (
    QUICK,
    TRAIN,
    VALIDATION,
    assert_equal_to_the_bit,
    curves,
    run,
    small,
    stripes,
    weights,
)


class Stop(Exception):
    pass


def stop_after(epoch: int) -> Callable[[Progress], None]:
    def progress(now: Progress) -> None:
        if now.epoch > epoch:
            raise Stop

    return progress


def test_a_network_learns_what_there_is_to_learn() -> None:
    network = small()
    record = run(network, epochs=25)
    unseen = accuracy(network, stripes(200, seed=3))
    assert unseen.top1_percent > 90
    assert unseen.interval_percent[0] < unseen.top1_percent <= unseen.interval_percent[1]
    assert record.epochs[-1].train_loss < record.epochs[0].train_loss


def test_the_record_tells_all_about_the_training() -> None:
    record = run(small(), epochs=3)
    assert [epoch.epoch for epoch in record.epochs] == [1, 2, 3]
    assert record.validation_images == 48 and record.train_images == 96
    assert record.recipe == QUICK and record.seed == 0
    assert record.threads == torch.get_num_threads()
    assert math.isclose(record.seconds, sum(epoch.seconds for epoch in record.epochs))
    for epoch in record.epochs:
        assert 0 < epoch.loading_seconds < epoch.seconds


def test_the_best_weights_by_validation_are_left_in_the_network() -> None:
    network = small()
    record = run(network, epochs=8)
    best = max(record.epochs, key=lambda e: (e.validation_top1_percent, -e.validation_loss))
    assert record.best_epoch == best.epoch
    assert record.validation_top1_percent == best.validation_top1_percent
    measured = accuracy(network, VALIDATION)
    assert not network.training
    assert measured.top1_percent == record.validation_top1_percent
    assert math.isclose(measured.loss, record.validation_loss, rel_tol=1e-5)


def test_the_same_seed_gives_the_same_training_to_the_bit() -> None:
    first, second, other = small(), small(), small()
    records = [run(first), run(second)]
    assert curves(records[0]) == curves(records[1])
    assert_equal_to_the_bit(first, second)
    assert curves(run(other, seed=1)) != curves(records[0])


def test_training_leaves_the_global_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(small(), epochs=1)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_a_training_killed_and_resumed_equals_one_left_alone(tmp_path: Path, schedule: str) -> None:
    recipe = replace(QUICK, mixup=0.2, schedule="cosine" if schedule == "cosine" else "constant")
    whole, interrupted = small(), small()
    expected = run(whole, recipe=recipe, epochs=5)
    path = tmp_path / "train" / "checkpoint.safetensors"
    with pytest.raises(Stop):
        run(interrupted, recipe=recipe, epochs=5, checkpoint=path, progress=stop_after(2))
    fresh = small(seed=9)
    record = run(fresh, recipe=recipe, epochs=5, checkpoint=path)
    assert curves(record) == curves(expected)
    assert record.best_epoch == expected.best_epoch
    assert_equal_to_the_bit(fresh, whole)


def test_a_short_training_continues_to_more_epochs_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    recipe = QUICK.for_short_trainings()
    path = tmp_path / "candidate.safetensors"
    whole, stepwise = small(), small()
    expected = run(whole, recipe=recipe, epochs=6)
    for epochs in (2, 4, 6):
        record = run(stepwise, recipe=recipe, epochs=epochs, checkpoint=path)
        assert len(record.epochs) == epochs
    assert curves(record) == curves(expected)
    assert_equal_to_the_bit(stepwise, whole)


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    first, second = small(), small(seed=4)
    record = run(first, checkpoint=path)
    seen: list[Progress] = []
    assert run(second, checkpoint=path, progress=seen.append) == record
    assert seen == []
    assert_equal_to_the_bit(first, second)


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    run(small(), epochs=1, checkpoint=path)
    with pytest.raises(TrainingError, match="another training"):
        run(small(), epochs=1, seed=1, checkpoint=path)
    with pytest.raises(TrainingError, match="another training"):
        run(small(), epochs=1, recipe=replace(QUICK, rate=1e-3), checkpoint=path)
    with pytest.raises(TrainingError, match="another training"):
        run(small(), epochs=1, table=stripes(96, seed=7), checkpoint=path)
    with pytest.raises(TrainingError, match="planned for 1 epochs"):
        run(small(), epochs=2, checkpoint=path)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(TrainingError, match=r"checkpoint\.safetensors is not a checkpoint"):
        run(small(), checkpoint=path)


def test_a_budget_in_seconds_becomes_a_number_of_epochs_that_repeats_the_training() -> None:
    timed, counted = small(), small()
    record = train(
        timed,
        TRAIN,
        VALIDATION,
        recipe=QUICK,
        budget=Budget(seconds=2.0),
        augmentation=Augmentation.for_photos(),
        seed=0,
    )
    assert record.epochs
    again = run(counted, epochs=len(record.epochs))
    assert curves(again) == curves(record)
    assert_equal_to_the_bit(timed, counted)


def test_seconds_never_buy_more_epochs_than_the_recipe_allows() -> None:
    record = train(
        small(),
        TRAIN,
        VALIDATION,
        recipe=replace(QUICK, most_epochs=2),
        budget=Budget(seconds=3600.0),
        augmentation=Augmentation.none(),
    )
    assert len(record.epochs) == 2


def test_progress_counts_down(tmp_path: Path) -> None:
    seen: list[Progress] = []
    run(small(), epochs=3, progress=seen.append)
    ends = [now for now in seen if now.step == now.steps]
    assert [now.epoch for now in ends] == [1, 2, 3]
    assert all(now.epochs == 3 and now.last is not None and now.last.epoch == now.epoch for now in ends)
    assert ends[0].seconds_left > 0 and ends[-1].seconds_left == 0


def test_a_class_without_training_images_is_no_obstacle() -> None:
    network = small()
    network.last = nn.Linear(8, 3)
    rare = TRAIN.select(
        np.concatenate([np.flatnonzero(TRAIN.labels == 0), np.flatnonzero(TRAIN.labels == 1)[:4]])
    )
    assert len(run(network, epochs=1, table=rare).epochs) == 1


def test_rare_classes_weigh_more_only_where_the_data_is_imbalanced() -> None:
    rare = TRAIN.select(
        np.concatenate([np.flatnonzero(TRAIN.labels == 0), np.flatnonzero(TRAIN.labels == 1)[:4]])
    )
    plain = replace(QUICK, class_weights=False)
    assert curves(run(small(), epochs=1)) == curves(run(small(), epochs=1, recipe=plain))
    weighted, unweighted = (run(small(), epochs=1, table=rare, recipe=r) for r in (QUICK, plain))
    assert curves(weighted) != curves(unweighted)


def test_fewer_images_than_a_batch_are_still_an_epoch() -> None:
    record = run(small(), epochs=2, table=TRAIN.select(range(7)))
    assert len(record.epochs) == 2


def test_no_images_are_refused() -> None:
    with pytest.raises(DataError, match="0 training and 48 validation"):
        run(small(), table=TRAIN.select([]))
    with pytest.raises(DataError, match="no images"):
        predict_logits(small(), TRAIN.select([]))


def test_prediction_keeps_the_order_of_images_and_the_mode_of_the_network() -> None:
    network = small().train()
    logits = predict_logits(network, TRAIN, batch_size=10)
    assert network.training
    assert logits.shape == (96, 2) and logits.dtype == np.float32
    with torch.no_grad():
        one = network.eval()(torch.from_numpy(TRAIN.pixels[41:42]).permute(0, 3, 1, 2).float())
    assert np.allclose(logits[41], one.numpy(), atol=1e-5)


def test_the_rate_warms_up_and_falls_along_a_cosine() -> None:
    recipe = Recipe(rate=1.0, warmup_steps=10)
    rates = [recipe.rate_at(step, 100) for step in range(100)]
    assert rates[0] < rates[5] < rates[10] == max(rates)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))
    assert rates[-1] < 1e-3
    steady = recipe.for_short_trainings()
    assert [steady.rate_at(step, 20) for step in range(20)] == [
        steady.rate_at(step, 9999) for step in range(20)
    ]


def test_parameters_that_want_no_gradient_stay() -> None:
    network = small()
    network.body[0].weight.requires_grad_(False)
    before = weights(network)
    run(network, epochs=1)
    after = weights(network)
    assert torch.equal(before["body.0.weight"], after["body.0.weight"])
    assert not torch.equal(before["body.3.weight"], after["body.3.weight"])


@pytest.mark.parametrize(
    ("field", "value"),
    [("batch_size", 1), ("rate", 0.0), ("rate", math.nan), ("label_smoothing", 1.0), ("averaging", 1.0)],
)
def test_a_recipe_that_cannot_work_is_refused_by_field(field: str, value: float) -> None:
    with pytest.raises(UsageError, match=field):
        replace(QUICK, **{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments", [{}, {"epochs": 1, "seconds": 1.0}, {"epochs": 0}, {"seconds": 0.0}, {"seconds": math.inf}]
)
def test_a_budget_is_exactly_one_positive_length(arguments: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="Budget"):
        Budget(**arguments)  # type: ignore[arg-type]


def test_the_record_names_the_precision_of_the_passes() -> None:
    halved = run(small(), epochs=12, recipe=replace(QUICK, bfloat16=True))
    assert halved.precision == "bfloat16"
    assert halved.validation_top1_percent > 80
    assert run(small(), epochs=1, recipe=replace(QUICK, bfloat16=False)).precision == "float32"


def test_small_data_gets_small_batches() -> None:
    sizes = [Recipe.for_images(images).batch_size for images in (500, 3_000, 10_000, 50_000)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]

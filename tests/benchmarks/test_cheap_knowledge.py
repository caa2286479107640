"""Cheap knowledge is held against full training: scores, inheritance, correlations are what they say."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from attendnets.cost import cost
from attendnets.data import Augmentation, PixelTable
from attendnets.errors import AttendnetsError
from attendnets.exploration.short_training import initialised, train_from, train_shortly
from attendnets.exploration.space import DesignSpace
from attendnets.spec import ConvolutionSpec, InputSpec, NetworkSpec, StageSpec, StemSpec
from attendnets.training import Recipe
from benchmarks.cheap_knowledge import Plan, Trainings, children, drawn
from benchmarks.inheritance import inherit
from benchmarks.knowledge_figures import SCORES, cheap_knowledge_rows, drawn_rows, neighbour_rows
from benchmarks.rank_correlation import bootstrapped, spearman, within
from benchmarks.zero_cost import gradient_norm, naswot, synflow

RNG = np.random.default_rng(0)
PIXELS = torch.from_numpy(RNG.uniform(0, 255, (8, 1, 16, 16)).astype(np.float32))
LABELS = torch.arange(8) % 2
TABLE = PixelTable(RNG.integers(0, 255, (16, 16, 16, 1)).astype(np.uint8), np.arange(16, dtype=np.int64) % 2)
SPACE = DesignSpace(1, 2, sizes=(16,), depths=(1, 2))
QUICK = Recipe(batch_size=8, bfloat16=False)


def network(width: int) -> NetworkSpec:
    return NetworkSpec(
        input=InputSpec(channels=1, height=16, width=16),
        stem=StemSpec(width=8, stride=1),
        stages=(StageSpec(blocks=(ConvolutionSpec(width=width, stride=2),)),),
        classes=2,
    )


def perceptron() -> nn.Sequential:
    """Weights [[1, -2]] then [[3], [-1]], without biases."""
    first, second = nn.Linear(2, 1, bias=False), nn.Linear(1, 2, bias=False)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[1.0, -2.0]]))
        second.weight.copy_(torch.tensor([[3.0], [-1.0]]))
    return nn.Sequential(first, nn.ReLU(), second)


def test_synaptic_flow_is_that_of_absolute_weights() -> None:
    # Layers of absolute weights [1, 2] and [3, 1] pass 3 * 4 = 12 for ones, and either layer's sum is that.
    assert synflow(perceptron(), torch.zeros(5, 2)) == pytest.approx(math.log(24.0))


def test_naswot_counts_rectifiers_that_agree() -> None:
    # One rectifier: two images that it treats alike agree once, those that it treats differently never.
    assert naswot(perceptron(), torch.tensor([[1.0, 0.0], [0.0, 1.0]])) == pytest.approx(0.0)
    with pytest.raises(AttendnetsError, match="singular"):
        naswot(perceptron(), torch.tensor([[1.0, 0.0], [2.0, 0.0]]))


def test_the_gradient_norm_is_that_of_all_weights() -> None:
    found = gradient_norm(perceptron(), torch.tensor([[1.0, 0.0]]), torch.tensor([0]))
    wrong = 1.0 / (1.0 + math.exp(4.0))
    # By logits (-wrong, wrong); by the second layer's weights that times 1, by the first's times (3, -1).
    assert found == pytest.approx(wrong * math.sqrt(2.0 + (-3.0 - 1.0) ** 2), rel=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_every_network_of_the_space_has_finite_scores(seed: int) -> None:
    spec = SPACE.network(SPACE.draw(random.Random(seed)))
    scores = (
        gradient_norm(initialised(spec, 0), PIXELS, LABELS),
        synflow(initialised(spec, 0), PIXELS),
        naswot(initialised(spec, 0), PIXELS),
    )
    assert all(math.isfinite(score) for score in scores)


def test_a_network_inherits_all_of_its_like_and_overlaps_of_others() -> None:
    parent, same = initialised(network(16), 0), initialised(network(16), 1)
    assert inherit(same, parent.state_dict()) == 1.0
    parent.eval(), same.eval()
    assert torch.equal(same(PIXELS), parent(PIXELS))
    wider = initialised(network(24), 0)
    own = {name: value.clone() for name, value in wider.state_dict().items()}
    share = inherit(wider, parent.state_dict())
    assert 0.3 < share < 1.0
    for name, value in wider.state_dict().items():
        given = parent.state_dict()[name]
        common = tuple(slice(edge) for edge in given.shape)
        assert torch.equal(value[common], given)
        outside = torch.ones_like(value, dtype=torch.bool)
        outside[common] = False
        assert torch.equal(value[outside], own[name][outside])


def test_training_from_new_weights_is_the_short_training() -> None:
    spec, augmentation = network(8), Augmentation()
    one = train_shortly(spec, 2, TABLE, TABLE, QUICK, augmentation, 0)
    other = train_from(initialised(spec, 0), 2, TABLE, TABLE, QUICK, augmentation, 0)
    assert (one.loss, one.top1_percent) == (other.loss, other.top1_percent)


def test_a_training_is_done_once_and_from_a_parents_weights_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = Trainings(tmp_path, TABLE, TABLE, QUICK)
    first = train(network(8), 1)
    assert train(network(8), 1) == first
    again = train(network(8), 1, network(8), 1)
    assert again["inherited_share"] == 1.0 and again["loss"] != first["loss"]
    assert capsys.readouterr().out.count("1 epochs") == 2


def test_neighbours_are_other_networks_beside_their_parents() -> None:
    plan = Plan(networks=3, parents=2, children=2)

    def small(spec: NetworkSpec) -> bool:
        return cost(spec).parameters < 60_000

    points = drawn(SPACE, small, plan.networks)
    found = children(SPACE, small, points, plan)
    specs = [SPACE.network(point) for point in points] + [child.spec for child in found]
    assert len(set(specs)) == len(specs) == 7
    assert [child.parent for child in found] == [0, 0, 1, 1]
    assert all(child.changed and small(child.spec) for child in found)
    assert children(SPACE, small, points, plan) == found


def test_rank_correlation_is_spearmans() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert spearman(values, values**3) == pytest.approx(1.0)
    assert spearman(values, -values) == pytest.approx(-1.0)
    assert spearman(values, np.ones(4)) == 0.0
    # scipy.stats.spearmanr([1, 2, 3, 4], [1, 2, 2, 3])
    assert spearman(values, np.array([1.0, 2.0, 2.0, 3.0])) == pytest.approx(0.9486833)


def test_within_a_group_only_its_members_differ() -> None:
    groups = np.array([0, 0, 7, 7])
    assert within(groups, np.array([1.0, 3.0, 10.0, 14.0])).tolist() == [-1.0, 1.0, -2.0, 2.0]


def test_an_interval_is_repeatable_and_holds_the_value() -> None:
    first, second = RNG.normal(size=20), RNG.normal(size=20)
    found = bootstrapped(lambda rows: spearman(first[rows], second[rows]), 20, 0)
    assert found == bootstrapped(lambda rows: spearman(first[rows], second[rows]), 20, 0)
    low, high = found["interval"]
    assert low < found["value"] < high


def trained(loss: float) -> dict[str, float]:
    return {"loss": loss, "seconds": 2.0, "inherited_share": 0.5}


def test_rows_say_which_knowledge_orders_networks_as_full_training_does() -> None:
    losses = [0.6, 0.5, 0.4, 0.3]
    signs = dict(zip(SCORES, (-1, -1, -1, 1, 1, 1), strict=True))
    networks = [
        {
            "scores": {name: {"value": number * signs[name], "seconds": 0.001} for name in SCORES},
            "trained": {"3": trained(loss + 0.1), "9": trained(losses[number - 1]), "27": trained(loss)},
        }
        for number, loss in enumerate(losses)
    ]
    rows = {row["score"]: row for row in drawn_rows(networks, (3, 9, 27), 0)}
    assert rows["parameters"]["correlation"]["value"] == pytest.approx(-1.0)
    assert "beside" not in rows["multiply-adds"]
    assert rows["NASWOT"]["correlation"]["value"] == pytest.approx(1.0)
    assert rows["NASWOT"]["beside"]["value"] == pytest.approx(2.0)
    assert rows["3 epochs"]["correlation"]["value"] == pytest.approx(1.0)
    by_family = ((0, 0.5, 0.25), (0, 0.75, 0.125), (1, 0.25, 0.0625), (1, 0.375, 0.03125))
    offspring = [
        {
            "parent": parent,
            "full": trained(full),
            "new": trained(full + 0.125),
            "from_full": trained(inherited),
            "from_short": trained(full),
            "scores": {name: {"value": -full * signs[name], "seconds": 0.001} for name in SCORES},
        }
        for parent, full, inherited in by_family
    ]
    found = neighbour_rows(offspring, networks, (3, 9, 27), 0)
    by_start = {row["start"]: row for row in found["rows"]}
    # Ordered by parent alone: right between families, wrong among siblings.
    assert by_start["from_full"]["siblings"]["value"] == pytest.approx(-1.0)
    assert by_start["from_full"]["correlation"]["value"] > 0
    assert by_start["from_full"]["parents"]["value"] > by_start["new"]["parents"]["value"] - 1e-9
    assert by_start["from_full"]["ahead_percent"] == 100.0
    assert by_start["new"]["siblings"]["value"] == pytest.approx(1.0)
    setting = {
        "networks": 4, "epochs": [3, 9, 27], "requirements": ["weights<=60KB"], "side": 48,
        "largest_macs": 1e6, "training_images": 16, "validation_images": 16,
    }  # fmt: skip
    figures = {"setting": setting, "rows": list(rows.values()), "neighbours": found, "networks": networks}
    head, table, how = cheap_knowledge_rows(figures)
    assert all(len(row) == len(head) for row in table) and len(table) == len(SCORES) + 2 + 2
    assert [row[1][:5] for row in table[:6]] == ["-1.00"] * 3 + ["1.00 "] * 3
    assert table[6][0] == "3 epochs" and table[6][3].startswith("1.00")
    assert table[7][2] == "-" and table[8][3].startswith("-1.00")
    assert "100 %" in how and "`weights<=60KB`" in how

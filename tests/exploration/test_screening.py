"""Costs alone decide what may be trained, and say so when nothing may."""

import math
import random
import re

import pytest

from attendnets.cost import cost
from attendnets.errors import InfeasibleError
from attendnets.exploration.prototypes import prototypes
from attendnets.exploration.screening import Screen, require_feasible
from attendnets.exploration.space import DesignSpace
from attendnets.networks.constraints import CONSTRAINTS
from attendnets.requirements import Requirements

SPACE = DesignSpace(channels=1, classes=2)


def screen(*texts: str, largest_macs: float | None = None) -> Screen:
    return Screen(Requirements.parse(texts), largest_macs)


def test_only_networks_within_counted_requirements_pass() -> None:
    limits = screen("weights<=100KB", "activations<=100KB", "top1>=75", largest_macs=20e6)
    rng = random.Random(0)
    passed = [n for n in (SPACE.network(SPACE.draw(rng)) for _ in range(500)) if limits(n)]
    assert passed
    for network in passed:
        price = cost(network)
        assert price.weights_bytes <= 100_000
        assert price.activation_bytes <= 100_000
        assert price.macs <= 20e6
    assert limits.screened == 500
    assert limits.refused == 500 - len(passed)


@pytest.mark.parametrize("texts", [("weights<=6KB",), ("macs<=300K", "weights<=20KB"), ("arena<=24KB",), ()])
def test_tight_but_possible_requirements_are_found_feasible(texts: tuple[str, ...]) -> None:
    limits = screen(*texts)
    require_feasible(SPACE, limits, seed=0)
    assert limits.requirements.items == Requirements.parse(texts).items


@pytest.mark.parametrize(
    ("texts", "binding"),
    [
        (("weights<=1KB", "macs<=50M"), "weights<=1KB"),
        (("parameters<=100", "weights<=90KB"), "parameters<=100"),
        (("bits<=4", "weights<=90KB"), "bits<=4"),
    ],
)
def test_impossible_requirements_name_the_binding_one_and_three_points(
    texts: tuple[str, ...], binding: str
) -> None:
    with pytest.raises(InfeasibleError) as caught:
        require_feasible(SPACE, screen(*texts), seed=0)
    message = str(caught.value)
    assert f"binding requirement is {binding}" in message
    assert message.split("had: ")[1].split(". Relax")[0].count(";") == 2
    assert caught.value.exit_code == 2


def test_relaxing_what_is_named_is_enough() -> None:
    texts = ("weights<=3KB", "macs<=100K")
    with pytest.raises(InfeasibleError) as caught:
        require_feasible(SPACE, screen(*texts), seed=0)
    message = str(caught.value)
    relaxed = re.search(r"Relax it to (\S+) and (\S+) to (\S+)\.$", message)
    assert relaxed is not None, message
    assert relaxed[2] in texts
    require_feasible(SPACE, screen(relaxed[1], relaxed[3]), seed=0)


def test_what_is_said_to_be_had_keeps_the_constraints() -> None:
    limits = Screen(Requirements.parse(["weights<=3KB"]), constraints=("anti_aliased_downsampling",))
    with pytest.raises(InfeasibleError) as caught:
        require_feasible(SPACE, limits, seed=0)
    had = re.findall(r"weights ([\d.]+) KB", str(caught.value).split("had: ")[1])
    free = Screen(
        Requirements.parse([f"weights<={1.001 * float(had[-1]):.3f}KB"]), constraints=limits.constraints
    )
    assert len(had) == 3
    require_feasible(SPACE, free, seed=0)


def test_what_is_nearest_but_takes_too_long_is_not_said_to_be_had() -> None:
    limits = screen("weights<=3KB", largest_macs=1e6)
    with pytest.raises(InfeasibleError) as caught:
        require_feasible(SPACE, limits, seed=0)
    relaxed = re.search(r"Relax it to (weights<=\S+)\.$", str(caught.value))
    assert relaxed is not None, caught.value
    require_feasible(SPACE, screen(relaxed[1], largest_macs=1e6), seed=0)


def test_eight_bits_are_what_comes_out() -> None:
    require_feasible(SPACE, screen("bits<=8"), seed=0)
    with pytest.raises(InfeasibleError, match=r"can be had: bits 8\. Relax it to bits<=8\."):
        require_feasible(SPACE, screen("bits<=4"), seed=0)


def test_constraints_refuse_candidates_and_are_counted() -> None:
    rng = random.Random(0)
    networks = [SPACE.network(SPACE.draw(rng)) for _ in range(300)]
    limits = Screen(Requirements.parse(["weights<=100KB"]), constraints=("anti_aliased_downsampling",))
    passed = [network for network in networks if limits(network)]
    assert 0 < len(passed) < sum(map(screen("weights<=100KB"), networks))
    assert (limits.screened, limits.refused) == (300, 300 - len(passed))
    assert all(b.downsample == "average" for n in passed for b in n.blocks if b.stride == 2)


def test_all_constraints_together_can_be_kept() -> None:
    limits = Screen(Requirements.parse(["weights<=100KB"]), constraints=tuple(CONSTRAINTS))
    require_feasible(SPACE, limits, seed=0)
    assert [point["kind0"] for point in prototypes(SPACE, limits)] == ["double_condenser"]


@pytest.mark.parametrize(
    ("space", "texts", "constraints", "message"),
    [
        (
            DesignSpace(channels=1, classes=2, kinds=("convolution",), groups=(1,)),
            ("weights<=100KB",),
            ("columnar",),
            "meets weights<=100KB and keeps columnar; the binding constraint is columnar, .* at network",
        ),
        (
            DesignSpace(channels=1, classes=2, downsamples=("max",)),
            (),
            ("columnar", "anti_aliased_downsampling"),
            "keeps columnar and anti_aliased_downsampling; the binding constraint is anti_aliased",
        ),
        (SPACE, ("weights<=1KB",), ("anti_aliased_downsampling",), "the binding requirement is weights<=1KB"),
    ],
)
def test_where_nothing_can_pass_the_constraint_or_requirement_that_binds_is_named(
    space: DesignSpace, texts: tuple[str, ...], constraints: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InfeasibleError, match=message):
        require_feasible(space, Screen(Requirements.parse(texts), constraints=constraints), seed=0)


def test_too_little_time_for_the_smallest_is_said_before_training() -> None:
    with pytest.raises(InfeasibleError, match=r"at most 50\.00 K can be trained\. Give more --minutes"):
        require_feasible(SPACE, screen("weights<=100KB", largest_macs=50e3), seed=0)


def test_prototypes_are_the_largest_of_their_family_that_pass() -> None:
    limits = screen("weights<=100KB", "arena<=256KB")
    points = prototypes(SPACE, limits)
    assert len(points) >= 3
    for point in points:
        assert limits(SPACE.network(point))
        assert cost(SPACE.network(point)).weights_bytes > 30_000


def test_predicted_quantities_are_judged_with_the_most_by_which_predictions_were_too_low() -> None:
    network = SPACE.network(SPACE.smallest())
    price = cost(network)
    assert price.bounding_figure("weights") == price.figure("weights")
    for quantity in ("file", "arena"):
        predicted = price.figure(quantity)
        assert predicted is not None
        assert not Screen(Requirements.parse([f"{quantity}<={round(1.01 * predicted)}B"]))(network)
        assert Screen(Requirements.parse([f"{quantity}<={round(1.05 * predicted)}B"]))(network)


def test_excesses_are_logarithms_over_the_bounds_and_tell_what_passes() -> None:
    network = SPACE.network(SPACE.smallest())
    price = cost(network)
    limits = Screen(
        Requirements.parse([f"weights<={2 * price.weights_bytes}B", f"macs<={price.macs // 2}"]),
        largest_macs=4.0 * price.macs,
        constraints=("anti_aliased_downsampling",),
    )
    assert limits.gates == ("macs", "weights", "time", "anti_aliased_downsampling")
    found = limits.excesses(network)
    assert found is not None
    assert found == pytest.approx([math.log(2), -math.log(2), -math.log(4), -1.0], abs=1e-4)


def test_a_constraint_is_exceeded_by_the_places_where_it_is_broken() -> None:
    limits = Screen(Requirements(), constraints=("anti_aliased_downsampling",))
    network = SPACE.network(SPACE.smallest() | {"downsample": "max"})
    places = len(limits.broken(network))
    assert places >= 2
    assert limits.excesses(network) == pytest.approx((math.log(1 + places),))


def test_a_network_passes_exactly_when_it_exceeds_nothing() -> None:
    limits = Screen(Requirements.parse(["weights<=100KB", "arena<=128KB"]), 2e6, ("no_strided_pointwise",))
    rng = random.Random(1)
    networks = [SPACE.network(SPACE.draw(rng)) for _ in range(200)]
    passed = [limits(network) for network in networks]
    assert 0 < sum(passed) < 200
    assert passed == [max(limits.excesses(network) or (1.0,)) <= 0.0 for network in networks]


def test_what_is_no_network_has_no_excesses() -> None:
    network = SPACE.network(SPACE.smallest() | {"size": -4})
    assert screen("weights<=100KB").excesses(network) is None

"""Requirements: what people write is read as they mean it, or refused with what to write instead."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from attendnets.errors import UsageError
from attendnets.requirements import (
    PRICES,
    QUANTITIES,
    Requirement,
    Requirements,
    Verdict,
    absolute,
    format_value,
    is_relative,
)


@pytest.mark.parametrize(
    ("text", "quantity", "comparison", "bound"),
    [
        ("weights<=100KB", "weights", "<=", 100_000),
        ("weights<=100", "weights", "<=", 100),
        ("weights <= 100 kB", "weights", "<=", 100_000),
        ("arena < 256 KiB", "arena", "<=", 262_144),
        ("arena<=0.25MiB", "arena", "<=", 262_144),
        ("file≤1.5MB", "file", "<=", 1_500_000),
        ("top1>=75", "top1", ">=", 75),
        ("top1>=75%", "top1", ">=", 75),
        ("top1 > 82.5 %", "top1", ">=", 82.5),
        ("top1>=0.5%", "top1", ">=", 0.5),
        ("Top-1>=80", "top1", ">=", 80),
        ("macs<=10M", "macs", "<=", 10_000_000),
        ("macs<=1_000_000", "macs", "<=", 1_000_000),
        ("bits<=8", "bits", "<=", 8),
        ("params<=70k", "parameters", "<=", 70_000),
        ("parameters<=7e4", "parameters", "<=", 70_000),
        ("activations<=64KiB", "activations", "<=", 65_536),
        ("latency<=5ms", "latency", "<=", 5),
        ("latency<=500us", "latency", "<=", 0.5),
        ("latency<=500µs", "latency", "<=", 0.5),
        ("latency<=0.1s", "latency", "<=", 100),
    ],
)
def test_requirements_are_read_in_base_units(text: str, quantity: str, comparison: str, bound: float) -> None:
    requirement = Requirement.parse(text)
    assert (requirement.quantity, requirement.comparison) == (quantity, comparison)
    assert requirement.bound == pytest.approx(bound, rel=1e-12)
    assert requirement.text == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("weigths<=100KB", "Did you mean 'weights'"),
        ("accuracy>=75", "Did you mean 'top1'"),
        ("test accuracy>=75", "Quantities: top1"),
        ("flops<=10M", "Did you mean 'macs'"),
        ("RAM<=64KB", "Did you mean 'arena'"),
        ("<=100KB", "there is no quantity ''"),
        ("weights 100KB", "has no comparison"),
        ("weights", "in quotes: a shell takes a bare < or > for a redirection"),
        ("top1", '"top1>=75"'),
        ("", "has no comparison"),
        ("weights=100KB", "Write weights<=100KB"),
        ("weights==100KB", "Write weights<=100KB"),
        ("weights<=", "not a number with a unit"),
        ("weights<=lots", "not a number with a unit"),
        ("weights<=100KB or so", "not a number with a unit"),
        ("weights<=100ms", "'ms' is no unit of weights"),
        ("weights<=100K", "units: B, KB, KiB, MB, MiB"),
        ("weights<=80%", "'%' is no unit of weights"),
        ("macs<=10MB", "'MB' is no unit of macs"),
        ("top1>=75KB", "'KB' is no unit of top1"),
        ("latency<=5", "'5' has no unit"),
        ("weights<=-100KB", "a bound is a number above 0"),
        ("weights<=0KB", "a bound is a number above 0"),
        ("weights<=nan", "a bound is a number above 0"),
        ("weights<=inf", "a bound is a number above 0"),
        ("macs<=1e999", "a bound is a number above 0"),
        ("top1>=101", "no accuracy is above 100 %"),
        ("top1>=0.75", "Write top1>=75"),
        ("top1<=80", "would exclude only better networks. Write top1>=80"),
        ("weights>=100KB", "would exclude only better networks. Write weights<=100KB"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(text: str, words: str) -> None:
    with pytest.raises(UsageError) as refusal:
        Requirement.parse(text)
    assert words in str(refusal.value)
    assert repr(text) in str(refusal.value)
    assert refusal.value.exit_code == 2


def test_a_quantity_is_bounded_once() -> None:
    with pytest.raises(UsageError, match=r"'weights<=100KB' and 'weights<=90KB' both bound weights"):
        Requirements.parse(["weights<=100KB", "top1>=75", "weights<=90KB"])


def test_requirements_written_differently_are_equal() -> None:
    assert Requirement.parse("weights<=100KB") == Requirement.parse(" weights < 0.1 MB ")
    assert hash(Requirement.parse("top1>=75")) == hash(Requirement.parse("top1>=75 %"))


@pytest.mark.parametrize("text", ["weights<=100KB", "arena<=256KiB", "macs<=2.5M", "top1>=75%"])
def test_the_canonical_text_is_the_short_one(text: str) -> None:
    assert str(Requirement.parse(text)) == text


requirements = st.builds(
    lambda quantity, bound: Requirement(quantity.name, quantity.comparison, bound),
    st.sampled_from([q for q in QUANTITIES.values() if q.dimension != "percent"]),
    st.floats(min_value=1e-3, max_value=1e15),
) | st.builds(lambda bound: Requirement("top1", ">=", bound), st.floats(min_value=1e-3, max_value=100))
values = st.floats(min_value=0, max_value=1e15)


@given(requirements)
def test_a_requirement_survives_its_own_text(requirement: Requirement) -> None:
    assert Requirement.parse(str(requirement)) == requirement


@given(requirements)
def test_a_requirement_survives_json(requirement: Requirement) -> None:
    assert msgspec.json.decode(msgspec.json.encode(requirement), type=Requirement) == requirement


@given(requirements, values, values)
def test_violation_grows_with_the_distance_on_the_wrong_side(
    requirement: Requirement, first: float, second: float
) -> None:
    better, worse = sorted((first, second), reverse=requirement.comparison == ">=")
    assert 0 <= requirement.violation(better) <= requirement.violation(worse)


@given(requirements, values)
def test_violation_is_zero_exactly_when_the_bound_holds(requirement: Requirement, value: float) -> None:
    assume(value == requirement.bound or abs(value - requirement.bound) > 1e-9 * requirement.bound)
    holds = value <= requirement.bound if requirement.comparison == "<=" else value >= requirement.bound
    assert (requirement.violation(value) == 0) == holds
    assert requirement.violation(requirement.bound) == 0


def test_violation_is_relative_to_the_bound() -> None:
    assert Requirement.parse("weights<=100KB").violation(150_000) == pytest.approx(0.5)
    assert Requirement.parse("top1>=80").violation(60) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("text", "value", "relaxed"),
    [
        ("weights<=100KB", 123_449, "weights<=124KB"),
        ("weights<=100KB", 124_000, "weights<=124KB"),
        ("top1>=99", 87.26, "top1>=87.2%"),
        ("latency<=1ms", 1.2341, "latency<=1.24ms"),
    ],
)
def test_a_requirement_can_be_relaxed_to_what_can_be_had(text: str, value: float, relaxed: str) -> None:
    assert str(Requirement.parse(text).relaxed_to(value)) == relaxed


@given(requirements, st.floats(min_value=1e-3, max_value=1e15))
def test_the_relaxed_requirement_is_met(requirement: Requirement, value: float) -> None:
    assert requirement.relaxed_to(value).violation(value) <= 1e-12


def test_a_figure_that_is_not_a_number_meets_nothing() -> None:
    job = Requirements.parse(["top1>=75"])
    assert job.violation({"top1": math.nan}) == math.inf
    assert not job.judge({"top1": math.nan}).met


def test_a_verdict_sets_each_requirement_beside_its_measurement() -> None:
    job = Requirements.parse(["top1>=75", "weights<=100KB"])
    verdict = job.judge({"top1": 82.5, "weights": 110_000, "macs": 3}, {"top1": "656 images"})
    assert not verdict.met
    accuracy, weights = verdict.rows
    assert (accuracy.requirement, accuracy.met, accuracy.detail) == ("top1>=75%", True, "656 images")
    assert (weights.bound, weights.measured, weights.met) == (100_000, 110_000, False)
    assert weights.violation == pytest.approx(0.1)
    assert verdict.shortfalls == (weights,)
    assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict


def test_the_total_violation_is_the_sum() -> None:
    job = Requirements.parse(["top1>=80", "weights<=100KB", "macs<=10M"])
    assert job.violation({"top1": 60, "weights": 150_000, "macs": 1}) == pytest.approx(0.75)


def test_a_job_without_requirements_is_met() -> None:
    assert Requirements().judge({}).met
    assert Requirements().violation({}) == 0


def test_a_requirement_without_its_figure_is_an_error_not_a_pass() -> None:
    job = Requirements.parse(["latency<=5ms"])
    with pytest.raises(UsageError, match="no figure for latency"):
        job.judge({"top1": 80})
    with pytest.raises(UsageError, match="no figure for latency"):
        job.violation({})


def test_requirements_can_be_asked_cheapest_first() -> None:
    job = Requirements.parse(["top1>=75", "latency<=5ms", "file<=100KB", "weights<=100KB", "arena<=256KB"])
    by_price = [[item.quantity for item in job.of_price(price).items] for price in PRICES]
    assert by_price == [["weights"], ["file", "arena"], ["top1"], ["latency"]]
    assert job.of_price(*PRICES) == job


@pytest.mark.parametrize(
    ("quantity", "value", "text"),
    [
        ("top1", 82.49, "82.5 %"),
        ("weights", 97_640, "97.6 KB"),
        ("arena", 512, "512 B"),
        ("file", 12_340_000, "12.34 MB"),
        ("macs", 8_412_000, "8.41 M"),
        ("parameters", 67_214, "67.21 K"),
        ("parameters", 640, "640"),
        ("latency", 1.841, "1.84 ms"),
        ("latency", 2_500, "2.50 s"),
    ],
)
def test_figures_are_written_for_people(quantity: str, value: float, text: str) -> None:
    assert format_value(quantity, value) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("macs<=0.5x", "macs<=600"),
        ("macs < .25 X", "macs<300"),
        ("params ≤ 0.29x", "parameters<=29"),
        ("macs<=0.333x", "macs<=399"),
        ("macs<=1x", "macs<=1201"),
        ("weights<=100KB", "weights<=100KB"),
        ("top1>=75", "top1>=75"),
    ],
)
def test_a_relative_bound_is_so_many_times_a_figure_rounded_down(text: str, expected: str) -> None:
    assert absolute([text], {"macs": 1201.0, "parameters": 100.0}) == (expected,)
    assert is_relative(text) == (text != expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("top1>=0.9x", "top1 is not known of the network that is shrunk.*top1>=75"),
        ("latency<=0.5x", "latency is not known of the network that is shrunk"),
        ("mac<=0.5x", "Did you mean 'macs'"),
        ("macs>=0.5x", "would exclude only better networks. Write macs<=500"),
        ("macs<=0x", "a bound is a number above 0"),
    ],
)
def test_a_relative_bound_that_says_nothing_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Requirements.parse(absolute([text], {"macs": 1000.0}))


@pytest.mark.parametrize("text", ["macs<=0.5x", "weights<=2X"])
def test_a_relative_bound_needs_a_network_that_is_shrunk(text: str) -> None:
    with pytest.raises(UsageError, match=r"is relative to a network that is shrunk\. Name it with --shrink"):
        Requirements.parse([text])

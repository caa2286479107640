"""Tables for a terminal add up and line up."""

from __future__ import annotations

from attendnets.cost import cost
from attendnets.report import cost_table, verdict_table
from attendnets.requirements import Requirements
from tests.report.records import network


def test_a_cost_table_has_a_line_a_block_and_the_totals() -> None:
    price = cost(network())
    lines = cost_table(price).splitlines()
    assert len(lines) == len(price.rows) + 4
    assert lines[2].split()[:4] == ["stem", "stem", "1×64×64", "16×32×32"]
    for total in (price.parameters, price.macs, price.weights_bytes, price.activation_bytes):
        assert f" {total:,}" in lines[-1]
    columns = [int(line.split()[-4].replace(",", "")) for line in lines[2:-2]]
    assert sum(columns) == price.parameters


def test_numbers_stand_under_each_other() -> None:
    lines = cost_table(cost(network())).splitlines()
    assert len({len(line) for line in [lines[0], *lines[2:-2]]}) == 1


def test_a_verdict_table_says_what_fell_short_and_how_it_was_measured() -> None:
    requirements = Requirements.parse(["top1>=75", "arena<=256KB"])
    verdict = requirements.judge({"top1": 71.2, "arena": 176_400}, {"arena": "tflite_micro 1"})
    heads, first, second = verdict_table(verdict).splitlines()
    assert heads.split() == ["requirement", "measured", "how"]
    assert first.startswith("NOT MET") and "71.2 %" in first and "3.8 points short" in first
    assert second.startswith("met ") and second.endswith("tflite_micro 1")


def test_a_figure_that_could_not_be_got_is_no_number() -> None:
    verdict = Requirements.parse(["arena<=256KB"]).judge({"arena": float("nan")})
    assert "none" in verdict_table(verdict) and "no figure" in verdict_table(verdict)


def test_no_requirements_make_no_table() -> None:
    assert verdict_table(Requirements().judge({})) == "No requirements were given."

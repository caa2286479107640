"""The page says which decisions drive what is required, and which requirements bind."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from attendnets.exploration.record import Driver
from attendnets.report import render
from attendnets.report.drivers import driven_requirements
from tests.report import records


def page(*drivers: Driver) -> str:
    record = records.finished()
    assert record.study is not None
    return render(replace(record, study=replace(record.study, drivers=drivers)))


def test_each_requirement_is_told_with_its_pressure_and_its_drivers() -> None:
    weights, macs, constraint = driven_requirements(records.study())
    assert (weights.name, macs.name, constraint.name) == ("weights", "MACs", "anti aliased downsampling")
    assert weights.pressure == pytest.approx(3.9)
    assert macs.pressure == 0.0
    assert constraint.pressure is None
    assert [row.decision for row in weights.rows] == ["stage 3: width", "stage 3: kind"]
    assert weights.rows[0].values == "160 over 24"
    assert [row.factor for row in (*weights.rows, *constraint.rows)] == ["× 4.0", "× 1.5", ""]


def test_bars_share_one_scale_of_logarithms() -> None:
    requirements = driven_requirements(records.study())
    bars = [row.bar for requirement in requirements for row in requirement.rows]
    widths = [float(re.findall(r'<rect[^>]* width="([\d.]+)"', bar)[0]) for bar in bars]
    assert widths[0] == pytest.approx(412.0, abs=0.2)
    assert widths[2] == pytest.approx(widths[0] / 2, abs=0.2)


def test_at_most_four_decisions_of_each_are_shown() -> None:
    drivers = tuple(Driver("weights", f"width{k}", 8, 16, math.log(9 - k)) for k in range(8))
    study = replace(records.study(), drivers=drivers)
    (weights,) = driven_requirements(study)
    assert [row.factor for row in weights.rows] == ["× 9.0", "× 8.0", "× 7.0", "× 6.0"]


def test_the_page_says_where_it_comes_from_and_shows_nothing_where_nothing_is_required() -> None:
    found = page(Driver("weights", "width2", 24, 160, 1.4))
    assert "Before anything was trained, networks were drawn and costed" in found
    assert "weights: pressure 3.9" in found
    assert "MACs: did not bind" in page(Driver("macs", "width2", 24, 160, 1.4))
    assert "What drives the requirements" not in page()


def test_names_and_values_of_users_are_text() -> None:
    found = page(Driver("weights", "<i>a", "<b>x</b>", "<script>", 0.5))
    assert "&lt;i&gt;a" in found and "&lt;script&gt; over &lt;b&gt;x&lt;/b&gt;" in found
    assert "<b>x</b>" not in found

"""Ticks of a chart can be read."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from attendnets.report.axes import LEFT, RIGHT, frame
from attendnets.report.svg import Scale


@pytest.mark.parametrize("low, high", [(50e3, 95e3), (9e3, 120e3), (2.4e6, 3.3e6), (1e3, 1e9), (61e3, 66e3)])
def test_ticks_do_not_run_into_each_other(low: float, high: float) -> None:
    x = Scale(low, high, LEFT, RIGHT, logarithmic=True)
    drawn = frame(x, Scale(0, 1, 240, 40), x_name="", y_name="", x_text=lambda value: f"{value / 1000:g} KB")
    found = re.findall(r'<text x="([\d.]+)" y="257" class="middle soft">([^<]*)<', drawn)
    edges = [(float(at) - 3.6 * len(text), float(at) + 3.6 * len(text)) for at, text in found]
    assert len(edges) >= 2
    assert all(right < left for (_, right), (left, _) in pairwise(edges))

"""Two files hold the same layer when weights are equal and biases are within their own rounding."""

from dataclasses import replace

import numpy as np
import pytest

from attendnets.export.weights import StoredLayer

STEP = np.array([4.9e-07, 5.0e-07])
LAYER = StoredLayer(
    name="operator 15 CONV_2D",
    weights=np.array([[-3, 7], [0, 127]], dtype=np.int8),
    scales=np.array([1.8e-3, 2.5e-3]),
    bias=np.array([189_644.0, -12.0]) * STEP,
    bias_step=STEP,
)


@pytest.mark.parametrize(
    ("units", "differs"), [((0, 0), False), ((1, -1), False), ((0, 2), True), ((300, 0), True)]
)
def test_a_bias_may_round_to_the_neighbouring_step_and_no_further(
    units: tuple[int, int], differs: bool
) -> None:
    other = replace(LAYER, bias=LAYER.bias + np.array(units) * STEP)
    assert LAYER.differs_from(other) is differs


def test_a_scale_that_is_another_number_differs() -> None:
    assert LAYER.differs_from(replace(LAYER, scales=LAYER.scales * 1.001))

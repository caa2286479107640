"""AttendNeXt as reconstructed: below its bound, within its family's rules, found by what is said of it."""

from __future__ import annotations

import itertools

from attendnets.cost import cost
from attendnets.networks.attendnext import DEPTHS, PARAMETER_LIMIT
from attendnets.networks.cancernet import dc_ac_network
from attendnets.networks.catalogue import ENTRIES, network_spec
from attendnets.networks.constraints import CONSTRAINTS, at_most_parameters, violations
from attendnets.spec import DoubleCondenserSpec

FBNET_C_MACS = 384_960_160


def test_it_is_smaller_than_the_abstract_says() -> None:
    counted = cost(network_spec("attendnext"))
    assert (counted.parameters, counted.macs) == (3_917_344, 366_510_380)
    assert counted.parameters < PARAMETER_LIMIT <= 5_400_000 / 1.37
    assert counted.macs < FBNET_C_MACS


def test_it_is_of_the_released_family_and_keeps_its_rules() -> None:
    spec = network_spec("attendnext")
    assert all(isinstance(block, DoubleCondenserSpec) for block in spec.blocks)
    assert violations(spec, (*CONSTRAINTS.values(), at_most_parameters(PARAMETER_LIMIT))) == ()


def test_no_other_depths_fit_what_is_known() -> None:
    """Ratio to 5.4 M cut off to 1.37, fewer multiply-adds than FBNet-C, at least two modules early."""

    def price(depths: tuple[int, ...]) -> tuple[int, int]:
        counted = cost(dc_ac_network(depths, classes=1000, channels=3, image_size=224))
        return counted.parameters, counted.macs

    fitting = []
    for depths in itertools.product(range(1, 6), range(1, 6), range(1, 8), range(1, 5)):
        parameters, macs = price(depths)
        if 1.37 <= 5_400_000 / parameters < 1.38 and macs < FBNET_C_MACS:
            fitting.append(depths)
    assert fitting == [DEPTHS]


def test_it_is_said_to_be_a_reconstruction() -> None:
    assert ENTRIES["attendnext"].origin == "reconstruction"

"""AttoNets are reconstructions: their totals are the published ones, their modules are ours and say so."""

from __future__ import annotations

from dataclasses import astuple

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from attendnets.cost import cost
from attendnets.networks.assemble import assemble
from attendnets.networks.attonet import ENTRIES, GROUPS, MODULES, A, AttoNet, B, C, D
from attendnets.networks.entry import Entry
from attendnets.spec import ConvolutionSpec, NetworkSpec, PepeSpec

pytestmark = pytest.mark.usefixtures("one_thread")
BY_NAME = {entry.name: entry for entry in ENTRIES}


def published(name: str) -> NetworkSpec:
    """As the AttendNets table counts: 50 classes, 224 pixels."""
    return BY_NAME[name].spec(classes=50, channels=3, image_size=224)


@pytest.mark.parametrize(
    ("name", "kilo_parameters", "mega_macs"), [("attonet_a", 2970, 424.8), ("attonet_b", 1870, 277.5)]
)
def test_a_and_b_have_the_totals_of_the_table_within_its_rounding(
    name: str, kilo_parameters: float, mega_macs: float
) -> None:
    """AttendNets, Table 1; its other rows, counted exactly, show a rounding of 2 K and 0.3 M."""
    counted = cost(published(name))
    assert abs(counted.parameters / 1e3 - kilo_parameters) <= 2
    assert abs(counted.macs / 1e6 - mega_macs) <= 0.3


def test_d_has_a_tenth_of_mobilenet_v1() -> None:
    """0.33 M and 57 M within 3 %: what the abstract's "about 10x fewer" leaves of 3.26 M and 567.5 M."""
    counted = cost(published("attonet_d"))
    assert counted.parameters == pytest.approx(0.33e6, rel=0.03)
    assert counted.macs == pytest.approx(57e6, rel=0.03)


def test_c_is_between_b_and_d() -> None:
    b, c, d = (cost(published(f"attonet_{letter}")) for letter in "bcd")
    assert d.parameters < c.parameters < b.parameters
    assert d.macs < c.macs < b.macs


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [
        ("attonet_a", 2_970_362, 424_571_904),
        ("attonet_b", 1_868_066, 277_723_080),
        ("attonet_c", 786_778, 125_197_272),
        ("attonet_d", 328_594, 57_178_888),
    ],
)
def test_counts_are_those_of_the_module(name: str, parameters: int, macs: int) -> None:
    with torch.device("meta"):
        network = assemble(published(name)).eval()
        with FlopCounterMode(display=False) as counter:
            network(torch.empty(1, 3, 224, 224))
    counted = cost(published(name))
    assert (counted.parameters, counted.macs) == (parameters, macs)
    assert parameters == sum(p.numel() for p in network.parameters())
    assert 2 * macs == counter.get_total_flops()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_prototype_is_one_for_all(entry: Entry) -> None:
    """Four stages of grouped and projection-expansion modules; the first of each halves the grid."""
    spec = entry.spec(classes=entry.classes, channels=entry.channels, image_size=entry.image_size)
    kinds = {"g": ConvolutionSpec, "p": PepeSpec}
    assert [[type(b) for b in stage.blocks] for stage in spec.stages] == [
        [kinds[letter] for letter in modules] for modules in MODULES
    ]
    assert all(
        [b.stride for b in stage.blocks] == [2] + [1] * (len(stage.blocks) - 1) for stage in spec.stages
    )
    assert {b.groups for b in spec.blocks if isinstance(b, ConvolutionSpec)} == {GROUPS}
    assert all(block.shortcut for block in spec.blocks)
    grids = [row.out_shape.height for row in cost(spec).rows]
    assert grids == [112, *(g for g, m in zip((56, 28, 14, 7), MODULES, strict=True) for _ in m), 1]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_they_are_marked_as_reconstructions(entry: Entry) -> None:
    assert entry.origin == "reconstruction"
    assert "reconstructed" in entry.summary


@pytest.mark.parametrize("numbers", [A, B, C, D], ids="ABCD")
def test_channel_numbers_are_multiples_of_eight(numbers: AttoNet) -> None:
    stem, *rows = astuple(numbers)
    assert all(number % 8 == 0 for number in (stem, *(number for row in rows for number in row)))

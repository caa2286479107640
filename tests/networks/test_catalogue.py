"""Networks by their names: found, refused with the nearest, made for any classes, channels and images."""

from __future__ import annotations

import importlib
import pkgutil
from importlib.util import find_spec
from typing import Any

import pytest
import torch

import attendnets
from attendnets import networks
from attendnets.cost import cost
from attendnets.errors import SpecError
from attendnets.networks.catalogue import ENTRIES, changed, create, find, names, network_spec, with_gate
from attendnets.networks.features import Backbone, FeatureNetwork

pytestmark = pytest.mark.usefixtures("one_thread")


def test_every_family_has_joined() -> None:
    modules = (
        importlib.import_module(f"{networks.__name__}.{m.name}")
        for m in pkgutil.iter_modules(networks.__path__)
    )
    families = [m for m in modules if isinstance(getattr(m, "ENTRIES", None), tuple)]
    assert {entry.name for family in families for entry in family.ENTRIES} == set(ENTRIES)


def test_names_are_their_own() -> None:
    assert len(names()) == len(set(names()))
    assert all(entry.name == name for name, entry in ENTRIES.items())


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_says_what_it_is(name: str) -> None:
    entry = ENTRIES[name]
    assert entry.summary and entry.source
    assert entry.origin in ("released", "published", "reconstruction", "ours")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("attendnet-b", "attendnet_b"), ("AttendNeXt", "attendnext"), ("mobilenetv2", "mobilenetv2_100")],
)
def test_an_unknown_name_gets_the_nearest_three(typed: str, meant: str) -> None:
    with pytest.raises(SpecError, match=f"no network {typed!r}") as refusal:
        find(typed)
    nearest = str(refusal.value).partition("nearest are ")[2].partition(".")[0].split(", ")
    assert len(nearest) == 3
    assert meant in nearest


@pytest.mark.parametrize(
    ("arguments", "names_it"),
    [
        ({"num_classes": 0}, "num_classes: 0"),
        ({"num_classes": -3}, "num_classes: -3"),
        ({"num_classes": 2.5}, "num_classes: 2.5"),
        ({"num_classes": True}, "num_classes: True"),
        ({"in_channels": 0}, "in_channels: 0"),
        ({"in_channels": "3"}, "in_channels: '3'"),
        ({"image_size": 31}, "image_size: 31 pixels are fewer than the network's stride of 32"),
        ({"image_size": 0}, "image_size: 0"),
        ({"image_size": (224, 224)}, "image_size"),
        ({"features_only": True, "out_indices": (0, 5)}, "out_indices"),
        ({"features_only": True, "out_indices": ()}, "out_indices"),
        ({"features_only": True, "out_indices": 6}, "out_indices"),
        ({"drop_rate": 1.0}, "dropout"),
        ({"drop_rate": -0.1}, "dropout"),
        ({"gate": "tanh"}, "gate"),
        ({"pixel_range": 0.0}, "pixel_range"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(arguments: dict[str, Any], names_it: str) -> None:
    with pytest.raises(SpecError) as refusal:
        create("attendnet_b", **arguments)
    assert names_it in str(refusal.value)


def test_the_specification_names_its_own_fields() -> None:
    with pytest.raises(SpecError, match="classes: 0"):
        network_spec("attendnet_b", classes=0)
    with pytest.raises(SpecError, match="channels: -1"):
        network_spec("attendnet_b", channels=-1)


def test_nothing_is_allocated_for_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("a module was made")

    monkeypatch.setattr(torch.nn.Module, "__init__", refuse)
    with pytest.raises(SpecError):
        create("attendnet_b", num_classes=50, image_size=16)


def test_the_package_creates_them() -> None:
    network = attendnets.create("attendnet_b", num_classes=7, in_channels=1, image_size=96)
    assert isinstance(network, Backbone)
    assert network.spec == network_spec("attendnet_b", 7, 1, 96)
    assert isinstance(attendnets.create("attendnet_b", features_only=True), FeatureNetwork)


def test_the_same_seed_makes_the_same_network() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(create("attonet_d").state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.skipif(find_spec("timm") is None, reason="timm is not installed")
def test_a_rival_comes_through_the_same_door() -> None:
    network = create("mobilenetv3_small_100", num_classes=4, in_channels=1)
    assert network(torch.zeros(2, 1, 64, 64)).shape == (2, 4)
    with pytest.raises(SpecError, match="num_classes: 0"):
        create("mobilenetv3_small_100", num_classes=0)
    with pytest.raises(SpecError, match="timm"):
        network_spec("mobilenetv3_small_100")


def test_another_gate_changes_nothing_else() -> None:
    spec = network_spec("cancernet_sca_dcac")
    gated = with_gate(spec, "sigmoid")
    assert {getattr(block, "gate", None) for block in gated.blocks} == {"sigmoid"}
    assert with_gate(gated, "softmax") == spec
    assert network_spec("cancernet_sca_dcac", gate="sigmoid") == gated


def test_the_form_for_8_bits_costs_the_same_and_leaves_others_alone() -> None:
    spec, held = network_spec("cancernet_sca_dcac"), network_spec("cancernet_sca_dcac", int8=True)
    assert {getattr(block, "gate", None) for block in held.blocks} == {"sigmoid"}
    assert {block.activation for block in held.blocks} == {held.stem.activation} == {"relu"}
    assert (cost(held).parameters, cost(held).macs) == (cost(spec).parameters, cost(spec).macs)
    assert network_spec("attendnet_b", int8=True) == network_spec("attendnet_b")


def test_a_specification_is_changed_field_by_field() -> None:
    spec = network_spec("attendnet_b")
    assert changed(spec) == spec
    assert changed(spec, 7, 1, 96) == network_spec("attendnet_b", 7, 1, 96)
    with pytest.raises(SpecError, match="image_size"):
        changed(spec, image_size=8)

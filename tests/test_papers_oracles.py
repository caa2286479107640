"""Parameters and multiply-adds to the digit, as published or counted on the publications' own code."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from attendnets.cost import cost
from attendnets.networks import rivals
from attendnets.networks.assemble import assemble
from attendnets.networks.catalogue import network_spec
from attendnets.networks.counting import count
from attendnets.networks.timm_package import load_timm

needs_timm = pytest.mark.skipif(find_spec("timm") is None, reason="timm is not installed")

THOUSAND_CLASSES = {
    "mobilenetv1_100": (4_231_976, 568_740_352),
    "mobilenetv2_100": (3_504_872, 300_774_272),
    "mobilenetv3_small_100": (2_542_856, 56_510_400),
    "mobilenetv3_large_100": (5_483_032, 216_589_760),
    "mobilenetv4_conv_small": (3_774_024, 186_005_568),
    "fbnetc_100": (5_572_200, 384_960_160),
    "mobileone_s0": (2_078_504, 275_110_400),
    "mobileone_s1": (4_764_840, 825_057_024),
    "mobilevit_xs": (2_317_848, 703_228_736),
    "lcnet_100": (2_953_800, 155_700_480),
    "efficientnet_lite0": (4_652_008, 385_187_552),
    "repghostnet_100": (4_058_772, 142_394_128),
    "starnet_s1": (2_869_168, 421_877_376),
}

# Not rivals by name: the same counter on timm's definitions.
OTHERS = {
    "lcnet_050": (1_880_856, 44_731_008),
    "lcnet_075": (2_358_288, 94_786_496),
    "lcnet_150": (4_501_112, 334_188_416),
    "ghostnet_100": (5_182_508, 141_150_512),
    "mnasnet_100": (4_383_312, 314_415_872),
    "efficientnet_b0": (5_288_548, 385_814_752),
    "fasternet_t0": (3_905_500, 335_422_720),
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet50": (25_557_032, 4_089_184_256),
}
FUSED_OTHERS = {"repghostnet_050": (2_306_528, 43_314_720), "repghostnet_200": (9_766_460, 515_869_856)}
TRAINING_FORMS = {
    "mobileone_s0": (5_293_272, 1_051_935_232),
    "mobileone_s1": (4_825_192, 830_062_080),
    "repghostnet_100": (4_073_604, 142_394_128),
}

FEWER_CLASSES = {
    ("mobilenetv1_100", 50): (3_258_226, 567_767_552),
    ("mobilenetv1_100", 10): (3_217_226, 567_726_592),
    ("mobilenetv2_100", 50): (2_287_922, 299_558_272),
    ("mobilenetv2_100", 10): (2_236_682, 299_507_072),
    ("mobilenetv3_small_100", 50): (1_569_106, 55_537_600),
    ("mobilenetv3_small_100", 10): (1_528_106, 55_496_640),
    ("mobilenetv3_large_100", 50): (4_266_082, 215_373_760),
    ("mobilenetv3_large_100", 10): (4_214_842, 215_322_560),
    ("mobilenetv4_conv_small", 50): (2_557_074, 184_789_568),
    ("mobilenetv4_conv_small", 10): (2_505_834, 184_738_368),
    ("lcnet_100", 50): (1_736_850, 154_484_480),
    ("lcnet_100", 10): (1_685_610, 154_433_280),
    ("efficientnet_lite0", 50): (3_435_058, 383_971_552),
    ("efficientnet_lite0", 10): (3_383_818, 383_920_352),
    ("resnet18", 50): (11_202_162, 1_813_586_944),
    ("resnet18", 10): (11_181_642, 1_813_566_464),
    ("resnet50", 50): (23_610_482, 4_087_238_656),
    ("resnet50", 10): (23_528_522, 4_087_156_736),
}


def of_timm(name: str, classes: int = 1000, *, fused: bool = False) -> nn.Module:
    with torch.device("meta"):
        module: nn.Module = load_timm().create_model(name, num_classes=classes)
        return rivals.fuse(module) if fused else module


def totals(module: nn.Module) -> tuple[int, int]:
    counted = count(module, (3, 224, 224))
    return counted.parameters, counted.macs


@needs_timm
@pytest.mark.parametrize("name", THOUSAND_CLASSES)
def test_a_rival_at_224_pixels_and_a_thousand_classes(name: str) -> None:
    counted = rivals.describe(name, image_size=224)
    assert (counted.parameters, counted.macs) == THOUSAND_CLASSES[name]


@needs_timm
@pytest.mark.parametrize("name", OTHERS)
def test_further_networks_of_timm(name: str) -> None:
    assert totals(of_timm(name)) == OTHERS[name]


@needs_timm
@pytest.mark.parametrize("name", FUSED_OTHERS)
def test_further_networks_once_fused(name: str) -> None:
    assert totals(of_timm(name, fused=True)) == FUSED_OTHERS[name]


@needs_timm
@pytest.mark.parametrize("name", TRAINING_FORMS)
def test_networks_that_fuse_in_the_form_to_train(name: str) -> None:
    assert totals(of_timm(name)) == TRAINING_FORMS[name]


@needs_timm
@pytest.mark.parametrize(("name", "classes"), FEWER_CLASSES)
def test_heads_of_50_and_10_classes(name: str, classes: int) -> None:
    assert totals(of_timm(name, classes)) == FEWER_CLASSES[name, classes]


@needs_timm
@pytest.mark.parametrize(
    ("side", "macs", "with_products"),
    [(256, 908_635_136, 1_025_911_808), (224, 703_228_736, 772_340_288)],
)
def test_attention_products_are_beside_the_convention(side: int, macs: int, with_products: int) -> None:
    counted = rivals.describe("mobilevit_xs", image_size=side)
    assert counted.parameters == 2_317_848
    assert (counted.macs, counted.macs + counted.product_macs) == (macs, with_products)
    assert rivals.describe("mobilevit_xs").macs == 908_635_136


@needs_timm
@pytest.mark.parametrize("name", rivals.names())
def test_a_second_counter_agrees_on_every_rival(name: str) -> None:
    """torch's own, which knows each operator's formula and counts two FLOPs a multiply-add."""
    with torch.device("meta"):
        module = rivals.create(name, num_classes=50).eval()
        image = torch.empty(1, 3, 224, 224)
    with torch.no_grad(), FlopCounterMode(display=False) as flops:
        module(image)
    counted = rivals.describe(name, num_classes=50, image_size=224)
    assert 2 * (counted.macs + counted.product_macs) == flops.get_total_flops()


@needs_timm
@pytest.mark.parametrize(
    ("name", "thousands", "millions"), [("mobilenetv1_100", 3260, 567.5), ("mobilenetv2_100", 2290, 299.7)]
)
def test_the_attendnets_paper_means_50_classes_at_224_pixels(
    name: str, thousands: float, millions: float
) -> None:
    counted = rivals.describe(name, num_classes=50)
    assert counted.parameters / 1e3 == pytest.approx(thousands, abs=2.1)
    assert counted.macs / 1e6 == pytest.approx(millions, abs=0.3)


@pytest.mark.parametrize(
    ("classes", "parameters", "macs"),
    [(1000, 2_376_600, 319_695_780), (50, 1_668_850, 318_988_980), (10, 1_639_050, 318_959_220)],
)
def test_the_released_dc_ac_network(classes: int, parameters: int, macs: int) -> None:
    """Twice: from its specification, and by running its module."""
    spec = network_spec("cancernet_sca_dcac", classes=classes, image_size=224)
    priced = cost(spec)
    assert (priced.parameters, priced.macs) == totals(assemble(spec)) == (parameters, macs)

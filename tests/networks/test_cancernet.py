"""The released DC-AC network: every row of its layer table, its constraints, its checkpoint's layout."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from attendnets.cost import cost
from attendnets.errors import UsageError
from attendnets.networks.assemble import assemble
from attendnets.networks.cancernet import dc_ac_network, from_released
from attendnets.networks.catalogue import ENTRIES, create, network_spec
from attendnets.networks.constraints import violations
from attendnets.networks.features import Backbone

pytestmark = pytest.mark.usefixtures("one_thread")
NAME = "cancernet_sca_dcac"


@pytest.mark.parametrize(
    ("classes", "parameters", "macs"),
    [
        (1000, 2_376_600, 319_695_780),
        (50, 1_668_850, 318_988_980),
        (10, 1_639_050, 318_959_220),
        (1, 1_632_345, 318_952_524),
    ],
)
def test_totals_to_the_digit(classes: int, parameters: int, macs: int) -> None:
    counted = cost(network_spec(NAME, classes))
    assert (counted.parameters, counted.macs) == (parameters, macs)


def test_every_row_of_its_layer_table() -> None:
    rows = [
        (r.name, r.out_shape.channels, r.out_shape.height, r.parameters, r.macs)
        for r in cost(network_spec(NAME)).rows
    ]
    assert rows == [
        ("stem", 32, 56, 3_296, 39_739_392),
        ("stages.0.0", 40, 56, 8_000, 24_335_360),
        ("stages.0.1", 40, 56, 7_360, 22_579_200),
        ("stages.1.0", 84, 28, 27_300, 21_008_064),
        ("stages.1.1", 84, 28, 32_088, 24_893_568),
        ("stages.2.0", 352, 14, 178_112, 43_188_992),
        ("stages.2.1", 352, 14, 195_008, 37_945_600),
        ("stages.2.2", 352, 14, 195_008, 37_945_600),
        ("stages.3.0", 744, 7, 985_428, 67_316_004),
        ("head", 1000, 1, 745_000, 744_000),
    ]


def test_the_module_is_what_was_counted() -> None:
    with torch.device("meta"):
        network = create(NAME).eval()
        with FlopCounterMode(display=False) as counter:
            logits = network(torch.empty(1, 3, 224, 224))
    assert logits.shape == (1, 1000)
    assert sum(p.numel() for p in network.parameters()) == 2_376_600
    assert counter.get_total_flops() == 2 * 319_695_780


def test_only_its_first_convolution_has_a_stride_and_no_columns() -> None:
    with torch.device("meta"):
        convs = [m for m in create(NAME).modules() if isinstance(m, nn.Conv2d)]
    assert [c.stride for c in convs if c.stride != (1, 1)] == [(2, 2)]
    assert convs[0].stride == (2, 2)
    assert all(c.groups == 4 for c in convs[1:] if c.kernel_size == (3, 3))
    assert violations(network_spec(NAME)) == ()


@pytest.mark.parametrize(
    ("depths", "parameters", "macs"),
    [((3, 4, 7, 3), 4_963_920, 628_604_716), ((4, 4, 7, 3), 4_971_280, 651_183_916)],
)
def test_its_deeper_relatives_without_attention(depths: tuple[int, ...], parameters: int, macs: int) -> None:
    spec = dc_ac_network(depths, classes=1000, channels=3, image_size=224, attention=False)
    counted = cost(spec)
    assert (counted.parameters, counted.macs) == (parameters, macs)


def released_state(classes: int) -> dict[str, Tensor]:
    """A state dict of the released layout, written down from its layer table: names and shapes."""
    state: dict[str, Tensor] = {}

    def conv(name: str, norm: str, width: int, entering: int, kernel: int) -> None:
        state[f"{name}.weight"] = torch.randn(width, entering, kernel, kernel)
        for tensor in ("weight", "bias", "running_mean"):
            state[f"{norm}.{tensor}"] = torch.randn(width)
        state[f"{norm}.running_var"] = torch.rand(width) + 0.5
        state[f"{norm}.num_batches_tracked"] = torch.tensor(7)

    conv("stem.conv1", "stem.bn1", 32, 3, 3)
    conv("stem.conv2", "stem.bn2", 32, 8, 3)
    entering = 32
    for stage, (inner, depth) in enumerate(zip((40, 84, 176, 372), (2, 2, 3, 1), strict=True)):
        for block in range(depth):
            at = f"blocks.{stage}.{block}"
            if stage < 2:
                width = inner
                conv(f"{at}.conv1", f"{at}.bn1", inner, entering // 4, 3)
                conv(f"{at}.conv2", f"{at}.bn2", inner, inner // 4, 3)
            else:
                width = 2 * inner
                conv(f"{at}.conv1", f"{at}.bn1", inner, entering, 1)
                conv(f"{at}.conv2", f"{at}.bn2", inner, inner // 4, 3)
                conv(f"{at}.conv3", f"{at}.bn3", width, inner, 1)
            if block == 0:
                first = 1 if stage else 0
                conv(f"{at}.downsample.{first}", f"{at}.downsample.{first + 1}", width, entering, 1)
            entering = width
    state["head.fc.weight"], state["head.fc.bias"] = torch.randn(classes, 744), torch.randn(classes)
    return state


def test_a_released_checkpoint_loads() -> None:
    torch.manual_seed(0)
    state = released_state(classes=1)
    network = create(NAME, num_classes=1, pixel_range=1.0)
    network.load_state_dict(from_released(state))
    loaded = network.state_dict()
    assert len(loaded) == len(state)
    assert torch.equal(loaded["stages.2.1.embed.0.conv.weight"], state["blocks.2.1.conv2.weight"])
    assert torch.equal(loaded["stages.0.0.project.norm.bias"], state["blocks.0.0.downsample.1.bias"])
    assert torch.equal(loaded["stages.3.0.project.conv.weight"], state["blocks.3.0.downsample.1.weight"])
    assert sum(
        value.numel() for name, value in state.items() if "running" not in name and "num" not in name
    ) == (1_632_345)


def test_a_loaded_checkpoint_computes_what_the_released_forward_does() -> None:
    """The first two blocks, from their released names: softmax over channels, product, SiLU; sum, SiLU."""
    torch.manual_seed(0)
    state = released_state(classes=1)
    network = create(NAME, num_classes=1, pixel_range=1.0).eval()
    assert isinstance(network, Backbone)
    network.load_state_dict(from_released(state))
    f = nn.functional

    def conv(x: Tensor, name: str, norm: str, groups: int = 1, stride: int = 1) -> Tensor:
        weight = state[f"{name}.weight"]
        x = f.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2, groups=groups)
        mean, variance = state[f"{norm}.running_mean"], state[f"{norm}.running_var"]
        return f.batch_norm(x, mean, variance, state[f"{norm}.weight"], state[f"{norm}.bias"])

    image = torch.randn(1, 3, 32, 32)
    x = f.silu(conv(image, "stem.conv1", "stem.bn1", stride=2))
    x = f.avg_pool2d(f.silu(conv(x, "stem.conv2", "stem.bn2", groups=4)), 3, 2, 1)
    for block, attends in (("blocks.0.0", True), ("blocks.0.1", False)):
        y = f.silu(conv(x, f"{block}.conv1", f"{block}.bn1", groups=4))
        y = conv(y, f"{block}.conv2", f"{block}.bn2", groups=4)
        value = conv(x, f"{block}.downsample.0", f"{block}.downsample.1") if attends else x
        x = f.silu(y.softmax(dim=1) * value if attends else y + value)
    with torch.no_grad():
        (ours,) = network.forward_intermediates(image, indices=(1,), intermediates_only=True)
    torch.testing.assert_close(ours, x)


@pytest.mark.parametrize(
    "name",
    [
        "fc.weight",
        "stem.conv3.weight",
        "blocks.4.0.conv1.weight",
        "blocks.0.0.conv3.weight",
        "module.head.fc.bias",
    ],
)
def test_a_tensor_that_the_released_network_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        from_released({name: torch.zeros(1)})


def test_a_checkpoint_of_other_classes_is_refused() -> None:
    network = assemble(network_spec(NAME, 10))
    with pytest.raises(RuntimeError, match=r"head\.linear\.weight"):
        network.load_state_dict(from_released(released_state(classes=1)))


def test_it_is_said_to_be_released() -> None:
    assert ENTRIES[NAME].origin == "released"

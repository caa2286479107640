"""A network's parts, as users of timm know them."""

from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor, nn

from attendnets.errors import SpecError
from attendnets.networks.assemble import assemble
from attendnets.networks.catalogue import create, network_spec
from attendnets.networks.features import Backbone, FeatureNetwork, take_indices

pytestmark = pytest.mark.usefixtures("one_thread")
STRIDES = [2, 4, 8, 16, 32]


@pytest.fixture
def network() -> Backbone:
    torch.manual_seed(0)
    made = create("attendnet_b", num_classes=5)
    assert isinstance(made, Backbone)
    return made.eval()


@pytest.fixture
def pixels() -> Tensor:
    return torch.rand(2, 3, 64, 96) * 255


def test_head_after_features_is_the_network(network: Backbone, pixels: Tensor) -> None:
    features = network.forward_features(pixels)
    assert features.shape == (2, network.num_features, 2, 3)
    torch.testing.assert_close(network.forward_head(features), network(pixels))
    pooled = network.forward_head(features, pre_logits=True)
    torch.testing.assert_close(pooled, features.mean((2, 3)))
    torch.testing.assert_close(network.get_classifier()(pooled), network(pixels))


def test_it_computes_what_its_specification_does(network: Backbone, pixels: Tensor) -> None:
    plain = assemble(network.spec).eval()
    plain.load_state_dict(network.state_dict())
    torch.testing.assert_close(network(pixels), plain(pixels))
    torch.testing.assert_close(network.fold()(pixels), plain(pixels), rtol=1e-3, atol=1e-4)


def test_feature_info_tells_of_every_stride(network: Backbone) -> None:
    assert [record["reduction"] for record in network.feature_info] == STRIDES
    modules = dict(network.named_modules())
    assert all(record["module"] in modules for record in network.feature_info)


def test_intermediates_are_what_the_named_modules_give(network: Backbone, pixels: Tensor) -> None:
    given: dict[str, Tensor] = {}
    modules = dict(network.named_modules())
    for record in network.feature_info:
        modules[record["module"]].register_forward_hook(
            lambda _, inputs, made, name=record["module"]: given.__setitem__(name, made)
        )
    network(pixels)
    last, intermediates = network.forward_intermediates(pixels)
    for record, found in zip(network.feature_info, intermediates, strict=True):
        torch.testing.assert_close(found, given[record["module"]])
    torch.testing.assert_close(last, intermediates[-1])


@pytest.mark.parametrize("indices", [(0,), (1, 3), (-1,), (-3, -1), 2, None])
def test_features_only_gives_those_that_are_asked_for(
    network: Backbone, pixels: Tensor, indices: int | tuple[int, ...] | None
) -> None:
    torch.manual_seed(0)
    extractor = create("attendnet_b", num_classes=5, features_only=True, out_indices=indices).eval()
    assert isinstance(extractor, FeatureNetwork)
    expected = network.forward_intermediates(pixels, indices, intermediates_only=True)
    features = extractor(pixels)
    for feature, wanted in zip(features, expected, strict=True):
        torch.testing.assert_close(feature, wanted)
    info = extractor.feature_info
    assert info.channels() == [feature.shape[1] for feature in features]
    assert info.reduction() == [64 // feature.shape[2] for feature in features]
    assert [record["reduction"] for record in info.get_dicts()] == info.reduction()


def test_features_only_keeps_nothing_that_it_does_not_run() -> None:
    whole = sum(p.numel() for p in create("attendnet_b").parameters())
    early = create("attendnet_b", features_only=True, out_indices=(0, 1))
    assert sum(p.numel() for p in early.parameters()) < whole / 20
    assert not [module for module in early.modules() if isinstance(module, nn.Linear)]


def test_stopping_early_runs_no_further(network: Backbone, pixels: Tensor) -> None:
    network.stages[3].register_forward_hook(lambda *_: pytest.fail("the last stage was run"))
    last, (feature,) = network.forward_intermediates(pixels, (1,), stop_early=True)
    torch.testing.assert_close(last, feature)


def test_a_dense_task_trains_on_its_features(pixels: Tensor) -> None:
    extractor = create("attendnet_b", features_only=True, out_indices=(1, 3)).train()
    loss = sum(feature.square().mean() for feature in extractor(pixels))
    assert isinstance(loss, Tensor)
    torch.autograd.backward(loss)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in extractor.parameters())


def test_a_new_classifier_leaves_the_rest_alone(network: Backbone, pixels: Tensor) -> None:
    features = network.forward_features(pixels)
    network.reset_classifier(11)
    assert network(pixels).shape == (2, 11)
    assert network.num_classes == network.spec.classes == 11
    torch.testing.assert_close(network.forward_features(pixels), features)


def test_without_a_classifier_it_gives_pooled_features(network: Backbone, pixels: Tensor) -> None:
    network.reset_classifier(0)
    torch.testing.assert_close(network(pixels), network.forward_features(pixels).mean((2, 3)))
    network.reset_classifier(3)
    assert network(pixels).shape == (2, 3)


def test_impossible_classifiers_are_refused(network: Backbone) -> None:
    with pytest.raises(SpecError, match="num_classes: -1"):
        network.reset_classifier(-1)
    with pytest.raises(SpecError, match="global_pool"):
        network.reset_classifier(2, "max")


def test_dropout_stands_before_the_classifier(pixels: Tensor) -> None:
    network = create("attendnet_b", num_classes=5, drop_rate=0.5)
    assert isinstance(network, Backbone)
    assert network.spec.head.dropout == 0.5
    features = network.eval().forward_features(pixels)
    network.train()
    assert (network.forward_head(features, pre_logits=True) == 0).any()


def test_pixels_of_0_to_1_need_only_be_said(network: Backbone, pixels: Tensor) -> None:
    divided = create("attendnet_b", num_classes=5, pixel_range=1.0).eval()
    divided.load_state_dict(network.state_dict())
    torch.testing.assert_close(divided(pixels / 255), network(pixels), rtol=1e-4, atol=1e-6)


def test_checkpointed_stages_learn_the_same(pixels: Tensor) -> None:
    gradients = []
    for enabled in (False, True):
        torch.manual_seed(0)
        network = create("attendnet_b", num_classes=5)
        assert isinstance(network, Backbone)
        network.set_grad_checkpointing(enabled)
        network(pixels).square().sum().backward()
        gradients.append([p.grad for p in network.parameters()])
    for plain, again in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, again)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 1, 64, 64), "3, height, width"),
        ((3, 64, 64), "3, height, width"),
        ((1, 3, 64, 31), "stride of 32"),
    ],
)
def test_what_is_no_image_for_it_is_refused(network: Backbone, shape: tuple[int, ...], message: str) -> None:
    for call in (network, network.forward_features, network.forward_intermediates):
        with pytest.raises(SpecError, match=message):
            call(torch.zeros(shape))


def test_layers_are_sorted_by_depth(network: Backbone) -> None:
    matcher = network.group_matcher()
    patterns = [matcher["stem"], *(pattern for pattern, _ in matcher["blocks"])]
    for name, _ in network.named_parameters():
        assert sum(re.match(pattern, name) is not None for pattern in patterns) == 1, name
    assert len(network.no_weight_decay()) == 13


@pytest.mark.parametrize(
    ("indices", "taken"), [(None, (0, 1, 2)), (2, (1, 2)), ((0, -1), (0, 2)), ([1], (1,))]
)
def test_indices_are_taken_as_timm_takes_them(
    indices: int | list[int] | None, taken: tuple[int, ...]
) -> None:
    assert take_indices(3, indices) == taken


def test_levels_with_one_stride_are_one_feature() -> None:
    network = create("resnet8")
    assert isinstance(network, Backbone)
    assert [record["reduction"] for record in network.feature_info] == [1, 2, 4]
    assert network_spec("resnet8").input.height == 32

"""Our networks in timm's registry, and under its conventions."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from attendnets.errors import AttendnetsError, UsageError
from attendnets.networks.catalogue import ENTRIES, create
from attendnets.networks.timm_package import load_timm

if find_spec("timm") is None or find_spec("torchvision") is None:
    pytest.skip("timm is not installed: pip install 'attendnets[timm]'", allow_module_level=True)

import attendnets.timm_models

pytestmark = pytest.mark.usefixtures("one_thread")
timm: Any = load_timm()


@pytest.mark.parametrize("name", ENTRIES)
def test_timm_knows_every_network(name: str) -> None:
    assert timm.is_model(name)
    assert name in attendnets.timm_models.__all__
    with torch.device("meta"):
        model = timm.create_model(name, num_classes=3)
    assert model.num_classes == 3
    assert model.pretrained_cfg["input_size"][0] == ENTRIES[name].channels
    modules = dict(model.named_modules())
    assert modules[model.pretrained_cfg["classifier"]] is model.get_classifier()
    assert isinstance(modules[model.pretrained_cfg["first_conv"]], torch.nn.Conv2d)
    assert name in timm.list_models()
    assert name not in timm.list_pretrained()


def test_the_arguments_of_timm_work() -> None:
    model = timm.create_model("attendnet_b", num_classes=50, in_chans=1, drop_rate=0.3)
    assert model(torch.rand(2, 1, 64, 64)).shape == (2, 50)
    assert model.head.dropout.p == 0.3
    assert timm.create_model("attendnet_b", num_classes=0)(torch.rand(2, 3, 64, 64)).shape == (2, 376)
    assert timm.create_model("attendnet_b").num_classes == 50


def test_features_come_as_timm_gives_them() -> None:
    extractor = timm.create_model("attendnet_b", features_only=True, out_indices=(1, -2))
    features = extractor(torch.rand(1, 3, 64, 64))
    assert [tuple(feature.shape) for feature in features] == [(1, 48, 16, 16), (1, 192, 4, 4)]
    assert extractor.feature_info.channels() == [48, 192]
    assert extractor.feature_info.reduction() == [4, 16]
    assert len(timm.create_model("attendnet_b", features_only=True)(torch.rand(1, 3, 64, 64))) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pretrained": True}, "no published weights of attendnet_b"),
        ({"drop_path_rate": 0.1}, "drop_path_rate"),
        ({"global_pool": "max"}, "global_pool"),
        ({"num_classes": -1}, "classes: -1"),
        ({"features_only": True, "feature_cls": "list"}, "feature_cls"),
    ],
)
def test_what_there_is_not_is_said(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(AttendnetsError, match=message):
        timm.create_model("attendnet_b", **arguments)


def test_pretrained_weights_are_refused_for_every_network() -> None:
    for name in ENTRIES:
        with pytest.raises(UsageError, match="no published weights"):
            timm.create_model(name, pretrained=True)


def test_timms_own_preprocessing_and_ours_of_raw_pixels_meet() -> None:
    """From one photograph: timm's transform into timm's model, raw pixels into ours, the same weights."""
    torch.manual_seed(0)
    model = timm.create_model("attendnet_b", num_classes=4).eval()
    config = timm.data.resolve_model_data_config(model)
    assert config["mean"] == (0.0, 0.0, 0.0)
    assert config["std"] == (1.0, 1.0, 1.0)
    raw = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    transform = timm.data.create_transform(**{**config, "crop_pct": 1.0}, is_training=False)
    ours = create("attendnet_b", num_classes=4).eval()
    ours.load_state_dict(model.state_dict())
    with torch.no_grad():
        theirs = model(transform(Image.fromarray(raw))[None])
        torch.testing.assert_close(
            ours(torch.from_numpy(raw).permute(2, 0, 1)[None].float()), theirs, rtol=1e-3, atol=1e-5
        )


def test_pixels_normalised_by_another_mean_do_no_harm() -> None:
    """The first convolution's norm takes them in: features of both keep the same size."""
    torch.manual_seed(0)
    model = timm.create_model("attendnet_b", num_classes=4).train()
    pixels = torch.rand(8, 3, 64, 64)
    normalised = (pixels - torch.tensor(0.45)) / torch.tensor(0.22)
    plain, shifted = (model.forward_features(x).var() for x in (pixels, normalised))
    assert 0.5 < plain / shifted < 2


def test_raw_pixels_need_only_be_said() -> None:
    model = timm.create_model("attendnet_b", num_classes=4).eval()
    raw = timm.create_model("attendnet_b", num_classes=4, pixel_range=255.0).eval()
    raw.load_state_dict(model.state_dict())
    pixels = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(raw(pixels * 255), model(pixels), rtol=1e-3, atol=1e-5)


def test_what_timms_training_script_asks_of_a_model_is_there() -> None:
    optim: Any = importlib.import_module("timm.optim")
    utils: Any = importlib.import_module("timm.utils")
    torch.manual_seed(0)
    model = timm.create_model(
        "attendnet_b",
        pretrained=False,
        in_chans=3,
        num_classes=2,
        drop_rate=0.0,
        drop_path_rate=None,
        global_pool=None,
        scriptable=False,
        checkpoint_path="",
    )
    model.set_grad_checkpointing(enable=True)
    optimizer = optim.create_optimizer_v2(model, opt="adamw", lr=1e-3, weight_decay=0.05, layer_decay=0.75)
    average = utils.ModelEmaV3(model, decay=0.9)
    loss = torch.nn.functional.cross_entropy(model(torch.rand(4, 3, 64, 64)), torch.tensor([0, 1, 0, 1]))
    torch.autograd.backward(loss)
    optimizer.step()
    average.update(model)
    assert torch.isfinite(loss)

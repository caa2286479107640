"""Networks of others through timm: made, counted, fused; and what is said where timm is missing."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest
import torch

from attendnets.errors import SpecError
from attendnets.networks import rivals
from attendnets.networks.catalogue import create
from attendnets.report import cost_table

pytestmark = pytest.mark.usefixtures("one_thread")
needs_timm = pytest.mark.skipif(find_spec("timm") is None, reason="timm is not installed")


@needs_timm
@pytest.mark.parametrize("name", rivals.names())
def test_a_rival_is_described_row_by_row(name: str) -> None:
    counted = rivals.describe(name, num_classes=7, in_channels=1, image_size=64)
    for quantity in ("parameters", "macs", "weights_bytes"):
        assert getattr(counted, quantity) == sum(getattr(row, quantity) for row in counted.rows)
    assert counted.activation_bytes >= max(row.activation_bytes for row in counted.rows) > 0
    assert counted.rows[0].in_shape == (1, 64, 64)
    assert counted.rows[-1].out_shape.elements == 7


@needs_timm
@pytest.mark.parametrize("name", ["mobilenetv2_100", "repghostnet_100", "edgenext_xx_small"])
def test_what_is_created_is_what_is_described(name: str) -> None:
    module = rivals.create(name, num_classes=5, in_channels=1, image_size=64).eval()
    with torch.no_grad():
        logits = module(torch.rand(2, 1, 64, 64))
    assert logits.shape == (2, 5) and bool(logits.isfinite().all())
    described = rivals.describe(name, num_classes=5, in_channels=1, image_size=64)
    assert sum(value.numel() for value in module.parameters()) == described.parameters


@needs_timm
def test_as_text_attention_products_are_named_where_there_are_any() -> None:
    text = cost_table(rivals.describe("mobilevit_xs"))
    assert text.endswith("Attention multiplies activations 117,276,672 times more, which MACs leave out.")
    assert cost_table(rivals.describe("lcnet_100")).endswith("(peak)")


@needs_timm
def test_fusing_changes_the_form_and_not_the_function() -> None:
    trained = rivals.create("mobileone_s0", num_classes=5, fused=False)
    with torch.no_grad():
        for images in torch.rand(3, 4, 3, 64, 64):
            trained.train()(images)
        fused = rivals.fuse(trained.eval())
        images = torch.rand(2, 3, 64, 64)
        torch.testing.assert_close(fused(images), trained(images), rtol=1e-3, atol=1e-4)
    sizes = [sum(value.numel() for value in module.parameters()) for module in (trained, fused)]
    assert sizes[1] == rivals.describe("mobileone_s0", num_classes=5).parameters < sizes[0]


@needs_timm
def test_features_come_as_timm_gives_them() -> None:
    module = rivals.create("mobilenetv4_conv_small", features_only=True, out_indices=(2, 4))
    features = module.eval()(torch.rand(1, 3, 64, 64))
    assert [tuple(feature.shape[-2:]) for feature in features] == [(8, 8), (2, 2)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "mobilenet"}, "There is no rival 'mobilenet': mobilenetv1_100, "),
        ({"num_classes": 0}, "num_classes: 0 is too few for lcnet_100; give at least 1"),
        ({"num_classes": 2.5}, "num_classes: 2.5 is no whole number"),
        ({"in_channels": -1}, "in_channels: -1 is too few"),
        ({"image_size": 31}, "image_size: 31 is too few for lcnet_100; give at least 32"),
    ],
)
def test_what_cannot_be_is_named(arguments: dict[str, object], message: str) -> None:
    for ask in (rivals.create, rivals.describe):
        with pytest.raises(SpecError) as raised:
            ask(**({"name": "lcnet_100"} | arguments))  # type: ignore[arg-type]
        assert message in str(raised.value)


def test_the_catalogue_refuses_the_same() -> None:
    with pytest.raises(SpecError, match="num_classes: 0 is too few for lcnet_100"):
        create("lcnet_100", num_classes=0)
    with pytest.raises(SpecError, match="lcnet_100 is timm's"):
        create("lcnet_100", gate="sigmoid")


@needs_timm
def test_the_catalogue_creates_them() -> None:
    module = create("mobileone_s0", num_classes=5, in_channels=1, features_only=True, out_indices=(1, 3))
    features = module.eval()(torch.rand(1, 1, 64, 64))
    assert [tuple(feature.shape[-2:]) for feature in features] == [(16, 16), (4, 4)]
    whole: Any = create("lcnet_100", num_classes=5)
    assert whole.get_classifier().out_features == 5


def test_without_timm_one_line_says_what_installs_it() -> None:
    code = (
        "import sys; sys.modules['timm'] = None\n"
        "from attendnets.errors import UsageError\n"
        "from attendnets.networks import rivals\n"
        "assert 'lcnet_100' in rivals.names()\n"
        "try:\n    rivals.describe('lcnet_100')\nexcept UsageError as error:\n    print(error)"
    )
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "attendnets[timm]"' in asked.stdout and "\n" not in asked.stdout.strip()

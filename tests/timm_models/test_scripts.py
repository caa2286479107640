"""``python -m attendnets.timm_models SCRIPT``: a script that knows timm alone trains our networks by name."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]

if find_spec("timm") is None or find_spec("torchvision") is None:
    pytest.skip("timm is not installed: pip install 'attendnets[timm]'", allow_module_level=True)

TRAINING = """
import argparse, json, torch
from timm.data import create_dataset, create_loader, resolve_data_config
from timm.loss import LabelSmoothingCrossEntropy
from timm.models import create_model
from timm.optim import create_optimizer_v2
from timm.scheduler import create_scheduler_v2
from timm.utils import ModelEmaV3, accuracy
from beside import EPOCHS

parser = argparse.ArgumentParser()
parser.add_argument("--data-dir")
parser.add_argument("--model")
parser.add_argument("--num-classes", type=int)
given = parser.parse_args()

torch.manual_seed(0)
torch.set_num_threads(1)
model = create_model(given.model, num_classes=given.num_classes, drop_rate=0.1)
config = resolve_data_config({"img_size": 32}, model=model)
loaders = {
    split: create_loader(
        create_dataset("", given.data_dir, split=split, is_training=split == "train"),
        input_size=config["input_size"], mean=config["mean"], std=config["std"], batch_size=8,
        is_training=split == "train", num_workers=0, use_prefetcher=False, device=torch.device("cpu"),
    )
    for split in ("train", "validation")
}
optimizer = create_optimizer_v2(model, opt="adamw", lr=5e-3, weight_decay=0.05)
scheduler, _ = create_scheduler_v2(optimizer, sched="cosine", num_epochs=EPOCHS, warmup_epochs=0)
average = ModelEmaV3(model, decay=0.8)
loss_of = LabelSmoothingCrossEntropy(0.1)
losses = []
for epoch in range(EPOCHS):
    model.train()
    for images, labels in loaders["train"]:
        loss = loss_of(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update(model)
        losses.append(loss.item())
    scheduler.step(epoch + 1)
model.eval()
with torch.no_grad():
    logits, labels = zip(*((model(images), labels) for images, labels in loaders["validation"]))
print(json.dumps({
    "model": type(model).__module__, "losses": losses, "pixels": [config["mean"][0], config["std"][0]],
    "top1": accuracy(torch.cat(logits), torch.cat(labels))[0].item(),
}))
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """``python -m attendnets.timm_models`` with ``words``, started in the checkout."""
    return subprocess.run(
        [sys.executable, "-m", "attendnets.timm_models", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Noise, dark or light, in timm's folders."""
    random = np.random.default_rng(0)
    for split, count in (("train", 16), ("validation", 8)):
        for label, name in enumerate(("dark", "light")):
            folder = tmp_path / "photographs" / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(128 * label, 128 * label + 100, (40, 40, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "photographs"


def test_a_training_script_of_timms_trains_a_network_of_ours(tmp_path: Path, photographs: Path) -> None:
    """Its data, loss, optimizer, schedule and average are timm's; it imports a file that lies beside it."""
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "train.py"
    script.write_text(TRAINING)
    (tmp_path / "scripts" / "beside.py").write_text("EPOCHS = 6\n")
    model = ("--model", "attendnet_micro", "--num-classes", "2")
    ran = run(str(script), *model, "--data-dir", str(photographs))
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["model"] == "attendnets.networks.features"
    assert told["pixels"] == [0.0, 1.0]
    # How far six epochs get depends on the processor's rounding; that they learn does not.
    assert min(told["losses"]) < 0.8 * told["losses"][0]
    assert 0.0 <= told["top1"] <= 100.0


def test_the_script_is_the_main_module_with_its_own_arguments_and_exit_code(tmp_path: Path) -> None:
    script = tmp_path / "asks.py"
    script.write_text(
        "import sys, timm\n"
        "print(__name__, sys.argv, timm.is_model('attendnet_a'), sys.path[0])\n"
        "sys.exit(7)\n"
    )
    ran = run(str(script), "--help", "-c", "a.yaml", "--", "--model")
    assert ran.stdout.splitlines() == [
        f"__main__ {[str(script), '--help', '-c', 'a.yaml', '--', '--model']} True {tmp_path}"
    ]
    assert ran.returncode == 7, ran.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "required: script"),
        (("nowhere.py", "--model", "attendnet_b"), "nowhere.py is no file"),
        (("tests",), "tests is no file"),
        (("--model", "attendnet_b"), "--model"),
    ],
)
def test_what_is_no_script_is_said(words: tuple[str, ...], message: str) -> None:
    ran = run(*words)
    assert ran.returncode == 2
    assert message in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr

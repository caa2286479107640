"""The command line: typed values in, one message out, documented exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.photographs import write_photographs


def attendnets(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parent.parent
    return subprocess.run(
        [sys.executable, "-m", "attendnets", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )


def test_help_needs_no_heavy_library() -> None:
    code = (
        "import sys\n"
        "from attendnets.cli import app\n"
        "app(['--help'], result_action='return_value', exit_on_error=False)\n"
        "heavy = {'torch', 'numpy', 'optuna', 'onnxruntime', 'litert_torch', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in (
        "build",
        "resume",
        "check",
        "explore",
        "train",
        "quantize",
        "export",
        "benchmark",
        "report",
        "predict",
    ):
        assert command in done.stdout


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photographs"), per_class=6)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("build", "nowhere"), "nowhere"),
        (("build", "PHOTOS", "--require", "weight<=100KB"), "Did you mean 'weights'"),
        (("build", "PHOTOS", "--require", "weights<=100Kg"), "Kg"),
        (("build", "PHOTOS", "--require", "top1>=120"), "100 %"),
        (("build", "PHOTOS", "--minutes", "0"), "--minutes"),
        (("build", "PHOTOS", "--trials", "0"), "--trials"),
        (("build", "PHOTOS", "--epochs", "-1"), "--epochs"),
        (("build", "PHOTOS", "--threads", "0"), "--threads"),
        (("build", "PHOTOS", "--minutes", "soon"), "soon"),
        (("build", "PHOTOS", "--require", "weights<=200B"), "binding requirement is weights<=200B"),
        (("build", "PHOTOS", "--require", "macs<=0.5x"), "Name it with --shrink"),
        (("explore", "PHOTOS", "--shrink", "nowhere.json"), "--shrink nowhere.json: no such network"),
        (("explore", "PHOTOS", "--prototype", "nowhere.yaml"), "nowhere.yaml: there is no such file"),
        (("build", "PHOTOS", "--constraint", "round"), "--constraint round"),
        (("build", "PHOTOS", "--objective", "netscor"), "Did you mean 'netscore'?"),
        (
            ("explore", "PHOTOS", "--objective", "smallest"),
            "Objectives: netscore, accuracy, parameters, macs",
        ),
        (
            ("build", "PHOTOS", "--network", "attendnet_micro", "--objective", "macs"),
            "--network explores nothing",
        ),
        (
            ("build", "PHOTOS", "--network", "attendnet_micro", "--shrink", "attendnet_micro"),
            "--network and --shrink each say",
        ),
        (("build",), "data"),
        (("bulid", "PHOTOS"), "bulid"),
        (("train", "nowhere"), "run.json"),
        (("benchmark", "nowhere"), "run.json"),
        (("predict", "nowhere", "x.png"), "nowhere"),
        (("describe", "nowhere"), "nowhere"),
    ],
)
def test_wrong_usage_gives_one_message_and_exit_code_2(
    words: tuple[str, ...], message: str, photographs: Path, tmp_path: Path
) -> None:
    done = attendnets(*(w.replace("PHOTOS", str(photographs)) for w in words), cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    output = " ".join((done.stdout + done.stderr).split())
    assert message.lower() in output.lower()
    assert "Traceback" not in output


def test_check_prints_the_report_as_json(photographs: Path) -> None:
    done = attendnets("check", str(photographs), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["images"] == 18
    assert report["channels"] == 3


def test_describe_prints_counts_as_json(tmp_path: Path) -> None:
    from attendnets.cost import cost
    from attendnets.exploration.space import DesignSpace
    from attendnets.spec import to_json

    space = DesignSpace(channels=1, classes=2)
    network = space.network(space.smallest())
    (tmp_path / "network.json").write_text(to_json(network))
    done = attendnets("describe", str(tmp_path / "network.json"), "--json")
    described = json.loads(done.stdout)
    assert described["params"] == cost(network).parameters
    assert described["macs"] == cost(network).macs
    assert attendnets("describe", str(tmp_path / "network.json")).stdout.count("stages.") == len(
        network.blocks
    )

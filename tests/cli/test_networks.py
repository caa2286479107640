"""``attendnets networks`` lists what there is, ``attendnets describe`` says what it costs, row by row."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from attendnets.cli import app
from attendnets.cost import cost
from attendnets.errors import RunFolderError, SpecError
from attendnets.networks.catalogue import ENTRIES, changed, names, network_spec
from attendnets.spec import to_json
from tests.report.records import write_exploration

needs_timm = pytest.mark.skipif(find_spec("timm") is None, reason="timm is not installed")


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    code = app([*map(str, words)], result_action="return_value", exit_on_error=False)
    assert code == 0
    return capsys.readouterr().out


def described(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(run(capsys, "describe", *words, "--json"))
    return loaded


def test_every_network_has_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    head, *lines = run(capsys, "networks").splitlines()
    assert head.split() == ["name", "origin", "classes", "parameters", "MACs", "source"]
    assert [line.split()[0] for line in lines] == list(names())
    of_b = next(line for line in lines if line.startswith("attendnet_b "))
    assert of_b.split()[1:5] == ["reconstruction", "50", "780,431", "191,499,824"]
    assert "arXiv 2009.14385" in of_b


def test_the_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    lines = {line["name"]: line for line in json.loads(run(capsys, "networks", "--json"))}
    assert set(lines) == set(names())
    for name, entry in ENTRIES.items():
        counted = cost(network_spec(name))
        assert (lines[name]["parameters"], lines[name]["macs"]) == (counted.parameters, counted.macs)
        assert lines[name]["origin"] == entry.origin


def test_a_name_is_described_row_by_row(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "describe", "attendnet_b")
    assert text.count("stages.") == 16
    assert text.splitlines()[0].split()[:2] == ["row", "block"]
    assert "780,431  191,499,824" in text.splitlines()[-1]
    assert text.splitlines()[-1].endswith("(peak)")


def test_its_figures_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = described(capsys, "attendnet_b")
    counted = cost(network_spec("attendnet_b"))
    assert found["params"] == counted.parameters
    assert found["macs"] == counted.macs
    assert found["weight_bytes"] == counted.weights_bytes
    assert found["peak_activation_bytes"] == counted.activation_bytes
    assert sum(row["macs"] for row in found["rows"]) == found["macs"]


def test_for_other_classes_images_and_channels(capsys: pytest.CaptureFixture[str]) -> None:
    found = described(capsys, "attendnet_b", "--classes", "7", "--input", "96", "--channels", "1")
    assert found["params"] == cost(network_spec("attendnet_b", 7, 1, 96)).parameters
    assert found["rows"][0]["in_shape"] == [1, 96, 96]


def test_a_file_is_described_as_it_is_and_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "network.json"
    file.write_text(to_json(network_spec("attonet_d")))
    assert described(capsys, file) == described(capsys, tmp_path) == described(capsys, "attonet_d")
    assert described(capsys, file, "--classes", "3")["rows"][-1]["out_shape"] == [3, 1, 1]


def test_a_candidate_of_an_exploration_is_described(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = write_exploration(tmp_path / "run").candidates[5]
    found = described(capsys, f"{tmp_path / 'run'}#{wanted.digest}")
    assert (found["params"], found["macs"]) == (wanted.figures["parameters"], wanted.figures["macs"])
    assert described(capsys, f"{tmp_path / 'run'}#{wanted.digest[:8]}", "--classes", "9")["params"] == (
        cost(changed(wanted.spec, 9)).parameters
    )


@pytest.mark.parametrize(("digits", "message"), [("", "names several"), ("zz", "names none")])
def test_a_candidate_that_there_is_not_is_told_from_those_there_are(
    tmp_path: Path, digits: str, message: str
) -> None:
    first = write_exploration(tmp_path / "run").candidates[0].digest
    with pytest.raises(RunFolderError, match=f"{message} .* {first}"):
        app(["describe", f"{tmp_path / 'run'}#{digits}"], result_action="return_value", exit_on_error=False)


@needs_timm
def test_a_rival_is_described_alike(capsys: pytest.CaptureFixture[str]) -> None:
    found = described(capsys, "mobilenetv3_small_100", "--classes", "50")
    assert (found["params"], found["macs"]) == (1_569_106, 55_537_600)
    assert {"weight_bytes", "peak_activation_bytes", "rows"} <= set(found)
    assert "1,569,106" in run(capsys, "describe", "mobilenetv3_small_100", "--classes", "50")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("attendnet_c",), "nearest are attendnet_"),
        (("nowhere",), "no network 'nowhere'"),
        (("nowhere/network.json",), "nowhere/network.json: no such network or file"),
        (("attendnet_b", "--classes", "0"), "classes: 0"),
        (("attendnet_b", "--classes", "-4"), "classes: -4"),
        (("attendnet_b", "--channels", "0"), "channels: 0"),
        (("attendnet_b", "--input", "16"), "image_size: 16 pixels are fewer than the network's stride of 32"),
    ],
)
def test_what_cannot_be_is_said_in_one_message(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(SpecError) as refusal:
        app(["describe", *words], result_action="return_value", exit_on_error=False)
    assert message in str(refusal.value)
    assert refusal.value.exit_code == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": 2}, "version"),
        ({"colour": "red"}, "colour"),
        ({"classes": "many"}, "classes"),
        ({"classes": 0}, "classes"),
    ],
)
def test_a_file_that_is_no_network_is_refused_by_its_field(
    tmp_path: Path, change: dict[str, Any], field: str
) -> None:
    content = {**json.loads(to_json(network_spec("attonet_d"))), **change}
    (tmp_path / "network.json").write_text(json.dumps(content))
    with pytest.raises(SpecError, match=rf"network\.json: .*{field}"):
        app(["describe", str(tmp_path)], result_action="return_value", exit_on_error=False)

"""``attendnets show`` writes a picture, whole or not at all, and says in one message why it cannot."""

from __future__ import annotations

import json
import resource
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from attendnets.cli import app
from attendnets.errors import AttendnetsError, StorageError, UsageError
from attendnets.networks.catalogue import changed
from attendnets.networks.int8_form import int8_form
from attendnets.report import network_svg
from attendnets.spec import to_json
from tests.report.records import network as small_network
from tests.report.records import write_exploration

TITLE = "{http://www.w3.org/2000/svg}title"


def show(*words: str | Path) -> object:
    return app(["show", *map(str, words)], result_action="return_value", exit_on_error=False)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder with a network in it."""
    folder = tmp_path / "runs" / "cells"
    folder.mkdir(parents=True)
    (folder / "network.json").write_text(to_json(small_network()))
    return folder


def test_a_network_of_a_run_is_drawn(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "new" / "network.svg"
    assert show(run, "-o", picture) == 0
    assert capsys.readouterr().out.strip() == str(picture)
    assert picture.read_text(encoding="utf-8") == network_svg(small_network(), "cells")


def test_a_candidate_of_an_exploration_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explored = write_exploration(tmp_path / "many")
    wanted = explored.candidates[5]
    assert show(f"{tmp_path / 'many'}#{wanted.digest[:8]}", "-o", tmp_path / "a.svg") == 0
    expected = network_svg(wanted.spec, f"many#{wanted.digest[:8]}")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == expected


def test_other_classes_images_and_channels_and_the_form_for_8_bits_are_drawn(
    run: Path, tmp_path: Path
) -> None:
    options = ("--classes", "7", "--input", "96", "--channels", "1", "--int8")
    assert show(run, "-o", tmp_path / "a.svg", *options) == 0
    expected = network_svg(int8_form(changed(small_network(), 7, 1, 96)), "cells")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == expected
    assert show("cancernet_sca_dcac", "-o", tmp_path / "a.svg", *options) == 0
    assert "1 × 96 × 96 pixels to 7 classes" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_a_file_is_drawn_under_its_name(run: Path, tmp_path: Path) -> None:
    file = run / "tiny.json"
    file.write_text(to_json(small_network()))
    for given, name in ((file, "tiny"), (run / "network.json", "cells")):
        assert show(given, "--out", tmp_path / "a.svg") == 0
        assert ElementTree.parse(tmp_path / "a.svg").getroot().findtext(TITLE) == name


def test_a_name_is_drawn_with_its_origin(tmp_path: Path) -> None:
    assert show("cancernet_sca_dcac", "-o", tmp_path / "a.svg") == 0
    drawn = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(drawn).findtext(TITLE) == "cancernet_sca_dcac"
    assert "2,376,600 parameters, 319,695,780 MACs" in drawn and "Released: arXiv 2311.11656" in drawn


def test_a_picture_takes_the_place_of_the_last(run: Path, tmp_path: Path) -> None:
    picture = tmp_path / "network.svg"
    picture.write_text("older")
    assert show(run, "-o", picture) == 0
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network.svg", "runs"]


@pytest.mark.parametrize("name", ["network.png", "network", "network.svg.gz"])
def test_other_kinds_of_pictures_are_refused(run: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.svg"):
        show(run, "-o", tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_folder_is_no_picture(run: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        show(run, "-o", tmp_path / "folder.svg")


def test_a_picture_cannot_be_under_a_file(run: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        show(run, "-o", run / "network.json" / "network.svg")


def test_a_full_place_keeps_the_old_picture(run: Path, tmp_path: Path) -> None:
    picture = tmp_path / "network.svg"
    picture.write_text("older")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StorageError, match=r"network\.svg cannot be written"):
            show(run, "-o", picture)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert picture.read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network.svg", "runs"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version"),
        ({"colour": "blue"}, "colour"),
        ({"classes": 0}, "classes"),
        ({"stages": []}, "stages"),
    ],
)
def test_what_is_no_network_is_refused_by_its_field(
    run: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    file = run / "network.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(AttendnetsError, match=message):
        show(file, "-o", tmp_path / "network.svg")
    assert not (tmp_path / "network.svg").exists()


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ("runs/nowhere", "runs/nowhere"),
        ("nowhere.json", "nowhere.json"),
        ("atendnet_b", "nearest are attendnet_b"),
        ("mobilenetv2_100", "without a specification"),
        ("runs/nowhere#ab12", "runs/nowhere is not a run folder"),
    ],
)
def test_a_network_that_is_nowhere_is_named(tmp_path: Path, network: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        show(network, "-o", tmp_path / "network.svg")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--classes", "0"), "classes: 0"),
        (("--channels", "-1"), "channels: -1"),
        (("--input", "16"), "image_size: 16 pixels are fewer than the network's stride of 32"),
    ],
)
def test_what_cannot_be_drawn_is_said_by_its_field(
    tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        show("attendnet_b", "-o", tmp_path / "network.svg", *words)
    assert not (tmp_path / "network.svg").exists()

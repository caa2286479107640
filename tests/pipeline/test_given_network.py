"""A network that is given is built without exploring, if it fits the images and the requirements."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attendnets.errors import AttendnetsError, InfeasibleError, RunFolderError, SpecError
from attendnets.exploration.record import StudyRecord
from attendnets.exploration.space import DesignSpace
from attendnets.networks import catalogue
from attendnets.networks.int8_form import inexact
from attendnets.pipeline import build, explore_stage, prepare
from attendnets.prototype import Prototype
from attendnets.run import Job, RunFolder
from attendnets.spec import digest, from_json, to_json
from tests.pipeline.photographs import write_photographs


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photographs"), per_class=16, side=32)


@pytest.fixture(scope="module")
def job(photographs: Path) -> Job:
    return Job(str(photographs), ("weights<=40KB",), minutes=1.0, trials=3, epochs=3, threads=1)


@pytest.fixture(scope="module")
def explored(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("explored") / "run"
    explore_stage(prepare(job, out))
    return out


def candidates(run: Path) -> list[str]:
    folder = RunFolder.open(run)
    return [candidate.digest for candidate in folder.read(folder.study, StudyRecord).candidates]


def test_a_candidate_of_another_run_is_built_by_the_first_digits_of_its_digest(
    job: Job, explored: Path, tmp_path: Path
) -> None:
    wanted = candidates(explored)[-1]
    given = replace(job, network=f"{explored}#{wanted[:9]}")
    result = build(given, tmp_path / "run")
    assert digest(from_json((tmp_path / "run" / "network.json").read_bytes())) == wanted
    assert result.verdict.met
    assert not (tmp_path / "run" / "study.journal").exists()
    assert "<html" in (tmp_path / "run" / "report.html").read_text()


def test_a_named_network_takes_the_classes_and_channels_of_the_images(job: Job, tmp_path: Path) -> None:
    given = replace(job, requirements=(), network="attendnet_micro")
    record = explore_stage(prepare(given, tmp_path / "run"))
    assert (record.network.classes, record.network.input.channels) == (3, 3)
    assert record.objective == "given" and record.trials == 0


def test_a_file_and_a_run_folder_name_their_network(job: Job, explored: Path, tmp_path: Path) -> None:
    for number, name in enumerate((explored, explored / "network.json")):
        record = explore_stage(prepare(replace(job, network=str(name)), tmp_path / str(number)))
        assert record.network == from_json((explored / "network.json").read_bytes())


def test_what_8_bits_cannot_hold_is_refused_before_it_is_trained(job: Job, tmp_path: Path) -> None:
    beginnings: list[tuple[dict[str, Any], str]] = [
        ({"network": "attendnext"}, r"attendnext: stem\.activation: silu has no 8-bit form"),
        (
            {"shrink": "cancernet_sca_dcac"},
            r"--shrink cancernet_sca_dcac: stem\.activation: silu has no 8-bit",
        ),
        (
            {
                "prototype": Prototype.of(
                    {
                        "stages": [
                            {
                                "blocks": [
                                    {
                                        "kind": "condenser",
                                        "width": 8,
                                        "embedding": 8,
                                        "gate": {"one_of": ["sigmoid", "softmax"]},
                                    }
                                ]
                            }
                        ],
                        "stem": {"width": 8},
                    }
                )
            },
            r"stages\.0\.blocks\.0\.gate: softmax has no 8-bit form.* sigmoid in its place",
        ),
    ]
    for beginning, message in beginnings:
        given = replace(job, requirements=(), minutes=60.0, **beginning)
        with pytest.raises(SpecError, match=message):
            build(given, tmp_path / "run")
        assert not (tmp_path / "run" / "run.json").exists()
    described = to_json(catalogue.network_spec("attendnext", int8=True))
    assert inexact(from_json(described)) is None


def test_what_cannot_be_built_is_refused_before_anything_is_written(
    job: Job, explored: Path, tmp_path: Path
) -> None:
    other = DesignSpace(channels=1, classes=2, sizes=(32,))
    foreign = tmp_path / "foreign.json"
    foreign.write_text(to_json(other.network(other.smallest())))
    some = candidates(explored)[0]
    cases: list[tuple[str, tuple[str, ...], type[AttendnetsError], str]] = [
        ("nowhere.json", (), SpecError, "no such network or file"),
        ("attendnet_c", (), SpecError, "nearest are attendnet_"),
        ("mobilenetv2_100", (), SpecError, "a module of timm's"),
        (f"{explored}#ffffffffffffffffff", (), RunFolderError, f"names none .* {some}"),
        (f"{explored}#", (), RunFolderError, "names several"),
        (f"{tmp_path}#{some}", (), RunFolderError, "not a run folder"),
        (str(foreign), (), SpecError, r"2 classes and 1 channels; photographs\d+ has 3 and 3"),
        (f"{explored}#{some}", ("weights<=1KB",), InfeasibleError, "breaks weights<=1KB"),
    ]
    for name, requirements, error, message in cases:
        given = replace(job, network=name, requirements=requirements)
        with pytest.raises(error, match=message):
            build(given, tmp_path / "run")
        assert not (tmp_path / "run").exists(), name

"""What exploration begins with is part of the job: a prototype, a network to shrink, constraints."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attendnets.cost import cost
from attendnets.errors import InfeasibleError, RunFolderError, UsageError
from attendnets.exploration.open_space import OpenSpace
from attendnets.exploration.record import StudyRecord
from attendnets.exploration.screening import Screen, require_feasible
from attendnets.networks.catalogue import network_spec
from attendnets.pipeline import build, explore_stage, prepare
from attendnets.pipeline.commands import repeat_command
from attendnets.pipeline.freezing import frozen_reference
from attendnets.pipeline.listener import Listener
from attendnets.pipeline.main_job import reopen
from attendnets.prototype import Prototype
from attendnets.requirements import Requirements
from attendnets.run import Job, RunFolder
from attendnets.spec import ConvolutionSpec, StageSpec, to_json
from tests.pipeline.photographs import write_photographs

pytestmark = pytest.mark.usefixtures("one_thread")
TEXT = """\
input: {size: 32}
stem: {width: 8}
stages:
  - {blocks: [{kind: convolution, width: 8}]}
  - {blocks: [{kind: "?", width: 8..24, stride: 2}]}
"""


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photographs"), per_class=16, side=32)


@pytest.fixture
def job(photographs: Path, tmp_path: Path) -> Job:
    (tmp_path / "mine.yaml").write_text(TEXT)
    prototype = Prototype.read(tmp_path / "mine.yaml")
    return Job(
        str(photographs), ("weights<=20KB",), minutes=1, trials=3, epochs=2, threads=1, prototype=prototype
    )


def test_a_build_of_a_prototype_fills_it_within_the_requirements(job: Job, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert build(job, out).verdict.met
    run = RunFolder.open(out)
    record = run.read(run.study, StudyRecord)
    assert len(record.candidates) == 3
    for candidate in record.candidates:
        assert candidate.spec.stages[0] == StageSpec(blocks=(ConvolutionSpec(width=8),))
        assert (candidate.spec.input.height, candidate.spec.classes) == (32, 3)
        assert candidate.figures["weights"] <= 20_000
    assert "<html" in run.report.read_text()


def test_shortcuts_can_be_open_and_the_study_is_read_again(job: Job, tmp_path: Path) -> None:
    (tmp_path / "open.yaml").write_text(TEXT.replace("width: 8..24", 'width: 8..24, shortcut: "?"'))
    out = tmp_path / "run"
    given = replace(job, prototype=Prototype.read(tmp_path / "open.yaml"))
    record = explore_stage(prepare(given, out))
    without, having = record.choices["stages.1.blocks.0.shortcut"]
    assert without is False and having is True
    assert {each.spec.stages[0].blocks[0].shortcut for each in record.candidates} == {True}
    assert explore_stage(reopen(out)) == record


def test_a_prototype_with_fewer_networks_than_trials_says_so(photographs: Path, tmp_path: Path) -> None:
    class Notes(Listener):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def note(self, text: str) -> None:
            self.heard.append(text)

    (tmp_path / "small.yaml").write_text(
        TEXT.replace('"?"', "convolution").replace("8..24", "{one_of: [8, 16]}")
    )
    prototype = Prototype.read(tmp_path / "small.yaml")
    job = Job(str(photographs), minutes=1, trials=5, epochs=1, threads=1, prototype=prototype)
    notes = Notes()
    assert explore_stage(prepare(job, tmp_path / "run", notes)).trials == 2
    assert [text for text in notes.heard if text.startswith("2 candidates instead of 5: no further network")]


def test_a_run_goes_on_with_its_own_prototype_whatever_becomes_of_the_file(job: Job, tmp_path: Path) -> None:
    out = tmp_path / "run"
    chosen = explore_stage(prepare(job, out)).chosen
    (tmp_path / "mine.yaml").unlink()
    assert explore_stage(reopen(out)).chosen == chosen
    kept = Prototype.read(RunFolder.open(out).prototype)
    assert kept == job.prototype
    assert explore_stage(prepare(replace(job, prototype=kept), out)).chosen == chosen
    edited = Prototype.of({"stem": {"width": "?"}, "stages": [{"blocks": [{"kind": "?"}]}]})
    with pytest.raises(RunFolderError, match="a run with other prototype"):
        prepare(replace(job, prototype=edited), out)


def test_the_command_that_repeats_a_job_names_what_it_begins_with(job: Job) -> None:
    constrained = replace(job, constraints=("columnar", "no_strided_pointwise"))
    words = shlex.split(repeat_command(constrained, Path("runs/x")))
    assert words[words.index("--prototype") + 1] == "runs/x/prototype.json"
    assert [words[n + 1] for n, word in enumerate(words) if word == "--constraint"] == [
        "columnar",
        "no_strided_pointwise",
    ]
    shrinking = replace(job, prototype=None, shrink="attendnet_micro")
    assert "--shrink attendnet_micro" in repeat_command(shrinking, Path("runs/x"))
    assert "--prototype" not in repeat_command(job, Path("runs/x"), network="runs/x#abc")


def test_a_network_shrinks_to_a_share_of_what_it_costs_for_these_images(job: Job, tmp_path: Path) -> None:
    whole = cost(network_spec("attendnet_micro", 3, 3))
    given = replace(
        job, prototype=None, shrink="attendnet_micro", requirements=("macs<=0.2x", "weights<=0.5x")
    )
    out = tmp_path / "run"
    record = explore_stage(prepare(given, out))
    assert all(cost(candidate.spec).macs <= 0.2 * whole.macs for candidate in record.candidates)
    assert all(
        cost(candidate.spec).weights_bytes <= 0.5 * whole.weights_bytes for candidate in record.candidates
    )
    kept = RunFolder.open(out).record
    assert kept.job.requirements == (f"macs<={whole.macs // 5}", f"weights<={whole.weights_bytes // 2}")
    assert "--shrink attendnet_micro" in kept.command and "macs<=0.2x" in kept.command
    assert explore_stage(prepare(given, out)) == record
    assert explore_stage(reopen(out)) == record
    again = replace(given, shrink=f"{out}#{record.chosen}", requirements=("macs<=0.9x",))
    smaller = explore_stage(prepare(again, tmp_path / "again"))
    assert cost(smaller.network).macs <= 0.9 * cost(record.network).macs


def test_what_is_frozen_stays_when_a_network_shrinks(job: Job, tmp_path: Path) -> None:
    network = network_spec("attendnet_micro", 3, 3)
    given = replace(
        job,
        prototype=None,
        shrink="attendnet_micro",
        requirements=("macs<=0.8x",),
        constraints=("frozen:stages.0", "Frozen:stages.1.0"),
    )
    record = explore_stage(prepare(given, tmp_path / "run"))
    assert len({candidate.digest for candidate in record.candidates}) > 1
    for candidate in record.candidates:
        assert candidate.spec.stages[0] == network.stages[0]
        assert candidate.spec.stages[1].blocks[0] == network.stages[1].blocks[0]
    assert explore_stage(reopen(tmp_path / "run")) == record
    run = RunFolder.open(tmp_path / "run")
    assert "--constraint frozen:stages.0 --constraint frozen:stages.1.0" in run.record.command
    # The command of a card in the report is one of the network alone.
    assert "frozen:" not in repeat_command(run.record.job, tmp_path / "again", network="runs/x#abc")
    chosen = replace(run.record.job, prototype=None, constraints=(), network=f"{run.path}#{record.chosen}")
    assert explore_stage(prepare(chosen, tmp_path / "again")).network == record.network


def test_what_a_prototype_writes_can_be_frozen(job: Job, tmp_path: Path) -> None:
    frozen = ("frozen:stages.0", "frozen:stem", "frozen:head")
    record = explore_stage(prepare(replace(job, constraints=frozen), tmp_path / "run"))
    assert len(record.candidates) == 3
    assert len({candidate.spec.stages[0] for candidate in record.candidates}) == 1


def test_a_row_that_only_two_cells_together_move_is_checked_of_every_candidate() -> None:
    prototype = Prototype.of(
        {
            "stem": {"width": 8},
            "stages": [
                {
                    "blocks": [
                        {"kind": "convolution", "width": {"one_of": [8, 16]}, "repeat": "1..2"},
                        {"kind": "convolution", "width": 8},
                    ]
                }
            ],
        }
    )
    space = OpenSpace(prototype, channels=3, classes=3, sizes=(32,))
    names = ("frozen:stages.0.1",)
    screen = Screen(Requirements(), constraints=names, reference=frozen_reference(space, names))
    point = space.smallest()
    width, repeat = space.choices()
    assert screen(space.network(point))
    assert screen(space.network({**point, width: 16}))
    assert screen(space.network({**point, repeat: 2}))
    assert not screen(space.network({**point, width: 16, repeat: 2}))
    require_feasible(space, screen, seed=0)


def test_every_candidate_keeps_the_constraints(photographs: Path, tmp_path: Path) -> None:
    job = Job(
        str(photographs), ("weights<=40KB",), minutes=1, trials=4, threads=1, constraints=("anti-aliased",)
    )
    record = explore_stage(prepare(job, tmp_path / "run"))
    assert record.refused > 0
    for candidate in record.candidates:
        assert all(block.downsample == "average" for block in candidate.spec.blocks if block.stride == 2)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"network": "attendnet_micro"}, UsageError, "--network and --prototype each say what to begin with"),
        ({"shrink": "attendnet_micro"}, UsageError, "--prototype and --shrink each say"),
        ({"prototype": None, "shrink": "a", "network": "b"}, UsageError, "--network and --shrink each say"),
        ({"requirements": ("macs<=0.5x",)}, UsageError, "Name it with --shrink"),
        ({"prototype": None, "shrink": "nowhere.json"}, UsageError, "--shrink nowhere.json: no such network"),
        (
            {"prototype": None, "shrink": "attendnet_micro", "requirements": ("top1>=1x",)},
            UsageError,
            "top1 is not known",
        ),
        ({"constraints": ("round",)}, UsageError, "--constraint round: there is no such"),
        ({"constraints": ("columnar",)}, InfeasibleError, "the binding constraint is columnar"),
        ({"constraints": ("frozen:stages",)}, UsageError, "--constraint frozen:stages: .*frozen:PART"),
        (
            {"constraints": ("frozen:stages.1",)},
            UsageError,
            r"mine.yaml: stages\.1 cannot be frozen: stages\.1\.blocks\.0\.kind, which is open",
        ),
        (
            {"constraints": ("frozen:stages.1.1",)},
            UsageError,
            r"mine.yaml: stages\.1\.1 cannot be frozen: .*, stages\.1 with 1 rows, and head",
        ),
        (
            {"prototype": None, "shrink": "attendnet_micro", "constraints": ("frozen:stages.9",)},
            UsageError,
            r"--shrink attendnet_micro: stages\.9 cannot be frozen",
        ),
        (
            {"prototype": None, "constraints": ("frozen:stem",)},
            UsageError,
            "--constraint frozen:stem: there is no network whose part that is; give --shrink or --prototype",
        ),
        (
            {"prototype": None, "network": "attendnet_micro", "constraints": ("frozen:stem",)},
            UsageError,
            "--constraint frozen:stem: --network changes nothing",
        ),
        (
            {
                "prototype": None,
                "shrink": "attendnet_micro",
                "constraints": ("frozen:stages.0", "frozen:stages.1", "frozen:stages.2"),
                "requirements": ("macs<=0.1x",),
            },
            InfeasibleError,
            "binding requirement is macs",
        ),
        (
            {"prototype": None, "network": "attendnet_micro", "constraints": ("columnar",)},
            InfeasibleError,
            "The network breaks columnar at stages",
        ),
        ({"requirements": ("weights<=1KB",)}, InfeasibleError, "binding requirement is weights<=1KB"),
        ({"minutes": 0.001}, InfeasibleError, "can be trained in the time there is"),
    ],
)
def test_what_cannot_be_begun_is_refused_before_anything_is_written(
    changes: dict[str, Any], error: type[Exception], message: str, job: Job, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        prepare(replace(job, **changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_network_for_other_images_does_not_shrink(job: Job, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(to_json(network_spec("attendnet_micro", 7, 1)))
    with pytest.raises(UsageError, match="7 classes and 1 channels"):
        prepare(replace(job, prototype=None, shrink=str(path)), tmp_path / "run")

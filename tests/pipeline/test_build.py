"""The main job on real image files: a folder and requirements in, a proven int8 network out."""

import html
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from attendnets.data import open_data_set
from attendnets.errors import InfeasibleError, RunFolderError
from attendnets.exploration.record import StudyRecord
from attendnets.pipeline import (
    BuildResult,
    Context,
    FinalRecord,
    Listener,
    Step,
    benchmark_product,
    build,
    predict,
    reopen,
    train_stage,
)
from attendnets.pipeline.given_network import given_network
from attendnets.run import STAGES, Job, RunFolder, Stage
from attendnets.runtimes import describe_file
from attendnets.spec import digest
from tests.pipeline.photographs import KINDS, write_photographs

REQUIREMENTS = ("top1>=50", "weights<=60KB", "arena<=200KB", "file<=100KB")


def job_for(photographs: Path, **changes: object) -> Job:
    values: dict[str, object] = {
        "data": str(photographs),
        "requirements": REQUIREMENTS,
        "trials": 3,
        "epochs": 12,
        "minutes": 1,
        "threads": 2,
    }
    return Job(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photographs"))


@pytest.fixture(scope="module")
def built(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    return build(job_for(photographs), tmp_path_factory.mktemp("runs") / "run")


class Memory(Listener):
    """Remembers which stages were done and which were skipped."""

    def __init__(self) -> None:
        self.done: list[Stage] = []
        self.kept: list[Stage] = []

    def skipped(self, stage: Stage) -> None:
        self.kept.append(stage)

    def finished(self, stage: Stage, seconds: float, text: str) -> None:
        self.done.append(stage)

    def step(self, step: Step) -> None:
        assert step.total is None or step.done <= step.total


def test_the_verdict_judges_every_requirement_on_the_exported_file(built: BuildResult) -> None:
    assert [row.quantity for row in built.verdict.rows] == ["top1", "weights", "arena", "file"]
    measured = {row.quantity: row.measured for row in built.verdict.rows}
    tflite = built.run / "export" / "network.tflite"
    assert measured["file"] == tflite.stat().st_size
    assert measured["weights"] == describe_file(tflite).weights_bytes
    assert measured["top1"] == built.record.measurement.top1_percent
    assert built.verdict.met


def test_the_network_has_learned(built: BuildResult) -> None:
    low, high = built.record.measurement.top1_interval_percent
    assert low > 100 / len(KINDS)
    assert low <= built.record.measurement.top1_percent <= high
    assert built.record.measurement.images == 30


def test_the_exported_file_holds_no_float_operator(built: BuildResult) -> None:
    description = describe_file(built.run / "export" / "network.tflite")
    assert description.float_operators == ()
    assert description.input.dtype == description.output.dtype == "int8"
    assert (description.input.scale, description.input.zero_point) == (1.0, -128)


def test_the_run_folder_holds_every_stage(built: BuildResult) -> None:
    run = RunFolder.open(built.run)
    assert list(run.record.stages) == list(STAGES)
    for path in (run.data, run.journal, run.study, run.network, run.weights, run.training, run.observed):
        assert path.exists()
    assert "<html" in run.report.read_text()
    assert not list(built.run.rglob("*.partial*"))


def test_the_report_has_the_command_that_rebuilds_each_candidate(
    built: BuildResult, photographs: Path
) -> None:
    run, data = RunFolder.open(built.run), open_data_set(photographs)
    shells = re.findall(r'<pre class="shell"><code>(.*?)</code>', run.report.read_text())
    lines = [shlex.split(html.unescape(re.sub(r"<[^>]*>", "", shell))) for shell in shells]
    named = [line[line.index("--network") + 1] for line in lines if "--network" in line]
    candidates = run.read(run.study, StudyRecord).candidates
    assert {digest(given_network(name, data)) for name in named} == {c.digest for c in candidates}
    assert len(named) == len(candidates)


def test_building_again_repeats_nothing(built: BuildResult, photographs: Path) -> None:
    memory = Memory()
    again = build(job_for(photographs), built.run, memory)
    assert memory.kept == ["explore", "train", "quantize", "export", "benchmark", "report"]
    assert again.record == built.record


def test_the_same_seed_gives_the_same_network_and_the_same_accuracy(
    built: BuildResult, photographs: Path, tmp_path: Path
) -> None:
    twin = build(job_for(photographs), tmp_path / "twin")
    for name in ("network.json", "train/weights.safetensors", "export/network.tflite"):
        assert (twin.run / name).read_bytes() == (built.run / name).read_bytes(), name
    assert twin.record.measurement.predictions == built.record.measurement.predictions


def test_predictions_come_from_the_exported_file(built: BuildResult, photographs: Path) -> None:
    images = [photographs / kind / "000.png" for kind in KINDS]
    predictions = predict(built.run, images)
    assert [p.image for p in predictions] == [str(image) for image in images]
    for prediction in predictions:
        assert sum(prediction.probabilities.values()) == pytest.approx(1)
        assert prediction.confidence == max(prediction.probabilities.values())


def test_a_run_is_judged_on_a_folder_that_it_never_saw(built: BuildResult, tmp_path: Path) -> None:
    unseen = write_photographs(tmp_path / "unseen", per_class=10, seed=99)
    for runtime in ("litert", "tflite_micro"):
        measurement = benchmark_product(built.run, str(unseen), runtime=runtime)
        assert measurement.images == 30
        assert measurement.runtime == runtime
        assert measurement.top1_percent > 100 / len(KINDS)


def test_a_changed_exported_file_is_refused(built: BuildResult, photographs: Path, tmp_path: Path) -> None:
    from shutil import copytree

    from attendnets.errors import ExportError

    copy = tmp_path / "copy"
    copytree(built.run, copy)
    tflite = copy / "export" / "network.tflite"
    content = bytearray(tflite.read_bytes())
    content[len(content) // 2] ^= 0x80
    tflite.write_bytes(content)
    with pytest.raises(ExportError, match=r"network\.tflite"):
        predict(copy, [photographs / KINDS[0] / "000.png"])


def test_later_stages_take_other_arguments(built: BuildResult, tmp_path: Path) -> None:
    from shutil import copytree

    copy = tmp_path / "copy"
    copytree(built.run, copy)
    record = train_stage(reopen(copy, epochs=1))
    assert len(record.epochs) == 1
    assert "quantize" not in RunFolder.open(copy).record.stages


def test_requirements_that_cannot_be_met_are_refused_before_training(
    photographs: Path, tmp_path: Path
) -> None:
    job = job_for(photographs, requirements=("weights<=500B",))
    with pytest.raises(InfeasibleError, match="weights<=500B"):
        build(job, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_requirement_that_is_not_reached_gives_a_verdict_not_an_error(
    built: BuildResult, photographs: Path, tmp_path: Path
) -> None:
    job = job_for(photographs, requirements=("top1>=99.9", "weights<=60KB"), trials=1, epochs=1)
    result = build(job, tmp_path / "run")
    assert not result.verdict.met
    assert [row.quantity for row in result.verdict.shortfalls] == ["top1"]
    assert (result.run / "export" / "network.tflite").exists()


def test_the_final_record_is_plain_json(built: BuildResult) -> None:
    record = json.loads((built.run / "measure.json").read_text())
    assert record["measurement"]["images"] == 30
    assert FinalRecord.__dataclass_fields__.keys() == record.keys()


def test_learning_stages_hold_no_way_to_the_test_images(built: BuildResult) -> None:
    context: Context = reopen(built.run)
    learning = context.data.learning
    names = {sample.name for sample in (*learning.train, *learning.validation)}
    sealed = {prediction.name for prediction in built.record.measurement.predictions}
    assert names.isdisjoint(sealed)
    assert len(sealed) == len(context.data.test) == 30
    tables = (context.train_table(), context.validation_table())
    assert sum(len(table) for table in tables) == len(names)
    assert all(table.pixels.dtype == np.uint8 for table in tables)


def test_a_run_folder_must_exist(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"no run\.json"):
        reopen(tmp_path / "nothing")

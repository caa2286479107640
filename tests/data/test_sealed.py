"""The test split is sealed: what explores, trains, calibrates and quantizes cannot reach a test image."""

from __future__ import annotations

import ast
import copy
import dataclasses
import gc
import shutil
import types
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import msgspec
import pytest

from attendnets.data import Augmentation, DataSet, LearningData, PixelCache, Sample, SealedTest, open_data_set
from attendnets.exploration.short_training import ShortTrainer
from attendnets.spec import ConvolutionSpec, InputSpec, NetworkSpec, StageSpec, StemSpec
from attendnets.training import Recipe

from .conftest import MakeFolder

PACKAGE = Path(__file__).resolve().parents[2] / "attendnets"

SPEC = NetworkSpec(
    input=InputSpec(channels=3, height=16, width=16),
    stem=StemSpec(width=8),
    stages=(StageSpec(blocks=(ConvolutionSpec(width=8, stride=2),)),),
    classes=2,
)


@pytest.fixture
def data(make_folder: MakeFolder) -> DataSet:
    return open_data_set(make_folder({"a": 30, "b": 30}))


@pytest.fixture
def secrets(data: DataSet) -> set[str]:
    return {sample.name for sample in data.test.open()}


def reachable(root: object) -> list[object]:
    """All that Python's own memory manager can reach from ``root``, code and classes aside."""
    seen: dict[int, object] = {id(root): root}
    waiting = [root]
    while waiting:
        for thing in gc.get_referents(waiting.pop()):
            if not isinstance(thing, type | types.ModuleType | types.FunctionType) and id(thing) not in seen:
                seen[id(thing)] = thing
                waiting.append(thing)
    return list(seen.values())


def test_opening_is_the_only_public_way(data: DataSet, secrets: set[str]) -> None:
    public = [name for name in dir(data.test) if not name.startswith("_")]
    assert public == ["digest", "open"]
    assert isinstance(data.test.digest, str)
    assert len(data.test) == len(secrets) > 0


def test_it_is_not_printed(data: DataSet, secrets: set[str]) -> None:
    for text in (repr(data.test), str(data.test), f"{data.test}", repr(data)):
        assert not any(secret in text for secret in secrets)


def test_it_is_not_iterated_indexed_or_searched(data: DataSet) -> None:
    sample = data.test.open()[0]
    with pytest.raises(TypeError):
        iter(data.test)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        data.test[0]  # type: ignore[index]
    with pytest.raises(TypeError):
        assert sample in data.test  # type: ignore[operator]


def test_it_is_not_copied_pickled_or_encoded(data: DataSet) -> None:
    for thing in (data.test, data):
        for way in (copy.deepcopy, ForkingPickler.dumps, msgspec.json.encode):
            with pytest.raises(TypeError):
                way(thing)
    with pytest.raises(TypeError):
        copy.copy(data.test)
    with pytest.raises(TypeError):
        dataclasses.asdict(data)
    assert not hasattr(data.test, "__dict__")


def test_it_cannot_be_changed(data: DataSet) -> None:
    with pytest.raises(AttributeError):
        data.test.digest = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        data.test.samples = ()  # type: ignore[attr-defined]


def test_no_field_of_what_may_be_learned_from_leads_to_it(data: DataSet, secrets: set[str]) -> None:
    learning = data.learning
    assert {field.name for field in dataclasses.fields(LearningData)} == {
        "classes", "channels", "train", "validation", "orientation_free",
    }  # fmt: skip
    assert not {sample.name for sample in (*learning.train, *learning.validation)} & secrets
    things = reachable(learning)
    assert sum(isinstance(thing, Sample) for thing in things) == len(learning.train) + len(
        learning.validation
    )
    assert not any(isinstance(thing, SealedTest | DataSet) for thing in things)
    assert not any(isinstance(thing, str) and thing in secrets for thing in things)


def test_what_workers_are_sent_does_not_hold_it(data: DataSet, secrets: set[str]) -> None:
    sent = bytes(ForkingPickler.dumps(data.learning))
    assert data.learning.train[0].name.encode() in sent
    assert not any(secret.encode() in sent for secret in secrets)


def test_learning_goes_on_when_the_test_images_are_gone_from_the_disk(data: DataSet, tmp_path: Path) -> None:
    kept = {sample.path for sample in (*data.learning.train, *data.learning.validation)}
    for sample in data.test.open():
        sample.path.unlink()
    trainer = ShortTrainer(
        data.learning, PixelCache(tmp_path / "cache"), Recipe(batch_size=8), Augmentation.for_photos()
    )
    assert trainer(SPEC, epochs=1).images == len(data.learning.validation)
    assert all(path.exists() for path in kept)


def test_other_test_images_change_nothing_that_is_learned(make_folder: MakeFolder) -> None:
    first = make_folder({f"{split}/{c}": 8 for split in ("train", "val", "test") for c in "ab"}, "first")
    second = make_folder({f"test/{c}": 3 for c in "ab"}, "second")
    for split in ("train", "val"):
        shutil.copytree(first / split, second / split)
    results = [
        ShortTrainer(
            open_data_set(folder).learning, PixelCache(None), Recipe(batch_size=8), Augmentation.none()
        )(SPEC, epochs=2).top1_percent
        for folder in (first, second)
    ]
    assert results[0] == results[1]


def sources() -> list[tuple[str, ast.Module]]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return [(path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text())) for path in paths]


def test_only_the_rooms_that_see_the_whole_job_know_a_type_with_a_test_split() -> None:
    doors = {"DataSet", "SealedTest", "open_data_set", "open_test_folder"}
    knowing = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id in doors)
        or (isinstance(node, ast.Attribute) and node.attr in doors)
        or (isinstance(node, ast.alias) and node.name in doors)
    }
    assert {name.split("/")[0] for name in knowing} <= {"__init__.py", "cli", "data", "pipeline"}


def test_the_seal_is_broken_by_the_final_measurement_and_its_report_alone() -> None:
    places = {
        f"{name}:{function.name}"
        for name, tree in sources()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "open"
        and isinstance(node.value, ast.Attribute) and node.value.attr == "test"
    }  # fmt: skip
    assert places <= {"pipeline/product_stages.py:benchmark_stage", "pipeline/reporting.py:report_stage"}


def test_the_stages_that_learn_never_mention_the_test_split() -> None:
    trees = dict(sources())
    learning = trees["pipeline/learning_stages.py"]
    assert not [
        node for node in ast.walk(learning) if isinstance(node, ast.Attribute) and node.attr == "test"
    ]

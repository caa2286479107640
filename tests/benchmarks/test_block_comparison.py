"""Blocks are compared at equal size, on the same images, seed by seed; a break costs one training at most."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from attendnets.cost import cost
from attendnets.errors import DataError, UsageError
from attendnets.spec import InputSpec, NetworkSpec
from benchmarks import record, softmax_gate
from benchmarks.block_comparison import COMPARISON, rows
from benchmarks.comparison_tables import block_comparison_rows, softmax_gate_rows
from benchmarks.equal_networks import BLOCKS, TOLERANCE, equal_network
from benchmarks.image_subset import Part, Tables, copy_part, load
from benchmarks.seeded_trainings import accuracy_figures, over_seeds, right_of

IMAGE = InputSpec(height=32, width=32)
PART = Part(classes=2, training=6, validation=3, test=4, side=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of noise at different brightness, train and test."""
    root = tmp_path_factory.mktemp("images") / "noise"
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 8)):
        for label, name in enumerate(("dark", "grey", "light")):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(70 * label, 70 * label + 80, (20, 20, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{number:02d}.png")
    return root


@pytest.fixture(scope="module")
def tables(folder: Path) -> Tables:
    return load(folder, PART)


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Records go to a folder of their own."""
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path
    torch.set_num_threads(threads)


@pytest.mark.parametrize("parameters", [30_000, 70_000, 200_000])
@pytest.mark.parametrize("block", BLOCKS)
def test_networks_have_equal_parameters_and_keep_their_proportions(block: str, parameters: int) -> None:
    spec = equal_network(block, parameters, IMAGE, 10)
    assert abs(cost(spec).parameters / parameters - 1) <= TOLERANCE
    first, second, third = (stage.blocks[-1].width for stage in spec.stages)
    assert 1.2 < second / first < 2.3 and 1.1 < third / second < 1.9


def test_attention_alone_differs_between_double_condensers() -> None:
    with_attention, without = (
        cost(equal_network(block, 70_000, IMAGE, 10)) for block in ("DC-AC", "DC-AC without attention")
    )
    assert (with_attention.parameters, with_attention.macs) == (without.parameters, without.macs)


def test_parameters_that_cannot_be_met_are_refused() -> None:
    with pytest.raises(UsageError, match="ask for more parameters"):
        equal_network("VAC", 600, IMAGE, 10)


def test_a_part_is_drawn_from_each_class_and_no_image_twice(folder: Path, tmp_path: Path) -> None:
    copy_part(folder, tmp_path / "part", PART)
    files = {
        (split, name): {file.name for file in (tmp_path / "part" / split / name).iterdir()}
        for split in ("train", "validation", "test")
        for name in ("dark", "grey")
    }
    assert [len(names) for names in files.values()] == [6, 6, 3, 3, 4, 4]
    assert not files["train", "dark"] & files["validation", "dark"]
    assert not (tmp_path / "part" / "train" / "light").exists()
    copy_part(folder, tmp_path / "again", PART)
    assert {file.name for file in (tmp_path / "again" / "train" / "grey").iterdir()} == files["train", "grey"]


def test_validation_images_are_taken_where_they_are(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for split, own in (("train", "train"), ("val", "test"), ("testing", "test")):
        (source / split).mkdir(parents=True)
        for name in ("dark", "light"):
            (source / split / name).symlink_to(folder / own / name)
    copy_part(source, tmp_path / "part", Part(classes=2, training=12, validation=8, test=8))
    assert len(list((tmp_path / "part" / "validation" / "light").iterdir())) == 8
    assert len(list((tmp_path / "part" / "train" / "light").iterdir())) == 12


def test_a_folder_without_splits_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no t"):
        copy_part(folder / "train", tmp_path / "part", PART)
    with pytest.raises(DataError, match="is no folder"):
        copy_part(tmp_path / "nowhere", tmp_path / "part", PART)
    with pytest.raises(DataError, match="no validation images"):
        copy_part(folder, tmp_path / "part", Part(training=12))


def test_the_mean_over_seeds_has_students_interval() -> None:
    found = over_seeds([70.0, 71.0, 72.0])
    assert found["mean"] == 71.0
    assert found["interval"] == pytest.approx([71 - 4.303 / 3**0.5, 71 + 4.303 / 3**0.5])
    assert over_seeds([70.0]) == {"mean": 70.0, "interval": None}
    with pytest.raises(UsageError, match="0 seeds"):
        over_seeds([])


def test_which_images_were_right_is_kept() -> None:
    right = np.random.default_rng(0).random(29) < 0.6
    figures = accuracy_figures(right)
    assert figures["top1_percent"] == pytest.approx(100 * right.mean())
    assert (right_of(figures, 29) == right).all()


def networks() -> dict[str, NetworkSpec]:
    image = InputSpec(height=16, width=16)
    return {block: equal_network(block, 20_000, image, 2) for block in ("plain convolution", "AC")}


class Break(Exception):
    """Somebody needs the machine."""


def test_a_break_costs_one_training_at_most(tables: Tables) -> None:
    said: list[str] = []

    def after_three(line: str) -> None:
        said.append(line)
        if len(said) == 3:
            raise Break

    with pytest.raises(Break):
        COMPARISON(networks(), tables, epochs=1, seeds=2, command="python", progress=after_three)
    kept = record.read_record("block_comparison")
    assert kept is not None and len(kept.figures["runs"]) == 3 and not kept.figures["finished"]
    assert "Not finished: 3 of 4 trainings" in block_comparison_rows(kept.figures)[2]

    whole = COMPARISON(networks(), tables, epochs=1, seeds=2, command="python", progress=said.append)
    assert [line.split(":")[0] for line in said] == [
        "plain convolution, seed 0", "AC, seed 0", "plain convolution, seed 1", "AC, seed 1",
    ]  # fmt: skip
    assert whole["finished"] and whole["runs"][:3] == kept.figures["runs"]
    written = record.read_record("block_comparison")
    assert written is not None
    assert [row["block"] for row in written.figures["rows"]] == ["plain convolution", "AC"]
    head, shown, how = block_comparison_rows(written.figures)
    assert all(len(row) == len(head) for row in shown)
    assert "12 training images at 16 pixels, 1 epochs" in how and "Not finished" not in how

    said.clear()
    with pytest.raises(Break):
        COMPARISON(networks(), tables, epochs=2, seeds=2, command="python", progress=after_three)
    assert said[0].startswith("plain convolution, seed 0"), "another setting starts anew"


def test_differences_are_between_the_same_seeds() -> None:
    spec = networks()
    bits = np.arange(100) < 70
    runs = [
        {"name": "plain convolution", "seed": 0, **accuracy_figures(bits)},
        {"name": "AC", "seed": 0, **accuracy_figures(np.arange(100) < 80)},
        {"name": "AC", "seed": 1, **accuracy_figures(bits)},
    ]
    plain, condenser = rows(spec, runs, 100)
    assert "difference_percent" not in plain
    assert condenser["difference_percent"]["mean"] == pytest.approx(10)
    assert (condenser["seeds_better"], condenser["seeds_worse"]) == (1, 0)
    assert condenser["top1_percent_by_seed"] == [80, 70]


PUBLISHED, *_, FRIENDLY = softmax_gate.FORMS


def test_a_gate_is_tested_in_float_and_in_8_bits(tables: Tables) -> None:
    forms = softmax_gate.networks(tables, 40_000)
    assert len({cost(spec).parameters for spec in forms.values()}) == 1
    found = softmax_gate.COMPARISON(
        {FRIENDLY: forms[FRIENDLY]}, tables, epochs=1, seeds=1, command="python", progress=print
    )
    row, run = found["rows"][0], found["runs"][0]
    assert row["int8_float_operators"] == [] and row["product_refusal"] == ""
    assert run["int8_file_bytes"] > 40_000 and run["product"]["file_bytes"] > 40_000
    assert 0 <= row["product_top1_percent"]["mean"] <= 100
    assert "Not finished" not in softmax_gate_rows(found)[2]


def test_a_form_without_an_int8_file_of_ours_says_so(tables: Tables) -> None:
    forms = {PUBLISHED: softmax_gate.networks(tables, 40_000)[PUBLISHED]}
    run = {
        "name": PUBLISHED, "seed": 0, "int8_float_operators": [], "product": None, "product_refusal": "no",
        "int8": accuracy_figures(np.arange(100) < 60), **accuracy_figures(np.arange(100) < 64),
    }  # fmt: skip
    found = softmax_gate.rows(forms, [run], 100)
    assert found[0]["int8_loss_percent"]["mean"] == pytest.approx(4)
    assert found[0]["int8_changed_percent"]["mean"] == pytest.approx(4)
    setting = {"test_images": 100, "classes": [], "data": "", "training_images": 1, "image_pixels": 1}
    setting |= {"epochs": 1, "seeds": 1, "networks": forms}
    figures = {"rows": found, "runs": [run], "setting": setting, "finished": True, "minutes": 1.0}
    head, shown, _ = softmax_gate_rows(figures)
    assert len(shown[0]) == len(head)
    assert shown[0][1:] == ("64.0 %", "60.0 %", "+4.0; 4.0 % of images", "none: it would compute in float")

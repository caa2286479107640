"""The gate lets exported files through that compute what the quantized network computes, and no others."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from attendnets import atomic
from attendnets.errors import ExportError, ParityError, RuntimeFailure
from attendnets.export.parity import (
    ParityPair,
    ParityReport,
    Tolerance,
    check_parity,
    compare,
    failure_of,
    same_best_class,
    sha256,
    verify_files,
)
from attendnets.export.weights import different_layers, onnx_layers, tflite_layers
from attendnets.runtimes import RUNTIMES
from tests.exported_network import ExportedNetwork, weight_positions, with_flipped_bit

PROGRAMS = {"pytorch", *RUNTIMES}


@pytest.fixture(scope="module")
def report(exported: ExportedNetwork) -> ParityReport:
    return check_parity(exported.quantized.run, exported.tflite, exported.onnx, exported.pixels)


class TestHonestFiles:
    def test_pass(self, report: ParityReport) -> None:
        assert report.passed
        assert report.failures == ()
        report.require()

    def test_arecompared_in_every_pair_of_programs(self, report: ParityReport) -> None:
        pairs = {frozenset((pair.first, pair.second)) for pair in report.pairs}
        assert len(report.pairs) == len(pairs) == len(PROGRAMS) * (len(PROGRAMS) - 1) // 2
        assert frozenset.union(*pairs) == PROGRAMS
        assert set(report.versions) == PROGRAMS

    def test_arecompared_on_every_image(self, report: ParityReport, exported: ExportedNetwork) -> None:
        assert report.images == len(exported.pixels)
        assert {pair.images for pair in report.pairs} == {len(exported.pixels)}

    def test_leave_their_digests(self, report: ParityReport, exported: ExportedNetwork) -> None:
        assert report.sha256 == {
            "network.tflite": sha256(exported.tflite),
            "network.onnx": sha256(exported.onnx),
        }

    def test_reference_kernels_agree_with_each_other_within_a_step(self, report: ParityReport) -> None:
        pair = next(p for p in report.pairs if {p.first, p.second} == {"litert_reference", "tflite_micro"})
        assert pair.largest_difference_steps <= 1

    def test_leave_a_report_that_survives_json(self, report: ParityReport) -> None:
        assert msgspec.json.decode(msgspec.json.encode(report), type=ParityReport) == report


def test_slow_kernels_run_a_stated_part_spread_over_the_images(exported: ExportedNetwork) -> None:
    report = check_parity(
        exported.quantized.run, exported.tflite, exported.onnx, exported.pixels, reference_images=7
    )
    images = {(pair.first, pair.second): pair.images for pair in report.pairs}
    assert images["pytorch", "litert"] == images["litert", "onnxruntime"] == len(exported.pixels)
    assert images["pytorch", "tflite_micro"] == images["litert_reference", "tflite_micro"] == 7


def test_one_image_is_enough(exported: ExportedNetwork) -> None:
    one = exported.pixels[:1]
    assert check_parity(exported.quantized.run, exported.tflite, exported.onnx, one).images == 1


class TestTampering:
    def test_any_flipped_weight_bit_of_the_tflite_file_is_caught(
        self, exported: ExportedNetwork, tmp_path: Path
    ) -> None:
        assert different_layers(exported.tflite, exported.onnx) == ()
        for seed, position in enumerate(weight_positions(exported.tflite, 40, seed=11)):
            altered = with_flipped_bit(exported.tflite, tmp_path / "network.tflite", position, bit=seed % 8)
            assert different_layers(altered, exported.onnx), f"bit {seed % 8} of byte {position}"

    def test_any_flipped_weight_bit_of_the_onnx_file_is_caught(
        self, exported: ExportedNetwork, tmp_path: Path
    ) -> None:
        for seed, position in enumerate(onnx_weight_positions(exported.onnx, 40, seed=12)):
            altered = with_flipped_bit(exported.onnx, tmp_path / "network.onnx", position, bit=seed % 8)
            assert different_layers(exported.tflite, altered), f"bit {seed % 8} of byte {position}"

    @pytest.mark.parametrize("file_format", ["tflite", "onnx"])
    def test_the_gate_fails_and_names_the_layer(
        self, exported: ExportedNetwork, tmp_path: Path, file_format: str
    ) -> None:
        tflite, onnx = exported.tflite, exported.onnx
        if file_format == "tflite":
            (position,) = weight_positions(tflite, 1, seed=1)
            tflite = with_flipped_bit(tflite, tmp_path / "network.tflite", position)
        else:
            (position,) = onnx_weight_positions(onnx, 1, seed=1)
            onnx = with_flipped_bit(onnx, tmp_path / "network.onnx", position)
        report = check_parity(exported.quantized.run, tflite, onnx, exported.pixels[:20])
        assert not report.passed
        with pytest.raises(ParityError, match=r"different weights: .* of network\."):
            report.require()

    def test_an_altered_bias_or_scale_is_caught(self, exported: ExportedNetwork, tmp_path: Path) -> None:
        layer = tflite_layers(exported.tflite)[3]
        largest = int(np.abs(layer.bias).argmax())
        stored = np.round(layer.bias / layer.bias_step).astype("<i4").tobytes()
        offset = exported.tflite.read_bytes().index(stored) + 4 * largest
        altered = with_flipped_bit(exported.tflite, tmp_path / "bias.tflite", offset, bit=7)
        assert different_layers(altered, exported.onnx)
        scale = layer.scales.astype("<f4").tobytes()
        offset = exported.tflite.read_bytes().index(scale) + 2
        altered = with_flipped_bit(exported.tflite, tmp_path / "scale.tflite", offset, bit=5)
        assert different_layers(altered, exported.onnx)


class TestWrongFiles:
    def test_of_another_program_do_not_pass(self, exported: ExportedNetwork) -> None:
        def negated(pixels: np.ndarray) -> np.ndarray:
            return -exported.quantized.run(pixels)

        report = check_parity(negated, exported.tflite, exported.onnx, exported.pixels)
        with pytest.raises(ParityError, match="pytorch and litert: the same class, or one within"):
            report.require()
        # The files agree with each other, and the report says which program is alone.
        assert all(failure.startswith("pytorch and ") for failure in report.failures)

    def test_beyond_a_tolerance_do_not_pass(self, exported: ExportedNetwork) -> None:
        strict = Tolerance(top1_agreement_percent=100.0, difference_steps=0, mean_difference_steps=0.0)

        def shifted(pixels: np.ndarray) -> np.ndarray:
            return exported.quantized.run(pixels) + 1.0

        report = check_parity(shifted, exported.tflite, exported.onnx, exported.pixels, strict)
        assert any("steps apart (at most 0)" in failure for failure in report.failures)
        assert any("on average (at most 0.0)" in failure for failure in report.failures)

    def test_that_are_damaged_are_refused(self, exported: ExportedNetwork, tmp_path: Path) -> None:
        cut = tmp_path / "network.tflite"
        cut.write_bytes(exported.tflite.read_bytes()[:-100])
        with pytest.raises(RuntimeFailure, match="cut short"):
            check_parity(exported.quantized.run, cut, exported.onnx, exported.pixels)


def test_equal_best_logits_agree_with_either_class() -> None:
    first = np.array([[5, 5, 1], [5, 4, 1], [1, 2, 3]], np.int8)
    second = np.array([[1, 5, 4], [4, 5, 1], [0, 0, 9]], np.int8)
    assert same_best_class(first, second).tolist() == [True, False, True]


def test_int8_extremes_are_255_steps_apart() -> None:
    first, second = np.array([[-128, 127]], np.int8), np.array([[127, -128]], np.int8)
    assert not same_best_class(first, second, tie_steps=254).any()
    assert same_best_class(first, second, tie_steps=255).all()


def test_classes_within_the_accepted_rounding_are_ties() -> None:
    sure, unsure = np.array([[90, 40, 0]]), np.array([[60, 58, 0]])
    assert same_best_class(unsure, np.array([[57, 61, 0]]), tie_steps=4).all()
    assert same_best_class(unsure, np.array([[55, 61, 0]]), tie_steps=4).all()
    assert not same_best_class(unsure, np.array([[55, 60, 0]]), tie_steps=1).any()
    assert not same_best_class(sure, np.array([[40, 90, 0]]), tie_steps=4).any()
    assert not same_best_class(sure, np.array([[89, 40, 94]]), tie_steps=4).any()


@given(
    outputs=hnp.arrays(np.int8, (2, 5, 4)),
    tie_steps=st.integers(0, 20),
)
def test_ties_are_alike_from_both_sides_and_only_add_to_what_agrees(
    outputs: np.ndarray, tie_steps: int
) -> None:
    first, second = outputs
    same = same_best_class(first, second, tie_steps)
    assert (same == same_best_class(second, first, tie_steps)).all()
    assert (same >= same_best_class(first, second)).all()


class TestHardClasses:
    """Rounding that the gate accepts names another class where two are nearly equal: no reason to refuse."""

    @pytest.fixture
    def answers(self) -> np.ndarray:
        rng = np.random.default_rng(0)
        logits = rng.integers(-60, 60, (1000, 10))
        order = np.argsort(logits, axis=1)
        close = rng.random(1000) < 0.1
        rows = np.flatnonzero(close)
        logits[rows, order[rows, -2]] = logits[rows, order[rows, -1]] - rng.integers(0, 3, len(rows))
        return logits

    def judged(self, first: np.ndarray, second: np.ndarray) -> tuple[ParityPair, str]:
        rows = np.arange(len(first))
        as_int8 = [np.clip(a, -128, 127).astype(np.int8) for a in (first, second)]
        pair = compare("litert", "onnxruntime", (rows, as_int8[0]), (rows, as_int8[1]), 4)
        return pair, failure_of(pair, Tolerance())

    def test_pass_with_many_near_ties(self, answers: np.ndarray) -> None:
        moved = answers + np.random.default_rng(1).integers(-3, 4, answers.shape)
        pair, failure = self.judged(answers, moved)
        assert pair.top1_agreement_percent < 97.0
        assert pair.tied_agreement_percent > 99.0
        assert failure == ""

    def test_do_not_pass_when_a_class_is_wrong_now_and_then(self, answers: np.ndarray) -> None:
        wrong = answers.copy()
        wrong[::20] = wrong[::20, ::-1]
        assert "the same class, or one within 4 steps of it, in 95" in self.judged(answers, wrong)[1]


def test_few_images_are_not_failed_for_near_ties() -> None:
    def judged(images: int, agreeing: int) -> str:
        share = 100 * agreeing / images
        pair = ParityPair(
            "pytorch",
            "litert",
            images,
            top1_agreement_percent=share,
            tied_agreement_percent=share,
            largest_difference_steps=1,
            mean_difference_steps=0,
        )
        return failure_of(pair, Tolerance())

    assert judged(images=3, agreeing=2) == ""
    assert judged(images=60, agreeing=58) == ""
    assert judged(images=300, agreeing=293) == ""
    assert "95.0 % of 300 images" in judged(images=300, agreeing=285)
    assert judged(images=12, agreeing=8)


def test_layers_are_the_same_in_both_formats(exported: ExportedNetwork) -> None:
    tflite, onnx = tflite_layers(exported.tflite), onnx_layers(exported.onnx)
    assert len(tflite) == len(onnx) > 8
    assert sorted(layer.weights.shape for layer in tflite) == sorted(layer.weights.shape for layer in onnx)


class TestVerifyFiles:
    @pytest.fixture
    def folder(self, exported: ExportedNetwork, report: ParityReport, tmp_path: Path) -> Path:
        for file in (exported.tflite, exported.onnx):
            shutil.copy(file, tmp_path)
        atomic.write_json(tmp_path / "parity.json", report)
        return tmp_path

    def test_proven_files_are_accepted(self, folder: Path) -> None:
        verify_files(folder)

    @pytest.mark.parametrize("name", ["network.tflite", "network.onnx"])
    def test_every_changed_byte_is_found(self, folder: Path, name: str) -> None:
        proven = (folder / name).read_bytes()
        for offset in (0, len(proven) // 3, len(proven) - 1):
            changed = bytearray(proven)
            changed[offset] ^= 1
            (folder / name).write_bytes(changed)
            with pytest.raises(ExportError, match=f"changed since they passed the gate: {name}"):
                verify_files(folder)

    def test_missing_files_are_named(self, folder: Path) -> None:
        (folder / "network.onnx").unlink()
        with pytest.raises(ExportError, match=r"missing: network\.onnx"):
            verify_files(folder)

    def test_a_folder_without_proof_is_refused(self, folder: Path) -> None:
        (folder / "parity.json").unlink()
        with pytest.raises(ExportError, match="neither"):
            verify_files(folder)

    def test_a_broken_record_is_refused(self, folder: Path) -> None:
        (folder / "parity.json").write_text("{")
        with pytest.raises(ExportError, match="cannot be read"):
            verify_files(folder)


def onnx_weight_positions(path: Path, count: int, seed: int) -> list[int]:
    import onnx
    from onnx import numpy_helper

    content = path.read_bytes()
    tensors = [numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer]
    weights = [t.tobytes() for t in tensors if t.dtype == np.int8 and t.ndim >= 2]
    offsets = [content.index(data) + k for data in weights for k in range(len(data))]
    return [int(k) for k in np.random.default_rng(seed).choice(offsets, count, replace=False)]

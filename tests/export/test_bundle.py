"""A bundle holds what an engineer needs to use the network and to prove a port right."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from attendnets.benchmark import benchmark
from attendnets.data import Preprocessing, load_pixels
from attendnets.errors import ExportError
from attendnets.export.bundle import write_bundle
from attendnets.export.c_source import arena_with_headroom, resolver_methods
from attendnets.export.facts import ModelFacts, read_facts
from attendnets.export.model_card import write_model_card
from attendnets.export.parity import verify_files
from attendnets.runtimes import RUNTIMES, Arena, describe_file, measure_arena, open_session
from attendnets.spec import digest
from tests.exported_network import CLASSES, SIDE, ExportedNetwork, write_samples

GOLDEN_IMAGES = 3


def bundle_of(exported: ExportedNetwork, folder: Path, classes: tuple[str, ...] = CLASSES) -> ModelFacts:
    return write_bundle(
        folder,
        tflite=exported.tflite,
        onnx=exported.onnx,
        classes=classes,
        preprocessing=exported.preprocessing,
        spec=exported.spec,
        golden_pixels=exported.pixels[:GOLDEN_IMAGES],
        golden_names=tuple(f"table/{k}.jpg" for k in range(GOLDEN_IMAGES)),
        data_name="tableware",
        notes=("Images CC0.",),
    )


@pytest.fixture(scope="module")
def folder(exported: ExportedNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle")
    bundle_of(exported, path)
    return path


def test_every_file_is_there(folder: Path) -> None:
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {
        "network.tflite", "network.onnx", "labels.txt", "preprocessing.json", "preprocessing.txt",
        "model.json", "network_model.h", "network_model.cc", "README.md", "golden/index.json",
        *(f"golden/{k:02d}.{ending}" for k in range(GOLDEN_IMAGES) for ending in ("png", "input.bin")),
    }  # fmt: skip


def test_the_networks_are_the_exported_ones(folder: Path, exported: ExportedNetwork) -> None:
    assert (folder / "network.tflite").read_bytes() == exported.tflite.read_bytes()
    assert (folder / "network.onnx").read_bytes() == exported.onnx.read_bytes()


def test_labels_are_in_the_order_of_the_logits(folder: Path) -> None:
    assert (folder / "labels.txt").read_text().splitlines() == list(CLASSES)


def test_preprocessing_is_there_for_programs_and_in_words(folder: Path, exported: ExportedNetwork) -> None:
    read = msgspec.json.decode((folder / "preprocessing.json").read_bytes(), type=Preprocessing)
    assert read == exported.preprocessing
    words = (folder / "preprocessing.txt").read_text()
    assert exported.preprocessing.describe() in words
    assert "int8 value = pixel - 128" in words


def test_facts_say_grids_operators_and_arena(folder: Path, exported: ExportedNetwork) -> None:
    facts, described = read_facts(folder), describe_file(exported.tflite)
    assert facts.network == digest(exported.spec)
    assert (facts.input, facts.output) == (described.input, described.output)
    assert sum(facts.operators.values()) == len(described.operators)
    assert facts.arena == measure_arena(exported.tflite)
    assert facts.suggested_arena_bytes > facts.arena.arena_bytes


class TestGoldenVectors:
    def test_inputs_are_the_pictures_as_raw_int8(self, folder: Path, exported: ExportedNetwork) -> None:
        for k, entry in enumerate(json.loads((folder / "golden/index.json").read_text())):
            raw = np.frombuffer((folder / "golden" / entry["input"]).read_bytes(), np.int8)
            pixels = raw.astype(np.int16).reshape(SIDE, SIDE, 3) + 128
            assert np.array_equal(pixels, exported.pixels[k])
            assert np.array_equal(np.asarray(Image.open(folder / "golden" / entry["picture"])), pixels)

    def test_pictures_read_as_users_read_them_give_the_outputs(
        self, folder: Path, exported: ExportedNetwork
    ) -> None:
        for entry in json.loads((folder / "golden/index.json").read_text()):
            pixels = load_pixels(folder / "golden" / entry["picture"], exported.preprocessing)[None]
            for runtime, outputs in entry["outputs"].items():
                file = folder / f"network.{RUNTIMES[runtime].format}"
                assert open_session(file, runtime).run(pixels)[0].tolist() == outputs

    def test_every_runtime_and_the_images_names_are_in_it(self, folder: Path) -> None:
        for k, entry in enumerate(json.loads((folder / "golden/index.json").read_text())):
            assert set(entry["outputs"]) == set(RUNTIMES)
            assert entry["name"] == f"table/{k}.jpg"


class TestDigests:
    def test_cover_every_file_but_facts_and_card(self, folder: Path) -> None:
        names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert set(read_facts(folder).sha256) == names - {"model.json", "README.md"}
        verify_files(folder)

    @pytest.mark.parametrize("name", ["network.tflite", "labels.txt", "preprocessing.json", "golden/00.png"])
    def test_find_a_change_of_any_of_them(self, folder: Path, name: str, tmp_path: Path) -> None:
        copy = tmp_path / "bundle"
        shutil.copytree(folder, copy)
        (copy / name).write_bytes((copy / name).read_bytes() + b" ")
        with pytest.raises(ExportError, match=name):
            verify_files(copy)


@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler (g++) on this machine")
def test_the_c_source_compiles_and_holds_the_network(folder: Path, tmp_path: Path) -> None:
    """A program prints what a firmware would use, with a resolver that counts like tflite-micro's."""
    facts = read_facts(folder)
    methods = resolver_methods(list(facts.operators))
    (tmp_path / "main.cc").write_text(
        """
#include <cstdint>
#include <cstdio>
#include "network_model.h"
enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };
struct Resolver {
  unsigned count = 0;
  TfLiteStatus Add() { return count++ < kNetworkOperators ? kTfLiteOk : kTfLiteError; }
"""
        + "".join(f"  TfLiteStatus {method}() {{ return Add(); }}\n" for method in methods)
        + """};
alignas(16) static uint8_t arena[kNetworkArenaBytes];
int main() {
  Resolver resolver;
  const bool registered = AddNetworkOperators(resolver);
  const bool aligned = reinterpret_cast<uintptr_t>(network_model) % 16 == 0;
  std::printf("%d %d %u %zu %d %.9g %d\\n", registered, aligned, resolver.count, sizeof(arena),
              kNetworkInputZeroPoint, kNetworkOutputScale, kNetworkOutputZeroPoint);
  for (const char* label : network_labels) std::printf("%s\\n", label);
  std::fwrite(network_model, 1, kNetworkModelLength, stderr);
}
"""
    )
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I", str(folder)]
    sources = [str(tmp_path / "main.cc"), str(folder / "network_model.cc")]
    subprocess.run([*command, *sources, "-o", str(tmp_path / "main")], check=True)
    printed = subprocess.run([str(tmp_path / "main")], capture_output=True, check=True)
    assert printed.stderr == (folder / "network.tflite").read_bytes()
    figures, *labels = printed.stdout.decode().splitlines()
    registered, aligned, operators, arena, zero, scale, out_zero = figures.split()
    assert (registered, aligned, int(operators)) == ("1", "1", len(facts.operators))
    assert int(arena) == facts.suggested_arena_bytes
    assert (int(zero), int(out_zero)) == (-128, facts.output.zero_point)
    assert np.float32(scale) == np.float32(facts.output.scale)
    assert labels == list(CLASSES)


@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler (g++) on this machine")
def test_odd_class_names_survive_in_c(exported: ExportedNetwork, tmp_path: Path) -> None:
    bundle_of(exported, tmp_path, classes=('a "b"', "c\\d", "naïve", "x??/y"))
    source = str(tmp_path / "network_model.cc")
    subprocess.run(["g++", "-std=c++17", "-Wall", "-Werror", "-c", source, "-o", f"{source}.o"], check=True)


def test_methods_are_those_of_the_resolver() -> None:
    names = [
        "CONV_2D",
        "PADV2",
        "RESIZE_NEAREST_NEIGHBOR",
        "CONV_2D",
        "RELU6",
        "MAX_POOL_2D",
        "FULLY_CONNECTED",
    ]
    assert resolver_methods(names) == (
        "AddConv2D", "AddFullyConnected", "AddMaxPool2D", "AddPadV2", "AddRelu6", "AddResizeNearestNeighbor",
    )  # fmt: skip


def test_the_suggested_arena_is_a_quarter_above_in_whole_kibibytes() -> None:
    assert arena_with_headroom(Arena(4096, "tflite_micro", "1")) == 5120
    assert arena_with_headroom(Arena(4097, "tflite_micro", "1")) == 6144


def test_the_card_tells_accuracy_once_it_is_measured(
    folder: Path, exported: ExportedNetwork, tmp_path: Path
) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(folder, copy)
    card = (copy / "README.md").read_text()
    assert "Not measured yet" in card
    assert "Images CC0." in card

    samples = write_samples(tmp_path, exported.pixels[:8], [0, 1, 2, 3] * 2)
    measured = benchmark(copy / "network.tflite", samples, CLASSES, exported.preprocessing)
    write_model_card(copy, measured)
    card = (copy / "README.md").read_text()
    assert f"{measured.top1_percent:.1f} % of 8 test images" in card
    assert re.search(r"\| fork \| \d+\.\d % \|", card)
    verify_files(copy)


def test_writing_again_replaces_the_bundle(exported: ExportedNetwork, tmp_path: Path) -> None:
    first = bundle_of(exported, tmp_path)
    assert bundle_of(exported, tmp_path) == first
    verify_files(tmp_path)


def test_a_bundle_that_was_interrupted_is_none(exported: ExportedNetwork, tmp_path: Path) -> None:
    bundle_of(exported, tmp_path)
    with pytest.raises(ExportError, match="one line"):
        bundle_of(exported, tmp_path, classes=("cup", "plate", "spoon", "fork\nknife"))
    assert read_facts(tmp_path).classes == CLASSES
    broken = dataclasses.replace(exported, tflite=tmp_path / "gone.tflite")
    with pytest.raises(Exception, match="gone"):
        bundle_of(broken, tmp_path)
    with pytest.raises(ExportError, match="no whole bundle"):
        read_facts(tmp_path)

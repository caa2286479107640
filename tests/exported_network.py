"""A small network with random weights, exported once a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from attendnets.data import PixelTable, Preprocessing, Sample
from attendnets.export.litert import export_litert
from attendnets.export.onnx import export_onnx
from attendnets.networks.assemble import assemble
from attendnets.quantize import QuantizedNetwork, quantize_post_training
from attendnets.runtimes.tflite_file import read_tflite
from attendnets.spec import (
    ConvolutionSpec,
    HeadSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
)

CLASSES = ("cup", "plate", "spoon", "fork")
COLOURS = ((200, 90, 90), (90, 200, 90), (90, 90, 200), (160, 160, 60))
SIDE = 32
SPEC = NetworkSpec(
    input=InputSpec(channels=3, height=SIDE, width=SIDE),
    stem=StemSpec(width=8),
    stages=(
        StageSpec(blocks=(VisualCondenserSpec(width=16, mixing=8, embedding=8),)),
        StageSpec(blocks=(ConvolutionSpec(width=16, stride=2, groups=4),)),
        StageSpec(blocks=(PepeSpec(width=24, projection=8, multiplier=2, second_projection=8, stride=2),)),
    ),
    head=HeadSpec(features=0),
    classes=len(CLASSES),
)

PREPROCESSING = Preprocessing(channels=3, height=SIDE, width=SIDE)


@dataclass(frozen=True)
class ExportedNetwork:
    """Files, the program that they were written from, images (uint8 ``(N, 32, 32, 3)``) and labels."""

    tflite: Path
    onnx: Path
    quantized: QuantizedNetwork
    pixels: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...] = CLASSES
    spec: NetworkSpec = SPEC
    preprocessing: Preprocessing = PREPROCESSING


def waves(images: int, seed: int, side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """Stripes of any direction and width, whose class is their colour; pixels and labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(CLASSES), images)
    y, x = np.mgrid[:side, :side] / side
    angle, width, phase = random.uniform((0, 1, 0), (np.pi, 5, 6), (images, 3)).T[:, :, None, None]
    stripes = np.sin(width * 6 * (np.cos(angle) * x + np.sin(angle) * y) + phase)[..., None]
    colour = np.array(COLOURS)[labels][:, None, None] + random.normal(0, 20, (images, 1, 1, 3))
    pixels = colour + stripes * random.uniform(20, 60, (images, 1, 1, 1))
    return np.clip(pixels + random.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8), labels


def make_exported_network(folder: Path) -> ExportedNetwork:
    """Random weights but for the last layer, which is solved for: logits differ as a trained network's do."""
    torch.manual_seed(0)
    network = assemble(SPEC)
    table = PixelTable(*waves(200, seed=1))
    fit_last_layer(network, table)
    quantized = quantize_post_training(network, table)
    pixels, labels = waves(120, seed=2)
    made = ExportedNetwork(folder / "network.tflite", folder / "network.onnx", quantized, pixels, labels)
    export_litert(quantized, made.tflite)
    export_onnx(quantized, made.onnx)
    return made


def fit_last_layer(network: torch.nn.Module, table: PixelTable) -> None:
    """Solve for the last layer of random features, so that logits differ as a trained network's do."""
    images = torch.from_numpy(table.pixels).permute(0, 3, 1, 2).float()
    (last,) = (module for module in network.modules() if isinstance(module, torch.nn.Linear))
    features: list[torch.Tensor] = []
    hook = last.register_forward_pre_hook(lambda _, inputs: features.append(inputs[0]))
    with torch.no_grad():
        # Batch norms have to see images before their statistics mean anything.
        network.train()
        for _ in range(20):
            network(images)
        network.eval()
        network(images)
        hook.remove()
        x = torch.cat([features[-1], torch.ones(len(images), 1)], dim=1)
        wanted = torch.nn.functional.one_hot(torch.from_numpy(table.labels)).float() * 4 - 2
        solved = torch.linalg.solve(x.T @ x + 3.0 * torch.eye(x.shape[1]), x.T @ wanted)
        last.weight.copy_(solved[:-1].T)
        last.bias.copy_(solved[-1])


def write_samples(folder: Path, pixels: np.ndarray, labels: list[int]) -> tuple[Sample, ...]:
    """Images as PNG files with these labels."""
    samples = []
    for number, (picture, label) in enumerate(zip(pixels, labels, strict=True)):
        path = folder / f"{number:03d}.png"
        Image.fromarray(picture).save(path)
        samples.append(Sample(path=path, name=path.name, label=label))
    return tuple(samples)


def weight_positions(tflite: Path, count: int, seed: int) -> list[int]:
    """Offsets of random int8 weights within a .tflite file."""
    file = read_tflite(tflite)
    constants = (
        bytes(file.constant(int(operator.inputs[1])))
        for index, operator in enumerate(file.graph.operators)
        if file.operator_name(index) in {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
    )
    offsets = [file.content.index(data) + k for data in constants for k in range(len(data))]
    return [int(k) for k in np.random.default_rng(seed).choice(offsets, count, replace=False)]


def with_flipped_bit(source: Path, target: Path, offset: int, bit: int = 7) -> Path:
    """A copy of a file with one bit changed."""
    content = bytearray(source.read_bytes())
    content[offset] ^= 1 << bit
    target.write_bytes(content)
    return target

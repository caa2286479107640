"""TinySpeech-Z and -M (arXiv 2008.04245): speech commands from spectral coefficients, as small images.

Channel numbers are those of the paper's Fig. 2 in public transcriptions: a 3x3 stem, blocks of two attention
condensers, a last 3x3 convolution, global average, a linear layer to 12 words. With one weight for each
output channel of a grouped layer they hold exactly 2,712 (Z) and 4,729 (M) weights, printed as 2.7 K and
4.7 K. How a block computes is a reading (``attendnets/blocks/speech_condenser.py``). M is the form for
microcontrollers and has no batch norms; here it is trained with them, and they are folded away but for one
factor and one bias a channel after each block, beside its scale S.

The printed multiply-adds (2.6 M and 4.4 M) are the weights times about 1,040 positions, as if nothing were
pooled; with the condensation counted, 40 frames of 26 coefficients take less.

The forms named ``_1d`` are ours, with the same condensers: coefficients are channels, and convolutions run
along time alone, 3x1 in place of 3x3 (a square kernel on an image of width 1 would be idle in six of nine
weights). The stem is a pointwise convolution and one of 3x1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from attendnets.networks.entry import Entry
from attendnets.spec import (
    ConvolutionSpec,
    InputSpec,
    NetworkSpec,
    SpeechCondenserSpec,
    StageSpec,
    StemSpec,
    TemporalConvolutionSpec,
)

COEFFICIENTS = 26
FRAMES = 40


@dataclass(frozen=True)
class TinySpeech:
    """Channel numbers: of stem and condensers' output, of the blocks' first embedding (b), of the last layer.

    The other two numbers of a block follow: a is twice ``width``, c twice b.
    """

    width: int
    embeddings: tuple[int, ...]
    last: int


Z = TinySpeech(7, (3, 3, 2, 11, 14, 10), 17)
M = TinySpeech(9, (6, 9, 8), 40)


def tinyspeech(numbers: TinySpeech, *, classes: int, channels: int, image_size: int) -> NetworkSpec:
    """The network of these channel numbers for ``image_size`` frames of 26 coefficients."""
    return NetworkSpec(
        input=InputSpec(channels=channels, height=image_size, width=COEFFICIENTS),
        stem=StemSpec(width=numbers.width, stride=1),
        stages=(
            StageSpec(blocks=_condensers(numbers)),
            StageSpec(blocks=(ConvolutionSpec(width=numbers.last, layers=1, shortcut=False),)),
        ),
        classes=classes,
    )


def tinyspeech_1d(numbers: TinySpeech, *, classes: int, channels: int, image_size: int) -> NetworkSpec:
    """The same condensers for a signal of ``image_size`` frames with ``channels`` values each.

    The input is (channels, frames, 1).
    """
    first = TemporalConvolutionSpec(width=numbers.width, shortcut=False)
    last = TemporalConvolutionSpec(width=numbers.last, shortcut=False)
    return NetworkSpec(
        input=InputSpec(channels=channels, height=image_size, width=1),
        stem=StemSpec(width=numbers.width, kernel=1, stride=1),
        stages=(
            StageSpec(blocks=(first,)),
            StageSpec(blocks=_condensers(numbers)),
            StageSpec(blocks=(last,)),
        ),
        classes=classes,
    )


def _condensers(numbers: TinySpeech) -> tuple[SpeechCondenserSpec, ...]:
    return tuple(
        SpeechCondenserSpec(width=numbers.width, embedding=embedding, activation="none")
        for embedding in numbers.embeddings
    )


def _entry(letter: str, numbers: TinySpeech, weights: str) -> Entry:
    return Entry(
        name=f"tinyspeech_{letter}",
        summary=f"TinySpeech-{letter.upper()}: attention condensers for spoken words, {weights} weights",
        origin="reconstruction",
        source="arXiv 2008.04245, Fig. 2 in public transcriptions",
        classes=12,
        channels=1,
        image_size=FRAMES,
        spec=partial(tinyspeech, numbers),
    )


def _entry_1d(letter: str, numbers: TinySpeech, weights: str) -> Entry:
    return Entry(
        name=f"tinyspeech_{letter}_1d",
        summary=f"TinySpeech-{letter.upper()}'s condensers along time alone, {weights} weights",
        origin="ours",
        source="attendnets/networks/tinyspeech.py, after arXiv 2008.04245",
        classes=12,
        channels=COEFFICIENTS,
        image_size=FRAMES,
        spec=partial(tinyspeech_1d, numbers),
    )


ENTRIES: tuple[Entry, ...] = (
    _entry("z", Z, "2,712"),
    _entry("m", M, "4,729"),
    _entry_1d("z", Z, "2,264"),
    _entry_1d("m", M, "2,965"),
)

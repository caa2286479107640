"""What a data set is: samples, the part that may be learned from, and a test split under seal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias

if TYPE_CHECKING:
    from attendnets.data.findings import CheckReport

Split: TypeAlias = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Sample:
    """One labelled image file.

    ``name`` is the path relative to the data set's source, with forward slashes: the same on every
    machine. ``label`` is an index into the classes. ``stratum`` is a further trait that splits keep in
    proportion (a module type, a camera); "" where there is none.
    """

    path: Path
    name: str
    label: int
    stratum: str = ""


@dataclass(frozen=True)
class LearningData:
    """All that exploration, training, calibration and fine-tuning receive: no test image is in it.

    ``channels`` is 1 when every image of the data set is grey, else 3. ``orientation_free`` says that
    flips and quarter turns keep the class, which augmentation may use.
    """

    classes: tuple[str, ...]
    channels: int
    train: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    orientation_free: bool


class SealedTest:
    """The test split, closed until the final measurement calls :meth:`open`.

    Its size and digest are public; its samples come from :meth:`open` alone: they are no attribute, are
    not printed, iterated, indexed, copied or pickled. Nothing that chooses or trains a network is given one.
    """

    __slots__ = ("__samples", "_digest")

    def __init__(self, samples: Iterable[Sample], digest: str) -> None:
        self.__samples = tuple(samples)
        self._digest = digest

    @property
    def digest(self) -> str:
        """SHA-256 of the sorted names, labels and contents, as hexadecimal digits."""
        return self._digest

    def __len__(self) -> int:
        return len(self.__samples)

    def open(self) -> tuple[Sample, ...]:
        """Break the seal. Only the final measurement of a finished network has a reason to."""
        return self.__samples

    def __repr__(self) -> str:
        return f"SealedTest({len(self)} images, digest {self._digest[:12]})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a sealed test split is not copied or pickled: give workers LearningData")


@dataclass(frozen=True)
class DataSet:
    """A checked data set: what may be learned from, the sealed test split, and what the check found.

    ``digest`` is a SHA-256 over the sorted (name, class, split, content hash) of all usable images: it
    changes when any of these does. ``notes`` are sentences for the user (licence, caveats, made splits).
    """

    name: str
    classes: tuple[str, ...]
    channels: int
    learning: LearningData
    test: SealedTest
    digest: str
    notes: tuple[str, ...]
    check: CheckReport


def digest_of(rows: Iterable[tuple[str, ...]]) -> str:
    """SHA-256 over rows of text, in sorted order, as hexadecimal digits."""
    state = hashlib.sha256()
    for row in sorted(rows):
        # Lengths first, so that no two different rows spell the same bytes.
        for cell in row:
            encoded = cell.encode(errors="surrogateescape")
            state.update(f"{len(encoded)}:".encode())
            state.update(encoded)
        state.update(b";")
    return state.hexdigest()

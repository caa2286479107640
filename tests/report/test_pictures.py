"""The worst mistakes are those that were made with most confidence, as small pictures of the real files."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attendnets.benchmark import Prediction
from attendnets.data import Sample
from attendnets.errors import DataError
from attendnets.report import worst_mistakes

CLASSES = ("cat", "dog")


def written(folder: Path, name: str, size: tuple[int, int], value: int, mode: str = "L") -> Sample:
    Image.fromarray(np.full(size[::-1], value, dtype=np.uint8)).convert(mode).save(folder / name)
    return Sample(folder / name, name, 0)


def opened(picture: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(picture.removeprefix("data:image/png;base64,"))))


def test_right_answers_are_no_mistakes_and_the_surest_come_first(tmp_path: Path) -> None:
    samples = [written(tmp_path, f"{name}.png", (8, 8), 0) for name in "abcd"]
    predictions = [
        Prediction("a.png", 0, 1, 0.6),
        Prediction("b.png", 0, 0, 0.99),
        Prediction("c.png", 0, 1, 0.9),
        Prediction("d.png", 1, 0, 0.9),
    ]
    mistakes = worst_mistakes(predictions, samples, CLASSES)
    assert [m.name for m in mistakes] == ["c.png", "d.png", "a.png"]
    assert (mistakes[1].label, mistakes[1].predicted) == ("dog", "cat")
    assert [m.name for m in worst_mistakes(predictions, samples, CLASSES, limit=1)] == ["c.png"]


@pytest.mark.parametrize(
    "size, expected", [((300, 200), (60, 40)), ((10, 40), (15, 60)), ((2000, 3), (60, 1))]
)
def test_pictures_keep_their_proportions_and_their_greys(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    sample = written(tmp_path, "a.png", size, 77)
    [mistake] = worst_mistakes([Prediction("a.png", 0, 1, 0.6)], [sample], CLASSES, side=60)
    picture = opened(mistake.picture)
    assert picture.size == expected == (mistake.width, mistake.height)
    assert np.all(np.asarray(picture) == 77)


def test_odd_modes_become_pictures(tmp_path: Path) -> None:
    for number, mode in enumerate(("1", "P", "RGBA", "LA")):
        sample = written(tmp_path, f"{number}.png", (20, 20), 255, mode)
        [mistake] = worst_mistakes([Prediction(sample.name, 0, 1, 0.6)], [sample], CLASSES)
        assert np.asarray(opened(mistake.picture)).min() == 255


def test_an_image_that_was_not_measured_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.png: measured, but not among the samples"):
        worst_mistakes([Prediction("gone.png", 0, 1, 0.6)], [], CLASSES)


def test_an_image_that_has_become_unreadable_is_named(tmp_path: Path) -> None:
    sample = written(tmp_path, "a.png", (8, 8), 0)
    sample.path.write_bytes(b"no image")
    with pytest.raises(DataError, match=r"a\.png: not an image"):
        worst_mistakes([Prediction("a.png", 0, 1, 0.6)], [sample], CLASSES)
    sample.path.unlink()
    with pytest.raises(DataError, match=r"a\.png: no such file"):
        worst_mistakes([Prediction("a.png", 0, 1, 0.6)], [sample], CLASSES)

"""The worst mistakes as small pictures that are part of the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from attendnets.data import Sample
from attendnets.data.decode import BadImage, flatten, load, open_file, upright
from attendnets.errors import DataError

if TYPE_CHECKING:
    from attendnets.benchmark import Prediction


@dataclass(frozen=True)
class Mistake:
    """An image that the exported file took for another class, and how sure it was (0 to 1).

    ``picture`` is a PNG as a data URI, of ``width`` x ``height`` pixels.
    """

    name: str
    label: str
    predicted: str
    confidence: float
    picture: str
    width: int
    height: int


def worst_mistakes(
    predictions: Iterable[Prediction],
    samples: Iterable[Sample],
    classes: Sequence[str],
    *,
    limit: int = 12,
    side: int = 112,
) -> tuple[Mistake, ...]:
    """The wrong answers that were given with most confidence, surest first.

    ``samples`` are those that were measured, found by name; pictures keep their proportions within
    ``side`` x ``side`` pixels. Raises DataError naming an image that is missing or cannot be read.
    """
    paths = {sample.name: sample.path for sample in samples}
    wrong = [prediction for prediction in predictions if prediction.predicted != prediction.label]
    wrong.sort(key=lambda prediction: (-prediction.confidence, prediction.name))
    mistakes = []
    for prediction in wrong[:limit]:
        if prediction.name not in paths:
            raise DataError(
                f"{prediction.name}: measured, but not among the samples given. "
                "Give the samples that the measurement was made of."
            )
        image = _small(paths[prediction.name], prediction.name, side)
        mistakes.append(
            Mistake(
                name=prediction.name,
                label=classes[prediction.label],
                predicted=classes[prediction.predicted],
                confidence=prediction.confidence,
                picture=_data_uri(image),
                width=image.width,
                height=image.height,
            )
        )
    return tuple(mistakes)


def _small(path: Path, name: str, side: int) -> Image.Image:
    try:
        with open_file(path) as (_, opened):
            image = flatten(upright(load(opened)))
    except BadImage as error:
        raise BadImage(error.kind, f"{name}: {error}") from error
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    # Enlarged icons stay what they are: pixels. Photographs are reduced smoothly.
    kind = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    return image.resize(size, kind)


def _data_uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"

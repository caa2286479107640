"""What the exported file says of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attendnets.data import load_pixels
from attendnets.pipeline.product import open_product
from attendnets.runtimes import open_session


@dataclass(frozen=True)
class ImagePrediction:
    """The class of one image; ``probabilities`` (softmax of the dequantized logits) sum to 1."""

    image: str
    predicted: str
    confidence: float
    probabilities: dict[str, float]


def predict(
    run_or_file: Path, images: Sequence[Path], *, runtime: str | None = None, threads: int = 1
) -> tuple[ImagePrediction, ...]:
    """Classify image files of any size and mode with an exported file, preprocessed as it asks.

    Raises RunFolderError where there is no exported file with its bundle, DataError for an image that
    cannot be read, RuntimeFailure for a runtime.
    """
    product = open_product(run_or_file)
    session = open_session(product.file, runtime, threads)
    predictions = []
    for path in images:
        logits = session.run(load_pixels(path, product.preprocessing)[None])[0].astype(np.float64)
        logits = (logits - session.output.zero_point) * session.output.scale
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        best = int(shares.argmax())
        probabilities = {name: float(share) for name, share in zip(product.classes, shares, strict=True)}
        predictions.append(
            ImagePrediction(str(path), product.classes[best], float(shares[best]), probabilities)
        )
    return tuple(predictions)

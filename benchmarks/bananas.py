"""A search like BANANAS (White, Neiswanger and Savani 2021) on the cells of NAS-Bench-201.

As there: ten random cells first, then batches of ten; an ensemble of five networks on the path encoding,
independent Thompson sampling, candidates from mutations of the best. Smaller networks trained in full
batches, all five at once, so that a table of many seeds ends in minutes: hence "like".
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor

from benchmarks.tabular import Point, Trace

FIRST, BATCH, ENSEMBLE = 10, 10, 5
WIDTH, STEPS, RATE = 64, 150, 0.01
PARENTS, CANDIDATES = 5, 200

# The cell's paths from input to output, as indices of its six edges 1-0, 2-0, 2-1, 3-0, 3-1, 3-2.
_PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))
_OPERATIONS = 5
_NONE = 0


def _path_places() -> dict[tuple[int, ...], int]:
    lengths = sorted({len(path) for path in _PATHS})
    words = (word for length in lengths for word in itertools.product(range(1, _OPERATIONS), repeat=length))
    return {word: place for place, word in enumerate(words)}


_PLACES = _path_places()


def path_encoding(point: Point) -> np.ndarray:
    """Which sequences of operations lead from the cell's input to its output, 0 or 1 each."""
    encoding = np.zeros(len(_PLACES), dtype=np.float32)
    for path in _PATHS:
        word = tuple(point[edge] for edge in path)
        if _NONE not in word:
            encoding[_PLACES[word]] = 1.0
    return encoding


def _predictions(known: Tensor, values: Tensor, asked: Tensor, seed: int) -> Tensor:
    """Predictions ``(ENSEMBLE, asked)`` of networks that were trained on ``known``."""
    generator = torch.Generator().manual_seed(seed)
    sizes = (known.shape[1], WIDTH, WIDTH, 1)
    weights = [
        (torch.randn(ENSEMBLE, a, b, generator=generator) * (2.0 / a) ** 0.5).requires_grad_()
        for a, b in itertools.pairwise(sizes)
    ]
    biases = [torch.zeros(ENSEMBLE, 1, b, requires_grad=True) for b in sizes[1:]]

    def forward(x: Tensor) -> Tensor:
        for number, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            x = x.relu() if number + 1 < len(weights) else x
        return x.squeeze(2)

    optimizer = torch.optim.Adam([*weights, *biases], lr=RATE)
    inputs = known.expand(ENSEMBLE, -1, -1)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = (forward(inputs) - values).abs().mean(1).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        return forward(asked.expand(ENSEMBLE, -1, -1))


def bananas_like(trace: Trace, seed: int) -> None:
    """See the module."""
    rng = np.random.default_rng(seed)
    for _ in range(FIRST):
        trace.evaluate(trace.space.draw(rng))
    while True:
        order = np.argsort(trace.values)[::-1]
        tried = set(trace.points)
        pool: list[Point] = []
        for _ in range(20 * CANDIDATES):
            parent = trace.points[order[rng.integers(min(PARENTS, len(order)))]]
            near = trace.space.neighbours(parent)
            point = near[rng.integers(len(near))] if near else trace.space.draw(rng)
            if rng.random() < 0.5:
                near = trace.space.neighbours(point)
                point = near[rng.integers(len(near))] if near else point
            if point not in tried:
                tried.add(point)
                pool.append(point)
            if len(pool) == CANDIDATES:
                break
        if not pool:
            pool = [trace.space.draw(rng)]
        values = np.array(trace.values)
        normal = (values - values.mean()) / max(1e-9, values.std())
        predicted = _predictions(
            torch.from_numpy(np.stack([path_encoding(point) for point in trace.points])),
            torch.from_numpy(normal.astype(np.float32)),
            torch.from_numpy(np.stack([path_encoding(point) for point in pool])),
            int(rng.integers(2**31)),
        ).numpy()
        drawn = rng.normal(predicted.mean(0), predicted.std(0))
        for place in np.argsort(drawn)[::-1][:BATCH]:
            trace.evaluate(pool[place])

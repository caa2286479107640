"""Networks in 8 bits by ai-edge-quantizer."""

from __future__ import annotations

import numpy as np
import torch

from attendnets.data import PixelTable
from attendnets.exploration.short_training import initialised
from attendnets.networks.assemble import Network
from attendnets.spec import InputSpec
from benchmarks.edge_int8 import edge_int8
from benchmarks.equal_networks import equal_network


def test_the_file_is_the_same_however_the_kernels_lie_in_memory() -> None:
    generator = np.random.default_rng(0)
    table = PixelTable(
        generator.integers(0, 256, (8, 16, 16, 3), dtype=np.uint8), np.zeros(8, dtype=np.int64)
    )
    network = initialised(
        equal_network("DC-AC", 70_000, InputSpec(channels=3, height=16, width=16), 2), seed=0
    )
    assert isinstance(network, Network)
    folded = network.fold()
    plain, _ = edge_int8(folded, table)
    last, _ = edge_int8(folded.to(memory_format=torch.channels_last), table)  # type: ignore[call-overload]
    assert plain == last

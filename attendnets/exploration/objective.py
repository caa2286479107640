"""U, the universal performance function of a network: NetScore (arXiv 1806.05512)."""

from __future__ import annotations

import math

NETSCORE_ACCURACY = 2.0
NETSCORE_PARAMETERS = 0.5
NETSCORE_MACS = 0.5


def netscore(top1_percent: float, parameters: int, macs: int) -> float:
    """20 log10( a^2 / (p^0.5 m^0.5) ) in decibels: a in percent, p in millions, m in billions of MACs.

    A network that gets nothing right scores minus infinity.
    """
    if top1_percent <= 0.0:
        return -math.inf
    return 20.0 * (
        NETSCORE_ACCURACY * math.log10(top1_percent)
        - NETSCORE_PARAMETERS * math.log10(parameters / 1e6)
        - NETSCORE_MACS * math.log10(macs / 1e9)
    )

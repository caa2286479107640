"""What an exploration says of itself when it ends."""

from __future__ import annotations

import io
from dataclasses import replace

from attendnets.exploration.record import RankCorrelation
from attendnets.pipeline.telling import tell_fidelities
from attendnets.terminal import Lines
from tests.report import records


def told(*fidelities: RankCorrelation) -> str:
    stream = io.StringIO()
    tell_fidelities(Lines(stream), replace(records.study(), fidelities=fidelities))
    return stream.getvalue()


def test_rank_correlations_are_told_where_they_are_known() -> None:
    unknown = RankCorrelation(9, 27, 2, None, None)
    known = RankCorrelation(3, 27, 3, 0.5, None), RankCorrelation(3, 9, 7, 0.6786, (-0.1, 0.93))
    assert told(unknown, *known) == (
        "note: Rank correlation of validation losses, 3 epochs with 27: 0.50 over 3 networks, too few for an "
        "interval; 3 epochs with 9: 0.68 (-0.10 to 0.93) over 7 networks.\n"
    )
    assert told(unknown) == told() == ""

"""All that is known of a running job at a moment, gathered from its events."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from attendnets.pipeline import CandidateTrained, EpochTrained, Listener, Step
from attendnets.run import Stage
from attendnets.terminal.front import Point, point


@dataclass(frozen=True)
class StageState:
    """``seconds`` are those it took, or where it is current, the clock when it began."""

    kind: Literal["waiting", "current", "done", "kept"] = "waiting"
    seconds: float = 0.0
    text: str = ""


class JobState(Listener):
    """Remembers what it hears. ``stages`` are those of the command, ``clock`` counts seconds."""

    def __init__(self, stages: tuple[Stage, ...], clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.began = clock()
        self.stages: dict[Stage, StageState] = dict.fromkeys(stages, StageState())
        self.current: Stage | None = None
        self.points: dict[int, Point] = {}
        self.digests: dict[int, str] = {}
        self.chosen_number: int | None = None
        self.best_epoch: EpochTrained | None = None
        self._step: Step | None = None
        self._step_at = 0.0
        self._end: float | None = None

    def started(self, stage: Stage) -> None:
        """See :class:`Listener`."""
        self.current, self._step = stage, None
        self.stages[stage] = StageState("current", self.clock())

    def skipped(self, stage: Stage) -> None:
        """See :class:`Listener`."""
        self.current, self._step = None, None
        self.stages[stage] = StageState("kept", text="finished before, kept")

    def finished(self, stage: Stage, seconds: float, text: str) -> None:
        """See :class:`Listener`."""
        self.current, self._step = None, None
        self.stages[stage] = StageState("done", seconds, text)

    def step(self, step: Step) -> None:
        """See :class:`Listener`."""
        self._step, self._step_at = step, self.clock()

    def candidate(self, candidate: CandidateTrained) -> None:
        """See :class:`Listener`. A candidate stands where its longest training brought it."""
        self.digests[candidate.number] = candidate.digest
        where = point(candidate)
        if where is not None:
            self.points[candidate.number] = where

    def chosen(self, digest: str) -> None:
        """See :class:`Listener`."""
        self.chosen_number = next((n for n, known in self.digests.items() if known == digest), None)

    def epoch(self, epoch: EpochTrained) -> None:
        """See :class:`Listener`."""
        best = self.best_epoch
        if best is None or epoch.validation_top1_percent > best.validation_top1_percent:
            self.best_epoch = epoch

    def planned(self, seconds_left: float) -> None:
        """See :class:`Listener`."""
        self._end = self.clock() + seconds_left

    @property
    def best(self) -> Point | None:
        """The chosen candidate, before that the most accurate, the smaller of equals."""
        if self.chosen_number is not None:
            return self.points.get(self.chosen_number)
        return max(self.points.values(), key=lambda p: (p.top1_percent, -p.weights_bytes), default=None)

    @property
    def seconds_left(self) -> float | None:
        """Of the whole job, where it is known and all its stages belong to the command."""
        if self._end is None or "report" not in self.stages:
            return None
        return max(0.0, self._end - self.clock())

    def progress(self) -> tuple[str, float | None, float | None]:
        """The current stage's words, its share done (0 to 1) and seconds left, both as of now.

        Share and seconds are None where they are not known.
        """
        step = self._step
        if step is None:
            return "", None, None
        share = None if not step.total else min(1.0, step.done / step.total)
        if step.seconds_left is None:
            return step.text, share, None
        since = self.clock() - self._step_at
        left = max(0.0, step.seconds_left - since)
        if share is not None and step.seconds_left > 0:
            share += (1.0 - share) * min(1.0, since / step.seconds_left)
        return step.text, share, left

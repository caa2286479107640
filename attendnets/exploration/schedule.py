"""In which order trainings that run side by side are taken as finished.

By the clock, two runs of one study would differ: whichever training happens to end first decides what is
tried next. Here each training has an expected length, and results are taken in the order that these would
give. A result that comes early waits for its turn; decisions are the same every time.
"""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")


class Schedule(Generic[T]):
    """``places`` tasks at once, on a clock of expected seconds that begins at 0."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._running: list[tuple[float, int, T]] = []
        self._begun = 0
        self._now = 0.0

    @property
    def has_room(self) -> bool:
        """Whether another task can begin now."""
        return len(self._running) < self._places

    @property
    def running(self) -> tuple[T, ...]:
        """Tasks that have begun and not ended, in no particular order."""
        return tuple(task for _, _, task in self._running)

    def begin(self, task: T, expected_seconds: float) -> None:
        """``task`` begins now and is expected to take so long."""
        heapq.heappush(self._running, (self._now + expected_seconds, self._begun, task))
        self._begun += 1

    def end(self) -> T:
        """The task that is expected to end next; the clock goes on to its end. Of equals, the earlier."""
        self._now, _, task = heapq.heappop(self._running)
        return task

"""What a running job tells the outside: plain values, so that terminals, pipes and notebooks can listen."""

from __future__ import annotations

from dataclasses import dataclass

from attendnets.run import Stage


@dataclass(frozen=True)
class Step:
    """Progress within a stage: ``done`` of ``total`` (no total: unknown), and seconds left where known."""

    stage: Stage
    text: str
    done: float
    total: float | None
    seconds_left: float | None


class Listener:
    """Hears of a job and says nothing; subclasses print."""

    def started(self, stage: Stage) -> None:
        """A stage begins."""

    def skipped(self, stage: Stage) -> None:
        """A stage is finished already and is not repeated."""

    def step(self, step: Step) -> None:
        """A stage goes on; called often."""

    def finished(self, stage: Stage, seconds: float, text: str) -> None:
        """A stage is done; ``text`` is its result in one line."""

    def note(self, text: str) -> None:
        """A sentence for the user, such as a licence."""

"""A listener whose reader may leave."""

from __future__ import annotations

from collections.abc import Callable

from attendnets.pipeline import CandidateTrained, EpochTrained, Listener, Step
from attendnets.run import Stage


class UntilClosed(Listener):
    """Passes everything on to ``listener`` until that cannot write: then the job goes on in silence.

    A reader that has left, or a full disk behind the output, is no reason to stop a job of hours.
    ``left`` is called once, when that happens.
    """

    def __init__(self, listener: Listener, left: Callable[[OSError], None]) -> None:
        self.listener = listener
        self.left = left

    def started(self, stage: Stage) -> None:
        """See :class:`Listener`."""
        self._pass(lambda listener: listener.started(stage))

    def skipped(self, stage: Stage) -> None:
        """See :class:`Listener`."""
        self._pass(lambda listener: listener.skipped(stage))

    def step(self, step: Step) -> None:
        """See :class:`Listener`."""
        self._pass(lambda listener: listener.step(step))

    def candidate(self, candidate: CandidateTrained) -> None:
        """See :class:`Listener`."""
        self._pass(lambda listener: listener.candidate(candidate))

    def chosen(self, digest: str) -> None:
        """See :class:`Listener`."""
        self._pass(lambda listener: listener.chosen(digest))

    def epoch(self, epoch: EpochTrained) -> None:
        """See :class:`Listener`."""
        self._pass(lambda listener: listener.epoch(epoch))

    def planned(self, seconds_left: float) -> None:
        """See :class:`Listener`."""
        self._pass(lambda listener: listener.planned(seconds_left))

    def finished(self, stage: Stage, seconds: float, text: str) -> None:
        """See :class:`Listener`."""
        self._pass(lambda listener: listener.finished(stage, seconds, text))

    def note(self, text: str) -> None:
        """See :class:`Listener`."""
        self._pass(lambda listener: listener.note(text))

    def _pass(self, tell: Callable[[Listener], None]) -> None:
        try:
            tell(self.listener)
        except OSError as error:
            self.listener = Listener()
            self.left(error)

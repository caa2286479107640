"""One plain line an event, for pipes, files and terminals that can do no more."""

from __future__ import annotations

import time
from typing import TextIO

from attendnets.pipeline import CandidateTrained, EpochTrained, Listener
from attendnets.run import Stage
from attendnets.terminal.words import candidate_words, clock, printable

EPOCH_SECONDS = 5.0
"""Epochs that follow each other faster than this are not all told."""


class Lines(Listener):
    """Writes to ``stream`` what happens, flushed line by line, without control characters."""

    def __init__(self, stream: TextIO, epoch_seconds: float = EPOCH_SECONDS) -> None:
        self.stream = stream
        self.epoch_seconds = epoch_seconds
        self.told_epoch = -float("inf")

    def started(self, stage: Stage) -> None:
        """See :class:`Listener`."""
        self._line(f"{stage}: started")

    def skipped(self, stage: Stage) -> None:
        """See :class:`Listener`."""
        self._line(f"{stage}: finished before, kept")

    def candidate(self, candidate: CandidateTrained) -> None:
        """See :class:`Listener`. Those of earlier sittings were told then."""
        if not candidate.earlier:
            self._line(f"explore: {candidate_words(candidate)}")

    def epoch(self, epoch: EpochTrained) -> None:
        """See :class:`Listener`. The last one is always told."""
        now = time.monotonic()
        if epoch.epoch < epoch.epochs and now - self.told_epoch < self.epoch_seconds:
            return
        self.told_epoch = now
        self._line(
            f"train: epoch {epoch.epoch} of {epoch.epochs}, loss {epoch.train_loss:.3f}, "
            f"{epoch.validation_top1_percent:.1f} % on validation"
        )

    def finished(self, stage: Stage, seconds: float, text: str) -> None:
        """See :class:`Listener`."""
        self._line(f"{stage}: {text} [{clock(seconds)}]")

    def note(self, text: str) -> None:
        """See :class:`Listener`."""
        self._line(f"note: {text}")

    def _line(self, text: str) -> None:
        self.stream.write(printable(text, self.stream.encoding or "utf-8") + "\n")
        self.stream.flush()

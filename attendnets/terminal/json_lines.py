"""One JSON object a line, for programs; docs/events.md describes them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TextIO

import msgspec

from attendnets.pipeline import CandidateTrained, EpochTrained, Listener, Step
from attendnets.run import Stage


def now() -> str:
    """The time with its zone, to the millisecond, ISO 8601."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


class JsonLines(Listener):
    """Writes every event to ``stream`` as one line of ASCII, flushed.

    ``whole_job``: the command does all stages, so that what is told of the job's end holds for it.
    """

    def __init__(self, stream: TextIO, *, whole_job: bool = True, clock: Callable[[], str] = now) -> None:
        self.stream = stream
        self.whole_job = whole_job
        self.clock = clock

    def started(self, stage: Stage) -> None:
        """See :class:`Listener`."""
        self.write("started", {"stage": stage})

    def skipped(self, stage: Stage) -> None:
        """See :class:`Listener`."""
        self.write("skipped", {"stage": stage})

    def step(self, step: Step) -> None:
        """See :class:`Listener`."""
        self.write("step", _fields(step))

    def candidate(self, candidate: CandidateTrained) -> None:
        """See :class:`Listener`."""
        self.write("candidate", _fields(candidate))

    def chosen(self, digest: str) -> None:
        """See :class:`Listener`."""
        self.write("chosen", {"digest": digest})

    def epoch(self, epoch: EpochTrained) -> None:
        """See :class:`Listener`."""
        self.write("epoch", _fields(epoch))

    def planned(self, seconds_left: float) -> None:
        """See :class:`Listener`."""
        if self.whole_job:
            self.write("planned", {"seconds_left": seconds_left})

    def finished(self, stage: Stage, seconds: float, text: str) -> None:
        """See :class:`Listener`."""
        self.write("finished", {"stage": stage, "seconds": seconds, "text": text})

    def note(self, text: str) -> None:
        """See :class:`Listener`."""
        self.write("note", {"text": text})

    def write(self, event: str, fields: Mapping[str, object]) -> None:
        """One line. What is no number becomes null; bytes of file names that are no text, lone surrogates."""
        line = json.dumps({"event": event, "time": self.clock(), **{k: _plain(v) for k, v in fields.items()}})
        self.stream.write(line + "\n")
        self.stream.flush()


def _fields(value: object) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(value)
    return plain


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return _plain(msgspec.to_builtins(value, enc_hook=str))

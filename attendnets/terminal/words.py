"""Texts that are safe to print, and figures in few characters."""

from __future__ import annotations

from attendnets.pipeline import CandidateTrained
from attendnets.requirements import format_value


def printable(text: str, encoding: str | None = None) -> str:
    """``text`` on one line and without control characters: each stands as its escape, such as ``\\n``.

    With ``encoding``, so does what it cannot express.
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return shown if encoding is None else shown.encode(encoding, "backslashreplace").decode(encoding)


def clock(seconds: float) -> str:
    """A duration: "8 s", "3 min 05 s", "2 h 07 min"."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def candidate_words(candidate: CandidateTrained) -> str:
    """A short training in one line."""
    top1 = candidate.validation_top1_percent
    accuracy = "failed to train" if top1 is None else f"{top1:.1f} % on validation"
    return (
        f"candidate {candidate.number} {candidate.digest}, rung {candidate.rung} of {candidate.rungs}: "
        f"{accuracy}, weights {format_value('weights', candidate.weights_bytes)}, "
        f"{format_value('macs', candidate.macs)} MACs"
    )

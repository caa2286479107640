"""Figures in words, set so that a number and its unit stay on one line."""

from __future__ import annotations

_BETWEEN = "\u00a0"


def percent(value: float, digits: int = 1) -> str:
    """ "83.4 %"."""
    return f"{value:.{digits}f}{_BETWEEN}%"


def interval(ends: tuple[float, float]) -> str:
    """ "80.3 to 86.0 %"."""
    return f"{ends[0]:.1f} to {percent(ends[1])}"


def signed(points: float) -> str:
    """ "+1.2", "-0.3", "±0.0"."""
    return f"{points:+.1f}" if abs(points) >= 0.05 else "±0.0"


def duration(seconds: float) -> str:
    """ "0.42 s", "12.3 s", "4 min 05 s", "1 h 02 min"."""
    if seconds < 0.995:
        return f"{seconds:.2f}{_BETWEEN}s"
    if seconds < 59.95:
        return f"{seconds:.1f}{_BETWEEN}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{_BETWEEN}min {rest:02d}{_BETWEEN}s"
    return f"{minutes // 60}{_BETWEEN}h {minutes % 60:02d}{_BETWEEN}min"


def counted(number: int, noun: str) -> str:
    """ "1 thread", "1,234 images"; for nouns that take an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

"""The end of a worker is told in words that say what to do about it."""

from __future__ import annotations

import pytest

from attendnets.exploration.death import Death


@pytest.mark.parametrize(
    ("death", "words"),
    [
        (Death(-9), "ended by SIGKILL"),
        (Death(-9, starved=True), "out of memory: ended by the system with SIGKILL"),
        (Death(-11, "Fatal Python error"), "ended by SIGSEGV; it said last: Fatal Python error"),
        (Death(-11, starved=True), "ended by SIGSEGV"),
        (Death(-40), "ended by signal 40"),
        (Death(1, "ValueError: no"), "ended with exit code 1; it said last: ValueError: no"),
        (Death(1, "MemoryError"), "out of memory: ended with exit code 1; it said last: MemoryError"),
        (
            Death(1, "DefaultCPUAllocator: can't allocate memory"),
            "out of memory: ended with exit code 1; it said last: DefaultCPUAllocator: can't allocate memory",
        ),
    ],
)
def test_a_death_is_told_with_its_cause(death: Death, words: str) -> None:
    assert str(death) == words

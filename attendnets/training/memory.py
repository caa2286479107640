"""Memory of freed tensors, kept for the next step."""

from __future__ import annotations

import ctypes
import platform

# malloc.h of glibc.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
# Blocks from this size on are still handed back: decoders of large images count on that (data/decode.py).
_LARGE_BLOCK = 1 << 26
_MOST_KEPT = 1 << 30


def keep_freed_memory() -> bool:
    """Let this process keep memory that tensors free, instead of handing it back to the system.

    A training step asks for the same large tensors again and again, and each time that the system hands
    out their pages it clears them first: at 128 images a third of a step's time. glibc only; elsewhere
    nothing changes, and False is returned.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(_MMAP_THRESHOLD, _LARGE_BLOCK) and libc.mallopt(_TRIM_THRESHOLD, _MOST_KEPT))

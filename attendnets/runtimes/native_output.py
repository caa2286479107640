"""What C++ code writes to standard error, caught at the file descriptor: sys.stderr never sees it."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STANDARD_ERROR = 2
_lock = threading.RLock()


@contextmanager
def native_output() -> Iterator[Callable[[], str]]:
    """Collect everything that this process writes to descriptor 2 inside the block.

    Yields a function that returns the text so far, also after the block. One thread at a time: the
    descriptor belongs to the whole process.
    """
    with _lock, tempfile.TemporaryFile() as sink:
        kept = ""

        def text() -> str:
            if sink.closed:
                return kept
            end = os.lseek(sink.fileno(), 0, os.SEEK_END)
            return os.pread(sink.fileno(), end, 0).decode(errors="replace")

        sys.stderr.flush()
        saved = os.dup(_STANDARD_ERROR)
        os.dup2(sink.fileno(), _STANDARD_ERROR)
        try:
            yield text
        finally:
            sys.stderr.flush()
            os.dup2(saved, _STANDARD_ERROR)
            os.close(saved)
            kept = text()

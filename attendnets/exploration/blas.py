"""Linear algebra on one thread: matrices of a few hundred rows are too small to be shared."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

# Two bodies at once would restore each other's limit.
_ALONE = threading.RLock()


@contextmanager
def one_thread() -> Iterator[None]:
    """NumPy's and SciPy's linear algebra on one thread while the body runs; other threads of work stay.

    One such body at a time: the threads of a process wait for each other.
    """
    with _ALONE, _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    # Finding the libraries takes milliseconds; they stay what they are.
    return ThreadpoolController()

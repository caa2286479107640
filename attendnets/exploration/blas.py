"""Linear algebra on one thread: matrices of a few hundred rows are too small to be shared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """NumPy's and SciPy's linear algebra on one thread while the body runs; other threads of work stay."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    # Finding the libraries takes milliseconds; they stay what they are.
    return ThreadpoolController()

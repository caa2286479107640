"""Work in a fresh process, timed there: nothing that this process has set up helps it."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self


class Elsewhere:
    """``prepare``, which must pickle, is called once in a fresh process with ``threads`` threads of torch.

    What it returns is done and timed there at each call of this object, while this process waits.
    """

    def __init__(self, prepare: Callable[[], Callable[[], object]], threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, prepare, threads))
        self._process.start()
        there.close()

    def __call__(self) -> float:
        """Seconds that the work took."""
        self._here.send(True)
        return float(self._here.recv())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._here.close()
        self._process.join()


def _serve(connection: Connection, prepare: Callable[[], Callable[[], object]], threads: int) -> None:
    import torch

    torch.set_num_threads(threads)
    work = prepare()
    while True:
        try:
            connection.recv()
        except EOFError:
            return
        started = time.perf_counter()
        work()
        connection.send(time.perf_counter() - started)

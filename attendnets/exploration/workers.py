"""Short trainings by several processes of one thread each.

On small networks two processes of one thread do about one and a half times the work of two threads: most
of a step is short operations, and threads wait for each other at every one.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from attendnets.data import Augmentation, LearningData, PixelCache
from attendnets.errors import AttendnetsError, TrainingError
from attendnets.exploration.evaluation import ShortTraining
from attendnets.exploration.short_training import ShortTrainer, preprocessing_of
from attendnets.exploration.worker import Answer, Order, Setting, encoded
from attendnets.spec import NetworkSpec
from attendnets.training import Recipe

_LAST_LINES = 5


@contextmanager
def worker_processes(
    count: int, learning: LearningData, cache: Path, recipe: Recipe, augmentation: Augmentation, seed: int
) -> Iterator[WorkerProcesses]:
    """``count`` processes of one thread that live as long as the body, sharing images through ``cache``."""
    workers = WorkerProcesses(count, learning, cache, recipe, augmentation, seed)
    try:
        yield workers
    finally:
        workers.close()


class WorkerProcesses:
    """See :func:`worker_processes` and :class:`attendnets.exploration.evaluation.Workers`."""

    def __init__(
        self,
        count: int,
        learning: LearningData,
        cache: Path,
        recipe: Recipe,
        augmentation: Augmentation,
        seed: int,
    ) -> None:
        self.count = count
        self._trainer = ShortTrainer(learning, PixelCache(cache, memory_bytes=0), recipe, augmentation, seed)
        setting = Setting(learning, str(cache), recipe, augmentation, seed, threads=1, parent=os.getpid())
        self._processes = [_Process(setting) for _ in range(count)]
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        for process in self._processes:
            self._idle.put(process)
        self._threads = ThreadPoolExecutor(count, "short training")

    def submit(self, spec: NetworkSpec, epochs: int) -> Future[ShortTraining]:
        """A training that begins when a process is free."""
        # Decoded once, here; the processes read what then lies on the disk.
        self._trainer.tables(preprocessing_of(spec))
        return self._threads.submit(self._train, Order(spec, epochs))

    def close(self) -> None:
        """End all processes, also those that train."""
        for process in self._processes:
            process.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _train(self, order: Order) -> ShortTraining:
        process = self._idle.get()
        answer = process.ask(order)
        self._idle.put(process)
        if answer.result is None:
            raise TrainingError(answer.error or "")
        return answer.result


class _Process:
    def __init__(self, setting: Setting) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "attendnets.exploration.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )
        self._send(encoded(setting))

    def ask(self, order: Order) -> Answer:
        """The answer to ``order``. Raises AttendnetsError where the process has ended."""
        self._send(encoded(order))
        line = self._pipe(self._process.stdout).readline()
        if not line.endswith(b"\n"):
            raise AttendnetsError(self._obituary())
        return msgspec.json.decode(line, type=Answer)

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        self._process.wait()

    def _send(self, line: bytes) -> None:
        pipe = self._pipe(self._process.stdin)
        try:
            pipe.write(line)
            pipe.flush()
        except BrokenPipeError as error:
            raise AttendnetsError(self._obituary()) from error

    def _obituary(self) -> str:
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()[-_LAST_LINES:]
        last = f" It said last: {' | '.join(lines)}." if lines else ""
        return (
            f"A process that trained candidates ended with {code} (-9: killed, perhaps for memory).{last} "
            "Give the same command again to go on; a new run with --threads 1 trains in one process."
        )

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe

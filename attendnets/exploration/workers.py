"""Short trainings by several processes of one thread each.

On small networks two processes of one thread do about one and a half times the work of two threads: most
of a step is short operations, and threads wait for each other at every one.

A process that dies is replaced, and its training is done again by another: it is the same to the bit.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from attendnets.data import Augmentation, LearningData, PixelCache
from attendnets.errors import TrainingError, WorkerError
from attendnets.exploration.death import ATTEMPTS, Death, gave_up, killed_for_memory
from attendnets.exploration.evaluation import ShortTraining
from attendnets.exploration.short_training import ShortTrainer, preprocessing_of
from attendnets.exploration.worker import READY, Answer, Order, Setting, encoded
from attendnets.spec import NetworkSpec
from attendnets.training import Recipe

_LAST_LINES = 5


@contextmanager
def worker_processes(
    count: int,
    learning: LearningData,
    cache: Path,
    recipe: Recipe,
    augmentation: Augmentation,
    seed: int,
    threads: int = 1,
) -> Iterator[WorkerProcesses]:
    """``count`` processes that live as long as the body, sharing images through ``cache``."""
    workers = WorkerProcesses(count, learning, cache, recipe, augmentation, seed, threads)
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
        threads: int = 1,
    ) -> None:
        self.count = count
        self.deaths: list[str] = []
        self._trainer = ShortTrainer(learning, PixelCache(cache, memory_bytes=0), recipe, augmentation, seed)
        self._setting = Setting(learning, str(cache), recipe, augmentation, seed, threads, os.getpid())
        self._lock = threading.Lock()
        self._closed = False
        self._unborn = 0
        self._processes: set[_Process] = set()
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        for _ in range(count):
            self._idle.put(self._begun())
        self._threads = ThreadPoolExecutor(count, "short training")

    def submit(self, spec: NetworkSpec, epochs: int) -> Future[ShortTraining]:
        """A training that begins when a process is free."""
        # Decoded once, here; the processes read what then lies on the disk.
        self._trainer.tables(preprocessing_of(spec))
        return self._threads.submit(self._train, Order(spec, epochs))

    def close(self) -> None:
        """End all processes, also those that train."""
        with self._lock:
            self._closed = True
            for process in self._processes:
                process.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _train(self, order: Order) -> ShortTraining:
        taken = 0
        process = self._idle.get()
        try:
            while True:
                answer = self._answer(process, order)
                if isinstance(answer, Answer):
                    return answer.training()
                taken += process.training
                process = self._replaced(process, answer)
                if taken == ATTEMPTS:
                    raise TrainingError(gave_up(answer))
        finally:
            self._idle.put(process)

    def _answer(self, process: _Process, order: Order) -> Answer | Death:
        if not process.ready and (death := process.wait_until_ready()):
            with self._lock:
                self._unborn += 1
                # What ended it from outside may be over; its own error is there the next time too.
                if not self._closed and (not death.by_signal or self._unborn == ATTEMPTS):
                    raise WorkerError(_cannot_start(death))
            return death
        self._unborn = 0
        return process.ask(order)

    def _replaced(self, process: _Process, death: Death) -> _Process:
        with self._lock:
            if not self._closed:
                self.deaths.append(str(death))
                self._processes.remove(process)
        return self._begun()

    def _begun(self) -> _Process:
        # The system ends a process with the thread that began it: those of the pool live until close().
        with self._lock:
            if self._closed:
                raise WorkerError("The processes that train candidates were ended.")
            process = _Process(self._setting)
            self._processes.add(process)
        return process


class _Process:
    """``ready``: it has taken its setting. ``training``: it has been given an order and has not answered."""

    def __init__(self, setting: Setting) -> None:
        self.ready = self.training = False
        self._setting = setting
        self._starved = killed_for_memory()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "attendnets.exploration.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )

    def wait_until_ready(self) -> Death | None:
        """Give it its setting; how it ended, where it could not take it."""
        # Libraries may print while they are loaded.
        self.ready = self._send(encoded(self._setting)) and READY in self._pipe(self._process.stdout)
        return None if self.ready else self._death()

    def ask(self, order: Order) -> Answer | Death:
        """The answer to ``order``, or how the process ended."""
        # Where it died while it had nothing to do, this order has no part in it.
        self.training = self._process.poll() is None
        if not self._send(encoded(order)):
            return self._death()
        line = self._pipe(self._process.stdout).readline()
        if not line.endswith(b"\n"):
            return self._death()
        self.training = False
        return msgspec.json.decode(line, type=Answer)

    def kill(self) -> None:
        """End it now."""
        self._process.kill()
        self._process.wait()

    def _send(self, line: bytes) -> bool:
        pipe = self._pipe(self._process.stdin)
        try:
            pipe.write(line)
            pipe.flush()
        except BrokenPipeError:
            return False
        return True

    def _death(self) -> Death:
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()[-_LAST_LINES:]
        return Death(code, " | ".join(lines), killed_for_memory() > self._starved)

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe


def _cannot_start(death: Death) -> str:
    return (
        f"The processes that train candidates cannot start: one {death}. Mend that and give the same command "
        "again; a new run with --threads 1 trains in one process."
    )

"""A Ray to train candidates with: one of our own on this machine, or a cluster that is running."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attendnets.errors import UsageError, WorkerError
from attendnets.exploration.ray_remains import own_folder

_REACH_SECONDS = 10.0
_ENVIRONMENT = {
    # Otherwise a count of what was used goes to Ray's makers.
    "RAY_USAGE_STATS_ENABLED": "0",
    # A training without GPUs sees none, without being told that Ray will change its mind about that.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
}


@contextmanager
def ray_session(address: str | None, cpus: int) -> Iterator[Any]:
    """The module ``ray``, connected while the body runs.

    ``address`` None: a Ray with ``cpus`` is started, without a dashboard, that nobody but this machine can
    reach, and that ends with the body or with this process, however that ends. Otherwise ``ray.init``'s:
    "ray://HOST:PORT", "HOST:PORT" or "auto".

    Raises UsageError where Ray is not installed or this process is connected already, WorkerError where
    no Ray can be started or reached.
    """
    ray = _load()
    if ray.is_initialized():
        raise UsageError("This process is connected to a Ray already: call ray.shutdown() before.")
    with _begun_here(ray, cpus) if address is None else _reached(ray, address):
        try:
            yield ray
        finally:
            ray.shutdown()


@contextmanager
def _begun_here(ray: Any, cpus: int) -> Iterator[None]:
    constants: Any = importlib.import_module("ray._private.ray_constants")
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with own_folder() as folder:
        several_machines = constants.ENABLE_RAY_CLUSTER
        # Ray opens its own folder to all users of the machine, hence one around it. And it has no option to
        # stay on localhost: it does so where it knows nothing of clusters.
        constants.ENABLE_RAY_CLUSTER = False
        try:
            _init(
                ray,
                "Ray cannot be started here",
                address="local",
                num_cpus=cpus,
                include_dashboard=False,
                _temp_dir=str(folder / "r"),
            )
        finally:
            constants.ENABLE_RAY_CLUSTER = several_machines
        yield


@contextmanager
def _reached(ray: Any, address: str) -> Iterator[None]:
    failure = f"Ray cannot be reached at {address}"
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        # Ray itself tries for minutes.
        try:
            socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()
        except OSError as error:
            raise WorkerError(_sentence(failure, error)) from error
    _init(ray, failure, address=address)
    yield


def _init(ray: Any, failure: str, **options: object) -> None:
    sigterm = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(log_to_driver=False, logging_level=logging.CRITICAL, **options)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise WorkerError(_sentence(failure, error)) from error
    finally:
        # Ray takes the signal for itself; what it does here is decided by who runs this process.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, sigterm)
    # Ray tells of dead workers on standard output, whatever log_to_driver says; we tell of them ourselves.
    printing: Any = importlib.import_module("ray._private.worker")
    printing._worker_logs_enabled = False


def _sentence(failure: str, error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    # A heading stands before a traceback, whose last line says what it was.
    said = lines[-1] if lines[0].endswith(":") else lines[0]
    return f"{failure}: {said.rstrip('.')}. Mend that, or explore with --workers N."


def _load() -> Any:
    try:
        return importlib.import_module("ray")
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise UsageError(
            "--workers ray needs Ray, which is not installed: pip install 'attendnets[ray]'; "
            "--workers N does without it."
        ) from error

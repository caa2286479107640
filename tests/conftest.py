"""Fixtures that tests of any room may ask for."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from benchmarks.postgresql_server import Server
    from tests.exported_network import ExportedNetwork


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> ExportedNetwork:
    """A small network's files, made once for all tests that run them."""
    from tests.exported_network import make_exported_network

    return make_exported_network(tmp_path_factory.mktemp("exported"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of this session's own."""
    from benchmarks.postgresql_server import postgresql_server, programs

    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install attendnets[postgresql]")
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgresql_server() as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _children_hear_signals() -> None:
    """Children inherit that a signal is ignored (nohup, a shell's background job), but not a handler.

    The tests themselves go on ignoring what they were started to ignore.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """For small networks: waking a second thread takes longer than what it would compute."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)

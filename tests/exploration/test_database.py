"""A study in a database: as in a journal, with one driver, and nothing lost or told that should not be."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
import sqlalchemy
from optuna.study import StudyDirection

from attendnets.errors import AttendnetsError, StorageError, StudyError, UsageError
from attendnets.exploration import lease
from attendnets.exploration.database import Database, parsed_url
from attendnets.exploration.evaluation import Evaluate, InProcess, Workers
from attendnets.exploration.journal import JournalFile
from attendnets.exploration.place import StudyPlace
from attendnets.exploration.proposer import SynthesisProposer
from attendnets.exploration.record import StudyRecord
from attendnets.exploration.screening import Screen
from attendnets.exploration.study import ExploreOptions, explore
from attendnets.requirements import Requirements
from benchmarks.postgresql_server import Server
from tests.exploration.test_study import SPACE, Landscape
from tests.exploration.test_workers import Untimely

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind that tests can have."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'studies.db'}"
    server: Server = request.getfixturevalue("postgresql")
    return server.url()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A study of each test's own in the server that they share."""
    return f"{request.node.name}-{random.random()}"


def run(place: StudyPlace, workers: Workers | Evaluate, trials: int = 9, context: str = "a") -> StudyRecord:
    return explore(
        SPACE,
        Screen(Requirements.parse(["weights<=100KB"])),
        SynthesisProposer(SPACE),
        InProcess(workers) if isinstance(workers, Landscape) else workers,  # type: ignore[arg-type]
        options=ExploreOptions(trials=trials, rung_epochs=(1, 3, 9), seed=3),
        place=place,
        context=context,
    )


def decided(record: StudyRecord) -> list[tuple[str, int, float | None]]:
    return [(c.digest, c.rung, c.validation_top1_percent) for c in record.candidates]


def test_a_study_decides_in_a_database_as_in_a_journal(url: str, name: str, tmp_path: Path) -> None:
    in_file, in_database = Landscape(), Landscape()
    expected = run(JournalFile(tmp_path / "study.journal"), in_file)
    record = run(Database(url, name), in_database)
    assert decided(record) == decided(expected) and record.chosen == expected.chosen
    assert in_database.calls == in_file.calls


@pytest.mark.parametrize("calls", [1, 11])
def test_an_interrupted_study_goes_on_and_trains_nothing_twice(url: str, name: str, calls: int) -> None:
    whole, first, second = Landscape(), Landscape(dies_after=calls), Landscape()
    expected = run(Database(url, f"{name} whole"), whole)
    with pytest.raises(KeyboardInterrupt):
        run(Database(url, name), first)
    record = run(Database(url, name), second)
    assert first.calls + second.calls == whole.calls
    assert decided(record) == decided(expected) and record.chosen == expected.chosen


def test_several_workers_decide_the_same_across_an_interruption(url: str, name: str, tmp_path: Path) -> None:
    expected = run(JournalFile(tmp_path / "study.journal"), Untimely(Landscape(), seed=0))
    with pytest.raises(KeyboardInterrupt):
        run(Database(url, name), Untimely(Landscape(dies_after=5), seed=1))
    assert decided(run(Database(url, name), Untimely(Landscape(), seed=2))) == decided(expected)


def test_any_optuna_opens_the_study(url: str, name: str) -> None:
    record = run(Database(url, name), Landscape())
    study = optuna.load_study(study_name=name, storage=url)
    assert [trial.value for trial in study.trials] == [c.netscore for c in record.candidates]
    assert "driver" not in study.user_attrs


def test_results_come_back_from_a_database_to_the_bit(url: str, name: str) -> None:
    expected = run(Database(url, name), Landscape())
    again = Landscape()
    record = run(Database(url, name), again)
    assert again.calls == []
    assert [c.validation_loss for c in record.candidates] == [c.validation_loss for c in expected.candidates]
    assert (record.screened, record.refused) == (expected.screened, expected.refused)


def test_a_study_of_another_job_is_refused_and_both_are_said(url: str, name: str) -> None:
    run(Database(url, name), Landscape(), context="data 1, seed 0")
    with pytest.raises(StudyError, match=r"another job: its data is 1, this job's is 2\."):
        run(Database(url, name), Landscape(), context="data 2, seed 0")


def test_a_study_with_trials_of_somebody_else_is_refused(url: str, name: str) -> None:
    run(Database(url, name), Landscape())
    optuna.load_study(study_name=name, storage=url).enqueue_trial({"size": 64})
    with pytest.raises(StudyError, match="was not made by attendnets"):
        run(Database(url, name), Landscape())


@pytest.mark.parametrize(
    ("direction", "parameters"),
    [(StudyDirection.MINIMIZE, {}), (StudyDirection.MAXIMIZE, {"size": 64})],
    ids=["minimized", "with trials"],
)
def test_a_study_of_somebody_else_is_left_as_it_was(
    url: str, name: str, direction: StudyDirection, parameters: dict[str, int]
) -> None:
    theirs = optuna.create_study(storage=url, study_name=name, direction=direction)
    if parameters:
        theirs.enqueue_trial(parameters)
    with pytest.raises(StudyError, match="was not made by attendnets"):
        run(Database(url, name), Landscape())
    study = optuna.load_study(study_name=name, storage=url)
    assert study.user_attrs == {} and study.metric_names is None
    assert len(study.trials) == len(parameters)


DRIVE = """
import sys, time
from attendnets.exploration.database import Database
with Database(sys.argv[1], sys.argv[2]).opened("a"):
    print("driving", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def driver(url: str, name: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that drives the study."""
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVE, url, name],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None and process.stdout.readline() == "driving\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_driver_is_refused_and_the_first_is_named(
    url: str, name: str, driver: subprocess.Popen[str]
) -> None:
    named = rf"is driven by process {driver.pid} on {socket.gethostname()} since 20"
    with pytest.raises(StudyError, match=named) as refused:
        run(Database(url, name), Landscape())
    assert "secret" not in str(refused.value)


def test_a_killed_driver_leaves_the_study_free(
    url: str, name: str, driver: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "SILENCE_SECONDS", 4.0)
    driver.kill()
    driver.wait()
    assert run(Database(url, name), Landscape()).trials == 9


def test_a_driver_that_stood_still_writes_nothing_after_another_took_the_study(
    url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "SILENCE_SECONDS", 4.0)
    taker = Database(url, name)
    with Database(url, name).opened("a") as trials:
        held = trials._is_ours.__self__  # type: ignore[attr-defined]
        # As SIGSTOP would: the beat stands still.
        held._ended.set()
        held._thread.join()
        taken = pytest.raises(StorageError, match=rf"taken over by process {os.getpid()} on")
        with taker.opened("a"), taken:
            trials.add_trial(optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING))
    assert optuna.load_study(study_name=name, storage=url).trials == []


def test_of_drivers_that_come_together_one_has_the_study(url: str, name: str) -> None:
    with Database(url, name).opened("a"):
        pass
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", DRIVE, url, name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for _ in range(3)
    ]
    while sum(process.poll() is not None for process in processes) < 2:
        time.sleep(0.1)
    driving = [process for process in processes if process.poll() is None]
    assert len(driving) == 1
    for process in processes:
        process.kill()
        said, wrong = process.communicate()
        assert said == "driving\n" if process in driving else "is driven by process" in wrong


def test_a_server_that_dies_is_named_and_the_study_goes_on_when_it_is_back(name: str) -> None:
    pytest.importorskip("psycopg")
    from benchmarks.postgresql_server import postgresql_server, programs

    if programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")

    class Kills(Landscape):
        def __call__(self, spec, epochs):  # type: ignore[no-untyped-def]
            if len(self.calls) == 3:
                server.process.send_signal(signal.SIGQUIT)
                server.process.wait()
            return super().__call__(spec, epochs)

    with postgresql_server() as server, pytest.raises(StorageError, match="cannot be used") as error:
        run(Database(server.url(), name), Kills())
    assert f"127.0.0.1:{server.port}" in str(error.value) and "secret" not in str(error.value)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not the URL of a database"),
        ("studies.db", "not the URL of a database"),
        ("postgresql:/me:pass word@host/db", "not the URL of a database"),
        ("postgresql://me:secret@host:port/db", "not the URL of a database"),
        ("oracel://me:secret@host/db", r"oracel://me:\*\*\*@host/db: there is no database of that kind"),
        ("postgresql+nodriver://me:secret@host/db", "there is no database of that kind"),
        ("mysql+pymysql://me:secret@host/db", r"driver pymysql is not installed.*pip install pymysql"),
        ("sqlite://", "in memory is not kept"),
        ("sqlite:///:memory:", "in memory is not kept"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_before_anything_is_done(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        parsed_url(text)
    assert "secret" not in str(error.value) and "pass word" not in str(error.value)


def test_without_its_driver_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r'pip install "attendnets\[postgresql\]"'):
        parsed_url("postgresql://me@host/db")


def test_a_masked_password_is_left_to_the_driver() -> None:
    pytest.importorskip("psycopg")
    url = parsed_url("postgresql://me:***@host/db?sslpassword=***&application_name=x")
    given = url.get_dialect()().create_connect_args(url)[1]
    assert "password" not in given and "sslpassword" not in given
    assert given["application_name"] == "x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("postgresql://me:secret@127.0.0.1:{port}/db", r"127\.0\.0\.1.*{port}.*refused"),
        ("postgresql://me:secret@nowhere.invalid/db", r"nowhere\.invalid"),
        ("sqlite:////proc/studies.db", "unable to open database file"),
        ("sqlite:///{folder}/missing/studies.db", "unable to open database file"),
        ("sqlite:///{folder}/text.db", "not a database"),
        ("sqlite:///file:{folder}/read.db?mode=ro&uri=true", "readonly database"),
        ("sqlite:////dev/full", r"disk|file|database"),
    ],
)
def test_a_storage_that_cannot_be_reached_or_written_is_named(
    text: str, message: str, tmp_path: Path
) -> None:
    if text.startswith("postgresql"):
        pytest.importorskip("psycopg")
    port = str(free_port())
    (tmp_path / "text.db").write_text("no database " * 100)
    with sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'read.db'}").begin() as connection:
        connection.exec_driver_sql("create table x(y)")
    filled = text.replace("{port}", port).replace("{folder}", str(tmp_path))
    with pytest.raises(StorageError, match=message.replace("{port}", port)) as error:
        run(Database(filled, "x"), Landscape())
    assert "secret" not in str(error.value) and "the same command again" in str(error.value)
    assert error.value.exit_code == 3


@pytest.mark.parametrize(
    ("database", "password", "message"),
    [("nothing", None, 'database "nothing" does not exist'), ("postgres", "wrong", "authentication failed")],
)
def test_what_a_server_refuses_is_told_without_the_password(
    postgresql: Server, database: str, password: str | None, message: str
) -> None:
    url = postgresql.url(database) if password is None else postgresql.url(database, password)
    with pytest.raises(StorageError, match=message) as error:
        run(Database(url, "x"), Landscape())
    assert "secret" not in str(error.value) and "wrong" not in str(error.value)


def test_a_user_who_may_not_write_is_told(postgresql: Server) -> None:
    engine = sqlalchemy.create_engine(postgresql.url())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("create database readers")
        connection.exec_driver_sql("create role reader login password 'secret'")
    engine.dispose()
    url = postgresql.url("readers").replace("attendnets:not a secret%2Fhere", "reader:secret")
    with pytest.raises(StorageError, match="permission denied"):
        run(Database(url, "x"), Landscape())


def test_tables_of_another_optuna_are_refused(tmp_path: Path) -> None:
    url, name = f"sqlite:///{tmp_path / 'studies.db'}", "x"
    run(Database(url, name), Landscape())
    with sqlalchemy.create_engine(url).begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = 'v3.0.0.a'")
    with pytest.raises(AttendnetsError, match="another version of Optuna"):
        run(Database(url, name), Landscape())


def test_what_a_trial_holds_fits_into_the_columns_of_any_database(tmp_path: Path) -> None:
    """MySQL's TEXT is the smallest: 65,535 bytes. Names have 512 characters."""
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    run(Database(url, "x"), Landscape())
    with sqlalchemy.create_engine(url).connect() as connection:
        for table, column in (
            ("trial_user_attributes", "value_json"),
            ("study_user_attributes", "value_json"),
            ("trial_params", "distribution_json"),
        ):
            longest = connection.exec_driver_sql(f"select max(length({column})) from {table}").scalar_one()
            assert longest < 65_535 / 4

"""Into a pipe: one plain line an event, whatever the names."""

from __future__ import annotations

import io
import os

import pytest

from attendnets.pipeline import EpochTrained, Listener
from attendnets.run import STAGES
from attendnets.terminal import Lines, UntilClosed, printable
from tests.terminal.jobs import Recorded, piped, tell


def told(recorded: Recorded) -> list[str]:
    stream = io.StringIO()
    tell(Lines(stream), recorded.events)
    return stream.getvalue().splitlines()


def test_every_stage_begins_and_ends_with_a_line(recorded: Recorded) -> None:
    lines = told(recorded)
    begun = [line.removesuffix(": started") for line in lines if line.endswith(": started")]
    ended = [line.split(":")[0] for line in lines if line.endswith("]")]
    assert begun == ended == list(STAGES)


def test_every_short_training_has_a_line_with_its_figures(recorded: Recorded) -> None:
    trainings = [event for event in recorded.events if event["event"] == "candidate"]
    lines = [line for line in told(recorded) if line.startswith("explore: candidate ")]
    assert len(lines) == len(trainings)
    for line, training in zip(lines, trainings, strict=True):
        assert training["digest"] in line
        assert f"rung {training['rung']} of {training['rungs']}" in line
        assert f"{training['validation_top1_percent']:.1f} %" in line
        assert "MACs" in line
        assert "weights" in line


def test_epochs_that_follow_fast_are_not_all_told(recorded: Recorded) -> None:
    lines = [line for line in told(recorded) if line.startswith("train: epoch ")]
    assert [line.split()[2] for line in lines] == ["1", "12"]
    stream = io.StringIO()
    patient = Lines(stream, epoch_seconds=0)
    for number in range(1, 5):
        patient.epoch(EpochTrained(number, 4, 1.0, 0.5, 0.6, 70.0))
    assert stream.getvalue().count("\n") == 4


def test_a_finished_build_says_so_in_plain_lines(recorded: Recorded) -> None:
    job = recorded.events[-1]
    done = piped("train", str(recorded.run))
    assert job["exit_code"] == done.returncode == 0
    assert "train: finished before, kept" in done.stdout.splitlines()
    assert all(character.isprintable() or character == "\n" for character in done.stdout)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\r", "two\\nlines\\r"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("[bold]markup[/bold] <b>", "[bold]markup[/bold] <b>"),
        ("caf\udce9", "caf\\udce9"),
        ("\u202etfel", "\\u202etfel"),
        ("名前 é", "名前 é"),
    ],
)
def test_a_name_is_shown_on_one_line_and_moves_no_cursor(text: str, shown: str) -> None:
    assert printable(text) == shown
    stream = io.StringIO()
    Lines(stream).note(text)
    assert stream.getvalue() == f"note: {shown}\n"


def test_an_encoding_without_the_letters_is_no_error() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Lines(stream).note("名前")
    assert raw.getvalue() == b"note: \\u540d\\u524d\n"


def test_a_reader_that_leaves_ends_the_telling_and_not_the_job(recorded: Recorded) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    failures: list[OSError] = []
    with open(writing, "w", closefd=False) as stream:
        listener = UntilClosed(Lines(stream), failures.append)
        tell(listener, recorded.events)
        assert type(listener.listener) is Listener
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, writing)
    assert [type(failure) for failure in failures] == [BrokenPipeError]

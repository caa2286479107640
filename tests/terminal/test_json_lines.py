"""--json-lines: every line is an object that docs/events.md describes, the last one the result."""

from __future__ import annotations

import io
import json
import re
from dataclasses import fields
from datetime import datetime
from pathlib import Path

import pytest

from attendnets.cli.output import form_of
from attendnets.errors import UsageError
from attendnets.pipeline import CandidateTrained, EpochTrained, Step
from attendnets.run import STAGES
from attendnets.terminal import JsonLines
from tests.terminal.jobs import ROOT, SMALL_JOB, Recorded, events_of, piped


def test_every_line_is_an_object_with_its_event_and_a_time_with_zone(recorded: Recorded) -> None:
    times = [datetime.fromisoformat(event["time"]) for event in recorded.events]
    assert all(time.tzinfo is not None for time in times)
    assert times == sorted(times)
    assert recorded.output.isascii()
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", recorded.output)


def test_stages_are_told_in_their_order(recorded: Recorded) -> None:
    for kind in ("started", "finished"):
        assert [e["stage"] for e in recorded.events if e["event"] == kind] == list(STAGES)


def test_the_fields_are_those_of_the_types(recorded: Recorded) -> None:
    types = {"step": Step, "candidate": CandidateTrained, "epoch": EpochTrained}
    for kind, of in types.items():
        told = [event for event in recorded.events if event["event"] == kind]
        assert told
        names = {"event", "time"} | {field.name for field in fields(of)}
        assert all(event.keys() == names for event in told)
    epochs = [event["epoch"] for event in recorded.events if event["event"] == "epoch"]
    assert epochs == list(range(1, 13))
    candidates = [event for event in recorded.events if event["event"] == "candidate"]
    assert {event["number"] for event in candidates} == {0, 1, 2}
    assert all(event["weights_bytes"] <= 60_000 for event in candidates)
    assert all(event["seconds_left"] > 0 for event in recorded.events if event["event"] == "planned")


def test_the_last_line_is_the_result(recorded: Recorded) -> None:
    *others, last = recorded.events
    assert all(event["event"] not in ("result", "error") for event in others)
    measured = json.loads((recorded.run / "measure.json").read_text())
    assert (last["event"], last["command"], last["exit_code"], last["met"]) == ("result", "build", 0, True)
    assert last["figures"]["top1_percent"] == measured["measurement"]["top1_percent"]
    assert last["verdict"] == measured["verdict"]
    assert last["run"] == str(recorded.run)


def test_a_stage_of_an_existing_run_tells_its_own_events(recorded: Recorded) -> None:
    done = piped("train", str(recorded.run), "--json-lines")
    events = events_of(done.stdout)
    told = [e["event"] for e in events if e["event"] not in ("step", "note")]
    assert told == ["started", "finished", "skipped", "result"]
    assert events[-1]["record"]["epochs"][-1]["epoch"] == 12


def test_an_error_is_told_beside_the_message(tmp_path: Path) -> None:
    done = piped("build", str(tmp_path / "nowhere"), *SMALL_JOB, "--json-lines")
    error = events_of(done.stdout)[-1]
    assert done.returncode == error["exit_code"] == 2
    assert (error["event"], "nowhere" in error["message"]) == ("error", True)
    assert done.stderr == f"attendnets: {error['message']}\n"


def test_json_and_json_lines_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="--json-lines"):
        form_of(json=True, json_lines=True, quiet=False)


@pytest.mark.parametrize("text", ["two\nlines", "\x1b[31mred", "caf\udce9", "名前", "\u202etfel"])
def test_any_name_gives_one_line_and_comes_back_as_it_was(text: str) -> None:
    stream = io.StringIO()
    JsonLines(stream).note(text)
    assert stream.getvalue().count("\n") == 1
    assert json.loads(stream.getvalue())["text"] == text


def test_what_is_no_number_is_null() -> None:
    stream = io.StringIO()
    JsonLines(stream).write("result", {"measured": float("nan"), "rows": [{"bound": float("inf")}]})
    event = json.loads(stream.getvalue(), parse_constant=lambda name: pytest.fail(name))
    assert event["measured"] is None
    assert event["rows"] == [{"bound": None}]


def test_every_event_is_documented(recorded: Recorded) -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    for event in recorded.events:
        assert f"`{event['event']}`" in text
        for name in event.keys() - {"event", "time"}:
            assert f"`{name}`" in text, (event["event"], name)

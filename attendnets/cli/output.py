"""What commands print, and who listens while they run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attendnets.cli.interruption import interrupted
from attendnets.errors import AttendnetsError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from attendnets.benchmark import Measurement
    from attendnets.data import CheckReport
    from attendnets.pipeline import Context, FinalRecord, Listener
    from attendnets.run import Stage
    from attendnets.spec import NetworkSpec
    from attendnets.terminal import JsonLines, LiveView

Form: TypeAlias = Literal["text", "quiet", "json", "json_lines"]


def form_of(json: bool, json_lines: bool, quiet: bool) -> Form:
    """How a command speaks. Raises UsageError for two forms at once."""
    if json and json_lines:
        raise UsageError("--json prints one object at the end, --json-lines one an event: give one of them.")
    return "json_lines" if json_lines else "json" if json else "quiet" if quiet else "text"


@dataclass
class Telling:
    """A command that is being told of in ``form``; its events go to ``listener``.

    ``lines`` is there for JSON lines: what the command gives is written by :meth:`result`.
    """

    command: str
    form: Form
    listener: Listener
    lines: JsonLines | None = None

    def judged(self, exit_code: int, run: Path, record: FinalRecord) -> None:
        """:meth:`result` of a measured run: verdict and figures."""
        self.measured(
            exit_code,
            record.measurement,
            run=run,
            met=record.verdict.met,
            verdict=record.verdict,
            float_top1_percent=record.float_top1_percent,
        )

    def measured(self, exit_code: int, measurement: Measurement, **fields: object) -> None:
        """:meth:`result` of a measured file: its figures."""
        figures = builtins(measurement)
        # One row an image; for a run they are in its measure.json.
        del figures["predictions"]
        self.result(exit_code, **fields, figures=figures)

    def result(self, exit_code: int, **fields: object) -> None:
        """The last of the JSON lines; nothing in other forms."""
        if self.lines is not None:
            with reader_may_leave():
                values = {"command": self.command, "exit_code": exit_code, **fields}
                self.lines.write("result", values)


@contextmanager
def telling(command: str, form: Form) -> Iterator[Telling]:
    """Tell of ``command`` while the body runs; the screen is put in order however it ends.

    With JSON lines an error of the body is also told there. A reader that leaves does not end the body.
    """
    from attendnets.pipeline import Listener
    from attendnets.run import STAGES
    from attendnets.terminal import JobState, JsonLines, Lines, LiveView, UntilClosed

    stages: tuple[Stage, ...] = tuple(s for s in STAGES if command == "build" or s in ("check", command))
    with ExitStack() as stack:
        if form == "json_lines":
            lines = JsonLines(sys.stdout, whole_job=command == "build")
            told = Telling(command, form, UntilClosed(lines, _reader_left), lines)
        elif form != "text":
            told = Telling(command, form, Listener())
        elif _is_live(screen := console()):
            view = LiveView(screen, JobState(stages))
            view.open()
            stack.callback(_close, view)
            told = Telling(command, form, UntilClosed(view, _reader_left))
        else:
            told = Telling(command, form, UntilClosed(Lines(sys.stdout), _reader_left))
        try:
            yield told
        except AttendnetsError as error:
            _tell_error(told.lines, str(error), error.exit_code)
            raise
        except KeyboardInterrupt as error:
            _tell_error(told.lines, *interrupted(error))
            raise
        except Exception as error:
            _tell_error(told.lines, f"{type(error).__name__}: {error}", 3)
            raise


def reopen(run: Path, listener: Listener, **changes: Any) -> Context:
    """The context of a run, its job changed by ``changes``."""
    from attendnets.pipeline import reopen

    return reopen(run, listener, **changes)


def console() -> Console:
    """Standard output, with long lines unbroken when it is not a terminal."""
    from attendnets.terminal import Screen

    return Screen(soft_wrap=not sys.stdout.isatty())


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Print in the body; where nobody reads it any more, that changes nothing for the command."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout.fileno())


def silence(descriptor: int) -> None:
    """Let what is still written there go nowhere: Python would complain at exit otherwise."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def describe_network(spec: NetworkSpec) -> None:
    """Print a network row by row."""
    from attendnets.cost import cost
    from attendnets.report import cost_table

    print(cost_table(cost(spec)))


def print_result(record: FinalRecord) -> None:
    """Print the verdict and what was measured."""
    from attendnets.report import verdict_table
    from attendnets.terminal import measurement_table

    if record.verdict.rows:
        print(f"\n{verdict_table(record.verdict)}\n", flush=True)
    console().print(measurement_table(record.measurement, record))


def write_check_page(path: Path, report: CheckReport, source: str) -> None:
    """The page of a check, at ``path``."""
    from attendnets.atomic import write_text
    from attendnets.data import image_root
    from attendnets.report import render_check

    try:
        write_text(path, render_check(report, image_root(source)))
    except OSError as error:
        raise UsageError(f"--page {path}: {error.strerror}; name a file that can be written") from error


def builtins(value: object) -> dict[str, object]:
    """A typed result as plain values."""
    import msgspec

    plain: dict[str, object] = msgspec.to_builtins(value)
    return plain


def print_json(value: object) -> None:
    """Print one JSON document."""
    import msgspec

    encoded = msgspec.json.encode(value, enc_hook=str)
    print(msgspec.json.format(encoded, indent=2).decode())


def _is_live(screen: Console) -> bool:
    return screen.is_terminal and not screen.is_dumb_terminal and sys.stdout.isatty()


def _reader_left(error: OSError) -> None:
    silence(sys.stdout.fileno())
    with suppress(OSError):
        print(
            f"attendnets: the output cannot be written ({error.strerror}); the job goes on without.",
            file=sys.stderr,
            flush=True,
        )


def _close(view: LiveView) -> None:
    try:
        view.close()
    except OSError as error:
        _reader_left(error)


def _tell_error(lines: JsonLines | None, message: str, exit_code: int) -> None:
    if lines is not None:
        with reader_may_leave():
            lines.write("error", {"message": message, "exit_code": exit_code})

"""The command line: each command parses into typed values, calls one function, and prints what it returns.

Exit codes: 0 all requirements met (or nothing was required), 1 built but not met, 2 wrong usage or data,
3 failed. Interrupted, the same command goes on where it was: 130 by Ctrl-C, 143 by SIGTERM, 129 by a
closed terminal (SIGHUP).
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from cyclopts import CycloptsError

from attendnets.cli import files, jobs, networks, show, stages, table
from attendnets.cli.app import app
from attendnets.cli.interruption import interrupted, obey_signals
from attendnets.cli.output import silence
from attendnets.errors import AttendnetsError

__all__ = ["app", "files", "jobs", "main", "networks", "show", "stages", "table"]

# A message may name a file, and a file's name may hold what moves the cursor or rings.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(10), *range(11, 32), *range(127, 160))}


def main() -> None:
    """Entry point of the ``attendnets`` command."""
    obey_signals()
    code = _run()
    _flush()
    sys.exit(code)


def _run() -> int:
    try:
        code = app(exit_on_error=False, print_error=True)
    except CycloptsError:
        return 2
    except AttendnetsError as error:
        _say(str(error))
        return error.exit_code
    except BrokenPipeError:
        # Whoever read the output has read enough.
        silence(sys.stdout.fileno())
        return 0
    except KeyboardInterrupt as error:
        message, code = interrupted(error)
        _say(message)
        return code
    except OSError as error:
        _say(str(error))
        return 3
    except Exception:
        # Python's own exit code would say "built, but not met".
        logging.getLogger("attendnets").exception("attendnets failed; this is a bug, please report it:")
        return 3
    return code if isinstance(code, int) else 0


def _say(message: str) -> None:
    # A closed terminal takes no message.
    with suppress(OSError):
        print(f"attendnets: {message.translate(_CONTROLS)}", file=sys.stderr, flush=True)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            silence(stream.fileno())

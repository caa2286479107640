"""The command line: each command parses into typed values, calls one function, and prints what it returns.

Exit codes: 0 all requirements met (or nothing was required), 1 built but not met, 2 wrong usage or data,
3 failed, 130 interrupted (the same command goes on where it was).
"""

from __future__ import annotations

import os
import sys

from cyclopts import CycloptsError

from attendnets.cli import files, jobs, stages
from attendnets.cli.app import app
from attendnets.errors import AttendnetsError

__all__ = ["app", "files", "jobs", "main", "stages"]


def main() -> None:
    """Entry point of the ``attendnets`` command."""
    try:
        code = app(exit_on_error=False, print_error=True)
    except CycloptsError:
        sys.exit(2)
    except AttendnetsError as error:
        print(f"attendnets: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read the output has read enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        print("\nattendnets: interrupted; the same command goes on where it was.", file=sys.stderr)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)

"""Runs a script that creates timm's models by name, such as timm's own ``train.py``, with ours among them::

    python -m attendnets.timm_models train.py --model attendnet_b --num-classes 50 --data-dir photos/

All that follows the script's file is the script's own; it runs as ``python train.py ...`` would run it. timm
finds no models of others by itself, so that something has to import them before the script asks.
"""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path


def run_script(words: Sequence[str]) -> None:
    """Run the script that is the first of ``words`` with the others as its arguments.

    What the script raises, also SystemExit with its exit code, is passed on. Raises SystemExit with code 2,
    after a message on standard error, where there is no such script.
    """
    parser = argparse.ArgumentParser(
        prog="python -m attendnets.timm_models",
        description="Run a script that creates timm's models by name, with the networks of attendnets known.",
        allow_abbrev=False,
    )
    parser.add_argument("script", type=Path, help="a Python file, such as timm's train.py")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the script's own")
    given = parser.parse_args(words)
    script: Path = given.script
    if not script.is_file():
        parser.error(f"{script} is no file; give the script to run first, then its own arguments.")
    sys.argv = [str(script), *given.arguments]
    if not sys.flags.safe_path:
        # A script imports what lies beside it; until here it was the folder that Python was started in.
        sys.path[0] = str(script.resolve().parent)
    runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    run_script(sys.argv[1:])

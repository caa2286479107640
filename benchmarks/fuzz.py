"""Hostile image files through the check and the decoder: each must be named and classed, within 1 GiB.

python -m benchmarks.fuzz
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from attendnets.data import Preprocessing, load_pixels
from attendnets.data.decode import BadImage, quiet_pillow
from attendnets.data.pixels import DECODING_THREADS
from benchmarks.hostile_images import USABLE, HostileFile, picture, write_hostile_images
from benchmarks.large_images import write_large_images
from benchmarks.peak_memory import Measured, measured
from benchmarks.record import write_record

MEMORY_LIMIT_BYTES = 1 << 30
_SOUND = 8
_TIMEOUT_SECONDS = 300


def make_data_set(folder: Path, count: int, seed: int) -> tuple[HostileFile, ...]:
    """A folder of two classes with a few sound images each, and ``count`` hostile files in one of them."""
    chance = random.Random(f"sound/{seed}")
    for name in ("hostile", "sound"):
        (folder / name).mkdir(parents=True)
        for number in range(_SOUND):
            picture(chance, side=32).save(folder / name / f"sound-{number}.png")
    return write_hostile_images(folder / "hostile", count, seed)


def run_check(folder: Path) -> Measured:
    """``attendnets check FOLDER --json`` in a process of its own."""
    return measured([sys.executable, "-m", "attendnets", "check", str(folder), "--json"], _TIMEOUT_SECONDS)


def run_decoder(folder: Path) -> Measured:
    """:func:`load_pixels` on every file of a folder, in a process of its own; prints name to outcome."""
    return measured([sys.executable, "-m", "benchmarks.fuzz", "--decode", str(folder)], _TIMEOUT_SECONDS)


def outcomes_of_check(done: Measured) -> dict[str, str]:
    """Name to kind of every file that a check left out."""
    return {
        name: finding["kind"]
        for finding in json.loads(done.output)["findings"]
        if finding["action"] == "excluded"
        for name in finding["names"]
    }


def survived(done: Measured) -> bool:
    """Whether a process ended by itself, with an exit code of ours and without a traceback."""
    return done.returncode in (0, 2) and not done.timed_out and "Traceback" not in done.errors + done.output


def fuzz_figures(folder: Path, count: int, seed: int) -> dict[str, Any]:
    """Make the set in ``folder``, run both ways over it, and compare what they say of every file."""
    files = make_data_set(folder, count, seed)
    check, decoder = run_check(folder), run_decoder(folder / "hostile")
    figures: dict[str, Any] = {
        "files": len(files),
        "families": len({file.family.rstrip("0123456789") for file in files}),
        "check_survived": survived(check),
        "check_seconds": check.seconds,
        "check_peak_bytes": check.peak_bytes,
        "decoder_survived": survived(decoder),
        "decoder_seconds": decoder.seconds,
        "decoder_peak_bytes": decoder.peak_bytes,
    }
    if not (figures["check_survived"] and figures["decoder_survived"]):
        return figures | {"errors": (check.errors + decoder.errors)[-2000:]}
    excluded, decoded = outcomes_of_check(check), json.loads(decoder.output)
    by_check = {file.name: excluded.get(f"hostile/{file.name}", USABLE) for file in files}
    usable = sum(kind == USABLE for kind in by_check.values())
    return figures | {
        # Images that the report counts and no file accounts for, or the other way round.
        "unaccounted": abs(json.loads(check.output)["images"] - usable - 2 * _SOUND),
        "disagreements": _named(by_check, decoded),
        "unexpected": sorted(
            f"{file.name}: {by_check[file.name]}"
            for file in files
            if file.expected and by_check[file.name] not in file.expected
        ),
        "outcomes": dict(Counter(by_check.values()).most_common()),
    }


def _named(by_check: Mapping[str, str], decoded: Mapping[str, str]) -> list[str]:
    return sorted(
        f"{name}: check says {kind}, the decoder {decoded.get(name)}"
        for name, kind in by_check.items()
        if decoded.get(name) != kind
    )


def largest_figures(folder: Path) -> dict[str, Any]:
    """Images just under the limits, of the modes and formats that need most memory, through both ways."""
    names = write_large_images(folder / "large")
    (folder / "small").mkdir()
    for number in range(3):
        picture(random.Random(number)).save(folder / "small" / f"{number}.png")
    check, decoder = run_check(folder), run_decoder(folder / "large")
    excluded = outcomes_of_check(check) if survived(check) else {}
    return {
        "large_files": len(names),
        "large_survived": survived(check) and survived(decoder),
        "large_excluded": sorted(excluded),
        "large_check_peak_bytes": check.peak_bytes,
        "large_decoder_peak_bytes": decoder.peak_bytes,
        "large_check_seconds": check.seconds,
    }


def decode_all(folder: Path) -> dict[str, str]:
    """What :func:`load_pixels` makes of every entry of ``folder``, by name."""
    paths = sorted(folder.iterdir())
    with quiet_pillow(), ThreadPoolExecutor(DECODING_THREADS) as pool:
        return dict(zip((path.name for path in paths), pool.map(_decode, paths), strict=True))


def _decode(path: Path) -> str:
    try:
        load_pixels(path, Preprocessing(3, 32, 32))
    except BadImage as error:
        return error.kind
    return USABLE


def main() -> None:
    """Measure, and write results/fuzz.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--decode", type=Path, help="only decode a folder's files, and print what became of them"
    )
    arguments = parser.parse_args()
    if arguments.decode:
        print(json.dumps(decode_all(arguments.decode)))
        return
    with tempfile.TemporaryDirectory() as folder:
        figures = fuzz_figures(Path(folder) / "hostile", arguments.files, arguments.seed)
        figures |= largest_figures(Path(folder) / "large")
    path = write_record(
        "fuzz",
        f"{arguments.files} hostile image files: no crash, no traceback, no more than 1 GiB of memory, each "
        "named and classed",
        figures,
        commands=["python -m benchmarks.fuzz"],
        seed=arguments.seed,
    )
    print(path.read_text())


if __name__ == "__main__":
    main()

"""Table 1 of the AttendNets paper with our counts beside it: what ``attendnets table attendnets`` prints.

python -m benchmarks.papers_table     # seconds; needs timm: pip install "attendnets[timm]"
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from importlib.metadata import version

from attendnets.report.attendnets_table import attendnets_table, attendnets_table_text
from benchmarks.record import write_record


def main() -> None:
    """Count, and write results/papers_table.json."""
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
    table = attendnets_table()
    if table.missing:
        raise SystemExit(table.missing)
    path = write_record(
        "papers_table",
        "the AttendNets paper's networks have here the parameters and multiply-adds that it prints",
        {"timm": version("timm"), **asdict(table)},
        commands=["attendnets table attendnets", "python -m benchmarks.papers_table"],
        seed=None,
    )
    print(attendnets_table_text(table))
    print(path)


if __name__ == "__main__":
    main()

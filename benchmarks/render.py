"""README's tables, written from the records in results/, so that no figure is typed by hand.

    python -m benchmarks.render            # rewrites the parts between the markers
    python -m benchmarks.render --check    # exit 1 where README and records differ

A part starts with ``<!-- results: NAME -->`` and ends with ``<!-- end -->``; NAME is that of a record.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from attendnets.report.attendnets_table import AttendnetsTable, TableRow, row_cells, table_notes
from attendnets.requirements import format_value
from benchmarks.comparison_tables import (
    Figures,
    Rows,
    block_comparison_rows,
    real_images_rows,
    softmax_gate_rows,
)
from benchmarks.knowledge_figures import cheap_knowledge_rows
from benchmarks.record import ROOT, Record, read_record
from benchmarks.search_tables import (
    HPOLIB,
    NAS_BENCH_201,
    NAS_BENCH_201_LIMITED,
    NAS_BENCH_201_PARETO,
    ablation_rows,
    own_space_rows,
    probing_rows,
    proposal_rows,
)
from benchmarks.worker_tables import ray_speed_rows, worker_soak_rows

DOCUMENTS = (ROOT / "README.md",)
NAMED_VERSIONS = ("python", "torch", "ai-edge-litert", "onnxruntime")
_PART = re.compile(
    r"(?P<start><!-- results: (?P<name>\w+) -->\n)(?P<old>.*?)(?P<end><!-- end -->)", re.DOTALL
)


def render(text: str, read: Callable[[str], Record | None] = read_record) -> str:
    """``text`` with every part between markers written anew.

    Raises KeyError for a part whose name has no table here.
    """

    def part(match: re.Match[str]) -> str:
        name = match["name"]
        table, record = TABLES[name], read(name)
        body = table(record) if record else f"Not measured yet: `python -m benchmarks.{name}` does.\n"
        return f"{match['start']}\n{body}\n{match['end']}"

    return _PART.sub(part, text)


def job_table(record: Record) -> str:
    """The verdict of one run of the main job, and how it was reached."""
    figures = record.figures
    rows = [
        (
            f"`{row['requirement']}`",
            _measured(row, figures),
            "yes" if row["met"] else f"no: {100 * row['violation']:.1f} % off",
        )
        for row in figures["requirements"]
    ]
    seconds = figures["seconds"]
    shares = ", ".join(
        f"{name} {100 * spent / seconds['wall']:.0f} %" for name, spent in seconds.items() if name != "wall"
    )
    low, high = figures["top1_interval_percent"]
    sentences = [
        f"**{figures['top1_percent']:.1f} %** of the {figures['images']} test images right with the exported "
        f"file (95 % interval {low:.1f} to {high:.1f} %); the float network reaches "
        f"{figures['float_top1_percent']:.1f} % on the same images.",
        f"Network `{figures['chosen']}`: {format_value('parameters', figures['parameters'])} parameters, "
        f"{format_value('macs', figures['macs'])} MACs, file {format_value('file', figures['file_bytes'])}.",
        f"One image takes {figures['latency_ms_median']:.2f} ms (median; 95th percentile "
        f"{figures['latency_ms_p95']:.2f} ms) with {figures['runtime']} {figures['runtime_version']}, "
        f"{_count(figures['threads'], 'thread')}.",
        f"{figures['screened']:,} candidates were judged on cost, {figures['candidates']} of them trained "
        f"for a while.",
        f"It took {seconds['wall'] / 60:.1f} minutes: {shares} (loading is part of training).",
    ]
    if "install_seconds" in figures:
        sentences += (
            f"Installing into an empty environment took {figures['install_seconds']:.0f} s before.",
        )
    head = ("requirement", f"measured on {figures['images']} test images", "met")
    return "\n".join([*_table(head, rows), "", " ".join(sentences), "", _provenance(record)])


def screening_table(record: Record) -> str:
    """Speed without training."""
    figures = record.figures
    rows = [
        (
            "candidates drawn and judged on cost, one core",
            f"{figures['candidates_per_minute']:,.0f} a minute",
        ),
        ("cost of a candidate whose blocks are known", f"{figures['cost_ms_median']:.3f} ms"),
        ("`attendnets --help`", f"{figures['help_seconds_median']:.2f} s"),
    ]
    return "\n".join([*_table(("without training", "measured"), rows), "", _provenance(record)])


def repeatability_table(record: Record) -> str:
    """The same small build twice."""
    runs = record.figures["runs"]
    rows = [
        (str(number), f"`{run['chosen']}`", f"{run['top1_percent']:.4f} %", f"`{run['file_sha256'][:16]}`")
        for number, run in enumerate(runs, 1)
    ]
    head = ("run", "network", f"top-1 on {runs[0]['images']} test images", "SHA-256 of the .tflite")
    return "\n".join([*_table(head, rows), "", _provenance(record)])


def arena_table(record: Record) -> str:
    """Predictions from the specification against exported files."""
    figures = record.figures
    rows = [
        (
            name,
            f"{figures[f'{key}_error_percent_mean']:.1f} %",
            f"{figures[f'{key}_error_percent_largest']:.1f} %",
        )
        for name, key in (("arena under tflite-micro", "arena"), (".tflite file", "file"))
    ]
    head = (f"predicted, {_count(figures['networks'], 'network')}", "mean error", "largest error")
    return "\n".join([*_table(head, rows), "", _provenance(record)])


def fuzz_table(record: Record) -> str:
    """What became of the hostile files, and the memory that it took."""
    figures = record.figures
    outcomes = dict(figures["outcomes"])
    usable = outcomes.pop("usable", 0)
    classed = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in outcomes.items())
    crashes = 2 - figures["check_survived"] - figures["decoder_survived"]
    rows = [
        (
            f"{figures['files']} hostile files: crashes, tracebacks; files without a class; unlike expected",
            f"{crashes}; {figures['unaccounted']}; {len(figures['unexpected'])}",
        ),
        ("read all the same", str(usable)),
        ("left out, by kind", classed),
        ("where the check and the decoder disagree", str(len(figures["disagreements"]))),
        (
            "largest memory, the check / the decoder",
            f"{_mebibytes(figures['check_peak_bytes'])} / {_mebibytes(figures['decoder_peak_bytes'])}",
        ),
        (
            f"the same with {figures['large_files']} sound images just under the limits",
            f"{_mebibytes(figures['large_check_peak_bytes'])} / "
            f"{_mebibytes(figures['large_decoder_peak_bytes'])}",
        ),
    ]
    return "\n".join([*_table(("hostile image files", "measured"), rows), "", _provenance(record)])


def check_speed_table(record: Record) -> str:
    """The check of many small images."""
    figures = record.figures
    rows = [
        (
            f"`attendnets check` on {figures['images']:,} images of "
            f"{', '.join(figures['sizes'])} pixels, whole command",
            f"{figures['seconds_median']:.1f} s: {figures['images_per_second']:,.0f} images a second",
        ),
        ("largest memory", _mebibytes(figures["peak_bytes"])),
    ]
    return "\n".join([*_table(("check", "measured"), rows), "", _provenance(record)])


def study_soak_table(record: Record) -> str:
    """What became of a study whose driver was killed."""
    figures = record.figures
    workers = f" and {figures['worker_kills']} of processes that train" if figures["worker_kills"] else ""
    rows = [
        (
            f"{figures['trials']} candidates, accuracies and the choice, beside a study that nobody killed",
            "equal" if figures["equal"] else "**others**",
        ),
        (
            f"of {figures['trainings']} finished trainings: lost or done again, kept twice",
            f"{len(figures['lost_or_changed'])}, {len(figures['doubled'])}",
        ),
    ]
    head = (f"{figures['kills']} `kill -9` of the driver{workers}, then the same command", "measured")
    return "\n".join([*_table(head, rows), "", _provenance(record)])


def soak_table(record: Record) -> str:
    """What kills cost, and that they change nothing."""
    figures = record.figures
    kills = figures["kills"]
    rows = [
        (
            "weights and exported files equal those of a build that nobody killed",
            f"{figures['equal']} of {kills}",
        ),
        ("finished stages, trials and epochs that were done again", str(figures["done_again"])),
        ("the build without a kill", f"{figures['whole_seconds']:.0f} s"),
        (
            "seconds spent twice a kill, starting Python included: median, largest",
            f"{figures['repeated_seconds_median']:.1f} s, {figures['repeated_seconds_largest']:.1f} s",
        ),
    ]
    head = (f"`kill -9` at {kills} random moments, then the same command", "measured")
    return "\n".join([*_table(head, rows), "", _provenance(record)])


def training_speed_table(record: Record) -> str:
    """Training beside the textbook's loop, a network a row."""
    figures = record.figures
    rows = [
        (
            f"{', '.join(row['blocks'])}: {format_value('parameters', row['parameters'])}, "
            f"{format_value('macs', row['macs'])} MACs",
            *(f"{step['step_ratio']:.2f} ({step['textbook_step_ratio']:.2f})" for step in row["steps"]),
            f"{row['epoch_ratio']:.1f} times ({row['epoch_seconds']:.1f} s)",
            f"{row['loading_percent']:.0f} %",
        )
        for row in figures["rows"]
    ]
    head = (
        "same images and batch",
        *(
            f"step of {step['batch_size']} ({step['precision']}), times as fast as itself in eager float32 "
            "NCHW (as the textbook's with AdamW)"
            for step in figures["rows"][0]["steps"]
        ),
        "whole epoch, against the textbook's",
        "loading, of an epoch",
    )
    return "\n".join([*_table(head, rows), "", _provenance(record)])


def exploration_speed_table(record: Record) -> str:
    """Trials a minute, both ways."""
    figures = record.figures
    rows = [
        (f"{figures['workers']} processes of one thread", f"{figures['trials_per_minute']:.1f}"),
        (f"one process with {figures['workers']} threads", f"{figures['one_process_trials_per_minute']:.1f}"),
        ("ratio", f"{figures['ratio']:.2f}"),
    ]
    head = (f"{figures['candidates']} candidates, {figures['epochs']} epochs each", "trials a minute")
    return "\n".join([*_table(head, rows), "", _provenance(record)])


def comparison_table(rows_of: Callable[[Figures], Rows]) -> Callable[[Record], str]:
    """The table of a comparison, with a sentence on how it was made."""

    def table(record: Record) -> str:
        head, rows, how = rows_of(record.figures)
        return "\n".join([*_table(head, rows), "", how, "", _provenance(record)])

    return table


def papers_table(record: Record) -> str:
    """The AttendNets paper's table, a line for its figures and one for our counts."""
    figures = record.figures
    table = AttendnetsTable(
        classes=figures["classes"],
        image_size=figures["image_size"],
        rows=tuple(TableRow(**row) for row in figures["rows"]),
        missing=figures["missing"],
    )
    head = (
        *("network", "figures of", "top-1, %", "parameters", "mult-adds", "bits", "weights"),
        *("fewer parameters", "fewer mult-adds", "fewer bytes", "NetScore"),
    )
    cells = [row_cells(row) for row in table.rows]
    rows = [(name if row[0] == "paper" else f"`{name}`", *row) for name, *row in cells]
    notes = " ".join((*table_notes(table), f"Counted with timm {figures['timm']}."))
    return "\n".join([*_table(head, rows), "", notes, "", _provenance(record)])


def _mebibytes(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:,.0f} MiB"


TABLES: dict[str, Callable[[Record], str]] = {
    "demo": job_table,
    "clothing": job_table,
    "screening": screening_table,
    "repeatability": repeatability_table,
    "arena": arena_table,
    "fuzz": fuzz_table,
    "check_speed": check_speed_table,
    "papers_table": papers_table,
    "soak": soak_table,
    "study_soak": study_soak_table,
    "training_speed": training_speed_table,
    "exploration_speed": exploration_speed_table,
    "block_comparison": comparison_table(block_comparison_rows),
    "softmax_gate": comparison_table(softmax_gate_rows),
    "nas_bench_201": comparison_table(NAS_BENCH_201.rows),
    "nas_bench_201_pareto": comparison_table(NAS_BENCH_201_PARETO.rows),
    "nas_bench_201_limited": comparison_table(NAS_BENCH_201_LIMITED.rows),
    "search_ablation": comparison_table(ablation_rows),
    "hpolib": comparison_table(HPOLIB.rows),
    "probing": comparison_table(probing_rows),
    "proposal_speed": comparison_table(proposal_rows),
    "cheap_knowledge": comparison_table(cheap_knowledge_rows),
    "own_space_ablation": comparison_table(own_space_rows),
    "real_images": comparison_table(real_images_rows),
    "ray_speed": comparison_table(ray_speed_rows),
    "worker_soak": comparison_table(worker_soak_rows),
}


def _measured(row: dict[str, Any], figures: dict[str, Any]) -> str:
    text = format_value(row["quantity"], row["measured"])
    if row["quantity"] == "top1":
        low, high = figures["top1_interval_percent"]
        return f"{text} (95 % interval {low:.1f} to {high:.1f})"
    if row["quantity"] == "arena":
        return f"{text} ({figures['arena_runtime']} {figures['arena_runtime_version']})"
    return text


def _provenance(record: Record) -> str:
    named = ", ".join(f"{name} {record.versions[name]}" for name in NAMED_VERSIONS)
    commands = ", ".join(f"`{command}`" for command in record.commands)
    seed = "" if record.seed is None else f", seed {record.seed}"
    return (
        f"<sub>{record.date}, commit {record.commit or 'unknown'}{seed}, {record.machine}, {named}. "
        f"{commands}; "
        f"[record](results/{record.name}.json)</sub>"
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def main() -> None:
    """Write the documents anew, or say which differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = [path for path in DOCUMENTS if render(path.read_text()) != path.read_text()]
    for path in stale:
        if not check:
            path.write_text(render(path.read_text()))
        print(f"{path.relative_to(ROOT)}: {'differs from results/' if check else 'written'}")
    if check and stale:
        sys.exit(1)


def parts(path: Path) -> list[str]:
    """Names of the parts that a document has."""
    return [match["name"] for match in _PART.finditer(path.read_text())]


if __name__ == "__main__":
    main()

"""A check report as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attendnets.data.findings import TITLES, Action, CheckReport, Finding, Kind

_DOES: Mapping[Action, str] = {
    "excluded": "left out by build",
    "converted": "converted by build",
    "kept": "kept by build",
    "refused": "build refuses this",
}


def describe_check(report: CheckReport, longest_list: int = 10) -> str:
    """The report as plain text; lists of findings and of names are cut after ``longest_list``, and say so."""
    width = max(len(printable(name)) for name in (*report.classes, "class"))
    lines = [
        f"{printable(report.source)}: {report.images} images, {len(report.classes)} classes, "
        + ("all grey: 1 channel" if report.channels == 1 else f"3 channels ({report.grey_images} grey)"),
        "",
        f"{'class':{width}}  {'train':>8}  {'validation':>10}  {'test':>8}",
    ]
    by_split = [report.counts[split] for split in ("train", "validation", "test")]
    rows = [(printable(name), [counts[name] for counts in by_split]) for name in report.classes]
    rows.append(("all", [sum(counts.values()) for counts in by_split]))
    for name, (train, validation, test) in rows:
        lines.append(f"{name:{width}}  {train:8}  {validation:10}  {test:8}")
    made = f"made here, by class: {', '.join(report.made_splits)}" if report.made_splits else "as given"
    if report.refusals:
        made = "none made, as build would refuse this"
    lines += ["", f"splits: {made}", f"pixel modes: {_counted(report.modes)}"]
    more = report.distinct_sizes - len(report.sizes)
    lines.append(f"sizes: {_counted(report.sizes)}" + (f", and {more} more" if more else ""))
    if report.ignored_files:
        lines.append(f"files that are no images, or in no class folder: {report.ignored_files}")
    for kind, findings in by_kind(report).items():
        lines += ["", f"{summary(kind, findings)}:", *_listed(findings, longest_list)]
    lines += ["", *report.notes] if report.notes else []
    lines += ["", *(f"build would refuse this: {printable(why)}" for why in report.refusals)]
    return "\n".join(lines).rstrip()


def by_kind(report: CheckReport) -> dict[Kind, list[Finding]]:
    """The findings of each kind that there are any of, in the order in which they are told."""
    kinds: dict[Kind, list[Finding]] = {kind: [] for kind in TITLES}
    for finding in report.findings:
        kinds[finding.kind].append(finding)
    return {kind: findings for kind, findings in kinds.items() if findings}


def summary(kind: Kind, findings: Sequence[Finding]) -> str:
    """One line for all findings of a kind: how many, of how many images, and what ``build`` does."""
    images = affected(findings)
    groups = f"{len(findings)} groups of " if any(len(finding.names) > 1 for finding in findings) else ""
    if len(findings) == 1:
        groups = ""
    named = any(finding.names for finding in findings)
    count = f"{groups}{images} image{'' if images == 1 else 's'}" if named else str(images)
    actions = dict.fromkeys(_DOES[finding.action] for finding in findings)
    return f"{TITLES[kind]} ({count}), {', '.join(actions)}"


def affected(findings: Sequence[Finding]) -> int:
    """How many images these findings are about, each counted once; their own number where they name none."""
    return len({name for finding in findings for name in finding.names}) or len(findings)


def printable(text: str) -> str:
    """The text on one line: what a terminal cannot show, or would obey, is spelled out."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def _listed(findings: Sequence[Finding], longest: int) -> list[str]:
    lines = []
    for finding in findings[:longest]:
        said = f"{finding.detail}; {finding.advice}" if finding.advice else finding.detail
        names = ", ".join(finding.names[:longest])
        if len(finding.names) > longest:
            names += f", and {len(finding.names) - longest} more"
        lines.append("  " + printable(f"{names}: {said}" if names else said))
    if len(findings) > longest:
        lines.append(f"  and {len(findings) - longest} more")
    return lines


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counts.items())

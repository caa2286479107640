"""What a check found, as one self-contained HTML page with small pictures of the files it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from attendnets.data import TITLES, Action, CheckReport, Finding, Kind, affected, by_kind, printable
from attendnets.report.page import environment
from attendnets.report.style import security_policy, style
from attendnets.report.thumbnails import Thumbnail, Thumbnails
from attendnets.report.words import counted

_SPLITS = ("train", "validation", "test")
_GROUPS_SHOWN = 12
_PICTURES_SHOWN = 8
_NAMES_SHOWN = 200
_ROWS_SHOWN = 200

#: What build does, as the page says it.
_ACTIONS: Mapping[Action, str] = {
    "refused": "build refuses",
    "excluded": "left out",
    "converted": "converted",
    "kept": "kept",
}


@dataclass(frozen=True)
class Picture:
    """A file that a finding names, with its picture where there is one."""

    name: str
    thumbnail: Thumbnail | None


@dataclass(frozen=True)
class Shown:
    """A finding as the page shows it: ``pictures`` of the first files, and ``names`` of more of them."""

    detail: str
    advice: str
    files: int
    pictures: tuple[Picture, ...]
    names: tuple[str, ...]

    @property
    def unnamed(self) -> int:
        """Files that the page does not name."""
        return self.files - len(self.pictures) - len(self.names)


@dataclass(frozen=True)
class Section:
    """All findings of a kind: single files that cannot be used as ``rows``, the others as ``shown``."""

    kind: Kind
    title: str
    actions: tuple[tuple[Action, str], ...]
    groups: int
    files: int
    rows: tuple[tuple[str, str], ...]
    rows_left: int
    shown: tuple[Shown, ...]
    shown_left: int


@dataclass(frozen=True)
class ClassRow:
    """Images of a class: in each split, in all, and the length of their bars in percent of the longest."""

    name: str
    counts: tuple[int, ...]
    total: int
    percents: tuple[float, ...]


@dataclass(frozen=True)
class Counted:
    """How many images have a trait, and the length of its bar in percent."""

    name: str
    images: int
    percent: float


def render_check(report: CheckReport, root: Path) -> str:
    """The report as HTML that asks for nothing outside itself; all texts are escaped.

    The names of findings are looked up below ``root`` (:func:`attendnets.data.image_root`). Pictures and
    lists are bounded, and say what they leave out: a page of the worst data set has a few megabytes.
    """
    thumbnails = Thumbnails(root)
    return (
        environment()
        .get_template("check.html.j2")
        .render(
            r=report,
            source=printable(report.source),
            style=style("palette", "page", "check"),
            security_policy=security_policy(),
            figures=_figures(report),
            sections=tuple(_section(kind, found, thumbnails) for kind, found in by_kind(report).items()),
            splits=_SPLITS,
            classes=_classes(report),
            totals=tuple(sum(report.counts.get(split, {}).values()) for split in _SPLITS),
            modes=_bars(report.modes),
            sizes=_bars(report.sizes),
            more_sizes=report.distinct_sizes - len(report.sizes),
            notes=tuple(printable(note) for note in report.notes),
            refusals=tuple(printable(text) for text in report.refusals),
        )
    )


def _figures(report: CheckReport) -> list[tuple[str, str, str]]:
    colour = "all grey" if report.channels == 1 else counted(report.grey_images, "grey image")
    out, converted = report.files("excluded"), report.files("converted")
    return [
        ("images", f"{report.images:,}", f"can be used; {colour if report.grey_images else 'all in colour'}"),
        ("classes", f"{len(report.classes):,}", _made(report)),
        ("left out", f"{out:,}", "files that build does not use" if out else "no file"),
        (
            "converted",
            f"{converted:,}",
            "files that are changed when they are read" if converted else "no file",
        ),
    ]


def _made(report: CheckReport) -> str:
    return f"made here: {' and '.join(report.made_splits)} split" if report.made_splits else "splits as given"


def _section(kind: Kind, findings: Sequence[Finding], thumbnails: Thumbnails) -> Section:
    single = [finding for finding in findings if _is_single(finding)]
    others = [finding for finding in findings if not _is_single(finding)]
    present = {finding.action for finding in findings}
    return Section(
        kind=kind,
        title=TITLES[kind],
        actions=tuple((action, text) for action, text in _ACTIONS.items() if action in present),
        groups=len(findings) if any(len(finding.names) > 1 for finding in findings) else 0,
        files=affected(findings) if any(finding.names for finding in findings) else 0,
        rows=tuple((printable(f.names[0]), printable(f.detail)) for f in single[:_ROWS_SHOWN]),
        rows_left=max(0, len(single) - _ROWS_SHOWN),
        shown=tuple(_shown(finding, thumbnails) for finding in others[:_GROUPS_SHOWN]),
        shown_left=max(0, len(others) - _GROUPS_SHOWN),
    )


def _is_single(finding: Finding) -> bool:
    """Whether it is a file that cannot be used: there is nothing to be seen of it."""
    return finding.action == "excluded" and len(finding.names) == 1


def _shown(finding: Finding, thumbnails: Thumbnails) -> Shown:
    pictures = tuple(
        Picture(printable(name), thumbnails.of(name)) for name in finding.names[:_PICTURES_SHOWN]
    )
    rest = finding.names[_PICTURES_SHOWN : _PICTURES_SHOWN + _NAMES_SHOWN]
    return Shown(
        detail=printable(finding.detail),
        advice=printable(finding.advice),
        files=len(finding.names),
        pictures=pictures,
        names=tuple(printable(name) for name in rest),
    )


def _classes(report: CheckReport) -> tuple[ClassRow, ...]:
    rows = [tuple(report.counts.get(split, {}).get(name, 0) for split in _SPLITS) for name in report.classes]
    longest = max((sum(row) for row in rows), default=0) or 1
    return tuple(
        ClassRow(printable(name), row, sum(row), tuple(100.0 * count / longest for count in row))
        for name, row in zip(report.classes, rows, strict=True)
    )


def _bars(counts: Mapping[str, int]) -> tuple[Counted, ...]:
    longest = max(counts.values(), default=0) or 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return tuple(Counted(name, images, 100.0 * images / longest) for name, images in ordered)

"""The run folder: which stage wrote which file, what is finished, what must be done again.

A stage is finished when its entry stands in ``run.json``, written last and in one step. The entry holds
the digests of what the stage read and of what it wrote. Where the former have changed, the stage and all
after it are done again; where the latter have, someone else wrote there, and that is an error.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

import msgspec

from attendnets import atomic
from attendnets.errors import RunFolderError
from attendnets.lock import LOCK_NAME, exclusive
from attendnets.masking import masked
from attendnets.prototype import Prototype

Stage: TypeAlias = Literal["check", "explore", "train", "quantize", "export", "benchmark", "report"]
STAGES: tuple[Stage, ...] = ("check", "explore", "train", "quantize", "export", "benchmark", "report")
RUN_VERSION = 3
PROTOTYPE_FILE = "prototype.json"
_PACKAGES = (
    "attendnets",
    "torch",
    "torchao",
    "litert-torch",
    "ai-edge-litert",
    "tflite-micro",
    "onnxruntime",
    "optuna",
    "numpy",
    "pillow",
)

#: A run is gone on with by the versions of these that began it: others may not give the same result.
_DECIDING = ("attendnets", "torch")

T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """What a run is for: the arguments of ``attendnets build``, in types.

    ``minutes`` bound the whole; ``trials`` and ``epochs``, where given, take the place of the clock in
    exploration and training; the minutes still bound how large a network may be. ``requirements`` are as the
    user wrote them. ``train_minutes``, where given, are those of the final training alone, instead of what is
    left of the whole or of ``epochs``. ``network`` names one to train instead of exploring: a JSON file, or
    RUN#DIGEST. ``group_by`` says which images stay on one side of a split, as ``open_data_set`` takes it.
    ``workers`` train candidates, as ``pipeline.candidate_workers`` reads it, each with ``worker_cpus``
    threads. ``storage`` is the URL of a database to keep the study in, instead of the run folder's journal,
    and ``study`` its name there, where it is not to follow from the job. ``prototype`` is a network with open
    cells, which exploration fills; ``shrink`` names a network, as ``network`` does, that becomes such a
    prototype; ``constraints`` are rules of ``networks.constraints``. ``objective`` is U, which decides among
    candidates of equal loss, as ``exploration.objective`` calls it.
    """

    data: str
    requirements: tuple[str, ...] = ()
    minutes: float | None = None
    trials: int | None = None
    epochs: int | None = None
    seed: int = 0
    threads: int = 0
    network: str | None = None
    group_by: str | None = None
    workers: str | None = None
    worker_cpus: int = 1
    worker_gpus: float = 0.0
    storage: str | None = field(default=None, repr=False)
    study: str | None = None
    prototype: Prototype | None = None
    shrink: str | None = None
    constraints: tuple[str, ...] = ()
    objective: str = "netscore"
    train_minutes: float | None = None

    @property
    def kept(self) -> Job:
        """The job as run.json holds it: without a password."""
        return self if self.storage is None else replace(self, storage=masked(self.storage))


@dataclass(frozen=True)
class Finish:
    """A finished stage: the digest of all that it read, the seconds that it took, and its files' SHA-256."""

    inputs: str
    seconds: float
    finished: str
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """``run.json``."""

    version: int
    job: Job
    command: str
    data_digest: str
    versions: dict[str, str]
    machine: str
    stages: dict[Stage, Finish] = field(default_factory=dict)


class RunFolder:
    """A folder with ``run.json`` in it. Every path that a stage reads or writes is named here."""

    def __init__(self, path: Path, record: RunRecord) -> None:
        self.path = path
        self.record = record
        self.data = path / "data.json"
        self.check_page = path / "check.html"
        self.journal = path / "study.journal"
        self.study = path / "study.json"
        self.network = path / "network.json"
        self.prototype = path / PROTOTYPE_FILE
        self.cache = path / "cache"
        self.weights = path / "train" / "weights.safetensors"
        self.training = path / "train" / "record.json"
        self.observed = path / "quantize" / "observed.safetensors"
        self.quantization = path / "quantize" / "record.json"
        self.export = path / "export"
        self.tflite = self.export / "network.tflite"
        self.onnx = self.export / "network.onnx"
        self.parity = self.export / "parity.json"
        self.measure = path / "measure.json"
        self.report = path / "report.html"

    @classmethod
    def create(cls, path: Path, job: Job, command: str, data_digest: str) -> RunFolder:
        """Make the folder, or take up the same job again.

        Raises RunFolderError when the folder holds another job, other data or other files.
        """
        with cls.locked(path):
            return cls._create(path, job.kept, command, data_digest)

    @classmethod
    def _create(cls, path: Path, job: Job, command: str, data_digest: str) -> RunFolder:
        if (path / "run.json").exists():
            run = cls.open(path)
            run._require_same_versions()
            before = run.record.job
            changed = [
                name for name in Job.__dataclass_fields__ if getattr(job, name) != getattr(before, name)
            ]
            # Another seed or grouping divides the same images otherwise; that is then what to say.
            if run.record.data_digest != data_digest and not {"seed", "group_by"} & set(changed):
                raise RunFolderError(
                    f"{path} was made from other images than {job.data} holds now. Choose another --out, or "
                    "delete that folder."
                )
            if changed:
                raise RunFolderError(
                    f"{path} holds a run with other {', '.join(changed)} "
                    f"({run.record.command}). Go on with that one by attendnets resume {path}, choose "
                    "another --out, or delete that folder."
                )
            return run
        run = cls(path, RunRecord(RUN_VERSION, job, command, data_digest, installed_versions(), machine()))
        run._write()
        return run

    @staticmethod
    @contextmanager
    def locked(path: Path) -> Iterator[None]:
        """Hold the folder alone in the body, whether it is a run already or shall become one.

        Raises RunFolderError where another process holds it, or where it holds other files.
        """
        if path.exists() and (
            not path.is_dir()
            or not ((path / "run.json").exists() or {entry.name for entry in path.iterdir()} <= {LOCK_NAME})
        ):
            raise RunFolderError(
                f"{path} exists and is not a run of attendnets. Choose another --out, or an empty folder."
            )
        with exclusive(path):
            yield

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """An existing run. Raises RunFolderError where there is none of this version."""
        try:
            record = msgspec.json.decode((path / "run.json").read_bytes(), type=RunRecord)
        except FileNotFoundError:
            raise RunFolderError(
                f"{path} is not a run folder: it has no run.json. Make one with attendnets build or explore."
            ) from None
        except (OSError, msgspec.DecodeError) as error:
            raise RunFolderError(
                f"{path / 'run.json'} cannot be read: {error}. Build into a new folder."
            ) from error
        if record.version != RUN_VERSION:
            raise RunFolderError(
                f"{path} is a run of version {record.version}, this is version {RUN_VERSION}. "
                "Build into a new folder."
            )
        return cls(path, record)

    def checkpoint(self, inputs: Mapping[str, str]) -> Path:
        """Where a training from these inputs keeps its state until it is finished."""
        return self.path / "train" / f"checkpoint-{_digest(inputs)[:16]}.safetensors"

    def change_job(self, job: Job, command: str | None = None) -> None:
        """Take other arguments for stages still to come; finished ones see that by their inputs.

        ``command`` gives that job, where it is not the one of before.
        """
        job = job.kept
        if job != self.record.job:
            with exclusive(self.path):
                self._require_unchanged()
                self.record = replace(self.record, job=job, command=command or self.record.command)
                self._write()

    def _write(self) -> None:
        atomic.write_json(self.path / "run.json", self.record)

    def is_finished(self, stage: Stage, inputs: Mapping[str, str]) -> bool:
        """Whether ``stage`` was finished from these inputs and all that it wrote is there.

        Raises RunFolderError where one of its files is not the one it wrote.
        """
        finish = self.record.stages.get(stage)
        return finish is not None and finish.inputs == _digest(inputs) and not self._missing(stage, finish)

    def require(self, stage: Stage) -> None:
        """Raise RunFolderError unless ``stage`` is finished and its files are those it wrote."""
        finish = self.record.stages.get(stage)
        if finish is None or self._missing(stage, finish):
            raise RunFolderError(
                f"{self.path}: the stage {stage!r} is not finished. "
                f"Run attendnets {stage} first, or attendnets build."
            )

    def _missing(self, stage: Stage, finish: Finish) -> list[str]:
        found = {name: file_digest(self.path / name) for name in finish.outputs}
        for name, written in finish.outputs.items():
            if found[name] not in ("", written):
                raise RunFolderError(
                    f"{self.path / name} is not the file that the stage {stage!r} wrote: it was changed "
                    "since. Put that file back, or delete it and the stage will be done again."
                )
        return [name for name, digest in found.items() if not digest]

    @contextmanager
    def stage(self, stage: Stage, inputs: Mapping[str, str], *outputs: Path) -> Iterator[None]:
        """Do ``stage`` in the body; on a clean exit it is recorded as finished, later stages as not.

        ``outputs`` are the files of the run folder that the body writes. Raises RunFolderError where
        another process holds the folder, or has gone on with it meanwhile.
        """
        started = time.perf_counter()
        with exclusive(self.path):
            self._require_unchanged()
            yield
            kept = {
                name: self.record.stages[name]
                for name in STAGES[: STAGES.index(stage)]
                if name in self.record.stages
            }
            kept[stage] = Finish(
                inputs=_digest(inputs),
                seconds=time.perf_counter() - started,
                finished=_now(),
                outputs={path.relative_to(self.path).as_posix(): file_digest(path) for path in outputs},
            )
            self.record = replace(self.record, stages=kept)
            self._write()

    def _require_unchanged(self) -> None:
        if RunFolder.open(self.path).record != self.record:
            raise RunFolderError(
                f"{self.path}: another process has gone on with this run meanwhile. Give the command again."
            )

    def _require_same_versions(self) -> None:
        for name, now in deciding_versions().items():
            if now != self.record.versions.get(name):
                raise RunFolderError(
                    f"{self.path} was begun with {name} {self.record.versions.get(name)}, not {now}. "
                    "Install that version to go on, or build into a new folder."
                )

    def read(self, path: Path, kind: type[T]) -> T:
        """A record of this run. Raises RunFolderError naming the file where it is missing or malformed."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except FileNotFoundError:
            raise RunFolderError(f"{path} is missing: the stage that writes it has not run yet.") from None
        except (OSError, msgspec.DecodeError) as error:
            raise RunFolderError(
                f"{path} cannot be read: {error}. Run the stage that writes it again."
            ) from error

    @property
    def seconds(self) -> float:
        """Seconds of all finished stages."""
        return sum(finish.seconds for finish in self.record.stages.values())


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, or "" where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def installed_versions() -> dict[str, str]:
    """Versions of the packages that decide a result, and of Python."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def deciding_versions() -> dict[str, str]:
    """Versions of the packages without which a run or a study cannot be gone on with."""
    versions = installed_versions()
    return {name: versions[name] for name in _DECIDING}


def machine() -> str:
    """The processor's name, its cores and the operating system, in words."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip()
            for line in cpuinfo.read_text().splitlines()
            if line.startswith("model name")
        ]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def _digest(inputs: Mapping[str, str]) -> str:
    return hashlib.sha256(msgspec.json.encode(sorted(inputs.items()))).hexdigest()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")

"""What all stages of a job share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch

from attendnets.data import Augmentation, DataSet, PixelCache, PixelTable, Preprocessing
from attendnets.errors import RunFolderError
from attendnets.exploration.decisions import Space
from attendnets.exploration.proposer import Proposer
from attendnets.exploration.prototypes import synthesis_from_prototypes
from attendnets.exploration.screening import Screen
from attendnets.exploration.short_training import preprocessing_of
from attendnets.pipeline.listener import Listener
from attendnets.requirements import Requirements
from attendnets.run import Job, RunFolder
from attendnets.spec import NetworkSpec, from_json


@dataclass(frozen=True)
class Context:
    """A run folder, its data set, the one who listens, and who says what to try next.

    ``storage``: the URL of the study's database with its password, which the run folder does not hold.
    """

    run: RunFolder
    data: DataSet
    cache: PixelCache
    listener: Listener
    storage: str | None = field(default=None, repr=False)
    proposer: Callable[[Space, Screen], Proposer] = synthesis_from_prototypes

    @property
    def job(self) -> Job:
        """What the run is for."""
        return self.run.record.job

    @cached_property
    def requirements(self) -> Requirements:
        """The job's requirements, parsed."""
        return Requirements.parse(self.job.requirements)

    @property
    def augmentation(self) -> Augmentation:
        """By what the data set says of its orientation."""
        free = self.data.learning.orientation_free
        return Augmentation.orientation_free() if free else Augmentation.for_photos()

    @property
    def network(self) -> NetworkSpec:
        """The chosen network."""
        if not self.run.network.exists():
            raise RunFolderError(f"{self.run.network} is missing: run attendnets explore first.")
        return from_json(self.run.network.read_bytes())

    @property
    def preprocessing(self) -> Preprocessing:
        """How images become the pixels of the chosen network."""
        return preprocessing_of(self.network)

    def train_table(self) -> PixelTable:
        """Training images for the chosen network."""
        return self.cache.table(self.data.learning.train, self.preprocessing)

    def validation_table(self) -> PixelTable:
        """Validation images for the chosen network."""
        return self.cache.table(self.data.learning.validation, self.preprocessing)


def use_threads(job: Job) -> None:
    """Let torch compute on the job's number of threads."""
    torch.set_num_threads(job.threads)

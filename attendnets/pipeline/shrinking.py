"""A network that the user names becomes a prototype, and requirements relative to it become plain ones."""

from __future__ import annotations

from dataclasses import replace

from attendnets.cost import cost
from attendnets.data import DataSet
from attendnets.exploration.shrinking import shrunk
from attendnets.networks.constraints import frozen_parts
from attendnets.pipeline.given_network import given_network, require_fitting
from attendnets.requirements import Requirements, absolute
from attendnets.run import Job


def shrinking(job: Job, name: str, data: DataSet) -> Job:
    """``job`` with the prototype of all networks that are no larger than the one of ``name``.

    Parts of it that the job's constraints freeze stay as they are.

    Raises SpecError where there is no such network, it is for other images or cannot be smaller,
    RunFolderError, and UsageError for a relative requirement on a quantity that costs do not tell.
    """
    network = given_network(name, data, "--shrink")
    require_fitting(network, data, Requirements())
    return replace(
        job,
        requirements=absolute(job.requirements, cost(network).figures()),
        prototype=shrunk(network, f"--shrink {name}", frozen_parts(job.constraints)),
        shrink=None,
    )

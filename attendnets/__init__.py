"""attendnets: a folder of images and requirements in, a network designed for them out.

::

    import attendnets
    from pathlib import Path

    job = attendnets.Job("photos/", ("top1>=75", "weights<=100KB"), minutes=12, threads=2)
    attendnets.build(job, Path("runs/mine")).verdict.met

Names below are loaded when they are first used, so that importing the package is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attendnets.data import DataSet, open_data_set
    from attendnets.exploration.sampler import GenerativeSampler
    from attendnets.networks.assemble import Network, assemble
    from attendnets.networks.catalogue import create
    from attendnets.pipeline import (
        BuildResult,
        Listener,
        benchmark_product,
        benchmark_stage,
        build,
        explore_stage,
        export_stage,
        predict,
        prepare,
        quantize_stage,
        reopen,
        report_stage,
        resume,
        train_stage,
    )
    from attendnets.prototype import Prototype
    from attendnets.requirements import Requirements
    from attendnets.run import Job
    from attendnets.spec import NetworkSpec

__all__ = [
    "BuildResult",
    "DataSet",
    "GenerativeSampler",
    "Job",
    "Listener",
    "Network",
    "NetworkSpec",
    "Prototype",
    "Requirements",
    "assemble",
    "benchmark_product",
    "benchmark_stage",
    "build",
    "create",
    "explore_stage",
    "export_stage",
    "open_data_set",
    "predict",
    "prepare",
    "quantize_stage",
    "reopen",
    "report_stage",
    "resume",
    "train_stage",
]

_HOMES = {
    "attendnets.data": ("DataSet", "open_data_set"),
    "attendnets.exploration.sampler": ("GenerativeSampler",),
    "attendnets.networks.assemble": ("Network", "assemble"),
    "attendnets.networks.catalogue": ("create",),
    "attendnets.pipeline": (
        "BuildResult",
        "Listener",
        "benchmark_product",
        "benchmark_stage",
        "build",
        "explore_stage",
        "export_stage",
        "predict",
        "prepare",
        "quantize_stage",
        "reopen",
        "report_stage",
        "resume",
        "train_stage",
    ),
    "attendnets.prototype": ("Prototype",),
    "attendnets.requirements": ("Requirements",),
    "attendnets.run": ("Job",),
    "attendnets.spec": ("NetworkSpec",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module 'attendnets' has no attribute {name!r}")

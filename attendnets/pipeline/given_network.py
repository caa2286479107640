"""A network that the user names, in place of one that an exploration chooses."""

from __future__ import annotations

from pathlib import Path

from attendnets.cost import cost
from attendnets.data import DataSet
from attendnets.errors import InfeasibleError, RunFolderError, SpecError
from attendnets.exploration.record import Candidate, StudyRecord
from attendnets.networks import catalogue
from attendnets.networks.constraints import constraint, violations
from attendnets.requirements import Requirements, format_value
from attendnets.run import Job, RunFolder
from attendnets.spec import NetworkSpec, digest, from_json


def given_network(name: str, data: DataSet, option: str = "--network") -> NetworkSpec:
    """The network that ``name``, the value of ``option``, stands for.

    One of the catalogue, made for the classes and channels of ``data``, or as :func:`stored_network`. Raises
    SpecError or RunFolderError where there is none.
    """
    if catalogue.is_name(name):
        return catalogue.network_spec(name, len(data.classes), data.channels)
    return stored_network(name, f"{option} ")


def stored_network(name: str, option: str = "") -> NetworkSpec:
    """The network of a JSON file, of a run folder (its chosen one) or of RUN#DIGEST.

    The last is a candidate of that run's exploration, by its digest or the first digits of it. Raises
    SpecError or RunFolderError where there is none, with ``option`` before the name.
    """
    place, _, wanted = name.rpartition("#")
    if place and not Path(name).exists():
        return _candidate(Path(place), wanted, option)
    path = Path(name) / "network.json" if Path(name).is_dir() else Path(name)
    if not path.is_file():
        raise SpecError(
            f"{option}{name}: no such network or file. Give a name of `attendnets networks`, a network's "
            "JSON file, a run folder, or RUN#DIGEST with the digest of a candidate from its report."
        )
    try:
        return from_json(path.read_bytes())
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error


def _candidate(place: Path, wanted: str, option: str) -> NetworkSpec:
    run = RunFolder.open(place)
    candidates = run.read(run.study, StudyRecord).candidates
    found = [candidate.spec for candidate in candidates if candidate.digest.startswith(wanted)]
    if len(found) != 1 or not wanted:
        what = "names several" if len(found) > 1 else "names none"
        raise RunFolderError(
            f"{option}{place}#{wanted}: {what} of the candidates of that run; they are "
            f"{', '.join(candidate.digest for candidate in candidates)}."
        )
    return found[0]


def require_fitting(
    network: NetworkSpec, data: DataSet, requirements: Requirements, constraints: tuple[str, ...] = ()
) -> None:
    """Refuse a network that is not for these images, breaks a constraint, or a requirement by its costs.

    Raises SpecError, InfeasibleError.
    """
    if (network.classes, network.input.channels) != (len(data.classes), data.channels):
        raise SpecError(
            f"The network is for {network.classes} classes and {network.input.channels} channels; "
            f"{data.name} has {len(data.classes)} and {data.channels}. Change these in its file, or choose "
            "another network."
        )
    found = violations(network, tuple(map(constraint, constraints)))
    if found:
        raise InfeasibleError(
            f"The network breaks {found[0].rule} at {found[0].where}: {found[0].what}. Leave out that "
            "constraint, or choose another network."
        )
    price = cost(network)
    broken = [
        f"{item} ({format_value(item.quantity, value)})"
        for item in requirements.items
        if (value := price.bounding_figure(item.quantity)) is not None and item.violation(value)
    ]
    if broken:
        raise InfeasibleError(
            f"The network breaks {' and '.join(broken)} before it is trained. Relax that, or choose another "
            "network."
        )


def given_study(network: NetworkSpec, data: DataSet, job: Job) -> StudyRecord:
    """The record of an exploration that was not needed."""
    candidate = Candidate(
        number=0,
        digest=digest(network),
        spec=network,
        state="given",
        rung=-1,
        epochs=0,
        figures=cost(network).figures(),
        validation_top1_percent=None,
        netscore=None,
        violation=0.0,
        seconds=0.0,
    )
    return StudyRecord(
        candidates=(candidate,),
        chosen=candidate.digest,
        screened=1,
        refused=0,
        seconds=0.0,
        objective="given",
        trials=0,
        seed=job.seed,
        rung_epochs=(),
        validation_images=len(data.learning.validation),
        largest_macs=None,
    )

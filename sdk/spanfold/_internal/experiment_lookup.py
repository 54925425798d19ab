"""Which experiment a name or an ID means: known here, or asked of the query API, or made.

Experiments are folders for runs and model versions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import events, resolve, runtime
from spanfold._internal.forks import ForkedLock
from spanfold._internal.lookup import path_of
from spanfold.errors import ExperimentNotFoundError, ServerUnavailableError
from spanfold_schemas import ids, keys

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_REMEMBERED: Final = 1_000


@dataclass(frozen=True)
class Experiment:
    """A folder for runs and model versions. Timestamps are milliseconds since 1970."""

    experiment_id: str
    name: str
    creation_time: int = 0
    """0 where it is not known: of the default experiment, and of one that the server was not asked about."""
    tags: Mapping[str, str] = field(default_factory=dict)


_known = dict[str, Experiment]()
_lock = ForkedLock()


def replace_known(known: dict[str, Experiment] | None = None) -> dict[str, Experiment]:
    """Know nothing, or put back what was known; returns what was known before."""
    global _known
    before, _known = _known, {} if known is None else known
    return before


def by_name(name: str) -> Experiment:
    """The experiment of this name; it is made if the server knows none, or does not answer.

    Raises:
        InvalidArgumentError: nothing can be called that.
    """
    events.check_text("experiment_name", name)
    experiment_id = ids.derive_experiment_id(name)
    found = _look_up(experiment_id)
    if found is None or found.name != name:
        now = events.record(keys.EXPERIMENT_CREATED, experiment_id, {"name": name})
        found = _remember(Experiment(experiment_id, name, now // 1_000_000))
    return found


def by_id(experiment_id: str) -> Experiment:
    """The experiment with this ID; one of which only the ID is known, if the server does not answer.

    Raises:
        InvalidArgumentError: this cannot be an ID.
        ExperimentNotFoundError: there is none.
    """
    events.check_text("experiment_id", experiment_id)
    try:
        found = _look_up(experiment_id, quiet=False)
    except ServerUnavailableError as fault:
        resolve.warn_away(fault)
        return Experiment(experiment_id, experiment_id)
    if found is None:
        raise ExperimentNotFoundError(experiment_id)
    return found


def _look_up(experiment_id: str, *, quiet: bool = True) -> Experiment | None:
    """What is known of an experiment here, else at the server; None if there is none.

    Raises:
        ServerUnavailableError: no usable answer, and not ``quiet``.
    """
    if experiment_id == ids.DEFAULT_EXPERIMENT_ID:
        return Experiment(experiment_id, ids.DEFAULT_EXPERIMENT_NAME)
    known = _known.get(experiment_id)
    query_api = runtime.current().query_api
    if known is not None or query_api is None:
        return known
    try:
        answer = query_api.look_up(path_of("experiments", experiment_id))
    except ServerUnavailableError as fault:
        if not quiet:
            raise
        resolve.warn_away(fault)
        return None
    return None if answer is None else _remember(_from_answer(experiment_id, answer))


def _from_answer(experiment_id: str, answer: Mapping[str, Any]) -> Experiment:
    return Experiment(
        experiment_id,
        str(answer.get("name", experiment_id)),
        int(answer.get("creation_timestamp") or 0),
        dict(answer.get("tags") or {}),
    )


def _remember(experiment: Experiment) -> Experiment:
    with _lock.current:
        while len(_known) >= MAX_REMEMBERED:
            del _known[next(iter(_known))]
        _known[experiment.experiment_id] = experiment
    return experiment

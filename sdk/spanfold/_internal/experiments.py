"""The public call about experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spanfold._internal import active_run, experiment_lookup
from spanfold._internal.setup import ready
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from spanfold._internal.experiment_lookup import Experiment


def set_experiment(experiment_name: str | None = None, experiment_id: str | None = None) -> Experiment:
    """Make an experiment the one that new runs, model versions and traces of this process belong to.

    A run belongs to its experiment for good: inside a run, what it makes belongs to the run's. Without this
    call, ``SPANFOLD_EXPERIMENT_NAME`` or ``SPANFOLD_EXPERIMENT_ID`` (also ``MLFLOW_...``) says which it is,
    else it is the default one.

    Args:
        experiment_name: it is made if there is none. Its ID is derived from it, so all processes agree.
        experiment_id: of an existing experiment. One of the two is required.

    Raises:
        InvalidArgumentError: neither or both are given, or nothing can be called that.
        ExperimentNotFoundError: the server has no experiment with this ID.

    Example:
        >>> set_experiment("support bot").experiment_id  # doctest: +SKIP
        '570734566221431849'
    """
    ready()
    if (experiment_name is None) == (experiment_id is None):
        message = 'say which one: set_experiment("...") or set_experiment(experiment_id="...")'
        raise InvalidArgumentError(message)
    experiment = (
        experiment_lookup.by_name(experiment_name)
        if experiment_name is not None
        else experiment_lookup.by_id(str(experiment_id))
    )
    active_run.set_experiment(experiment.experiment_id)
    return experiment

"""What the environment says is active, read once when the SDK starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from spanfold._internal import active, active_run, experiment_lookup, git, resolve
from spanfold._internal.faults import logger, warn_once
from spanfold.errors import GitError
from spanfold_schemas import ids

if TYPE_CHECKING:
    from collections.abc import Iterable

MODEL: Final = ("SPANFOLD_ACTIVE_MODEL_ID", "MLFLOW_ACTIVE_MODEL_ID")
"""An ID or a name."""
MODEL_SOURCE: Final = "SPANFOLD_ACTIVE_MODEL"
"""``git``: the version is named after the commit."""
EXPERIMENT_NAME: Final = ("SPANFOLD_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_NAME")
EXPERIMENT_ID: Final = ("SPANFOLD_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_ID")


def apply() -> None:
    """Make the environment's experiment and model the ones that hold where nothing else was set."""
    experiment_id, name = _first(EXPERIMENT_ID), _first(EXPERIMENT_NAME)
    if name is not None:
        experiment_id = experiment_lookup.by_name(name).experiment_id
    if experiment_id is not None:
        active_run.set_experiment(experiment_id)
    active.set_default(_model_id())


def _model_id() -> str | None:
    given = _first(MODEL)
    if given is not None:
        return given if ids.is_model_id(given) else resolve.by_name(resolve.experiment(), given).model_id
    source = os.environ.get(MODEL_SOURCE, "").strip()
    if not source:
        return None
    if source != "git":
        logger.warning(
            "%s=%r: only git is known; a name or an ID goes into %s", MODEL_SOURCE, source, MODEL[0]
        )
        return None
    try:
        return git.version(git.read()).model_id
    except GitError as fault:
        warn_once("git", "%s=git: %s; no version is active", MODEL_SOURCE, fault)
        return None


def _first(variables: Iterable[str]) -> str | None:
    return next((value for variable in variables if (value := os.environ.get(variable, "").strip())), None)

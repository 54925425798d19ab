"""What all reads of traces take, as the query API takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spanfold._internal import events, instants, resolve
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from spanfold._internal.instants import Instant
    from spanfold._internal.lookup import Parameter


def parameters(  # noqa: PLR0913 - what a search may say
    *,
    experiment_ids: list[str] | None,
    filter_string: str | None,
    run_id: str | None,
    model_id: str | None,
    caller_model_id: str | None,
    start: Instant | None,
    end: Instant | None,
) -> dict[str, Parameter]:
    """The query parameters.

    Raises:
        InvalidArgumentError: an argument cannot be right.
    """
    if isinstance(experiment_ids, str):
        message = f"experiment_ids: a list of IDs, such as [{experiment_ids!r}]"
        raise InvalidArgumentError(message)
    for name, value in (("run_id", run_id), ("model_id", model_id), ("caller_model_id", caller_model_id)):
        if value is not None:
            events.check_text(name, value)
    return {
        "experiment_id": experiment_ids,
        "filter": filter_string or None,
        "run_id": run_id,
        "model_id": model_id,
        "caller_model_id": caller_model_id,
        "start": None if start is None else instants.to_rfc3339("start", start),
        "end": None if end is None else instants.to_rfc3339("end", end),
    }


def experiments_or_active(experiment_ids: list[str] | None, *named: str | None) -> list[str] | None:
    """Where a search looks: as MLflow does, in the active experiment, unless something else says where."""
    if experiment_ids is None and not any(named):
        return [resolve.experiment()]
    return experiment_ids

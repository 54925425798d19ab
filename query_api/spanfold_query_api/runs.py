"""Reads runs and experiments: their state as a fold of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from spanfold_query_api import entities, paging, times
from spanfold_query_api.filter.entities import RUN_FIELDS
from spanfold_query_api.listings import Listing, page
from spanfold_query_api.statements import statement
from spanfold_schemas.fold import (
    EXPERIMENT,
    RUN,
    ExperimentState,
    RunState,
    experiment_from_slots,
    run_from_slots,
)
from spanfold_schemas.ids import DEFAULT_EXPERIMENT_ID, DEFAULT_EXPERIMENT_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold_schemas.database import Database

RUNS: Final = Listing(RUN, "runs", RUN_FIELDS)
"""All runs, newest first."""
_NS_PER_MS: Final = 1_000_000
_EXPERIMENTS: Final = {"listing": "experiments"}


def listing(
    database: Database, asked: Listing, *, page_token: str | None = None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of runs, and the token of the next one if there are more.

    Raises as :func:`spanfold_query_api.listings.page`.
    """
    rows, more = page(database, asked, page_token=page_token, limit=limit)
    slots = entities.slots(database, RUN, [row.stream for row in rows], asked.as_of_ns)
    return [_describe_run(run_from_slots(slots[row.stream])) for row in rows if row.stream in slots], more


def get(database: Database, run_id: str, as_of_ns: int = times.MAX_UNIX_NS) -> dict[str, Any] | None:
    """One run as it was at an instant (unix ns), or None if no event tells of it by then."""
    slots = entities.slots(database, RUN, [run_id], as_of_ns).get(run_id)
    return None if slots is None else _describe_run(run_from_slots(slots))


def experiments(
    database: Database, *, page_token: str | None = None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of experiments, newest first, and the token of the next one if there are more.

    Raises:
        ProblemError: the token is none of this listing.
    """
    before: Sequence[object] = (times.MAX_UNIX_NS, "")
    if page_token is not None:
        before = paging.decode(page_token, _EXPERIMENTS, (int, str))
    parameters = {"before_ns": before[0], "before_stream": before[1], "limit": limit + 1}
    found = list(database.query(statement("experiments"), parameters))
    ids = [experiment_id for experiment_id, _ in found[:limit]]
    slots = entities.slots(database, EXPERIMENT, ids)
    states = {experiment_id: experiment_from_slots(slots[experiment_id]) for experiment_id in slots}
    described = [
        _describe_experiment(experiment_id, states.get(experiment_id))
        for experiment_id in ids
        if experiment_id in states or experiment_id == DEFAULT_EXPERIMENT_ID
    ]
    more = None
    if len(found) > limit:
        stream, created_ns = cast("tuple[str, int]", found[limit - 1])
        more = paging.encode(_EXPERIMENTS, (created_ns, stream))
    return described, more


def get_experiment(database: Database, experiment_id: str) -> dict[str, Any] | None:
    """One experiment, or None if no event tells of it. The default one is always there."""
    slots = entities.slots(database, EXPERIMENT, [experiment_id]).get(experiment_id)
    if slots is None and experiment_id != DEFAULT_EXPERIMENT_ID:
        return None
    return _describe_experiment(experiment_id, None if slots is None else experiment_from_slots(slots))


def _describe_run(state: RunState) -> dict[str, Any]:
    """The state in the members of :class:`~spanfold_query_api.answers.Run`."""
    end_ns = state.end_time_unix_ns
    return {
        "run_id": state.run_id,
        "run_name": state.run_name,
        "experiment_id": state.experiment_id,
        "parent_run_id": state.parent_run_id,
        "user": state.user,
        "status": state.status,
        "start_timestamp": state.start_time_unix_ns // _NS_PER_MS,
        "end_timestamp": None if end_ns is None else end_ns // _NS_PER_MS,
        "start_time": times.format_rfc3339(state.start_time_unix_ns),
        "end_time": None if end_ns is None else times.format_rfc3339(end_ns),
        "params": state.params,
        "metrics": state.metrics,
        "tags": state.tags,
        "deleted": False,
    }


def _describe_experiment(experiment_id: str, state: ExperimentState | None) -> dict[str, Any]:
    """The state in the members of :class:`~spanfold_query_api.answers.Experiment`."""
    default = experiment_id == DEFAULT_EXPERIMENT_ID
    created_ns = 0 if default or state is None else state.creation_time_unix_ns
    return {
        "experiment_id": experiment_id,
        "name": DEFAULT_EXPERIMENT_NAME if default or state is None else state.name,
        "creation_timestamp": created_ns // _NS_PER_MS,
        "tags": {} if state is None else state.tags,
    }

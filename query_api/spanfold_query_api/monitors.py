"""Reads monitors: their state as a fold of events."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, cast

from spanfold_query_api import entities, paging, times
from spanfold_query_api.statements import statement
from spanfold_schemas.fold import MONITOR, MonitorState, monitor_from_slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold_schemas.database import Database

_QUERY: Final = {"listing": "monitors"}
_ACTIVE: Final = "ACTIVE"


def listing(
    database: Database, *, page_token: str | None = None, limit: int
) -> tuple[list[MonitorState], str | None]:
    """A page of monitors, newest first, and the token of the next one if there are more.

    Raises:
        ProblemError: the token is none of this listing.
    """
    before: Sequence[object] = (times.MAX_UNIX_NS, "")
    if page_token is not None:
        before = paging.decode(page_token, _QUERY, (int, str))
    found = _found(database, before, "", limit + 1)
    ids = [monitor_id for monitor_id, _ in found[:limit]]
    slots = entities.slots(database, MONITOR, ids)
    states = [monitor_from_slots(slots[monitor_id]) for monitor_id in ids if monitor_id in slots]
    if len(found) <= limit:
        return states, None
    stream, created_ns = found[limit - 1]
    return states, paging.encode(_QUERY, (created_ns, stream))


def any_active(database: Database) -> bool:
    """Whether there is one that is to be run."""
    return bool(_found(database, (times.MAX_UNIX_NS, ""), _ACTIVE, 1))


def get(database: Database, monitor_id: str, *, deleted: bool = False) -> MonitorState | None:
    """One monitor, or None if no event tells of it, or it was deleted (unless ``deleted`` ones are meant)."""
    slots = entities.slots(database, MONITOR, [monitor_id]).get(monitor_id)
    state = None if slots is None else monitor_from_slots(slots)
    return None if state is None or (state.deleted and not deleted) else state


def describe(state: MonitorState) -> dict[str, Any]:
    """The state in the members of :class:`~spanfold_query_api.evaluation_answers.Monitor`."""
    return {
        "monitor_id": state.monitor_id,
        "name": state.name,
        "status": state.status,
        "reason": state.reason,
        "metrics": list(state.metrics),
        "selection": dict(state.selection),
        "options": dict(state.options),
        "experiment_id": state.experiment_id,
        "progress": asdict(state.progress),
        "since_time": times.format_rfc3339(state.since_unix_ns),
        "since_time_unix_ns": state.since_unix_ns,
        "until_time": times.format_rfc3339(state.until_unix_ns),
        "until_time_unix_ns": state.until_unix_ns,
        "creation_time": times.format_rfc3339(state.creation_time_unix_ns),
        "creation_time_unix_ns": state.creation_time_unix_ns,
    }


def _found(database: Database, before: Sequence[object], status: str, limit: int) -> list[tuple[str, int]]:
    parameters = {"before_ns": before[0], "before_stream": before[1], "status": status, "limit": limit}
    return cast("list[tuple[str, int]]", list(database.query(statement("monitors"), parameters)))

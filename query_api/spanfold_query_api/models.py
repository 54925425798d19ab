"""Reads model versions: their state as a fold of events, the events themselves, and how they did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import entities, times
from spanfold_query_api.filter.entities import MODEL_FIELDS
from spanfold_query_api.listings import Listing, page
from spanfold_query_api.statements import statement
from spanfold_schemas.fold import MODEL, ModelState, Slots, model_from_slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold_schemas.database import Database

EXACT_MAX_SPANS: Final = 100_000
"""A summary over more spans than this is answered from the rollups."""
MODELS: Final = Listing(MODEL, "models", MODEL_FIELDS, include_deleted=False)
"""All model versions that are not deleted, newest first."""
_NS_PER_MS: Final = 1_000_000


def names(database: Database, model_ids: Sequence[str]) -> dict[str, str]:
    """The names of those model versions that an event named. Raises as :meth:`Database.query`."""
    if not model_ids:
        return {}
    return dict(database.query(statement("model_names"), {"model_ids": list(model_ids)}))


def listing(
    database: Database, asked: Listing, *, page_token: str | None = None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of model versions, and the token of the next one if there are more.

    Raises as :func:`spanfold_query_api.listings.page`.
    """
    rows, more = page(database, asked, page_token=page_token, limit=limit)
    states = _fold(database, [row.stream for row in rows if not row.from_spans], asked.as_of_ns)
    models = [
        describe(states.get(row.stream) or model_from_slots(Slots(row.stream, {}, row.updated_ns)))
        for row in rows
    ]
    return models, more


def get(database: Database, model_id: str, as_of_ns: int) -> dict[str, Any] | None:
    """One model version as it was at an instant (unix ns), or None if nothing tells of it by then."""
    state = _fold(database, [model_id], as_of_ns).get(model_id)
    if state is None:
        first_ns = _first_seen_ns(database, model_id, as_of_ns)
        state = None if first_ns is None else model_from_slots(Slots(model_id, {}, first_ns))
    return None if state is None else describe(state)


def exists(database: Database, model_id: str) -> bool:
    """Whether any event or span tells of the model version."""
    return get(database, model_id, times.MAX_UNIX_NS) is not None


@dataclass(frozen=True, slots=True)
class Period:
    """A time range, in unix ns: ``start_ns`` belongs to it, ``end_ns`` does not; None is open."""

    start_ns: int | None
    end_ns: int | None


def summary(database: Database, model_id: str, period: Period) -> dict[str, Any]:
    """Counts, latency, tokens and cost of a model version in a period.

    Exact up to :data:`EXACT_MAX_SPANS` spans; beyond, from counts by the minute.
    """
    parameters = {
        "model_id": model_id,
        "start_ns": period.start_ns or 0,
        "end_ns": times.MAX_UNIX_NS if period.end_ns is None else period.end_ns,
    }
    row = database.query(statement("model_summary_rollup"), parameters).dicts()[0]
    approximate = row["span_count"] > EXACT_MAX_SPANS
    if not approximate:
        row = database.query(statement("model_summary_exact"), parameters).dicts()[0]
    latency_ns, trace_count = row.pop("latency_ns"), row["trace_count"]
    latency_ms = {name: ns / _NS_PER_MS for name, ns in zip(("p50", "p95", "p99"), latency_ns, strict=True)}
    return {
        **row,
        "model_id": model_id,
        "start_time": _optional_time(period.start_ns),
        "end_time": _optional_time(period.end_ns),
        "error_rate": row["error_count"] / trace_count if trace_count else None,
        "latency_ms": latency_ms if trace_count else None,
        "approximate": approximate,
    }


def describe(state: ModelState) -> dict[str, Any]:
    """The state in the members of :class:`~spanfold_query_api.answers.LoggedModel`."""
    return {
        "model_id": state.model_id,
        "name": state.name,
        "experiment_id": state.experiment_id,
        "creation_timestamp": state.creation_time_unix_ns // _NS_PER_MS,
        "last_updated_timestamp": state.last_updated_time_unix_ns // _NS_PER_MS,
        "creation_time": times.format_rfc3339(state.creation_time_unix_ns),
        "model_type": state.model_type,
        "source_run_id": state.source_run_id,
        "status": state.status,
        "status_message": state.status_message,
        "tags": state.tags,
        "params": state.params,
        "metrics": state.metrics,
        "model_uri": state.model_uri,
        "deleted": state.deleted,
    }


def _fold(database: Database, model_ids: Sequence[str], as_of_ns: int) -> dict[str, ModelState]:
    """The states of those models that events tell of, by ID."""
    found = entities.slots(database, MODEL, model_ids, as_of_ns)
    return {model_id: model_from_slots(slots) for model_id, slots in found.items()}


def _first_seen_ns(database: Database, model_id: str, as_of_ns: int) -> int | None:
    parameters = {"model_id": model_id, "as_of_ns": as_of_ns}
    ((first_ns, minutes),) = database.query(statement("model_on_spans"), parameters)
    return int(first_ns) if minutes else None


def _optional_time(unix_ns: int | None) -> str | None:
    return None if unix_ns is None else times.format_rfc3339(unix_ns)

"""Reads evaluations: their state as a fold of events, and the scores that they gave."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from spanfold_query_api import arrow_stream, entities, paging, times
from spanfold_query_api.statements import statement
from spanfold_schemas.fold import EVALUATION, EvaluationState, evaluation_from_slots

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spanfold_schemas.database import Database, RawFormat

SCORE_COLUMNS: Final = (
    "trace_id",
    "span_id",
    "model_id",
    "name",
    "value",
    "label",
    "explanation",
    "error",
    "input_hash",
    "cost_usd",
    "calls",
    "scorer",
    "source",
    "time_unix_ns",
)
_EXPLANATION: Final = "explanation"
PIECE_ROWS: Final = 50_000
PIECE_ROWS_WITH_EXPLANATIONS: Final = 5_000
"""An explanation may have several kilobytes."""
_FIRST_TRACE, _FIRST_SPAN = "0" * 32, "0" * 16


@dataclass(frozen=True, slots=True)
class Asked:
    """Which evaluations a listing is of."""

    name: str = ""
    model_id: str = ""
    runner: str = ""
    statuses: tuple[str, ...] = ()
    experiment_ids: tuple[str, ...] = ()

    def described(self) -> dict[str, object]:
        """What a page token belongs to."""
        return {"listing": "evaluations", **asdict(self)}


@dataclass(frozen=True, slots=True)
class AskedScores:
    """Which scores of an evaluation, or of a monitor, and how to write them."""

    evaluation_id: str
    columns: tuple[str, ...]
    raw_format: RawFormat
    name: str = ""
    model_id: str = ""
    since_ns: int = 0
    """Only those that were given at this instant (unix ns) or later."""


def listing(
    database: Database, asked: Asked, *, page_token: str | None = None, limit: int
) -> tuple[list[EvaluationState], str | None]:
    """A page of evaluations, newest first, and the token of the next one if there are more.

    Raises:
        ProblemError: the token is none of this listing.
    """
    before: Sequence[object] = (times.MAX_UNIX_NS, "")
    if page_token is not None:
        before = paging.decode(page_token, asked.described(), (int, str))
    parameters = {**asdict(asked), "before_ns": before[0], "before_stream": before[1], "limit": limit + 1}
    found = list(database.query(statement("evaluations"), parameters))
    ids = [evaluation_id for evaluation_id, _ in found[:limit]]
    slots = entities.slots(database, EVALUATION, ids)
    states = [evaluation_from_slots(slots[evaluation_id]) for evaluation_id in ids if evaluation_id in slots]
    if len(found) <= limit:
        return states, None
    stream, created_ns = cast("tuple[str, int]", found[limit - 1])
    return states, paging.encode(asked.described(), (created_ns, stream))


def get(database: Database, evaluation_id: str) -> EvaluationState | None:
    """One evaluation, or None if no event tells of it."""
    return get_all(database, [evaluation_id]).get(evaluation_id)


def get_all(database: Database, evaluation_ids: Sequence[str]) -> dict[str, EvaluationState]:
    """Those of the evaluations that events tell of, by ID."""
    found = entities.slots(database, EVALUATION, evaluation_ids)
    return {evaluation_id: evaluation_from_slots(slots) for evaluation_id, slots in found.items()}


def describe(state: EvaluationState) -> dict[str, Any]:
    """The state in the members of :class:`~spanfold_query_api.evaluation_answers.Evaluation`."""
    end_ns = state.end_time_unix_ns
    return {
        "evaluation_id": state.evaluation_id,
        "name": state.name,
        "status": state.status,
        "reason": state.reason,
        "source": state.source,
        "runner": state.runner,
        "metrics": list(state.metrics),
        "selection": state.selection,
        "options": dict(state.options),
        "aggregates": dict(state.aggregates),
        "progress": asdict(state.progress),
        "unmapped_reasons": dict(state.unmapped_reasons),
        "experiment_id": state.experiment_id,
        "run_id": state.run_id,
        "model_ids": list(state.model_ids),
        "monitor_id": state.monitor_id,
        "user": state.user,
        "start_time": times.format_rfc3339(state.start_time_unix_ns),
        "start_time_unix_ns": state.start_time_unix_ns,
        "end_time": None if end_ns is None else times.format_rfc3339(end_ns),
        "end_time_unix_ns": end_ns,
    }


def scores(database: Database, asked: AskedScores) -> Iterator[bytes]:
    """The scores as bytes, each once, by name and trace: one Arrow IPC stream, or lines of JSON.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    pieces = _pieces(database, asked)
    return arrow_stream.join(pieces) if asked.raw_format == "ArrowStream" else pieces


def _pieces(database: Database, asked: AskedScores) -> Iterator[bytes]:
    sql = statement("evaluation_scores", columns=", ".join(asked.columns))
    piece_rows = PIECE_ROWS_WITH_EXPLANATIONS if _EXPLANATION in asked.columns else PIECE_ROWS
    parameters: dict[str, Any] = {
        "evaluation_id": asked.evaluation_id,
        "name": asked.name,
        "model_id": asked.model_id,
        "since_ns": asked.since_ns,
        "piece_rows": piece_rows,
    }
    after = ("", _FIRST_TRACE, _FIRST_SPAN)
    is_empty = True
    while True:
        key = dict(zip(("after_name", "after_trace_id", "after_span_id"), after, strict=True))
        found = database.query(statement("evaluation_score_pieces"), {**parameters, **key}).rows
        if not found and not is_empty:
            return
        last = cast("tuple[str, str, str]", found[0]) if found else after
        bound = dict(zip(("last_name", "last_trace_id", "last_span_id"), last, strict=True))
        yield database.query_raw(sql, {**parameters, **key, **bound}, raw_format=asked.raw_format)
        if not found:
            return
        after, is_empty = last, False

"""Scores of traces: ``gen_ai.evaluation.result`` events, in the context of what they judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import times
from spanfold_query_api.statements import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold_schemas.database import Database

MAX_A_TRACE: Final = 200
_NO_SPAN: Final = bytes(8)


def of_traces(database: Database, trace_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The newest scores of each trace that has any, newest first, at most ``MAX_A_TRACE`` of each.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    parameters = {"trace_ids": list(trace_ids), "limit": MAX_A_TRACE}
    for row in database.query(statement("trace_scores"), parameters).dicts():
        span_id = row.pop("SpanId")
        score = {
            "name": row["name"],
            "value": row["value"],
            "label": row["label"] or None,
            "explanation": row["explanation"] or None,
            "source": row["source"] or None,
            "scorer": row["scorer"] or None,
            "evaluation_id": row["evaluation_id"] or None,
            "span_id": None if span_id == _NO_SPAN else span_id.hex(),
            "time": times.format_rfc3339(row["time_unix_ns"]),
            "time_unix_ns": row["time_unix_ns"],
        }
        found.setdefault(row["TraceId"].hex(), []).append(score)
    return found


def newest_of_each(scores: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest score of each name, by name. The argument is newest first."""
    newest: dict[str, dict[str, Any]] = {}
    for score in scores:
        newest.setdefault(score["name"], score)
    return [newest[name] for name in sorted(newest)]

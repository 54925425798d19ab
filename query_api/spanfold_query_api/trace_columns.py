"""The columns of an export, and how heavy a row of each is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LIGHT: Final = ""
"""Of a few bytes a row, which the limit of rows bounds."""

TRACE_COLUMNS: Final[Mapping[str, str]] = {
    "trace_id": _LIGHT,
    "name": _LIGHT,
    "service_name": _LIGHT,
    "model_id": _LIGHT,
    "model_name": _LIGHT,
    "caller_model_id": _LIGHT,
    "experiment_id": _LIGHT,
    "run_id": _LIGHT,
    "status": _LIGHT,
    "status_message": "length(StatusMessage)",
    "start_time": _LIGHT,
    "latency_ms": _LIGHT,
    "span_count": _LIGHT,
    "error_count": _LIGHT,
    "input_tokens": _LIGHT,
    "output_tokens": _LIGHT,
    "cost_usd": _LIGHT,
    "conversation_id": _LIGHT,
    "user_id": _LIGHT,
    "input": "length(Input)",
    "output": "length(Output)",
    "tags": "byteSize(SpanAttributes)",
    "scores": _LIGHT,
}
"""Name to the expression over an entry span that is about the size of the value in bytes."""

SCORES: Final = "scores"
SPANS: Final = "spans"
EXPECTATIONS: Final = "expectations"
EXTRA_TRACE_COLUMNS: Final[Mapping[str, str]] = {
    "span_id": _LIGHT,
    "start_time_unix_ns": _LIGHT,
    EXPECTATIONS: _LIGHT,
    SPANS: _LIGHT,
}
"""Columns that are there for those who ask for them by name, since they cost more or say what others say."""
ALL_TRACE_COLUMNS: Final[Mapping[str, str]] = {**TRACE_COLUMNS, **EXTRA_TRACE_COLUMNS}

SPAN_COLUMNS: Final[Mapping[str, str]] = {
    "trace_id": _LIGHT,
    "span_id": _LIGHT,
    "parent_span_id": _LIGHT,
    "name": _LIGHT,
    "kind": _LIGHT,
    "span_type": _LIGHT,
    "service_name": _LIGHT,
    "model_id": _LIGHT,
    "caller_model_id": _LIGHT,
    "experiment_id": _LIGHT,
    "run_id": _LIGHT,
    "status": _LIGHT,
    "status_message": "length(StatusMessage)",
    "start_time": _LIGHT,
    "duration_ns": _LIGHT,
    "operation": _LIGHT,
    "provider": _LIGHT,
    "request_model": _LIGHT,
    "response_model": _LIGHT,
    "input_tokens": _LIGHT,
    "output_tokens": _LIGHT,
    "cached_input_tokens": _LIGHT,
    "cache_write_input_tokens": _LIGHT,
    "reasoning_tokens": _LIGHT,
    "cost_usd": _LIGHT,
    "price_date": _LIGHT,
    "finish_reasons": _LIGHT,
    "conversation_id": _LIGHT,
    "user_id": _LIGHT,
    "input": "length(Input)",
    "output": "length(Output)",
    "attributes": "byteSize(SpanAttributes)",
    "resource_attributes": "byteSize(ResourceAttributes)",
    "scope_name": _LIGHT,
    "scope_version": _LIGHT,
    "scope_attributes": "byteSize(ScopeAttributes)",
    "events": "byteSize(`Events.Name`, `Events.Attributes`)",
    "links": "byteSize(`Links.Attributes`)",
}
"""As :data:`TRACE_COLUMNS`, over any span."""


def size_of(columns: Mapping[str, str], chosen: Iterable[str]) -> str:
    """The SQL expression for the bytes of a row of these columns.

    Example:
        >>> size_of(TRACE_COLUMNS, ["trace_id", "input", "output"])
        'toUInt64(length(Input) + length(Output))'
    """
    heavy = [columns[name] for name in chosen if columns[name]]
    return f"toUInt64({' + '.join(heavy) or '0'})"

"""OTLP messages for tests, made by hand: a span, a record, a request of them."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData, ResourceLogs, ScopeLogs
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from spanfold_collector.admission import TimeWindow

if TYPE_CHECKING:
    from collections.abc import Mapping

NANOSECONDS: Final = 1_000_000_000
NOW_UNIX_NS: Final = time.time_ns()
WINDOW: Final = TimeWindow.around(NOW_UNIX_NS / NANOSECONDS, retention_days=90, max_ahead_s=86_400)


def any_value(value: Any) -> AnyValue:
    """A Python value as OTLP's AnyValue; None is a value that is not set."""
    match value:
        case None:
            return AnyValue()
        case AnyValue():
            return value
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=key_values(value)))
        case _:
            return AnyValue(string_value=value)


def key_values(attributes: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def make_span(number: int = 1, attributes: Mapping[str, Any] | None = None, **fields: Any) -> Span:
    """A span that differs from others by its number."""
    start = fields.pop("start_time_unix_nano", NOW_UNIX_NS)
    defaults: dict[str, Any] = {
        "trace_id": (number // 4 + 1).to_bytes(16, "big"),
        "span_id": (number + 1).to_bytes(8, "big"),
        "name": f"span {number}",
        "end_time_unix_nano": start + 1_000_000 if 0 < start < 2**63 else start,
        "attributes": key_values(attributes or {}),
    }
    return Span(start_time_unix_nano=start, **{**defaults, **fields})


def make_traces(
    *spans: Span, resource: Mapping[str, Any] | None = None, scope: Mapping[str, Any] | None = None
) -> bytes:
    """A request with these spans under one resource and scope."""
    data = TracesData(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])])
    data.resource_spans[0].resource.attributes.extend(key_values(resource or {"service.name": "test"}))
    data.resource_spans[0].scope_spans[0].scope.attributes.extend(key_values(scope or {}))
    return data.SerializeToString()


def numbered_traces(first: int, count: int) -> bytes:
    return make_traces(*(make_span(number) for number in range(first, first + count)))


def make_record(attributes: Mapping[str, Any] | None = None, body: Any = "text", **fields: Any) -> LogRecord:
    defaults = {"time_unix_nano": NOW_UNIX_NS}
    return LogRecord(body=any_value(body), attributes=key_values(attributes or {}), **{**defaults, **fields})


def make_event(event_name: str, payload: str, **changes: Any) -> LogRecord:
    """A spanfold event of the stream ``m-1``."""
    attributes = {"spanfold.event.id": str(uuid.uuid4()), "spanfold.event.stream": "m-1"}
    attributes |= changes.pop("attributes", {})
    return make_record(attributes, payload, event_name=event_name, **changes)


def make_logs(*records: LogRecord, resource: Mapping[str, Any] | None = None) -> bytes:
    data = LogsData(resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=records)])])
    data.resource_logs[0].resource.attributes.extend(key_values(resource or {"service.name": "test"}))
    return data.SerializeToString()

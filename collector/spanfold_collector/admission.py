"""From a request's bytes to what may be stored of it: pure, and the only place that judges content."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from spanfold_collector.dialects import is_foreign, translate
from spanfold_collector.errors import InvalidRequestError, shortened
from spanfold_collector.frames import OWN_FIELDS
from spanfold_collector.guard import GuardedLogs, GuardedTraces, is_flat
from spanfold_collector.normalise import flatten_logs, flatten_traces
from spanfold_schemas import keys
from spanfold_schemas.events import InvalidEventError, validate_payload

if TYPE_CHECKING:
    from collections.abc import Callable

_NANOSECONDS_A_SECOND: Final = 1_000_000_000
_SPANFOLD_EVENTS: Final = "spanfold."
_LARGEST_INTEGER: Final = 2**64 - 1
_SMALLEST_INTEGER: Final = -(2**63)
_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
_MAX_SPAN_KIND: Final = 5
_MAX_STATUS_CODE: Final = 2
_MAX_SEVERITY: Final = 24


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Start times that can be stored: not past retention, not in a future that means a wrong clock."""

    oldest_unix_ns: int
    newest_unix_ns: int

    @classmethod
    def around(cls, now_unix_s: float, retention_days: int, max_ahead_s: int) -> TimeWindow:
        """The window as seen at ``now_unix_s``."""
        oldest = int(now_unix_s - retention_days * 86_400) * _NANOSECONDS_A_SECOND
        newest = int(now_unix_s + max_ahead_s) * _NANOSECONDS_A_SECOND
        return cls(max(oldest, 1), newest)

    def fault(self, field: str, time_unix_ns: int, *, expires: bool = True) -> str:
        """What is wrong with a time, or an empty text. What never expires may be of any age."""
        if time_unix_ns == 0:
            return f"{field} is not set"
        if expires and time_unix_ns < self.oldest_unix_ns:
            oldest = datetime.fromtimestamp(self.oldest_unix_ns / _NANOSECONDS_A_SECOND, UTC)
            return f"{field} is before {oldest:%Y-%m-%d}, too old to be kept (SPANFOLD_RETENTION_DAYS)"
        if time_unix_ns > self.newest_unix_ns:
            return f"{field} is more than a day in the future; set the sender's clock"
        return ""


@dataclass(frozen=True, slots=True)
class Admitted:
    """What is stored of a request: its bytes (untouched where possible), and what was left out."""

    body: bytes
    records: int
    rejected: int = 0
    message: str = ""
    """Why records were rejected: the first fault and how many there were."""


def _is_forged(message: Message) -> bool:
    """Whether a sender set fields that are the collector's to append (frames.py)."""
    unknown: Any = UnknownFieldSet(message)
    return any(field.field_number in OWN_FIELDS for field in unknown)


def _parse(kind: type[Message], body: bytes) -> Any:
    try:
        return kind.FromString(body)
    except DecodeError as error:
        message = f"the body is not valid OTLP protobuf: {error}"
        raise InvalidRequestError(message) from error


def _span_fault(span: Any, window: TimeWindow) -> str:
    if len(span.trace_id) != _TRACE_ID_BYTES or not any(span.trace_id):
        return "trace_id must be 16 bytes, not all zero"
    if len(span.span_id) != _SPAN_ID_BYTES or not any(span.span_id):
        return "span_id must be 8 bytes, not all zero"
    if len(span.parent_span_id) not in (0, _SPAN_ID_BYTES):
        return "parent_span_id must be 8 bytes or empty"
    if not 0 <= span.kind <= _MAX_SPAN_KIND or not 0 <= span.status.code <= _MAX_STATUS_CODE:
        return "kind and status.code must be values of OpenTelemetry's enumerations"
    for event in span.events:
        if event.time_unix_nano > window.newest_unix_ns:
            return "an event's time_unix_nano is more than a day in the future"
    for link in span.links:
        if len(link.trace_id) != _TRACE_ID_BYTES or len(link.span_id) != _SPAN_ID_BYTES:
            return "a link's trace_id must be 16 bytes and its span_id 8"
    return window.fault("start_time_unix_nano", span.start_time_unix_nano)


def _record_fault(record: Any, window: TimeWindow) -> str:
    if len(record.trace_id) not in (0, _TRACE_ID_BYTES) or len(record.span_id) not in (0, _SPAN_ID_BYTES):
        return "trace_id must be 16 bytes and span_id 8, or both empty"
    if not 0 <= record.severity_number <= _MAX_SEVERITY:
        return "severity_number must be between 0 and 24"
    is_event = record.event_name.startswith(_SPANFOLD_EVENTS)
    fault = window.fault(
        "time_unix_nano",
        record.time_unix_nano or record.observed_time_unix_nano,
        expires=not is_event and record.event_name != keys.EVALUATION_RESULT,
    )
    return fault or (_event_fault(record) if is_event else "")


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        # The fold in Python and the fold in SQL would each keep another one.
        raise ValueError("a key occurs twice")
    return entries


def _refuse_large_integer(digits: str) -> int:
    number = int(digits)
    if not _SMALLEST_INTEGER <= number <= _LARGEST_INTEGER:
        # The engine would fold it as text.
        raise ValueError("an integer has more than 64 bits")
    return number


def _load_payload(text: str) -> Any:
    """JSON that the engine and Python read alike.

    Raises:
        ValueError: not JSON, or a form of it (lone surrogates, deep nesting, repeated keys, NaN, huge
            numbers) that only one of the two would take, or take differently.
        RecursionError: nested too deeply.
    """
    orjson.loads(text)
    return json.loads(text, object_pairs_hook=_refuse_repeats, parse_int=_refuse_large_integer)


def _is_uuid(text: str) -> bool:
    """Whether this is a UUID's usual form, the only one that the engine reads."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _event_fault(record: LogRecord) -> str:
    attributes: dict[str, str] = {}
    for item in record.attributes:
        attributes.setdefault(item.key, item.value.string_value)
    if not attributes.get(keys.EVENT_STREAM):
        return f"attribute {keys.EVENT_STREAM} must name what the event is about"
    if not _is_uuid(attributes.get(keys.EVENT_ID, "")):
        return f"attribute {keys.EVENT_ID} must be a UUID, such as 0197b1c2-8f6e-7c3a-9d54-3b1f0a2e4c61"
    try:
        payload = _load_payload(record.body.string_value)
    except (ValueError, RecursionError) as error:
        return f"the body of {record.event_name} must be JSON: {error}"
    try:
        validate_payload(record.event_name, payload)
    except InvalidEventError as error:
        return f"{record.event_name}: {error}"
    return ""


def _sift(items: Any, fault: Callable[[Any], str], faults: list[str]) -> None:
    """Remove the faulty of a repeated field, noting what was wrong with each."""
    kept = []
    for item in items:
        problem = fault(item)
        if problem:
            faults.append(problem)
        else:
            kept.append(item)
    if len(kept) != len(items):
        copies = [type(item).FromString(item.SerializeToString()) for item in kept]
        del items[:]
        items.extend(copies)


def _summary(noun: str, faults: list[str]) -> str:
    return shortened(f"{len(faults)} {noun} rejected; the first: {faults[0]}") if faults else ""


def admit_traces(body: bytes, window: TimeWindow) -> Admitted:
    """Judge an ExportTraceServiceRequest.

    A request without faults, nested values and spans of another dialect comes back byte for byte. Spans
    that can never be stored are left out and counted; the rest is kept.

    Raises:
        InvalidRequestError: the bytes are not a request at all.
    """
    guarded = _parse(GuardedTraces, body)
    spans = [
        span
        for resource_spans in guarded.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]
    clean = not any(_span_fault(span, window) for span in spans)
    flat, foreign = is_flat(guarded, body), is_foreign(body)
    if clean and flat and not foreign and not _is_forged(guarded):
        return Admitted(body, len(spans))
    data = _parse(TracesData, body)
    if _is_forged(data):
        data.DiscardUnknownFields()
    faults: list[str] = []
    for resource_spans in data.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            _sift(scope_spans.spans, lambda span: _span_fault(span, window), faults)
    if foreign:
        translate(data)
    if not flat:
        flatten_traces(data)
    return Admitted(
        data.SerializeToString(), len(spans) - len(faults), len(faults), _summary("spans", faults)
    )


def admit_logs(body: bytes, window: TimeWindow) -> Admitted:
    """Judge an ExportLogsServiceRequest; see :func:`admit_traces`.

    Log records that are spanfold events must also be events that the fold understands.
    """
    guarded = _parse(GuardedLogs, body)
    records = [
        record
        for resource_logs in guarded.resource_logs
        for scope_logs in resource_logs.scope_logs
        for record in scope_logs.log_records
    ]
    clean = not any(_record_fault(record, window) for record in records)
    if clean and is_flat(guarded, body) and not _is_forged(guarded):
        return Admitted(body, len(records))
    data = _parse(LogsData, body)
    if _is_forged(data):
        data.DiscardUnknownFields()
    faults: list[str] = []
    for resource_logs in data.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            _sift(scope_logs.log_records, lambda record: _record_fault(record, window), faults)
    flatten_logs(data)
    return Admitted(
        data.SerializeToString(), len(records) - len(faults), len(faults), _summary("log records", faults)
    )

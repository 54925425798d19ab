"""Sends events and waits until the collector has them for good: what an evaluation counts, it may not lose.

The application's own events are queued and sent in the background (:mod:`spanfold._internal.events`). Here
the caller waits for the answer instead, which the collector gives once everything is on its disk.
"""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from spanfold._internal import events
from spanfold.errors import InvalidArgumentError, ServerUnavailableError
from spanfold.evaluation import _sender_settings
from spanfold_schemas import ids, keys
from spanfold_schemas.events import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
    from requests import Response

MAX_EXPLANATION_CHARS: Final = 8_000
"""A judge that rambles must not fill the database."""
_RETRYABLE: Final = frozenset({408, 429, 500, 502, 503, 504})
_TOO_LARGE: Final = 413
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_CONNECT_TIMEOUT_S: Final = 5.0
_ERROR_CHARS: Final = 500

Value = str | bool | int | float
SourceType = Literal["HUMAN", "LLM_JUDGE", "CODE"]


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """One OTLP log record.

    Example:
        >>> OutgoingEvent("my.event", 1_700_000_000_000_000_000, {"n": 1}).body
        ''
    """

    event_name: str
    time_unix_ns: int
    attributes: Mapping[str, Value] = field(default_factory=dict)
    body: str = ""
    trace_id: str = ""
    """32 hexadecimal digits, or empty."""
    span_id: str = ""
    """16 hexadecimal digits, or empty."""


def entity_event(
    event_type: str, stream: str, payload: Mapping[str, Any], source: str = events.SOURCE, *, actor: str = ""
) -> OutgoingEvent:
    """One fact about an entity, checked.

    Args:
        event_type: one of :data:`spanfold_schemas.events.EVENT_TYPES`.
        stream: the entity's ID.
        payload: what the event says.
        source: what sends it, such as ``sdk`` or ``query_api``.
        actor: who caused it.

    Raises:
        InvalidArgumentError: the payload cannot be recorded; the message names the field.

    Example:
        >>> entity_event("spanfold.model.deleted", "m-" + "0" * 32, {}).body
        '{}'
    """
    events.check(event_type, payload)
    now = events.now_unix_ns()
    return OutgoingEvent(
        event_name=event_type,
        time_unix_ns=now,
        body=json.dumps(payload, ensure_ascii=False, allow_nan=False),
        attributes={
            keys.EVENT_ID: ids.new_event_id(now),
            keys.EVENT_STREAM: stream,
            keys.EVENT_SCHEMA_VERSION: SCHEMA_VERSION,
            keys.EVENT_ACTOR: actor,
            keys.EVENT_SOURCE: source,
        },
    )


def score_event(  # noqa: PLR0913 - what a score may say
    *,
    trace_id: str,
    span_id: str,
    name: str,
    value: float | bool | str | None = None,
    label: str | None = None,
    explanation: str | None = None,
    error: str | None = None,
    model_id: str = "",
    evaluation_id: str = "",
    input_hash: str = "",
    cost_usd: float | None = None,
    calls: int = 0,
    scorer: str = "",
    source: SourceType = "CODE",
    time_unix_ns: int | None = None,
) -> OutgoingEvent:
    """A score of a span: OpenTelemetry's ``gen_ai.evaluation.result``.

    Args:
        trace_id: of the scored span.
        span_id: the scored span, usually a trace's entry.
        name: of the metric, without its version.
        value: a number, True (1), False (0), or text, which is a label.
        label: in words, beside a number.
        explanation: why; at most 8,000 characters are kept.
        error: a short name for why there is no score; the explanation says more.
        model_id: the version that made the trace.
        evaluation_id: the evaluation, or the monitor, that gave the score; empty for feedback.
        input_hash: what the scored input is known by.
        cost_usd: what giving the score cost, in US dollars.
        calls: calls to a judge that were paid for.
        scorer: the judge's model, the classifier, or a person's name.
        source: of what kind that is.
        time_unix_ns: when it was given; now by default.

    Raises:
        InvalidArgumentError: there is neither a score nor an error, or the number is not finite.

    Example:
        >>> event = score_event(trace_id="ab" * 16, span_id="cd" * 8, name="exact_match", value=True)
        >>> event.attributes["gen_ai.evaluation.score.value"]
        1.0
    """
    if isinstance(value, str):
        label, value = value, None
    _check_score(name, value, is_empty=value is None and label is None and error is None)
    attributes: dict[str, Value | None] = {
        keys.SCORE_NAME: name,
        keys.SCORE_VALUE: None if value is None else float(value),
        keys.SCORE_LABEL: label,
        keys.SCORE_EXPLANATION: explanation[:MAX_EXPLANATION_CHARS] if explanation else None,
        keys.SCORE_ERROR: error,
        keys.MODEL_ID: model_id or None,
        keys.SCORE_EVALUATION: evaluation_id or None,
        keys.SCORE_INPUT_HASH: input_hash or None,
        keys.SCORE_COST_USD: None if cost_usd is None else float(cost_usd),
        keys.SCORE_CALLS: calls or None,
        keys.SCORE_SCORER: scorer or None,
        keys.SCORE_SOURCE: source,
    }
    return OutgoingEvent(
        event_name=keys.EVALUATION_RESULT,
        time_unix_ns=time.time_ns() if time_unix_ns is None else time_unix_ns,
        attributes=_said(attributes),
        trace_id=trace_id,
        span_id=span_id,
    )


def _check_score(name: str, value: float | None, *, is_empty: bool) -> None:
    if is_empty:
        raise InvalidArgumentError(f"{name}: a score has a value, a label or an error")
    if value is not None and not math.isfinite(value):
        raise InvalidArgumentError(f"{name}: a score is a finite number, not {value}")


def _said(attributes: Mapping[str, Value | None]) -> dict[str, Value]:
    return {key: value for key, value in attributes.items() if value is not None}


class EventSender:
    """Sends events over OTLP/HTTP, and returns once they are durable. Several threads may share one."""

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
        service_name: str | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            endpoint: the collector's base address. Default: what :func:`spanfold.configure` was told, else
                ``OTEL_EXPORTER_OTLP_LOGS_ENDPOINT``, ``OTEL_EXPORTER_OTLP_ENDPOINT``, or
                ``http://localhost:4318``.
            headers: sent with each request. Default: ``OTEL_EXPORTER_OTLP_LOGS_HEADERS``, else
                ``OTEL_EXPORTER_OTLP_HEADERS``.
            timeout_s: how long to try, over all attempts.
            service_name: who sends. Default: ``OTEL_SERVICE_NAME``, else ``spanfold``.

        Raises:
            InvalidArgumentError: the address is not http(s), or the environment asks for another protocol.
        """
        from requests import Session  # noqa: PLC0415 - slow to import

        self._url: Final = _sender_settings.logs_url(endpoint)
        self._timeout_s: Final = timeout_s
        self._service_name: Final = service_name or os.environ.get("OTEL_SERVICE_NAME") or "spanfold"
        self._session: Final = Session()
        self._session.headers.update(_sender_settings.headers() if headers is None else headers)
        self._session.headers["Content-Type"] = "application/x-protobuf"
        if certificate := _sender_settings.variable("CERTIFICATE"):
            self._session.verify = certificate

    def send(self, outgoing: Sequence[OutgoingEvent]) -> None:
        """Send events, several in a request; returns once the collector has made all of them durable.

        Answers that may pass (the collector is away, busy or starting) are met by trying again, within the
        time limit. An event may then arrive twice: readers count entity events and scores once.

        Raises:
            InvalidArgumentError: the collector refuses an event for what it says, or for its size.
            ServerUnavailableError: it could not be reached, or did not take them, within the time limit. Some
                may have arrived; send all of them again.
        """
        from spanfold._internal.sending import in_requests  # noqa: PLC0415 - loads OpenTelemetry's SDK

        deadline = time.monotonic() + self._timeout_s
        records = (_record(event) for event in outgoing)
        for batch in in_requests((record, record.ByteSize()) for record in records):
            self._deliver(batch, deadline)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _deliver(self, batch: list[LogRecord], deadline: float) -> None:
        """Send a batch; in halves if the collector refuses it as too large."""
        body = _request(batch, self._service_name).SerializeToString()
        for pause_s in _pauses():
            response, why = self._post(body, deadline)
            if response is not None and response.status_code == _TOO_LARGE and len(batch) > 1:
                middle = len(batch) // 2
                self._deliver(batch[:middle], deadline)
                self._deliver(batch[middle:], deadline)
                return
            if response is not None and response.status_code not in _RETRYABLE:
                _check_taken(response)
                return
            wait_s = max(pause_s, _retry_after_s(response))
            if time.monotonic() + wait_s >= deadline:
                message = (
                    f"the collector at {self._url} did not take events within {self._timeout_s:g} s: {why}"
                )
                raise ServerUnavailableError(message)
            time.sleep(wait_s)

    def _post(self, body: bytes, deadline: float) -> tuple[Response | None, str]:
        """One attempt, without a trace of its own: the response if there is one, and what went wrong."""
        from opentelemetry.context import (  # noqa: PLC0415
            _SUPPRESS_INSTRUMENTATION_KEY,
            attach,
            detach,
            set_value,
        )
        from requests import RequestException  # noqa: PLC0415

        left_s = max(1.0, deadline - time.monotonic())
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))  # noqa: FBT003 - as exporters do
        try:
            response = self._session.post(
                self._url, data=body, timeout=(min(_CONNECT_TIMEOUT_S, left_s), left_s)
            )
        except RequestException as fault:
            return None, str(fault)
        finally:
            detach(token)
        return response, f"it answered {response.status_code}: {_status(response)}"


def _pauses() -> Iterator[float]:
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _retry_after_s(response: Response | None) -> float:
    """How long the collector asks to wait."""
    text = "" if response is None else response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _check_taken(response: Response) -> None:
    """See to it that the collector took everything.

    Raises:
        InvalidArgumentError: it did not, and never will.
    """
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - as opentelemetry-proto
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse  # noqa: PLC0415

    if not response.ok:
        message = f"the collector refused events ({response.status_code}): {_status(response)}"
        raise InvalidArgumentError(message)
    try:
        answer = ExportLogsServiceResponse.FromString(response.content)
    except DecodeError:
        message = f"{response.url} answered something that is not OTLP: is it a collector?"
        raise InvalidArgumentError(message) from None
    if answer.partial_success.rejected_log_records:
        message = f"the collector refused an event: {answer.partial_success.error_message}"
        raise InvalidArgumentError(message)


def _status(response: Response) -> str:
    """What a refusal says."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415
    from google.rpc.status_pb2 import Status  # noqa: PLC0415

    try:
        text = str(Status.FromString(response.content).message)
    except DecodeError:
        text = response.text
    return text[:_ERROR_CHARS]


def _request(batch: list[LogRecord], service_name: str) -> ExportLogsServiceRequest:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest  # noqa: PLC0415

    request = ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add()
    resource_logs.resource.attributes.add(key="service.name").value.string_value = service_name
    scope_logs = resource_logs.scope_logs.add()
    scope_logs.scope.name = "spanfold"
    scope_logs.log_records.extend(batch)
    return request


def _record(event: OutgoingEvent) -> LogRecord:
    from opentelemetry.proto.logs.v1.logs_pb2 import SEVERITY_NUMBER_INFO, LogRecord  # noqa: PLC0415

    record = LogRecord(
        time_unix_nano=event.time_unix_ns,
        observed_time_unix_nano=event.time_unix_ns,
        severity_number=SEVERITY_NUMBER_INFO,
        event_name=event.event_name,
        trace_id=bytes.fromhex(event.trace_id),
        span_id=bytes.fromhex(event.span_id),
    )
    if event.body:
        record.body.string_value = _storable(event.body)
    for key, value in event.attributes.items():
        _fill(record.attributes.add(key=key).value, value)
    return record


def _fill(target: AnyValue, value: Value) -> None:
    match value:
        case bool():
            target.bool_value = value
        case int():
            target.int_value = value
        case float():
            target.double_value = value
        case _:
            target.string_value = _storable(value)


def _storable(text: str) -> str:
    """The text without halves of characters, which no UTF-8 can say: models and people send some."""
    return text.encode("utf-8", "replace").decode()

"""A span of each call: who asked which endpoint, who answered, with how many tokens, for how much.

Sent by a tracer provider of the gateway's own, under the same rules of privacy as the SDK's. Nothing here
makes a call wait or fail: a queue that is full drops the newest and counts them.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.baggage import get_baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from spanfold._internal.exporters import span_exporters
from spanfold._internal.faults import contained
from spanfold._internal.queues import SpanQueue
from spanfold._internal.sending import PrivateSpanExporter
from spanfold._internal.settings import Settings
from spanfold_query_api.gateway import spans_content as content
from spanfold_query_api.gateway.protocol import CLIENT_LEFT, GatewayError
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from spanfold_query_api.gateway.protocol import Call, Reply, StreamReply

SERVICE: Final = "spanfold-gateway"
CLOSED_EARLY: Final = "spanfold.closed_early"
ATTEMPTS: Final = "spanfold.gateway.attempts"
"""Requests to providers that a call took."""
ASKED: Final = "spanfold.gateway.asked_endpoint"
"""The endpoint that was asked, where another one answered in its place."""
STOP_WITHIN_S: Final = 2.0
_KNOWN_WITHIN_S: Final = 30.0
_trace_context: Final = TraceContextTextMapPropagator()
_baggage: Final = W3CBaggagePropagator()
_MAX_ID_CHARS: Final = 200


class Spans:
    """Makes and sends the spans of one gateway. Any thread may use it."""

    def __init__(self, endpoint: str | None = None, *, later: bool = False) -> None:
        """Prepare; nothing is sent yet.

        Args:
            endpoint: the collector's OTLP/HTTP address; by default, where `OTEL_EXPORTER_OTLP_*` says.
            later: :meth:`connect` is going to name it; what is sent before waits for that.

        Raises:
            InvalidArgumentError: a variable of privacy or of OpenTelemetry says something impossible.
        """
        self._exporter = _Exporter(endpoint, later=later)
        self._queue = SpanQueue(PrivateSpanExporter(self._exporter, Settings().privacy()))
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: SERVICE}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(self._queue)
        self._tracer = self._provider.get_tracer("spanfold.gateway")

    def connect(self, endpoint: str | None) -> None:
        """Send to this collector, unless one was named at the beginning. None: where variables say."""
        self._exporter.connect(endpoint)

    def begin(self, call: Call, headers: Mapping[str, str], facts: Mapping[str, Any]) -> CallSpan:
        """The span of a call, which is now.

        Args:
            call: as it goes to the router.
            headers: of the request, by lower-case name: the caller's span is in them.
            facts: further attributes.
        """
        operation = content.OPERATIONS[call.kind]
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": operation,
            keys.ENDPOINT: call.endpoint,
            **facts,
        }
        parent = Context()
        with contained("read a call for its span"):
            parent = _trace_context.extract(headers, Context())
            caller = get_baggage(keys.MODEL_ID, _baggage.extract(headers, Context()))
            if isinstance(caller, str) and 0 < len(caller) <= _MAX_ID_CHARS and caller.isprintable():
                attributes[keys.CALLER_MODEL_ID] = caller
            if call.stream:
                attributes["gen_ai.request.stream"] = True
            attributes |= content.settings_of(call.body)
            attributes |= content.input_of(call.kind, call.body)
        span = self._tracer.start_span(
            f"{operation} {call.endpoint}", parent, SpanKind.CLIENT, attributes=attributes
        )
        return CallSpan(span, call, operation)

    def flush(self, timeout_s: float = STOP_WITHIN_S) -> bool:
        """Send what is queued; False: not within the time."""
        return _within(timeout_s, self._queue.force_flush)

    def close(self, timeout_s: float = STOP_WITHIN_S) -> bool:
        """Send what is queued, and stop; False: not within the time."""
        self._exporter.give_up()
        return _within(timeout_s, self._queue.shutdown)


class CallSpan:
    """The span of one call. No method raises."""

    def __init__(self, span: Any, call: Call, operation: str) -> None:
        self._span = span
        self._call = call
        self._operation = operation
        self._begun_s = time.monotonic()
        self._assembled = content.Assembled()
        self._has_chunk = False

    @property
    def headers(self) -> dict[str, str]:
        """`traceparent` for what is asked on behalf of the call."""
        carrier: dict[str, str] = {}
        _trace_context.inject(carrier, set_span_in_context(self._span, Context()))
        return carrier

    @property
    def answer_headers(self) -> dict[str, str]:
        """`traceresponse` (W3C) for the caller: where the call is found, and what its scores belong to."""
        carried = self.headers.get("traceparent")
        return {} if carried is None else {"traceresponse": carried}

    def replied(self, reply: Reply) -> None:
        """Note a whole answer."""
        with contained("record an answer"):
            self._answered(reply, reply.usage)
            self._span.set_attributes(
                content.facts_of(reply.body) | content.output_of(self._call.kind, reply.body)
            )

    def chunk(self, chunk: Mapping[str, Any]) -> None:
        """Note a part of a streamed answer."""
        with contained("record a part of an answer"):
            if not self._has_chunk:
                self._has_chunk = True
                self._span.set_attribute(
                    "gen_ai.response.time_to_first_chunk", time.monotonic() - self._begun_s
                )
            self._assembled.add(chunk)

    def streamed(self, reply: StreamReply) -> None:
        """Note how a streamed answer has ended."""
        with contained("record a streamed answer"):
            self._answered(reply, reply.usage)
            self._span.set_attributes(
                self._assembled.facts | content.output_of(self._call.kind, self._assembled.body())
            )

    def failed(self, error: BaseException) -> None:
        """Note that there is no answer, or no whole one; what nobody waits for any more has not failed."""
        with contained("record a failure"):
            if isinstance(error, GatewayError) and error.code != CLIENT_LEFT:
                self._span.set_attribute("error.type", error.code or error.type)
                if error.attempts:
                    self._span.set_attribute(ATTEMPTS, error.attempts)
                if error.target is not None:
                    self._asked(error.target.provider, error.target.name, error.target.model_id)
                self._span.set_status(Status(StatusCode.ERROR, error.message))
            elif isinstance(error, Exception) and not isinstance(error, GatewayError):
                self._span.set_attribute("error.type", type(error).__qualname__)
                self._span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            else:
                self._span.set_attribute(CLOSED_EARLY, value=True)

    def end(self) -> None:
        """The call is over."""
        with contained("end a span"):
            self._span.end()

    def _answered(self, reply: Reply | StreamReply, usage: Mapping[str, Any] | None) -> None:
        span = self._span
        self._asked(reply.provider, reply.model, reply.model_id)
        span.set_attributes({ATTEMPTS: reply.attempts, **content.usage_of(usage)})
        if reply.endpoint and reply.endpoint != self._call.endpoint:
            span.set_attributes({keys.ENDPOINT: reply.endpoint, ASKED: self._call.endpoint})
        if reply.cost_usd is not None:
            span.set_attribute(keys.COST_USD, reply.cost_usd)

    def _asked(self, provider: str, model: str, model_id: str | None) -> None:
        self._span.update_name(f"{self._operation} {model}")
        self._span.set_attributes(
            {
                "gen_ai.provider.name": content.PROVIDERS.get(provider, provider),
                "gen_ai.request.model": model,
                **({} if model_id is None else {keys.MODEL_ID: model_id}),
            }
        )


class _Exporter(SpanExporter):
    """Sends to a collector whose address may not be known yet."""

    def __init__(self, endpoint: str | None, *, later: bool) -> None:
        self._endpoint = endpoint
        self._known = threading.Event()
        self._exporters: list[SpanExporter] | None = None
        self._lock = threading.Lock()
        if not later or endpoint is not None:
            self._exporters = span_exporters(endpoint)
            self._known.set()

    def connect(self, endpoint: str | None) -> None:
        with self._lock:
            if self._exporters is None:
                self._exporters = span_exporters(endpoint)
        self._known.set()

    def give_up(self) -> None:
        """Wait no longer for an address."""
        self._known.set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._known.wait(_KNOWN_WITHIN_S)
        results = [exporter.export(spans) for exporter in self._exporters or ()]
        is_done = all(result is SpanExportResult.SUCCESS for result in results)
        return SpanExportResult.SUCCESS if is_done else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        for exporter in self._exporters or ():
            exporter.shutdown()


def _within(timeout_s: float, action: Any) -> bool:
    done = threading.Event()

    def run() -> None:
        with contained("send the gateway's spans"):
            action()
        done.set()

    with contextlib.suppress(RuntimeError):  # the interpreter shuts down
        threading.Thread(target=run, name="gateway-spans-end", daemon=True).start()
    return done.wait(timeout_s)

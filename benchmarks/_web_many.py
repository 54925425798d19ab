"""One trace of very many spans, sent over OTLP."""

from __future__ import annotations

import time
from typing import Final

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks._traffic import SPANS_A_TRACE, Traffic

MANY_SPANS: Final = 10_000
_BATCH_SPANS: Final = 500
_SEED: Final = 10_000
_VISIBLE_TIMEOUT_S: Final = 120.0
_STEP_NS: Final = 2_000_000


def send_many(otlp_url: str, api_url: str, spans: int = MANY_SPANS) -> str:
    """Send such a trace, of the traffic's spans in groups below one root; returns its ID once it can be read.

    Raises:
        httpx.HTTPError: the server refused a part of it.
        TimeoutError: it does not become readable.
    """
    traffic = Traffic(_SEED)
    trace_id, root_id, at_ns = b"", b"", time.time_ns() - spans * _STEP_NS
    with httpx.Client(timeout=60) as client:
        for first in range(0, spans, _BATCH_SPANS):
            request = ExportTraceServiceRequest.FromString(traffic.request(min(_BATCH_SPANS, spans - first)))
            (resource_spans,) = request.resource_spans
            del resource_spans.resource.attributes[1:]  # its name stays; it is of no version
            for number, span in enumerate(resource_spans.scope_spans[0].spans):
                trace_id, root_id = trace_id or span.trace_id, root_id or span.span_id
                span.trace_id = trace_id
                at_ns += _STEP_NS
                span.end_time_unix_nano += at_ns - span.start_time_unix_nano
                span.start_time_unix_nano = at_ns
                if number % SPANS_A_TRACE == 0 and span.span_id != root_id:
                    span.parent_span_id = root_id
            headers = {"Content-Type": "application/x-protobuf"}
            body = request.SerializeToString()
            client.post(f"{otlp_url}/v1/traces", content=body, headers=headers).raise_for_status()
        deadline = time.monotonic() + _VISIBLE_TIMEOUT_S
        address = f"{api_url}/v1/traces/{trace_id.hex()}"
        while (answer := client.get(address)).is_error or answer.json()["span_count"] < spans:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the trace of {spans} spans cannot be read: {answer.text[:200]}")
            time.sleep(0.5)
    return trace_id.hex()

"""Traces as an application would have recorded them, sent to a real collector in a few large requests."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanfold.evaluation._sender import EventSender, entity_event
from spanfold_schemas import ids, keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

PROTOBUF: Final = {"Content-Type": "application/x-protobuf"}
TRACES_A_REQUEST: Final = 500
S: Final = 10**9


@dataclass(frozen=True)
class Recorded:
    """One trace: what a version answered to a question, and what would have been right."""

    number: int
    model_id: str
    question: str
    answer: str
    expected: str | None = None
    has_output: bool = True

    @property
    def trace_id(self) -> str:
        return f"{int(self.model_id[2:10], 16):016x}{self.number + 1:016x}"

    @property
    def span_id(self) -> str:
        return f"{self.number + 1:016x}"


def messages(*pairs: tuple[str, str]) -> str:
    """Chat messages as OpenTelemetry has them: of each the role and the text."""
    return json.dumps([{"role": r, "parts": [{"type": "text", "content": text}]} for r, text in pairs])


def version(name: str, endpoint: str) -> str:
    """Make a model version; returns its ID."""
    model_id = ids.derive_model_id("0", name)
    payload = {"name": name, "experiment_id": "0", "status": "READY", "params": {}, "tags": {}}
    EventSender(endpoint).send([entity_event(keys.MODEL_CREATED, model_id, payload)])
    return model_id


def traces(count: int, model_id: str, *, right_every: int = 2, first: int = 0) -> list[Recorded]:
    """Traces of which every so many has the right answer."""
    return [
        Recorded(
            number,
            model_id,
            f"what is {number} plus one?",
            f"it is {number + 1}" if number % right_every == 0 else f"perhaps {number}",
            f"it is {number + 1}",
        )
        for number in range(first, first + count)
    ]


def send(
    endpoint: str, recorded: Iterable[Recorded], *, age_s: float = 60.0, start_ns: int | None = None
) -> None:
    """Send traces, and what people expect of them; all of it is in the tables when this returns."""
    given = list(recorded)
    start_ns = time.time_ns() - int(age_s * S) if start_ns is None else start_ns
    with httpx.Client(headers=PROTOBUF, timeout=60) as client:
        for first in range(0, len(given), TRACES_A_REQUEST):
            request = ExportTraceServiceRequest()
            resource = request.resource_spans.add()
            resource.resource.attributes.add(key="service.name").value.string_value = "bot"
            spans = resource.scope_spans.add().spans
            for one in given[first : first + TRACES_A_REQUEST]:
                _fill(spans.add(), spans.add(), one, start_ns + one.number * 1_000_000)
            client.post(f"{endpoint}/v1/traces", content=request.SerializeToString()).raise_for_status()
    EventSender(endpoint).send(
        [
            entity_event(
                keys.TRACE_EXPECTATION_LOGGED,
                one.trace_id,
                {"name": "expected_response", "value": one.expected, "source_id": "ann", "span_id": None},
            )
            for one in given
            if one.expected is not None
        ]
    )


def _fill(root: Span, found: Span, one: Recorded, start_ns: int) -> None:
    attributes: dict[str, Any] = {
        keys.MODEL_ID: one.model_id,
        keys.INPUT: json.dumps({"question": one.question}),
        keys.TRACE_TAG_PREFIX + "tier": "pro" if one.number % 4 == 0 else "free",
    }
    if one.has_output:
        attributes[keys.OUTPUT] = json.dumps(one.answer)
    _span(root, one, one.span_id, start_ns, attributes)
    root.name = "answer"
    document = json.dumps([{"id": f"d{one.number}", "text": f"{one.number} + 1 = {one.number + 1}"}])
    attributes = {keys.MODEL_ID: one.model_id, keys.SPAN_TYPE: "RETRIEVER", keys.OUTPUT: document}
    _span(found, one, f"{one.number + 1 + 2**40:016x}", start_ns + 1_000, attributes)
    found.name = "find"
    found.parent_span_id = bytes.fromhex(one.span_id)


def _span(span: Span, one: Recorded, span_id: str, start_ns: int, attributes: dict[str, Any]) -> None:
    span.trace_id, span.span_id = bytes.fromhex(one.trace_id), bytes.fromhex(span_id)
    span.start_time_unix_nano, span.end_time_unix_nano = start_ns, start_ns + 2_000_000
    for key, value in attributes.items():
        span.attributes.add(key=key).value.string_value = value

"""What the REST interface answers with: one class a JSON object, documented in ``/openapi.json``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["UNSET", "OK", "ERROR"]
Kind = Literal["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
Attributes = Annotated[
    dict[str, str], Field(description="Values as text: numbers in decimal, bytes in base64, arrays as JSON.")
]
Time = Annotated[str, Field(description="RFC 3339, in UTC.", examples=["2026-11-21T05:00:00.500Z"])]
UnixNs = Annotated[int, Field(description="Nanoseconds since 1970.", examples=[1795237200500000000])]
NextPage = Annotated[
    str | None, Field(description="Pass it as `page_token` for the next page; null on the last one.")
]


class Answer(BaseModel):
    """Base of all answers: exactly the members that are documented, of exactly these types."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, protected_namespaces=())


class Health(Answer):
    """The process is up."""

    status: Literal["ok"] = "ok"


class LoggedModel(Answer):
    """One version of an application, as its events describe it."""

    model_id: Annotated[str, Field(examples=["m-0fce7525246d382493329980499c83b6"])]
    name: Annotated[str, Field(examples=["support-bot-v2"])]
    experiment_id: Annotated[str, Field(examples=["0"])]
    creation_timestamp: Annotated[int, Field(description="Milliseconds since 1970.")]
    last_updated_timestamp: Annotated[int, Field(description="Milliseconds since 1970.")]
    creation_time: Time
    model_type: str | None
    source_run_id: str | None
    status: Annotated[
        str,
        Field(description="READY, PENDING, FAILED, or UNSPECIFIED for one that only spans and tags tell of."),
    ]
    tags: dict[str, str]
    params: dict[str, str]
    metrics: dict[str, float]
    model_uri: Annotated[str, Field(examples=["models:/m-0fce7525246d382493329980499c83b6"])]
    deleted: bool


class ModelPage(Answer):
    """Model versions, newest first."""

    models: list[LoggedModel]
    next_page_token: NextPage


class ModelEvent(Answer):
    """One immutable fact about a model version."""

    event_id: str
    event_type: Annotated[str, Field(examples=["spanfold.model.tags_set"])]
    event_time: Time
    event_time_unix_ns: UnixNs
    schema_version: int
    payload: Annotated[Any, Field(description="A JSON object; text where the sender's was not JSON.")]
    actor: Annotated[str, Field(description="Who caused it, as far as the sender knew.")]
    source: Annotated[str, Field(description="What sent it.")]


class EventPage(Answer):
    """Events of one model version, oldest first."""

    events: list[ModelEvent]
    next_page_token: NextPage


class LatencyMs(Answer):
    """Percentiles of the latency of traces, in milliseconds."""

    p50: float
    p95: float
    p99: float


class ModelSummary(Answer):
    """How a model version did in a time range."""

    model_id: str
    start_time: Annotated[Time | None, Field(description="Null: from the first span on.")]
    end_time: Annotated[Time | None, Field(description="Null: up to the last span.")]
    trace_count: Annotated[int, Field(description="Requests that entered this version.")]
    error_count: Annotated[int, Field(description="Those of them that failed.")]
    error_rate: Annotated[float | None, Field(description="Between 0 and 1; null without traces.")]
    latency_ms: LatencyMs | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    span_count: int
    approximate: Annotated[
        bool,
        Field(
            description="True for large ranges, which are answered from counts by the minute: the range "
            "is widened to whole minutes, percentiles are estimates, and a span that was sent twice may "
            "count twice."
        ),
    ]


class TraceItem(Answer):
    """One trace in a listing. What is not a sum is told by its entry span."""

    trace_id: Annotated[str, Field(examples=["4bf92f3577b34da6a3ce929d0e0e4736"])]
    name: str
    service_name: str
    model_id: Annotated[str, Field(description="Empty where no model version is known.")]
    model_name: str
    status: Status
    status_message: str
    start_time: Time
    start_time_unix_ns: UnixNs
    latency_ms: float
    span_count: int
    error_count: Annotated[int, Field(description="Spans with an error.")]
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    input: Annotated[str | None, Field(description="The first 1,000 characters.")]
    output: Annotated[str | None, Field(description="The first 1,000 characters.")]


class TracePage(Answer):
    """Traces, newest first."""

    traces: list[TraceItem]
    next_page_token: NextPage


class Scope(Answer):
    """The instrumentation that recorded a span."""

    name: str
    version: str
    attributes: Attributes


class SpanEvent(Answer):
    """Something that happened during a span."""

    name: str
    time_unix_ns: UnixNs
    attributes: Attributes


class SpanLink(Answer):
    """A span elsewhere that a span is related to."""

    trace_id: str
    span_id: str
    attributes: Attributes


class Span(Answer):
    """One operation, and those that it called."""

    span_id: Annotated[str, Field(examples=["00f067aa0ba902b7"])]
    parent_span_id: str | None
    name: str
    kind: Kind
    service_name: str
    model_id: str
    status: Status
    status_message: str
    start_time: Time
    start_time_unix_ns: UnixNs
    duration_ns: int
    operation: str
    provider: str
    request_model: str
    response_model: str
    input_tokens: int | None
    output_tokens: int | None
    cached_input_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    conversation_id: str
    user_id: str
    input: str | None
    output: str | None
    attributes: Attributes
    resource_attributes: Attributes
    scope: Scope
    events: list[SpanEvent]
    links: list[SpanLink]
    missing_parent: Annotated[bool, Field(description="Topmost because its parent has not come in.")]
    detached: Annotated[
        bool,
        Field(
            description="Topmost although its parent is in this answer: the tree would be deeper than 50 "
            "levels, or parents form a circle."
        ),
    ]
    children: list[Span]


class TraceDetail(Answer):
    """All spans of one trace, as a tree."""

    trace_id: str
    start_time: Time
    start_time_unix_ns: UnixNs
    duration_ms: Annotated[float, Field(description="From the first start to the last end.")]
    span_count: int
    truncated: Annotated[bool, Field(description="There are more spans than one answer holds (50,000).")]
    missing_parent_span_ids: list[str]
    spans: list[Span]

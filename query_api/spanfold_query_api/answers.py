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
    status_message: Annotated[str | None, Field(description="Why it FAILED, where that was recorded.")]
    tags: dict[str, str]
    params: dict[str, str]
    metrics: dict[str, float]
    model_uri: Annotated[str, Field(examples=["models:/m-0fce7525246d382493329980499c83b6"])]
    deleted: bool


class ModelPage(Answer):
    """Model versions, newest first unless another order was asked for."""

    models: list[LoggedModel]
    next_page_token: NextPage


class EntityEvent(Answer):
    """One immutable fact about a model version or a run."""

    event_id: str
    event_type: Annotated[str, Field(examples=["spanfold.model.tags_set"])]
    event_time: Time
    event_time_unix_ns: UnixNs
    schema_version: int
    payload: Annotated[Any, Field(description="A JSON object; text where the sender's was not JSON.")]
    actor: Annotated[str, Field(description="Who caused it, as far as the sender knew.")]
    source: Annotated[str, Field(description="What sent it.")]


class EventPage(Answer):
    """Events of one model version or run, oldest first."""

    events: list[EntityEvent]
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
    error_rate: Annotated[
        float | None,
        Field(
            description="Between 0 and 1; null without traces. Of the traces that were kept: sampling keeps "
            "all that failed."
        ),
    ]
    latency_ms: LatencyMs | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    span_count: int
    approximate: Annotated[
        bool,
        Field(
            description="True for large ranges, which are answered from counts by the minute: the range "
            "is widened to whole minutes, percentiles are estimates, and a span that was sent twice, or "
            "a trace that entered through two services, may count twice."
        ),
    ]

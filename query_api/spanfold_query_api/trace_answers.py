"""What the REST interface answers about traces: one class a JSON object."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from spanfold_query_api.answers import Answer, Attributes, Kind, NextPage, Status, Time, UnixNs

Tags = Annotated[
    dict[str, str], Field(description="Attributes of the entry span that begin with `spanfold.tag.`.")
]
Experiment = Annotated[str, Field(description='Experiment that was active; "0" is the default one.')]
Caller = Annotated[
    str,
    Field(description="Version of the service that called, as that service said; empty where none is known."),
]
Run = Annotated[str, Field(description="Run that was active; empty where none was.")]


class Score(Answer):
    """One judgement of a trace, or of one of its spans."""

    name: Annotated[str, Field(examples=["correctness"])]
    value: float | None
    label: str | None
    explanation: str | None
    source: Annotated[
        str | None, Field(description="HUMAN, LLM_JUDGE or CODE; null where whoever gave it did not say.")
    ]
    scorer: Annotated[str | None, Field(description="What or who gave it: the model of a judge, a person.")]
    evaluation_id: Annotated[str | None, Field(description="The evaluation, or the monitor, that gave it.")]
    span_id: Annotated[str | None, Field(description="The span that it judges.")]
    time: Time
    time_unix_ns: UnixNs


class TraceItem(Answer):
    """One trace in a listing. What is not a sum is told by its entry span."""

    trace_id: Annotated[str, Field(examples=["4bf92f3577b34da6a3ce929d0e0e4736"])]
    name: str
    service_name: str
    model_id: Annotated[str, Field(description="Empty where no model version is known.")]
    model_name: str
    caller_model_id: Caller
    experiment_id: Experiment
    run_id: Run
    conversation_id: str
    user_id: str
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
    tags: Tags
    scores: Annotated[list[Score], Field(description="The newest of each name.")]


class TracePage(Answer):
    """Traces in the order that was asked for."""

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
    span_type: Annotated[str, Field(description="LLM, TOOL, RETRIEVER, ...", examples=["LLM"])]
    service_name: str
    model_id: str
    caller_model_id: Caller
    experiment_id: Experiment
    run_id: Run
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
    cache_write_input_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    price_date: Annotated[
        str,
        Field(
            description="Date of the price list that the cost was computed from; empty where the "
            "application said the cost, or nobody knows it."
        ),
    ]
    finish_reasons: list[str]
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
    """One trace with all its spans, as a tree. What is not a sum is told by its entry span."""

    trace_id: str
    name: str
    service_name: str
    model_id: Annotated[str, Field(description="Empty where no model version is known.")]
    caller_model_id: Caller
    experiment_id: Experiment
    run_id: Run
    conversation_id: str
    user_id: str
    status: Status
    status_message: str
    start_time: Time
    start_time_unix_ns: UnixNs
    duration_ms: Annotated[float, Field(description="From the first start to the last end.")]
    latency_ms: Annotated[float, Field(description="Of the entry span.")]
    span_count: int
    error_count: Annotated[int, Field(description="Spans with an error.")]
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    input: str | None
    output: str | None
    tags: Tags
    scores: Annotated[list[Score], Field(description="The newest 200, newest first.")]
    truncated: Annotated[
        bool,
        Field(
            description="There are more spans than one answer holds (50,000, shared by the traces of one "
            "answer): the earliest are given, and sums are of these."
        ),
    ]
    missing_parent_span_ids: list[str]
    spans: list[Span]


class TraceDetails(Answer):
    """Several traces in the order asked for; those that do not exist are left out."""

    traces: list[TraceDetail]


class Stratum(Answer):
    """Traces with one value of the field that strata are made by."""

    stratum: Annotated[str, Field(description="The value as text; empty where there is none.")]
    count: int
    sampled: Annotated[int, Field(description="Traces of it that the sample has.")]
    sample_threshold: Annotated[
        str | None, Field(description="What the export takes to give this part of the sample.")
    ]


class TraceCount(Answer):
    """How many traces there are."""

    count: int
    sampled: int
    strata: Annotated[list[Stratum], Field(description="A single one without `stratify_by`.")]

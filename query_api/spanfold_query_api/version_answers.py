"""What is answered about how versions develop: trends, changes, regressions. One class a JSON object."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spanfold_query_api.answers import Answer, Time, UnixNs

GreaterIsBetter = Annotated[
    bool | None,
    Field(description="Whether more is better: true where nobody said of this name, null where neither is."),
]
Service = Annotated[
    str,
    Field(description="Application: the service that most of its entry spans are of; empty without traffic."),
]


class TrendScore(Answer):
    """One score of a version's traces."""

    name: Annotated[str, Field(examples=["faithfulness"])]
    mean: Annotated[float | None, Field(description="Null where its values are words.")]
    count: Annotated[int, Field(description="Traces that have it; one that was scored again counts once.")]
    greater_is_better: GreaterIsBetter
    label_counts: Annotated[dict[str, int], Field(description="Of at most 20 words: how many traces.")]


class TrendBucket(Answer):
    """A piece of the period."""

    start_time_unix_ns: UnixNs
    trace_count: int
    error_count: int
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    cost_usd: float | None
    scores: Annotated[dict[str, float], Field(description="Means of the traces that started in it, by name.")]


class Trend(Answer):
    """How one version did over time. Traffic is from counts by the minute."""

    model_id: Annotated[str, Field(examples=["m-0fce7525246d382493329980499c83b6"])]
    name: str
    service_name: Service
    creation_time: Annotated[Time | None, Field(description="Null for one that only spans tell of.")]
    trace_count: int
    error_count: int
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    first_time: Annotated[Time | None, Field(description="First minute with traffic in the period.")]
    last_time: Annotated[Time | None, Field(description="Last one.")]
    scores: list[TrendScore]
    buckets: Annotated[list[TrendBucket], Field(description="Oldest first; those without traffic left out.")]


class Trends(Answer):
    """Versions, newest first."""

    start_time_unix_ns: UnixNs
    end_time_unix_ns: UnixNs
    bucket_ns: Annotated[int, Field(description="Width of a piece; pieces start at its multiples.")]
    models: list[Trend]


class TimeRange(Answer):
    """A period."""

    start_time: Time
    end_time: Time


class Figures(Answer):
    """What some traffic came to."""

    trace_count: int
    error_count: int
    error_rate: float | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    cost_usd: float | None
    cost_per_trace_usd: float | None
    input_tokens: int | None
    output_tokens: int | None


class Totals(Answer):
    """All traffic, that of no version included; a trace through several versions counts once."""

    current: Figures
    previous: Figures


class ChangedScore(Answer):
    """Means of one score in both periods."""

    name: str
    current: float | None
    previous: float | None
    greater_is_better: GreaterIsBetter


class ChangedModel(Answer):
    """One version in both periods."""

    model_id: str
    name: str
    service_name: Service
    is_new: Annotated[bool, Field(description="It was created, or seen for the first time, in the period.")]
    current: Annotated[Figures | None, Field(description="Null: no traffic.")]
    previous: Figures | None
    scores: list[ChangedScore]


class Changes(Answer):
    """A period, and the one of the same length before it."""

    current: TimeRange
    previous: TimeRange
    totals: Totals
    models: Annotated[list[ChangedModel], Field(description="Newest first; the newest 200.")]


class Finding(Answer):
    """A metric of a version that differs from a baseline's by more than chance explains."""

    model_id: str
    model_name: str
    baseline_model_id: Annotated[
        str, Field(description="The version before it; itself: its own traffic in the period before.")
    ]
    baseline_model_name: str
    service_name: Service
    metric: Annotated[str, Field(examples=["latency_p95", "error_rate", "score.faithfulness"])]
    unit: Annotated[str, Field(description="Of a trace each: `ratio`, `ms`, `tokens`, `usd`, `score`.")]
    value: float
    baseline_value: float
    lower: Annotated[float | None, Field(description="Limits of the difference; null: none can be given.")]
    upper: float | None
    relative: Annotated[float | None, Field(description="Difference as a share of the baseline's value.")]
    verdict: Literal["worse", "better"]
    trace_count: Annotated[int, Field(description="Traces that the value rests on.")]
    baseline_trace_count: int
    filter: Annotated[str, Field(description="For `/v1/traces`: traces that show it.")]


class Regressions(Answer):
    """Findings: the worst first, then what got better."""

    start_time: Time
    end_time: Time
    confidence: Annotated[float, Field(description="Of each interval.")]
    findings: list[Finding]

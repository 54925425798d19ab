"""What the REST interface answers to those who explore traces: one class a JSON object."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spanfold_query_api.answers import Answer, Attributes, Time, UnixNs


class HistogramBucket(Answer):
    """The traces that started within one bucket."""

    start_time_unix_ns: UnixNs
    ok_count: Annotated[int, Field(description="Traces without an error.")]
    error_count: int
    latency_p50_ms: float | None
    latency_p95_ms: float | None


class TraceHistogram(Answer):
    """Traces over time. Buckets without any are left out."""

    start_time_unix_ns: Annotated[
        int, Field(description="First instant of the range: the one asked for, or the first span's.")
    ]
    end_time_unix_ns: Annotated[
        int, Field(description="First instant after it: the one asked for, or the one after the last span's.")
    ]
    bucket_ns: Annotated[int, Field(description="Width; buckets begin at multiples of it since 1970.")]
    approximate: Annotated[
        bool,
        Field(
            description="True for some large ranges without a filter. Where nearly all traces have one entry "
            "span, they are counted by the minute: the range is widened to whole minutes, percentiles are "
            "estimates, and what was sent twice counts twice. Else, for all versions together, roots are "
            "counted: traces whose root was not recorded are left out."
        ),
    ]
    trace_count: int
    error_count: int
    buckets: list[HistogramBucket]


class FacetValue(Answer):
    """One value of a field."""

    value: Annotated[
        str, Field(description="Empty where traces have none; the first 1,000 characters of a longer one.")
    ]
    label: Annotated[str, Field(description="What to show for it: the name of a model version.")]
    count: Annotated[int, Field(description="Traces that have it.")]


class Facet(Answer):
    """The most frequent values of a field."""

    field: Annotated[str, Field(examples=["tags['tier']"])]
    values: list[FacetValue]
    distinct_count: Annotated[int, Field(description="How many different values there are.")]


class LabelCount(Answer):
    """One label of a score."""

    value: str
    count: int


class ScoreFacet(Answer):
    """The newest scores of one name."""

    name: Annotated[str, Field(examples=["correctness"])]
    count: Annotated[int, Field(description="Traces that have one.")]
    mean: float | None
    minimum: float | None
    maximum: float | None
    labels: Annotated[list[LabelCount], Field(description="The most frequent first.")]


class TraceFacets(Answer):
    """What the traces have in common."""

    trace_count: Annotated[int, Field(description="Traces that were looked at.")]
    sampled: Annotated[
        bool, Field(description="Whether there are more: the newest 100,000 entry spans are looked at.")
    ]
    facets: Annotated[list[Facet], Field(description="In the order asked for.")]
    scores: Annotated[list[ScoreFacet], Field(description="The most frequent first.")]


class ScatterPoints(Answer):
    """Traces as columns of equal length, earliest first."""

    trace_id: list[str]
    start_time_unix_ns: list[int]
    latency_ms: list[float]
    error: list[bool]


class TraceScatter(Answer):
    """Latencies over time: the slowest traces, and of the others an even sample."""

    trace_count: Annotated[int, Field(description="Traces that match; the points are some of them.")]
    points: ScatterPoints


FieldTypeName = Literal["text", "texts", "number", "choice", "time", "id", "map"]


class FilterField(Answer):
    """One field of the filter language."""

    name: str
    type: FieldTypeName
    description: str
    choices: Annotated[list[str], Field(description="All values that it can have; empty: any value.")]
    keys: Annotated[list[str], Field(description="Of a map: those of recent spans.")]


class TraceFields(Answer):
    """What a filter can say."""

    fields: list[FilterField]
    operators: Annotated[
        dict[FieldTypeName, list[str]], Field(description="Those that make sense for each type.")
    ]


class LogRecord(Answer):
    """One log record."""

    time: Time
    time_unix_ns: UnixNs
    span_id: str | None
    severity_text: str
    severity_number: Annotated[int, Field(description="OpenTelemetry's: 1 to 24, and 0 for none.")]
    event_name: str
    body: Annotated[str, Field(description="The first 10,000 characters.")]
    attributes: Attributes
    service_name: str


class TraceLogs(Answer):
    """The log records of one trace, earliest first."""

    logs: list[LogRecord]
    truncated: Annotated[bool, Field(description="There are more.")]

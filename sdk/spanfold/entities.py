"""What reading traces gives: plain, frozen values, as they were when they were read.

Example:
    >>> info = TraceInfo(trace_id="0" * 32, input='{"question": "why?"}')
    >>> info.inputs
    {'question': 'why?'}
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Score", "Span", "SpanEvent", "SpanLink", "Trace", "TraceData", "TraceInfo"]

_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Score:
    """One judgement of a trace, or of one of its spans."""

    name: str
    value: float | None = None
    label: str | None = None
    explanation: str | None = None
    span_id: str | None = None
    """The span that it judges; None where it is about the whole trace, or was read by a stream."""
    time_unix_ns: int | None = None
    """When it was given; None where it was read by a stream."""
    source: str | None = None
    """``HUMAN``, ``LLM_JUDGE`` or ``CODE``; None where whoever gave it did not say, or a stream was read."""
    scorer: str | None = None
    """What or who gave it: the model of a judge, a person."""
    evaluation_id: str | None = None
    """The evaluation, or the monitor, that gave it."""


@dataclass(frozen=True, slots=True)
class TraceInfo:
    """What is known about a trace without its spans. What is not a sum is told by its entry span."""

    trace_id: str
    name: str = ""
    service_name: str = ""
    model_id: str = ""
    """The version that the trace entered; empty where none is known."""
    caller_model_id: str = ""
    """The version of the service that called, as that service said."""
    experiment_id: str = "0"
    run_id: str = ""
    conversation_id: str = ""
    user_id: str = ""
    status: str = "UNSET"
    """``OK``, ``ERROR`` or ``UNSET``."""
    status_message: str = ""
    start_time_unix_ns: int = 0
    duration_ms: float = 0.0
    span_count: int = 0
    error_count: int = 0
    """Spans with an error."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    input: str | None = None
    """As recorded, mostly JSON. The first 1,000 characters where a search left the spans out."""
    output: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    scores: Sequence[Score] = ()
    """Newest first where the trace was read whole, else the newest of each name."""

    @property
    def inputs(self) -> Any:
        """The input decoded, or as it is where it is no JSON."""
        return _decoded(self.input)

    @property
    def outputs(self) -> Any:
        """The output decoded, or as it is where it is no JSON."""
        return _decoded(self.output)

    @property
    def timestamp_ms(self) -> int:
        """When it started, in milliseconds since 1970."""
        return self.start_time_unix_ns // _NS_PER_MS

    @property
    def request_time(self) -> int:
        """MLflow's name of :attr:`timestamp_ms`."""
        return self.timestamp_ms

    @property
    def execution_duration(self) -> int:
        """MLflow's name of the duration: whole milliseconds."""
        return round(self.duration_ms)

    @property
    def execution_time_ms(self) -> int:
        """MLflow's older name of :attr:`execution_duration`."""
        return self.execution_duration

    @property
    def state(self) -> str:
        """MLflow's name of the status."""
        return self.status


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened during a span."""

    name: str
    time_unix_ns: int
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpanLink:
    """A span elsewhere that a span is related to."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """One operation. Empty text and None are what nobody recorded."""

    trace_id: str
    span_id: str
    parent_span_id: str | None = None
    name: str = ""
    kind: str = "UNSPECIFIED"
    """OpenTelemetry's: ``INTERNAL``, ``SERVER``, ``CLIENT``, ``PRODUCER`` or ``CONSUMER``."""
    span_type: str = ""
    """``LLM``, ``TOOL``, ``RETRIEVER``, ``AGENT``, ``CHAIN``, ..."""
    service_name: str = ""
    model_id: str = ""
    caller_model_id: str = ""
    experiment_id: str = "0"
    run_id: str = ""
    status: str = "UNSET"
    status_message: str = ""
    start_time_unix_ns: int = 0
    duration_ns: int = 0
    operation: str = ""
    provider: str = ""
    request_model: str = ""
    response_model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    price_date: str = ""
    """Date of the price list behind the cost; empty where the application said the cost itself."""
    finish_reasons: Sequence[str] = ()
    conversation_id: str = ""
    user_id: str = ""
    input: str | None = None
    output: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Values as text: numbers in decimal, bytes in base64, arrays as JSON."""
    resource_attributes: Mapping[str, str] = field(default_factory=dict)
    scope_name: str = ""
    scope_version: str = ""
    scope_attributes: Mapping[str, str] = field(default_factory=dict)
    events: Sequence[SpanEvent] = ()
    links: Sequence[SpanLink] = ()

    @property
    def inputs(self) -> Any:
        """The input decoded, or as it is where it is no JSON."""
        return _decoded(self.input)

    @property
    def outputs(self) -> Any:
        """The output decoded, or as it is where it is no JSON."""
        return _decoded(self.output)

    @property
    def parent_id(self) -> str | None:
        """MLflow's name of :attr:`parent_span_id`."""
        return self.parent_span_id

    @property
    def start_time_ns(self) -> int:
        """MLflow's name of :attr:`start_time_unix_ns`."""
        return self.start_time_unix_ns

    @property
    def end_time_ns(self) -> int:
        """When it ended, in nanoseconds since 1970."""
        return self.start_time_unix_ns + self.duration_ns


@dataclass(frozen=True, slots=True)
class TraceData:
    """The spans of a trace, earliest first; none where a search left them out."""

    spans: Sequence[Span] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """One request through an application."""

    info: TraceInfo
    data: TraceData = field(default_factory=TraceData)

    def search_spans(
        self, name: str | None = None, span_type: str | None = None, span_id: str | None = None
    ) -> list[Span]:
        """The spans that have all that is given.

        Example:
            >>> trace = Trace(TraceInfo("1"), TraceData([Span("1", "2", span_type="LLM")]))
            >>> [span.span_id for span in trace.search_spans(span_type="LLM")]
            ['2']
        """
        return [
            span
            for span in self.data.spans
            if name in {None, span.name}
            and span_type in {None, span.span_type}
            and span_id in {None, span.span_id}
        ]


def _decoded(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text

"""From the query API's answers to :mod:`spanfold.entities`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

from spanfold.entities import Score, Span, SpanEvent, SpanLink, Trace, TraceData, TraceInfo
from spanfold.errors import ServerUnavailableError, SpanfoldError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INFO_FIELDS: Final = frozenset(field.name for field in fields(TraceInfo))
_SPAN_FIELDS: Final = frozenset(field.name for field in fields(Span))


@contextmanager
def understood() -> Iterator[None]:
    """Say whose fault it is that an answer has not the form that the block expects.

    Raises:
        ServerUnavailableError: instead of what the block raises for it.
    """
    try:
        yield
    except SpanfoldError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as fault:
        message = f"the query API's answer is not of the expected form: {fault!r}"
        raise ServerUnavailableError(message) from fault


def info_of(answer: Mapping[str, Any]) -> TraceInfo:
    """A trace in a listing, without its spans."""
    given = {name: answer[name] for name in _INFO_FIELDS & answer.keys()}
    given["duration_ms"] = answer["latency_ms"]
    given["scores"] = tuple(score_of(score) for score in answer["scores"])
    return TraceInfo(**given)


def trace_of(answer: Mapping[str, Any]) -> Trace:
    """A trace with its tree of spans."""
    spans = list(_spans(answer["trace_id"], answer["spans"]))
    spans.sort(key=lambda span: (span.start_time_unix_ns, span.span_id))
    return Trace(info_of(answer), TraceData(tuple(spans)))


def with_spans(listed: TraceInfo, whole: Trace) -> Trace:
    """A trace as the listing ordered it, with what only the whole trace tells."""
    info = replace(listed, input=whole.info.input, output=whole.info.output, scores=whole.info.scores)
    return Trace(info, whole.data)


def score_of(answer: Mapping[str, Any]) -> Score:
    """One score."""
    names = (field.name for field in fields(Score))
    return Score(**{name: answer[name] for name in names if name in answer})


def _spans(trace_id: str, tree: list[dict[str, Any]]) -> Iterator[Span]:
    """All spans of a tree of any depth."""
    waiting = list(tree)
    while waiting:
        answer = waiting.pop()
        waiting += answer["children"]
        given = {name: answer[name] for name in _SPAN_FIELDS & answer.keys()}
        given["finish_reasons"] = tuple(answer["finish_reasons"])
        given["events"] = tuple(SpanEvent(**event) for event in answer["events"])
        given["links"] = tuple(SpanLink(**link) for link in answer["links"])
        scope = answer["scope"]
        yield Span(
            trace_id=trace_id,
            scope_name=scope["name"],
            scope_version=scope["version"],
            scope_attributes=scope["attributes"],
            **given,
        )

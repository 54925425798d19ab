"""Strategies for everything that OTLP can say and that admission has nothing against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData, ResourceLogs, ScopeLogs
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from tests.collector._otlp import NANOSECONDS, NOW_UNIX_NS, any_value, key_values

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

_NUMBERS: Final = """
    ["stop"] ["end_turn","x"] tool_use ["stop","length"] [] [""] ["] chat CHAT_MODEL chain execute_tool
    0 -5 +7 007 4294967295 4294967296 18446744073709551616 1e5 .5 5. 1e400 nan -inf Infinity 1_0 1e 0x5 -0
""".split()  # noqa: SIM905 - a table of words
_TEXTS: Final = ("", " 5", "a/b", 'q"\\', "\x00", "\x1b\x7f", "\u2028\u2029", "ключ", "\U0001f600")
_KEYS: Final = """
    spanfold.model.id mlflow.modelId service.name service.version event.name user.id enduser.id session.id
    spanfold.input gen_ai.input.messages mlflow.spanInputs input.value
    spanfold.output gen_ai.output.messages mlflow.spanOutputs output.value
    gen_ai.operation.name gen_ai.provider.name gen_ai.system gen_ai.request.model gen_ai.response.model
    gen_ai.conversation.id gen_ai.usage.input_tokens gen_ai.usage.prompt_tokens gen_ai.usage.output_tokens
    gen_ai.usage.completion_tokens gen_ai.usage.cache_read.input_tokens gen_ai.usage.reasoning.output_tokens
    gen_ai.usage.cache_creation.input_tokens gen_ai.response.finish_reasons spanfold.caller.model.id
    gen_ai.usage.cache_write.input_tokens gen_ai.usage.reasoning_tokens anthropic.message.stop_reason
    spanfold.run.id spanfold.experiment.id spanfold.span.type
    spanfold.cost.usd gen_ai.evaluation.name gen_ai.evaluation.score.value gen_ai.evaluation.score.label
    gen_ai.evaluation.explanation gen_ai.response.id
""".split()  # noqa: SIM905 - a table of words

texts: Final = st.one_of(
    st.sampled_from([*_TEXTS, *_NUMBERS]), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
integers: Final = st.sampled_from([0, -1, 2**63 - 1, -(2**63)]) | st.integers(-(2**63), 2**63 - 1)
_DOUBLES: Final = (
    *(0.0, -0.0, 1.0, 0.1, 1e-7, 1.5e-7, 1e-6, 1e-5, 1e15, 1e16, 1e20, 1e21, 1e300, 5e-324),
    *(123456789012345678901234.0, float("nan"), float("inf"), float("-inf")),
)
doubles: Final = st.sampled_from(_DOUBLES) | st.floats()
scalars: Final = st.one_of(st.none(), st.booleans(), integers, doubles, texts, st.binary(max_size=9))
flat_values: Final = scalars | st.lists(texts, min_size=1, max_size=3)
"""What the engine's flat schema can hold."""
nested_values: Final[st.SearchStrategy[Any]] = st.recursive(
    scalars | st.just([]) | st.just({}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
values: Final = flat_values | nested_values


def _attributes() -> st.SearchStrategy[list[KeyValue]]:
    return st.dictionaries(st.sampled_from(_KEYS) | texts, values, max_size=6).map(key_values)


identifiers: Final = st.binary(min_size=8, max_size=8).filter(any)
trace_identifiers: Final = st.binary(min_size=16, max_size=16).filter(any)
times: Final = st.integers(NOW_UNIX_NS - 86_400 * NANOSECONDS, NOW_UNIX_NS)
end_times: Final = times | st.sampled_from([0, 2**64 - 1])


def _spans() -> st.SearchStrategy[Span]:
    event = st.builds(Span.Event, time_unix_nano=times | st.just(0), name=texts, attributes=_attributes())
    link = st.builds(
        Span.Link,
        trace_id=trace_identifiers,
        span_id=identifiers,
        trace_state=texts,
        attributes=_attributes(),
    )
    return st.builds(
        Span,
        trace_id=trace_identifiers,
        span_id=identifiers,
        parent_span_id=identifiers | st.just(b""),
        trace_state=texts,
        name=texts,
        kind=st.integers(0, 5),
        start_time_unix_nano=times,
        end_time_unix_nano=end_times,
        attributes=_attributes(),
        events=st.lists(event, max_size=2),
        links=st.lists(link, max_size=2),
        status=st.builds(lambda code, message: {"code": code, "message": message}, st.integers(0, 2), texts),
        flags=st.sampled_from([0, 1, 0x100, 0x300, 0x301, 2**32 - 1]),
    )


def _records() -> st.SearchStrategy[LogRecord]:
    return st.builds(
        LogRecord,
        time_unix_nano=times | st.just(0),
        observed_time_unix_nano=times,
        severity_number=st.integers(0, 24),
        severity_text=texts,
        body=values.map(any_value),
        attributes=_attributes(),
        flags=st.sampled_from([0, 1, 255, 256, 2**32 - 1]),
        trace_id=trace_identifiers | st.just(b""),
        span_id=identifiers | st.just(b""),
        event_name=st.sampled_from(["", "exception", "gen_ai.evaluation.result", "ü"]),
    )


def _resources() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda attributes: {"attributes": attributes}, _attributes())


def _scopes() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda name, version, attributes: {"name": name, "version": version, "attributes": attributes},
        texts,
        texts,
        _attributes(),
    )


def traces() -> st.SearchStrategy[TracesData]:
    """Requests that admission has nothing against, empty ones among them."""
    scope_spans = st.builds(ScopeSpans, scope=_scopes(), spans=st.lists(_spans(), max_size=3))
    resource_spans = st.builds(
        ResourceSpans, resource=_resources(), scope_spans=st.lists(scope_spans, max_size=2)
    )
    return st.builds(TracesData, resource_spans=st.lists(resource_spans, max_size=2))


def logs() -> st.SearchStrategy[LogsData]:
    scope_logs = st.builds(ScopeLogs, scope=_scopes(), log_records=st.lists(_records(), max_size=3))
    resource_logs = st.builds(
        ResourceLogs, resource=_resources(), scope_logs=st.lists(scope_logs, max_size=2)
    )
    return st.builds(LogsData, resource_logs=st.lists(resource_logs, max_size=2))

"""One conversation makes the same columns, whichever instrumentor told of it, by either decoder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from spanfold_collector.dialects import is_foreign, translated
from spanfold_collector.payload import from_json
from spanfold_collector.signals import TRACES
from tests.collector import _strategies as strategies
from tests.collector._otlp import NOW_UNIX_NS, WINDOW, make_span, make_traces
from tests.collector._roads import assert_same_rows, insert_both_ways
from tests.dialects import _applications as applications
from tests.dialects.record import FAMILIES, RECORDED
from tests.providers import script

if TYPE_CHECKING:
    from spanfold_schemas.database import Database

CASES: Final = [
    (family, case) for family in FAMILIES for case in applications.cases_of(family) if case != "chain"
]
CLIENTS_OWN_SCOPE: Final = "com.anthropic.sdk.python"
"""Anthropic's client library makes a span of each call itself, beside the instrumentor's."""

_CALL: Final = {
    "SpanType": "LLM",
    "Operation": "chat",
    "InputTokens": script.INPUT_TOKENS,
    "OutputTokens": script.OUTPUT_TOKENS,
    "CachedInputTokens": script.CACHED_TOKENS,
    "FinishReasons": ["stop"],
}
_OPENAI: Final = _CALL | {
    "Provider": "openai",
    "RequestModel": "gpt-4o",
    "ResponseModel": f"gpt-4o{script.MODEL_SUFFIX}",
    "CacheWriteInputTokens": None,
    "ReasoningTokens": script.REASONING_TOKENS,
}
_ANTHROPIC: Final = _CALL | {
    "Provider": "anthropic",
    "RequestModel": "claude-sonnet-4-5",
    "ResponseModel": f"claude-sonnet-4-5{script.MODEL_SUFFIX}",
    "CacheWriteInputTokens": script.CACHE_WRITE_TOKENS,
    "ReasoningTokens": None,
}
_UNKNOWN_USAGE: Final = {
    "InputTokens": None, "OutputTokens": None, "CachedInputTokens": None, "CacheWriteInputTokens": None,
    "ReasoningTokens": None,
}  # fmt: skip
_EMBEDDING: Final = _OPENAI | _UNKNOWN_USAGE | {
    "SpanType": "EMBEDDING", "Operation": "embeddings", "InputTokens": script.INPUT_TOKENS,
    "RequestModel": "text-embedding-3-small", "ResponseModel": "text-embedding-3-small", "FinishReasons": [],
}  # fmt: skip
_EXPECTED: Final[dict[tuple[str, str], list[dict[str, Any]]]] = {
    ("openai", "chat"): [_OPENAI],
    ("openai", "tools"): [_OPENAI | {"FinishReasons": ["tool_call"]}, _OPENAI],
    ("openai", "stream"): [_OPENAI | _UNKNOWN_USAGE],
    ("openai", "stream with usage"): [_OPENAI],
    ("openai", "embeddings"): [_EMBEDDING],
    ("openai", "responses"): [_OPENAI],
    ("anthropic", "chat"): [_ANTHROPIC],
    ("anthropic", "tools"): [_ANTHROPIC | {"FinishReasons": ["tool_call"]}, _ANTHROPIC],
    ("anthropic", "stream"): [_ANTHROPIC],
}
_NOT_TOLD: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("openinference-openai", "responses"): {"FinishReasons": []},
    ("openllmetry-openai", "stream with usage"): {"ReasoningTokens": None},
    ("openllmetry-openai", "embeddings"): {"CachedInputTokens": 0},
    ("openllmetry-anthropic", "stream"): {"OutputTokens": script.OUTPUT_TOKENS + 1},
    ("openllmetry-2025-openai", "stream with usage"): {"ReasoningTokens": None},
    ("openllmetry-2025-openai", "embeddings"): {"CachedInputTokens": 0},
    ("openllmetry-2025-openai", "responses"): {"FinishReasons": []},
    ("openllmetry-2025-anthropic", "stream"): _UNKNOWN_USAGE | {"ResponseModel": ""},
    ("mlflow-openai", "embeddings"): {"Provider": ""},
    ("mlflow-openai", "responses"): {"FinishReasons": []},
    ("mlflow-anthropic", "stream"): _UNKNOWN_USAGE
    | {"ResponseModel": "claude-sonnet-4-5", "FinishReasons": []},
}
"""What an instrumentor leaves out, or gets wrong itself."""

_USER: Final = {"role": "user", "parts": [{"type": "text", "content": applications.QUESTION}]}
_ANSWER: Final = [{"role": "assistant", "parts": [{"type": "text", "content": script.ANSWER}]}]


def recorded(family: str, case: str) -> bytes:
    """A recorded request, as if it had been sent now."""
    document = json.loads((RECORDED / f"{family}.json").read_text())[case]
    request = from_json(json.dumps(document).encode(), ExportTraceServiceRequest)
    data = TracesData.FromString(request)
    for resource_spans in data.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                span.end_time_unix_nano += NOW_UNIX_NS - span.start_time_unix_nano
                span.start_time_unix_nano = NOW_UNIX_NS
                # Tells where it comes from, once all are in one table.
                span.trace_state = f"{family} {case}"
    return data.SerializeToString()


Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def rows(database: Database) -> Rows:
    """The rows of every recorded request, which either decoder makes alike, by family and case."""
    bodies = [
        TRACES.admit(recorded(family, case), WINDOW).body
        for family in FAMILIES
        for case in applications.cases_of(family)
    ]
    number = insert_both_ways(database, TRACES, *bodies)
    found: Rows = {}
    for row in assert_same_rows(database, number, "spans"):
        found.setdefault(row["TraceState"], []).append(row)
    return found


def calls_of(rows: Rows, family: str, case: str) -> list[dict[str, Any]]:
    """The instrumentor's spans of calls, the one without a tool's result first."""
    found = [row for row in rows[f"{family} {case}"] if row["ScopeName"] != CLIENTS_OWN_SCOPE]
    return sorted(found, key=lambda row: "tool_call_response" in row["Input"])


def plain(messages: str) -> list[dict[str, Any]]:
    """Messages but for what instrumentors differ in: where instructions stand, whose a tool's result is."""
    found = []
    for message in json.loads(messages):
        if message["role"] == "system":
            continue
        parts = [
            {key: value for key, value in part.items() if value is not None} for part in message["parts"]
        ]
        is_result = any(part["type"] == "tool_call_response" for part in parts)
        found.append({"role": "tool" if is_result else message["role"], "parts": parts})
    return found


def call_id(family: str) -> str:
    return "toolu_0123456789" if family.endswith("anthropic") else script.TOOL_CALL_ID


@pytest.mark.parametrize(("family", "case"), CASES)
def test_a_conversation_makes_the_same_columns_in_every_dialect(rows: Rows, family: str, case: str) -> None:
    expected = _EXPECTED[family.rpartition("-")[2], case]
    not_told = _NOT_TOLD.get((family, case), {})

    found = calls_of(rows, family, case)

    assert [{name: row[name] for name in expected[0]} for row in found] == [
        columns | not_told for columns in expected
    ]


@pytest.mark.parametrize(("family", "case"), [one for one in CASES if one[1] != "embeddings"])
def test_messages_have_one_form_in_every_dialect(rows: Rows, family: str, case: str) -> None:
    used = {"id": call_id(family), "name": applications.TOOL, "arguments": {"city": "Paris"}}
    call = {"role": "assistant", "parts": [{"type": "tool_call", **used}]}
    result = {
        "role": "tool",
        "parts": [{"type": "tool_call_response", "id": call_id(family), "response": "found"}],
    }
    first, *others = calls_of(rows, family, case)

    assert plain(first["Input"]) == [_USER]
    if (family, case) != ("mlflow-anthropic", "stream"):  # it records the stream object's name
        assert plain(first["Output"]) == ([call] if others else _ANSWER)
    for second in others:
        assert plain(second["Input"]) == [_USER, call, result]
        assert plain(second["Output"]) == _ANSWER


@pytest.mark.parametrize("family", [family for family in FAMILIES if family.endswith("langchain")])
def test_of_a_chain_only_the_call_inside_it_is_a_call(rows: Rows, family: str) -> None:
    found = rows[f"{family} chain"]

    calls = [row for row in found if row["InputTokens"] is not None]
    assert [(row["SpanType"], row["InputTokens"]) for row in calls] == [("LLM", script.INPUT_TOKENS)]
    assert {row["SpanType"] for row in found} - {"LLM"} <= {"CHAIN", "TASK", "WORKFLOW", "PROMPT"}
    if not family.startswith("mlflow"):
        assert {row["ConversationId"] for row in found} == {"s-1"}


@pytest.mark.parametrize("family", ["genai-anthropic", "openinference-anthropic", "openllmetry-anthropic"])
@pytest.mark.parametrize("case", ["chat", "tools", "stream"])
def test_a_call_that_the_client_library_tells_of_too_counts_once(rows: Rows, family: str, case: str) -> None:
    types = [(row["ScopeName"] == CLIENTS_OWN_SCOPE, row["SpanType"]) for row in rows[f"{family} {case}"]]

    pairs = 2 if case == "tools" else 1
    assert sorted(types) == [(False, "LLM")] * pairs + [(True, "REQUEST")] * pairs


def test_where_only_the_client_library_tells_of_a_call_that_counts() -> None:
    data = TracesData.FromString(recorded("genai-anthropic", "chat"))
    for resource_spans in data.resource_spans:
        kept = [one for one in resource_spans.scope_spans if one.scope.name == CLIENTS_OWN_SCOPE]
        del resource_spans.scope_spans[:]
        resource_spans.scope_spans.extend(kept)

    admitted = TRACES.admit(data.SerializeToString(), WINDOW)

    (row,) = TRACES.rows([admitted.body])
    assert row[TRACES.row_columns.index("SpanType")] == "LLM"


def test_messages_in_numbered_attributes_leave_the_attributes(rows: Rows) -> None:
    for family in ("openinference-openai", "openllmetry-2025-openai", "openllmetry-langchain"):
        case = "chain" if family.endswith("langchain") else "tools"
        for row in rows[f"{family} {case}"]:
            parts = ("_messages.", "gen_ai.prompt.", "gen_ai.completion.", "traceloop.entity.input")
            assert not [key for key in row["SpanAttributes"] if any(part in key for part in parts)]
            assert row["Input"]


def test_what_a_span_says_in_todays_conventions_is_left_as_it_is() -> None:
    said, _ = translated(
        {
            "openinference.span.kind": "LLM",
            "llm.token_count.prompt": 1,
            "gen_ai.usage.input_tokens": 2,
            "gen_ai.operation.name": "text_completion",
            "llm.model_name": "m",
        }
    )

    assert said == {
        "gen_ai.request.model": "m",
        "gen_ai.response.model": "m",
        "spanfold.span.type": "LLM",
    }


def test_traffic_in_todays_conventions_is_passed_on_byte_for_byte() -> None:
    body = recorded("genai-openai", "tools")

    assert not is_foreign(body)
    assert TRACES.admit(body, WINDOW).body == body


KEYS: Final = """
    openinference.span.kind llm.model_name llm.token_count.prompt llm.invocation_parameters llm.finish_reason
    llm.input_messages.0.message.role llm.input_messages.0.message.content llm.cost.total llm.request.type
    llm.input_messages.1.message.contents.0.x
    llm.output_messages.07.message.tool_calls.0.tool_call.function.arguments
    gen_ai.prompt.0.content gen_ai.prompt.99999999999.content gen_ai.completion.0.finish_reason
    gen_ai.prompt.x mlflow.spanType mlflow.spanInputs mlflow.spanOutputs mlflow.chat.tokenUsage
    mlflow.llm.model model traceloop.span.kind traceloop.entity.input
    traceloop.association.properties.user_id
""".split()  # noqa: SIM905 - a table of words
_NAMES: Final = ["messages", "input", "choices", "message", "content", "role", "usage", "type"]
JSONS: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3),
    max_leaves=12,
).map(json.dumps)


@given(
    attributes=st.dictionaries(
        st.sampled_from(KEYS), JSONS | strategies.values | st.just('"LLM"') | st.just("LLM"), max_size=8
    )
)
def test_whatever_a_dialects_attributes_hold_the_span_is_admitted(attributes: dict[str, Any]) -> None:
    admitted = TRACES.admit(make_traces(make_span(1, attributes)), WINDOW)

    assert (admitted.records, admitted.rejected) == (1, 0)
    TRACES.admit(admitted.body, WINDOW)
    assert list(TRACES.rows([admitted.body]))


def test_values_nested_too_deeply_to_be_rebuilt_are_stored_as_they_came() -> None:
    deep = "[" * 2000 + "]" * 2000
    attributes = {"mlflow.spanType": '"LLM"', "mlflow.spanInputs": f'{{"messages":[{deep}]}}'}

    admitted = TRACES.admit(make_traces(make_span(1, attributes)), WINDOW)

    (row,) = TRACES.rows([admitted.body])
    assert attributes["mlflow.spanInputs"] in row

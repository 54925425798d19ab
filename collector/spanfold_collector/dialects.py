"""Attributes of OpenInference, OpenLLMetry, MLflow and older conventions under the names of today's. Pure.

A span of another dialect keeps what it says, and says it again in OpenTelemetry's GenAI conventions, which
is all that the decoders know (docs/attributes.md). Messages spread over numbered attributes are the
exception: they become one JSON array and leave the attributes. Only requests in which a dialect's mark occurs
come here: traffic that speaks today's conventions does not pay for touching each attribute in Python.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from spanfold_collector import chat_messages
from spanfold_collector.chat_messages import loads
from spanfold_collector.normalise import to_python
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

_CLIENT_SCOPE: Final = "com.anthropic.sdk.python"
"""Anthropic's client library makes a span of each call itself, beside that of an instrumentor."""
_MARKS: Final = (
    _CLIENT_SCOPE.encode(),
    b"openinference.span.kind",
    b"llm.request.type",
    b"gen_ai.prompt.0",
    b"traceloop.",
    b"mlflow.span",
)
"""Some of these keys is on every span of the dialects; each costs a search through all bytes of a request."""

_INPUT: Final = "gen_ai.input.messages"
_OUTPUT: Final = "gen_ai.output.messages"
_OPERATION: Final = "gen_ai.operation.name"
_PROVIDER: Final = "gen_ai.provider.name"
_REQUEST_MODEL: Final = "gen_ai.request.model"
_RESPONSE_MODEL: Final = "gen_ai.response.model"
_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
_USAGE: Final = "gen_ai.usage."

_TWINS: Final = {
    f"{_USAGE}input_tokens": (
        "llm.token_count.prompt", f"{_USAGE}prompt_tokens", "llm.usage.prompt_tokens",
    ),
    f"{_USAGE}output_tokens": (
        "llm.token_count.completion", f"{_USAGE}completion_tokens", "llm.usage.completion_tokens",
    ),
    f"{_USAGE}cache_read.input_tokens": (
        "llm.token_count.prompt_details.cache_read", f"{_USAGE}cache_read_input_tokens",
    ),
    f"{_USAGE}cache_creation.input_tokens": (
        "llm.token_count.prompt_details.cache_write", f"{_USAGE}cache_creation_input_tokens",
    ),
    f"{_USAGE}reasoning.output_tokens": (
        "llm.token_count.completion_details.reasoning", "llm.usage.reasoning_tokens",
    ),
    _REQUEST_MODEL: ("llm.request.model_name", "embedding.model_name", "reranker.model_name"),
    _RESPONSE_MODEL: ("llm.response.model_name", "llm.model_name", "embedding.model_name"),
    _FINISH_REASONS: ("llm.finish_reason", "llm.response.finish_reason", "llm.response.stop_reason"),
    "gen_ai.conversation.id": (
        "traceloop.association.properties.session_id", "traceloop.association.properties.conversation_id",
        "mlflow.trace.session",
    ),
    "user.id": ("traceloop.association.properties.user_id", "llm.user", "mlflow.trace.user"),
    "input.value": ("traceloop.entity.input",),
    "output.value": ("traceloop.entity.output",),
    keys.COST_USD: ("llm.cost.total",),
}  # fmt: skip
"""What stands under other names, the first that is set."""
_NAMES_OF_TWIN: Final[dict[str, list[tuple[str, int]]]] = {
    twin: [(name, twins.index(twin)) for name, twins in _TWINS.items() if twin in twins]
    for every in _TWINS.values()
    for twin in every
}
"""By another name: what it is a name of, and how many go before it."""

_MLFLOW_USAGE: Final = {
    "input_tokens": f"{_USAGE}input_tokens",
    "output_tokens": f"{_USAGE}output_tokens",
    "cache_read_input_tokens": f"{_USAGE}cache_read.input_tokens",
    "cache_creation_input_tokens": f"{_USAGE}cache_creation.input_tokens",
}
_OPERATIONS: Final = {
    "LLM": "chat", "CHAT_MODEL": "chat", "EMBEDDING": "embeddings", "TOOL": "execute_tool",
    "AGENT": "invoke_agent", "RETRIEVER": "retrieval",
}  # fmt: skip
_REQUEST_TYPES: Final = {
    "chat": "LLM", "completion": "LLM", "embedding": "EMBEDDING", "rerank": "RERANKER",
}  # fmt: skip
_CALLS: Final = frozenset({"LLM", "CHAT_MODEL", "EMBEDDING", "RERANKER"})
_PARAMETERS: Final = "llm.invocation_parameters"
_NUMBER: Final = r"[0-9]{1,6}"
_MOVED: Final = re.compile(
    rf"""
    llm\.(?:input|output)_messages\.{_NUMBER}\.message\.(?:
        role | content | tool_call_id | function_call_name | function_call_arguments_json
        | contents\.{_NUMBER}\..+
        | tool_calls\.{_NUMBER}\.tool_call\.(?:id|function\.name|function\.arguments)
    )
    | gen_ai\.(?:prompt|completion)\.{_NUMBER}\.(?:
        role | content | tool_call_id | finish_reason | tool_calls\.{_NUMBER}\.(?:id|name|arguments)
    )
    | traceloop\.entity\.(?:input|output)
    """,
    re.DOTALL | re.VERBOSE,
)
"""What leaves the attributes, since it stands elsewhere once it is translated."""


def is_foreign(body: bytes) -> bool:
    """Whether a request holds spans of another dialect, told from its bytes."""
    return any(mark in body for mark in _MARKS)


def translate(data: TracesData) -> None:
    """Add to each span of another dialect what it says, in today's conventions; in place."""
    clients: list[Span] = []
    others: list[Span] = []
    for resource_spans in data.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            found = clients if scope_spans.scope.name == _CLIENT_SCOPE else others
            for span in scope_spans.spans:
                _translate_span(span)
                found.append(span)
    if not clients:
        return
    calls = {name for span in others for name in _names_of_call(span)}
    for span in clients:
        # One call that two libraries tell of must not cost twice; the instrumentor's span has the messages.
        if span.parent_span_id in calls or not calls.isdisjoint(_names_of_call(span)):
            span.attributes.add(key=keys.SPAN_TYPE).value.string_value = "REQUEST"


def _names_of_call(span: Span) -> Iterator[bytes | str]:
    """By what another span of the same call can be told, if this is one: its ID, and its answer's."""
    for item in span.attributes:
        if item.key == _REQUEST_MODEL:
            yield span.span_id
        elif item.key == "gen_ai.response.id" and item.value.string_value:
            yield item.value.string_value


def _translate_span(span: Span) -> None:
    found: dict[str, Any] = {}
    for item in span.attributes:
        found.setdefault(item.key, to_python(item.value))
    try:
        said, spread = translated(found)
    except (ValueError, TypeError, RecursionError):
        # What a sender nests is its own affair: such a span is stored as it came.
        return
    for position in range(len(span.attributes) - 1, -1, -1) if spread else ():
        if span.attributes[position].key in spread:
            del span.attributes[position]
    for key, value in said.items():
        attribute = span.attributes.add(key=key)
        if isinstance(value, int):
            attribute.value.int_value = value
        elif isinstance(value, list):
            for one in value:
                attribute.value.array_value.values.add(string_value=one)
        else:
            attribute.value.string_value = value


def translated(found: Mapping[str, Any]) -> tuple[dict[str, str | int | list[str]], frozenset[str]]:
    """What a span of another dialect says in today's conventions, and the keys that this replaces.

    What the span says in today's conventions itself is left as it is.

    Raises:
        ValueError: a value is nested too deeply to be written down again.

    Example:
        >>> said, _ = translated({"openinference.span.kind": "LLM", "llm.token_count.prompt": 7})
        >>> said["gen_ai.usage.input_tokens"]
        7
    """
    said: dict[str, Any] = dict.fromkeys(_TWINS)
    ranks: dict[str, int] = {}
    for key, value in found.items():
        for name, rank in _NAMES_OF_TWIN.get(key, ()) if value not in (None, "") else ():
            if rank < ranks.get(name, len(_NAMES_OF_TWIN)):
                said[name], ranks[name] = value, rank
    kind = _span_type(found)
    said[keys.SPAN_TYPE] = kind
    if found.get("mlflow.spanType") is not None or "mlflow.spanInputs" in found:
        _add_mlflow(said, found, kind)
    if kind in _CALLS:
        _add_call(said, found, kind)
    elif kind in _OPERATIONS:
        said[_OPERATION] = _OPERATIONS[kind]
    spread = _add_messages(said, found)
    return {
        name: plain
        for name, value in said.items()
        if found.get(name) in (None, "") and (plain := _plain(value)) not in (None, "", [])
    }, spread


def _span_type(found: Mapping[str, Any]) -> str:
    names = ("openinference.span.kind", "traceloop.span.kind", "mlflow.spanType")
    kind = next((loads(found[name]) for name in names if found.get(name)), None)
    if kind is None:
        is_prompt = "gen_ai.prompt.0.content" in found or "gen_ai.prompt.0.role" in found
        kind = _REQUEST_TYPES.get(str(found.get("llm.request.type")), "LLM" if is_prompt else "")
    return str(kind).upper() if kind != "UNKNOWN" else ""


def _add_call(said: dict[str, Any], found: Mapping[str, Any], kind: str) -> None:
    """Operation, provider and model of one call to a model."""
    said[_OPERATION] = _OPERATIONS.get(kind)
    if found.get("llm.request.type") == "completion" and "gen_ai.prompt.0.role" not in found:
        said[_OPERATION] = "text_completion"
    names = ("llm.provider", "llm.system", "embedding.provider", "gen_ai.system")
    said[_PROVIDER] = said.get(_PROVIDER) or next((found[name] for name in names if found.get(name)), None)
    if isinstance(said[_PROVIDER], str):
        said[_PROVIDER] = said[_PROVIDER].lower()
    if "llm.request.model_name" not in found:
        parameters = loads(found.get(_PARAMETERS) or found.get("embedding.invocation_parameters"))
        if isinstance(parameters, dict) and isinstance(parameters.get("model"), str):
            said[_REQUEST_MODEL] = parameters["model"]
    said[_REQUEST_MODEL] = said[_REQUEST_MODEL] or said[_RESPONSE_MODEL]


def _add_mlflow(said: dict[str, Any], found: Mapping[str, Any], kind: str) -> None:
    """MLflow's attributes are JSON texts; what it lacks in them is in the request and the response."""
    said["gen_ai.conversation.id"] = loads(said["gen_ai.conversation.id"])
    said["user.id"] = loads(said["user.id"])
    usage = loads(found.get("mlflow.chat.tokenUsage"))
    if isinstance(usage, dict):
        said.update(
            {name: usage[count] for count, name in _MLFLOW_USAGE.items() if usage.get(count) is not None}
        )
    if kind not in _CALLS:
        return
    request, response = loads(found.get("mlflow.spanInputs")), loads(found.get("mlflow.spanOutputs"))
    request = request if isinstance(request, dict) else {}
    response = response if isinstance(response, dict) else {}
    model = loads(found.get("mlflow.llm.model"))
    asked = loads(found.get("model")) or request.get("model")
    said[_REQUEST_MODEL] = asked if isinstance(asked, str) else model
    answered = response.get("model")
    said[_RESPONSE_MODEL] = answered if isinstance(answered, str) else model
    said[_PROVIDER] = loads(found.get("mlflow.llm.provider"))
    if not said[_PROVIDER] and (wire := loads(found.get("mlflow.message.format"))) in ("openai", "anthropic"):
        said[_PROVIDER] = wire
    details = response.get("usage")
    if isinstance(details, dict):
        parts = details.get("completion_tokens_details") or details.get("output_tokens_details")
        if isinstance(parts, dict):
            said[f"{_USAGE}reasoning.output_tokens"] = parts.get("reasoning_tokens")
        if said[f"{_USAGE}input_tokens"] is None:
            said[f"{_USAGE}input_tokens"] = details.get("prompt_tokens")
    if kind != "EMBEDDING":
        said[_INPUT], said[_OUTPUT] = (
            chat_messages.from_request(request),
            chat_messages.from_response(response),
        )


def _add_messages(said: dict[str, Any], found: Mapping[str, Any]) -> frozenset[str]:
    """Messages that stand in numbered attributes; the keys of those attributes."""
    spread = frozenset(key for key in found if _MOVED.fullmatch(key))
    if spread:
        numbered = {key: found[key] for key in spread}
        sources: tuple[tuple[str, Callable[[], list[Any]]], ...] = (
            (_INPUT, lambda: chat_messages.from_openinference(numbered, "llm.input_messages.")),
            (_INPUT, lambda: chat_messages.from_indexed(numbered, "gen_ai.prompt.", "user")),
            (_OUTPUT, lambda: chat_messages.from_openinference(numbered, "llm.output_messages.")),
            (_OUTPUT, lambda: chat_messages.from_indexed(numbered, "gen_ai.completion.", "assistant")),
        )
        for name, read in sources:
            said[name] = said.get(name) or read()
    messages = said.get(_OUTPUT) or ()
    if not said[_FINISH_REASONS]:
        said[_FINISH_REASONS] = [one["finish_reason"] for one in messages if "finish_reason" in one]
    for name in (_INPUT, _OUTPUT):
        if said.get(name):
            said[name] = orjson.dumps(said[name]).decode()
    return spread


def _plain(value: Any) -> str | int | list[str] | None:
    """What an attribute can hold, or None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if 0 <= value < 2**63 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and 0 <= value < 2**63 else repr(value)
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else None

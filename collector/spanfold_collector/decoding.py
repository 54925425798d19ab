"""OTLP in Python: the same rows that the engine's views make of the same bytes.

Used for groups too small for the engine's fixed cost an insert, and as the oracle that the views are
tested against. Everything here is pure.
"""

from __future__ import annotations

import base64
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from spanfold_collector.chat_messages import FINISH_REASONS
from spanfold_collector.price_fields import plain_tier, price_key, read_prices
from spanfold_collector.prices import MAX_COST_USD, cost_usd
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

    from spanfold_collector.prices import Price, Tokens

    Prices = Mapping[str, Sequence[Price]]

SPAN_COLUMNS: Final = (
    "Timestamp", "TraceId", "SpanId", "ParentSpanId", "TraceState", "SpanName", "SpanKind", "ServiceName",
    "ModelId", "CallerModelId", "RunId", "ExperimentId", "Entry", "Duration", "StatusCode", "StatusMessage",
    "SpanType", "Operation", "Provider", "RequestModel", "ResponseModel", "InputTokens", "OutputTokens",
    "CachedInputTokens", "CacheWriteInputTokens", "ReasoningTokens", "Cost", "PriceDate", "FinishReasons",
    "ConversationId", "UserId", "Input", "Output", "SpanAttributes", "ResourceAttributes", "ScopeName",
    "ScopeVersion", "ScopeAttributes", "Events.Timestamp", "Events.Name", "Events.Attributes",
    "Links.TraceId", "Links.SpanId", "Links.TraceState", "Links.Attributes", "Tenant", "ReceivedAt",
)  # fmt: skip
LOG_COLUMNS: Final = (
    "Timestamp", "TraceId", "SpanId", "TraceFlags", "SeverityText", "SeverityNumber", "ServiceName",
    "ModelId", "EventName", "Body", "LogAttributes", "ResourceAttributes", "ScopeName", "ScopeVersion",
    "ScopeAttributes", "Tenant", "ReceivedAt",
)  # fmt: skip

_NO_ID: Final = bytes(8)
_NO_TRACE: Final = bytes(16)
_REMOTE_PARENT: Final = 0x300
"""OTLP span flags: "is remote is known" and "is remote"."""
_INPUTS: Final = ("gen_ai.input.messages", keys.INPUT, "mlflow.spanInputs", "input.value")
_OUTPUTS: Final = ("gen_ai.output.messages", keys.OUTPUT, "mlflow.spanOutputs", "output.value")
_SPAN_TYPES: Final = {
    "CHAT_MODEL": "LLM", "chat": "LLM", "text_completion": "LLM", "generate_content": "LLM",
    "embeddings": "EMBEDDING", "retrieval": "RETRIEVER", "execute_tool": "TOOL", "invoke_agent": "AGENT",
    "create_agent": "AGENT", "invoke_workflow": "CHAIN",
}  # fmt: skip
"""What a span is, from its type where that has two names, else from its operation."""
_WRAPPER_TYPES: Final = frozenset({"AGENT", "CHAIN", "TOOL", "WORKFLOW", "TASK", "REQUEST"})
"""What carries the sums of the calls inside it, and has no price of its own; as IsCall of the table."""
_NANOSECONDS: Final = 1_000_000_000
_ASCII_UPPER: Final = {lower: lower - 32 for lower in range(ord("a"), ord("z") + 1)}
_PLAIN_EXPONENTS: Final = range(-6, 21)
"""Powers of ten that ClickHouse writes out in full."""
_JSON_ESCAPES: Final = {code: f"\\u{code:04X}" for code in (*range(0x20), 0x2028, 0x2029)} | {
    ord(char): f"\\{mark}" for char, mark in zip('\b\f\n\r\t"\\/', 'bfnrt"\\/', strict=True)
}
"""What ClickHouse's toJSONString escapes, and how."""
_MAX_COUNT_CHARS: Final = 100
_COUNT: Final = re.compile(r"\+?[0-9]+", re.ASCII)
_NUMBER: Final = re.compile(
    r"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|inf(inity)?|nan)", re.ASCII | re.IGNORECASE
)
_RECEIVED: Final = 1001
_TENANT: Final = 1002
_SERVICE_VERSION: Final = 1003


def number_text(number: float) -> str:
    """A double as ClickHouse prints it, so that both roads store the same text.

    Example:
        >>> number_text(1.0), number_text(1e-07), number_text(0.7)
        ('1', '1e-7', '0.7')
    """
    if math.isnan(number):
        return "nan"
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    text = repr(number)
    mantissa, exponent_mark, exponent = text.partition("e")
    if not exponent_mark:
        return text.removesuffix(".0")
    if int(exponent) in _PLAIN_EXPONENTS:
        return format(Decimal(text), "f")
    return f"{mantissa}e{int(exponent)}"


def json_text(items: Iterable[str]) -> str:
    r"""An array of strings as ClickHouse's ``toJSONString`` writes it.

    Example:
        >>> print(json_text(["a/b", "ü"]))
        ["a\/b","ü"]
    """
    return "[" + ",".join(f'"{item.translate(_JSON_ESCAPES)}"' for item in items) + "]"


def _text(value: AnyValue) -> str:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return str(value.int_value)
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "double_value":
            return number_text(value.double_value)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "array_value":
            items = value.array_value.values
            return json_text(item.string_value for item in items) if items else ""
        case _:
            return ""


def _attributes(items: Iterable[KeyValue]) -> dict[str, str]:
    """Of a key that occurs twice, against OpenTelemetry's rules, the first counts: so a map reads in SQL."""
    found: dict[str, str] = {}
    for item in items:
        if item.key not in found:
            found[item.key] = _text(item.value)
    return found


def _first(attributes: Mapping[str, str], *names: str) -> str:
    return next((attributes[name] for name in names if attributes.get(name)), "")


def _count(text: str) -> int | None:
    """Tokens that sums can bear: no call has more than 32 bits tell, and of 64 two would overflow a total."""
    if len(text) > _MAX_COUNT_CHARS or not _COUNT.fullmatch(text):
        return None
    return int(text) if int(text) < 2**32 else None


def _cost(text: str) -> float | None:
    """A cost that sums can bear: one that is not finite would spoil every later total of its version."""
    cost = float(text) if _NUMBER.fullmatch(text) else None
    return cost if cost is not None and 0 <= cost <= MAX_COST_USD else None


def _span_type(own: Mapping[str, str]) -> str:
    said = own.get(keys.SPAN_TYPE, "").translate(_ASCII_UPPER)
    return _SPAN_TYPES.get(said or own.get("gen_ai.operation.name", ""), said)


def _finish_reasons(text: str) -> list[str]:
    if len(text) > len('[""') and text.startswith('["') and text.endswith('"]'):
        found = text[2:-2].split('","')
    else:
        found = [text] if text else []
    return [FINISH_REASONS.get(reason, reason) for reason in found]


def _model_id(own: Mapping[str, str], resource: Mapping[str, str], *, service_version: bool) -> str:
    names = (keys.MODEL_ID, keys.MLFLOW_MODEL_ID)
    found = _first(own, *names) or _first(resource, *names)
    service, version = resource.get("service.name", ""), resource.get("service.version", "")
    if not found and service_version and service and version:
        return f"{service}@{version}"
    return found


def _appended(message: Any) -> tuple[int, str, bool]:
    """The collector's own fields, which OTLP's classes see as unknown ones."""
    unknown: Any = UnknownFieldSet(message)
    found: dict[int, Any] = {field.field_number: field.data for field in unknown}
    return found.get(_RECEIVED, 0), found.get(_TENANT, b"").decode(), bool(found.get(_SERVICE_VERSION, 0))


def _tokens(own: Mapping[str, str]) -> Tokens:
    usage = "gen_ai.usage."
    return (
        _count(_first(own, f"{usage}input_tokens", f"{usage}prompt_tokens")),
        _count(_first(own, f"{usage}output_tokens", f"{usage}completion_tokens")),
        _count(own.get(f"{usage}cache_read.input_tokens", "")),
        _count(_first(own, f"{usage}cache_creation.input_tokens", f"{usage}cache_write.input_tokens")),
        _count(_first(own, f"{usage}reasoning.output_tokens", f"{usage}reasoning_tokens")),
    )


def _cost_and_date(
    own: Mapping[str, str], tokens: Tokens, start_unix_s: int, listed: str, prices: Prices
) -> tuple[float | None, str]:
    """What a span cost, and the date of the price list if that is where it is from."""
    said = _cost(own.get(keys.COST_USD, ""))
    if said is not None or not prices or _span_type(own) in _WRAPPER_TYPES:
        return said, ""
    provider, tier = _first(own, "gen_ai.provider.name", "gen_ai.system"), plain_tier(own)
    answered = price_key(provider, own.get("gen_ai.response.model", ""), tier)
    found = prices.get(answered) or prices.get(
        price_key(provider, own.get("gen_ai.request.model", ""), tier), ()
    )
    cost = cost_usd(found, start_unix_s, tokens)
    return cost, "" if cost is None else listed


def _span_row(
    span: Any,
    resource: dict[str, str],
    scope: Any,
    scope_attributes: dict[str, str],
    priced: tuple[str, Prices],
) -> list[Any]:
    """The columns of one span from Timestamp to Links.Attributes, model ID left to the caller."""
    attributes = _attributes(span.attributes)
    own = dict(attributes)
    input_key = next((name for name in _INPUTS if name in own), None)
    output_key = next((name for name in _OUTPUTS if name in own), None)
    for name in (input_key, output_key):
        if name is not None:
            del attributes[name]
    remote = span.flags & _REMOTE_PARENT == _REMOTE_PARENT
    start, end = span.start_time_unix_nano, span.end_time_unix_nano
    tokens = _tokens(own)
    return [
        start, span.trace_id, span.span_id, span.parent_span_id or _NO_ID, span.trace_state, span.name,
        span.kind, resource.get("service.name", ""), "",
        own.get(keys.CALLER_MODEL_ID, ""), own.get(keys.RUN_ID, ""), own.get(keys.EXPERIMENT_ID, ""),
        2 if not span.parent_span_id else int(remote), max(end - start, 0),
        span.status.code, span.status.message,
        _span_type(own), own.get("gen_ai.operation.name", ""),
        _first(own, "gen_ai.provider.name", "gen_ai.system"),
        own.get("gen_ai.request.model", ""), own.get("gen_ai.response.model", ""),
        *tokens,
        *_cost_and_date(own, tokens, start // _NANOSECONDS, *priced),
        _finish_reasons(_first(own, "gen_ai.response.finish_reasons", "anthropic.message.stop_reason")),
        _first(own, "gen_ai.conversation.id", "session.id"), _first(own, "user.id", "enduser.id"),
        own[input_key] if input_key else "", own[output_key] if output_key else "",
        attributes, resource, scope.name, scope.version, scope_attributes,
        [event.time_unix_nano for event in span.events], [event.name for event in span.events],
        [_attributes(event.attributes) for event in span.events],
        [link.trace_id for link in span.links], [link.span_id for link in span.links],
        [link.trace_state for link in span.links], [_attributes(link.attributes) for link in span.links],
    ]  # fmt: skip


def span_rows(messages: Iterable[bytes]) -> Iterator[Sequence[Any]]:
    """Rows of ``spans`` (:data:`SPAN_COLUMNS`) from framed requests without their lengths."""
    model_column = SPAN_COLUMNS.index("ModelId")
    for message in messages:
        data = TracesData.FromString(message)
        received_ms, tenant, service_version = _appended(data)
        priced = read_prices(data)
        for resource_spans in data.resource_spans:
            resource = _attributes(resource_spans.resource.attributes)
            for scope_spans in resource_spans.scope_spans:
                scope_attributes = _attributes(scope_spans.scope.attributes)
                for span in scope_spans.spans:
                    row = _span_row(span, resource, scope_spans.scope, scope_attributes, priced)
                    own = _attributes(
                        item for item in span.attributes if item.key in (keys.MODEL_ID, keys.MLFLOW_MODEL_ID)
                    )
                    row[model_column] = _model_id(own, resource, service_version=service_version)
                    yield [*row, tenant, received_ms]


def log_rows(messages: Iterable[bytes]) -> Iterator[Sequence[Any]]:
    """Rows of ``log_records`` (:data:`LOG_COLUMNS`) from framed requests without their lengths."""
    for message in messages:
        data = LogsData.FromString(message)
        received_ms, tenant, service_version = _appended(data)
        for resource_logs in data.resource_logs:
            resource = _attributes(resource_logs.resource.attributes)
            for scope_logs in resource_logs.scope_logs:
                scope = scope_logs.scope
                scope_attributes = _attributes(scope.attributes)
                for record in scope_logs.log_records:
                    own = _attributes(record.attributes)
                    legacy_name = own.get("event.name", "")
                    if legacy_name.startswith("spanfold."):
                        legacy_name = ""
                    yield [
                        record.time_unix_nano or record.observed_time_unix_nano,
                        record.trace_id or _NO_TRACE, record.span_id or _NO_ID, record.flags & 0xFF,
                        record.severity_text, record.severity_number, resource.get("service.name", ""),
                        _model_id(own, resource, service_version=service_version),
                        record.event_name or legacy_name, _text(record.body), own, resource,
                        scope.name, scope.version, scope_attributes, tenant, received_ms,
                    ]  # fmt: skip

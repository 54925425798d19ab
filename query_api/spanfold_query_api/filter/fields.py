"""What a filter may ask about: the written list that every name is checked against."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from spanfold_query_api.filter.errors import FilterError
from spanfold_schemas.keys import TRACE_TAG_PREFIX, USED_PROMPTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold_query_api.filter.nodes import Field

_EQUALITY: Final = ("=", "!=", "IN", "NOT IN")
_ORDER: Final = ("<", "<=", ">", ">=")
_PATTERNS: Final = ("LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE")


class FieldType(Enum):
    """What values a field has; the second member lists the operators that make sense for them."""

    TEXT = ("text", (*_EQUALITY, *_ORDER, *_PATTERNS))
    NUMBER = ("number", (*_EQUALITY, *_ORDER))
    TIME = ("time", (*_EQUALITY, *_ORDER))
    CHOICE = ("one of a few words", _EQUALITY)
    TRACE_ID = ("32 hexadecimal digits", _EQUALITY)
    MAP = ("text or number, by key", (*_EQUALITY, *_ORDER, *_PATTERNS))
    NUMBER_MAP = ("number, by key", (*_EQUALITY, *_ORDER))
    TEXTS = ("text, any of several", (*_EQUALITY, *_PATTERNS))

    def __init__(self, title: str, operators: tuple[str, ...]) -> None:
        self.title = title
        self.operators = operators

    @property
    def keyed(self) -> bool:
        """Whether a filter names one entry of it by key."""
        return self in (FieldType.MAP, FieldType.NUMBER_MAP)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field that a filter may name."""

    name: str
    type: FieldType
    sql: str
    """The expression over a row of ``spans`` that holds the value."""
    description: str
    choices: Mapping[str, int] = field(default_factory=dict)
    """For :attr:`FieldType.CHOICE`: the words, and how they are stored."""
    nullable: bool = False
    """Whether the expression can be NULL. Text never is: where there is none it is empty."""
    key_prefix: str = ""
    """For :attr:`FieldType.MAP`: what keys are stored with."""


_STATUSES: Final = {"UNSET": 0, "OK": 1, "ERROR": 2}
_KINDS: Final = {"UNSPECIFIED": 0, "INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}

MODEL_NAME: Final = "model_name"
"""Not on the span: the model's events tell it."""
SCORES: Final = "scores"
"""Not on the span either: evaluations tell them."""

MESSAGES: Final = frozenset({"input", "output"})
"""Long texts, which a database may have an index of."""

_TEXT, _NUMBER = FieldType.TEXT, FieldType.NUMBER

FIELDS: Final[Mapping[str, FieldSpec]] = {
    spec.name: spec
    for spec in (
        FieldSpec("status", FieldType.CHOICE, "StatusCode", "How it ended: OK, ERROR or UNSET", _STATUSES),
        FieldSpec("name", _TEXT, "SpanName", "Name of the span"),
        FieldSpec("service_name", _TEXT, "ServiceName", "Service that recorded it (`service.name`)"),
        FieldSpec("model_id", _TEXT, "ModelId", "ID of the model version that made it"),
        FieldSpec(MODEL_NAME, _TEXT, "ModelId", "Name of that model version"),
        FieldSpec("caller_model_id", _TEXT, "CallerModelId", "Version of the service that called it"),
        FieldSpec(
            "experiment_id", _TEXT, "if(ExperimentId = '', '0', ExperimentId)", "Experiment, `'0'` by default"
        ),
        FieldSpec("run_id", _TEXT, "RunId", "Run that was active"),
        FieldSpec("latency_ms", _NUMBER, "Duration / 1000000", "Duration in milliseconds"),
        FieldSpec("start_time", FieldType.TIME, "Timestamp", "When it started"),
        FieldSpec("timestamp_ms", _NUMBER, "toUnixTimestamp64Milli(Timestamp)", "The same, in ms since 1970"),
        FieldSpec("trace_id", FieldType.TRACE_ID, "TraceId", "ID of the trace"),
        FieldSpec("kind", FieldType.CHOICE, "SpanKind", "INTERNAL, SERVER, CLIENT, PRODUCER, ...", _KINDS),
        FieldSpec("span_type", _TEXT, "SpanType", "LLM, TOOL, RETRIEVER, AGENT, CHAIN, ..."),
        FieldSpec("operation", _TEXT, "Operation", "What it did (`gen_ai.operation.name`)"),
        FieldSpec("provider", _TEXT, "Provider", "Who served the language model"),
        FieldSpec("request_model", _TEXT, "RequestModel", "Language model that was asked for"),
        FieldSpec("response_model", _TEXT, "ResponseModel", "Language model that answered"),
        FieldSpec("input_tokens", _NUMBER, "InputTokens", "Tokens of the prompt", nullable=True),
        FieldSpec("output_tokens", _NUMBER, "OutputTokens", "Tokens of the completion", nullable=True),
        FieldSpec(
            "cached_input_tokens",
            _NUMBER,
            "CachedInputTokens",
            "Tokens of the prompt that came from a cache",
            nullable=True,
        ),
        FieldSpec(
            "cache_write_input_tokens",
            _NUMBER,
            "CacheWriteInputTokens",
            "Tokens of the prompt that were written to one",
            nullable=True,
        ),
        FieldSpec(
            "reasoning_tokens",
            _NUMBER,
            "ReasoningTokens",
            "Tokens of the completion that were reasoning",
            nullable=True,
        ),
        FieldSpec("finish_reason", _TEXT, "FinishReasons[1]", "Why the language model stopped"),
        FieldSpec("cost_usd", _NUMBER, "Cost", "Cost in US dollars", nullable=True),
        FieldSpec("conversation_id", _TEXT, "ConversationId", "Conversation that it belongs to"),
        FieldSpec("user_id", _TEXT, "UserId", "User that it was done for"),
        FieldSpec("input", _TEXT, "Input", "What went in: prompt or arguments"),
        FieldSpec("output", _TEXT, "Output", "What came out: completion or return value"),
        FieldSpec("status_message", _TEXT, "StatusMessage", "What the error said"),
        FieldSpec(
            "prompt",
            FieldType.TEXTS,
            f"JSONExtract(SpanAttributes['{USED_PROMPTS}'], 'Array(String)')",
            "Versions of prompts that it was made with, such as `'greeting/3'`",
        ),
        FieldSpec("tags", FieldType.MAP, "SpanAttributes", "Tags of the trace", key_prefix=TRACE_TAG_PREFIX),
        FieldSpec(SCORES, FieldType.MAP, "TraceId", "Newest score of that name: its value or its label"),
        FieldSpec("attributes", FieldType.MAP, "SpanAttributes", "Any other attribute of the span"),
        FieldSpec("resource_attributes", FieldType.MAP, "ResourceAttributes", "Attributes of its resource"),
    )
}


def find(field: Field, known: Mapping[str, FieldSpec] = FIELDS) -> FieldSpec:
    """What is known about a field that a filter names.

    Raises:
        FilterError: there is no such field, a map is named without a key, or something else with one.
    """
    spec = known.get(field.name)
    if spec is None:
        near = difflib.get_close_matches(field.name, known, n=1)
        raise FilterError(
            f"there is no field {field.name!r}",
            position=field.position,
            found=field.name,
            expected=() if near else tuple(known),
            suggestion=near[0] if near else None,
        )
    if spec.type.keyed != (field.key is not None):
        if spec.type.keyed:
            message, example = f"{field.name} needs a key", f"{field.name}['some.key']"
        else:
            message, example = f"{field.name} has no keys", field.name
        raise FilterError(message, position=field.position, found=field.name, suggestion=example)
    return spec

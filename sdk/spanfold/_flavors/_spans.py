"""A GenAI span for a call of a provider, where no instrumentation makes one."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal.faults import contained
from spanfold._internal.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_REQUEST: Final = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "topP": "gen_ai.request.top_p",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "maxTokens": "gen_ai.request.max_tokens",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
}
_FINISHES: Final = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_call",
    "tool_use": "tool_call",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "safety": "content_filter",
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of a call; None: not told. Input includes cached ones, output includes reasoning."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None

    def attributes(self) -> dict[str, int]:
        """As OpenTelemetry's conventions name them."""
        named = {
            "gen_ai.usage.input_tokens": self.input,
            "gen_ai.usage.output_tokens": self.output,
            "gen_ai.usage.cache_read.input_tokens": self.cached,
            "gen_ai.usage.cache_creation.input_tokens": self.cache_write,
            "gen_ai.usage.reasoning.output_tokens": self.reasoning,
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered to one request."""

    outputs: Sequence[Any]
    """One for each row of the request."""
    tokens: Tokens = field(default_factory=Tokens)
    model: str | None = None
    """Which model answered, by the provider's word."""
    response_id: str | None = None
    finish: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a span says of a request before it is answered."""

    operation: str
    provider: str
    model: str
    parameters: Mapping[str, Any]
    messages: Sequence[Mapping[str, Any]]


class CallSpan:
    """An open span of a call."""

    def __init__(self, recording: Recording | None) -> None:
        self._recording = recording

    def answered(self, answer: Answer) -> None:
        """Note the answer."""
        if self._recording is None:
            return
        with contained("record an answer"):
            attributes: dict[str, Any] = dict(answer.tokens.attributes())
            if answer.model:
                attributes["gen_ai.response.model"] = answer.model
            if answer.response_id:
                attributes["gen_ai.response.id"] = answer.response_id
            if answer.finish:
                finish = answer.finish.lower()
                attributes["gen_ai.response.finish_reasons"] = [_FINISHES.get(finish, finish)]
            self._recording.span.set_attributes(attributes)
        texts = [
            {"role": "assistant", "content": one} for one in answer.outputs if isinstance(one, str | dict)
        ]
        if texts:
            self._recording.set_json("gen_ai.output.messages", _with_parts(texts))


@contextmanager
def call_span(asked: Asked, *, is_made: bool, is_current: bool = True) -> Iterator[CallSpan]:
    """A span of a call, for the time of the block.

    Args:
        asked: what is asked.
        is_made: False where an instrumentation makes the span: then nothing happens here.
        is_current: False for generators, whose consumer's spans are no children of the call.
    """
    if not is_made:
        yield CallSpan(None)
        return
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": asked.operation,
        "gen_ai.provider.name": asked.provider,
        "gen_ai.request.model": asked.model,
    }
    for name, key in _REQUEST.items():
        value = asked.parameters.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            attributes[key] = value
    recording = Recording(f"{asked.operation} {asked.model}", attributes, None)
    if not is_current:
        recording.pause()
    if asked.messages:
        recording.set_json("gen_ai.input.messages", _with_parts(asked.messages))
    try:
        yield CallSpan(recording)
    except BaseException as fault:
        recording.failed(fault)
        raise
    finally:
        recording.end()


def is_original(method: object, package: str) -> bool:
    """Whether a method is the library's own, which no instrumentation has replaced.

    Example:
        >>> import json
        >>> is_original(json.dumps, "json"), is_original(lambda: None, "json")
        (True, False)
    """
    module = sys.modules.get(package)
    # Not isinstance(): the proxies that instrumentations put in place say that they are functions.
    if type(method) is not FunctionType or module is None or module.__file__ is None:
        return False
    return Path(method.__code__.co_filename).is_relative_to(Path(module.__file__).parent)


def _with_parts(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Messages in the form of OpenTelemetry's conventions."""
    return [
        {"role": message.get("role", "user"), "parts": _parts(message.get("content"))} for message in messages
    ]


def _parts(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, list):
        return [part for one in content for part in _parts(one)]
    if isinstance(content, dict):
        if isinstance(content.get("text"), str):
            return [{"type": "text", "content": content["text"]}]
        return [{"type": "generic", **{name: value for name, value in content.items() if name != "type"}}]
    return [] if content is None else [{"type": "text", "content": str(content)}]

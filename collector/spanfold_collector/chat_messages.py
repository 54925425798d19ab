"""Messages of every dialect in one form: that of OpenTelemetry's GenAI conventions. Pure.

A message is ``{"role": ..., "parts": [...]}``; a part has a ``type``: ``text`` (with ``content``),
``tool_call`` (``id``, ``name``, ``arguments``) or ``tool_call_response`` (``id``, ``response``); any other is
kept as it came.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_INDEXED: Final = re.compile(r"([0-9]{1,6})\.(.+)")
_TEXT_TYPES: Final = frozenset({"text", "input_text", "output_text"})
_CALL_TYPES: Final = frozenset({"tool_use", "tool_call"})
FINISH_REASONS: Final = {
    "end_turn": "stop", "stop_sequence": "stop", "tool_calls": "tool_call", "tool_use": "tool_call",
    "function_call": "tool_call", "max_tokens": "length",
}  # fmt: skip
"""Why a model stopped, in OpenTelemetry's words; a provider's own word that is not here stays."""

Fields = dict[str, Any]
"""Of one message or part: what stands behind its index, such as ``message.role``."""


def loads(text: Any) -> Any:
    """The value of a JSON text, or the text itself where it is none."""
    if not isinstance(text, str):
        return text
    try:
        return orjson.loads(text)
    except ValueError:
        return text


def group(items: Mapping[str, Any], prefix: str) -> list[Fields]:
    """Attributes ``<prefix>N.<rest>`` as one mapping for each N, in the order of their numbers.

    Example:
        >>> group({"p.1.b": 2, "p.0.a": 1, "p.name": 3}, "p.")
        [{'a': 1}, {'b': 2}]
    """
    found: defaultdict[int, Fields] = defaultdict(dict)
    for key, value in items.items():
        if key.startswith(prefix) and (match := _INDEXED.fullmatch(key, len(prefix))):
            found[int(match[1])][match[2]] = value
    return [found[number] for number in sorted(found)]


def _text(content: Any) -> Fields:
    return {"type": "text", "content": content}


def _call(call_id: Any, name: Any, arguments: Any) -> Fields:
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": loads(arguments)}


def _response(call_id: Any, response: Any) -> Fields:
    return {"type": "tool_call_response", "id": call_id, "response": response}


def _message(role: Any, parts: list[Fields], finish_reason: Any = None) -> Fields:
    message = {"role": role, "parts": parts}
    if isinstance(finish_reason, str) and finish_reason:
        message["finish_reason"] = FINISH_REASONS.get(finish_reason, finish_reason)
    return message


def _openinference_parts(message: Fields) -> Iterable[Fields]:
    content, call_id = message.get("message.content"), message.get("message.tool_call_id")
    if call_id is not None:
        yield _response(call_id, content)
    elif content:
        yield _text(content)
    for part in group(message, "message.contents."):
        kind = part.get("message_content.type")
        if kind in _TEXT_TYPES:
            yield _text(part.get("message_content.text"))
        elif kind not in _CALL_TYPES:  # which are among the message's tool calls too
            yield {key.removeprefix("message_content."): value for key, value in part.items()}
    for call in group(message, "message.tool_calls."):
        function = "tool_call.function."
        yield _call(call.get("tool_call.id"), call.get(f"{function}name"), call.get(f"{function}arguments"))
    if name := message.get("message.function_call_name"):
        yield _call(None, name, message.get("message.function_call_arguments_json"))


def from_openinference(items: Mapping[str, Any], prefix: str) -> list[Fields]:
    """Messages of ``llm.input_messages.N.message.*`` and its like."""
    return [
        _message(message.get("message.role"), list(_openinference_parts(message)))
        for message in group(items, prefix)
    ]


def from_indexed(items: Mapping[str, Any], prefix: str, default_role: str) -> list[Fields]:
    """Messages of ``gen_ai.prompt.N.*`` and ``gen_ai.completion.N.*``."""
    messages = []
    for message in group(items, prefix):
        content, call_id = message.get("content"), message.get("tool_call_id")
        decoded = loads(content)
        parts: list[Fields] = []
        if call_id is not None:
            parts = [_response(call_id, content)]
        elif isinstance(decoded, list) and all(isinstance(part, dict) and "type" in part for part in decoded):
            parts = list(_content_parts(decoded))
        elif content:
            parts = [_text(content)]
        parts += [
            _call(call.get("id"), call.get("name"), call.get("arguments"))
            for call in group(message, "tool_calls.")
        ]
        messages.append(_message(message.get("role", default_role), parts, message.get("finish_reason")))
    return messages


def _content_parts(content: Any) -> Iterable[Fields]:
    """The parts of a provider's own ``content``: a text, or a list of typed blocks."""
    if isinstance(content, str):
        yield from [_text(content)] if content else []
    for part in content if isinstance(content, list) else []:
        if not isinstance(part, dict):
            yield _text(part)
        elif part.get("type") in _TEXT_TYPES:
            yield _text(part.get("text"))
        elif part.get("type") == "tool_use":
            yield _call(part.get("id"), part.get("name"), part.get("input"))
        elif part.get("type") == "tool_result":
            yield _response(part.get("tool_use_id"), part.get("content"))
        else:
            yield part


def _provider_message(message: Any, finish_reason: Any = None) -> Fields:
    """A message as OpenAI's and Anthropic's APIs have it."""
    if not isinstance(message, dict):
        return _message("user", [_text(message)], finish_reason)
    if (call_id := message.get("tool_call_id")) is not None:
        return _message(message.get("role"), [_response(call_id, message.get("content"))])
    parts = list(_content_parts(message.get("content")))
    for call in message.get("tool_calls") or []:
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            parts.append(_call(call.get("id"), function.get("name"), function.get("arguments")))
    return _message(message.get("role", "user"), parts, finish_reason)


def from_request(request: Any) -> list[Fields]:
    """Messages of a provider's request body; empty where it holds none that can be told."""
    if not isinstance(request, dict):
        return []
    messages = request.get("messages", request.get("input"))
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    if not isinstance(messages, list):
        return []
    found = [_provider_message(message) for message in messages]
    instructions = request.get("system", request.get("instructions"))
    if instructions:
        found.insert(0, _message("system", list(_content_parts(instructions))))
    return found


def from_response(response: Any) -> list[Fields]:
    """Messages of a provider's response body; empty where it holds none that can be told."""
    if not isinstance(response, dict):
        return []
    if isinstance(choices := response.get("choices"), list):
        return [
            _provider_message(choice.get("message"), choice.get("finish_reason"))
            for choice in choices
            if isinstance(choice, dict)
        ]
    if isinstance(output := response.get("output"), list):
        return [_provider_message(item) for item in output if isinstance(item, dict) and "content" in item]
    if isinstance(response.get("content"), list) and response.get("role"):
        return [_provider_message(response, response.get("stop_reason"))]
    return []

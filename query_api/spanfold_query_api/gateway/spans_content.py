"""What a call says, as the attributes of OpenTelemetry's conventions for generative AI.

Nothing that a client sends can make these fail: what is not of the expected shape is left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from spanfold._internal.content import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.util.types import AttributeValue

OPERATIONS: Final = {"chat": "chat", "completions": "text_completion", "embeddings": "embeddings"}
PROVIDERS: Final[Mapping[str, str]] = {
    "azure": "azure.ai.openai",
    "azure-openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
"""OpenTelemetry's names of providers, where they are not ours."""
FINISH_REASONS: Final = {"tool_calls": "tool_call", "function_call": "tool_call"}
_MAX_CHOICES: Final = 128
_LARGEST: Final = 2**63
_SETTINGS: Final = {
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "n": "gen_ai.request.choice.count",
    "dimensions": "gen_ai.embeddings.dimension.count",
}


def settings_of(body: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """How the model was asked.

    Example:
        >>> settings_of({"temperature": 0, "stop": "END", "seed": "no number"})
        {'gen_ai.request.temperature': 0, 'gen_ai.request.stop_sequences': ['END']}
    """
    found: dict[str, AttributeValue] = {
        key: value for name, key in _SETTINGS.items() if _is_number(value := body.get(name))
    }
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else stop
    if isinstance(stops, list) and stops and all(isinstance(one, str) for one in stops):
        found["gen_ai.request.stop_sequences"] = stops
    return found


def input_of(kind: str, body: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """What the model was asked, as messages."""
    if kind == "chat":
        messages = body.get("messages")
        given = (
            [_message(one) for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
        )
        return {"gen_ai.input.messages": to_json(given)}
    asked = body.get("prompt" if kind == "completions" else "input")
    texts = [asked] if isinstance(asked, str) else asked if isinstance(asked, list) else []
    return {"gen_ai.input.messages": to_json([_said("user", str(text)) for text in texts[:_MAX_CHOICES]])}


def output_of(kind: str, body: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """What it answered, and why it stopped."""
    choices = body.get("choices")
    if kind == "embeddings" or not isinstance(choices, list):
        return {}
    said, reasons = [], []
    for choice in choices[:_MAX_CHOICES]:
        if not isinstance(choice, dict):
            continue
        reason = str(choice.get("finish_reason") or "")
        reason = FINISH_REASONS.get(reason, reason)
        message = choice.get("message")
        one = (
            _message(message)
            if isinstance(message, dict)
            else _said("assistant", str(choice.get("text") or ""))
        )
        said.append({**one, "finish_reason": reason} if reason else one)
        if reason:
            reasons.append(reason)
    found: dict[str, AttributeValue] = {"gen_ai.output.messages": to_json(said)}
    return {**found, "gen_ai.response.finish_reasons": reasons} if reasons else found


def facts_of(body: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """What the answer says of itself beside its content."""
    names = {
        "id": "gen_ai.response.id",
        "model": "gen_ai.response.model",
        "service_tier": "openai.response.service_tier",
        "system_fingerprint": "openai.response.system_fingerprint",
    }
    return {key: value for name, key in names.items() if isinstance(value := body.get(name), str) and value}


def usage_of(usage: Mapping[str, Any] | None) -> dict[str, AttributeValue]:
    """Token counts; those that are not known are left out.

    Example:
        >>> usage_of({"prompt_tokens": 9, "completion_tokens": 2, "completion_tokens_details": None})
        {'gen_ai.usage.input_tokens': 9, 'gen_ai.usage.output_tokens': 2}
    """
    if usage is None:
        return {}
    prompt, completion = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    prompt = prompt if isinstance(prompt, dict) else {}
    counts = {
        "gen_ai.usage.input_tokens": usage.get("prompt_tokens"),
        "gen_ai.usage.output_tokens": usage.get("completion_tokens"),
        "gen_ai.usage.cache_read.input_tokens": prompt.get("cached_tokens"),
        "gen_ai.usage.cache_creation.input_tokens": prompt.get(
            "cache_write_tokens", prompt.get("cache_creation_tokens")
        ),
        "gen_ai.usage.reasoning.output_tokens": (
            completion.get("reasoning_tokens") if isinstance(completion, dict) else None
        ),
    }
    return {
        key: count
        for key, count in counts.items()
        if isinstance(count, int) and _is_number(count) and count >= 0
    }


def _is_number(value: object) -> TypeGuard[float]:
    """One that a span can hold: whole ones have 64 bits there."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, float) or -_LARGEST <= value < _LARGEST


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAI's message as OpenTelemetry's: a role, and parts."""
    role, content = str(message.get("role") or "assistant"), message.get("content")
    if role == "tool":
        response = content if isinstance(content, str) else to_json(content)
        part = {"type": "tool_call_response", "id": message.get("tool_call_id"), "response": response}
        return {"role": role, "parts": [part]}
    parts: list[dict[str, Any]] = []
    for piece in content if isinstance(content, list) else [content]:
        parts += _parts(piece)
    if isinstance(refusal := message.get("refusal"), str):
        parts.append({"type": "text", "content": refusal})
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        if isinstance(call, dict) and isinstance(function := call.get("function"), dict):
            given = {"name": function.get("name"), "arguments": _parsed(function.get("arguments"))}
            parts.append({"type": "tool_call", "id": call.get("id"), **given})
    return {"role": role, "parts": parts}


def _parts(piece: object) -> list[dict[str, Any]]:
    if isinstance(piece, str):
        return [{"type": "text", "content": piece}] if piece else []
    if not isinstance(piece, dict):
        return []
    if isinstance(text := piece.get("text"), str):
        return [{"type": "text", "content": text}]
    # An image or a sound: its kind is told, its bytes are not.
    return [{"type": str(piece.get("type") or "unknown")}]


def _said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _parsed(arguments: object) -> object:
    if not isinstance(arguments, str):
        return arguments
    try:
        return json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments


class Assembled:
    """A streamed answer, put together again chunk by chunk, up to a limit."""

    MAX_CHARS: Final = 200_000

    def __init__(self) -> None:
        self.facts: dict[str, AttributeValue] = {}
        self._choices: dict[int, dict[str, Any]] = {}
        self._chars = 0

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Take what a chunk adds."""
        if not self.facts:
            self.facts = facts_of(chunk)
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else []:
            if not isinstance(choice, dict):
                continue
            index = choice.get("index")
            whole = self._choices.setdefault(
                index if isinstance(index, int) else 0, {"texts": [], "calls": {}}
            )
            if choice.get("finish_reason"):
                whole["finish_reason"] = choice["finish_reason"]
            delta = choice.get("delta")
            text = delta.get("content") if isinstance(delta, dict) else choice.get("text")
            if isinstance(text, str) and self._chars < self.MAX_CHARS:
                self._chars += len(text)
                whole["texts"].append(text)
            if isinstance(delta, dict):
                self._add_calls(whole["calls"], delta.get("tool_calls"))

    def body(self) -> dict[str, Any]:
        """The answer as it would have come whole."""
        choices = []
        for _, whole in sorted(self._choices.items())[:_MAX_CHOICES]:
            calls = [
                {"id": one["id"], "function": {"name": one["name"], "arguments": "".join(one["arguments"])}}
                for _, one in sorted(whole["calls"].items())
            ]
            message = {"role": "assistant", "content": "".join(whole["texts"]), "tool_calls": calls}
            choices.append({"message": message, "finish_reason": whole.get("finish_reason")})
        return {"choices": choices}

    def _add_calls(self, calls: dict[int, dict[str, Any]], given: object) -> None:
        for call in given if isinstance(given, list) else []:
            if not isinstance(call, dict) or len(calls) > _MAX_CHOICES:
                continue
            index, function = call.get("index"), call.get("function")
            one = calls.setdefault(
                index if isinstance(index, int) else 0, {"id": None, "name": None, "arguments": []}
            )
            one["id"] = call.get("id") or one["id"]
            if isinstance(function, dict):
                one["name"] = function.get("name") or one["name"]
                arguments = function.get("arguments")
                if isinstance(arguments, str) and self._chars < self.MAX_CHARS:
                    self._chars += len(arguments)
                    one["arguments"].append(arguments)

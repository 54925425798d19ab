"""Anthropic's messages and the events of their streams, as OpenAI's chat completions and chunks."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spanfold_query_api.gateway.protocol import Kind

_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def answer(message: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """A message that is complete."""
    blocks = [one for one in message["content"] if isinstance(one, dict)]
    text = "".join(one.get("text") or "" for one in blocks if one.get("type") == "text")
    reason = _reason(message.get("stop_reason"))
    whole = {**_head(message, kind, is_chunk=False), "usage": usage(message.get("usage") or {})}
    if kind == "completions":
        return {**whole, "choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": reason}]}
    calls = [
        _tool_call(one, json.dumps(one.get("input") or {})) for one in blocks if one.get("type") == "tool_use"
    ]
    content: dict[str, Any] = {"role": "assistant", "content": text if text or not calls else None}
    content["refusal"] = None
    if calls:
        content["tool_calls"] = calls
    choice = {"index": 0, "message": content, "logprobs": None, "finish_reason": reason}
    return {**whole, "choices": [choice]}


def usage(counts: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAI counts what was read from the cache and written to it among the input, Anthropic beside it.

    Example:
        >>> usage({"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 2})["prompt_tokens"]
        15
    """
    cached = counts.get("cache_read_input_tokens") or 0
    written = counts.get("cache_creation_input_tokens") or 0
    prompt = (counts.get("input_tokens") or 0) + cached + written
    output = counts.get("output_tokens") or 0
    return {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
    }


class Chunks:
    """Turns the events of one stream into chunks, in order."""

    def __init__(self, kind: Kind) -> None:
        self._kind: Final = kind
        self._head: dict[str, Any] = _head({}, kind, is_chunk=True)
        self._counts: dict[str, Any] = {}
        self._tools: dict[int, int] = {}
        """Block of a tool call: its number among the calls."""
        self.is_complete = False
        """Whether the provider said that this was all."""

    def of(self, event: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The chunks that an event makes: none or one."""
        kind = event.get("type")
        if kind == "message_start":
            message = event.get("message") or {}
            self._head = _head(message, self._kind, is_chunk=True)
            self._counts.update(message.get("usage") or {})
            return [self._chunk({"role": "assistant", "content": ""}, "")]
        if kind == "content_block_start":
            return list(self._begin(event.get("index", 0), event.get("content_block") or {}))
        if kind == "content_block_delta":
            return list(self._more(event.get("index", 0), event.get("delta") or {}))
        if kind == "message_delta":
            self._counts.update(event.get("usage") or {})
            return [self._chunk({}, "", _reason((event.get("delta") or {}).get("stop_reason")))]
        if kind == "message_stop":
            self.is_complete = True
            return [{**self._head, "choices": [], "usage": usage(self._counts)}]
        return []

    def _begin(self, block: int, content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        if content.get("type") == "tool_use":
            number = self._tools.setdefault(block, len(self._tools))
            yield self._chunk({"tool_calls": [{"index": number, **_tool_call(content, "")}]}, "")
        elif content.get("text"):
            yield self._chunk({"content": content["text"]}, content["text"])

    def _more(self, block: int, delta: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        if delta.get("type") == "text_delta":
            text = delta.get("text") or ""
            yield self._chunk({"content": text}, text)
        elif delta.get("type") == "input_json_delta" and block in self._tools:
            function = {"arguments": delta.get("partial_json") or ""}
            yield self._chunk({"tool_calls": [{"index": self._tools[block], "function": function}]}, "")

    def _chunk(self, delta: Mapping[str, Any], text: str, reason: str | None = None) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": 0, "logprobs": None, "finish_reason": reason}
        choice |= {"text": text} if self._kind == "completions" else {"delta": dict(delta)}
        return {**self._head, "choices": [choice]}


def _head(message: Mapping[str, Any], kind: Kind, *, is_chunk: bool) -> dict[str, Any]:
    chat = "chat.completion.chunk" if is_chunk else "chat.completion"
    return {
        "id": str(message.get("id") or ""),
        "object": "text_completion" if kind == "completions" else chat,
        "created": int(time.time()),
        "model": str(message.get("model") or ""),
    }


def _tool_call(block: Mapping[str, Any], arguments: str) -> dict[str, Any]:
    function = {"name": block.get("name"), "arguments": arguments}
    return {"id": block.get("id"), "type": "function", "function": function}


def _reason(stop_reason: Any) -> str:
    return _REASONS.get(str(stop_reason), "stop")

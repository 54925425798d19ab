"""Anthropic's wire protocol: messages, whole and as server-sent events, and counting tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tests.providers import script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.script import Reply

MESSAGE_ID: Final = "msg_0123456789"


def prompt_of(messages: list[dict[str, Any]]) -> str:
    """The last user message's text."""
    for message in reversed(messages):
        if message["role"] == "user":
            content = message["content"]
            return content if isinstance(content, str) else "".join(p.get("text", "") for p in content)
    return ""


def reply_of(request: dict[str, Any]) -> Reply:
    """The answer to a messages request."""
    tools = [{"name": tool["name"], "schema": tool["input_schema"]} for tool in request.get("tools", [])]
    blocks = [
        block
        for message in request["messages"]
        if isinstance(message["content"], list)
        for block in message["content"]
    ]
    has_result = any(block.get("type") == "tool_result" for block in blocks)
    schema = request.get("output_config", {}).get("format", {}).get("schema")
    told = any(message["role"] == "assistant" for message in request["messages"])
    asked = "\n".join(str(one["content"]) for one in request["messages"] if one["role"] == "user")
    judged = script.judged(asked, schema, is_told=told)
    if judged is not None:
        return judged
    return script.reply_to(prompt_of(request["messages"]), tools, has_tool_result=has_result)


def usage(output_tokens: int) -> dict[str, Any]:
    """Tokens of a message: input excludes what was read from the cache or written to it."""
    return {
        "input_tokens": script.INPUT_TOKENS - script.CACHED_TOKENS - script.CACHE_WRITE_TOKENS,
        "cache_creation_input_tokens": script.CACHE_WRITE_TOKENS,
        "cache_read_input_tokens": script.CACHED_TOKENS,
        "output_tokens": output_tokens,
        "service_tier": "standard",
    }


def message(request: dict[str, Any]) -> dict[str, Any]:
    """A message that is complete."""
    reply = reply_of(request)
    reason = "tool_use" if reply.tool is not None else "end_turn"
    if reply.is_refused or reply.is_cut_off:
        reason = "refusal" if reply.is_refused else "max_tokens"
    return {
        **_head(request),
        "content": [_block(reply)],
        "stop_reason": reason,
        "usage": usage(script.OUTPUT_TOKENS),
    }


def events(request: dict[str, Any]) -> Iterator[str]:
    """The same as a stream: the output's tokens come with the last but one event."""
    reply = reply_of(request)
    yield _event("message_start", message={**_head(request), "content": [], "usage": usage(1)})
    block = _block(reply)
    if reply.tool is not None:
        yield _event("content_block_start", index=0, content_block={**block, "input": {}})
        arguments = json.dumps(reply.arguments)
        deltas = [{"type": "input_json_delta", "partial_json": p} for p in (arguments[:5], arguments[5:])]
    else:
        yield _event("content_block_start", index=0, content_block={**block, "text": ""})
        deltas = [{"type": "text_delta", "text": piece} for piece in script.pieces(reply.text)]
    yield _event("ping")
    for number, delta in enumerate(deltas):
        if reply.breaks_off and number == 2:
            raise ConnectionAbortedError
        yield _event("content_block_delta", index=0, delta=delta)
    yield _event("content_block_stop", index=0)
    end = {"stop_reason": "tool_use" if reply.tool is not None else "end_turn", "stop_sequence": None}
    yield _event("message_delta", delta=end, usage=usage(script.OUTPUT_TOKENS))
    yield _event("message_stop")


def count_tokens(_: dict[str, Any]) -> dict[str, Any]:
    """How many tokens a request would have."""
    return {"input_tokens": script.INPUT_TOKENS}


def error(status: int, parameter: str | None = None) -> dict[str, Any]:
    """A refusal in Anthropic's words."""
    kinds = {
        400: "invalid_request_error",
        401: "authentication_error",
        429: "rate_limit_error",
        529: "overloaded_error",
    }
    message = f"The provider refused the request with {status}."
    if parameter is not None:
        message = f"{parameter}: this model does not support it."
    detail = {"type": kinds.get(status, "api_error"), "message": message}
    return {"type": "error", "error": detail, "request_id": "req_0123456789"}


def _head(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": MESSAGE_ID,
        "type": "message",
        "role": "assistant",
        "model": request["model"] + script.MODEL_SUFFIX,
        "stop_reason": None,
        "stop_sequence": None,
    }


def _block(reply: Reply) -> dict[str, Any]:
    if reply.tool is not None:
        return {"type": "tool_use", "id": "toolu_0123456789", "name": reply.tool, "input": reply.arguments}
    return {"type": "text", "text": reply.text}


def _event(kind: str, **fields: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"

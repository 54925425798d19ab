"""OpenAI's wire protocol: chat completions and embeddings, whole and as server-sent events."""

from __future__ import annotations

import base64
import json
import struct
from typing import TYPE_CHECKING, Any, Final

from tests.providers import script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.script import Reply

CREATED_S: Final = 1_768_435_200
DIMENSIONS: Final = 8
CHAT_ID: Final = "chatcmpl-0123456789"


def prompt_of(messages: list[dict[str, Any]]) -> str:
    """The last user message's text."""
    for message in reversed(messages):
        if message.get("role") == "user":
            content = message.get("content", "")
            return content if isinstance(content, str) else "".join(p.get("text", "") for p in content)
    return ""


def tools_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The functions that the request offers."""
    functions = [tool["function"] for tool in request.get("tools", []) if tool.get("type") == "function"]
    return [{"name": one["name"], "schema": one.get("parameters", {})} for one in functions]


def reply_of(request: dict[str, Any]) -> Reply:
    """The answer to a chat completion request."""
    messages = request["messages"]
    schema = request.get("response_format", {}).get("json_schema", {}).get("schema")
    told = any(message.get("role") == "assistant" for message in messages)
    asked = "\n".join(str(one.get("content")) for one in messages if one.get("role") == "user")
    judged = script.judged(asked, schema, is_told=told)
    if judged is not None:
        return judged
    has_result = any(message.get("role") == "tool" for message in messages)
    return script.reply_to(prompt_of(messages), tools_of(request), has_tool_result=has_result)


def usage() -> dict[str, Any]:
    """Tokens of a chat completion: cached ones are among the prompt's, reasoning among the completion's."""
    return {
        "prompt_tokens": script.INPUT_TOKENS,
        "completion_tokens": script.OUTPUT_TOKENS,
        "total_tokens": script.INPUT_TOKENS + script.OUTPUT_TOKENS,
        "prompt_tokens_details": {"cached_tokens": script.CACHED_TOKENS, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": script.REASONING_TOKENS,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def chat(request: dict[str, Any]) -> dict[str, Any]:
    """A chat completion."""
    choices = [_choice(index, reply_of(request)) for index in range(request.get("n") or 1)]
    return {**_head(request, "chat.completion"), "choices": choices, "usage": usage()}


def chat_events(request: dict[str, Any]) -> Iterator[str]:
    """The same as a stream; usage only where the request asks for it, as the provider does."""
    head = _head(request, "chat.completion.chunk")
    reply = reply_of(request)

    def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> str:
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]
        return _event({**head, "choices": choices, **more})

    if reply.tool is not None:
        arguments = json.dumps(reply.arguments)
        call = {"index": 0, "id": script.TOOL_CALL_ID, "type": "function"}
        first = {**call, "function": {"name": reply.tool, "arguments": ""}}
        yield chunk({"role": "assistant", "content": None, "tool_calls": [first]})
        for part in (arguments[:5], arguments[5:]):
            yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": part}}]})
        yield chunk({}, "tool_calls")
    else:
        yield chunk({"role": "assistant", "content": ""})
        for number, piece in enumerate(script.pieces(reply.text)):
            if reply.breaks_off and number == 2:
                raise ConnectionAbortedError
            yield chunk({"content": piece})
        if reply.ends_early:
            return
        yield chunk({}, "stop")
    if (request.get("stream_options") or {}).get("include_usage"):
        yield _event({**head, "choices": [], "usage": usage()})
    yield "data: [DONE]\n\n"


def embeddings(request: dict[str, Any]) -> dict[str, Any]:
    """Vectors, as base64 where the client asks for it (it does unless told otherwise)."""
    inputs = request["input"] if isinstance(request["input"], list) else [request["input"]]
    size = request.get("dimensions") or DIMENSIONS
    vector = [1.0 / (index + 1) for index in range(size)]
    as_bytes = base64.b64encode(struct.pack(f"<{size}f", *vector)).decode()
    value = as_bytes if request.get("encoding_format") == "base64" else vector
    return {
        "object": "list",
        "model": request["model"],
        "data": [{"object": "embedding", "index": n, "embedding": value} for n in range(len(inputs))],
        "usage": {"prompt_tokens": script.INPUT_TOKENS, "total_tokens": script.INPUT_TOKENS},
    }


def error(status: int, parameter: str | None = None) -> dict[str, Any]:
    """A refusal in OpenAI's words."""
    kinds = {400: "invalid_request_error", 401: "invalid_request_error", 429: "rate_limit_error"}
    codes = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
    message = f"The provider refused the request with {status}."
    if parameter is not None:
        message = f"Unsupported value: '{parameter}' is not supported with this model."
    detail = {"message": message, "type": kinds.get(status, "server_error"), "param": parameter}
    return {"error": {**detail, "code": codes.get(status)}}


def _head(request: dict[str, Any], kind: str) -> dict[str, Any]:
    return {
        "id": CHAT_ID,
        "object": kind,
        "created": CREATED_S,
        "model": request["model"] + script.MODEL_SUFFIX,
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }


def _choice(index: int, reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text, "refusal": None}
    reason = "length" if reply.is_cut_off else "stop"
    if reply.is_refused:
        message = {**message, "content": None, "refusal": reply.text}
    if reply.tool is not None:
        function = {"name": reply.tool, "arguments": json.dumps(reply.arguments)}
        calls = [{"id": script.TOOL_CALL_ID, "type": "function", "function": function}]
        message, reason = {**message, "content": None, "tool_calls": calls}, "tool_calls"
    return {"index": index, "message": message, "logprobs": None, "finish_reason": reason}


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value)}\n\n"

"""OpenAI's wire protocol: the responses API, whole and as server-sent events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tests.providers import script
from tests.providers.openai_wire import CREATED_S, prompt_of

if TYPE_CHECKING:
    from collections.abc import Iterator

RESPONSE_ID: Final = "resp_0123456789"


def messages_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The input as a list of items."""
    given = request.get("input", "")
    return [{"role": "user", "content": given}] if isinstance(given, str) else given


def response(request: dict[str, Any]) -> dict[str, Any]:
    """A response that is complete, or failed."""
    usage = {
        "input_tokens": script.INPUT_TOKENS,
        "input_tokens_details": {"cached_tokens": script.CACHED_TOKENS},
        "output_tokens": script.OUTPUT_TOKENS,
        "output_tokens_details": {"reasoning_tokens": script.REASONING_TOKENS},
        "total_tokens": script.INPUT_TOKENS + script.OUTPUT_TOKENS,
    }
    if script.reply_to(prompt_of(messages_of(request)), [], has_tool_result=False).has_failed:
        error = {"code": "server_error", "message": "The provider lost the thread."}
        return {**_head(request), "status": "failed", "error": error, "output": [], "usage": None}
    return {**_head(request), "status": "completed", "output": [_item(request)], "usage": usage}


def events(request: dict[str, Any]) -> Iterator[str]:
    """The same as a stream of typed events."""
    whole = response(request)
    begun = {**_head(request), "status": "in_progress", "output": [], "usage": None}
    ends_early = script.reply_to(prompt_of(messages_of(request)), [], has_tool_result=False).ends_early
    number = 0

    def event(kind: str, **fields: Any) -> str:
        nonlocal number
        value = {"type": kind, "sequence_number": number, **fields}
        number += 1
        return f"event: {kind}\ndata: {json.dumps(value)}\n\n"

    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    if whole["status"] == "failed":
        yield event("response.failed", response=whole)
        return
    (item,) = whole["output"]
    place: dict[str, Any] = {"output_index": 0, "item_id": item["id"]}
    if item["type"] == "function_call":
        yield event("response.output_item.added", output_index=0, item={**item, "arguments": ""})
        yield event("response.function_call_arguments.delta", **place, delta=item["arguments"])
        yield event("response.function_call_arguments.done", **place, arguments=item["arguments"])
    else:
        (part,) = item["content"]
        place["content_index"] = 0
        yield event("response.output_item.added", output_index=0, item={**item, "content": []})
        yield event("response.content_part.added", **place, part={**part, "text": ""})
        for piece in script.pieces(part["text"]):
            yield event("response.output_text.delta", **place, delta=piece, logprobs=[])
        yield event("response.output_text.done", **place, text=part["text"], logprobs=[])
        yield event("response.content_part.done", **place, part=part)
    if ends_early:
        return
    yield event("response.output_item.done", output_index=0, item=item)
    yield event("response.completed", response=whole)


def _item(request: dict[str, Any]) -> dict[str, Any]:
    messages = messages_of(request)
    tools = [
        {"name": tool["name"], "schema": tool.get("parameters", {})}
        for tool in request.get("tools", [])
        if tool.get("type") == "function"
    ]
    has_result = any(message.get("type") == "function_call_output" for message in messages)
    reply = script.reply_to(prompt_of(messages), tools, has_tool_result=has_result)
    if reply.tool is not None:
        call = {"type": "function_call", "id": "fc_0123456789", "call_id": script.TOOL_CALL_ID}
        return {**call, "name": reply.tool, "arguments": json.dumps(reply.arguments), "status": "completed"}
    content = [{"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}]
    head = {"type": "message", "id": "msg_0123456789", "role": "assistant", "status": "completed"}
    return {**head, "content": content}


def _head(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": RESPONSE_ID,
        "object": "response",
        "created_at": CREATED_S,
        "model": request["model"] + script.MODEL_SUFFIX,
        "instructions": request.get("instructions"),
        "error": None,
        "incomplete_details": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": request.get("temperature", 1.0),
        "tool_choice": request.get("tool_choice", "auto"),
        "tools": request.get("tools", []),
        "top_p": 1.0,
        "text": {"format": {"type": "text"}},
        "reasoning": {"effort": None, "summary": None},
    }

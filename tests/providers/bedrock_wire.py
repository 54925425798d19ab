"""Amazon Bedrock's wire protocol: Converse, and ConverseStream in Amazon's binary framing of events."""

from __future__ import annotations

import json
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

from tests.providers import script

if TYPE_CHECKING:
    from collections.abc import Iterator

_STRING: Final = 7
"""How the framing marks a header's value as text."""


def text_of(message: dict[str, Any]) -> str:
    """All texts of a message."""
    return "".join(block.get("text", "") for block in message["content"])


def prompt_of(body: dict[str, Any]) -> str:
    """The last user message's text."""
    users = [one for one in body["messages"] if one["role"] == "user"]
    return text_of(users[-1]) if users else ""


def reply_of(body: dict[str, Any]) -> script.Reply:
    """The answer to a request."""
    tools = [
        {"name": tool["toolSpec"]["name"], "schema": tool["toolSpec"]["inputSchema"]["json"]}
        for tool in body.get("toolConfig", {}).get("tools", [])
    ]
    has_result = any("toolResult" in block for one in body["messages"] for block in one["content"])
    return script.reply_to(prompt_of(body), tools, has_tool_result=has_result)


def usage() -> dict[str, Any]:
    """Tokens: input excludes what was read from the cache or written to it."""
    return {
        "inputTokens": script.INPUT_TOKENS - script.CACHED_TOKENS - script.CACHE_WRITE_TOKENS,
        "outputTokens": script.OUTPUT_TOKENS,
        "totalTokens": script.INPUT_TOKENS + script.OUTPUT_TOKENS,
        "cacheReadInputTokens": script.CACHED_TOKENS,
        "cacheWriteInputTokens": script.CACHE_WRITE_TOKENS,
    }


def conversed(body: dict[str, Any]) -> dict[str, Any]:
    """An answer that is complete."""
    reply = reply_of(body)
    block: dict[str, Any] = {"text": reply.text}
    if reply.tool is not None:
        block = {"toolUse": {"toolUseId": script.TOOL_CALL_ID, "name": reply.tool, "input": reply.arguments}}
    return {
        "output": {"message": {"role": "assistant", "content": [block]}},
        "stopReason": "end_turn" if reply.tool is None else "tool_use",
        "usage": usage(),
        "metrics": {"latencyMs": 12},
    }


def events(body: dict[str, Any]) -> Iterator[bytes]:
    """The same as a stream of framed events."""
    reply = reply_of(body)
    yield frame("messageStart", {"role": "assistant"})
    for number, piece in enumerate(script.pieces(reply.text)):
        if reply.breaks_off and number == 2:
            raise ConnectionAbortedError
        yield frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": piece}})
    yield frame("contentBlockStop", {"contentBlockIndex": 0})
    yield frame("messageStop", {"stopReason": "end_turn"})
    yield frame("metadata", {"usage": usage(), "metrics": {"latencyMs": 12}})


def frame(kind: str, payload: dict[str, Any]) -> bytes:
    """One event: lengths, their checksum, headers, JSON, and a checksum of it all."""
    data = json.dumps(payload).encode()
    headers = b"".join(
        struct.pack("!B", len(name)) + name + struct.pack("!BH", _STRING, len(value)) + value
        for name, value in (
            (b":event-type", kind.encode()),
            (b":content-type", b"application/json"),
            (b":message-type", b"event"),
        )
    )
    head = struct.pack("!II", 16 + len(headers) + len(data), len(headers))
    whole = head + struct.pack("!I", zlib.crc32(head)) + headers + data
    return whole + struct.pack("!I", zlib.crc32(whole))


def error(status: int) -> dict[str, Any]:
    """A refusal in Amazon's words."""
    return {"message": f"The provider refused the request with {status}."}


def error_kind(status: int) -> str:
    """The name of a refusal, which Amazon puts into a header."""
    kinds = {400: "ValidationException", 403: "AccessDeniedException", 429: "ThrottlingException"}
    return kinds.get(status, "InternalServerException")

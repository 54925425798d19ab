"""Google's wire protocol: generateContent, whole and as server-sent events, and batchEmbedContents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tests.providers import script

if TYPE_CHECKING:
    from collections.abc import Iterator

DIMENSIONS: Final = 8
RESPONSE_ID: Final = "resp-0123456789"


def text_of(content: dict[str, Any]) -> str:
    """All texts of a content."""
    return "".join(part.get("text", "") for part in content.get("parts", []))


def prompt_of(body: dict[str, Any]) -> str:
    """The last user message's text; of embeddings, the first text."""
    if "requests" in body:
        return text_of(body["requests"][0]["content"])
    users = [one for one in body.get("contents", []) if one.get("role", "user") == "user"]
    return text_of(users[-1]) if users else ""


def reply_of(body: dict[str, Any]) -> script.Reply:
    """The answer to a request."""
    tools = [
        {"name": one["name"], "schema": lower(one.get("parameters") or one.get("parametersJsonSchema") or {})}
        for tool in body.get("tools", [])
        for one in tool.get("functionDeclarations", [])
    ]
    has_result = any(
        "functionResponse" in part for one in body.get("contents", []) for part in one.get("parts", [])
    )
    return script.reply_to(prompt_of(body), tools, has_tool_result=has_result)


def lower(schema: Any) -> Any:
    """A schema with JSON schema's names of types; Google's are in capitals."""
    if isinstance(schema, dict):
        return {
            name: part.lower() if name == "type" and isinstance(part, str) else lower(part)
            for name, part in schema.items()
        }
    return schema


def usage() -> dict[str, Any]:
    """Tokens: cached ones are among the prompt's, thoughts are not among the candidates'."""
    answered = script.OUTPUT_TOKENS - script.REASONING_TOKENS
    return {
        "promptTokenCount": script.INPUT_TOKENS,
        "cachedContentTokenCount": script.CACHED_TOKENS,
        "candidatesTokenCount": answered,
        "thoughtsTokenCount": script.REASONING_TOKENS,
        "totalTokenCount": script.INPUT_TOKENS + script.OUTPUT_TOKENS,
    }


def generated(body: dict[str, Any], model: str) -> dict[str, Any]:
    """An answer that is complete."""
    if prompt_of(body).startswith("blocked"):
        feedback = {"blockReason": "PROHIBITED_CONTENT"}
        return {"promptFeedback": feedback, "usageMetadata": usage(), "modelVersion": model}
    reply = reply_of(body)
    if reply.tool is not None:
        part: dict[str, Any] = {"functionCall": {"name": reply.tool, "args": reply.arguments}}
    else:
        part = {"text": reply.text}
    return _chunk(part, model, "STOP", usage())


def events(body: dict[str, Any], model: str) -> Iterator[str]:
    """The same as a stream: the last chunk tells the usage."""
    reply = reply_of(body)
    pieces = script.pieces(reply.text)
    for number, piece in enumerate(pieces):
        if reply.breaks_off and number == 2:
            raise ConnectionAbortedError
        is_last = number == len(pieces) - 1
        chunk = _chunk({"text": piece}, model, "STOP" if is_last else None, usage() if is_last else None)
        yield f"data: {json.dumps(chunk)}\r\n\r\n"


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """A vector a text."""
    size = body["requests"][0].get("outputDimensionality") or DIMENSIONS
    return {"embeddings": [{"values": [1.0 / (at + 1) for at in range(size)]} for _ in body["requests"]]}


def error(status: int) -> dict[str, Any]:
    """A refusal in Google's words."""
    kinds = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
    message = f"The provider refused the request with {status}."
    return {"error": {"code": status, "message": message, "status": kinds.get(status, "INTERNAL")}}


def _chunk(
    part: dict[str, Any], model: str, finish: str | None, used: dict[str, Any] | None
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [part]}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    head = {"candidates": [candidate], "modelVersion": model + script.MODEL_SUFFIX, "responseId": RESPONSE_ID}
    return head if used is None else {**head, "usageMetadata": used}

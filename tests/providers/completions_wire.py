"""OpenAI's wire protocol: the completions API of before chats, whole and as server-sent events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tests.providers import openai_wire, script

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPLETION_ID: Final = "cmpl-0123456789"


def prompt_of(body: dict[str, Any]) -> str:
    """The prompt, or the first of several."""
    prompt = body["prompt"]
    return prompt if isinstance(prompt, str) else str(prompt[0])


def completion(body: dict[str, Any]) -> dict[str, Any]:
    """A completion that is complete: a choice for each prompt."""
    prompts = [body["prompt"]] if isinstance(body["prompt"], str) else body["prompt"]
    replies = [script.reply_to(prompt, [], has_tool_result=False) for prompt in prompts]
    choices = [_choice(reply.text, "stop", index) for index, reply in enumerate(replies)]
    return {**_head(body), "choices": choices, "usage": openai_wire.usage()}


def events(body: dict[str, Any]) -> Iterator[str]:
    """The same as a stream; usage only where the request asks for it."""
    reply = script.reply_to(prompt_of(body), [], has_tool_result=False)
    for number, piece in enumerate(script.pieces(reply.text)):
        if reply.breaks_off and number == 2:
            raise ConnectionAbortedError
        yield _event({**_head(body), "choices": [_choice(piece, None, 0)]})
    yield _event({**_head(body), "choices": [_choice("", "stop", 0)]})
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _event({**_head(body), "choices": [], "usage": openai_wire.usage()})
    yield "data: [DONE]\n\n"


def _head(body: dict[str, Any]) -> dict[str, Any]:
    model = body["model"] + script.MODEL_SUFFIX
    return {
        "id": COMPLETION_ID,
        "object": "text_completion",
        "created": openai_wire.CREATED_S,
        "model": model,
    }


def _choice(text: str, reason: str | None, index: int) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": reason}


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value)}\n\n"

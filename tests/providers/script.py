"""What the provider answers: decided by the request alone, so that a child process can ask for anything.

The last user message may begin with a word that asks for more than a plain answer:

- ``fail:429`` answers with this status, always; ``fail:429:2`` to the first two requests of the same body.
- ``long`` answers with two hundred words, so that a stream can be left early.
- ``cut`` breaks the connection off in the middle of a stream.

With tools in the request, and no tool's result among the messages, the answer calls the first tool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

ANSWER: Final = "Paris is the capital of France."
LONG_ANSWER: Final = " ".join(f"word{number}" for number in range(200))
TOOL_CALL_ID: Final = "call_0123456789"
MODEL_SUFFIX: Final = "-2026-01-15"
"""Providers answer with the dated name of the model that was asked for by its alias."""

# Token counts. Each provider's usage says the same in its own words.
INPUT_TOKENS: Final = 120
CACHED_TOKENS: Final = 64
CACHE_WRITE_TOKENS: Final = 16
OUTPUT_TOKENS: Final = 45
REASONING_TOKENS: Final = 20


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer, in no provider's terms."""

    text: str
    tool: str | None = None
    arguments: dict[str, Any] | None = None
    breaks_off: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """A refusal instead of an answer."""

    status: int
    times: int | None
    """To how many requests of the same body; None for all."""


def failure_of(prompt: str) -> Failure | None:
    """The failure that the prompt asks for."""
    kind, *numbers = prompt.split(" ", maxsplit=1)[0].split(":")
    if kind != "fail":
        return None
    return Failure(int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else None)


def reply_to(prompt: str, tools: list[dict[str, Any]], *, has_tool_result: bool) -> Reply:
    """The answer that the request asks for.

    Args:
        prompt: the last user message.
        tools: name and JSON schema of the arguments, as ``{"name": ..., "schema": ...}``.
        has_tool_result: whether a tool's result is among the messages.
    """
    if tools and not has_tool_result:
        return Reply("", tools[0]["name"], example_of(tools[0]["schema"]))
    word = prompt.split(" ", maxsplit=1)[0]
    return Reply(LONG_ANSWER if word == "long" else ANSWER, breaks_off=word == "cut")


def example_of(schema: dict[str, Any]) -> Any:
    """A value that fits a JSON schema of objects, arrays and plain types."""
    examples: dict[str, Any] = {"string": "Paris", "integer": 7, "number": 1.5, "boolean": True, "null": None}
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    if kind == "object":
        return {name: example_of(part) for name, part in schema.get("properties", {}).items()}
    return [example_of(schema.get("items", {}))] if kind == "array" else examples[kind]


def pieces(text: str) -> list[str]:
    """The text as a provider streams it: word by word."""
    return [word if index == 0 else " " + word for index, word in enumerate(text.split(" "))]

"""What the provider answers: decided by the request alone, so that a child process can ask for anything.

The last user message may begin with a word that asks for more than a plain answer:

- ``fail:429`` answers with this status, always; ``fail:429:2`` to the first two requests of the same body.
- ``long`` answers with two hundred words, so that a stream can be left early.
- ``cut`` breaks the connection off in the middle of a stream.
- ``short`` ends a stream in order, but without its last events; ``failed`` is a response that says so.

To judges, whose questions begin with words of their own, a mark anywhere in the last user message says more:

- ``[judge:score:3]`` gives this score; ``[judge:outside]`` one that there is not.
- ``[judge:fail:429:2:0.1]`` fails likewise, and asks to be left alone for so many seconds.
- ``[judge:garbage]`` is no JSON; ``[judge:garbage_once:2]`` neither, until it is told so: then it scores.
- ``[judge:refuse]`` refuses, ``[judge:cut_off]`` stops in the middle.
- ``[judge:no_schema]`` and ``[judge:no_temperature]`` refuse requests that have such a thing.
- ``[judge:hang]`` never answers, ``[judge:drop]`` just closes, ``[judge:broken]`` answers with a web page.

With tools in the request, and no tool's result among the messages, the answer calls the first tool.
"""

from __future__ import annotations

import json
import re
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
    ends_early: bool = False
    has_failed: bool = False
    is_refused: bool = False
    is_cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """A refusal instead of an answer."""

    status: int
    times: int | None
    """To how many requests of the same body; None for all."""
    retry_after_s: float | None = None
    parameter: str | None = None
    """What the provider says it dislikes."""


_MARK: Final = re.compile(r"\[judge:(?P<kind>[a-z_]+)(?P<rest>(?::[0-9.]+)*)\]")
GARBAGE: Final = "I would rather not say it in JSON."
REFUSAL: Final = "I cannot help with that."
JUSTIFICATION: Final = "Because the criterion says so."


def mark_in(prompt: str) -> tuple[str, list[str]]:
    """What a mark for judges asks for, and its numbers; empty where there is none."""
    found = _MARK.search(prompt)
    return (found["kind"], found["rest"].split(":")[1:]) if found else ("", [])


def judged(prompt: str, schema: dict[str, Any] | None, *, is_told: bool) -> Reply | None:
    """A judge's reply, if the request is one of a judge.

    Args:
        prompt: the last user message, or the first one where that says what was wrong with a reply.
        schema: of the reply.
        is_told: whether an unusable reply is among the messages.
    """
    kind, numbers = mark_in(prompt)
    if kind == "garbage" or (kind == "garbage_once" and not is_told):
        return Reply(GARBAGE)
    if kind == "refuse":
        return Reply(REFUSAL, is_refused=True)
    if kind == "cut_off":
        return Reply('{"justification": "It is', is_cut_off=True)
    if kind in {"score", "garbage_once"}:
        number = float(numbers[0])
        score = int(number) if number.is_integer() else number
        return Reply(json.dumps({"justification": JUSTIFICATION, "score": score}))
    if kind == "outside":
        return Reply(json.dumps({"justification": JUSTIFICATION, "score": 99}))
    if schema is not None:
        return Reply(json.dumps(example_of(schema)))
    return Reply(json.dumps({"justification": JUSTIFICATION, "score": 1})) if kind else None


def failure_of(prompt: str, body: dict[str, Any] | None = None) -> Failure | None:
    """The failure that the prompt asks for."""
    mark, given = mark_in(prompt)
    body = body or {}
    if mark == "fail":
        times = int(given[1]) if len(given) > 1 else None
        return Failure(int(given[0]), times, float(given[2]) if len(given) > 2 else None)
    if mark == "no_schema":
        names = [name for name in ("response_format", "output_config") if name in body]
        return Failure(400, None, parameter=names[0]) if names else None
    if mark == "no_temperature" and "temperature" in body:
        return Failure(400, None, parameter="temperature")
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
    return Reply(
        LONG_ANSWER if word == "long" else ANSWER,
        breaks_off=word == "cut",
        ends_early=word == "short",
        has_failed=word == "failed",
    )


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

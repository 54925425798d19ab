"""A request in OpenAI's words, in those of Anthropic's messages API."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api.gateway.protocol import GatewayError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spanfold_query_api.gateway.protocol import Call

DEFAULT_MAX_TOKENS: Final = 4_096
"""Of an answer: that provider wants to be told, OpenAI's does not."""
_SYSTEM: Final = ("system", "developer")
_SAME: Final = ("top_p", "top_k", "thinking", "service_tier")
"""Entries that need no translation; `top_k` and `thinking` are Anthropic's own."""
_OF_NO_EFFECT: Final = frozenset(
    {
        "metadata",
        "model",
        "prompt_cache_key",
        "safety_identifier",
        "seed",
        "store",
        "stream",
        "stream_options",
    }
)
"""Entries that change nothing that an answer promises."""
_TRANSLATED: Final = frozenset(
    {
        *("messages", "prompt", "max_tokens", "max_completion_tokens", "temperature", "stop", "tools"),
        *("tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort", "user"),
    }
)
_NEUTRAL: Final[Mapping[str, tuple[Any, ...]]] = {
    "n": (1,),
    "best_of": (1,),
    "echo": (False,),
    "frequency_penalty": (0,),
    "logprobs": (False, 0),
    "presence_penalty": (0,),
    "modalities": (["text"],),
}
"""Entries that can be honoured with these values only."""
_DATA_URL: Final = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+);base64,(?P<data>.*)", re.DOTALL)
_EFFORTS: Final = {"minimal": "low"}


def request(call: Call, model: str) -> dict[str, Any]:
    """The body to send.

    Raises:
        GatewayError: the call asks for what this provider does not have.
    """
    body = call.body
    _check(body)
    if call.kind == "completions":
        messages = [{"role": "user", "content": _prompt(body.get("prompt"))}]
    else:
        messages = _messages_of(body)
    system = "\n\n".join(_text(one.get("content")) for one in messages if _is_system(one))
    made: dict[str, Any] = {
        "model": model,
        "max_tokens": body.get("max_completion_tokens") or body.get("max_tokens") or DEFAULT_MAX_TOKENS,
        "messages": _merged(_message(one) for one in messages if not _is_system(one)),
    }
    made |= {name: body[name] for name in _SAME if body.get(name) is not None}
    if system:
        made["system"] = system
    temperature = body.get("temperature")
    if temperature is not None:  # OpenAI's goes up to 2
        made["temperature"] = 1.0 if isinstance(temperature, int | float) and temperature > 1 else temperature
    if body.get("stop"):
        made["stop_sequences"] = [body["stop"]] if isinstance(body["stop"], str) else body["stop"]
    if body.get("user") is not None:
        made["metadata"] = {"user_id": str(body["user"])}
    return made | _tools(body) | _output(body)


def _check(body: Mapping[str, Any]) -> None:
    for name, value in body.items():
        if value is None or name in _TRANSLATED or name in _SAME or name in _OF_NO_EFFECT:
            continue
        if value not in _NEUTRAL.get(name, ()):
            raise _refused(name, f"Anthropic's models do not have {name}={value!r}"[:200])


def _messages_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(body.get("messages"), list):
        raise _refused("messages", "must be a list of objects with 'role' and 'content'")
    return _objects(body["messages"], "messages")


def _objects(values: Any, parameter: str) -> list[dict[str, Any]]:
    """A list of objects; empty where there is none."""
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
        raise _refused(parameter, "must be a list of objects")
    return values


def _function(holder: Mapping[str, Any], parameter: str) -> dict[str, Any]:
    function = holder.get("function")
    if not isinstance(function, dict):
        raise _refused(parameter, "each must have a 'function', which is an object")
    return function


def _prompt(prompt: Any) -> str:
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise _refused("prompt", "must be one text: Anthropic's models take one a call")
    return prompt


def _is_system(message: Mapping[str, Any]) -> bool:
    return message.get("role") in _SYSTEM


def _message(one: Mapping[str, Any]) -> dict[str, Any]:
    role, content = one.get("role"), one.get("content")
    if role == "tool":
        result = {"type": "tool_result", "tool_use_id": one.get("tool_call_id"), "content": _blocks(content)}
        return {"role": "user", "content": [result]}
    if role not in ("user", "assistant"):
        raise _refused("messages", f"no such role: {role!r}")
    blocks = _blocks(content)
    for tool_call in _objects(one.get("tool_calls"), "messages"):
        function = _function(tool_call, "messages")
        blocks.append(
            {
                "type": "tool_use",
                "id": tool_call.get("id"),
                "name": function.get("name"),
                "input": _arguments(function.get("arguments")),
            }
        )
    return {"role": role, "content": blocks}


def _merged(messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages of one role that follow one another become one: all results of tools belong together."""
    merged: list[dict[str, Any]] = []
    for one in messages:
        if not one["content"]:
            continue
        if merged and merged[-1]["role"] == one["role"]:
            merged[-1]["content"] += one["content"]
        else:
            merged.append(one)
    return merged


def _blocks(content: Any) -> list[dict[str, Any]]:
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise _refused("messages", "content must be a text or a list of parts")
    return [_block(part) for part in content]


def _block(part: Any) -> dict[str, Any]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind in ("text", "refusal"):
        return {"type": "text", "text": str(part.get(kind) or "")} | _cached(part)
    if kind == "image_url":
        url = part["image_url"]["url"] if isinstance(part.get("image_url"), dict) else part.get("image_url")
        found = _DATA_URL.fullmatch(str(url))
        source = {"type": "url", "url": url}
        if found is not None:
            source = {"type": "base64", "media_type": found["type"], "data": found["data"]}
        return {"type": "image", "source": source} | _cached(part)
    raise _refused("messages", f"Anthropic's models take no part of type {kind!r}")


def _cached(part: Mapping[str, Any]) -> dict[str, Any]:
    """The mark up to which the provider is to cache: Anthropic's own word, let through."""
    return {"cache_control": part["cache_control"]} if "cache_control" in part else {}


def _text(content: Any) -> str:
    return "".join(block.get("text", "") for block in _blocks(content))


def _arguments(text: Any) -> Any:
    try:
        value = json.loads(text or "{}")
    except (TypeError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise _refused("messages", "the arguments of a tool call must be a JSON object")
    return value


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    functions = [_function(tool, "tools") for tool in _objects(body.get("tools"), "tools")]
    if functions:
        made["tools"] = [
            {
                "name": one.get("name"),
                **({"description": one["description"]} if one.get("description") else {}),
                "input_schema": one.get("parameters") or {"type": "object", "properties": {}},
            }
            for one in functions
        ]
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        made["tool_choice"] = {"type": "tool", "name": _function(choice, "tool_choice").get("name")}
    elif choice is not None:
        kinds = {"auto": "auto", "none": "none", "required": "any"}
        if not isinstance(choice, str) or choice not in kinds:
            raise _refused("tool_choice", "must be auto, none, required, or name a function")
        made["tool_choice"] = {"type": kinds[choice]}
    if functions and body.get("parallel_tool_calls") is False:
        made.setdefault("tool_choice", {"type": "auto"})
        if made["tool_choice"]["type"] != "none":
            made["tool_choice"]["disable_parallel_tool_use"] = True
    return made


def _output(body: Mapping[str, Any]) -> dict[str, Any]:
    output: dict[str, Any] = {}
    wanted = body.get("response_format")
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_schema":
        given = (wanted or {}).get("json_schema")
        if not isinstance(given, dict) or not isinstance(given.get("schema"), dict):
            raise _refused("response_format", "json_schema must hold a schema, which is an object")
        output["format"] = {"type": "json_schema", "schema": given["schema"]}
    elif kind == "json_object":
        raise _refused("response_format", "Anthropic's models want a schema: use the type json_schema")
    effort = body.get("reasoning_effort")
    if effort is not None and effort != "none":
        output["effort"] = _EFFORTS.get(str(effort), effort)
    return {"output_config": output} if output else {}


def _refused(parameter: str, why: str) -> GatewayError:
    return GatewayError(400, "invalid_request_error", f"{parameter}: {why}", param=parameter)

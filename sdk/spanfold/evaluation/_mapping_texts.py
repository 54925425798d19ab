"""What people would call the question and the answer, in the shapes that they are recorded in."""

from __future__ import annotations

import json
from typing import Any, Final

from spanfold.evaluation._mapping_paths import opened

_MAX_DEPTH: Final = 5
QUESTION_KEYS: Final = (
    "question",
    "query",
    "input",
    "prompt",
    "message",
    "text",
    "content",
    "user_input",
    "q",
)
ANSWER_KEYS: Final = (
    *("answer", "output", "response", "result", "completion", "text", "content", "message"),
    *("output_text", "summary", "reply"),
)
_DOCUMENT_LISTS: Final = (
    *("documents", "results", "docs", "passages", "chunks", "hits", "matches", "nodes", "items", "data"),
    *("sources", "result", "output", "context"),
)
_DOCUMENT_TEXTS: Final = (
    "page_content",
    "text",
    "content",
    "document",
    "passage",
    "body",
    "chunk",
    "snippet",
)
_DOCUMENT_IDS: Final = ("id", "doc_id", "document_id", "doc_uri", "name", "source", "uri", "url", "title")
_NESTED: Final = ("document", "metadata", "node", "payload", "_source", "fields")


def question_of(recorded: str | None) -> str | None:
    """The text of a recorded input; None if there is none.

    Example:
        >>> question_of('[{"role": "user", "parts": [{"type": "text", "content": "why?"}]}]')
        'why?'
        >>> question_of('{"question": "why?", "top_k": 3}')
        'why?'
    """
    return _text_of(opened(recorded), recorded, "user", QUESTION_KEYS)


def answer_of(recorded: str | None) -> str | None:
    """The text of a recorded output; None if there is none.

    Example:
        >>> answer_of('{"answer": "because", "sources": ["a", "b"]}')
        'because'
    """
    return _text_of(opened(recorded), recorded, "assistant", ANSWER_KEYS)


def documents_of(recorded: Any) -> list[tuple[str | None, str | None]]:
    """The documents that a retriever returned, each with its text and its ID as far as they are known.

    Example:
        >>> documents_of('[{"page_content": "one", "metadata": {"source": "a.md"}}, "two"]')
        [('one', 'a.md'), ('two', None)]
    """
    value = opened(recorded)
    for _ in range(_MAX_DEPTH):
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
            value = value[0]
            continue
        if not isinstance(value, dict):
            break
        inside = next((opened(value[key]) for key in _DOCUMENT_LISTS if key in value), None)
        if not isinstance(inside, list | dict):
            break
        value = inside
    if isinstance(value, list):
        return [_document(item) for item in value if item is not None]
    return [_document(value)] if value not in (None, "") else []


def _document(item: Any) -> tuple[str | None, str | None]:
    if not isinstance(item, dict):
        return (item if isinstance(item, str) else json_text(item), None)
    nested = [opened(item[key]) for key in _NESTED if key in item]
    places = [item, *(one for one in nested if isinstance(one, dict))]
    text = next((place[key] for place in places for key in _DOCUMENT_TEXTS if _is_text(place.get(key))), None)
    known = (place.get(key) for place in places for key in _DOCUMENT_IDS)
    identifier = next((str(one) for one in known if isinstance(one, str | int) and one != ""), None)
    return (json_text(item) if text is None and identifier is None else text, identifier)


def as_text(value: Any) -> str | None:
    """A value as text: text as it is, anything else as JSON; None stays."""
    return value if value is None or isinstance(value, str) else json_text(value)


def json_text(value: Any) -> str:
    """The value as JSON, readable in any script."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _text_of(
    value: Any, recorded: str | None, role: str, keys: tuple[str, ...], depth: int = 0
) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    found: str | None = None
    if depth < _MAX_DEPTH:
        if isinstance(value, list):
            found = _of_list(value, role, keys, depth)
        elif isinstance(value, dict):
            found = _of_mapping(value, role, keys, depth)
    return json_text(value) if found is None and depth == 0 and recorded is None else found or recorded


def _of_list(value: list[Any], role: str, keys: tuple[str, ...], depth: int) -> str | None:
    messages = [item for item in value if isinstance(item, dict) and _is_message(item)]
    if messages and len(messages) == len(value):
        told = [item for item in messages if _role(item) == role]
        for message in reversed(told or messages):
            if text := message_text(message):
                return text
        return None
    if len(value) == 1:
        return _text_of(opened(value[0]), None, role, keys, depth + 1) or None
    return None


def _of_mapping(value: dict[str, Any], role: str, keys: tuple[str, ...], depth: int) -> str | None:
    if "role" in value and (text := message_text(value)):
        return text
    if role == "assistant" and isinstance(value.get("choices"), list) and value["choices"]:
        return _text_of(value["choices"][0], None, role, keys, depth + 1)
    if isinstance(value.get("generations"), list):
        return _text_of(value["generations"], None, role, keys, depth + 1)
    if isinstance(messages := opened(value.get("messages")), list):
        return _text_of(messages, None, role, keys, depth + 1)
    texts = [one for one in value.values() if _is_text(one)]
    if len(texts) == 1:
        inner = opened(texts[0])
        return texts[0] if isinstance(inner, str) else _text_of(inner, texts[0], role, keys, depth + 1)
    for key in keys:
        if value.get(key) not in (None, "", [], {}):
            inner = opened(value[key])
            return inner if isinstance(inner, str) else _text_of(inner, None, role, keys, depth + 1)
    if len(value) == 1:
        return _text_of(opened(next(iter(value.values()))), None, role, keys, depth + 1)
    return None


def _is_message(item: dict[str, Any]) -> bool:
    return "role" in item or item.get("type") in {"human", "ai", "system", "tool"}


_ROLES: Final = {"human": "user", "ai": "assistant", "model": "assistant", "bot": "assistant"}


def _role(message: dict[str, Any]) -> str:
    role = str(message.get("role") or message.get("type") or "").lower()
    return _ROLES.get(role, role)


def message_text(message: dict[str, Any]) -> str | None:
    """The text of one chat message; None if it has none, such as one that only calls tools."""
    content = message.get("parts", message.get("content"))
    if isinstance(content, str):
        return content or None
    texts = list[str]()
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and part.get("type", "text") in {"text", "input_text", "output_text"}:
            told = part.get("content", part.get("text"))
            if isinstance(told, str):
                texts.append(told)
    return "\n".join(text for text in texts if text) or None


def tool_parts(recorded: str | None) -> list[dict[str, Any]]:
    """The tool calls, and the answers to some, among recorded messages: each part as it is."""
    messages = opened(recorded)
    parts = list[dict[str, Any]]()
    for message in messages if isinstance(messages, list) else ():
        content = message.get("parts") if isinstance(message, dict) else None
        parts += [part for part in content or () if isinstance(part, dict)]
    return [part for part in parts if part.get("type") in {"tool_call", "tool_call_response"}]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""

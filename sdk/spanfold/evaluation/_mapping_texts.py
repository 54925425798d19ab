"""What people would call the question and the answer, in the shapes that they are recorded in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from spanfold.evaluation._mapping_paths import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_DEPTH: Final = 5
_NULL: Final = "null"
"""What a function that returned nothing is recorded with."""
TOOL_CALL: Final = "tool_call"
TOOL_ANSWER: Final = "tool_call_response"
_ALTERNATIVES: Final = ("choices", "candidates", "generations")
"""Where model APIs give several answers: the first counts."""
_CONVERSATIONS: Final = ("messages", "contents")
_NO_TEXTS: Final = frozenset(
    {
        *("id", "type", "object", "role", "status", "model", "model_name", "modelVersion", "finish_reason"),
        *("finishReason", "stop_reason", "user", "user_id", "session_id", "conversation_id"),
    }
)
"""Names of what is beside the question and the answer, if there is only one text."""
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
_DOCUMENT_IDS: Final = (
    *("id", "id_", "doc_id", "document_id", "node_id", "doc_uri", "name", "source", "uri", "url", "title"),
)
_NESTED: Final = ("document", "node", "metadata", "payload", "_source", "fields")


def question_of(recorded: str | None) -> str | None:
    """The text of a recorded input; None if there is none.

    Example:
        >>> question_of('[{"role": "user", "parts": [{"type": "text", "content": "why?"}]}]')
        'why?'
        >>> question_of('{"question": "why?", "top_k": 3}')
        'why?'
    """
    return _found(recorded, "user", QUESTION_KEYS)


def answer_of(recorded: str | None) -> str | None:
    """The text of a recorded output; None if there is none.

    Example:
        >>> answer_of('{"answer": "because", "sources": ["a", "b"]}')
        'because'
    """
    return _found(recorded, "assistant", ANSWER_KEYS)


def _found(recorded: str | None, role: str, keys: tuple[str, ...]) -> str | None:
    if not recorded or recorded == _NULL:
        return None
    text = _text_of(opened(recorded), role, keys)
    return recorded if text is None else text


def documents_of(recorded: Any) -> list[tuple[str | None, str | None]]:
    """The documents that a retriever returned, each with its text and its ID as far as they are known.

    Example:
        >>> documents_of('[{"page_content": "one", "metadata": {"source": "a.md"}}, "two"]')
        [('one', 'a.md'), ('two', None)]
    """
    value = opened(recorded)
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        value = _whole_items(value) or value
    value = _zipped(value)
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


def _whole_items(text: str) -> list[Any]:
    """The items that are whole in a list of JSON whose end was cut off."""
    decoder = json.JSONDecoder()
    items = list[Any]()
    place = text.find("[") + 1
    while 0 < place < len(text):
        if text[place] in ", \n\t":
            place += 1
            continue
        try:
            item, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            if items or text[place] != "[":
                break
            place += 1  # a list in the list
            continue
        items.append(item)
    return items


def _zipped(value: Any) -> Any:
    """Documents one by one, where a vector database gives their IDs and texts as lists side by side."""
    match value:
        case {"ids": [list() as identifiers], "documents": [list() as texts]}:
            pass
        case {"ids": [str(), *_] as identifiers, "documents": [str(), *_] as texts}:
            pass
        case _:
            return value
    if len(identifiers) != len(texts):
        return value
    return [{"id": one, "text": text} for one, text in zip(identifiers, texts, strict=True)]


def _document(item: Any) -> tuple[str | None, str | None]:
    if not isinstance(item, dict):
        return (item if isinstance(item, str) else json_text(item), None)
    item = _unpacked(item)
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


def _text_of(value: Any, role: str, keys: tuple[str, ...], depth: int = 0) -> str | None:
    """The text in a value: empty where it is there and empty, None where there is none."""
    if value is None or isinstance(value, str):
        return value
    if depth >= _MAX_DEPTH:
        return None
    if isinstance(value, list):
        return _of_list(value, role, keys, depth)
    return _of_mapping(_unpacked(value), role, keys, depth) if isinstance(value, dict) else None


def _of_list(value: list[Any], role: str, keys: tuple[str, ...], depth: int) -> str | None:
    messages = messages_of(value)
    if messages:
        told = [item for item in messages if _role(item) == role]
        texts = [text for item in told or messages if (text := message_text(item)) is not None]
        return next((text for text in reversed(texts) if text), texts[-1] if texts else None)
    return _text_of(opened(value[0]), role, keys, depth + 1) if len(value) == 1 else None


def _of_mapping(value: dict[str, Any], role: str, keys: tuple[str, ...], depth: int) -> str | None:
    if "role" in value:
        return message_text(value)
    empty: str | None = None
    for inner in _candidates(value, role, keys):
        text = _text_of(opened(inner), role, keys, depth + 1)
        if text is None and isinstance(inner, str):
            text = inner
        if text:
            return text
        empty = text if empty is None else empty
    return empty


def _candidates(value: dict[str, Any], role: str, keys: tuple[str, ...]) -> Iterator[Any]:
    """Where the text may be, the likeliest place first."""
    for name in _ALTERNATIVES if role == "assistant" else ():
        if isinstance(value.get(name), list) and value[name]:
            yield value[name][0]
    for name in _CONVERSATIONS:
        if isinstance(messages := opened(value.get(name)), list):
            yield messages
    for name in keys:
        if value.get(name) not in (None, [], {}):
            yield value[name]
    texts = [one for name, one in value.items() if _is_text(one) and name not in _NO_TEXTS]
    if len(texts) == 1:
        yield texts[0]
    elif len(value) == 1:
        yield next(iter(value.values()))


def _unpacked(item: dict[str, Any]) -> dict[str, Any]:
    """What LangChain has put into a box of its own."""
    inside = item.get("kwargs")
    return inside if "lc" in item and isinstance(inside, dict) else item


def messages_of(value: list[Any]) -> list[dict[str, Any]]:
    """The chat messages, where a list is of such; other things that a model says may be between them."""
    items = [_unpacked(item) for item in value if isinstance(item, dict)]
    if len(items) < len(value) or not all("role" in item or "type" in item for item in items):
        return []
    return [item for item in items if "role" in item or _role(item) in _SPEAKERS]


_ROLES: Final = {
    **dict.fromkeys(("human", "humanmessage", "humanmessagechunk"), "user"),
    **dict.fromkeys(("ai", "aimessage", "aimessagechunk", "model", "bot"), "assistant"),
}
_SPEAKERS: Final = frozenset({"user", "assistant", "system", "tool"})


def _role(message: dict[str, Any]) -> str:
    role = str(message.get("role") or message.get("type") or "").lower()
    return _ROLES.get(role, role)


def message_text(message: dict[str, Any]) -> str | None:
    """The text of one chat message; None if it has none, such as one that only calls tools."""
    content = message.get("parts", message.get("content"))
    if isinstance(content, str):
        return content or (None if message.get("tool_calls") else "")
    texts = list[str]()
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and part.get("type", "text") in {"text", "input_text", "output_text"}:
            told = part.get("content", part.get("text"))
            if isinstance(told, str):
                texts.append(told)
    joined = "\n".join(text for text in texts if text)
    return joined or ("" if texts and len(texts) == len(content or ()) else None)


def tool_parts(recorded: str | None) -> list[dict[str, Any]]:
    """The tool calls, and the answers to some, among recorded messages, in the words of OpenTelemetry."""
    value = opened(recorded)
    if isinstance(value, dict):
        value = _unpacked(value)
        for name in ("choices", "messages", "output"):
            if isinstance(inside := opened(value.get(name)), list):
                value = [
                    one.get("message") if name == "choices" else one
                    for one in inside
                    if isinstance(one, dict)
                ]
                break
        else:
            value = [value]
    parts = list[dict[str, Any]]()
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            parts += _tool_parts(_unpacked(item))
    return parts


def _tool_parts(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of one message: OpenTelemetry's and Anthropic's parts, OpenAI's and LangChain's calls."""
    content = message.get("parts", message.get("content"))
    if _role(message) == "tool" and "tool_call_id" in message:
        yield {"type": TOOL_ANSWER, "id": message["tool_call_id"], "response": content}
    for part in (*(content if isinstance(content, list) else ()), message):
        match part:
            case {"type": "tool_call" | "tool_call_response"}:
                yield part
            case {"type": "tool_use", "name": name}:
                yield {"type": TOOL_CALL, "id": part.get("id"), "name": name, "arguments": part.get("input")}
            case {"type": "tool_result", "tool_use_id": identifier}:
                yield {"type": TOOL_ANSWER, "id": identifier, "response": part.get("content")}
            case {"type": "function_call", "name": name}:
                yield {**part, "type": TOOL_CALL, "id": part.get("call_id"), "name": name}
            case {"type": "function_call_output", "call_id": identifier}:
                yield {"type": TOOL_ANSWER, "id": identifier, "response": part.get("output")}
    yield from _tool_calls(message.get("tool_calls"))


def _tool_calls(calls: Any) -> Iterator[dict[str, Any]]:
    for call in calls if isinstance(calls, list) else ():
        match call:
            case {"function": {"name": name, **more}}:
                yield {
                    "type": TOOL_CALL,
                    "id": call.get("id"),
                    "name": name,
                    "arguments": more.get("arguments"),
                }
            case {"name": name, "args": arguments}:
                yield {"type": TOOL_CALL, "id": call.get("id"), "name": name, "arguments": arguments}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""

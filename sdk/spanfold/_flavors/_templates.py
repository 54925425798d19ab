"""Templates with variables in single braces, anywhere in the content of messages.

``{question}`` is a variable. ``{{`` and ``}}`` are braces that mean themselves, as for :meth:`str.format`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from spanfold.errors import InvalidArgumentError

MAX_TEMPLATE_CHARS: Final = 1_000_000
"""Of all texts of a template together: what fits no model's context is a mistake."""
_MAX_DEPTH: Final = 12
_TOKEN: Final = re.compile(r"\{\{|\}\}|\{(?P<name>[^\W\d]\w*)\}|[{}]")
_SHOWN_CHARS: Final = 40


def variables_of(template: object, where: str) -> tuple[str, ...]:
    """The variables of a text, or of all texts in lists and dicts, in order of appearance, each once.

    Args:
        template: a text, or lists and dicts of texts; other values have no variables.
        where: what holds it, for messages.

    Raises:
        InvalidArgumentError: a single brace belongs to no variable, or the template is too long or too deep.

    Example:
        >>> variables_of([{"role": "user", "content": "{question} {{}}"}], "messages")
        ('question',)
    """
    found: dict[str, None] = {}
    left = MAX_TEMPLATE_CHARS
    for place, text in _texts(template, where, 0):
        left -= len(text)
        if left < 0:
            raise InvalidArgumentError(f"{where}: longer than {MAX_TEMPLATE_CHARS:,} characters")
        for match in _TOKEN.finditer(text):
            if match["name"] is not None:
                found[match["name"]] = None
            elif len(match[0]) == 1:
                around = text[match.start() : match.start() + _SHOWN_CHARS]
                message = (
                    f"{place}: the brace at {around!r} belongs to no variable: write {{name}} for one, "
                    "and {{ or }} for a brace"
                )
                raise InvalidArgumentError(message)
    return tuple(found)


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with the values of its variables; what a value holds is never read as a template.

    Raises:
        KeyError: a variable has no value.

    Example:
        >>> filled("Say {word}, not {{word}}.", {"word": "{hello}"})
        'Say {hello}, not {word}.'
    """
    if isinstance(template, str):
        return _TOKEN.sub(
            lambda at: at[0][0] if at["name"] is None else _as_text(values[at["name"]]), template
        )
    if isinstance(template, Mapping):
        return {name: filled(value, values) for name, value in template.items()}
    if isinstance(template, list | tuple):
        return [filled(one, values) for one in template]
    return template


def filled_messages(messages: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Messages with their contents filled. Arguments of tool calls are JSON, and stay as they are."""
    return [
        {name: filled(value, values) if name == "content" else value for name, value in message.items()}
        for message in messages
    ]


def check_messages(messages: object, roles: frozenset[str]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The messages of a chat, and the variables in their contents.

    Raises:
        InvalidArgumentError: it is no list of messages; the message says which one is wrong, and how.
    """
    if messages is None:
        return [], ()
    if not isinstance(messages, list | tuple):
        raise InvalidArgumentError(
            f'messages: a list such as [{{"role": "user", "content": "{{question}}"}}], '
            f"not {type(messages).__name__}"
        )
    names: dict[str, None] = {}
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        if not isinstance(message, Mapping):
            raise InvalidArgumentError(f"{place}: a dict with role and content, not {type(message).__name__}")
        if message.get("role") not in roles:
            raise InvalidArgumentError(f"{place}: role={message.get('role')!r}; one of {sorted(roles)}")
        if "content" not in message:
            raise InvalidArgumentError(f"{place}: it has no content")
        names.update(dict.fromkeys(variables_of(message["content"], f"{place}.content")))
    return [dict(message) for message in messages], tuple(names)


def _texts(value: object, place: str, depth: int) -> Sequence[tuple[str, str]]:
    """Every text inside, with its place."""
    if depth > _MAX_DEPTH:
        raise InvalidArgumentError(f"{place}: nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, str):
        return [(place, value)]
    if isinstance(value, Mapping):
        inside = [(f"{place}.{name}", part) for name, part in value.items()]
    elif isinstance(value, list | tuple):
        inside = [(f"{place}[{index}]", part) for index, part in enumerate(value)]
    else:
        return []
    return [text for name, part in inside for text in _texts(part, name, depth + 1)]


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else str(value)

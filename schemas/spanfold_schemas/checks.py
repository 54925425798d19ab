"""What payloads of events must be: the checks that all of them share."""

from __future__ import annotations

import json
import math
import unicodedata
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_NAME_CHARS: Final = 500
MAX_ENTRIES: Final = 100
MAX_KEY_CHARS: Final = 250
MAX_VALUE_CHARS: Final = 8_000
MAX_JSON_DEPTH: Final = 32

_LARGEST_JSON_INTEGER: Final = 2**64 - 1
"""Larger ones are numbers to Python's parser of JSON, and a fault to the engine's."""


class InvalidEventError(ValueError):
    """An event that cannot be recorded. ``field`` says where, the message what to change."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(f"{field_name}: {message}")
        self.field = field_name
        self.message = message


def check_name(field_name: str, name: object) -> str:
    """Return ``name`` if it may name a model, a run or an experiment; any script, dots and slashes are fine.

    Raises:
        InvalidEventError: not text, empty, too long, or with control characters or half a character.
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidEventError(field_name, "must be text with at least one visible character")
    if len(name) > MAX_NAME_CHARS:
        raise InvalidEventError(
            field_name, f"has {len(name)} characters; at most {MAX_NAME_CHARS} are allowed"
        )
    if any(unicodedata.category(char) == "Cc" for char in name):
        raise InvalidEventError(field_name, "must not contain control characters such as line breaks")
    check_whole_characters(field_name, name)
    return name


def check_whole_characters(field_name: str, text: str) -> None:
    """Refuse what no UTF-8 can say: JSON text has a way to write it, databases have none to keep it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidEventError(
            field_name, f"character {error.start + 1} is half of a character (a lone surrogate): leave it out"
        ) from None


def check_entries(
    field_name: str,
    entries: object,
    check_value: Callable[[str, object], None],
    max_entries: int = MAX_ENTRIES,
) -> None:
    """Refuse what is no mapping from names to values that pass a check, or has too many."""
    if not isinstance(entries, dict):
        raise InvalidEventError(field_name, "must be a mapping from names to values")
    if len(entries) > max_entries:
        raise InvalidEventError(field_name, f"has {len(entries)} entries; at most {max_entries} are allowed")
    for key, value in entries.items():
        if not isinstance(key, str) or not key or len(key) > MAX_KEY_CHARS:
            raise InvalidEventError(
                f"{field_name}[{key!r}]", f"names are text of 1 to {MAX_KEY_CHARS} characters"
            )
        check_whole_characters(f"{field_name}[{key!r}]", key)
        check_value(f"{field_name}[{key!r}]", value)


def text_value(field_name: str, value: object) -> None:
    """Refuse what is no text, or too long."""
    if not isinstance(value, str):
        raise InvalidEventError(
            field_name, f"must be a string, not {type(value).__name__}: write {json.dumps(str(value))}"
        )
    if len(value) > MAX_VALUE_CHARS:
        raise InvalidEventError(
            field_name, f"has {len(value)} characters; at most {MAX_VALUE_CHARS} are allowed"
        )
    check_whole_characters(field_name, value)


def number_value(field_name: str, value: object) -> None:
    """Refuse what is no finite number that JSON can say."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidEventError(field_name, f"must be a number, not {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidEventError(field_name, f"must be a finite number, not {value}: leave it out")
    if isinstance(value, int) and not -(2**63) <= value <= _LARGEST_JSON_INTEGER:
        raise InvalidEventError(field_name, "is an integer of more than 64 bits: make it a float")


def check_optional_text(payload: Mapping[str, Any], *names: str) -> None:
    """Refuse members that are neither text nor null nor left out."""
    for name in names:
        if payload.get(name) is not None:
            text_value(name, payload[name])


def check_json(field_name: str, value: object, depth: int = 0) -> None:
    """Refuse what JSON cannot say, or what the engine and Python would read differently."""
    if depth > MAX_JSON_DEPTH:
        raise InvalidEventError(field_name, f"is nested more than {MAX_JSON_DEPTH} levels deep")
    match value:
        case None | bool():
            pass
        case str():
            check_whole_characters(field_name, value)
        case int() | float():
            number_value(field_name, value)
        case list() | tuple():
            for number, item in enumerate(value):
                check_json(f"{field_name}[{number}]", item, depth + 1)
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise InvalidEventError(f"{field_name}[{key!r}]", "names are text")
                check_whole_characters(f"{field_name}[{key!r}]", key)
                check_json(f"{field_name}[{key!r}]", item, depth + 1)
        case _:
            raise InvalidEventError(field_name, f"{type(value).__name__} is nothing that JSON can say")


def size_bytes(value: object) -> int:
    """Of a value as JSON, in UTF-8."""
    return len(json.dumps(value, ensure_ascii=False).encode())

"""Any Python value as JSON text of bounded size, for the inputs and outputs of traced functions.

The value is cut *before* it is serialised, so a traced function that is given a gigabyte costs what the
limit costs. What was left out is marked in the text, which stays valid JSON. Nothing here runs code of the
value but ``repr``: no ``model_dump``, no ``__iter__`` of unknown types (it might be a stream).
"""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_CHARS: Final = 100_000
"""Bound on one attribute. Longer than nearly every prompt, short enough for 512 spans in one request."""
MAX_DEPTH: Final = 12
_ITEM_OVERHEAD_CHARS: Final = 4


def to_json(value: object, max_chars: int = MAX_CHARS) -> str:
    """``value`` as JSON text of about ``max_chars`` characters at most; a mark stands where it was cut.

    Example:
        >>> to_json({"question": "why?", "ids": (1, 2)})
        '{"question": "why?", "ids": [1, 2]}'
        >>> to_json("a" * 50, max_chars=10)
        '"aaaaaaaaaa… (cut: 40 more characters)"'
    """
    if max_chars == MAX_CHARS and _is_small(value):
        text = _dump(value)
        if len(text) <= max_chars:
            return text
    return _dump(_Cutter(max_chars).cut(value, 0))


class Collector:
    """The items that a generator yields, up to a limit: those past it are only counted."""

    def __init__(self, max_chars: int = MAX_CHARS) -> None:
        self._cutter = _Cutter(max_chars)
        self._items = list[Any]()
        self._left_out = 0

    def add(self, item: object) -> None:
        """Keep a copy of ``item``, which its owner may change or drop afterwards."""
        if self._cutter.budget > 0:
            self._items.append(self._cutter.cut(item, 1))
        else:
            self._left_out += 1

    def to_json(self) -> str:
        """All kept items as a JSON array, with a mark at its end if some were left out."""
        return _dump(self._items + ([_more(self._left_out, "items")] if self._left_out else []))


_encoder: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False)
_SMALL_CHARS, _SMALL_ITEMS, _SMALL_INT = 500, 12, 2**63
"""Two levels of items that are all this long still fit into one attribute."""


def _made_once() -> Callable[[object], str]:
    """The encoder's function in C, which the standard library makes anew for every value."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _encoder.encode
    write = json.encoder.encode_basestring
    encode = make(None, _encoder.default, write, None, ": ", ", ", False, False, True)  # noqa: FBT003
    join = "".join
    return lambda plain: join(encode(plain, 0))


_encode: Final = _made_once()


def _is_small(value: object, depth: int = 2) -> bool:
    """Whether ``value`` is JSON as it is, and short: then it need not be copied first."""
    check = _SMALL.get(type(value))
    return check is not None and check(value, depth)


def _is_small_dict(value: dict[Any, Any], depth: int) -> bool:
    if depth == 0 or len(value) > _SMALL_ITEMS:
        return False
    for key, item in value.items():
        if type(key) is not str or len(key) > _SMALL_CHARS or not _is_small(item, depth - 1):
            return False
    return True


def _is_small_list(value: Sequence[Any], depth: int) -> bool:
    return depth > 0 and len(value) <= _SMALL_ITEMS and all(_is_small(item, depth - 1) for item in value)


_SMALL: Final[dict[type, Callable[[Any, int], bool]]] = {
    str: lambda value, _: len(value) <= _SMALL_CHARS,
    int: lambda value, _: -_SMALL_INT < value < _SMALL_INT,
    float: lambda value, _: math.isfinite(value),
    bool: lambda *_: True,
    type(None): lambda *_: True,
    dict: _is_small_dict,
    list: _is_small_list,
    tuple: _is_small_list,
}


def _dump(plain: object) -> str:
    text = _encode(plain)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            # A lone surrogate cannot travel as UTF-8: one such span would cost its whole batch. Escape it.
            return json.dumps(plain)
    return text


def _more(count: int, unit: str) -> str:
    return f"… (cut: {count} more {unit})"


class _Cutter:
    """Copies a value to plain JSON types until its budget of characters is spent."""

    __slots__ = ("budget",)

    def __init__(self, budget: int) -> None:
        self.budget = budget

    def cut(self, value: object, depth: int) -> object:
        kind = type(value)
        if kind is str:
            return self._text(value)  # type: ignore[arg-type]
        self.budget -= _ITEM_OVERHEAD_CHARS
        if value is None or kind is bool:
            return value
        if kind is int or kind is float:
            return self._number(value)  # type: ignore[arg-type]
        if depth >= MAX_DEPTH:
            return f"… (cut: {kind.__name__} nested deeper than {MAX_DEPTH})"
        if kind is dict or isinstance(value, dict):
            return self._mapping(value, depth)  # type: ignore[arg-type]
        if isinstance(value, list | tuple | set | frozenset):
            return self._sequence(value, depth)
        return self._other(value, depth)

    def _text(self, text: str) -> str:
        room = self.budget
        self.budget = room - len(text) - _ITEM_OVERHEAD_CHARS
        if len(text) <= room:
            return text
        return text[: max(room, 0)] + _more(len(text) - max(room, 0), "characters")

    def _number(self, number: float) -> float | str:
        if isinstance(number, float):
            return number if math.isfinite(number) else str(number)
        if number.bit_length() > 1024:  # noqa: PLR2004 - decimal text of huge integers costs quadratic time
            return f"… (cut: integer of {number.bit_length()} bits)"
        return number

    def _mapping(self, mapping: dict[Any, Any], depth: int) -> dict[str, object]:
        copy = dict[str, object]()
        for key, value in mapping.items():
            if self.budget <= 0:
                copy["…"] = _more(len(mapping) - len(copy), "entries")
                break
            copy[self._text(key if type(key) is str else _repr(key))] = self.cut(value, depth + 1)
        return copy

    def _sequence(
        self, items: list[Any] | tuple[Any, ...] | set[Any] | frozenset[Any], depth: int
    ) -> list[object]:
        copy = list[object]()
        for item in items:
            if self.budget <= 0:
                copy.append(_more(len(items) - len(copy), "items"))
                break
            copy.append(self.cut(item, depth + 1))
        return copy

    def _other(self, value: object, depth: int) -> object:
        if isinstance(value, Enum):
            return self.cut(value.value, depth + 1)
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{type(value).__name__} of {memoryview(value).nbytes} bytes>"
        if isinstance(value, str):
            return self._text(str.__str__(value))
        if is_dataclass(value) and not isinstance(value, type):
            return self._mapping(
                {item.name: getattr(value, item.name, None) for item in fields(value)}, depth
            )
        if hasattr(type(value), "__pydantic_fields__"):
            return self._mapping(dict(islice(vars(value).items(), 1000)), depth)
        return self._text(_repr(value))


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as fault:  # noqa: BLE001 - the value's own code: it may raise anything
        return f"<{type(value).__name__}: its repr raised {type(fault).__name__}>"

"""Shortens texts, with a mark, so that JSON stays JSON."""

from __future__ import annotations

import json
from typing import Any, Final

_MAX_PARSED_CHARS: Final = 8 * 2**20
"""Longer texts are cut as plain ones: reading them would take longer than they are worth."""
_MAX_DEPTH: Final = 64


def cut(text: str, max_chars: int) -> str:
    """``text`` with about ``max_chars`` characters at most, and a mark that says how much is missing.

    In JSON the longest texts are cut, so that the shorter ones, such as who said it, stay.

    Example:
        >>> cut("a long text", 6)
        'a long… (cut: 5 more characters)'
        >>> cut('[{"role": "user", "content": "' + 100 * "long " + '"}]', 60)
        '[{"role": "user", "content": "long long long long long lo… (cut: 473 more characters)"}]'
    """
    if len(text) <= max_chars:
        return text
    lengths = list[int]()
    value = _parsed(text)
    if value is not None:
        _note_lengths(value, lengths)
        structure_chars = len(text) - sum(lengths)
        shorter = _dumped(_with_cut_texts(value, _fair_limit(lengths, max_chars - structure_chars)))
        # Where the structure alone is too long, or many marks are, there is no JSON to be had.
        if len(shorter) < min(len(text), 2 * max_chars):
            return shorter
    return _cut_plain(text, max_chars)


def cut_each(text: str, max_chars: int) -> str:
    """``text`` after at most ``max_chars`` characters; in JSON, each text in it.

    Example:
        >>> cut_each('[{"role": "user", "content": "a long text"}]', 6)
        '[{"role": "user", "content": "a long… (cut: 5 more characters)"}]'
    """
    if len(text) <= max_chars:
        return text
    value = _parsed(text)
    return _cut_plain(text, max_chars) if value is None else _dumped(_with_cut_texts(value, max_chars))


def _parsed(text: str) -> Any:
    """The list or mapping that ``text`` is the JSON of; None if it is none."""
    if text[:1] not in {"[", "{"} or len(text) > _MAX_PARSED_CHARS:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def encodable(text: str) -> str:
    r"""``text`` without halves of characters, which cannot travel: one would cost its whole batch.

    A model's answer that is cut into pieces, or badly escaped JSON, may hold them.

    Example:
        >>> encodable("a\ud83db") == "a\ufffdb", encodable("\ud83d\ude00") == "\U0001f600"
        (True, True)
    """
    if text.isascii() or _is_valid(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _dumped(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isascii() or _is_valid(text) else json.dumps(value)


def _is_valid(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _note_lengths(value: Any, lengths: list[int], depth: int = 0) -> None:
    if isinstance(value, str):
        lengths.append(len(value))
    elif isinstance(value, list | dict) and depth < _MAX_DEPTH:
        for item in value.values() if isinstance(value, dict) else value:
            _note_lengths(item, lengths, depth + 1)


def _fair_limit(lengths: list[int], room: int) -> int:
    """The limit on each text that makes all of them fit into ``room`` together."""
    left = max(room, 0)
    ascending = sorted(lengths)
    for index, length in enumerate(ascending):
        share = left // (len(ascending) - index)
        if length > share:
            return share
        left -= length
    return left


def _with_cut_texts(value: Any, max_chars: int, depth: int = 0) -> Any:
    if isinstance(value, str):
        return _cut_plain(value, max_chars) if len(value) > max_chars else value
    if depth >= _MAX_DEPTH:
        return f"… (cut: nested deeper than {_MAX_DEPTH})"
    if isinstance(value, list):
        return [_with_cut_texts(item, max_chars, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: _with_cut_texts(item, max_chars, depth + 1) for key, item in value.items()}
    return value


def _cut_plain(text: str, max_chars: int) -> str:
    return f"{text[:max_chars]}… (cut: {len(text) - max_chars} more characters)"


def size_bytes(text: str) -> int:
    """How long the text is in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))

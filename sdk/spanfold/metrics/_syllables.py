"""How many syllables the words of a text have: from a pronouncing dictionary, or by hyphenation."""

from __future__ import annotations

import functools
import gzip
import re
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from spanfold.metrics._built_in import missing_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_MEMO_TOKENS: Final = 200_000
MAX_MEMO_TOKEN_CHARS: Final = 64
"""Longer tokens are rarely seen twice, and would fill the memory."""
WORD: Final = 1 << 40
"""Added to a token's syllables where it is a word, so that one sum gives both numbers."""

_DROPPED: Final = re.compile(r"'(?![tsd]|ve|ll|re)|[^\w\s']")
"""All punctuation but the apostrophes of English contractions."""


@functools.cache
def _dictionary() -> Mapping[str, int]:
    """Syllables of each word that the CMU Pronouncing Dictionary has (see data/CMUDICT-LICENSE.txt)."""
    packed = resources.files("spanfold.metrics").joinpath("data", "syllables.txt.gz").read_bytes()
    lines = gzip.decompress(packed).decode().split("\n")
    return {word: count for count, line in enumerate(lines) for word in line.split()}


@functools.cache
def _hyphenator() -> Any:
    try:
        import pyphen  # noqa: PLC0415 - an extra
    except ImportError as fault:
        raise missing_extra("pyphen", "counting syllables") from fault
    return pyphen.Pyphen(lang="en_US")


def syllables(word: str) -> int:
    """Syllables of a word in lower case, without punctuation.

    Raises:
        InvalidArgumentError: the extra is not installed.

    Example:
        >>> syllables("readability"), syllables("spanfold")
        (5, 2)
    """
    known = _dictionary().get(word)
    if known is not None:
        return known
    hyphenator = _hyphenator()
    points = len(hyphenator.positions(word))
    if len(word) > MAX_MEMO_TOKEN_CHARS or len(hyphenator.hd.cache) > MAX_MEMO_TOKENS:
        hyphenator.hd.cache.clear()  # the library itself keeps every word for ever
    return points + 1


class _Memo(dict[str, int]):
    """Tokens, as they stand between spaces, with their syllables; plus ``WORD`` where they are words."""

    def __missing__(self, token: str) -> int:
        word = _DROPPED.sub("", token).lower()
        value = WORD + syllables(word) if word else 0
        if len(token) <= MAX_MEMO_TOKEN_CHARS:
            if len(self) >= MAX_MEMO_TOKENS:
                self.clear()
            self[token] = value
        return value


_value_of: Final[Callable[[str], int]] = _Memo().__getitem__


def count(tokens: list[str]) -> tuple[int, int]:
    """Words and syllables of tokens, which are what stands between the white space of a text.

    A token of punctuation alone is no word.

    Example:
        >>> count("It's - well, readable.".split())
        (3, 5)
    """
    return divmod(sum(map(_value_of, tokens)), WORD)

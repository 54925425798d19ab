"""Cutting text into words in any script."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

_ARTICLES: Final = re.compile(r"\b(?:a|an|the)\b")
_WIDE: Final = (
    "\u1100-\u11ff"  # Hangul Jamo
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029"  # radicals and iteration marks
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
)
"""Scripts that put no spaces between words: each character counts as one."""
_TOKEN: Final = rf"[{_WIDE}][\u0300-\u036f\u3099\u309a]*|(?:(?![{_WIDE}])[\w\u0300-\u036f])+"
_WIDE_CHARACTER: Final = rf"([{_WIDE}])"


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when it is first needed: these take milliseconds."""
    return re.compile(pattern)


def shared_count(first: Iterable[Hashable], second: Iterable[Hashable]) -> int:
    """How many items both have; what is there several times counts as often as both have it.

    Example:
        >>> shared_count(["a", "a", "b"], ["a", "a", "a"])
        2
    """
    left = Counter(second)
    shared = 0
    for item, times in Counter(first).items():
        other = left.get(item, 0)
        shared += min(times, other) if other else 0
    return shared


def unicode_words(text: str) -> list[str]:
    """Words in lower case: of scripts without spaces between words, each character.

    The text is brought to the Unicode form NFKC first, so that full-width and half-width letters are alike.

    Example:
        >>> unicode_words("MLflow 2.9で実験管理")
        ['mlflow', '2', '9', 'で', '実', '験', '管', '理']
    """
    return _compiled(_TOKEN).findall(unicodedata.normalize("NFKC", text).lower())


def answer_words(text: str) -> list[str]:
    """Words as SQuAD compares answers: lower case, without punctuation and English articles.

    Punctuation is what Unicode calls so (and ASCII's symbols, as in the original), and each character of a
    script without spaces is a word, so that English text gets what the published script gives.

    Example:
        >>> answer_words("The Eiffel Tower, in Paris!")
        ['eiffel', 'tower', 'in', 'paris']
        >>> answer_words("東京です。")
        ['東', '京', 'で', 'す']
    """
    if text.isascii():
        return _ARTICLES.sub(" ", text.lower().translate(_ASCII_PUNCTUATION)).split()
    lowered = unicodedata.normalize("NFKC", text).lower()
    bare = "".join(one for one in lowered if not _is_punctuation(one))
    return _compiled(_WIDE_CHARACTER).sub(r" \1 ", _ARTICLES.sub(" ", bare)).split()


_ASCII_PUNCTUATION: Final = dict.fromkeys(map(ord, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"))


def _is_punctuation(one: str) -> bool:
    return ord(one) in _ASCII_PUNCTUATION or unicodedata.category(one).startswith("P")

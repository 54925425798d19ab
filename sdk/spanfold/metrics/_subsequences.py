"""Longest common subsequences of words, by whole numbers whose bits are the columns of the usual table.

A row of the table of lengths rises by 0 or 1 from column to column, so one bit a column says all of it, and a
row follows from the one before in a few operations on whole numbers.

Source: Hyyrö, Bit-parallel LCS-length computation revisited (2004).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def bits_of(words: Sequence[str]) -> Mapping[str, int]:
    """Of each word, a number with a bit for each place where it stands.

    Example:
        >>> bits_of(["a", "b", "a"])
        {'a': 5, 'b': 2}
    """
    bits: dict[str, int] = {}
    for place, word in enumerate(words):
        bits[word] = bits.get(word, 0) | (1 << place)
    return bits


def _rows(first: Sequence[str], bits: Mapping[str, int], columns: int) -> Iterator[int]:
    """After each word of ``first``: bit j is 0 where the length rises at word j of the other text."""
    every = (1 << columns) - 1
    row = every
    for word in first:
        equal = row & bits.get(word, 0)
        if equal:
            row = ((row + equal) | (row - equal)) & every
        yield row


def common_length(first: Sequence[str], second: Sequence[str]) -> int:
    """How many words the longest common subsequence has.

    Example:
        >>> common_length("a b c d".split(), "a c b d".split())
        3
    """
    row = (1 << len(second)) - 1
    for row in _rows(first, bits_of(second), len(second)):  # noqa: B007 - the last one is what counts
        pass
    return len(second) - row.bit_count()


def common_places(first: Sequence[str], second: Sequence[str], bits: Mapping[str, int]) -> list[int]:
    """Where in ``first`` one of the longest common subsequences is, from the last word to the first.

    Of several, it is the one that the published ``rouge-score`` package finds, so that sums over lines agree.

    Args:
        first: words.
        second: words.
        bits: :func:`bits_of` of ``second``, which is worth keeping.

    Example:
        >>> common_places(["a", "b", "c"], ["c", "a", "b"], bits_of(["c", "a", "b"]))
        [1, 0]
    """
    kept = [place for place, word in enumerate(first) if word in bits]  # the search passes by all others
    if len(kept) < 2:  # noqa: PLR2004 - one word is common to both, and is the answer
        return kept
    words = [first[place] for place in kept]
    rows = [(1 << len(second)) - 1, *_rows(words, bits, len(second))]
    found: list[int] = []
    at, column = len(words), len(second)
    while at and column:
        if words[at - 1] == second[column - 1]:
            found.append(kept[at - 1])
            at -= 1
            column -= 1
            continue
        below = (1 << column) - 1
        length = column - (rows[at] & below).bit_count()
        is_flat = rows[at] >> (column - 1) & 1
        if is_flat and column - (rows[at - 1] & below).bit_count() < length:
            column -= 1
        else:
            at -= 1
    return found

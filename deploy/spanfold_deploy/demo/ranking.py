"""BM25 over an inverted index: small enough to read, and the real thing.

The formula is that of Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond"
(2009), equation 3.15, with the name of a passage counted ``title_boost`` times into its text.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spanfold_deploy.demo.corpus import Passage

_STOP_WORDS: Final = frozenset(
    """
    a an and are as at be by do does for from how i in is it of on or python that the this to what when
    which with you
    """.split()  # noqa: SIM905 - a word a line otherwise
)


def tokenize(text: str) -> list[str]:
    """Lower-case words and identifiers without the commonest English ones.

    Example:
        >>> tokenize("What does os.path.join do?")
        ['os', 'path', 'join']
    """
    return [word for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in _STOP_WORDS]


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that shares words with the query, and its BM25 score."""

    passage: Passage
    score: float


class Index:
    """An inverted index of passages. It never changes, so any number of threads may search it."""

    def __init__(self, passages: Sequence[Passage], *, title_boost: int) -> None:
        self._passages = passages
        self._lengths: list[int] = []
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, passage in enumerate(passages):
            words = tokenize(passage.text) + tokenize(passage.name) * title_boost
            self._lengths.append(len(words))
            for word, count in Counter(words).items():
                self._postings[word].append((number, count))
        self._mean_length = sum(self._lengths) / max(1, len(self._lengths))

    def search(self, words: Iterable[str], *, top_k: int, k1: float, b: float) -> list[Hit]:
        """The best ``top_k`` passages, best first; none when no word of the query is known.

        Args:
            words: words of the query; one that is repeated counts as often as it is there.
            top_k: most passages to return.
            k1: how quickly further occurrences of a word in a passage stop to matter.
            b: how much a long passage is discounted, from 0 (not) to 1 (in full).
        """
        scores: dict[int, float] = defaultdict(float)
        for word in words:
            postings = self._postings.get(word, ())
            rarity = math.log(1 + (len(self._passages) - len(postings) + 0.5) / (len(postings) + 0.5))
            for number, count in postings:
                discount = k1 * (1 - b + b * self._lengths[number] / self._mean_length)
                scores[number] += rarity * count * (k1 + 1) / (count + discount)
        best = nlargest(top_k, scores.items(), key=lambda item: (item[1], -item[0]))
        return [Hit(self._passages[number], score) for number, score in best]

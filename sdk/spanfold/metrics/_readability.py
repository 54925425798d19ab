"""Readability: the US school grade that a text is written for.

The values are those of the published MLflow package, which takes them from textstat. What that library does,
and the formulas alone do not say: ARI counts punctuation as characters, and whatever stands between white
space as words; sentences of at most two words do not count; apostrophes stay in contractions only.

Sources: Senter and Smith, Automated Readability Index (1967); Kincaid and others, Derivation of new
readability formulas (1975).
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from spanfold.metrics._built_in import built_in, score_texts
from spanfold.metrics._syllables import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold.metrics._metric import EvaluationMetric, MetricValue

MAX_KEPT_TEXTS: Final = 4_096
MAX_KEPT_CHARS: Final = 4_000
"""Longer texts are counted anew for each metric, so that the memory stays bounded."""

_LEAST_WORDS: Final = 3
_ONE_END: Final = str.maketrans("!?", "..")
_IN_WORD: Final = re.compile(r"\w")


class Counts(NamedTuple):
    """What the formulas need of a text."""

    characters: int
    tokens: int
    words: int
    sentences: int
    syllables: int


def _sentences(text: str) -> int:
    """What full stops, exclamation and question marks end, of at least three words; 1 where there is none."""
    found = 0
    for sentence in text.translate(_ONE_END).split("."):
        first = sentence.split(None, _LEAST_WORDS)
        if len(first) < _LEAST_WORDS:
            continue
        if not all(map(str.isalnum, first[:_LEAST_WORDS])):  # there may be tokens of punctuation alone
            words = 0
            for token in sentence.split():
                words += _IN_WORD.search(token) is not None
                if words == _LEAST_WORDS:
                    break
            else:
                continue
        found += 1
    return max(1, found)


def _count(text: str) -> Counts:
    tokens = text.split()
    words, syllables = count(tokens)
    return Counts(sum(map(len, tokens)), len(tokens), words, _sentences(text), syllables)


_count_kept: Final = functools.lru_cache(maxsize=MAX_KEPT_TEXTS)(_count)


def counts(text: str) -> Counts:
    """Count once for all metrics that are asked of the same text.

    Example:
        >>> counts("The cat sat on the mat. It purred.")
        Counts(characters=27, tokens=8, words=8, sentences=1, syllables=8)
    """
    return _count_kept(text) if len(text) <= MAX_KEPT_CHARS else _count(text)


def _ari(text: str) -> float:
    found = counts(text)
    if not found.words:
        return 0.0
    characters = found.characters / found.tokens
    return (4.71 * characters) + (0.5 * (found.words / found.sentences)) - 21.43


def _flesch_kincaid(text: str) -> float:
    found = counts(text)
    if not found.syllables:
        return 0.0
    return (0.39 * (found.words / found.sentences)) + (11.8 * (found.syllables / found.words)) - 15.59


def _score_ari(predictions: Sequence[Any]) -> MetricValue:
    return score_texts(_ari, predictions=predictions)


def _score_flesch_kincaid(predictions: Sequence[Any]) -> MetricValue:
    return score_texts(_flesch_kincaid, predictions=predictions)


def ari_grade_level() -> EvaluationMetric:
    """Automated Readability Index: 4.71 characters a word + 0.5 words a sentence - 21.43.

    Needs ``predictions``. For languages that put spaces between words; Japanese and Chinese text gets
    meaningless numbers. An empty text gets 0. Equal to MLflow's ``ari_grade_level``.

    Example:
        >>> ari_grade_level().score({"predictions": ["The cat sat on the mat."]}).scores
        [-4.300000000000001]
    """
    return built_in(
        "ari_grade_level",
        _score_ari,
        greater_is_better=False,
        columns=("predictions",),
        version="v1",
        long_name="automated_readability_index_grade_level",
    )


def flesch_kincaid_grade_level() -> EvaluationMetric:
    """Flesch-Kincaid: 0.39 words a sentence + 11.8 syllables a word - 15.59.

    Needs ``predictions``, in English: syllables come from the CMU Pronouncing Dictionary, which is part of
    this package, and those of other words from hyphenation. Equal to MLflow's
    ``flesch_kincaid_grade_level``.

    Example:
        >>> flesch_kincaid_grade_level().score({"predictions": ["The cat sat on the mat."]}).scores
        [-1.4499999999999993]
    """
    return built_in(
        "flesch_kincaid_grade_level",
        _score_flesch_kincaid,
        greater_is_better=False,
        columns=("predictions",),
        version="v1",
    )

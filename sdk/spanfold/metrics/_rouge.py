"""ROUGE: how much of the words of a right text are in the answer, and of the answer's in the right text.

The score is the F-measure. Values are those of the published ``rouge-score`` package without stemming, which
MLflow takes.

Source: Lin, ROUGE: A Package for Automatic Evaluation of Summaries (2004).
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from spanfold.metrics._built_in import RowError, built_in, check_choice, score_texts
from spanfold.metrics._subsequences import bits_of, common_length, common_places
from spanfold.metrics._words import shared_count, unicode_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from spanfold.metrics._metric import EvaluationMetric, MetricValue

    Words = tuple[str, ...]
    Tokenizer = Callable[[str], Words]

MAX_KEPT_TEXTS: Final = 4_096
MAX_KEPT_CHARS: Final = 4_000
"""Longer texts are cut into words anew for each metric, so that the memory stays bounded."""
MAX_CELLS: Final = 1_000_000_000
"""Words of the one text times words of the other: 30,000 each take a second and 130 MB."""
MAX_LINE_PAIRS: Final = 1_000_000
"""Lines of the one text times lines of the other: 1,000 each take seconds."""

_ASCII_WORD: Final = re.compile("[a-z0-9]+")
_SPACES: Final = {code: " " for code in range(128) if not chr(code).isalnum()}


@functools.lru_cache(maxsize=MAX_KEPT_TEXTS)
def _ascii_kept(text: str) -> Words:
    lowered = text.lower()
    if lowered.isascii():  # several times as fast
        return tuple(lowered.translate(_SPACES).split())
    return tuple(_ASCII_WORD.findall(lowered))


@functools.lru_cache(maxsize=MAX_KEPT_TEXTS)
def _unicode_kept(text: str) -> Words:
    return tuple(unicode_words(text))


def _ascii(text: str) -> Words:
    return _ascii_kept(text) if len(text) <= MAX_KEPT_CHARS else _ascii_kept.__wrapped__(text)


def _unicode(text: str) -> Words:
    return _unicode_kept(text) if len(text) <= MAX_KEPT_CHARS else _unicode_kept.__wrapped__(text)


def _f_measure(shared: int, predicted: int, wanted: int) -> float:
    """In the order of operations of the published package, so that not even the last digit differs."""
    if not shared:
        return 0.0
    precision, recall = shared / predicted, shared / wanted
    return 2 * precision * recall / (precision + recall)


def _bounded(predicted: int, wanted: int) -> None:
    if predicted * wanted > MAX_CELLS:
        raise RowError(f"the texts are too long to be compared: {predicted} and {wanted} words")


def _of_words(prediction: str, target: str, words: Tokenizer) -> float:
    predicted, wanted = words(prediction), words(target)
    return _f_measure(shared_count(predicted, wanted), len(predicted), len(wanted))


def _of_pairs(prediction: str, target: str, words: Tokenizer) -> float:
    predicted, wanted = words(prediction), words(target)
    shared = shared_count(pairwise(predicted), pairwise(wanted))
    return _f_measure(shared, len(predicted) - 1, len(wanted) - 1)


def _of_sequence(prediction: str, target: str, words: Tokenizer) -> float:
    predicted, wanted = words(prediction), words(target)
    _bounded(len(predicted), len(wanted))
    return _f_measure(common_length(wanted, predicted), len(predicted), len(wanted))


def _lines(text: str, words: Tokenizer) -> list[Words]:
    return [found for line in text.split("\n") if (found := words(line))]


def _shared_by_lines(predicted: list[Words], wanted: list[Words], left: Counter[str]) -> int:
    """Words of ``wanted`` that are in a common subsequence with some line; each as often as is left of it."""
    shared = 0
    with_bits = [(line, bits_of(line)) for line in predicted]
    for line in wanted:
        known = set(line)
        places: set[int] = set()
        for other, bits in with_bits:
            if not known.isdisjoint(bits):
                places.update(common_places(line, other, bits))
        for place in places:
            if left[line[place]] > 0:
                left[line[place]] -= 1
                shared += 1
    return shared


def _of_lines(prediction: str, target: str, words: Tokenizer) -> float:
    """Each line of the target against all lines of the prediction; a word counts as often as both have it."""
    predicted, wanted = _lines(prediction, words), _lines(target, words)
    in_predicted = Counter(word for line in predicted for word in line)
    in_wanted = Counter(word for line in wanted for word in line)
    _bounded(in_predicted.total(), in_wanted.total())
    if len(predicted) * len(wanted) > MAX_LINE_PAIRS:
        raise RowError(f"the texts are too long to be compared: {len(predicted)} and {len(wanted)} lines")
    if len(predicted) == len(wanted) == 1:
        shared = common_length(wanted[0], predicted[0])
    else:
        shared = _shared_by_lines(predicted, wanted, in_predicted & in_wanted)
    return _f_measure(shared, in_predicted.total(), in_wanted.total())


_KINDS: Final[Mapping[str, Callable[[str, str, Tokenizer], float]]] = {
    "rouge1": _of_words,
    "rouge2": _of_pairs,
    "rougeL": _of_sequence,
    "rougeLsum": _of_lines,
}
_TOKENIZERS: Final[Mapping[str, Tokenizer]] = {"ascii": _ascii, "unicode": _unicode}


def _score(predictions: Sequence[Any], targets: Sequence[Any], *, kind: str, tokenizer: str) -> MetricValue:
    formula, words = _KINDS[kind], _TOKENIZERS[tokenizer]

    def of_row(prediction: str, target: str) -> float:
        return formula(prediction, target, words)

    return score_texts(of_row, predictions=predictions, targets=targets)


def _rouge(kind: str, tokenizer: str) -> EvaluationMetric:
    check_choice("tokenizer", tokenizer, tuple(_TOKENIZERS))
    return built_in(
        kind if tokenizer == "ascii" else f"{kind}_{tokenizer}",
        functools.partial(_score, kind=kind, tokenizer=tokenizer),
        greater_is_better=True,
        columns=("predictions", "targets"),
        registered=kind,
        parameters={} if tokenizer == "ascii" else {"tokenizer": tokenizer},
        version="v1" if tokenizer == "ascii" else None,
    )


def rouge1(tokenizer: str = "ascii") -> EvaluationMetric:
    """ROUGE-1: shared words.

    Needs ``predictions`` and ``targets``. Equal to MLflow's ``rouge1`` with the default tokenizer, like its
    siblings.

    Args:
        tokenizer: ``ascii`` sees letters a to z and digits only, so that equal Japanese texts get 0;
            ``unicode`` sees words of every script, and of those without spaces between words each character.
            Its results' keys begin with ``rouge1_unicode``.

    Raises:
        InvalidArgumentError: there is no such tokenizer.

    Example:
        >>> rouge1().score({"predictions": ["the cat sat"], "targets": ["the cat"]}).scores
        [0.8]
    """
    return _rouge("rouge1", tokenizer)


def rouge2(tokenizer: str = "ascii") -> EvaluationMetric:
    """ROUGE-2: shared pairs of words. See :func:`rouge1`."""
    return _rouge("rouge2", tokenizer)


def rougeL(tokenizer: str = "ascii") -> EvaluationMetric:  # noqa: N802 - MLflow's name
    """ROUGE-L: the longest common subsequence of words. See :func:`rouge1`."""
    return _rouge("rougeL", tokenizer)


def rougeLsum(tokenizer: str = "ascii") -> EvaluationMetric:  # noqa: N802 - MLflow's name
    """ROUGE-Lsum: ROUGE-L line by line, for summaries of several lines. See :func:`rouge1`."""
    return _rouge("rougeLsum", tokenizer)

"""ROUGE: how much of the words of a right text are in the answer, by the published ``rouge-score`` package.

Source: Lin, ROUGE: A Package for Automatic Evaluation of Summaries (2004). The score is the F-measure.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from spanfold.metrics._built_in import built_in, check_choice, missing_extra, score_texts
from spanfold.metrics._words import unicode_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold.metrics._metric import EvaluationMetric, MetricValue

TOKENIZERS: Final = ("ascii", "unicode")


class _UnicodeWords:
    """What ``rouge-score`` takes for a tokenizer."""

    def tokenize(self, text: str) -> list[str]:
        return unicode_words(text)


@functools.cache
def _scorer(kind: str, tokenizer: str) -> Any:
    try:
        from rouge_score import rouge_scorer  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as fault:
        raise missing_extra("rouge-score", kind) from fault
    return rouge_scorer.RougeScorer([kind], tokenizer=_UnicodeWords() if tokenizer == "unicode" else None)


def _f_measure(prediction: str, target: str, *, kind: str, tokenizer: str) -> float:
    return float(_scorer(kind, tokenizer).score(target, prediction)[kind].fmeasure)


def _score(predictions: Sequence[Any], targets: Sequence[Any], *, kind: str, tokenizer: str) -> MetricValue:
    _scorer(kind, tokenizer)  # a missing extra is told at once, and not row by row
    f_measure = functools.partial(_f_measure, kind=kind, tokenizer=tokenizer)
    return score_texts(f_measure, predictions=predictions, targets=targets)


def _rouge(kind: str, tokenizer: str) -> EvaluationMetric:
    check_choice("tokenizer", tokenizer, TOKENIZERS)
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

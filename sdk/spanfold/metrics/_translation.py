"""BLEU and chrF, by the published ``sacrebleu`` package, whose figures can be compared between papers.

Sources: Papineni and others, BLEU (2002); Popović, chrF (2015); Post, A Call for Clarity in Reporting BLEU
Scores (2018). Scores go from 0 to 100.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._built_in import built_in, check_choice, missing_extra, score_texts
from spanfold.metrics._metric import MetricValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold.metrics._metric import EvaluationMetric

TOKENIZERS: Final = ("13a", "intl", "zh", "char", "none")
"""Those of sacrebleu that need no download."""


@functools.cache
def _scorer(kind: str, tokenizer: str, *, by_row: bool) -> Any:
    try:
        from sacrebleu.metrics.bleu import BLEU  # noqa: PLC0415 - an extra, and slow to import
        from sacrebleu.metrics.chrf import CHRF  # noqa: PLC0415
    except ImportError as fault:
        raise missing_extra("sacrebleu", kind) from fault
    return CHRF() if kind == "chrf" else BLEU(tokenize=tokenizer, effective_order=by_row)


def _score_rows(
    predictions: Sequence[Any], targets: Sequence[Any], *, kind: str, tokenizer: str
) -> MetricValue:
    scorer = _scorer(kind, tokenizer, by_row=True)

    def of_row(prediction: str, target: str) -> float:
        return float(scorer.sentence_score(prediction, [target]).score)

    return score_texts(of_row, predictions=predictions, targets=targets)


def _score_corpus(
    predictions: Sequence[Any], targets: Sequence[Any], *, kind: str, tokenizer: str
) -> MetricValue:
    pairs = [
        (prediction, target)
        for prediction, target in zip(predictions, targets, strict=True)
        if isinstance(prediction, str) and isinstance(target, str)
    ]
    if not pairs:
        raise InvalidArgumentError(f"corpus_{kind}: no row has both predictions and targets of text")
    answers, references = zip(*pairs, strict=True)
    score = _scorer(kind, tokenizer, by_row=False).corpus_score(list(answers), [list(references)])
    return MetricValue(aggregate_results={f"corpus_{kind}": float(score.score), "rows": float(len(pairs))})


def _made(kind: str, tokenizer: str, *, by_row: bool) -> EvaluationMetric:
    check_choice("tokenizer", tokenizer, TOKENIZERS)
    name = kind if by_row else f"corpus_{kind}"
    return built_in(
        name,
        functools.partial(_score_rows if by_row else _score_corpus, kind=kind, tokenizer=tokenizer),
        greater_is_better=True,
        columns=("predictions", "targets"),
        parameters={} if tokenizer == "13a" else {"tokenizer": tokenizer},
    )


def bleu(tokenizer: str = "13a") -> EvaluationMetric:
    """BLEU of each row (0 to 100): shared runs of one to four words, as many as the answer has.

    Needs ``predictions`` and ``targets``. Sentence BLEU is rough: for one number of many rows, take
    :func:`corpus_bleu`, which is not the mean of this one.

    Args:
        tokenizer: sacrebleu's: ``13a`` (its default), ``intl``, ``zh``, ``char`` (for Japanese), ``none``.

    Raises:
        InvalidArgumentError: there is no such tokenizer.

    Example:
        >>> round(bleu().score({"predictions": ["the cat sat"], "targets": ["the cat sat"]}).scores[0])
        100
    """
    return _made("bleu", tokenizer, by_row=True)


def chrf() -> EvaluationMetric:
    """ChrF2 of each row (0 to 100): shared runs of one to six characters; good for every script.

    Needs ``predictions`` and ``targets``. For one number of many rows there is :func:`corpus_chrf`.

    Example:
        >>> round(chrf().score({"predictions": ["東京です"], "targets": ["東京です"]}).scores[0])
        100
    """
    return _made("chrf", "13a", by_row=True)


def corpus_bleu(tokenizer: str = "13a") -> EvaluationMetric:
    """BLEU of all rows together (0 to 100), as papers report it; rows without text do not count.

    Needs ``predictions`` and ``targets``; arguments as :func:`bleu`'s. It gives no scores a row.

    Raises:
        InvalidArgumentError: there is no such tokenizer; while scoring: no row has text.
    """
    return _made("bleu", tokenizer, by_row=False)


def corpus_chrf() -> EvaluationMetric:
    """ChrF2 of all rows together (0 to 100); as :func:`corpus_bleu`."""
    return _made("chrf", "13a", by_row=False)

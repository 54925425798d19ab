"""Which metrics go with a kind of model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._built_in import check_count
from spanfold.metrics._classifier import CLASSIFIER_METRICS, classifier
from spanfold.metrics._matching import exact_match
from spanfold.metrics._readability import ari_grade_level, flesch_kincaid_grade_level
from spanfold.metrics._regressor import REGRESSOR_METRICS, regressor
from spanfold.metrics._retrieval import ndcg_at_k, precision_at_k, recall_at_k
from spanfold.metrics._rouge import rouge1, rouge2, rougeL, rougeLsum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold.metrics._metric import EvaluationMetric

MODEL_TYPES: Final = (
    "question-answering",
    "text-summarization",
    "text",
    "retriever",
    "classifier",
    "regressor",
)
DEFAULT_K: Final = 3

_log: Final = logging.getLogger("spanfold")


def metrics_of_model_type(model_type: str, config: Mapping[str, Any] | None = None) -> list[EvaluationMetric]:
    """The metrics that MLflow computes for a kind of model.

    ``toxicity`` needs a model on this machine; where none is configured, it is left out with a warning that
    says how to get one. MLflow's ``token_count`` is not among them: it needs a download. Readability of text
    in other languages than English means little.

    Args:
        model_type: ``question-answering``, ``text-summarization``, ``text``, ``retriever``, ``classifier`` or
            ``regressor``.
        config: MLflow's ``evaluator_config``, of which ``retriever_k`` (3 by default), ``label_list``,
            ``pos_label`` and ``average`` are read.

    Raises:
        InvalidArgumentError: there is no such kind, or the configuration cannot be right.

    Example:
        >>> [metric.key for metric in metrics_of_model_type("retriever")]
        ['precision_at_3', 'recall_at_3', 'ndcg_at_3']
    """
    given = config or {}
    match model_type:
        case "question-answering":
            return [exact_match(), *_of_text()]
        case "text-summarization":
            return [rouge1(), rouge2(), rougeL(), rougeLsum(), *_of_text()]
        case "text":
            return _of_text()
        case "retriever":
            k = check_count("retriever_k", given.get("retriever_k", DEFAULT_K))
            return [precision_at_k(k), recall_at_k(k), ndcg_at_k(k)]
        case "classifier":
            choices = {
                "labels": given.get("label_list"),
                "pos_label": given.get("pos_label"),
                "average": given.get("average", "weighted"),
            }
            return [classifier(name, **choices) for name in CLASSIFIER_METRICS]
        case "regressor":
            return [regressor(name) for name in REGRESSOR_METRICS]
    raise InvalidArgumentError(f"model_type={model_type!r}: one of {', '.join(MODEL_TYPES)} is needed")


def _of_text() -> list[EvaluationMetric]:
    from spanfold.metrics._toxicity import toxicity  # noqa: PLC0415 - only where it is asked for

    try:
        harm = [toxicity()]
    except InvalidArgumentError as fault:
        _log.warning("toxicity is left out: %s", fault)
        harm = []
    return [*harm, ari_grade_level(), flesch_kincaid_grade_level()]

"""Metrics: what evaluations score with.

Each built-in is a function of its metric's name, which returns an :class:`EvaluationMetric`. Libraries that
they rest on are imported when the first rows are scored.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from spanfold.metrics._aggregations import standard_aggregations
from spanfold.metrics._classifier import classifier, f1_score, precision_score, recall_score
from spanfold.metrics._embeddings import bertscore, semantic_similarity
from spanfold.metrics._matching import (
    contains,
    edit_similarity,
    exact_match,
    length,
    regex_match,
    token_f1,
)
from spanfold.metrics._metric import (
    Columns,
    EvaluationMetric,
    MetricArgumentError,
    MetricError,
    MetricSpec,
    MetricValue,
    make_metric,
)
from spanfold.metrics._model_types import metrics_of_model_type
from spanfold.metrics._profanity import profanity
from spanfold.metrics._readability import ari_grade_level, flesch_kincaid_grade_level
from spanfold.metrics._recorded import cost, latency, token_count
from spanfold.metrics._regressor import (
    max_error,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    r2_score,
    regressor,
    root_mean_squared_error,
)
from spanfold.metrics._retrieval import ndcg_at_k, precision_at_k, recall_at_k
from spanfold.metrics._rouge import rouge1, rouge2, rougeL, rougeLsum
from spanfold.metrics._structure import json_schema_match, json_valid
from spanfold.metrics._toxicity import toxicity
from spanfold.metrics._translation import bleu, chrf, corpus_bleu, corpus_chrf

if TYPE_CHECKING:
    from types import ModuleType

    from spanfold.metrics import genai as genai

mae, mape, mse, rmse = (
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    root_mean_squared_error,
)
"""MLflow's names of these."""

__all__ = [
    "Columns",
    "EvaluationMetric",
    "MetricArgumentError",
    "MetricError",
    "MetricSpec",
    "MetricValue",
    "ari_grade_level",
    "bertscore",
    "bleu",
    "chrf",
    "classifier",
    "contains",
    "corpus_bleu",
    "corpus_chrf",
    "cost",
    "edit_similarity",
    "exact_match",
    "f1_score",
    "flesch_kincaid_grade_level",
    "json_schema_match",
    "json_valid",
    "latency",
    "length",
    "mae",
    "make_metric",
    "mape",
    "max_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "metrics_of_model_type",
    "mse",
    "ndcg_at_k",
    "precision_at_k",
    "precision_score",
    "profanity",
    "r2_score",
    "recall_at_k",
    "recall_score",
    "regex_match",
    "regressor",
    "rmse",
    "root_mean_squared_error",
    "rouge1",
    "rouge2",
    "rougeL",
    "rougeLsum",
    "semantic_similarity",
    "standard_aggregations",
    "token_count",
    "token_f1",
    "toxicity",
]


def __getattr__(name: str) -> ModuleType:
    """``spanfold.metrics.genai`` is loaded when it is first used, as MLflow's is there without an import."""
    if name == "genai":
        return import_module("spanfold.metrics.genai")
    message = f"module 'spanfold.metrics' has no attribute {name!r}"
    raise AttributeError(message)

"""Judges: metrics that ask a language model."""

from __future__ import annotations

from spanfold.metrics.genai._backend import JudgeError, Limits
from spanfold.metrics.genai._budget import Budget, BudgetExceededError
from spanfold.metrics.genai._examples import EvaluationExample
from spanfold.metrics.genai._make import make_genai_metric, make_genai_metric_from_prompt
from spanfold.metrics.genai._ready import (
    answer_correctness,
    answer_relevance,
    answer_similarity,
    faithfulness,
    guidelines,
    professionalism,
    relevance,
    safety,
)

__all__ = [
    "Budget",
    "BudgetExceededError",
    "EvaluationExample",
    "JudgeError",
    "Limits",
    "answer_correctness",
    "answer_relevance",
    "answer_similarity",
    "faithfulness",
    "guidelines",
    "make_genai_metric",
    "make_genai_metric_from_prompt",
    "professionalism",
    "relevance",
    "safety",
]
